"""How moves of slots move their generation request, and the events that tell it."""

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from lqs.domain import slot
from lqs.domain.generation_request import (
    MOVES,
    RETRYABLE,
    Counts,
    EndReason,
    Event,
    EventType,
    IllegalMove,
    SlotMove,
    Standing,
    Status,
)
from lqs.domain.slot import SlotStatus
from lqs.domain.slot_errors import SlotErrorCode


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
    end_reason: EndReason | None = None,
) -> tuple[Standing, list[Event]]:
    """Where a generation request stands after these moves of its slots, and the events that tell it, in slot order.

    The moves that end an attempt have an event each; all others share one, of type `summary`. `end_reason` is
    what the run ends with if these moves settle its last slot; by itself it ends with what its slots say. With
    `CANCELLING` as summary this is a cancellation: it needs no moves, and whatever is not settled by it goes on
    under that status. Otherwise nothing changes without moves. Raises `IllegalMove`.
    """
    cancelled = summary is EventType.CANCELLING
    if not moves and not cancelled:
        return standing, []
    counts = standing.counts.after(moves)
    status = _next_status(standing.status, counts, cancelled=cancelled)
    told: list[_Told] = []
    if summary and (cancelled or any(move.after not in _SLOT_EVENTS for move in moves)):
        first_start = summary is EventType.SLOTS_CLAIMED and standing.status is Status.PENDING
        told.append(_Told(EventType.PROCESSING if first_start else summary))
    told += [
        _Told(_SLOT_EVENTS[move.after], move.index, move.error_code)
        for move in sorted(moves, key=_index)
        if move.after in _SLOT_EVENTS
    ]
    if status.done:
        told.append(_Told(final_event(status)))
        end_reason = end_reason or (EndReason.CANCELLED if status is Status.CANCELLED else EndReason.ALL_SETTLED)
    return _tell(replace(standing, status=status, counts=counts, end_reason=end_reason if status.done else None), told)


def begin_run(standing: Standing, moves: Sequence[SlotMove]) -> tuple[Standing, list[Event]]:
    """Where a generation request stands when a further run has made these settled slots ready again.

    Raises `IllegalMove` when it is not done, was completed, or no slot moved.
    """
    if standing.status not in RETRYABLE or not moves:
        raise IllegalMove(f"a generation request that is {standing.status} cannot begin a run of {len(moves)} slots")
    counts = standing.counts.after(moves, slot.RETRY_MOVES)
    begun = replace(standing, status=Status.PROCESSING, counts=counts, run=standing.run + 1, end_reason=None)
    return _tell(begun, [_Told(EventType.RETRIED)])


def note(standing: Standing, happened: Sequence[tuple[EventType, int | None]]) -> tuple[Standing, list[Event]]:
    """Tell what happened beside the moves of slots, as pairs of type and slot index; each raises the version."""
    return _tell(standing, [_Told(kind, index) for kind, index in happened])


class _Told(NamedTuple):
    type: EventType
    slot_index: int | None = None
    error_code: SlotErrorCode | None = None


def _tell(standing: Standing, told: Sequence[_Told]) -> tuple[Standing, list[Event]]:
    events = [
        Event(
            request_id=standing.id,
            seq=seq,
            type=event_type,
            slot_index=slot_index,
            status=standing.status,
            run=standing.run,
            counts=standing.counts,
            error_code=error_code,
        )
        for seq, (event_type, slot_index, error_code) in enumerate(told, start=standing.version + 1)
    ]
    return replace(standing, version=standing.version + len(events)), events


def _index(move: SlotMove) -> int:
    return move.index


def _next_status(status: Status, counts: Counts, *, cancelled: bool) -> Status:
    if counts.settled == counts.requested:
        following = outcome(counts)
    elif cancelled:
        following = Status.CANCELLING
    elif status is Status.PENDING and counts.pending < counts.requested:
        following = Status.PROCESSING
    else:
        following = status
    if following is not status and following not in MOVES[status]:
        raise IllegalMove(f"a generation request may not move from {status} to {following}")
    return following
