"""The real application on a real database, called in this process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from house import House, failed, generated
from lqs.api.app import build
from lqs.domain.api_key import Scope
from lqs.domain.entity_type import EntityType
from lqs.domain.ids import new_id
from lqs.generators.catalog import entity_types
from lqs.lifecycle.keys import create_key
from lqs.lifecycle.watch import Watch
from lqs.settings import Settings
from lqs.storage import api_keys
from lqs.storage.database import Database
from lqs.wiring import ApiParts, migrate_all, open_api_parts, open_worker_parts
from lqs.worker.worker import Worker


@dataclass(frozen=True)
class Api:
    """The application, and callers of it."""

    transport: httpx.ASGITransport
    database: Database
    settings: Settings
    app: FastAPI

    @property
    def watch(self) -> Watch:
        """Who waits at this application."""
        parts: ApiParts = self.app.state.parts
        return parts.watch

    async def owner(self, *scopes: Scope) -> "Caller":
        """A new owner with a key of these scopes; without any, of all."""
        owner_id = new_id()
        async with self.database.transaction() as connection:
            await api_keys.insert_owner(connection, owner_id, name=str(owner_id))
        return await self.caller(owner_id, *scopes)

    async def caller(self, owner_id: UUID, *scopes: Scope) -> "Caller":
        """Another key of an owner."""
        key, view = await create_key(self.database, owner_id=owner_id, name="test", scopes=list(scopes) or list(Scope))
        client = httpx.AsyncClient(
            transport=self.transport, base_url="http://lqs", headers={"Authorization": f"Bearer {key.text}"}
        )
        return Caller(client, owner_id, view.key_id)

    def anonymous(self) -> httpx.AsyncClient:
        """Somebody without a key."""
        return httpx.AsyncClient(transport=self.transport, base_url="http://lqs")


@dataclass(frozen=True)
class Caller:
    """Somebody with a key."""

    http: httpx.AsyncClient
    owner_id: UUID
    key_id: str


VOLATILE = frozenset({"poll_after_ms", "progress", "health"})
"""What a generation request tells beside what is stored: it may change while the version does not."""


def durable(body: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored of a generation request."""
    return {name: value for name, value in body.items() if name not in VOLATILE}


@asynccontextmanager
async def in_a_task(body: Callable[[asyncio.Event, asyncio.Event], Awaitable[None]]) -> AsyncIterator[None]:
    """Run `body(ready, leave)` in one task from start to end, because task groups may not change tasks."""
    ready, leave = asyncio.Event(), asyncio.Event()
    task = asyncio.ensure_future(body(ready, leave))
    waiting = asyncio.ensure_future(ready.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        waiting.cancel()
        await task
    yield
    leave.set()
    await task


@asynccontextmanager
async def serving(
    database: Database, settings: Settings, types: Mapping[str, EntityType] | None = None
) -> AsyncIterator[Api]:
    """The application with these settings, for the registered entity types or these."""
    app = build(list((types or entity_types()).values()), lambda: open_api_parts(settings, types))

    async def serve(ready: asyncio.Event, leave: asyncio.Event) -> None:
        async with app.router.lifespan_context(app):
            ready.set()
            await leave.wait()

    async with in_a_task(serve):
        yield Api(httpx.ASGITransport(app), database, settings, app)


@pytest.fixture
async def api(database: Database, database_url: str) -> AsyncIterator[Api]:
    """The application, without a worker: what is submitted stays pending."""
    await migrate_all(database)
    async with serving(database, Settings(database_url=database_url, log_level="error")) as api:
        yield api


@pytest.fixture
def other_api(api: Api) -> Callable[..., AbstractAsyncContextManager[Api]]:
    """A second process of the API on the same database, as it were, with settings of its own."""
    return lambda **settings: serving(api.database, api.settings.model_copy(update=settings))


@pytest.fixture
async def alice(api: Api) -> Caller:
    """An owner with a key for everything."""
    return await api.owner()


@asynccontextmanager
async def at_work(api: Api) -> AsyncIterator[None]:
    """A real worker with the settings of this API, in this process."""

    async def work(ready: asyncio.Event, leave: asyncio.Event) -> None:
        async with open_worker_parts(api.settings) as parts:
            worker = Worker(parts)
            running = asyncio.ensure_future(worker.run())
            ready.set()
            await leave.wait()
            worker.stop()
            await running

    async with in_a_task(work):
        yield


@pytest.fixture
async def worker(api: Api) -> AsyncIterator[None]:
    """A real worker with the offline generator."""
    async with at_work(api):
        yield


@pytest.fixture
async def house(api: Api, alice: Caller) -> House:
    """The steps of the lifecycle behind this API, for Alice."""
    return House(api.database, api.settings.database_url or "", alice.owner_id)


async def done(house: House, count: int, *failing: int) -> str:
    """A generation request of which these slots failed."""
    request_id, worker_id, slots = await house.claimed(count)
    await house.settle(worker_id, *((failed if slot.index in failing else generated)(slot) for slot in slots))
    return str(request_id)


async def purge(house: House, request_id: str) -> None:
    """What a purge leaves: entities and a tombstone."""
    async with house.database.transaction() as connection:
        await connection.execute(
            "INSERT INTO tombstones SELECT id, owner_id, entity_type, status, end_reason, run, requested_count,"
            " generated_count, failed_count, cancelled_count, requested_at, completed_at, '2026-11-23T00:00:00Z',"
            " lqs_now() + interval '30 days' FROM generation_requests WHERE id = $1",
            request_id,
        )
        await connection.execute(
            "UPDATE dead_letters d SET attempts = (SELECT jsonb_agg(to_jsonb(a) ORDER BY a.fence) FROM slot_attempts a"
            " WHERE a.request_id = d.request_id AND a.index = d.slot_index) WHERE request_id = $1",
            request_id,
        )
        for table in ("slots", "slot_attempts", "generation_events", "runs"):
            await connection.execute(f"DELETE FROM {table} WHERE request_id = $1", request_id)
        await connection.execute("DELETE FROM generation_requests WHERE id = $1", request_id)
