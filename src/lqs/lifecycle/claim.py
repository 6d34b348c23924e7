"""Claim: a worker takes ready slots."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from lqs.crash_points import CrashPoint, crash_point, crash_point_soon
from lqs.domain.generation_request import EventType, SlotMove
from lqs.domain.slot import SlotStatus
from lqs.lifecycle.booking import book
from lqs.storage import api_keys, slots
from lqs.storage.database import Database
from lqs.storage.slots import Claimed


@dataclass(frozen=True, slots=True)
class Won:
    """The slots a claim won. `contended` is true when there was work but others were just busy with it.

    `out_of_money` are generation requests that it ended instead, because their budgets cannot pay another call.
    """

    slots: Sequence[Claimed]
    contended: bool
    out_of_money: Sequence[UUID] = ()


async def claim(
    database: Database, *, worker_id: UUID, entity_types: Sequence[str], batch: int, grace_seconds: float
) -> Won:
    """Take up to `batch` ready slots in the fair order and hold each for its own timeout and `grace_seconds` more.

    Only slots of these entity types: a worker of another version leaves what it does not know to those that do.
    Their calls are reserved in the budgets that have to pay them, in the same commit.
    """
    async with database.transaction() as connection:
        claimed = await slots.claim(
            connection, worker_id=worker_id, entity_types=entity_types, batch=batch, grace_seconds=grace_seconds
        )
        moves: dict[UUID, list[SlotMove]] = {}
        for slot in claimed.slots:
            moves.setdefault(slot.request_id, []).append(
                SlotMove(slot.index, SlotStatus.PENDING, SlotStatus.PROCESSING)
            )
        out_of_money = [id_ for id_, standing in claimed.standings.items() if standing.exhausted]
        moves.update((id_, []) for id_ in out_of_money)
        await book(connection, claimed.standings, moves, summary=EventType.SLOTS_CLAIMED)
        if claimed.slots:
            crash_point(CrashPoint.CLAIM_BOOKED)
            crash_point_soon(CrashPoint.CLAIM_COMMITTING)
    if claimed.slots:
        crash_point(CrashPoint.CLAIM_COMMITTED)
    if claimed.new_days:
        async with database.acquire() as connection:
            await api_keys.open_days(connection, claimed.new_days)
    return Won(claimed.slots, claimed.busy > 0, out_of_money)
