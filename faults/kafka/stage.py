"""What one fault is done to: workers as processes on a broker, and work that comes in as long as it lasts."""

import asyncio
import json
import random
import secrets
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from uuid import UUID

from broker.cluster import Cluster
from faults.members import Member
from faults.server import Server
from faults.service import Crew, Service, service
from lqs.dispatch.kafka.access import Access
from lqs.dispatch.kafka.topic_plans import TopicName, TopicPlan
from lqs.dispatch.kafka.topics import Topics
from lqs.lifecycle.submission import Defaults, Submission
from lqs.lifecycle.submit import Submitter
from lqs.observability.telemetry import Telemetry
from lqs.settings import Settings
from lqs.storage.database import Database, DatabaseUnavailable
from lqs.storage.invariants import violations
from lqs.wiring import open_database

CAPACITY = 20
WORKERS = 3
PARTITIONS = 12
_SLOTS_A_SECOND = 90
_MOST_WAITING_SLOTS = 400
_QUIET_SECONDS = 90.0
_LOOK_SECONDS = 0.05
_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "LQS_WORKER_CAPACITY": str(CAPACITY),
        "LQS_SIMULATED_FAILURES": "{}",
        "LQS_SIMULATED_LATENCY_SIGMA": "0.3",
        "LQS_MAX_CRASHES": "20",  # whoever kills workers all day must not end slots by it
        "LQS_KAFKA_AGAIN_SECONDS": "3",
        "LQS_POLL_SECONDS": "1",  # or workers would look for themselves before they hear anything
        "LQS_LOG_LEVEL": "debug",
    }
)


@dataclass
class Found:
    """What one fault did, and what the database says of it afterwards."""

    kind: str
    protocol: str = "classic"
    brokers: int = 1
    hits: int = 0
    seconds: float = 0.0
    requests: int = 0
    slots: int = 0
    entities: int = 0
    lost: int = 0
    doubled: int = 0
    crashes: int = 0
    named: int = 0
    repeated: int = 0
    unreadable: int = 0
    most_in_flight: int = 0
    broken: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether the fault was done, all work too, and nothing was lost, doubled, broken or too much at once."""
        return bool(self.hits and self.slots) and not (
            self.lost or self.doubled or self.broken or self.most_in_flight > CAPACITY
        )

    @property
    def line(self) -> str:
        """The figures in one line."""
        shown = {name: value for name, value in vars(self).items() if name not in ("kind", "broken", "seconds")}
        words = " ".join(f"{name}={value}" for name, value in shown.items())
        verdict = "ok" if self.sound else "WRONG"
        return f"{self.kind}: {words} cap={CAPACITY} breaches={len(self.broken)} seconds={self.seconds:.1f} {verdict}"


@dataclass
class Stage:
    """Workers on a broker, under load."""

    running: Service
    cluster: Cluster
    access: Access
    database: Database
    rng: random.Random
    accepted: list[UUID] = field(default_factory=list)

    @property
    def workers(self) -> list[Member]:
        """The processes."""
        return self.running.workers

    def leader(self) -> Member | None:
        """The worker whose relay was last to lead, if it lives."""
        leading = [member for member in self.workers if member.lives and member.said(b'"relay.leads"')]
        return leading[0] if leading else None

    async def listens(self) -> bool:
        """Whether every worker has partitions to hear from."""
        return all(member.said(b'"intake.assigned"') for member in self.workers)

    async def until(self, so: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
        """Wait for something. Raises `TimeoutError`."""
        async with asyncio.timeout(seconds):
            while not await so():
                await asyncio.sleep(_LOOK_SECONDS)

    async def until_holding(self, member: Member) -> None:
        """Wait until this worker holds slots."""
        pid = member.process.pid if member.process else 0

        async def so() -> bool:
            held = f"worker_id IN (SELECT id FROM workers WHERE pid = {pid})"
            return await self.count(f"status = 'processing' AND {held}") > 0

        await self.until(so)

    async def until_settled(self, slots: int) -> None:
        """Wait until so many more slots are settled than now."""
        goal = await self.count("status = 'generated'") + slots

        async def so() -> bool:
            return await self.count("status = 'generated'") >= goal

        await self.until(so, 60)

    async def count(self, condition: str) -> int:
        """How many slots fulfil a condition; patient with a database under load."""
        [row] = await self.running.server.ask_patiently(
            self.running.database, f"SELECT count(*) AS n FROM slots WHERE {condition}"
        )
        return int(row["n"])


@asynccontextmanager
async def stage(
    server: Server, cluster: Cluster, folder: Path, *, protocol: str = "classic", rng: random.Random
) -> AsyncIterator[Stage]:
    """A fresh database, topics of their own, and workers that are ready."""
    name = f"faults-{secrets.token_hex(4)}"
    access = Access(cluster.servers, topic_prefix=name, group_id=name, group_protocol=protocol)
    plans = {topic: TopicPlan(topic, PARTITIONS, 3_600_000) for topic in TopicName}
    await asyncio.to_thread(Topics(access, plans).ensure, replicas=len(cluster.nodes))
    kafka = {
        "LQS_KAFKA_BOOTSTRAP_SERVERS": access.bootstrap_servers,
        "LQS_KAFKA_TOPIC_PREFIX": name,
        "LQS_KAFKA_GROUP_ID": name,
        "LQS_KAFKA_GROUP_PROTOCOL": protocol,
    }
    async with service(server, folder, Crew(WORKERS, 0, 3, {**_SETTINGS, **kafka}, hasty=False)) as running:
        url = server.url_of(running.database)
        async with open_database(Settings(database_url=url), "faults") as database:
            ready = Stage(running, cluster, access, database, rng)
            await ready.until(ready.listens, 60)
            yield ready


@asynccontextmanager
async def under_load(on: Stage) -> AsyncIterator[None]:
    """Work comes in for as long as this lasts, a little faster than it can be done."""
    submitter = Submitter(on.database, Telemetry(), Defaults(slot_timeout_seconds=20, overhead_seconds=600))
    tasks = [asyncio.ensure_future(submitter.run()), asyncio.ensure_future(_submit(on, submitter))]
    try:
        yield
    finally:
        for task in reversed(tasks):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _submit(on: Stage, submitter: Submitter) -> None:
    owners = [UUID(owner) for owner in on.running.owners]
    while True:
        if await on.count("status = 'pending'") > _MOST_WAITING_SLOTS:
            await asyncio.sleep(_LOOK_SECONDS)
            continue
        wishes = [
            Submission(
                owner_id=on.rng.choice(owners),
                operation="POST /problems/generate",
                entity_type="problem",
                count=on.rng.randint(1, 10),
                constraints={},
                metadata={},
                idempotency_key=None,
            )
            for _ in range(3)
        ]
        try:
            on.accepted += [(await submitter.submit(wish)).request_id for wish in wishes]
        except DatabaseUnavailable:
            continue
        await asyncio.sleep(sum(wish.count for wish in wishes) / _SLOTS_A_SECOND)


async def judge(on: Stage, found: Found, *, quiet_seconds: float = _QUIET_SECONDS) -> None:
    """Everybody runs again; all that was accepted must end, and then the database is asked."""
    for member in on.workers:
        member.signal(signal.SIGCONT)
        member.arm(None)
        member.resting = False
    deadline = time.monotonic() + quiet_seconds
    while time.monotonic() < deadline and await on.count("status NOT IN ('generated', 'failed', 'cancelled')"):
        await asyncio.sleep(_LOOK_SECONDS)
    async with on.database.acquire() as connection:
        row = await connection.fetchrow(
            "SELECT count(*) AS requests, coalesce(sum(requested_count), 0) AS slots,"
            " count(*) FILTER (WHERE status = 'completed') AS completed,"
            " (SELECT count(*) FROM entities) AS entities,"
            " (SELECT count(DISTINCT (generation_request_id, slot_index)) FROM entities) AS filled,"
            " (SELECT coalesce(sum(crashes), 0) FROM slots) AS crashes,"
            " (SELECT array_agg(id) FROM generation_requests) AS ids FROM generation_requests"
        )
        assert row is not None
        found.broken += map(str, await violations(connection))
    missing = set(on.accepted) - set(row["ids"] or ())
    found.requests, found.slots, found.entities = row["requests"], row["slots"], row["entities"]
    found.lost = len(missing) + found.requests - row["completed"] + max(0, found.slots - row["filled"])
    found.doubled = found.entities - row["filled"]
    found.crashes = row["crashes"]
    _read_logs(on, found)


def _read_logs(on: Stage, found: Found) -> None:
    """What the workers have said in all their lives."""
    for log in sorted(on.running.folder.glob("worker-*.log")):
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            if not line.startswith("{"):
                continue
            try:
                said = json.loads(line)
            except ValueError:
                continue  # its process was killed as it wrote
            match said.get("event"):
                case "slots.named":
                    found.named += said["slots"]
                    found.repeated += said["repeated"]
                case "slots.claimed":
                    found.most_in_flight = max(found.most_in_flight, said["in_flight"])
                case "message.refused":
                    found.unreadable += 1
            if said.get("level") == "error":
                found.broken.append(f"{log.name}: {said.get('event')}: {str(said.get('exception'))[-300:]}")
