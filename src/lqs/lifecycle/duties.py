"""The shape of every duty of housekeeping: lock what nobody else holds, move it, book it, tell what came of it."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from lqs.crash_points import CrashPoint, crash_point
from lqs.domain.generation_request import EndReason, EventType, IllegalMove, Standing
from lqs.lifecycle.booking import book
from lqs.lifecycle.recall import recall
from lqs.observability.telemetry import Telemetry
from lqs.storage import generation_requests
from lqs.storage.database import Connection, Database, DatabaseUnavailable, refuses_value
from lqs.storage.slots import Moves


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
