"""LISTEN and NOTIFY. Behind a transaction pooler LISTEN needs a direct URL; without one, polling still finds work."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from lqs.storage.database import Connection, Database, available

CHANNEL = "lqs_work"


async def ring(connection: Connection) -> None:
    """Send one notice. Never inside a transaction that writes: the notice would take a lock over all commits."""
    await connection.execute(f"NOTIFY {CHANNEL}")


@asynccontextmanager
async def listening(database: Database, on_ring: Callable[[], None]) -> AsyncIterator[tuple[Connection, asyncio.Event]]:
    """Call `on_ring` for every notice on the connection that is yielded; the event is set when it is lost."""
    connection = await database.connect_alone()
    lost = asyncio.Event()
    try:
        connection.add_termination_listener(lambda _connection: lost.set())
        with available():
            await connection.add_listener(CHANNEL, lambda *_: on_ring())
        yield connection, lost
    finally:
        connection.terminate()
