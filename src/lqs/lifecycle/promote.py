"""Promote: slots whose wait for a retry is over become ready again."""

from lqs.crash_points import CrashPoint
from lqs.domain.generation_request import EventType
from lqs.lifecycle.booking import Booked, move_and_book
from lqs.storage import slots
from lqs.storage.database import Database


async def promote(database: Database, *, batch: int) -> Booked:
    """Make ready what is due, at most `batch` slots' generation requests at a time."""
    async with database.acquire() as connection:
        due = await slots.due(connection, batch=batch)
    return await move_and_book(
        database, due, slots.promote, summary=EventType.SLOTS_PROMOTED, midway=CrashPoint.PROMOTE_MOVED
    )
