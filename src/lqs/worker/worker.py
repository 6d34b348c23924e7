"""One worker: claim, run, settle, and stop without losing anything."""

import asyncio
import random
import time
from collections.abc import Sequence
from functools import partial
from uuid import UUID

from lqs.crash_points import CrashPoint, crash_point
from lqs.lifecycle.bulk_work import keep_bulk_going
from lqs.lifecycle.recall import taken
from lqs.lifecycle.register import retire
from lqs.lifecycle.rescue import hand_back
from lqs.lifecycle.run import Result, run, without_content
from lqs.lifecycle.tidy import keep_tidy
from lqs.observability.trace_context import TraceContext
from lqs.storage.claims import Claimed
from lqs.storage.database import DatabaseUnavailable
from lqs.wiring import WorkerParts
from lqs.worker.claiming import HAND_BACK_BATCH, Claiming, Hands
from lqs.worker.housekeeping import keep_house
from lqs.worker.lease import Lease
from lqs.worker.places import Places
from lqs.worker.settling import SettleBuffer

Held = tuple[UUID, int, int]
"""What a worker holds: a slot by its generation request, its index, and the fence under which it was claimed."""

_SETTLE_FLOWS = 2
_STARTED_AT_ONCE = 50
"""Attempts started in one turn of the event loop; a generator that computes must not hold it for long."""
_GIVE_BACK_SECONDS = 5


class Worker:
    """Claims slots as it has room, runs thousands of attempts on one event loop, settles them in batches."""

    def __init__(self, parts: WorkerParts) -> None:
        self._parts = parts
        self._database = parts.database
        self._workshop = parts.workshop
        self._telemetry = parts.telemetry
        self._pace = parts.pace
        self._rules = parts.rules
        self._lease = Lease(parts.database, parts.telemetry, parts.pace, seconds=parts.rules.lease_seconds)
        self._held: dict[Held, Claimed] = {}
        self._attempts: dict[Held, asyncio.Task[None]] = {}
        self._stirred = asyncio.Event()
        self._stopping = asyncio.Event()
        self._places = Places(parts.pace.capacity, self._held)
        self._transport = parts.open_transport(parts.telemetry, self._places, self._stirred.set)
        self._relay = parts.open_relay(parts.telemetry) if parts.open_relay else None
        self._publishing = parts.open_publishing(parts.telemetry) if parts.open_publishing else None
        self._buffer = SettleBuffer(
            parts.database,
            parts.telemetry,
            batch=parts.pace.settle_batch,
            buffer_seconds=parts.pace.settle_buffer_seconds,
            on_committed=self._make_room,
            without_content=partial(without_content, workshop=parts.workshop),
        )

    def stop(self) -> None:
        """Ask for a clean end: claim nothing more, finish or hand back what runs."""
        self._stopping.set()
        self._stirred.set()

    async def run(self) -> None:
        """Work until `stop`; returns when everything held was finished or handed back."""
        await self._lease.begin()
        async with asyncio.TaskGroup() as background:
            tasks = [
                background.create_task(self._beat(), name="heartbeat"),
                background.create_task(self._heed_recalls(), name="recalls"),
                background.create_task(self._keep_house(), name="housekeeping"),
                background.create_task(self._keep_tidy(), name="tidying"),
                background.create_task(self._keep_bulk_going(), name="bulk"),
                background.create_task(self._transport.run(), name="transport"),
                *([background.create_task(self._relay.run(), name="relay")] if self._relay else []),
                *([background.create_task(self._publishing.run(), name="publishing")] if self._publishing else []),
                *(background.create_task(self._buffer.run(), name=f"settle-{n}") for n in range(_SETTLE_FLOWS)),
            ]
            async with asyncio.TaskGroup() as attempts:
                await self._claim_until_stopped(attempts)
                await self._transport.close()
                await self._drain()
            await self._give_back()
            for task in tasks:
                task.cancel()
        self._telemetry.emit("worker.stopped", worker_id=str(self._lease.worker_id))

    async def _claim_until_stopped(self, attempts: asyncio.TaskGroup) -> None:
        hands = Hands(self._held.values(), self._places, partial(self._start, attempts))
        claiming = Claiming(self._parts, self._lease, self._transport, hands)
        while not self._stopping.is_set():
            self._stirred.clear()
            try:
                more = await claiming.turn()
            except DatabaseUnavailable as error:
                self._telemetry.emit("claim.waits", reason=str(error))
                more = False
            except Exception as error:
                self._telemetry.fault("claim.broke", error)
                more = False
            if not more:
                await self._wait_for_work()

    async def _start(
        self, attempts: asyncio.TaskGroup, worker_id: UUID, claimed: Sequence[Claimed], claim: TraceContext | None
    ) -> None:
        self._held.update({(slot.request_id, slot.index, slot.fence): slot for slot in claimed})
        for first in range(0, len(claimed), _STARTED_AT_ONCE):
            for slot in claimed[first : first + _STARTED_AT_ONCE]:
                held = (slot.request_id, slot.index, slot.fence)
                self._attempts[held] = task = attempts.create_task(self._attempt(worker_id, slot, claim))
                task.add_done_callback(partial(self._end, held))
            await asyncio.sleep(0)

    async def _attempt(self, worker_id: UUID, slot: Claimed, claim: TraceContext | None) -> None:
        self._buffer.put(worker_id, await run(slot, self._workshop, claim))

    def _end(self, held: Held, attempt: asyncio.Task[None]) -> None:
        """An interrupted attempt has nothing to report, so its place is free at once, even if it never began."""
        self._attempts.pop(held, None)
        if attempt.cancelled():
            self._held.pop(held, None)
            self._stirred.set()

    async def _wait_for_work(self) -> None:
        """Until somebody rings, room is made, or the poll is due."""
        await self._stir_within(self._pace.poll_seconds * random.uniform(0.5, 1.5))

    async def _stir_within(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._stirred.wait()
        except TimeoutError:
            return

    def _make_room(self, settled: Sequence[Result]) -> None:
        for result in settled:
            self._held.pop((result.report.request_id, result.report.index, result.report.fence), None)
        self._stirred.set()

    async def _drain(self) -> None:
        """Let running attempts finish within the grace time, then interrupt what is left."""
        self._telemetry.emit("worker.stopping", worker_id=str(self._lease.worker_id), in_flight=len(self._held))
        deadline = time.monotonic() + self._pace.graceful_stop_seconds
        while self._held and time.monotonic() < deadline:
            self._stirred.clear()
            await self._stir_within(deadline - time.monotonic())
        for task in tuple(self._attempts.values()):
            task.cancel()

    async def _give_back(self) -> None:
        """Commit the last results, hand back the rest; without a database the rescue will do it."""
        try:
            async with asyncio.timeout(_GIVE_BACK_SECONDS):
                while self._held:
                    self._stirred.clear()
                    await self._stirred.wait()
                returned = await hand_back(self._database, worker_id=self._lease.worker_id, batch=HAND_BACK_BATCH)
                crash_point(CrashPoint.HANDED_BACK)
                await retire(self._database, self._lease.worker_id)
            self._telemetry.emit("worker.handed_back", slots=returned.slots)
        except (DatabaseUnavailable, TimeoutError) as error:
            self._telemetry.emit("worker.left_to_rescue", reason=str(error))

    async def _beat(self) -> None:
        while True:
            await self._lease.pause()
            telling = [self._transport, self._relay, self._publishing]
            trouble = next((one.trouble for one in telling if one is not None and one.trouble), None)
            await self._lease.renew(len(self._held), trouble, stopping=self._stopping.is_set())

    async def _heed_recalls(self) -> None:
        """Interrupt the attempts whose slots were taken away: nobody waits for what they cost."""
        while True:
            await self._lease.recalled.wait()
            self._lease.recalled.clear()
            try:
                lost = await taken(self._database, self._attempts.keys())
            except DatabaseUnavailable as error:
                self._telemetry.emit("recall.waits", reason=str(error))
                self._lease.recalled.set()
                await self._lease.pause()
            except Exception as error:
                self._telemetry.fault("recall.broke", error)
            else:
                interrupted = [task for held in lost if (task := self._attempts.get(held)) and task.cancel()]
                self._telemetry.emit("attempts.interrupted", attempts=len(interrupted), in_flight=len(self._held))

    async def _keep_house(self) -> None:
        await keep_house(
            self._database,
            self._telemetry,
            self._rules,
            every_seconds=self._pace.housekeeping_seconds,
            on_ready=self._stirred.set,
        )

    async def _keep_tidy(self) -> None:
        await keep_tidy(
            self._database, self._telemetry, self._rules.kept, every_seconds=self._pace.housekeeping_seconds
        )

    async def _keep_bulk_going(self) -> None:
        await keep_bulk_going(
            self._database,
            self._telemetry,
            self._rules.bulk,
            every_seconds=self._pace.housekeeping_seconds,
            on_ready=self._stirred.set,
        )
