"""Promote: slots whose wait for a retry is over become ready again."""

from lqs.domain.generation_request import EventType
from lqs.lifecycle.booking import Booked, book, booked
from lqs.storage import generation_requests, slots
from lqs.storage.database import Database


async def promote(database: Database, *, batch: int) -> Booked:
    """Make ready what is due, at most `batch` slots' generation requests at a time."""
    async with database.acquire() as connection:
        due = await slots.due(connection, batch=batch)
    if not due:
        return Booked()
    async with database.transaction() as connection:
        standings = await generation_requests.lock_free(connection, due)
        moves = await slots.promote(connection, list(standings))
        return booked(moves, await book(connection, standings, moves, summary=EventType.SLOTS_PROMOTED))
