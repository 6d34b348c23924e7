"""Publishes the event log: every event once or more often, none never, those of a generation request in order."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from uuid import UUID

from lqs.dispatch.kafka.records import Sent
from lqs.domain.ids import new_id
from lqs.observability.telemetry import Telemetry
from lqs.storage import publication
from lqs.storage.database import Database, DatabaseUnavailable
from lqs.storage.publication import UnpublishedEvent

Tell = Callable[[Sequence[UnpublishedEvent]], Awaitable[Sent]]
"""Tells others of events in order, and returns what became of them, by their places."""
OpenTell = Callable[[Telemetry], AbstractAsyncContextManager[Tell]]
"""Opens the way to the others."""

_QUICKEST_SECONDS = 0.05
_IDLE_SECONDS = 1.0
_TROUBLE_SECONDS = 5.0
_WANT_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class PublishingRules:
    """How long an event waits to be published at most, and how long a silent publisher is trusted, in seconds.

    `batch` is in commits; each has about as many events as slots that moved in it.
    """

    kept_seconds: float
    lease_seconds: float = 30.0
    batch: int = 500


class Publishing:
    """Publishes while it leads; of all processes that run one, one leads.

    It leads by a lease in a row. Who stands still and comes back may send what was sent meanwhile: readers know that by
    its id. No transaction is open while something is being sent.
    """

    def __init__(self, database: Database, telemetry: Telemetry, open_tell: OpenTell, rules: PublishingRules) -> None:
        self._database = database
        self._telemetry = telemetry
        self._open_tell = open_tell
        self._rules = rules
        self._id: UUID = new_id()
        self._led_until = 0.0
        self._wanted_at: float | None = None
        self.trouble: str | None = None
        """Why events cannot be published now, in one sentence; None while all is well."""

    async def run(self) -> None:
        """Lead whenever nobody else does, until cancelled."""
        pause = _QUICKEST_SECONDS
        try:
            async with self._open_tell(self._telemetry) as tell:
                while True:
                    published = await self._whatever_happens(tell)
                    pause = _QUICKEST_SECONDS if published else min(2 * pause, self._slowest())
                    await asyncio.sleep(0 if published == self._rules.batch else pause * random.uniform(0.75, 1.25))
        finally:
            await self._resign()

    async def publish(self, tell: Tell) -> int:
        """Publish the events of the oldest commits that wait; returns of how many commits.

        Raises `DatabaseUnavailable`.
        """
        await self._want()
        if not await self._leads():
            self._be_in_trouble(None)  # that of another is told by that other
            return 0
        async with self._database.acquire() as connection:
            events = await publication.next_events(connection, batch=self._rules.batch)
        if not events:
            self._be_in_trouble(None)
            return 0
        sent = await tell(events)
        return await self._book(events, sent)

    async def _book(self, events: Sequence[UnpublishedEvent], sent: Sent) -> int:
        """Forget the commits of those generation requests of which everything arrived."""
        behind = {events[place].request_id for place in sent.unsent}
        done = {event.commit_id for event in events if event.request_id not in behind}
        if done:
            async with self._database.transaction() as connection:
                await publication.published(connection, sorted(done))
        self._telemetry.emit("events.published", events=len(events) - len(sent.unsent), unsent=len(sent.unsent))
        self._be_in_trouble(f"Kafka did not take over events: {sent.reason}." if sent.unsent else None)
        return len(done)

    def _be_in_trouble(self, trouble: str | None) -> None:
        """Tell that it began and that it is over, once each."""
        if trouble and not self.trouble:
            self._telemetry.emit("publishing.in_trouble", reason=trouble)
        elif self.trouble and not trouble:
            self._telemetry.emit("publishing.well")
        self.trouble = trouble

    async def _whatever_happens(self, tell: Tell) -> int:
        try:
            return await self.publish(tell)
        except DatabaseUnavailable as error:
            self._telemetry.emit("publishing.waits", reason=str(error))
        except Exception as error:
            self._telemetry.fault("publishing.broke", error)
        return 0

    def _slowest(self) -> float:
        return _TROUBLE_SECONDS if self.trouble else _IDLE_SECONDS

    async def _want(self) -> None:
        if self._wanted_at is not None and time.monotonic() - self._wanted_at < _WANT_SECONDS:
            return
        async with self._database.transaction() as connection:
            await publication.want(connection, kept_seconds=self._rules.kept_seconds)
        self._wanted_at = time.monotonic()

    async def _leads(self) -> bool:
        """Renew the lease in its last two thirds; the next batch must fit into what is left of it."""
        now = time.monotonic()
        if self._led_until - now > 2 / 3 * self._rules.lease_seconds:
            return True
        async with self._database.transaction() as connection:
            leads = await publication.lead(connection, self._id, lease_seconds=self._rules.lease_seconds)
        if leads and self._led_until < now:
            self._telemetry.emit("publishing.leads")
        self._led_until = now + self._rules.lease_seconds if leads else 0.0
        return leads

    async def _resign(self) -> None:
        """Let another process go on at once; should that fail, it does when the lease is over."""
        try:
            async with asyncio.timeout(1), self._database.transaction() as connection:
                await publication.resign(connection, self._id)
        except (TimeoutError, DatabaseUnavailable) as error:
            self._telemetry.emit("publishing.kept_its_lease", reason=str(error))


OpenPublishing = Callable[[Telemetry], Publishing]
"""Makes what publishes events, from the telemetry of its process."""
