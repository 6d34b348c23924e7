"""One of many processes leads: whoever holds an advisory lock of the database, for as long as its session lives."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from lqs.storage.database import Connection, Database, available
from lqs.storage.doorbell import listening

RELAY = 0x6C71735F72656C61
"""The lock of who announces ready slots; any fixed number of our own."""


@dataclass(frozen=True, slots=True)
class Candidacy:
    """A session that may hold the lock. `lost` is set when the session, and with it the lock, is gone."""

    lost: asyncio.Event
    _connection: Connection
    _lock: int

    async def wins(self) -> bool:
        """Try to get the lock, at once; whoever has it keeps it. Raises `DatabaseUnavailable`."""
        with available():
            # Asked again and again: to wait for it inside the server would hold a snapshot, and with it dead rows.
            won = await self._connection.fetchval("SELECT pg_try_advisory_lock($1)", self._lock)
        return won is True


@asynccontextmanager
async def candidacy(database: Database, lock: int, on_ring: Callable[[], None]) -> AsyncIterator[Candidacy]:
    """A session of its own that may win the lock, and hears the doorbell meanwhile. Raises `DatabaseUnavailable`."""
    async with listening(database, on_ring) as (connection, lost):
        yield Candidacy(lost, connection, lock)
