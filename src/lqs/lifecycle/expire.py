"""Expire: a generation request past its deadline ends; what is there stays, what is not fails."""

import asyncio
import random
from functools import partial

from lqs.crash_points import CrashPoint
from lqs.domain.generation_request import EndReason
from lqs.domain.slot_errors import SlotErrorCode
from lqs.lifecycle.booking import Booked, do_duty, move_and_book
from lqs.observability.telemetry import Telemetry
from lqs.storage import generation_requests, slots
from lqs.storage.database import Database

_BATCH = 500


async def expire(database: Database, *, batch: int) -> Booked:
    """End up to `batch` generation requests whose deadline has passed, whatever their workers are doing.

    Their unfinished slots fail with `deadline_exceeded`; results that come later are refused by their fence.
    """
    async with database.acquire() as connection:
        past = await generation_requests.past_deadline(connection, batch=batch)
    move = partial(slots.fail_unfinished, error_code=SlotErrorCode.DEADLINE_EXCEEDED)
    return await move_and_book(
        database, past, move, end_reason=EndReason.DEADLINE_EXCEEDED, midway=CrashPoint.EXPIRE_MOVED
    )


async def keep_deadlines(database: Database, telemetry: Telemetry, *, every_seconds: float) -> None:
    """End what is past its deadline, about every `every_seconds`, until cancelled: a promise that needs no worker."""
    while True:
        await asyncio.sleep(every_seconds * random.uniform(0.5, 1.5))
        await do_duty(telemetry, "requests.expired", partial(expire, database, batch=_BATCH))
