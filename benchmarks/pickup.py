"""How soon an idle service starts to work on what was submitted, and how soon who waits hears of the end."""

import asyncio
import json
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any

from benchmarks.children import worker
from benchmarks.ground import Ground, opened
from benchmarks.http import Caller, Variant, callers, serving
from benchmarks.report import Expectation, Figure
from lqs.storage.database import Database


async def measure(ground: Ground) -> list[Figure]:
    """One call after another to a real API process, each when everything is idle, with a real worker process."""
    async with ground.database() as url:
        waits, news = await waits_for(ground, url, worker(url, capacity=1000))
    return [
        Figure("pickup", "insert to attempt, median", statistics.median(waits), "ms", expected=Expectation(at_most=10)),
        Figure("pickup", "insert to attempt, 95th percentile", waits[int(0.95 * len(waits))], "ms"),
        Figure("pickup", "end to held answer, median", statistics.median(news), "ms"),
        Figure(
            "pickup",
            "end to held answer, 95th percentile",
            news[int(0.95 * len(news))],
            "ms",
            expected=Expectation(at_most=200),
        ),
    ]


async def waits_for(
    ground: Ground,
    url: str,
    working: AbstractAsyncContextManager[Any],
    until_ready: Callable[[], Awaitable[None]] | None = None,
) -> tuple[list[float], list[float]]:
    """Milliseconds, in order, that single calls wait for this worker, when it is ready, to start on them.

    And those from the end of each to the whole answer that was held until then.
    """
    async with opened(url) as database:
        (caller,) = await callers(database, 1)
        async with working, serving(url, Variant.OURS) as port:
            await _until_a_worker_lives(database)
            if until_ready:
                await until_ready()
            news = sorted(await _call_and_wait(port, caller, ground.scale.pickups))
        return await _waits(database), news


async def _call_and_wait(port: int, caller: Caller, times: int) -> list[float]:
    """Milliseconds from the end of each generation request, by the database's clock, to the whole held answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    news = []
    for turn in range(times):
        accepted = await _answer(reader, writer, caller.post(f"pickup-{turn}", count=1))
        done = await _answer(reader, writer, caller.wait(accepted["links"]["self"]))
        news.append((time.time() - datetime.fromisoformat(done["completed_at"]).timestamp()) * 1000)
        await asyncio.sleep(random.uniform(0.05, 0.15))  # so that notices do not fall into step with polls
    writer.close()
    return news


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, call: bytes) -> dict[str, Any]:
    writer.write(call)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    content = await reader.readexactly(length)
    if not head.startswith((b"HTTP/1.1 202", b"HTTP/1.1 200")):
        raise RuntimeError(head.decode())
    body: dict[str, Any] = json.loads(content)
    return body


async def _until_a_worker_lives(database: Database) -> None:
    await _until(database, "SELECT EXISTS (SELECT FROM workers)")


async def _until(database: Database, question: str) -> None:
    async with asyncio.timeout(30):
        while True:
            async with database.acquire() as connection:
                if await connection.fetchval(question):
                    return
            await asyncio.sleep(0.02)


async def _waits(database: Database) -> list[float]:
    """Milliseconds from the statement that stored a generation request to the start of its attempt, in order.

    The commit comes after that statement, so this is more than what is promised.
    """
    async with database.acquire() as connection:
        rows = await connection.fetch(
            """
            SELECT a.provider_request_id::numeric / 1e6 - extract(epoch FROM r.requested_at) * 1e3 AS wait
            FROM slot_attempts a JOIN generation_requests r ON r.id = a.request_id
            ORDER BY wait
            """
        )
    return [float(row["wait"]) for row in rows]
