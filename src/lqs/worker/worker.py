"""One worker: claim, run, settle, and stop without losing anything."""

import asyncio
import os
import random
import socket
import time
from uuid import UUID

from lqs import __version__
from lqs.dispatch.postgres import Doorbell
from lqs.domain.ids import new_id
from lqs.lifecycle.claim import claim
from lqs.lifecycle.promote import promote
from lqs.lifecycle.register import beat, register, retire
from lqs.lifecycle.rescue import hand_back
from lqs.lifecycle.run import run
from lqs.storage.database import DatabaseUnavailable
from lqs.storage.slots import Claimed
from lqs.wiring import WorkerParts
from lqs.worker.housekeeping import keep_house
from lqs.worker.settling import SettleBuffer

_HAND_BACK_BATCH = 500
_SETTLE_FLOWS = 2
_WEDGED_GRACE_SECONDS = 15
"""How much later than the worker's own limit the database ends an attempt."""
_CONTENDED_SECONDS = 0.01


class Worker:
    """Claims slots as it has room, runs thousands of attempts on one event loop, settles them in batches."""

    def __init__(self, parts: WorkerParts) -> None:
        self._database = parts.database
        self._workshop = parts.workshop
        self._telemetry = parts.telemetry
        self._pace = parts.pace
        self._rules = parts.rules
        self._id = new_id()
        self._heard_at = time.monotonic()
        self._busy = 0
        self._attempts: set[asyncio.Task[None]] = set()
        self._stirred = asyncio.Event()
        self._stopping = asyncio.Event()
        self._buffer = SettleBuffer(
            parts.database,
            parts.telemetry,
            batch=parts.pace.settle_batch,
            buffer_seconds=parts.pace.settle_buffer_seconds,
            on_committed=self._make_room,
        )

    def stop(self) -> None:
        """Ask for a clean end: claim nothing more, finish or hand back what runs."""
        self._stopping.set()
        self._stirred.set()

    async def run(self) -> None:
        """Work until `stop`; returns when everything held was finished or handed back."""
        await self._register()
        async with asyncio.TaskGroup() as background:
            tasks = [
                background.create_task(self._beat(), name="heartbeat"),
                background.create_task(self._keep_house(), name="housekeeping"),
                background.create_task(
                    Doorbell(self._database, self._telemetry, self._stirred.set).run(), name="doorbell"
                ),
                *(background.create_task(self._buffer.run(), name=f"settle-{n}") for n in range(_SETTLE_FLOWS)),
            ]
            async with asyncio.TaskGroup() as attempts:
                await self._claim_until_stopped(attempts)
                await self._drain()
            await self._give_back()
            for task in tasks:
                task.cancel()
        self._telemetry.emit("worker.stopped", worker_id=str(self._id))

    async def _claim_until_stopped(self, attempts: asyncio.TaskGroup) -> None:
        while not self._stopping.is_set():
            self._stirred.clear()
            try:
                more = await self._claim(attempts)
            except DatabaseUnavailable as error:
                self._telemetry.emit("claim.waits", reason=str(error))
                more = False
            except Exception as error:
                self._telemetry.fault("claim.broke", error)
                more = False
            if not more:
                await self._wait_for_work()

    async def _claim(self, attempts: asyncio.TaskGroup) -> bool:
        """Take what there is room for; whether it is worth asking again at once."""
        room = min(self._pace.capacity - self._busy, self._pace.claim_batch)
        if room <= 0 or not self._trusted():
            return False
        await promote(self._database, batch=self._pace.claim_batch)
        hold_seconds = self._workshop.slot_timeout_seconds + _WEDGED_GRACE_SECONDS
        won = await claim(self._database, worker_id=self._id, batch=room, hold_seconds=hold_seconds)
        for slot in won.slots:
            task = attempts.create_task(self._attempt(self._id, slot))
            self._attempts.add(task)
            task.add_done_callback(self._attempts.discard)
        self._busy += len(won.slots)
        if won.slots:
            self._telemetry.emit("slots.claimed", slots=len(won.slots), in_flight=self._busy)
        elif won.contended:
            await asyncio.sleep(_CONTENDED_SECONDS * random.uniform(0.5, 1.5))
        return won.contended or len(won.slots) == room

    async def _wait_for_work(self) -> None:
        """Until somebody rings, room is made, or the poll is due."""
        try:
            async with asyncio.timeout(self._pace.poll_seconds * random.uniform(0.5, 1.5)):
                await self._stirred.wait()
        except TimeoutError:
            return

    async def _attempt(self, worker_id: UUID, slot: Claimed) -> None:
        self._buffer.put(worker_id, await run(slot, self._workshop))

    def _make_room(self, settled: int) -> None:
        self._busy -= settled
        self._stirred.set()

    async def _drain(self) -> None:
        """Let running attempts finish within the grace time, then interrupt them; wait until results are committed."""
        self._telemetry.emit("worker.stopping", worker_id=str(self._id), in_flight=self._busy)
        deadline = time.monotonic() + self._pace.graceful_stop_seconds
        while self._busy and time.monotonic() < deadline:
            self._stirred.clear()
            try:
                async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                    await self._stirred.wait()
            except TimeoutError:
                break
        for task in tuple(self._attempts):
            self._busy -= task.cancel()

    async def _give_back(self) -> None:
        """Commit the last results, hand back the rest; without a database the rescue will do it."""
        try:
            async with asyncio.timeout(self._pace.graceful_stop_seconds + 5):
                while self._busy > 0:
                    self._stirred.clear()
                    await self._stirred.wait()
                returned = await hand_back(self._database, worker_id=self._id, batch=_HAND_BACK_BATCH)
                await retire(self._database, self._id)
            self._telemetry.emit("worker.handed_back", slots=returned.slots)
        except (DatabaseUnavailable, TimeoutError) as error:
            self._telemetry.emit("worker.left_to_rescue", reason=str(error))

    async def _register(self) -> None:
        await register(
            self._database,
            self._id,
            host=socket.gethostname(),
            pid=os.getpid(),
            capacity=self._pace.capacity,
            version=__version__,
        )
        self._heard_at = time.monotonic()
        self._telemetry.emit("worker.started", worker_id=str(self._id), capacity=self._pace.capacity)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._pace.heartbeat_seconds)
            sent_at = time.monotonic()
            try:
                if await beat(self._database, self._id, in_flight=self._busy):
                    self._heard_at = sent_at
                    continue
                self._telemetry.emit("worker.taken_for_dead", worker_id=str(self._id))
                self._id = new_id()
                await self._register()
            except DatabaseUnavailable as error:
                self._telemetry.emit("heartbeat.missed", reason=str(error))

    def _trusted(self) -> bool:
        """Whether the last heartbeat is recent enough that nobody takes this worker for dead."""
        return time.monotonic() - self._heard_at < self._rules.lease_seconds

    async def _keep_house(self) -> None:
        await keep_house(
            self._database,
            self._telemetry,
            self._rules,
            every_seconds=self._pace.housekeeping_seconds,
            on_ready=self._stirred.set,
        )
