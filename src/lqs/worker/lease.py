"""Who a worker is to the others, and whether they still trust it."""

import asyncio
import os
import socket
import time
from uuid import UUID

from lqs import __version__
from lqs.crash_points import CrashPoint, crash_point
from lqs.domain.ids import new_id
from lqs.lifecycle.register import beat, register
from lqs.observability.telemetry import Telemetry
from lqs.storage.database import Database, DatabaseUnavailable
from lqs.wiring import Pace


class Lease:
    """A worker's id, renewed by its heartbeat. Whoever was taken for dead goes on under a new one."""

    def __init__(self, database: Database, telemetry: Telemetry, pace: Pace, *, seconds: float) -> None:
        self._database = database
        self._telemetry = telemetry
        self._pace = pace
        self._seconds = seconds
        self._renewed_at = time.monotonic()
        self._recalls = 0
        self.recalled = asyncio.Event()
        """Set when slots were taken from this worker while it held them."""
        self.worker_id: UUID = new_id()

    @property
    def trusted(self) -> bool:
        """Whether it was renewed so recently that nobody takes this worker for dead."""
        return time.monotonic() - self._renewed_at < self._seconds

    async def begin(self) -> None:
        """Make this worker known under its id. Raises `DatabaseUnavailable`."""
        asked_at = time.monotonic()
        await register(
            self._database,
            self.worker_id,
            host=socket.gethostname(),
            pid=os.getpid(),
            capacity=self._pace.capacity,
            version=__version__,
        )
        crash_point(CrashPoint.WORKER_REGISTERED)
        self._renewed_at, self._recalls = asked_at, 0
        self._telemetry.emit("worker.started", worker_id=str(self.worker_id), capacity=self._pace.capacity)

    async def renew(self, in_flight: int, trouble: str | None, *, stopping: bool) -> None:
        """One heartbeat, whatever becomes of it; `trouble` is what keeps work from reaching this worker.

        Who is stopping has no places but those that are taken, so nobody counts on it.
        """
        asked_at = time.monotonic()
        try:
            places = in_flight if stopping else None
            answer = await beat(self._database, self.worker_id, in_flight=in_flight, places=places, trouble=trouble)
            if answer:
                crash_point(CrashPoint.WORKER_BEATEN)
                self._renewed_at = asked_at
                if answer.recalls != self._recalls:
                    self._recalls = answer.recalls
                    self.recalled.set()
                return
            self._telemetry.emit("worker.taken_for_dead", worker_id=str(self.worker_id))
            self.worker_id = new_id()
            await self.begin()
        except DatabaseUnavailable as error:
            self._telemetry.emit("heartbeat.missed", reason=str(error))
        except Exception as error:
            self._telemetry.fault("heartbeat.broke", error)

    async def pause(self) -> None:
        """The time between two heartbeats."""
        await asyncio.sleep(self._pace.heartbeat_seconds)
