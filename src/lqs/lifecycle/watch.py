"""Watch: whoever waits for a generation request hears soon that it changed, and holds no connection meanwhile."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from lqs.observability.telemetry import Telemetry
from lqs.storage import views
from lqs.storage.database import Database, DatabaseUnavailable

MOST_WAITS = 20
"""How many waits of one owner are held at the same time, in one process."""
_EVERY_SECONDS = 0.1


@dataclass(eq=False, slots=True)
class _Waiter:
    """`version` is the one that is known, None for who waits for the end."""

    request_id: UUID
    version: int | None
    heard: asyncio.Event = field(default_factory=asyncio.Event)


class Watch:
    """Looks after all that is waited for with one statement, ten times a second, and only while somebody waits.

    Not a notification by the database: each of those takes its turn at every commit, waited for or not.
    """

    def __init__(self, database: Database, telemetry: Telemetry) -> None:
        self._database = database
        self._telemetry = telemetry
        self._waiters: set[_Waiter] = set()
        self._owners: Counter[UUID] = Counter()
        self._asked = asyncio.Event()
        self._closed = False

    @property
    def held(self) -> int:
        """How many wait now."""
        return len(self._waiters)

    def held_for(self, owner_id: UUID) -> int:
        """How many of an owner wait now."""
        return self._owners[owner_id]

    async def wait(self, request_id: UUID, *, owner_id: UUID, seconds: float, version: int | None) -> bool:
        """Wait until it has another version than this one, or, if none is named, until it is done.

        After `seconds`, or when the process is told to stop, too; who called looks for themselves. False, and at once,
        when this owner has too many waits already, or the process is stopping.
        """
        if self._closed or self._owners[owner_id] >= MOST_WAITS:
            return False
        waiter = _Waiter(request_id, version)
        self._owners[owner_id] += 1
        self._waiters.add(waiter)
        self._asked.set()
        try:
            async with asyncio.timeout(seconds):
                await waiter.heard.wait()
        except TimeoutError:
            pass
        finally:
            self._waiters.discard(waiter)
            self._owners[owner_id] -= 1
            if not self._owners[owner_id]:
                del self._owners[owner_id]
        return True

    async def run(self) -> None:
        """Look, until cancelled. A database that does not answer is asked again: a wait ends by itself."""
        while True:
            await self._asked.wait()
            try:
                await self.look()
            except DatabaseUnavailable as error:
                self._telemetry.emit("watch.skipped", reason=str(error))
            except Exception as error:
                self._telemetry.fault("watch.broke", error)
            await asyncio.sleep(_EVERY_SECONDS)
            if not self._waiters:
                self._asked.clear()

    async def look(self) -> None:
        """Look once, and wake those who have waited for what is there. Raises `DatabaseUnavailable`."""
        asked_about = tuple(self._waiters)  # others may come meanwhile
        async with self._database.acquire() as connection:
            stands = await views.stands(connection, list({waiter.request_id for waiter in asked_about}))
        for waiter in asked_about:
            stand = stands.get(waiter.request_id)
            if stand is None or (stand.done if waiter.version is None else stand.version != waiter.version):
                waiter.heard.set()

    def close(self) -> None:
        """Answer everybody who waits, and from now on whoever comes: the process is told to stop."""
        self._closed = True
        for waiter in self._waiters:
            waiter.heard.set()
