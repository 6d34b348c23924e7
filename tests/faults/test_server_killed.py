"""PostgreSQL is killed under a running API and worker: nothing that was acknowledged is lost, nothing happens twice."""

import asyncio
import os
import signal
import time
from dataclasses import dataclass, field

import asyncpg
import httpx
import psutil
import pytest

from house import breaches
from lqs.domain.ids import new_id
from lqs.storage.database import Database
from lqs.storage.embedded import EmbeddedPostgres
from lqs.wiring import migrate_all
from processes import QUICK
from running import first_key, running_service

KILLS = 2
WRITERS = 4


@dataclass
class Told:
    """What the writers were told: which key stands for which generation request, and which keys had no answer."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    unclear: set[str] = field(default_factory=set)


def kill_all_of(server: EmbeddedPostgres) -> None:
    """The server and every session of it, at once, by their ids."""
    pid = server.pid()
    assert pid is not None
    postmaster = psutil.Process(pid)
    family = [postmaster, *postmaster.children(recursive=True)]
    for process in family:
        try:
            os.kill(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    psutil.wait_procs(family, timeout=10)


async def write(client: httpx.AsyncClient, told: Told, stop: asyncio.Event) -> None:
    """Ask for problems, one generation request after the other, never the same twice."""
    while not stop.is_set():
        key = str(new_id())
        try:
            answer = await client.post("/problems/generate", json={"count": 2}, headers={"Idempotency-Key": key})
        except httpx.TransportError:
            told.unclear.add(key)
            continue
        if answer.status_code == 202:
            told.acknowledged[key] = answer.json()["request_id"]
        else:
            assert answer.status_code in (500, 503), answer.text
            told.unclear.add(key)
            await asyncio.sleep(0.02)


@pytest.mark.timeout(180)
async def test_nothing_acknowledged_is_lost_when_the_server_is_killed(
    private_folder, tmp_path, monkeypatch, eventually
):
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LQS_SIMULATED_LATENCY_SECONDS", "0.05")
    server = EmbeddedPostgres(private_folder)
    url = await server.start()
    try:
        database = await Database.open(
            url, application_name="test", pool_size=2, statement_timeout_seconds=5, lock_timeout_seconds=5
        )
        await migrate_all(database)
        key, owner_id = await first_key(database)
        await database.close()
        told = Told()
        with running_service(url, key, owner_id, tmp_path) as service:
            async with httpx.AsyncClient(
                base_url=service.url, headers={"Authorization": f"Bearer {key}"}, timeout=30
            ) as client:
                stop = asyncio.Event()
                async with asyncio.TaskGroup() as writers:
                    for _ in range(WRITERS):
                        writers.create_task(write(client, told, stop))
                    for _ in range(KILLS):
                        await _more_acknowledged(told, 40)
                        await asyncio.to_thread(kill_all_of, server)
                        assert await server.start() == url
                    await _more_acknowledged(told, 40)
                    stop.set()
                await _check(client, told, url, eventually)
    finally:
        await server.stop()


async def _more_acknowledged(told: Told, more: int) -> None:
    goal, until = len(told.acknowledged) + more, time.monotonic() + 30
    while len(told.acknowledged) < goal:
        assert time.monotonic() < until, f"{len(told.acknowledged)} acknowledged, {len(told.unclear)} unclear"
        await asyncio.sleep(0.01)


async def _check(client: httpx.AsyncClient, told: Told, url: str, eventually) -> None:
    """Every key has exactly one generation request: the one acknowledged, or for the unclear ones any; all end."""
    assert told.unclear, "nobody noticed that the server was killed"
    repeated = {}
    for key in (*told.unclear, *told.acknowledged):
        answer = await client.post("/problems/generate", json={"count": 2}, headers={"Idempotency-Key": key})
        assert answer.status_code in (200, 202), answer.text
        repeated[key] = answer.json()["request_id"]
    assert {key: repeated[key] for key in told.acknowledged} == told.acknowledged

    connection = await asyncpg.connect(url)
    try:
        stored = await connection.fetch("SELECT id::text FROM generation_requests")
        assert sorted(row["id"] for row in stored) == sorted(repeated.values())

        async def unfinished() -> int:
            return await connection.fetchval("SELECT count(*) FROM generation_requests WHERE completed_at IS NULL")

        await eventually(unfinished, equals=0, seconds=40)
        made = await connection.fetchval("SELECT count(*) FROM entities")
        assert made == await connection.fetchval("SELECT sum(generated_count) FROM generation_requests")
        assert made == 2 * len(stored)
    finally:
        await connection.close()
    assert await breaches(url) == []
