"""What can honestly be said of the rest of a run: how far it is, what it waits for, when it may end, if it is well.

An estimate rests on what was measured; without a measurement there is none. Nothing here is stored.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lqs.domain.generation_request import Counts, Status

_ENOUGH_ATTEMPTS = 3
"""Of fewer, nobody can say how long one takes."""
_ENOUGH_FOR_NEARLY_ALL = 50
"""Of fewer, the time of nearly all is that of the slowest of a few."""
_LATE = 2
"""So many times the time of nearly all attempts without a sign of life is a stall."""


class Phase(StrEnum):
    """What a run is doing."""

    QUEUED = "queued"
    GENERATING = "generating"
    WAITING_TO_RETRY = "waiting_to_retry"
    CANCELLING = "cancelling"
    DONE = "done"


class Health(StrEnum):
    """Whether it goes as it should: `slow` may miss its deadline or is tried again, of `stalled` nothing is heard."""

    ON_TRACK = "on_track"
    SLOW = "slow"
    STALLED = "stalled"


@dataclass(frozen=True, slots=True)
class Basis:
    """The latest attempts that made an entity of the type: how many, and the time in which half and nearly all did."""

    sample_size: int
    slot_p50_ms: int
    slot_p99_ms: int

    @property
    def enough(self) -> bool:
        """Whether an estimate can rest on it."""
        return self.sample_size >= _ENOUGH_ATTEMPTS


NOTHING_KNOWN = Basis(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around a run as of now.

    `ahead` are the ready slots of all that are claimed before its first one, `through` those up to its last one; None
    if none of its own is ready, or more are ahead than anybody counts. `places` are those of all living workers, of
    which `taken` have a call in flight. `retried_by` is when the last of its slots that wait to be tried again is
    ready, `claimed_at` when the last of those in flight was claimed.
    """

    now: datetime
    places: int
    taken: int = 0
    ahead: int | None = None
    through: int | None = None
    retried_by: datetime | None = None
    claimed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """As much of a run as its future depends on; `since` is when it was begun or last settled a slot, `ends_by` when
    it ends whatever happens.
    """

    status: Status
    counts: Counts
    ends_by: datetime
    slot_timeout_seconds: float
    since: datetime


@dataclass(frozen=True, slots=True)
class Forecast:
    """`percent` is of settled slots, 100 only at the end. `queue_position` is where its next slot stands among all that
    are ready, roughly (1, 2, 5, 10, 20 ...); `eta_seconds` is from now, in two digits. None is unknown.
    """

    percent: int
    phase: Phase
    queue_position: int | None
    eta_seconds: int | None
    health: Health


def forecast(run: Run, around: Surroundings, basis: Basis) -> Forecast:
    """What can be said of a run."""
    eta = None if run.status.done else _eta_seconds(run, around, basis)
    return Forecast(
        percent=_percent(run),
        phase=_phase(run),
        queue_position=None if around.ahead is None else roughly(around.ahead + 1),
        eta_seconds=None if eta is None else _in_two_digits(eta),
        health=_health(run, around, basis, eta),
    )


def _percent(run: Run) -> int:
    if run.status.done:
        return 100
    return 100 * run.counts.settled // run.counts.requested


def _phase(run: Run) -> Phase:
    if run.status.done:
        return Phase.DONE
    if run.status is Status.CANCELLING:
        return Phase.CANCELLING
    if run.counts.processing:
        return Phase.GENERATING
    return Phase.QUEUED if run.counts.pending else Phase.WAITING_TO_RETRY


def _eta_seconds(run: Run, around: Surroundings, basis: Basis) -> float | None:
    """The queue moves by all places at once, behind what is in flight; a slot takes the time of an attempt.

    What has been in flight for longer than that can end at any moment: nobody knows.
    """
    if not basis.enough or not around.places or (run.counts.pending and around.through is None):
        return None
    attempt = basis.slot_p50_ms / 1000
    parts = [0.0]
    if around.through is not None:
        parts.append(math.ceil((around.through + around.taken) / around.places) * attempt)
    if around.retried_by is not None:
        parts.append(max(0.0, (around.retried_by - around.now).total_seconds()) + attempt)
    if run.counts.processing and around.claimed_at is not None:
        left = attempt - (around.now - around.claimed_at).total_seconds()
        if left <= 0 and max(parts) == 0:
            return None
        parts.append(left)
    return min(max(parts), max(0.0, (run.ends_by - around.now).total_seconds()))


def _health(run: Run, around: Surroundings, basis: Basis, eta: float | None) -> Health:
    if run.status.done:
        return Health.ON_TRACK
    silent = (around.now - max(run.since, around.claimed_at or run.since)).total_seconds()
    known = basis.sample_size >= _ENOUGH_FOR_NEARLY_ALL
    longest = max(_LATE * basis.slot_p99_ms / 1000, 1) if known else run.slot_timeout_seconds
    if not around.places or (run.counts.processing and silent > longest):
        return Health.STALLED
    left = (run.ends_by - around.now).total_seconds()
    if run.counts.retrying or (eta is not None and eta >= left):
        return Health.SLOW
    return Health.ON_TRACK


def roughly(number: int) -> int:
    """Up to 1, 2, 5, 10, 20, 50 and so on: an exact one would tell how much others have queued."""
    step: int = 10 ** (len(str(number)) - 1)
    return next(step * digit for digit in (1, 2, 5, 10) if number <= step * digit)


def _in_two_digits(number: float) -> int:
    whole = math.ceil(number)
    step: int = 10 ** max(0, len(str(whole)) - 2)
    return math.ceil(whole / step) * step
