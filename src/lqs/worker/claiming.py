"""How a worker comes by its slots: those that were announced to it, and those that it finds ready itself."""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from lqs.crash_points import CrashPoint, crash_point
from lqs.dispatch.transport import Notice, Transport
from lqs.domain.limits import WEDGED_GRACE_SECONDS
from lqs.lifecycle.claim import Won, claim, end_without_money
from lqs.lifecycle.duties import tell_passed_over
from lqs.lifecycle.promote import promote
from lqs.lifecycle.rescue import hand_back
from lqs.observability.trace_context import TraceContext
from lqs.storage.claims import Claimed
from lqs.storage.database import DatabaseUnavailable
from lqs.storage.slots import SlotName
from lqs.wiring import WorkerParts
from lqs.worker.broken import Broken
from lqs.worker.lease import Lease
from lqs.worker.places import Places

HAND_BACK_BATCH = 500
_CONTENDED_SECONDS = 0.01
_MOST_TRIES = 4
"""How often named slots are asked for while others are busy with them; then they are looked for in their turn."""


@dataclass(frozen=True, slots=True)
class Hands:
    """What the worker holds, its places, and how it starts what was won in the name of a worker id, by which claim in
    a trace.
    """

    held: Collection[Claimed]
    places: Places
    start: Callable[[UUID, Sequence[Claimed], TraceContext | None], Awaitable[None]]


class Claiming:
    """Wins slots for one worker, one claim after the other."""

    def __init__(self, parts: WorkerParts, lease: Lease, transport: Transport, hands: Hands) -> None:
        self._database = parts.database
        self._entity_types = list(parts.workshop.entity_types)
        self._telemetry = parts.telemetry
        self._pace = parts.pace
        self._policy = parts.rules.policy
        self._lease = lease
        self._transport = transport
        self._hands = hands
        self._notices: deque[Notice] = deque()
        self._broken = Broken()
        self._lost_an_answer = False
        self._contended_seconds = _CONTENDED_SECONDS

    async def turn(self) -> bool:
        """Claim what was announced and, if it must be looked for, what there is room for.

        Returns whether it is worth asking again at once. Raises `DatabaseUnavailable`.
        """
        if not self._lease.trusted:
            return False
        await self._return_what_is_unknown()
        self._notices += self._transport.take()
        left = False
        while self._notices:
            together = self._next_notices()
            left |= await self._answer(together)
            for _ in together:
                self._notices.popleft()
        return await self._look() if left or self._transport.must_look else False

    def _next_notices(self) -> Sequence[Notice]:
        """The first, and what came after it as far as one claim takes: a claim each would be too slow."""
        together: list[Notice] = []
        slots = 0
        for notice in self._notices:
            slots += len(notice.slots)
            if together and slots > self._pace.claim_batch:
                break
            together.append(notice)
        return together

    async def _answer(self, notices: Sequence[Notice]) -> bool:
        """Claim what they name; whether some of it was ready and could still not be won.

        While the database is away they stay the first. What breaks otherwise is left to whoever looks.
        """
        names = [name for notice in notices for name in notice.slots]
        try:
            left = bool(names) and await self._claim_named(names, [one for notice in notices for one in notice.traces])
        except DatabaseUnavailable:
            raise
        except Exception as error:
            self._telemetry.fault("claim.broke", error)
            left = True
        crash_point(CrashPoint.NOTICE_CLAIMED)
        self._hands.places.release(len(names))
        for notice in notices:
            self._transport.confirm(notice)
        return left

    async def _claim_named(self, names: Sequence[SlotName], traces: Sequence[TraceContext]) -> bool:
        waiting, won_slots, pause = list(names), 0, _CONTENDED_SECONDS
        for attempt in range(_MOST_TRIES):
            if attempt:
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))
                pause *= 2
            won = await self._claim(waiting, traces)
            won_slots += len(won.slots)
            await self._end_without_money(won)
            waiting = list(won.busy)
            if not waiting:
                break
        self._telemetry.emit(
            "slots.named", slots=len(names), won=won_slots, repeated=len(names) - won_slots - len(waiting)
        )
        return bool(waiting)

    async def _look(self) -> bool:
        """Take what there is room for, in the fair order; whether it is worth asking again at once."""
        self._transport.looked()
        room = self._hands.places.reserve(self._pace.claim_batch)
        try:
            if not room:
                return False
            await promote(self._database, policy=self._policy, batch=self._pace.claim_batch)
            won = await self._claim(room)
        finally:
            self._hands.places.release(room)
        if won.broken:
            return True
        ended = await self._end_without_money(won)
        contended = won.contended or ended < len(won.out_of_money)
        if contended and not won.slots and not ended:
            await self._let_others_finish()
        else:
            self._contended_seconds = _CONTENDED_SECONDS
        return contended or ended > 0 or len(won.slots) == room

    async def _claim(self, batch: int | Sequence[SlotName], traces: Sequence[TraceContext] = ()) -> Won:
        worker_id = self._lease.worker_id
        with self._telemetry.step("slots.claimed", links=traces, named=not isinstance(batch, int)) as step:
            self._lost_an_answer = True
            won = await claim(
                self._database,
                worker_id=worker_id,
                entity_types=self._entity_types,
                batch=batch,
                grace_seconds=WEDGED_GRACE_SECONDS,
                broken_ids=self._broken.ids(),
            )
            self._lost_an_answer = False
            if won.slots:
                step.link(() if traces else (slot.trace for slot in won.slots))
                step.came(slots=len(won.slots), in_flight=len(self._hands.held) + len(won.slots))
        if won.broken:
            self._broken.add(won.broken)
            self._telemetry.emit(
                "claim.passed_over", request_id=str(won.broken), hint="lqs admin verify says what is wrong with it"
            )
        await self._hands.start(worker_id, won.slots, step.trace)
        return won

    async def _end_without_money(self, won: Won) -> int:
        """How many it ended, or will pass over from now on; whom somebody else holds is found again."""
        if not won.out_of_money:
            return 0
        ended = await end_without_money(self._database, won.out_of_money)
        for request_id in ended.passed_over:
            self._broken.add(request_id)
        tell_passed_over(self._telemetry, "requests.out_of_money", ended.passed_over)
        if ended.done:
            self._telemetry.emit("requests.out_of_money", done=len(ended.done))
        return len(ended.done) + len(ended.passed_over)

    async def _return_what_is_unknown(self) -> None:
        """A claim may have been committed though its answer was lost: nobody else would ever run those slots."""
        if self._lost_an_answer:
            returned = await hand_back(
                self._database, worker_id=self._lease.worker_id, batch=HAND_BACK_BATCH, keep=self._hands.held
            )
            self._lost_an_answer = False
            self._telemetry.emit("worker.returned_unknown", slots=returned.slots)

    async def _let_others_finish(self) -> None:
        """There is work, but others are busy with its generation requests, or its deadline passed and expiry is due."""
        await asyncio.sleep(self._contended_seconds * random.uniform(0.5, 1.5))
        self._contended_seconds = min(self._contended_seconds * 2, self._pace.poll_seconds)
