"""Promote: slots whose wait for a retry is over become ready again."""

from functools import partial

from lqs.crash_points import CrashPoint
from lqs.domain.generation_request import EventType
from lqs.domain.retry_policy import RetryPolicy
from lqs.lifecycle.duties import Booked, move_and_book
from lqs.storage import slots
from lqs.storage.database import Database


async def promote(database: Database, *, policy: RetryPolicy, batch: int) -> Booked:
    """Make ready what is due, at most `batch` slots' generation requests at a time.

    What waits longer than the policy lets anything wait was put off before the clock was set back, and is due, too.
    """
    longest_seconds = policy.longest_seconds
    async with database.acquire() as connection:
        due = await slots.due(connection, batch=batch, longest_seconds=longest_seconds)
    move = partial(slots.promote, longest_seconds=longest_seconds)
    return await move_and_book(database, due, move, summary=EventType.SLOTS_PROMOTED, midway=CrashPoint.PROMOTE_MOVED)
