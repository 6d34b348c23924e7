"""Entities per second of one worker, beside the same statements driven by pgbench."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from benchmarks.ground import OWNER, Ground, opened, register_worker, settings_for, submit, working
from benchmarks.kinds import workshop
from benchmarks.replay import Recorder, Unit, recording, replay
from benchmarks.report import Expectation, Figure, Series
from lqs.cycle_collector import calm_collector
from lqs.domain.ids import new_id
from lqs.lifecycle.claim import claim
from lqs.lifecycle.run import run
from lqs.lifecycle.settle import settle

_SETTLE_SESSIONS = 2
_GRACE_SECONDS = 15.0


async def measure(ground: Ground) -> list[Figure]:
    """Requests of each size: already waiting when the worker starts, and submitted while it works."""
    figures: list[Figure] = []
    for size in ground.scale.sizes:
        for submitted_meanwhile in (False, True):
            ours, limit = await _beside_pgbench(ground, size, submitted_meanwhile=submitted_meanwhile)
            name = f"{'submit' if submitted_meanwhile else 'claim'} to terminal, requests of {size}"
            figures += _figures(name, ours, limit)
    return figures


async def _beside_pgbench(ground: Ground, size: int, *, submitted_meanwhile: bool) -> tuple[Series, Series]:
    """Rounds of the service and of pgbench in turns, each on its own copy of the same database."""
    entities = ground.scale.entities
    async with ground.database() as base:
        worker_id = new_id()
        async with opened(base) as database:
            await register_worker(database, worker_id)
            if not submitted_meanwhile:
                await submit(database, entities // size, size)
        units = await _record(ground, base, worker_id, size, submits=submitted_meanwhile)
        calm_collector()  # what was recorded is none of the worker's
        ours, limit = [], []
        for _ in range(ground.scale.rounds):
            async with ground.database(base) as url:
                ours.append(entities / await _work(url, entities, size if submitted_meanwhile else None))
                await _require_completed(url, entities)
            async with ground.database(base) as url:
                limit.append(entities / await _replay(url, units))
                await _require_completed(url, entities)
    return Series(tuple(ours)), Series(tuple(limit))


def _figures(name: str, ours: Series, limit: Series) -> list[Figure]:
    ratios = Series(tuple(a / b for a, b in zip(ours.rounds, limit.rounds, strict=True)))
    return [
        Figure("throughput", name, ours.median, "entities/s", ours.spread, Expectation(at_least=7000)),
        Figure("throughput", f"{name}, by pgbench", limit.median, "entities/s", limit.spread),
        Figure("throughput", f"{name}, share of pgbench", ratios.median, "", ratios.spread, Expectation(at_least=0.6)),
    ]


async def _work(url: str, entities: int, submitted_size: int | None) -> float:
    if submitted_size is None:
        return await working(url, entities)
    async with opened(url) as database:
        requests = entities // submitted_size
        return await working(url, entities, submitting=lambda: submit(database, requests, submitted_size))


async def _record(ground: Ground, base: str, worker_id: UUID, size: int, *, submits: bool) -> list[Unit]:
    """The transactions of the service when it does all of it step by step, on a copy."""
    settings = settings_for(base)
    batch = settings.claim_batch_slots
    recorder = Recorder()
    async with ground.database(base) as url, recording(url) as database:
        submitted: list[Unit] = []
        requests = ground.scale.entities // size if submits else 0
        for first in range(0, requests, batch):
            with recorder.unit(database, "submit") as unit:
                await submit(database, min(batch, requests - first), size)
            submitted.append(unit)
        for turn in range(-(-ground.scale.entities // batch)):
            needed = submitted[min(turn // size, len(submitted) - 1)] if submitted else None
            with recorder.unit(database, "claim", needed) as unit:
                won = await claim(
                    database, worker_id=worker_id, entity_types=["problem"], batch=batch, grace_seconds=_GRACE_SECONDS
                )
            results = [await run(slot, workshop()) for slot in won.slots]
            with recorder.unit(database, f"settle{turn % _SETTLE_SESSIONS}", unit):
                await settle(database, results, worker_id=worker_id)
    return recorder.units


async def _replay(url: str, units: Sequence[Unit]) -> float:
    with tempfile.TemporaryDirectory(prefix="lqs-bench-") as folder:
        return await replay(url, units, Path(folder))


async def _require_completed(url: str, entities: int) -> None:
    """A measurement of work that was not done would be worth nothing."""
    async with opened(url) as database, database.acquire() as connection:
        done = await connection.fetchval(
            "SELECT sum(generated_count) FROM generation_requests WHERE owner_id = $1 AND status = 'completed'", OWNER
        )
        stored = await connection.fetchval("SELECT count(*) FROM entities")
    if not done == stored == entities:
        raise RuntimeError(f"only {done} of {entities} entities were generated, {stored} are stored")
