"""Slots in PostgreSQL: one typed function per statement.

Every function that moves slots returns the moves that really happened; the caller holds the locks on their
generation requests and books what it gets, nothing else.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID

from asyncpg import Record

from lqs.domain.generation_request import Priority, SlotMove
from lqs.domain.slot import SlotStatus
from lqs.domain.slot_errors import SlotErrorCode
from lqs.storage.database import Connection
from lqs.storage.queries import queries

SQL = queries("slots")
_STATUSES = MappingProxyType({status.value: status for status in SlotStatus})

WAITING = frozenset({SlotStatus.PENDING, SlotStatus.RETRYING})
"""Not settled, and held by nobody."""
UNSETTLED = WAITING | {SlotStatus.PROCESSING}

Moves = Mapping[UUID, Sequence[SlotMove]]
"""What moved, by generation request."""

SlotName = tuple[UUID, int]
"""A slot by its generation request and its index."""


async def due(connection: Connection, *, batch: int, longest_seconds: float) -> list[UUID]:
    """Generation requests with slots whose wait for a retry is over, or longer than any wait may be."""
    return ids_of(await SQL["due"].fetch(connection, batch=batch, longest_seconds=longest_seconds))


async def promote(connection: Connection, request_ids: Sequence[UUID], *, longest_seconds: float) -> Moves:
    """Make the slots whose wait is over ready again."""
    return moves_from(await SQL["promote"].fetch(connection, request_ids=request_ids, longest_seconds=longest_seconds))


async def abandoned(connection: Connection, *, batch: int) -> list[UUID]:
    """Generation requests with slots held by a worker that is dead or unknown."""
    return ids_of(await SQL["abandoned"].fetch(connection, batch=batch))


async def rescue(connection: Connection, request_ids: Sequence[UUID], *, max_crashes: int) -> Moves:
    """Take slots from dead workers: ready again with the attempt undone, or failed after too many crashes."""
    return moves_from(await SQL["rescue"].fetch(connection, request_ids=request_ids, max_crashes=max_crashes))


async def overdue(connection: Connection, *, batch: int) -> list[UUID]:
    """Generation requests with slots that are held past their own deadline."""
    return ids_of(await SQL["overdue"].fetch(connection, batch=batch))


async def time_out(
    connection: Connection, request_ids: Sequence[UUID], *, base_seconds: float, cap_seconds: float
) -> Moves:
    """End the attempts that are past their deadline: another attempt later, or failed with `slot_timeout`."""
    return moves_from(
        await SQL["time_out"].fetch(
            connection,
            request_ids=request_ids,
            base_seconds=base_seconds,
            cap_seconds=cap_seconds,
        )
    )


async def fail_unfinished(connection: Connection, request_ids: Sequence[UUID], *, error_code: SlotErrorCode) -> Moves:
    """Fail every slot that is not settled."""
    return moves_from(await end_unfinished(connection, request_ids, UNSETTLED, SlotStatus.FAILED, error_code))


async def cancel_waiting(connection: Connection, request_ids: Sequence[UUID]) -> Moves:
    """Cancel every slot that nobody holds and that is not settled."""
    return moves_from(await end_unfinished(connection, request_ids, WAITING, SlotStatus.CANCELLED))


async def cancel_unfinished(connection: Connection, request_ids: Sequence[UUID]) -> Moves:
    """Cancel every slot that is not settled."""
    return moves_from(await end_unfinished(connection, request_ids, UNSETTLED, SlotStatus.CANCELLED))


async def fail_waiting(connection: Connection, request_ids: Sequence[UUID], *, error_code: SlotErrorCode) -> Moves:
    """Fail every slot that nobody holds and that is not settled."""
    return moves_from(await end_unfinished(connection, request_ids, WAITING, SlotStatus.FAILED, error_code))


async def end_unfinished(
    connection: Connection,
    request_ids: Sequence[UUID],
    befores: Collection[SlotStatus],
    status: SlotStatus,
    error_code: SlotErrorCode | None = None,
) -> list[Record]:
    """End the slots that stand in one of these statuses; returns their rows (see `moves_from`), with their holders."""
    return await SQL["end_unfinished"].fetch(
        connection, request_ids=request_ids, befores=list(befores), status=status, error_code=error_code
    )


async def retry(
    connection: Connection, request_id: UUID, befores: Collection[SlotStatus], indexes: Collection[int] | None
) -> Moves:
    """Make settled slots ready for a further run, at the end of their owner's flow; of `indexes`, None means all.

    The caller holds the lock on that flow, too (`generation_requests.lock_flows`).
    """
    rows = await SQL["retry"].fetch(
        connection,
        request_id=request_id,
        befores=list(befores),
        indexes=None if indexes is None else list(indexes),
        priorities=list(Priority),
        strides=[priority.stride for priority in Priority],
    )
    return moves_from(rows)


async def statuses(connection: Connection, request_id: UUID) -> dict[int, SlotStatus]:
    """Where each slot of a generation request stands, by index."""
    return {
        row["index"]: SlotStatus(row["status"])
        for row in await SQL["statuses"].fetch(connection, request_id=request_id)
    }


async def attempts(connection: Connection, request_id: UUID, index: int) -> list[Mapping[str, Any]]:
    """Every reported attempt at a slot, in all runs, the earliest first; rows of `slot_attempts`."""
    return [dict(row) for row in await SQL["attempts"].fetch(connection, request_id=request_id, index=index)]


def moves_from(rows: Sequence[Record]) -> Moves:
    """The moves that moving statements return, by generation request."""
    moves: defaultdict[UUID, list[SlotMove]] = defaultdict(list)
    for row in rows:
        code = row["error_code"]
        moves[row["request_id"]].append(
            SlotMove(
                index=row["index"],
                before=_STATUSES[row["before"]],
                after=_STATUSES[row["status"]],
                error_code=SlotErrorCode(code) if code else None,
                holder=row.get("worker_id"),
            )
        )
    return moves


def ids_of(rows: Sequence[Record]) -> list[UUID]:
    return [row["request_id"] for row in rows]
