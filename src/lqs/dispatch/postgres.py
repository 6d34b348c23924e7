"""PostgreSQL notifications as a doorbell: rung after a commit, heard by every worker, harmless when lost."""

import asyncio
import random
from collections.abc import Callable, Sequence

from lqs.dispatch.transport import Notice, Places
from lqs.observability.telemetry import Telemetry
from lqs.storage import doorbell
from lqs.storage.database import Database, DatabaseUnavailable

_RECONNECT_SECONDS = 0.5


class Announcer:
    """Tells the workers that there is work. Many calls that come together are one notice."""

    def __init__(self, database: Database, telemetry: Telemetry) -> None:
        self._database = database
        self._telemetry = telemetry
        self._asked = asyncio.Event()

    def announce(self) -> None:
        """Ask for a notice; returns at once. Call after the commit."""
        self._asked.set()

    async def run(self) -> None:
        """Send notices until cancelled. One that cannot be sent is dropped: workers poll anyway."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            try:
                async with self._database.acquire() as connection:
                    await doorbell.ring(connection)
            except DatabaseUnavailable as error:
                self._telemetry.emit("notice.dropped", reason=str(error))
            except Exception as error:
                self._telemetry.fault("notice.broke", error)


class Doorbell:
    """A transport whose notices name nothing: it calls `on_ring` for each, and the worker looks.

    It hears them on a connection of its own. A reconnection counts as a ring, because notices may have been missed.
    """

    trouble = None
    must_look = True

    def __init__(self, database: Database, telemetry: Telemetry, _places: Places, on_ring: Callable[[], None]) -> None:
        self._database = database
        self._telemetry = telemetry
        self._on_ring = on_ring

    async def run(self) -> None:
        """Listen until cancelled, reconnecting as often as it takes."""
        while True:
            try:
                async with doorbell.listening(self._database, self._on_ring) as (_, lost):
                    self._on_ring()
                    await lost.wait()
            except DatabaseUnavailable as error:
                self._telemetry.emit("doorbell.lost", reason=str(error))
            except Exception as error:
                self._telemetry.fault("doorbell.broke", error)
            await asyncio.sleep(_RECONNECT_SECONDS * random.uniform(0.5, 1.5))

    def looked(self) -> None:
        """It has to look again at the next ring."""

    def take(self) -> Sequence[Notice]:
        """Nothing: a ring says no more than that there is work."""
        return ()

    def confirm(self, notice: Notice) -> None:
        """A ring needs no answer."""

    async def close(self) -> None:
        """Whoever listens elsewhere hears every ring, too."""
