"""Which generation requests: the one meaning of a filter, for lists and for bulk operations."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from lqs.domain.generation_request import EndReason, Priority, Status
from lqs.domain.slot_errors import SlotErrorCode


@dataclass(frozen=True, slots=True)
class Filter:
    """Which generation requests: those that satisfy everything named here. What is None or empty is not asked.

    The age of one, in seconds, counts from its end, or from when its run was asked for while it is not done;
    `aged_before` is the same as a point in time. Several statuses, reasons or codes: any of them. `error_code` asks
    for a slot that failed with it; `metadata` for all of these pairs.
    """

    entity_type: str | None = None
    status: Sequence[Status] = ()
    end_reason: Sequence[EndReason] = ()
    error_code: Sequence[SlotErrorCode] = ()
    priority: Sequence[Priority] = ()
    requested_after: datetime | None = None
    requested_before: datetime | None = None
    completed_after: datetime | None = None
    completed_before: datetime | None = None
    older_than_seconds: int | None = None
    aged_before: datetime | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def named(self) -> dict[str, Any]:
        """What is asked, by name; empty when everything would match."""
        return {name: value for name, value in asdict(self).items() if value or value == 0}

    def fixed(self, now: datetime) -> "Filter":
        """The same with its relative time made absolute, so that it asks the same however long the work takes."""
        if self.older_than_seconds is None:
            return self
        aged_before = now - timedelta(seconds=self.older_than_seconds)
        return replace(self, aged_before=min(aged_before, self.aged_before or aged_before))


def filter_from(named: Mapping[str, Any]) -> Filter:
    """The filter whose `named` was stored as JSON."""
    return Filter(**{name: _READERS[name](value) if name in _READERS else value for name, value in named.items()})


_READERS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "status": lambda words: tuple(map(Status, words)),
        "end_reason": lambda words: tuple(map(EndReason, words)),
        "error_code": lambda words: tuple(map(SlotErrorCode, words)),
        "priority": lambda words: tuple(map(Priority, words)),
        **dict.fromkeys(
            ("requested_after", "requested_before", "completed_after", "completed_before", "aged_before"),
            datetime.fromisoformat,
        ),
    }
)
