"""How many calls an owner may make in a minute: buckets that fill up evenly. The clock is given, nothing is stored."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from enum import StrEnum

WINDOW_SECONDS = 60
_MOST_BUCKETS = 10_000


class Rate(StrEnum):
    """What is counted apart: calls that make work, and all others."""

    CREATE = "create"
    READ = "read"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a rate after a call: of `quota` calls a minute still `remaining`, whole again in
    `reset_seconds`. `granted` is whether the call itself was among them.
    """

    rate: Rate
    quota: int
    remaining: int
    reset_seconds: int
    granted: bool


class Rates:
    """The buckets of this process, one for each owner and rate. A rate without a quota is not limited."""

    def __init__(self, quotas: Mapping[Rate, int | None], clock: Callable[[], float]) -> None:
        self._quotas = quotas
        self._clock = clock
        self._buckets: dict[tuple[Hashable, Rate], tuple[float, float]] = {}

    @property
    def held(self) -> int:
        """How many buckets are not full, and so have to be remembered."""
        return len(self._buckets)

    def take(self, owner: Hashable, rate: Rate, calls: int = 1) -> Allowance | None:
        """Count a call (0: only look); None if the rate is not limited."""
        quota = self._quotas.get(rate)
        if quota is None:
            return None
        level = self._level(owner, rate, quota)
        granted = level >= calls
        if granted:
            level -= calls
        self._put((owner, rate), level, quota)
        return Allowance(rate, quota, int(level), _seconds_until(quota, level, quota), granted)

    def give_back(self, owner: Hashable, rate: Rate) -> None:
        """Take back that a call was counted."""
        quota = self._quotas.get(rate)
        if quota is not None:
            self._put((owner, rate), min(quota, self._level(owner, rate, quota) + 1), quota)

    def next_in_seconds(self, owner: Hashable, rate: Rate) -> int:
        """After how many whole seconds a call is granted again; 0 if one would be now."""
        quota = self._quotas.get(rate)
        return 0 if quota is None else _seconds_until(1, self._level(owner, rate, quota), quota)

    def _level(self, owner: Hashable, rate: Rate, quota: int) -> float:
        level, then = self._buckets.get((owner, rate), (float(quota), 0.0))
        return min(quota, level + (self._clock() - then) * quota / WINDOW_SECONDS)

    def _put(self, bucket: tuple[Hashable, Rate], level: float, quota: int) -> None:
        if level >= quota:
            self._buckets.pop(bucket, None)
            return
        if len(self._buckets) >= _MOST_BUCKETS and bucket not in self._buckets:
            # The one that was used longest ago is the fullest of its kind, or nearly so.
            self._buckets.pop(next(iter(self._buckets)))
        self._buckets.pop(bucket, None)
        self._buckets[bucket] = (level, self._clock())


def _seconds_until(wanted: float, level: float, quota: int) -> int:
    missing = max(0.0, wanted - level) * WINDOW_SECONDS / quota
    return int(missing) + (missing > int(missing))
