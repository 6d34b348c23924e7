"""Every kind of fault: how it is done to a running service, and how it is undone.

A kind is an asynchronous function that does it once and returns whether it hit anything; it stands in the table of the
lane whose target it is done to. Random choices come from the lane's own generator, so from the seed.
"""

import asyncio
import random
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from faults.members import START_SECONDS, Member
from faults.proxy import Proxy
from faults.server import send
from faults.service import Service

LEASE_SECONDS = 2.0
_WAY_USED_SECONDS = 30.0
"""Nobody passes while the process at its end starts, which takes long on a machine that has other things to do."""
_TRAP_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class Target:
    """What a lane does its faults to: one process with its way to the database, or the server, or the clients' ways."""

    service: Service
    rng: random.Random
    member: Member | None = None

    @property
    def process(self) -> Member:
        """The process of this lane."""
        assert self.member is not None
        return self.member

    @property
    def way(self) -> Proxy:
        """Its way to the database; without a process, one of the clients' ways to an API."""
        if self.member is None:
            return self.rng.choice(self.service.to_apis)
        return self.service.to_database[self.member.name]


Kind = Callable[[Target], Awaitable[bool]]


async def killed(target: Target) -> bool:
    """SIGKILL to a process; of an API sometimes to one of its two alone."""
    member = target.process
    if not await member.until("works", seconds=START_SECONDS):
        return False
    if member.kind == "api" and target.rng.random() < 0.4:
        victim = target.rng.choice(member.family())
        send(victim.pid, signal.SIGKILL)
        return True
    return member.signal(signal.SIGKILL) > 0


async def frozen(target: Target) -> bool:
    """SIGSTOP, then SIGCONT: within the lease, or long after it."""
    member = target.process
    if not await member.until("works", seconds=START_SECONDS) or not member.signal(signal.SIGSTOP):
        return False
    try:
        await asyncio.sleep(LEASE_SECONDS * target.rng.choice([0.2, 0.5, 1.3, 1.8]))
    finally:
        member.signal(signal.SIGCONT)
    return True


async def told_to_stop(target: Target) -> bool:
    """SIGTERM, and a second one if the first takes long."""
    member = target.process
    if not await member.until("works", seconds=START_SECONDS) or member.process is None:
        return False
    send(member.process.pid, signal.SIGTERM)
    starts = member.starts
    for _ in range(40):
        await asyncio.sleep(0.1)
        if member.starts != starts or not member.lives:
            return True
    send(member.process.pid, signal.SIGTERM)
    return True


async def cut(target: Target, *, reset: bool) -> bool:
    """Every connection of a way ends, with a farewell or with a reset; then none can be made for a moment."""
    way = await _way_in_use(target)
    hit = way.cut(reset=reset)
    if target.rng.random() < 0.3:
        way.refusing = True
        await asyncio.sleep(target.rng.uniform(0.1, 0.8))
        way.refusing = False
    return hit > 0


async def _way_in_use(target: Target) -> Proxy:
    """A way of the target as soon as something passes over it; one that nobody uses if that takes too long."""
    until = time.monotonic() + _WAY_USED_SECONDS
    while not (way := target.way).connections and time.monotonic() < until:
        await asyncio.sleep(0.05)
    return way


async def slow(target: Target) -> bool:
    """Everything takes longer on a way."""
    way = await _way_in_use(target)
    way.delay_seconds = target.rng.choice([0.02, 0.1, 0.4])
    hit = way.connections
    await asyncio.sleep(target.rng.uniform(0.3, 1.5))
    way.delay_seconds = 0.0
    return max(hit, way.connections) > 0


async def black_hole(target: Target) -> bool:
    """Nothing passes, nobody is told; in the end what was sent arrives late, or the connections are gone."""
    way = await _way_in_use(target)
    hit = way.connections
    way.swallow()
    await asyncio.sleep(target.rng.choice([0.3, 1.0, 2.5]))
    if target.rng.random() < 0.5:
        hit = max(hit, way.cut(reset=True))
    way.heal()
    return hit > 0


async def commit_answer_lost(target: Target) -> bool:
    """The server commits, and the connection ends before it can say so."""
    way = await _way_in_use(target)
    before = way.lost_answers
    way.lose_the_answer_after(b"COMMIT;")
    return await _grows(way, lambda: way.lost_answers, before)


async def answer_torn(target: Target) -> bool:
    """An answer ends in its middle."""
    way = await _way_in_use(target)
    before = way.torn_answers
    way.tear_the_answer_after(target.rng.choice([1, 20, 150, 400]))
    return await _grows(way, lambda: way.torn_answers, before)


async def _grows(way: Proxy, counted: Callable[[], int], before: int) -> bool:
    """Whether this trap of a way snapped soon; one that did not is taken away."""
    until = time.monotonic() + _TRAP_SECONDS
    while counted() == before and time.monotonic() < until:
        await asyncio.sleep(0.05)
    way.heal()
    return counted() > before


async def sessions_terminated(target: Target) -> bool:
    """`pg_terminate_backend` for every session of the service."""
    return await target.service.end_sessions() > 0


async def session_killed(target: Target) -> bool:
    """SIGKILL to one session of the server, which then ends all others and recovers."""
    [row] = await target.service.server.ask_patiently(
        target.service.database,
        "SELECT coalesce(min(pid), 0) AS pid FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'lqs %'",
    )
    if row["pid"]:
        send(row["pid"], signal.SIGKILL)
    return bool(row["pid"])


async def server_killed(target: Target) -> bool:
    """SIGKILL to the server and all its sessions."""
    return await target.service.server.kill() > 0


async def server_frozen(target: Target) -> bool:
    """The whole server stands still."""
    with target.service.server.frozen() as processes:
        await asyncio.sleep(target.rng.choice([0.3, 1.0, 2.5]))
    return processes > 0


async def disk_full(target: Target) -> bool:
    """Nothing more fits on the server's disk for a while."""
    with target.service.server.full_disk():
        await asyncio.sleep(target.rng.uniform(0.5, 2.0))
    return True


async def clock_jumped(target: Target) -> bool:
    """The database's clock jumps, and after a while back."""
    await target.service.move_clock(target.rng.choice(["3 seconds", "25 seconds", "2 hours", "-5 seconds", "-1 hour"]))
    await asyncio.sleep(target.rng.uniform(0.5, 2.5))
    await target.service.move_clock(None)
    return True


Kinds = Mapping[str, tuple[Kind, float]]
"""A kind's function by its name, and how often it is chosen compared with the others of its lane."""

TO_DATABASE: Kinds = MappingProxyType(
    {
        "database_cut": (partial(cut, reset=False), 2),
        "database_reset": (partial(cut, reset=True), 2),
        "database_slow": (slow, 2),
        "database_black_hole": (black_hole, 1),
        "commit_answer_lost": (commit_answer_lost, 2),
        "database_answer_torn": (answer_torn, 2),
    }
)
WORKER: Kinds = MappingProxyType(
    {
        **TO_DATABASE,
        "worker_killed": (killed, 3),
        "worker_frozen": (frozen, 2),
        "worker_told_to_stop": (told_to_stop, 1),
    }
)
API: Kinds = MappingProxyType({**TO_DATABASE, "api_killed": (killed, 1.5), "api_frozen": (frozen, 1.5)})
SERVER: Kinds = MappingProxyType(
    {
        "sessions_terminated": (sessions_terminated, 6),
        "session_killed": (session_killed, 1.5),
        "server_killed": (server_killed, 1.5),
        "server_frozen": (server_frozen, 1.5),
        "clock_jumped": (clock_jumped, 2),
        "disk_full": (disk_full, 1),
    }
)
CLIENTS: Kinds = MappingProxyType(
    {
        "client_cut": (partial(cut, reset=False), 2),
        "client_reset": (partial(cut, reset=True), 2),
        "client_slow": (slow, 2),
        "client_black_hole": (black_hole, 1),
        "client_answer_torn": (answer_torn, 2),
    }
)
