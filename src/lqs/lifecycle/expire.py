"""Expire: a generation request past its deadline ends; what is there stays, what is not fails."""

from lqs.domain.generation_request import EndReason
from lqs.domain.slot_errors import SlotErrorCode
from lqs.lifecycle.booking import Booked, book, booked
from lqs.storage import generation_requests, slots
from lqs.storage.database import Database


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
