"""The one place where counts, status, version and events are written: from moves that happened, under the lock."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple
from uuid import UUID

from lqs.crash_points import CrashPoint, crash_point
from lqs.domain.generation_request import (
    EndReason,
    Event,
    EventType,
    IllegalMove,
    SlotMove,
    Standing,
    Status,
    advance,
    note,
)
from lqs.domain.slot import SlotStatus
from lqs.domain.slot_errors import SlotErrorCode
from lqs.lifecycle.recall import recall
from lqs.observability.telemetry import Telemetry
from lqs.storage import dead_letters, generation_requests, slots
from lqs.storage import events as event_log
from lqs.storage.database import Connection, Database, DatabaseUnavailable, refuses_value
from lqs.storage.dead_letters import DeadLetter
from lqs.storage.generation_requests import Written
from lqs.storage.slots import Moves, Report


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
    if deltas := _released(standings, usage):
        await slots.release(connection, deltas)
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
        cost = standing.cost_microusd + _spent(standing, moved, usage.get(request_id, ())).cost
        if replace(standing, counts=standing.counts.after(moved), cost_microusd=cost).exhausted:
            found.append(request_id)
    return found


def _released(
    standings: Mapping[UUID, Standing], usage: Mapping[UUID, Sequence[Report]]
) -> dict[tuple[UUID, int], int]:
    """By how much the calls that ended were dearer than reserved, where it differs; one untold costs all of it."""
    return {
        (request_id, report.index): report.usage.cost_microusd - price
        for request_id, reports in usage.items()
        if (price := standings[request_id].call_price_microusd)
        for report in reports
        if report.usage.cost_microusd not in (None, price)
    }


class _Spent(NamedTuple):
    cost: int
    wasted: int
    estimated: int


def _spent(standing: Standing, moved: Sequence[SlotMove], reports: Sequence[Report]) -> _Spent:
    """What the calls that ended with these moves cost; one whose cost nobody told, what was reserved for it."""
    calls = sum(move.before is SlotStatus.PROCESSING for move in moved)
    known = {report.index: report.usage.cost_microusd for report in reports if report.usage.cost_microusd is not None}
    fruitful = {move.index for move in moved if move.after is SlotStatus.GENERATED}
    silent_failures = calls - len(known) - len(fruitful - known.keys())
    estimated = (calls - len(known)) * standing.call_price_microusd
    return _Spent(
        cost=sum(known.values()) + estimated,
        wasted=(
            sum(cost for index, cost in known.items() if index not in fruitful)
            + silent_failures * standing.call_price_microusd
        ),
        estimated=estimated,
    )


def _written(standing: Standing, moved: Sequence[SlotMove], reports: Sequence[Report]) -> Written:
    """The totals that these moves add."""
    spent = _spent(standing, moved, reports)
    if spent.cost:
        standing = replace(standing, cost_microusd=standing.cost_microusd + spent.cost)
    return Written(
        standing=standing,
        progressed=any(move.after.settled for move in moved),
        input_tokens=sum(report.usage.input_tokens for report in reports),
        output_tokens=sum(report.usage.output_tokens for report in reports),
        model_calls=len(reports),
        cost_microusd=spent.cost,
        wasted_microusd=spent.wasted,
        estimated_microusd=spent.estimated,
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


@dataclass(frozen=True, slots=True)
class Booked:
    """What one round of a duty did: how many slots it moved, which generation requests ended by it, which are so broken
    that it had to pass them over, and which workers it took slots from.
    """

    slots: int = 0
    done: Sequence[UUID] = ()
    passed_over: Sequence[UUID] = ()
    robbed: frozenset[UUID] = frozenset()


def booked(moves: Moves, standings: Sequence[Standing]) -> Booked:
    """Sum up what was booked."""
    return Booked(sum(map(len, moves.values())), [s.id for s in standings if s.status.done], robbed=holders_of(moves))


def holders_of(moves: Moves) -> frozenset[UUID]:
    """The workers that these slots were taken from."""
    return frozenset(move.holder for moved in moves.values() for move in moved if move.holder)


Move = Callable[[Connection, Sequence[UUID]], Awaitable[Moves]]
"""Moves the slots of these locked generation requests that its guard lets pass."""


async def move_and_book(
    database: Database,
    ids: Sequence[UUID],
    move: Move,
    *,
    summary: EventType | None = None,
    end_reason: EndReason | None = None,
    midway: CrashPoint | None = None,
) -> Booked:
    """The shape of every duty: lock what nobody else holds, move, book, in one transaction; then recall the holders.

    A generation request whose own row is broken is passed over, so that it holds up no other. `midway` is the place
    between moving and booking.
    """
    if not ids:
        return Booked()
    try:
        async with database.transaction() as connection:
            standings = await generation_requests.lock_free(connection, ids)
            moves = await move(connection, list(standings))
            if moves and midway:
                crash_point(midway)
            done = booked(moves, await book(connection, standings, moves, summary=summary, end_reason=end_reason))
    except Exception as error:
        if not (isinstance(error, IllegalMove) or refuses_value(error)):
            raise
    else:
        await recall(database, done.robbed)
        return done
    if len(ids) == 1:
        return Booked(passed_over=ids)
    middle = len(ids) // 2
    halves = [
        await move_and_book(database, half, move, summary=summary, end_reason=end_reason, midway=midway)
        for half in (ids[:middle], ids[middle:])
    ]
    return Booked(
        sum(half.slots for half in halves),
        [request_id for half in halves for request_id in half.done],
        [request_id for half in halves for request_id in half.passed_over],
    )


async def do_duty(telemetry: Telemetry, name: str, duty: Callable[[], Awaitable[Booked]]) -> int:
    """Do one duty until nothing is left of it, whatever happens; returns how many slots moved."""
    moved = 0
    with trouble_told(telemetry, name):
        while (round_ := await duty()).slots:
            moved += round_.slots
            telemetry.emit(name, slots=round_.slots, done=len(round_.done))
        tell_passed_over(telemetry, name, round_.passed_over)
    return moved


@contextmanager
def trouble_told(telemetry: Telemetry, duty: str) -> Iterator[None]:
    """What stops a duty is told and goes no further: it comes by again soon."""
    try:
        yield
    except DatabaseUnavailable as error:
        telemetry.emit("duty.skipped", duty=duty, reason=str(error))
    except Exception as error:
        telemetry.fault("duty.broke", error, duty=duty)


def tell_passed_over(telemetry: Telemetry, duty: str, request_ids: Sequence[UUID]) -> None:
    """Say which generation requests a duty could not do anything with, if any."""
    if request_ids:
        broken = ", ".join(map(str, request_ids))
        telemetry.emit("duty.passed_over", duty=duty, requests=broken, hint="lqs admin verify says what is wrong")


def _by_request(reports: Sequence[Report]) -> dict[UUID, list[Report]]:
    grouped: dict[UUID, list[Report]] = {}
    for report in reports:
        grouped.setdefault(report.request_id, []).append(report)
    return grouped
