"""Expire: a generation request past one of its deadlines ends; what is there stays, what is not fails."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from uuid import UUID

from lqs.crash_points import CrashPoint
from lqs.domain.generation_request import EndReason
from lqs.domain.slot_errors import SlotErrorCode
from lqs.lifecycle.cancel import sweep
from lqs.lifecycle.duties import Booked, do_duty, move_and_book
from lqs.observability.telemetry import Telemetry
from lqs.storage import generation_requests, slots
from lqs.storage.database import Connection, Database
from lqs.storage.slots import Moves

_BATCH = 500
_ROUNDS_AHEAD = 2
"""A round comes after half to one and a half of the usual time, and needs some time itself."""


async def expire(database: Database, *, batch: int) -> Booked:
    """End up to `batch` generation requests whose deadline has passed, whatever their workers are doing.

    Their unfinished slots fail with `deadline_exceeded`; results that come later are refused by their fence.
    """
    async with database.acquire() as connection:
        past = await generation_requests.past_deadline(connection, batch=batch)
    return await move_and_book(
        database, past, _fail_late, end_reason=EndReason.DEADLINE_EXCEEDED, midway=CrashPoint.EXPIRE_MOVED
    )


async def give_up(database: Database, *, batch: int) -> Booked:
    """End up to `batch` generation requests that no worker started in the time their callers allow, at no cost."""
    async with database.acquire() as connection:
        past = await generation_requests.past_start_deadline(connection, batch=batch)
    return await move_and_book(
        database,
        past,
        _fail_unstarted,
        end_reason=EndReason.START_DEADLINE_EXCEEDED,
        midway=CrashPoint.GIVE_UP_MOVED,
    )


def deadline_duties(
    database: Database, *, batch: int, every_seconds: float
) -> dict[str, Callable[[], Awaitable[Booked]]]:
    """Everything that has to end at a certain time, by the name of what it tells; done about every `every_seconds`."""
    return {
        "requests.given_up": partial(give_up, database, batch=batch),
        "requests.expired": partial(expire, database, batch=batch),
        "cancellations.swept": partial(sweep, database, batch=batch, ahead_seconds=_ROUNDS_AHEAD * every_seconds),
    }


async def keep_deadlines(database: Database, telemetry: Telemetry, *, every_seconds: float) -> None:
    """End what is past its time, about every `every_seconds`, until cancelled: a promise that needs no worker."""
    while True:
        await asyncio.sleep(every_seconds * random.uniform(0.5, 1.5))
        for name, duty in deadline_duties(database, batch=_BATCH, every_seconds=every_seconds).items():
            await do_duty(telemetry, name, duty)


async def _fail_late(connection: Connection, ids: Sequence[UUID]) -> Moves:
    late = await generation_requests.past_deadline(connection, batch=len(ids), among=ids)
    return await slots.fail_unfinished(connection, late, error_code=SlotErrorCode.DEADLINE_EXCEEDED)


async def _fail_unstarted(connection: Connection, ids: Sequence[UUID]) -> Moves:
    late = await generation_requests.past_start_deadline(connection, batch=len(ids), among=ids)
    return await slots.fail_unfinished(connection, late, error_code=SlotErrorCode.DEADLINE_EXCEEDED)
