"""The generation request: its statuses, its legal moves, its arithmetic; how slots move it is in `advance`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from lqs.domain import slot
from lqs.domain.slot import SlotStatus
from lqs.domain.slot_errors import SlotErrorCode


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
        Status.PROCESSING: frozenset(
            {
                Status.COMPLETED,
                Status.PARTIAL,
                Status.FAILED,
                Status.CANCELLING,
                Status.CANCELLED,  # by a cancellation that found nothing in flight
            }
        ),
        Status.CANCELLING: frozenset({Status.CANCELLED, Status.COMPLETED, Status.PARTIAL, Status.FAILED}),
        Status.COMPLETED: frozenset[Status](),
        Status.PARTIAL: frozenset[Status](),
        Status.FAILED: frozenset[Status](),
        Status.CANCELLED: frozenset[Status](),
    }
)
"""The legal moves within one run. The same table stands in the database, in the trigger that refuses every other."""

RETRYABLE = frozenset({Status.PARTIAL, Status.FAILED, Status.CANCELLED})
"""What an explicit retry may begin again, as a further run."""


class EndReason(StrEnum):
    """Why a run ended: a second axis beside the outcome, null until done."""

    ALL_SETTLED = "all_settled"
    CANCELLED = "cancelled"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    START_DEADLINE_EXCEEDED = "start_deadline_exceeded"
    BUDGET_EXHAUSTED = "budget_exhausted"
    OPERATOR_ABORT = "operator_abort"


class Priority(StrEnum):
    """How much of the workers' time an owner's generation requests get beside others: a weight, never a wall."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def stride(self) -> int:
        """Distance between two slots of one flow in the fair order: 4 divided by the weight (4, 2 or 1)."""
        return _STRIDES[self]


_STRIDES = MappingProxyType({Priority.HIGH: 1, Priority.NORMAL: 2, Priority.LOW: 4})


class CancelMode(StrEnum):
    """What becomes of the slots in flight: they finish and are kept, or they are cancelled at once."""

    GRACEFUL = "graceful"
    ABORT = "abort"


class EventType(StrEnum):
    """What the event log tells; the final statuses have an event of their own name (`final_event`)."""

    ACCEPTED = "generation_request.accepted"
    PROCESSING = "generation_request.processing"
    SLOTS_CLAIMED = "generation_request.slots_claimed"
    SLOTS_PROMOTED = "generation_request.slots_promoted"
    SLOTS_RESCUED = "generation_request.slots_rescued"
    SLOTS_HANDED_BACK = "generation_request.slots_handed_back"
    SLOT_GENERATED = "generation_request.slot.generated"
    SLOT_FAILED = "generation_request.slot.failed"
    SLOT_RETRYING = "generation_request.slot.retrying"
    SLOT_LATE_RESULT = "generation_request.slot.late_result"
    CANCELLING = "generation_request.cancelling"
    SLOTS_CANCELLED = "generation_request.slots_cancelled"
    RETRIED = "generation_request.retried"
    CHANGED = "generation_request.changed"
    COMPLETED = "generation_request.completed"
    PARTIAL = "generation_request.partial"
    FAILED = "generation_request.failed"
    CANCELLED = "generation_request.cancelled"


class IllegalMove(Exception):
    """The domain was asked for a move that is not in its table: a fault of ours, never of a caller."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many slots stand where. The six always add up to the requested count."""

    pending: int = 0
    processing: int = 0
    retrying: int = 0
    generated: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def requested(self) -> int:
        """All slots."""
        return self.settled + self.pending + self.processing + self.retrying

    @property
    def settled(self) -> int:
        """Slots that reached their end."""
        return self.generated + self.failed + self.cancelled

    def after(
        self, moves: Iterable["SlotMove"], legal: Mapping[SlotStatus, frozenset[SlotStatus]] = slot.MOVES
    ) -> "Counts":
        """The counts once these slots have moved. Raises `IllegalMove`."""
        numbers = self.by_status()
        for move in moves:
            if move.after not in legal.get(move.before, frozenset()):
                raise IllegalMove(f"slot {move.index} may not move from {move.before} to {move.after}")
            numbers[move.before] -= 1
            numbers[move.after] += 1
        if min(numbers.values()) < 0:
            raise IllegalMove(f"more slots moved than there are: {numbers}")
        return Counts(**numbers)

    def by_status(self) -> dict[str, int]:
        """The six numbers, keyed by the slot status they count."""
        return {
            "pending": self.pending,
            "processing": self.processing,
            "retrying": self.retrying,
            "generated": self.generated,
            "failed": self.failed,
            "cancelled": self.cancelled,
        }


@dataclass(frozen=True, slots=True)
class SlotMove:
    """One slot that really moved, as the guarded statement returned it; `holder` is the worker it was taken from."""

    index: int
    before: SlotStatus
    after: SlotStatus
    error_code: SlotErrorCode | None = None
    holder: UUID | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides about a generation request, read under its lock.

    `call_price_microusd` is what one call reserves, `cost_microusd` what all that ended have cost, and
    `max_cost_microusd` what all together may cost, None for any sum. `payer_is_broke`: the daily budget of the key that
    asked for the run was seen to have no room for another call.
    """

    id: UUID
    status: Status
    run: int
    version: int
    counts: Counts
    call_price_microusd: int = 0
    cost_microusd: int = 0
    max_cost_microusd: int | None = None
    payer_is_broke: bool = False
    end_reason: EndReason | None = None

    @property
    def exhausted(self) -> bool:
        """Whether slots wait that no budget has room for, and no call is in flight that could turn out cheaper."""
        if self.counts.processing or self.counts.settled == self.counts.requested:
            return False
        most = self.max_cost_microusd
        return self.payer_is_broke or (most is not None and self.cost_microusd + self.call_price_microusd > most)


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the event log. `seq` is gapless per generation request; the counts are those after the commit."""

    request_id: UUID
    seq: int
    type: EventType
    slot_index: int | None
    status: Status
    run: int
    counts: Counts
    error_code: SlotErrorCode | None = None
