"""The one place where counts, status, version and events are written: from moves that happened, under the lock."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from lqs.domain.generation_request import EndReason, Event, EventType, IllegalMove, Standing, advance
from lqs.observability.telemetry import Telemetry
from lqs.storage import events as event_log
from lqs.storage import generation_requests
from lqs.storage.database import Connection, Database, DatabaseUnavailable, refuses_value
from lqs.storage.generation_requests import Written
from lqs.storage.slots import Moves, Report


async def book(
    connection: Connection,
    standings: Mapping[UUID, Standing],
    moves: Moves,
    *,
    summary: EventType | None = None,
    end_reason: EndReason = EndReason.ALL_SETTLED,
    reports: Sequence[Report] = (),
) -> list[Standing]:
    """Advance every generation request whose slots moved; returns their new standings.

    `standings` were read under the locks that this transaction still holds. `reports` are the attempts that ended
    in these moves; their usage is added to the totals.
    """
    written: list[Written] = []
    events: list[Event] = []
    usage = _by_request(reports)
    for request_id, moved in moves.items():
        standing, told = advance(standings[request_id], moved, summary=summary, end_reason=end_reason)
        attempts = usage.get(request_id, ())
        written.append(
            Written(
                standing=standing,
                progressed=any(move.after.settled for move in moved),
                input_tokens=sum(report.usage.input_tokens for report in attempts),
                output_tokens=sum(report.usage.output_tokens for report in attempts),
                model_calls=len(attempts),
            )
        )
        events += told
    if written:
        await generation_requests.write(connection, written)
        await event_log.append(connection, events)
    return [w.standing for w in written]


@dataclass(frozen=True, slots=True)
class Booked:
    """What one round of a duty did: how many slots it moved, which generation requests ended by it, and which are so
    broken that it had to pass them over.
    """

    slots: int = 0
    done: Sequence[UUID] = ()
    passed_over: Sequence[UUID] = ()


def booked(moves: Moves, standings: Sequence[Standing]) -> Booked:
    """Sum up what was booked."""
    return Booked(sum(map(len, moves.values())), [s.id for s in standings if s.status.done])


Move = Callable[[Connection, Sequence[UUID]], Awaitable[Moves]]
"""Moves the slots of these locked generation requests that its guard lets pass."""


async def move_and_book(
    database: Database,
    ids: Sequence[UUID],
    move: Move,
    *,
    summary: EventType | None = None,
    end_reason: EndReason = EndReason.ALL_SETTLED,
) -> Booked:
    """The shape of every duty: lock what nobody else holds, move, book, in one transaction.

    A generation request whose own row is broken is passed over, so that it holds up no other.
    """
    if not ids:
        return Booked()
    try:
        async with database.transaction() as connection:
            standings = await generation_requests.lock_free(connection, ids)
            moves = await move(connection, list(standings))
            return booked(moves, await book(connection, standings, moves, summary=summary, end_reason=end_reason))
    except Exception as error:
        if not (isinstance(error, IllegalMove) or refuses_value(error)):
            raise
    if len(ids) == 1:
        return Booked(passed_over=ids)
    middle = len(ids) // 2
    halves = [
        await move_and_book(database, half, move, summary=summary, end_reason=end_reason)
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
    try:
        while (round_ := await duty()).slots:
            moved += round_.slots
            telemetry.emit(name, slots=round_.slots, done=len(round_.done))
        if round_.passed_over:
            broken = ", ".join(map(str, round_.passed_over))
            telemetry.emit("duty.passed_over", duty=name, requests=broken, hint="lqs admin verify says what is wrong")
    except DatabaseUnavailable as error:
        telemetry.emit("duty.skipped", duty=name, reason=str(error))
    except Exception as error:
        telemetry.fault("duty.broke", error, duty=name)
    return moved


def _by_request(reports: Sequence[Report]) -> dict[UUID, list[Report]]:
    grouped: dict[UUID, list[Report]] = {}
    for report in reports:
        grouped.setdefault(report.request_id, []).append(report)
    return grouped
