"""A real worker in this process, with a generator that the test holds in its hand."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from lqs.domain.entity_type import EntityType, Generated, GenerationOrder
from lqs.generators.catalog import entity_types
from lqs.observability.telemetry import Happening, Telemetry
from lqs.settings import Settings
from lqs.wiring import open_worker_parts
from lqs.worker.worker import Worker

Answer = Callable[[GenerationOrder], Awaitable[Generated]]

QUICK: Mapping[str, Any] = {
    "heartbeat_seconds": 0.1,
    "lease_seconds": 60,
    "housekeeping_seconds": 0.1,
    "poll_seconds": 0.1,
    "retry_base_seconds": 0.01,
    "settle_buffer_seconds": 0,
    "lock_timeout_seconds": 0.5,
    "graceful_stop_seconds": 2,
}
"""A worker that looks around often, and is not taken for dead by chance."""


@dataclass
class Hand:
    """A generator that makes nothing before `open` is set; what `does` is how it then makes it."""

    does: Answer = field(default_factory=lambda: entity_types()["problem"].generators["offline"]().generate)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    orders: list[GenerationOrder] = field(default_factory=list)

    @classmethod
    def opened(cls, does: Answer | None = None) -> "Hand":
        """One that makes everything at once."""
        hand = cls(does) if does else cls()
        hand.open.set()
        return hand

    async def generate(self, order: GenerationOrder) -> Generated:
        self.orders.append(order)
        await self.open.wait()
        return await self.does(order)


@dataclass
class Shift:
    """A worker at work: itself, its task, and all it told."""

    worker: Worker
    running: asyncio.Future[None]
    happenings: list[Happening]

    def heard(self, name: str) -> list[Happening]:
        return [happening for happening in self.happenings if happening.name == name]

    @property
    def names(self) -> Counter[str]:
        """How often it told what."""
        return Counter(happening.name for happening in self.happenings)


@asynccontextmanager
async def at_work(
    url: str, hand: Hand, *, types: Mapping[str, EntityType] | None = None, **settings: Any
) -> AsyncIterator[Shift]:
    """A worker that makes its entities by this hand; it is told to stop at the end, and must end without an error."""
    happenings: list[Happening] = []
    telemetry = Telemetry(happenings.append)
    how = Settings(database_url=url, log_level="error", **{**QUICK, **settings})
    async with open_worker_parts(how, types) as parts:
        workshop = replace(
            parts.workshop, generators=dict.fromkeys(parts.workshop.entity_types, hand), telemetry=telemetry
        )
        worker = Worker(replace(parts, workshop=workshop, telemetry=telemetry))
        shift = Shift(worker, asyncio.ensure_future(worker.run()), happenings)
        try:
            yield shift
        finally:
            worker.stop()
            hand.open.set()
            async with asyncio.timeout(30):
                await shift.running
