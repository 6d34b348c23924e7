"""What every measurement stands on: a throw-away PostgreSQL with the settings users get, and parts without a model."""

import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg

from lqs.domain.entities.problem import Problem, ProblemConstraints
from lqs.domain.entity_type import EntityType, Generated, GenerationOrder, Generator
from lqs.domain.ids import new_id
from lqs.domain.retry_policy import RetryPolicy
from lqs.generators.catalog import entity_types
from lqs.generators.problem.offline import OfflineProblemGenerator
from lqs.generators.problem.verify import verify_problem
from lqs.lifecycle.run import Workshop
from lqs.lifecycle.submit import Submission, Submitter
from lqs.observability.telemetry import Telemetry
from lqs.settings import Settings
from lqs.storage.database import Database
from lqs.storage.embedded import EmbeddedPostgres
from lqs.wiring import Pace, Rules, WorkerParts, migrate_all, open_database

OWNER = UUID(int=1)
"""The owner that exists in every database of the benchmarks."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: everything, or just enough to see that a row still runs."""

    rounds: int
    entities: int
    sleepers: int
    sleep_seconds: float
    pickups: int
    http_seconds: float
    finished_slots: int


FULL = Scale(
    rounds=3, entities=10_000, sleepers=10_000, sleep_seconds=10, pickups=60, http_seconds=2.0, finished_slots=50_000
)
QUICK = Scale(rounds=1, entities=500, sleepers=100, sleep_seconds=0.2, pickups=3, http_seconds=0.2, finished_slots=1000)


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


def settings_for(url: str) -> Settings:
    """The default settings, on this database."""
    return Settings(database_url=url)


def worker_parts(
    database: Database, telemetry: Telemetry, generator: Generator, *, capacity: int | None = None
) -> WorkerParts:
    """What a worker with default settings has, but for its generator, and without a verification."""
    settings = settings_for("postgresql://unused")
    policy = RetryPolicy(settings.max_attempts, settings.retry_base_seconds, settings.retry_cap_seconds)
    return WorkerParts(
        database=database,
        workshop=workshop(generator, telemetry, settings),
        telemetry=telemetry,
        pace=Pace(
            capacity=capacity or settings.worker_capacity,
            claim_batch=settings.claim_batch_slots,
            settle_batch=settings.settle_batch_slots,
            settle_buffer_seconds=settings.settle_buffer_seconds,
            poll_seconds=settings.poll_seconds,
            heartbeat_seconds=settings.heartbeat_seconds,
            housekeeping_seconds=settings.housekeeping_seconds,
            graceful_stop_seconds=settings.graceful_stop_seconds,
        ),
        rules=Rules(settings.lease_seconds, settings.max_crashes, policy),
    )


def workshop(generator: Generator, telemetry: Telemetry, settings: Settings) -> Workshop:
    """Attempts at problems that cost what tracking costs and nothing else."""
    return Workshop(
        entity_types={"problem": unverified_problem()},
        generators={"problem": generator},
        policy=RetryPolicy(settings.max_attempts, settings.retry_base_seconds, settings.retry_cap_seconds),
        slot_timeout_seconds=settings.slot_timeout_seconds,
        telemetry=telemetry,
    )


def unverified_problem() -> EntityType:
    """The entity type `problem`, believing its generator."""
    return replace(entity_types()["problem"], verify=_believe)


def _believe(entity: Any, _constraints: Any) -> Any:
    return entity


class Prebuilt:
    """A generator that hands out one real, verified problem again and again, at once."""

    def __init__(self, problem: Problem) -> None:
        self._generated = Generated(problem)

    async def generate(self, order: GenerationOrder) -> Generated:
        """The problem."""
        return self._generated


async def a_problem() -> Problem:
    """One problem of usual size, verified."""
    constraints = ProblemConstraints(seed=1)
    order = GenerationOrder(request_id=UUID(int=7), slot_index=0, attempt=1, constraints=constraints)
    generated = await OfflineProblemGenerator().generate(order)
    verified = verify_problem(generated.entity, constraints)
    assert isinstance(verified, Problem)
    return verified


def submitter_for(database: Database, telemetry: Telemetry, *, most: int = 500) -> Submitter:
    """A submitter with the default settings."""
    settings = settings_for("postgresql://unused")
    return Submitter(
        database,
        telemetry,
        slot_timeout_seconds=settings.slot_timeout_seconds,
        overhead_seconds=settings.request_overhead_seconds,
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
