"""The one place where counts, status, version and events are written: from moves that happened, under the lock."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from lqs.domain.advance import advance, note
from lqs.domain.generation_request import EndReason, Event, EventType, SlotMove, Standing, Status
from lqs.domain.slot import SlotStatus
from lqs.domain.slot_errors import SlotErrorCode
from lqs.lifecycle.costs import released, spent
from lqs.storage import claims, dead_letters, generation_requests, slots
from lqs.storage import events as event_log
from lqs.storage.claims import Report
from lqs.storage.database import Connection
from lqs.storage.dead_letters import DeadLetter
from lqs.storage.generation_requests import Written
from lqs.storage.slots import Moves


async def book(
    connection: Connection,
    standings: Mapping[UUID, Standing],
    moves: Moves,
    *,
    summary: EventType | None = None,
    end_reason: EndReason | None = None,
    reports: Sequence[Report] = (),
) -> list[Standing]:
    """Advance every generation request whose slots moved; returns their new standings.

    `standings` were read under the locks that this transaction still holds. `reports` are the attempts that ended
    in these moves; their usage is added to the totals. Of a generation request that is being cancelled, nothing waits
    for another attempt: what these moves made ready again is cancelled with them. Nor does anything wait of one whose
    money is spent after them (none at all is enough of moves): the rest fails with `budget_exhausted`. `CANCELLING` as
    summary cancels every one of `standings`, moved or not.
    """
    cancelled = summary is EventType.CANCELLING
    stopped = [id_ for id_ in moves if standings[id_].status is Status.CANCELLING and not cancelled]
    if stopped:
        moves = _merged(moves, await slots.cancel_waiting(connection, stopped))
    usage = _by_request(reports)
    broke = _out_of_money(standings, moves, usage)
    if broke:
        failed = await slots.fail_waiting(connection, broke, error_code=SlotErrorCode.BUDGET_EXHAUSTED)
        moves = _merged(moves, failed)
    written: list[Written] = []
    events: list[Event] = []
    for request_id in standings if cancelled else moves:
        moved = moves.get(request_id, ())
        standing, told = advance(
            standings[request_id],
            moved,
            summary=EventType.SLOTS_CANCELLED if request_id in stopped else summary,
            end_reason=EndReason.BUDGET_EXHAUSTED if request_id in broke else end_reason,
        )
        written.append(_written(standing, moved, usage.get(request_id, ())))
        events += told
    await write(connection, written, events)
    await _write_dead_letters(connection, standings, moves)
    if deltas := released(standings, usage):
        await claims.release(connection, deltas)
    return [w.standing for w in written]


async def _write_dead_letters(connection: Connection, standings: Mapping[UUID, Standing], moves: Moves) -> None:
    """Every slot that fails for good is kept for somebody to look at, in the commit that fails it."""
    failed = [
        DeadLetter(request_id, move.index, standings[request_id].run, move.error_code)
        for request_id, moved in moves.items()
        for move in moved
        if move.after is SlotStatus.FAILED and move.error_code
    ]
    if failed:
        await dead_letters.write(connection, failed)


async def book_late(connection: Connection, standings: Mapping[UUID, Standing], reports: Sequence[Report]) -> None:
    """Tell of results that came too late, each recorded now for the first time.

    Their calls were booked at their reservation when their slots were taken away; now their real cost is known.
    """
    written: list[Written] = []
    events: list[Event] = []
    for request_id, late in _by_request(reports).items():
        standing, told = note(standings[request_id], [(EventType.SLOT_LATE_RESULT, report.index) for report in late])
        known = [report.usage.cost_microusd for report in late if report.usage.cost_microusd is not None]
        guessed = len(known) * standing.call_price_microusd
        written.append(
            Written(
                standing=standing,
                progressed=False,
                cost_microusd=sum(known) - guessed,
                wasted_microusd=sum(known) - guessed,
                estimated_microusd=-guessed,
            )
        )
        events += told
    await write(connection, written, events)


async def write(connection: Connection, written: Sequence[Written], events: Sequence[Event]) -> None:
    """Write what the domain decided, rows and events together."""
    if written:
        await generation_requests.write(connection, written)
        await event_log.append(connection, events)


def _out_of_money(
    standings: Mapping[UUID, Standing], moves: Moves, usage: Mapping[UUID, Sequence[Report]]
) -> list[UUID]:
    """Those that are left by these moves with slots that wait, and without money for them."""
    found: list[UUID] = []
    for request_id, moved in moves.items():
        standing = standings[request_id]
        if standing.max_cost_microusd is None and not standing.payer_is_broke:
            continue
        cost = standing.cost_microusd + spent(standing, moved, usage.get(request_id, ())).cost
        if replace(standing, counts=standing.counts.after(moved), cost_microusd=cost).exhausted:
            found.append(request_id)
    return found


def _written(standing: Standing, moved: Sequence[SlotMove], reports: Sequence[Report]) -> Written:
    """The totals that these moves add."""
    costs = spent(standing, moved, reports)
    if costs.cost:
        standing = replace(standing, cost_microusd=standing.cost_microusd + costs.cost)
    return Written(
        standing=standing,
        progressed=any(move.after.settled for move in moved),
        input_tokens=sum(report.usage.input_tokens for report in reports),
        output_tokens=sum(report.usage.output_tokens for report in reports),
        model_calls=len(reports),
        cost_microusd=costs.cost,
        wasted_microusd=costs.wasted,
        estimated_microusd=costs.estimated,
    )


def _merged(moves: Moves, further: Moves) -> Moves:
    """Both moves of a slot as one: from where it stood before the first to where it stands after the second."""
    merged: dict[UUID, Sequence[SlotMove]] = {}
    for request_id, first in moves.items():
        second = {move.index: move for move in further.get(request_id, ())}
        both = [_then(move, second.pop(move.index)) if move.index in second else move for move in first]
        merged[request_id] = [*both, *second.values()]
    return merged


def _then(first: SlotMove, second: SlotMove) -> SlotMove:
    return replace(first, after=second.after, error_code=second.error_code)


def _by_request(reports: Sequence[Report]) -> dict[UUID, list[Report]]:
    grouped: dict[UUID, list[Report]] = {}
    for report in reports:
        grouped.setdefault(report.request_id, []).append(report)
    return grouped
