"""What every measurement stands on: a throw-away PostgreSQL, started as users have it, and things to submit."""

import asyncio
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg

from benchmarks.kinds import PREBUILT, kinds
from lqs.dispatch.postgres import Announcer
from lqs.domain.entities.problem import ProblemConstraints
from lqs.domain.ids import new_id
from lqs.lifecycle.register import register
from lqs.lifecycle.submission import Defaults, Submission
from lqs.lifecycle.submit import Submitter
from lqs.observability.telemetry import Happening, Telemetry
from lqs.settings import Settings
from lqs.storage.database import Database
from lqs.storage.embedded import EmbeddedPostgres
from lqs.wiring import migrate_all, open_database, open_worker_parts
from lqs.worker.worker import Worker

Ask = Callable[[int, UUID], Awaitable[UUID]]
"""Asks for so many slots for an owner; returns the id of the generation request."""

OWNER = UUID(int=1)
"""The owner that exists in every database of the benchmarks."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: everything, or just enough to see that a row still runs."""

    rounds: int
    sizes: tuple[int, ...]
    entities: int
    sleepers: int
    sleep_seconds: float
    pickups: int
    connections: int
    http_seconds: float
    finished_slots: int
    noisy_slots: int
    quiet_calls: int
    places: int
    model_seconds: float
    half_sent: int
    alone_seconds: float
    body_megabytes: int
    held: int


FULL = Scale(
    rounds=3,
    sizes=(5, 10),
    entities=10_000,
    sleepers=10_000,
    sleep_seconds=10,
    pickups=60,
    connections=64,
    http_seconds=2.0,
    finished_slots=50_000,
    noisy_slots=100_000,
    quiet_calls=60,
    places=1000,
    model_seconds=8.0,
    half_sent=200,
    alone_seconds=10,
    body_megabytes=200,
    held=100,
)
QUICK = Scale(
    rounds=1,
    sizes=(5,),
    entities=100,
    sleepers=100,
    sleep_seconds=0.2,
    pickups=3,
    connections=8,
    http_seconds=0.1,
    finished_slots=500,
    noisy_slots=1000,
    quiet_calls=3,
    places=20,
    model_seconds=0.1,
    half_sent=9,
    alone_seconds=0.2,
    body_megabytes=3,
    held=20,
)


class Ground:
    """One embedded server, durable as users have it, with databases that are copied as they are needed."""

    def __init__(self, url: str, creating: "asyncpg.Connection", scale: Scale) -> None:
        self._url = url
        self._creating = creating
        self.scale = scale

    @asynccontextmanager
    async def database(self, template: str = "") -> AsyncIterator[str]:
        """The URL of a fresh database, a copy of the one at the URL `template`; dropped at the end."""
        name = f"bench_{secrets.token_hex(6)}"
        source = urlsplit(template).path.removeprefix("/") or "bench_migrated"
        await self._creating.execute(f"CREATE DATABASE {name} TEMPLATE {source}")
        try:
            yield urlsplit(self._url)._replace(path=f"/{name}").geturl()
        finally:
            await self._creating.execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def prepare(self) -> None:
        """Make the database that all others are copied from."""
        await self._creating.execute("CREATE DATABASE bench_migrated")
        url = urlsplit(self._url)._replace(path="/bench_migrated").geturl()
        async with opened(url) as database:
            await migrate_all(database)
            async with database.acquire() as connection:
                await connection.execute("INSERT INTO owners (id, name, created_at) VALUES ($1, 'bench', now())", OWNER)


@asynccontextmanager
async def ground(scale: Scale) -> AsyncIterator[Ground]:
    """Start the server in a folder of its own; stop it and remove the folder at the end."""
    folder = Path(tempfile.gettempdir()) / f"lqs-bench-{secrets.token_hex(6)}"
    server = EmbeddedPostgres(folder)
    try:
        url = await server.start()
        creating = await asyncpg.connect(url)
        try:
            found = Ground(url, creating, scale)
            await found.prepare()
            yield found
        finally:
            await creating.close()
    finally:
        await server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """A pool with the default settings."""
    async with open_database(settings_for(url), "lqs bench") as database:
        yield database


def settings_for(url: str, **changed: Any) -> Settings:
    """The default settings but for these, on this database; logs only what broke."""
    return Settings(database_url=url, log_level="error", **changed)


def submitter_for(database: Database, telemetry: Telemetry, *, most: int = 500) -> Submitter:
    """A submitter with the default settings."""
    settings = settings_for("postgresql://nowhere/lqs")
    return Submitter(
        database,
        telemetry,
        Defaults(settings.slot_timeout_seconds, settings.request_overhead_seconds, settings.max_attempts),
        most=most,
    )


def submission(count: int, *, owner_id: UUID = OWNER) -> Submission:
    """A wish for `count` problems."""
    return Submission(
        owner_id=owner_id,
        operation="POST /problems/generate",
        entity_type="problem",
        count=count,
        constraints=ProblemConstraints().model_dump(mode="json"),
        metadata={},
        idempotency_key=str(new_id()),
    )


async def register_worker(database: Database, worker_id: UUID) -> None:
    """Make a worker known that is nobody, to claim in its name."""
    await register(database, worker_id, host="bench", pid=0, capacity=1000, version="bench")


@asynccontextmanager
async def callers(database: Database) -> AsyncIterator[Ask]:
    """What stores a generation request of so many slots for an owner and announces it, as an API process does."""
    submitter, announcer = submitter_for(database, Telemetry()), Announcer(database, Telemetry())

    async def ask(slots: int, owner_id: UUID) -> UUID:
        accepted = await submitter.submit(submission(slots, owner_id=owner_id))
        announcer.announce()
        return accepted.request_id

    tasks = [asyncio.create_task(submitter.run()), asyncio.create_task(announcer.run())]
    try:
        yield ask
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def submit(database: Database, requests: int, slots: int, *, owner_id: UUID = OWNER) -> list[UUID]:
    """Submit so many generation requests, all callers at once; returns their ids."""
    async with callers(database) as ask:
        return await asyncio.gather(*(ask(slots, owner_id) for _ in range(requests)))


async def working(
    url: str,
    entities: int,
    *,
    through: Database | None = None,
    submitting: Callable[[], Coroutine[Any, Any, Any]] | None = None,
) -> float:
    """Seconds that a worker in this process with default settings takes to settle so many entities.

    Their generation requests wait already, or `submitting` makes them, which is timed too. The worker speaks to the
    database through its own pool or `through` another.
    """
    settled = _Settled(entities)
    async with open_worker_parts(settings_for(url, generator=PREBUILT), kinds()) as parts:
        observed = replace(parts, database=through or parts.database, telemetry=Telemetry(settled.listen))
        worker = Worker(observed)
        started = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(worker.run())
            if submitting:
                await submitting()
            await settled.all.wait()
            seconds = time.perf_counter() - started
            worker.stop()
    return seconds


class _Settled:
    """Knows when everything was committed."""

    def __init__(self, entities: int) -> None:
        self._missing = entities
        self.all = asyncio.Event()

    def listen(self, happening: Happening) -> None:
        if happening.error is not None:
            raise RuntimeError(happening.name) from happening.error
        if happening.name == "slots.settled":
            booked = happening.fields["booked"]
            assert isinstance(booked, int)
            self._missing -= booked
            if self._missing == 0:
                self.all.set()
