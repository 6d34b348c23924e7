"""A service at work is backed up, its server is lost, and a fresh one goes on where the backup was made."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.cli.calling import Caller

from conftest import opened
from house import breaches
from lqs.storage.embedded import EmbeddedPostgres
from running import Service, first_key, running_service

BUSY = {
    "LQS_GENERATOR": "simulated",
    "LQS_SIMULATED_LATENCY_SECONDS": "0.5",
    "LQS_SIMULATED_FAILURES": '{"provider_timeout": 0.1}',
    "LQS_WORKER_CAPACITY": "4",
    "LQS_GRACEFUL_STOP_SECONDS": "0",
}
BRISK = {
    **BUSY,
    "LQS_SIMULATED_LATENCY_SECONDS": "0.02",
    "LQS_WORKER_CAPACITY": "500",
    "LQS_LEASE_SECONDS": "4",
    "LQS_HOUSEKEEPING_SECONDS": "0.5",
    "LQS_RETRY_BASE_SECONDS": "0.1",
}
WISH = {"count": 3}


@asynccontextmanager
async def client_of(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {service.key}"}
    async with httpx.AsyncClient(base_url=service.url, headers=headers, timeout=30) as client:
        yield client


async def ask(client: httpx.AsyncClient, key: str) -> httpx.Response:
    answer = await client.post("/problems/generate", json=WISH, headers={"Idempotency-Key": key})
    assert answer.status_code == 202, answer.text
    return answer


async def load(client: httpx.AsyncClient, accepted: dict[str, str], stop: asyncio.Event) -> None:
    """Ask for more and more; `accepted` takes the ids by their keys."""
    while not stop.is_set():
        key = f"key-{len(accepted)}"
        accepted[key] = (await ask(client, key)).json()["request_id"]


@pytest.mark.timeout(400)
async def test_what_was_backed_up_at_work_goes_on_to_its_end_on_a_fresh_server(
    database_url: str, own_server: EmbeddedPostgres, tmp_path: Path, eventually: Callable[..., Any]
) -> None:
    database = await opened(database_url)
    key, owner_id = await first_key(database)
    await database.close()
    lqs, file = Caller(tmp_path), tmp_path / "backup"
    accepted: dict[str, str] = {}

    for folder in ("before", "after"):
        (tmp_path / folder).mkdir()
    with running_service(database_url, key, owner_id, tmp_path / "before", BUSY) as service:
        async with client_of(service) as client, asyncio.TaskGroup() as loading:
            stop = asyncio.Event()
            loading.create_task(load(client, accepted, stop))

            async def some_are_done() -> bool:
                return len((await client.get("/generation-requests?done=true")).json()["results"]) >= 3

            await eventually(some_are_done)
            before = dict(accepted)
            done = (await client.get("/generation-requests?done=true&view=full")).json()["results"]
            made = await asyncio.to_thread(lqs.piped, "admin", "backup", str(file), LQS_DATABASE_URL=database_url)
            stop.set()
    assert (made.code, made.err) == (0, "")

    fresh_url = await own_server.start()
    restored = lqs.piped("admin", "restore", str(file), LQS_DATABASE_URL=fresh_url)
    assert restored.code == 0, restored.err
    verified = lqs.piped("admin", "verify", LQS_DATABASE_URL=fresh_url)
    assert (verified.code, verified.out, verified.err) == (0, "", "")
    assert {"pending", "processing", "completed"} <= await statuses(fresh_url)

    with running_service(fresh_url, key, owner_id, tmp_path / "after", BRISK) as service:
        async with client_of(service) as client:
            for one in done:
                assert (await client.get(f"/generation-requests/{one['request_id']}")).json()["entities"] == one[
                    "entities"
                ]
            for name, request_id in before.items():
                again = await ask(client, name)
                assert (again.json()["request_id"], again.headers["Idempotent-Replayed"]) == (request_id, "true")

            async def nothing_runs() -> bool:
                return (await client.get("/generation-requests?done=false")).json()["results"] == []

            await eventually(nothing_runs)
            everything = [one async for one in all_of(client)]
    assert set(before.values()) <= {one["request_id"] for one in everything} <= set(accepted.values())
    for one in everything:
        counts = one["counts"]
        assert counts["generated"] + counts["failed"] + counts["cancelled"] == one["requested_count"] == 3
    assert await breaches(fresh_url) == []


async def statuses(url: str) -> set[str]:
    database = await opened(url)
    async with database.acquire() as connection:
        found = {row["status"] for row in await connection.fetch("SELECT DISTINCT status FROM generation_requests")}
    await database.close()
    return found


async def all_of(client: httpx.AsyncClient) -> AsyncIterator[dict[str, Any]]:
    url: str | None = "/generation-requests?limit=100"
    while url is not None:
        page = (await client.get(url)).json()
        for one in page["results"]:
            yield one
        url = page["links"]["next"]
