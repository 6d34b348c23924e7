"""Single misfortunes, brought about on purpose: what one planted bug, or one promise, needs to show itself.

A scenario only makes things happen; what is right or wrong afterwards is said by the same record and the same audit as
after a whole round.
"""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from faults.load import Visitor, load
from faults.members import Member
from faults.record import Record
from faults.service import Crew, Service
from lqs.crash_points import CrashPoint

_SOON = 12.0


@dataclass(frozen=True, slots=True)
class Stage:
    """A running service with its clients, the first of which is of the first owner."""

    service: Service
    record: Record
    visitors: Sequence[Visitor]

    @property
    def visitor(self) -> Visitor:
        """A client."""
        return self.visitors[0]

    @property
    def worker(self) -> Member:
        """The first worker, to which the misfortune happens."""
        return self.service.workers[0]

    async def ask(self, count: int) -> str | None:
        """A wish of this client with a key, sent once; its id if it was acknowledged."""
        mark = len(self.record.wishes)
        return await self.visitor.ask(self.record.wish(self.visitor.owner, key=f"key-{mark}", count=count))

    async def expect(self, request_id: str | None, *, seconds: float) -> None:
        """See that a generation request ends within this time."""
        assert request_id is not None
        await self.visitor.follow(request_id, seconds=seconds)
        if request_id in self.record.open():
            self.record.fault("stuck", f"{request_id} is not done after {seconds:.0f} s")

    async def until(self, condition: str, seconds: float = _SOON) -> None:
        """Wait until the database says so. Raises `TimeoutError`."""
        async with asyncio.timeout(seconds):
            while True:
                [row] = await self.service.server.ask_patiently(self.service.database, f"SELECT ({condition}) AS so")
                if row["so"]:
                    return
                await asyncio.sleep(0.03)

    async def until_said(self, member: Member, words: bytes, seconds: float = _SOON) -> None:
        """Wait until a process has said this since its last start. Raises `TimeoutError`."""
        async with asyncio.timeout(seconds):
            while not member.said(words):
                await asyncio.sleep(0.03)

    async def restart(self, member: Member, point: CrashPoint | None, *, freeze: bool = False, **settings: str) -> None:
        """Kill a process and start it again, armed."""
        member.arm(point, freeze=freeze, **settings)
        starts = member.starts
        member.signal(signal.SIGKILL)
        member.resting = False
        await member.until_started_after(starts)

    def send_away(self, member: Member) -> None:
        """Kill a process, and do not start it again."""
        member.resting = True
        member.signal(signal.SIGKILL)


Act = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens, and to which service. `quiet_seconds`: how long afterwards everything may take to end."""

    act: Act
    crew: Crew
    quiet_seconds: float = 8.0


def _crew(workers: int = 1, *, hasty: bool = False, apis: int = 1, **settings: str) -> Crew:
    quiet = {
        "simulated_failures": "{}",
        "simulated_latency_sigma": "0",
        "heartbeat_seconds": "0.2",
        "lease_seconds": "1",
        "housekeeping_seconds": "0.2",
        "log_level": "debug",
        **settings,
    }
    return Crew(workers, apis, 2, {f"LQS_{name.upper()}": value for name, value in quiet.items()}, hasty)


async def everyday(stage: Stage, *, seconds: float) -> None:
    """Nothing happens; clients live."""
    async with load(stage.visitors):
        await asyncio.sleep(seconds)


async def zombie(stage: Stage, *, others_done: bool) -> None:
    """A worker freezes with results in its hands; its slots go to another, and then it thaws.

    By then the other one has finished, or it is still at work.
    """
    frozen, other = stage.service.workers
    stage.send_away(other)
    await stage.restart(frozen, CrashPoint.SETTLE_BEGUN, freeze=True)
    await frozen.until("works", seconds=_SOON)
    await stage.ask(4)
    await frozen.until_passed(CrashPoint.SETTLE_BEGUN, seconds=_SOON)
    await stage.restart(other, None, simulated_latency_seconds="0.05" if others_done else "2.5")
    if others_done:
        await stage.until("NOT EXISTS (SELECT FROM generation_requests WHERE completed_at IS NULL)")
    else:
        await stage.until("(SELECT count(*) FROM slots WHERE status = 'processing' AND crashes = 1) = 4")
    frozen.signal(signal.SIGCONT)
    await stage.until_said(frozen, b'"slots.settled"')


async def worker_dies(stage: Stage, *, point: CrashPoint, wishes: int = 1) -> None:
    """A worker dies at this place, and comes back."""
    await stage.restart(stage.worker, point)
    await stage.worker.until("works", seconds=_SOON)
    await asyncio.gather(*(stage.ask(5) for _ in range(wishes)))
    await stage.worker.until_passed(point, seconds=_SOON)


async def api_dies(stage: Stage, *, point: CrashPoint) -> None:
    """An API dies at this place while it takes a wish."""
    [api] = stage.service.apis
    await stage.restart(api, point)
    await api.until("works", seconds=_SOON)
    await stage.ask(2)
    await api.until_passed(point, seconds=_SOON)


async def server_dies(stage: Stage) -> None:
    """The server is killed the moment after wishes were acknowledged, three times."""
    for _ in range(3):
        async with asyncio.timeout(_SOON):
            while not await stage.ask(1):
                await asyncio.sleep(0.1)
        await asyncio.gather(*(stage.ask(1) for _ in range(5)))
        await stage.service.server.kill()


async def answer_lost(stage: Stage, *, statement: str) -> None:
    """The answer to the first commit after this statement of a worker is lost."""
    stage.send_away(stage.worker)
    await stage.ask(5)
    way = stage.service.to_database[stage.worker.name]
    way.lose_the_answer_after(f"-- {statement}\n".encode(), b"COMMIT;")
    await stage.restart(stage.worker, None)
    async with asyncio.timeout(_SOON):
        while not way.lost_answers:
            await asyncio.sleep(0.02)


async def silent(stage: Stage) -> None:
    """A worker is frozen until another takes it for dead; then that one goes, and the thawed one is alone."""
    frozen, other = stage.service.workers
    assert frozen.process is not None
    frozen.signal(signal.SIGSTOP)
    await stage.until(f"EXISTS (SELECT FROM workers WHERE pid = {frozen.process.pid} AND dead_at IS NOT NULL)")
    stage.send_away(other)
    frozen.signal(signal.SIGCONT)
    await stage.expect(await stage.ask(2), seconds=6)


async def cut_off(stage: Stage) -> None:
    """A worker cannot reach the server while it holds results, for a second."""
    await stage.restart(stage.worker, CrashPoint.SETTLE_BEGUN, freeze=True, lease_seconds="30")
    await stage.worker.until("works", seconds=_SOON)
    await stage.ask(4)
    await stage.worker.until_passed(CrashPoint.SETTLE_BEGUN, seconds=_SOON)
    way = stage.service.to_database[stage.worker.name]
    way.refusing = True
    way.cut(reset=True)
    stage.worker.signal(signal.SIGCONT)
    await stage.until_said(stage.worker, b'"settle.waits"')
    way.heal()


async def cancelled(stage: Stage) -> None:
    """A wish is cancelled gracefully while no worker is there; then one comes."""
    stage.send_away(stage.worker)
    request_id = await stage.ask(5)
    assert request_id is not None
    await stage.visitor.cancel(request_id, "graceful")
    await stage.restart(stage.worker, None)
    await stage.visitor.follow(request_id, seconds=4)


async def deadlines(stage: Stage) -> None:
    """Many deadlines pass while some results are there, some are on their way, and some wait."""
    for _ in range(4):
        await asyncio.gather(*(stage.ask(2) for _ in range(5)))
        await asyncio.sleep(0.3)
    until = time.monotonic() + 4
    while time.monotonic() < until:
        await asyncio.gather(*map(stage.visitor.look, list(stage.record.open())))


SCENARIOS: Mapping[str, Scenario] = {
    "everyday": Scenario(
        partial(everyday, seconds=4),
        _crew(2, simulated_latency_sigma="1", simulated_failures='{"provider_timeout": 0.3}', settle_batch_slots="3"),
    ),
    "zombie, others at work": Scenario(partial(zombie, others_done=False), _crew(2)),
    "zombie, others done": Scenario(partial(zombie, others_done=True), _crew(2)),
    "worker dies, moved but not committed": Scenario(
        partial(worker_dies, point=CrashPoint.SETTLE_BOOKED), _crew(settle_buffer_seconds="0.2")
    ),
    "worker dies, some settled": Scenario(
        partial(worker_dies, point=CrashPoint.SETTLE_COMMITTED),
        _crew(simulated_latency_sigma="1.5", settle_buffer_seconds="0"),
    ),
    "worker dies, models asked": Scenario(partial(worker_dies, point=CrashPoint.MODEL_ASKED), _crew()),
    "api dies, keys taken": Scenario(partial(api_dies, point=CrashPoint.SUBMIT_KEYS_TAKEN), _crew()),
    "api dies, stored but not committed": Scenario(partial(api_dies, point=CrashPoint.SUBMIT_STORED), _crew()),
    "server dies": Scenario(server_dies, _crew()),
    "answer to a settle lost": Scenario(partial(answer_lost, statement="claims.settle"), _crew()),
    "answer to a claim lost": Scenario(partial(answer_lost, statement="claims.claim"), _crew()),
    "cancelled before it began": Scenario(cancelled, _crew()),
    "silent worker": Scenario(silent, _crew(2)),
    "cut off with results": Scenario(cut_off, _crew()),
    "deadlines pass": Scenario(
        deadlines, _crew(hasty=True, simulated_latency_sigma="1", simulated_latency_seconds="0.4")
    ),
}
"""Every scenario by its name."""
