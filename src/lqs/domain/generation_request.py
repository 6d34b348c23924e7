"""The generation request: its statuses, its legal moves, its arithmetic, and how moves of slots move it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
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

    def after(self, moves: Iterable["SlotMove"]) -> "Counts":
        """The counts once these slots have moved. Raises `IllegalMove`."""
        numbers = self.by_status()
        for move in moves:
            if move.after not in slot.MOVES[move.before]:
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
    """One slot that really moved, as the guarded statement returned it."""

    index: int
    before: SlotStatus
    after: SlotStatus
    error_code: SlotErrorCode | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides about a generation request, read under its lock."""

    id: UUID
    owner_id: UUID
    entity_type: str
    status: Status
    run: int
    version: int
    counts: Counts
    end_reason: EndReason | None = None


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


def outcome(counts: Counts) -> Status:
    """The final status of a run whose every slot is settled: arithmetic and nothing else."""
    if counts.cancelled:
        return Status.CANCELLED
    if counts.generated == counts.requested:
        return Status.COMPLETED
    return Status.PARTIAL if counts.generated else Status.FAILED


def final_event(status: Status) -> EventType:
    """The event that tells of a final status."""
    return EventType(f"generation_request.{status}")


_SLOT_EVENTS = MappingProxyType(
    {
        SlotStatus.GENERATED: EventType.SLOT_GENERATED,
        SlotStatus.FAILED: EventType.SLOT_FAILED,
        SlotStatus.RETRYING: EventType.SLOT_RETRYING,
    }
)


def advance(
    standing: Standing,
    moves: Sequence[SlotMove],
    *,
    summary: EventType | None = None,
    end_reason: EndReason = EndReason.ALL_SETTLED,
) -> tuple[Standing, list[Event]]:
    """Where a generation request stands after these moves of its slots, and the events that tell it, in slot order.

    The moves that end an attempt have an event each; all others share one, of type `summary`. `end_reason` is
    what the run ends with if these moves settle its last slot. Without moves nothing changes. Raises `IllegalMove`.
    """
    if not moves:
        return standing, []
    counts = standing.counts.after(moves)
    status = _next_status(standing.status, counts)
    told: list[tuple[EventType, SlotMove | None]] = []
    if summary and any(move.after not in _SLOT_EVENTS for move in moves):
        first_start = summary is EventType.SLOTS_CLAIMED and standing.status is Status.PENDING
        told.append((EventType.PROCESSING if first_start else summary, None))
    told += [(_SLOT_EVENTS[move.after], move) for move in sorted(moves, key=_index) if move.after in _SLOT_EVENTS]
    if status.done:
        told.append((final_event(status), None))
    events = [
        Event(
            request_id=standing.id,
            seq=seq,
            type=event_type,
            slot_index=move.index if move else None,
            status=status,
            run=standing.run,
            counts=counts,
            error_code=move.error_code if move else None,
        )
        for seq, (event_type, move) in enumerate(told, start=standing.version + 1)
    ]
    return replace(
        standing,
        status=status,
        counts=counts,
        version=standing.version + len(events),
        end_reason=end_reason if status.done else None,
    ), events


def _index(move: SlotMove) -> int:
    return move.index


def _next_status(status: Status, counts: Counts) -> Status:
    if counts.settled == counts.requested:
        following = outcome(counts)
    elif status is Status.PENDING and counts.pending < counts.requested:
        following = Status.PROCESSING
    else:
        following = status
    if following is not status and following not in MOVES[status]:
        raise IllegalMove(f"a generation request may not move from {status} to {following}")
    return following
