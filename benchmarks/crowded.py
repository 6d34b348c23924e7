"""A claim in a table full of finished slots, and while somebody else holds an old snapshot."""

import time

import asyncpg

from benchmarks.ground import Ground, opened, register_worker, submit
from benchmarks.report import Figure, Series
from lqs.domain.ids import new_id
from lqs.lifecycle.claim import claim
from lqs.storage.database import Database

_BATCH = 100
_CLAIMS = 20
_SLOTS = 10


async def measure(ground: Ground) -> list[Figure]:
    """The median of some claims of 100 slots each, with and without the snapshot."""
    free = await _claims(ground, snapshot_held=False)
    held = await _claims(ground, snapshot_held=True)
    name = f"claim of {_BATCH} beside {ground.scale.finished_slots:,} finished slots"
    return [
        Figure("crowded", name, free.median, "ms", free.spread),
        Figure("crowded", f"{name}, a snapshot held", held.median, "ms", held.spread),
    ]


async def _claims(ground: Ground, *, snapshot_held: bool) -> Series:
    async with ground.database() as url, opened(url) as database:
        worker_id = new_id()
        await register_worker(database, worker_id)
        holder = await asyncpg.connect(url)
        if snapshot_held:
            await holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            await holder.fetch("SELECT count(*) FROM slots")
        await submit(database, ground.scale.finished_slots // _SLOTS, _SLOTS)
        await _finish_all(database)
        await submit(database, _CLAIMS * _BATCH // _SLOTS, _SLOTS)
        took = []
        for _ in range(_CLAIMS):
            started = time.perf_counter()
            won = await claim(database, worker_id=worker_id, entity_types=["problem"], batch=_BATCH, grace_seconds=15)
            took.append((time.perf_counter() - started) * 1000)
            if len(won.slots) != _BATCH:
                raise RuntimeError(f"a claim won only {len(won.slots)} slots")
        await holder.close()
    return Series(tuple(took))


async def _finish_all(database: Database) -> None:
    """Let every slot go through its statuses, leaving the dead versions that real work leaves."""
    async with database.acquire() as connection:
        await connection.execute(
            """
            UPDATE slots SET status = 'processing', attempts = 1, fence = 1, worker_id = gen_random_uuid(),
                             started_at = now(), deadline_at = now() + interval '1 hour'
            """
        )
        await connection.execute(
            "UPDATE slots SET status = 'generated', worker_id = NULL, deadline_at = NULL, finished_at = now()"
        )
        await connection.execute(
            """
            UPDATE generation_requests
            SET status = 'processing', processing_count = requested_count, started_at = now()
            """
        )
        await connection.execute(
            """
            UPDATE generation_requests
            SET status = 'completed', processing_count = 0, generated_count = requested_count, completed_at = now(),
                end_reason = 'all_settled'
            """
        )
