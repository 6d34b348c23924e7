"""Claim: a worker takes ready slots."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from lqs.crash_points import CrashPoint, crash_point, crash_point_soon
from lqs.domain.generation_request import EndReason, EventType, IllegalMove, SlotMove
from lqs.domain.slot import SlotStatus
from lqs.domain.slot_errors import SlotErrorCode
from lqs.lifecycle.booking import book
from lqs.lifecycle.duties import Booked, move_and_book
from lqs.storage import api_keys, claims, generation_requests, slots
from lqs.storage.claims import Claim, Claimed
from lqs.storage.database import Connection, Database, refuses_value
from lqs.storage.slots import Moves, SlotName


@dataclass(frozen=True, slots=True)
class Won:
    """The slots a claim won. `busy` are those that were ready while others were just busy with what they need.

    `out_of_money` are generation requests whose budgets cannot pay another call: `end_without_money` ends them.
    `broken` is one that nobody can claim, because its stored row contradicts itself.
    """

    slots: Sequence[Claimed]
    busy: Sequence[SlotName] = ()
    out_of_money: Sequence[UUID] = ()
    broken: UUID | None = None

    @property
    def contended(self) -> bool:
        """Whether there is more than was won: it is worth asking again soon."""
        return bool(self.busy) or self.broken is not None


_NOTHING = Claim(busy=(), slots=(), standings={}, new_days=())


async def claim(
    database: Database,
    *,
    worker_id: UUID,
    entity_types: Sequence[str],
    batch: int | Sequence[SlotName],
    grace_seconds: float,
    broken_ids: Collection[UUID] = (),
) -> Won:
    """Take ready slots, and hold each for its own timeout and `grace_seconds` more.

    `batch` says how many, in the fair order, or names those that were announced: what of them is not ready any more,
    somebody else has. Only slots of these entity types: a worker of another version leaves what it does not know to
    those that do. Their calls are reserved in the budgets that have to pay them, in the same commit.

    A generation request whose own row is broken must not hold up the others: it is found by claiming less and less,
    told as `broken`, and passed over by whoever names it in `broken_ids`.
    """
    claimed = _NOTHING
    try:
        async with database.transaction() as connection:
            claimed = await claims.claim(
                connection,
                worker_id=worker_id,
                entity_types=entity_types,
                batch=batch,
                grace_seconds=grace_seconds,
                broken_ids=broken_ids,
            )
            await _book(connection, claimed)
            if claimed.slots:
                crash_point(CrashPoint.CLAIM_BOOKED)
                crash_point_soon(CrashPoint.CLAIM_COMMITTING)
    except Exception as error:
        if not (isinstance(error, IllegalMove) or refuses_value(error)) or not claimed.standings:
            raise
        if len(claimed.standings) == 1:
            broken = next(iter(claimed.standings))
            return Won((), [] if isinstance(batch, int) else [n for n in batch if n[0] != broken], broken=broken)
        less, later = _halves(batch)
        won = await claim(
            database,
            worker_id=worker_id,
            entity_types=entity_types,
            batch=less,
            grace_seconds=grace_seconds,
            broken_ids=broken_ids,
        )
        return replace(won, busy=[*won.busy, *later])
    if claimed.slots:
        crash_point(CrashPoint.CLAIM_COMMITTED)
    if claimed.new_days:
        async with database.acquire() as connection:
            await api_keys.open_days(connection, claimed.new_days)
    out_of_money = [id_ for id_, standing in claimed.standings.items() if standing.exhausted]
    return Won(claimed.slots, claimed.busy, out_of_money)


def _halves(batch: int | Sequence[SlotName]) -> tuple[int | Sequence[SlotName], Sequence[SlotName]]:
    """Half of it to try, and those named that are left for later."""
    if isinstance(batch, int):
        return max(1, batch // 2), ()
    middle = max(1, len(batch) // 2)
    return batch[:middle], batch[middle:]


async def end_without_money(database: Database, request_ids: Sequence[UUID]) -> Booked:
    """End those of these generation requests that still have slots waiting and no money for them.

    Not in the claim that found them: to fail their slots is to wait for whoever holds one, and another claim does, with
    slots locked that this one may have to wait for in turn. Here nothing is held that an open claim could wait for.
    """
    return await move_and_book(database, request_ids, _fail_unpaid, end_reason=EndReason.BUDGET_EXHAUSTED)


async def _fail_unpaid(connection: Connection, ids: Sequence[UUID]) -> Moves:
    unpaid = await generation_requests.out_of_money(connection, ids)
    return await slots.fail_waiting(connection, unpaid, error_code=SlotErrorCode.BUDGET_EXHAUSTED)


async def _book(connection: Connection, claimed: Claim) -> None:
    moves: dict[UUID, list[SlotMove]] = {}
    for slot in claimed.slots:
        moves.setdefault(slot.request_id, []).append(SlotMove(slot.index, SlotStatus.PENDING, SlotStatus.PROCESSING))
    await book(connection, claimed.standings, moves, summary=EventType.SLOTS_CLAIMED)
