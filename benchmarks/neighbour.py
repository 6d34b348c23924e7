"""How long a small owner waits for a place when a big one has taken all and queued a hundred thousand more."""

import asyncio
import random
import statistics
from collections.abc import Mapping
from uuid import UUID

from benchmarks.children import worker
from benchmarks.ground import Ground, Scale, callers, opened, submit
from benchmarks.report import Expectation, Figure
from lqs.domain.ids import new_id
from lqs.storage.database import Database

_SLOTS = 10
_AT_ONCE = 2000
"""Generation requests that wait to be stored at the same time; a submitter turns away much more than that."""
_SIGMA = 0.4
_FIXED_MS = 50
_PATIENCE_SECONDS = 120


async def measure(ground: Ground) -> list[Figure]:
    """A real worker process with every place taken; the small owner asks for one entity about once a second."""
    return await waits_beside_a_big_owner(ground, "neighbour", {})


async def waits_beside_a_big_owner(ground: Ground, group: str, settings: Mapping[str, object]) -> list[Figure]:
    """The same with a worker that has these further settings.

    What is promised is twice the mean time between two places becoming free, and 50 ms.
    """
    scale = ground.scale
    async with ground.database() as url, opened(url) as database:
        big, small = await _owner(database), await _owner(database)
        for first in range(0, scale.noisy_slots, _AT_ONCE * _SLOTS):
            slots = min(_AT_ONCE * _SLOTS, scale.noisy_slots - first)
            await submit(database, slots // _SLOTS, _SLOTS, owner_id=big)
        async with worker(
            url, capacity=scale.places, sleep_seconds=scale.model_seconds, sigma=_SIGMA, settings=settings
        ):
            await _until_every_place_was_taken_and_some_are_free_again(database, scale)
            await _ask_now_and_then(database, small, scale)
            waits = await _waits(database, small, scale.quiet_calls)
            mean = await _mean_run_ms(database)
            left = await _waiting(database, big)
    if not left:
        raise RuntimeError("the big owner had nothing left to be served before the small one")
    waits.sort()
    promised = 2 * mean / scale.places + _FIXED_MS
    beside = f"beside {scale.noisy_slots:,} slots of another owner"
    return [
        Figure(group, f"wait for a place, median {beside}", statistics.median(waits), "ms"),
        Figure(
            group,
            f"wait for a place, 95th percentile {beside}",
            waits[int(0.95 * len(waits))],
            "ms",
            expected=Expectation(at_most=promised),
        ),
    ]


async def _owner(database: Database) -> UUID:
    owner_id = new_id()
    async with database.acquire() as connection:
        await connection.execute(
            "INSERT INTO owners (id, name, created_at) VALUES ($1, $2, now())", owner_id, str(owner_id)
        )
    return owner_id


async def _until_every_place_was_taken_and_some_are_free_again(database: Database, scale: Scale) -> None:
    """All calls that begin together end in a wave; once as many have ended as there are places, they are spread out."""
    await _until(database, "SELECT count(*) FROM slot_attempts", round(1.5 * scale.places))


async def _ask_now_and_then(database: Database, owner_id: UUID, scale: Scale) -> None:
    async with callers(database) as ask:
        for _ in range(scale.quiet_calls):
            await ask(1, owner_id)
            await asyncio.sleep(scale.model_seconds / 8 * random.uniform(0.5, 1.5))


async def _waits(database: Database, owner_id: UUID, number: int) -> list[float]:
    """Milliseconds from the statement that stored each generation request to the start of its attempt."""
    done = f"SELECT count(*) FROM generation_requests WHERE owner_id = '{owner_id}' AND completed_at IS NOT NULL"
    await _until(database, done, number)
    async with database.acquire() as connection:
        rows = await connection.fetch(
            """
            SELECT a.provider_request_id::numeric / 1e6 - extract(epoch FROM r.requested_at) * 1e3 AS wait
            FROM slot_attempts a JOIN generation_requests r ON r.id = a.request_id
            WHERE r.owner_id = $1
            """,
            owner_id,
        )
    return [float(row["wait"]) for row in rows]


async def _mean_run_ms(database: Database) -> float:
    async with database.acquire() as connection:
        return float(await connection.fetchval("SELECT avg(duration_ms) FROM slot_attempts"))


async def _waiting(database: Database, owner_id: UUID) -> int:
    return await _count(
        database,
        "SELECT count(*) FROM (SELECT FROM slots s JOIN generation_requests r ON r.id = s.request_id"
        f" WHERE r.owner_id = '{owner_id}' AND s.status = 'pending' LIMIT 1) left_over",
    )


async def _until(database: Database, question: str, enough: int) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            if await _count(database, question) >= enough:
                return
            await asyncio.sleep(0.1)


async def _count(database: Database, question: str) -> int:
    async with database.acquire() as connection:
        return int(await connection.fetchval(question))
