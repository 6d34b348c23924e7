"""Recall: a worker learns which of its slots were taken from it, and interrupts the calls that nobody waits for."""

from collections.abc import Collection
from contextlib import suppress
from uuid import UUID

from lqs.storage import claims, workers
from lqs.storage.database import Database, DatabaseUnavailable


async def recall(database: Database, holders: Collection[UUID]) -> None:
    """Have these workers look, at their next heartbeat, what they still hold.

    After the commit that took slots from them, because workers must never wait for a generation request to be free.
    Whoever is not reached finishes its call for nothing: that costs money and changes nothing else.
    """
    if holders:
        with suppress(DatabaseUnavailable):
            async with database.acquire() as connection:
                await workers.recall(connection, holders)


async def taken(database: Database, held: Collection[tuple[UUID, int, int]]) -> set[tuple[UUID, int, int]]:
    """Which of these slots, as (generation request, index, fence), were taken from their holder."""
    async with database.acquire() as connection:
        return await claims.taken(connection, held)
