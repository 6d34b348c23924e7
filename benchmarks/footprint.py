"""What an entity costs the database: statements and bytes of write-ahead log."""

from collections.abc import Awaitable
from typing import Any

from benchmarks.ground import Ground, submit, working
from benchmarks.kinds import a_problem
from benchmarks.replay import RecordingDatabase, recording
from benchmarks.report import Figure


async def measure(ground: Ground) -> list[Figure]:
    """One generation request alone, and as many as the scale says at once; from submit to terminal."""
    figures = [Figure("footprint", "content of one entity", len(a_problem().model_dump_json()), "bytes")]
    for size in ground.scale.sizes:
        async with ground.database() as url, recording(url) as database:
            await _generate(url, database, 100, size)  # so that no statement of the driver's own is counted
            alone = await _count(database, _generate(url, database, 1, size), size)
            requests = ground.scale.entities // size
            busy = await _count(database, _generate(url, database, requests, size), requests * size)
        for what, (statements, wal) in (("alone", alone), ("under load", busy)):
            figures += [
                Figure("footprint", f"statements an entity, requests of {size} {what}", statements, ""),
                Figure("footprint", f"WAL an entity, requests of {size} {what}", wal, "bytes"),
            ]
    return figures


async def _generate(url: str, database: RecordingDatabase, requests: int, size: int) -> None:
    await working(url, requests * size, through=database, submitting=lambda: submit(database, requests, size))


async def _count(database: RecordingDatabase, doing: Awaitable[None], entities: int) -> tuple[float, float]:
    statements: list[tuple[str, tuple[Any, ...]]] = []
    async with database.acquire() as connection:
        before = await connection.fetchval("SELECT pg_current_wal_lsn()")
    database.record_into(statements)
    await doing
    database.record_into(None)
    async with database.acquire() as connection:
        wal = await connection.fetchval("SELECT (pg_current_wal_lsn() - $1)::float8", before)
    return len(statements) / entities, wal / entities
