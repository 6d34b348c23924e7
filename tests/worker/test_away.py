"""The database is away for a moment, in an unusual way: nobody ends, nothing is lost, everything goes on after."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import asyncpg
import pytest

from house import House
from lqs.dispatch.postgres import Announcer
from lqs.domain.generation_request import Status
from lqs.observability.telemetry import Telemetry
from lqs.storage.database import DatabaseUnavailable
from shift import Hand, at_work


@dataclass(frozen=True)
class Trouble:
    """What an operator, or a failover, does to a database, and how it is undone; told to another database."""

    begin: Sequence[str] = ()
    end: Sequence[str] = ()


CLOSE, OPEN = "ALTER DATABASE {name} ALLOW_CONNECTIONS false", "ALTER DATABASE {name} ALLOW_CONNECTIONS true"
TROUBLES = {
    "closed to connections": Trouble(),
    "renamed away": Trouble(
        ["ALTER DATABASE {name} RENAME TO {name}_away"], ["ALTER DATABASE {name}_away RENAME TO {name}"]
    ),
    "read-only": Trouble(
        ["ALTER DATABASE {name} SET default_transaction_read_only = on", OPEN],
        ["ALTER DATABASE {name} RESET default_transaction_read_only", CLOSE],
    ),
}


@asynccontextmanager
async def in_trouble(creating: asyncpg.Connection, url: str, trouble: Trouble) -> AsyncIterator[None]:
    """No session of the database survives its beginning, nor any that began in it its end."""
    name = urlsplit(url).path.removeprefix("/")
    await creating.execute(CLOSE.format(name=name))
    await _end_sessions(creating, name)
    for statement in trouble.begin:
        await creating.execute(statement.format(name=name))
    yield
    for statement in trouble.end:
        await creating.execute(statement.format(name=name))
    await _end_sessions(creating, name)
    await creating.execute(OPEN.format(name=name))


async def _end_sessions(creating: asyncpg.Connection, name: str) -> None:
    # The time limit of pg_terminate_backend is that of waiting for the session to be gone.
    await creating.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1", name)


@pytest.fixture
def settled(home: House) -> Callable[[], Awaitable[bool]]:
    async def ask() -> bool:
        try:
            return await home.rows("SELECT id FROM generation_requests WHERE completed_at IS NULL") == []
        except (DatabaseUnavailable, asyncpg.PostgresError):
            return False

    return ask


@pytest.mark.parametrize("name", TROUBLES)
async def test_a_worker_outlives_trouble_with_what_it_holds(home, creating, eventually, settled, name):
    """Results arrive while the database is away; a heartbeat, a claim, a duty and the doorbell meet the trouble too."""
    request_id = await home.submit(4)
    hand = Hand()
    async with at_work(home.url, hand) as shift:

        async def told(*names: str) -> bool:
            return all(shift.names[name] >= 2 for name in names)

        async def begun() -> int:
            return len(hand.orders)

        await eventually(begun, equals=4)
        async with in_trouble(creating, home.url, TROUBLES[name]):
            hand.open.set()
            lost = [] if name == "read-only" else ["doorbell.lost"]
            await eventually(lambda: told("settle.waits", "heartbeat.missed", "claim.waits", "duty.skipped", *lost))
            assert not shift.running.done()
        await eventually(settled)
        after_id = await home.submit(2)
        await eventually(settled)
    broke = [happening.name for happening in shift.happenings if happening.error is not None]
    assert broke == []
    assert (await home.read(after_id)).status is Status.COMPLETED
    view = await home.read(request_id)
    assert (view.status, view.model_calls) == (Status.COMPLETED, 4)
    assert [slot.attempts for slot in view.slots] == [1, 1, 1, 1]
    assert shift.names["worker.taken_for_dead"] == 0


@pytest.mark.parametrize("name", TROUBLES)
async def test_the_doorbell_rings_again_after_trouble(home, creating, eventually, settled, name):
    """Neither who announces nor who listens has ended: with a poll that is due never, the work is found at once."""
    happenings = []
    announcer = Announcer(home.database, Telemetry(happenings.append))
    announcing = asyncio.create_task(announcer.run())
    async with at_work(home.url, Hand.opened(), poll_seconds=60) as shift:

        async def heard() -> bool:
            return name == "read-only" or (shift.names["doorbell.lost"] > 0 and bool(happenings))

        await eventually(_stands(shift))
        async with in_trouble(creating, home.url, TROUBLES[name]):
            announcer.announce()
            await eventually(heard)
        for _ in range(2):
            await home.submit(1)
            announcer.announce()
            await eventually(settled, seconds=30)
    assert not announcing.done()
    announcing.cancel()
    await asyncio.wait([announcing])


def _stands(shift):
    async def ask() -> bool:
        return shift.names["worker.started"] == 1

    return ask
