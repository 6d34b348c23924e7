"""Thousands of generations that wait for a model at the same time, in one worker process."""

import asyncio

import psutil

from benchmarks.children import worker
from benchmarks.ground import Ground, opened, submit
from benchmarks.report import Expectation, Figure
from lqs.storage.database import Database

_SLOTS = 10


async def measure(ground: Ground) -> list[Figure]:
    """As many sleeping generations as the scale says, all in flight at once, once: it takes as long as it takes."""
    sleepers, seconds = ground.scale.sleepers, ground.scale.sleep_seconds
    async with ground.database() as url, opened(url) as database:
        await submit(database, sleepers // _SLOTS, _SLOTS)
        async with worker(url, capacity=sleepers, sleep_seconds=seconds) as process:
            watched = psutil.Process(process.pid)
            peak = watched.memory_info().rss
            while await _unfinished(database):
                peak = max(peak, watched.memory_info().rss)
                await asyncio.sleep(seconds / 50)
            used = watched.cpu_times()
        took = await _from_first_claim_to_last_settle(database)
    name = f"{sleepers:,} generations of {seconds:g} s"
    return [
        Figure("sleepers", f"{name}, first claim to last settle", took, "s", expected=Expectation(at_most=10.8)),
        Figure("sleepers", f"{name}, most memory", peak / 1e6, "MB", expected=Expectation(at_most=120)),
        Figure("sleepers", f"{name}, processor time with start-up", used.user + used.system, "s"),
    ]


async def _unfinished(database: Database) -> bool:
    async with database.acquire() as connection:
        return bool(
            await connection.fetchval("SELECT EXISTS (SELECT FROM generation_requests WHERE completed_at IS NULL)")
        )


async def _from_first_claim_to_last_settle(database: Database) -> float:
    async with database.acquire() as connection:
        seconds = await connection.fetchval(
            """
            SELECT extract(epoch FROM (SELECT max(completed_at) FROM generation_requests WHERE status = 'completed')
                                      - (SELECT min(started_at) FROM slots))::float8
            """
        )
    assert isinstance(seconds, float)
    return seconds
