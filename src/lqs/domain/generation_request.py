"""The generation request: its statuses, its legal moves, and the arithmetic of its outcome."""

from enum import StrEnum
from types import MappingProxyType


class Status(StrEnum):
    """Where a generation request stands."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"

    @property
    def done(self) -> bool:
        """Whether the run is over; the only thing a poller needs to look at."""
        return self in DONE


DONE = frozenset({Status.COMPLETED, Status.PARTIAL, Status.FAILED, Status.CANCELLED})

MOVES = MappingProxyType(
    {
        Status.PENDING: frozenset({Status.PROCESSING, Status.CANCELLING, Status.CANCELLED, Status.FAILED}),
        Status.PROCESSING: frozenset({Status.COMPLETED, Status.PARTIAL, Status.FAILED, Status.CANCELLING}),
        Status.CANCELLING: frozenset({Status.CANCELLED, Status.COMPLETED, Status.PARTIAL, Status.FAILED}),
        Status.COMPLETED: frozenset[Status](),
        Status.PARTIAL: frozenset[Status](),
        Status.FAILED: frozenset[Status](),
        Status.CANCELLED: frozenset[Status](),
    }
)
"""The legal moves within one run. The same table stands in the database, in the trigger that refuses every other."""


class EndReason(StrEnum):
    """Why a run ended: a second axis beside the outcome, null until done."""

    ALL_SETTLED = "all_settled"
    CANCELLED = "cancelled"
    DEADLINE_EXCEEDED = "deadline_exceeded"


def outcome(*, requested: int, generated: int, cancelled: int = 0) -> Status:
    """The final status of a run whose every slot is settled: arithmetic and nothing else."""
    if cancelled:
        return Status.CANCELLED
    if generated == requested:
        return Status.COMPLETED
    return Status.PARTIAL if generated else Status.FAILED
