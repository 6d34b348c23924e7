"""The relay: it announces ready slots to the workers, in the fair order, and never many more than they have room for.

The queue is in the database. What is on its way is kept short, so that a newcomer waits behind a few slots and not
behind everything that was accepted before; so one topic serves all owners and priorities.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from lqs.crash_points import CrashPoint, crash_point
from lqs.observability.telemetry import Telemetry
from lqs.storage import announcements, leadership
from lqs.storage.announcements import Announcement
from lqs.storage.database import Database, DatabaseUnavailable


@dataclass(frozen=True, slots=True)
class Undelivered:
    """The announcements that may not have arrived, and why."""

    announcements: Sequence[Announcement]
    reason: str | None


Send = Callable[[Sequence[Announcement]], Awaitable[Undelivered]]
"""Sends announcements, and waits until it is known of each whether it arrived, or for long enough."""
OpenSend = Callable[[Telemetry], AbstractAsyncContextManager[Send]]
"""Opens the way to the workers, for as long as somebody leads."""

Promote = Callable[[], Awaitable[object]]
"""Makes ready what has waited long enough for its next attempt."""

_BATCH = 500
_PLACES_A_SPARE = 50
"""Workers whose places are all taken have one slot in hand for so many of them, so that a place that becomes free need
not wait for the relay; and a slot whose turn is sooner than theirs is announced at once."""
_QUICKEST_SECONDS = 0.01
_BUSY_SECONDS = 0.1
"""The longest pause while slots are ready: places become free, and nobody rings for that."""
_IDLE_SECONDS = 1.0
_CANDIDATE_SECONDS = 1.0
_RECONNECT_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class RelayRules:
    """What is announced: slots of these types, again after `again_seconds`, for workers that beat within the lease."""

    entity_types: Sequence[str]
    lease_seconds: float
    again_seconds: float


class Relay:
    """Announces while it leads; of all processes that run one, one leads.

    The lock is for thrift, not for truth: two leaders would announce some slots twice, and a claim wins once. So a
    leader that stands still with the lock in its hand costs time only: workers that hear nothing look for themselves.
    """

    def __init__(
        self, database: Database, telemetry: Telemetry, open_send: OpenSend, promote: Promote, rules: RelayRules
    ) -> None:
        self._database = database
        self._telemetry = telemetry
        self._open_send = open_send
        self._promote = promote
        self._rules = rules
        self._rung = asyncio.Event()
        self.trouble: str | None = None
        """Why slots cannot be announced now, in one sentence; None while all is well."""

    async def run(self) -> None:
        """Lead whenever nobody else does, until cancelled."""
        while True:
            try:
                await self._stand()
            except DatabaseUnavailable as error:
                self._telemetry.emit("relay.waits", reason=str(error))
            except Exception as error:
                self._telemetry.fault("relay.broke", error)
            await asyncio.sleep(_RECONNECT_SECONDS * random.uniform(0.5, 1.5))

    async def _stand(self) -> None:
        async with leadership.candidacy(self._database, leadership.RELAY, self._rung.set) as candidacy:
            while not candidacy.lost.is_set() and not await candidacy.wins():
                await _within(_CANDIDATE_SECONDS * random.uniform(0.5, 1.5), candidacy.lost)
            if candidacy.lost.is_set():
                return
            self._telemetry.emit("relay.leads")
            async with self._open_send(self._telemetry) as send:
                await self._lead(send, candidacy.lost)
            self._telemetry.emit("relay.deposed")

    async def _lead(self, send: Send, deposed: asyncio.Event) -> None:
        pause = _QUICKEST_SECONDS
        while not deposed.is_set():
            self._rung.clear()
            soonest = time.monotonic() + _QUICKEST_SECONDS  # however often it rings
            welcome, waiting = await self.announce(send)
            slowest = _BUSY_SECONDS if waiting else _IDLE_SECONDS
            pause = _QUICKEST_SECONDS if welcome else min(pause * 2, slowest)
            await asyncio.sleep(soonest - time.monotonic())
            await _within(pause * random.uniform(0.75, 1.25), self._rung)

    async def announce(self, send: Send) -> tuple[bool, bool]:
        """Announce up to twice as much as the workers have room for, and what may stand in their hands for later.

        Returns whether they had room for some of it, and whether any slots are ready. Raises `DatabaseUnavailable`.
        """
        await self._promote()
        async with self._database.acquire() as connection:
            survey = await announcements.survey(connection, lease_seconds=self._rules.lease_seconds)
        if not survey.ready:
            self.trouble = None  # workers found what could not be announced, and nobody will tell whether it could now
            return False, False
        spare = survey.places // _PLACES_A_SPARE
        room = 2 * survey.free + spare
        if room > survey.open:
            announced = await self._announce(send, room - survey.open)
        else:
            sooner = min(max(1, spare), 2 * survey.places - survey.open)
            announced = await self._announce(send, sooner, before_turn=survey.last_turn)
        return bool(announced and survey.free), True

    async def _announce(self, send: Send, wanted: int, before_turn: int = announcements.NO_TURN) -> int:
        announced = 0
        while announced < wanted:
            batch = min(_BATCH, wanted - announced)
            async with self._database.acquire() as connection:
                marked = await announcements.announce(
                    connection,
                    entity_types=self._rules.entity_types,
                    batch=batch,
                    again_seconds=self._rules.again_seconds,
                    before_turn=before_turn,
                )
            crash_point(CrashPoint.RELAY_MARKED)
            if not marked:
                break
            announced += await self._deliver(send, marked)
            if len(marked) < batch:
                break
        return announced

    async def _deliver(self, send: Send, marked: Sequence[Announcement]) -> int:
        """Send what was marked. A crash between the two is healed like every lost announcement: by the next one."""
        undelivered = await send(marked)
        crash_point(CrashPoint.RELAY_SENT)
        unsent = undelivered.announcements
        again = sum(announcement.times > 1 for announcement in marked)
        self._telemetry.emit("slots.announced", slots=len(marked) - len(unsent), again=again, unsent=len(unsent))
        self.trouble = f"Work cannot be announced: {undelivered.reason}." if unsent else None
        if unsent:
            async with self._database.acquire() as connection:
                await announcements.withdraw(connection, unsent)
        return len(marked) - len(unsent)


async def _within(seconds: float, event: asyncio.Event) -> None:
    """Wait for it, but not longer than that."""
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            await event.wait()
    except TimeoutError:
        return


OpenRelay = Callable[[Telemetry], Relay]
"""Makes the relay of a process, from its telemetry."""
