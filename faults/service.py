"""The whole service of one round: a fresh database, its processes, and a proxy on every way between them."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from faults.members import Member
from faults.proxy import Proxy, Side, proxy
from faults.server import Server
from lqs.cli.starting import free_port
from lqs.domain.api_key import Scope
from lqs.domain.ids import new_id
from lqs.lifecycle.keys import create_key
from lqs.settings import Settings
from lqs.storage import api_keys
from lqs.wiring import open_database

_READY_SECONDS = 60
PACE: Mapping[str, str] = MappingProxyType(
    {
        "LQS_GENERATOR": "simulated",
        "LQS_SIMULATED_LATENCY_SECONDS": "0.25",
        "LQS_SIMULATED_LATENCY_SIGMA": "0.6",
        "LQS_SIMULATED_FAILURES": '{"provider_timeout": 0.1, "content_refused": 0.03, "output_invalid": 0.05}',
        "LQS_SIMULATED_PRICE_MICROUSD": "50",
        "LQS_HEARTBEAT_SECONDS": "0.4",
        "LQS_LEASE_SECONDS": "2",
        "LQS_HOUSEKEEPING_SECONDS": "0.4",
        "LQS_POLL_SECONDS": "0.2",
        "LQS_SLOT_TIMEOUT_SECONDS": "3",
        "LQS_RETRY_BASE_SECONDS": "0.1",
        "LQS_RETRY_CAP_SECONDS": "2",
        "LQS_STATEMENT_TIMEOUT_SECONDS": "5",
        "LQS_LOCK_TIMEOUT_SECONDS": "1",
        "LQS_GRACEFUL_STOP_SECONDS": "3",
        "LQS_LOG_FORMAT": "json",
    }
)
"""Short latencies, leases and limits, so that faults play out in seconds."""
HASTY: Mapping[str, str] = MappingProxyType({"LQS_SLOT_TIMEOUT_SECONDS": "0.5", "LQS_REQUEST_OVERHEAD_SECONDS": "0.2"})
"""What the first API promises: deadlines so short that some pass."""


@dataclass(frozen=True, slots=True)
class Crew:
    """Which processes a round has, and with which settings beside `PACE`; `source` replaces the product's code."""

    workers: int = 2
    apis: int = 2
    owners: int = 4
    settings: Mapping[str, str] = field(default_factory=dict)
    hasty: bool = True
    source: Path | None = None


@dataclass
class Service:
    """A running service. Proxies by the member that they lead to the database, and those that lead to the APIs."""

    server: Server
    database: str
    folder: Path
    environment: Mapping[str, str]
    keys: list[str] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)
    workers: list[Member] = field(default_factory=list)
    apis: list[Member] = field(default_factory=list)
    to_database: dict[str, Proxy] = field(default_factory=dict)
    to_apis: list[Proxy] = field(default_factory=list)

    @property
    def members(self) -> list[Member]:
        """All processes."""
        return [*self.apis, *self.workers]

    @property
    def addresses(self) -> list[str]:
        """Where clients reach the APIs."""
        return [f"http://127.0.0.1:{way.port}" for way in self.to_apis]

    async def lqs(self, *words: str) -> tuple[int, str, str]:
        """Run a command of the product straight on the database: exit code, standard output, standard error."""
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "lqs.cli", *words],
            env={**os.environ, **self.environment, "LQS_DATABASE_URL": self.server.url_of(self.database)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    async def move_clock(self, offset: str | None) -> None:
        """The database's time is off by this interval, in every session from now on; the old sessions end."""
        change = "RESET lqs.clock_offset" if offset is None else f"SET lqs.clock_offset = '{offset}'"
        await self.server.ask_patiently(self.database, f"ALTER DATABASE {self.database} {change}")
        await self.end_sessions()

    async def end_sessions(self) -> int:
        """End every session of the processes; returns how many there were."""
        rows = await self.server.ask_patiently(
            self.database,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'lqs %'",
        )
        return len(rows)

    async def heal(self) -> None:
        """Every fault ends: the ways are open, nobody is frozen, everybody runs as usual and nobody is armed."""
        for way in (*self.to_apis, *self.to_database.values()):
            way.heal()
        await self.move_clock(None)
        for member in self.members:
            member.signal(signal.SIGCONT)
            member.arm(None)
            member.resting = False
        await self.until_ready()

    async def until_ready(self) -> None:
        """Wait until every process is past its start. Raises `RuntimeError` with what one said that does not start."""
        deadline = time.monotonic() + _READY_SECONDS
        for member in self.members:
            if not await member.until("works", seconds=max(0.0, deadline - time.monotonic())):
                raise RuntimeError(f"{member.name} does not start:\n{member.log.read_text(errors='replace')[-3000:]}")

    async def prepare(self, owners: int) -> None:
        """Make the tables, and owners with a key each. Raises `RuntimeError`."""
        code, _, said = await self.lqs("migrate")
        if code != 0:
            raise RuntimeError(f"lqs migrate ended with {code}: {said}")
        settings = Settings(database_url=self.server.url_of(self.database))
        async with open_database(settings, "faults") as database:
            for number in range(owners):
                owner_id = new_id()
                async with database.transaction() as connection:
                    await api_keys.insert_owner(connection, owner_id, name=f"owner {number}")
                key, _ = await create_key(database, owner_id=owner_id, name="faults", scopes=list(Scope))
                self.keys.append(key.text)
                self.owners.append(str(owner_id))


@asynccontextmanager
async def service(server: Server, folder: Path, crew: Crew) -> AsyncIterator[Service]:
    """Start a service on a fresh database, ready when this yields; at the end all of it is gone.

    `folder` takes what the processes say.
    """
    database = f"faults_{secrets.token_hex(4)}"
    await server.ask_patiently("postgres", f"CREATE DATABASE {database}")
    environment = {**PACE, **crew.settings, **({"PYTHONPATH": str(crew.source)} if crew.source else {})}
    made = Service(server, database, folder, environment)
    try:
        await made.prepare(crew.owners)
        async with AsyncExitStack() as stack:
            for number in range(1, crew.apis + 1):
                await _add_api(made, stack, number, HASTY if crew.hasty and number == 1 else {})
            for number in range(1, crew.workers + 1):
                await _add(made, stack, f"worker-{number}", ["worker"], {})
            async with _kept(made.members):
                await made.until_ready()
                yield made
    finally:
        await server.ask_patiently("postgres", f"DROP DATABASE {database} WITH (FORCE)")


async def _add_api(made: Service, stack: AsyncExitStack, number: int, settings: Mapping[str, str]) -> None:
    port = free_port("127.0.0.1", 0)
    await _add(made, stack, f"api-{number}", ["serve"], {"LQS_API_PORT": str(port), **settings})

    async def connect() -> Side:
        return await asyncio.open_connection("127.0.0.1", port)

    made.to_apis.append(await stack.enter_async_context(proxy(connect)))


async def _add(
    made: Service, stack: AsyncExitStack, name: str, command: Sequence[str], settings: Mapping[str, str]
) -> None:
    way = await stack.enter_async_context(proxy(made.server.connect))
    url = made.server.url_of(made.database, way.port)
    member = Member(name, command, {**made.environment, **settings, "LQS_DATABASE_URL": url}, made.folder)
    made.to_database[name] = way
    (made.workers if member.kind == "worker" else made.apis).append(member)


@asynccontextmanager
async def _kept(members: Sequence[Member]) -> AsyncIterator[None]:
    keepers = [asyncio.ensure_future(member.keep()) for member in members]
    try:
        yield
    finally:
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        await asyncio.gather(*(member.end() for member in members))
