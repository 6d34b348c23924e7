"""Expire: a generation request past its deadline ends; what is there stays, what is not fails."""

import asyncio
import random

from lqs.domain.generation_request import EndReason
from lqs.domain.slot_errors import SlotErrorCode
from lqs.lifecycle.booking import Booked, book, booked
from lqs.observability.telemetry import Telemetry
from lqs.storage import generation_requests, slots
from lqs.storage.database import Database, DatabaseUnavailable

_BATCH = 500


async def expire(database: Database, *, batch: int) -> Booked:
    """End up to `batch` generation requests whose deadline has passed, whatever their workers are doing.

    Their unfinished slots fail with `deadline_exceeded`; results that come later are refused by their fence.
    """
    async with database.acquire() as connection:
        past = await generation_requests.past_deadline(connection, batch=batch)
    if not past:
        return Booked()
    async with database.transaction() as connection:
        standings = await generation_requests.lock_free(connection, past)
        moves = await slots.fail_unfinished(connection, list(standings), error_code=SlotErrorCode.DEADLINE_EXCEEDED)
        return booked(moves, await book(connection, standings, moves, end_reason=EndReason.DEADLINE_EXCEEDED))


async def keep_deadlines(database: Database, telemetry: Telemetry, *, every_seconds: float) -> None:
    """End what is past its deadline, about every `every_seconds`, until cancelled: a promise that needs no worker."""
    while True:
        await asyncio.sleep(every_seconds * random.uniform(0.5, 1.5))
        try:
            while (ended := await expire(database, batch=_BATCH)).slots:
                telemetry.emit("requests.expired", slots=ended.slots, done=len(ended.done))
        except DatabaseUnavailable as error:
            telemetry.emit("duty.skipped", duty="requests.expired", reason=str(error))
        except Exception as error:
            telemetry.fault("duty.broke", error, duty="requests.expired")
