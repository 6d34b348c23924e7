"""Entities per second of one worker, beside the same statements driven by pgbench."""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks.ground import (
    OWNER,
    Ground,
    Prebuilt,
    a_problem,
    opened,
    settings_for,
    submission,
    submitter_for,
    worker_parts,
    workshop,
)
from benchmarks.replay import RecordingDatabase, Unit, replay
from benchmarks.report import Expectation, Figure, Series
from lqs.dispatch.postgres import Announcer
from lqs.domain.ids import new_id
from lqs.lifecycle.claim import claim
from lqs.lifecycle.register import register
from lqs.lifecycle.run import run
from lqs.lifecycle.settle import settle
from lqs.observability.telemetry import Happening, Telemetry
from lqs.storage.database import Database
from lqs.worker.worker import Worker

_SETTLE_SESSIONS = 2
_HOLD_SECONDS = 105


async def measure(ground: Ground) -> list[Figure]:
    """Requests of 5 and of 10 slots: already waiting when the worker starts, and submitted while it works."""
    figures: list[Figure] = []
    for size in (5, 10):
        figures += await _waiting(ground, size)
        figures += await _submitted_meanwhile(ground, size)
    return figures


async def _waiting(ground: Ground, size: int) -> list[Figure]:
    entities = ground.scale.entities
    async with ground.database() as base:
        worker_id = new_id()
        async with opened(base) as database:
            await _register(database, worker_id)
            await _submit(database, entities // size, size)
        units = await _record(ground, base, worker_id, entities)
        ours, limit = [], []
        for _ in range(ground.scale.rounds):
            async with ground.database(base) as url:
                ours.append(entities / await _work(url, entities))
                await _require_completed(url, entities)
            async with ground.database(base) as url:
                limit.append(entities / await _replay(url, units))
                await _require_completed(url, entities)
    return _figures(f"claim to terminal, requests of {size}", Series(tuple(ours)), Series(tuple(limit)))


async def _submitted_meanwhile(ground: Ground, size: int) -> list[Figure]:
    entities = ground.scale.entities
    async with ground.database() as base:
        worker_id = new_id()
        async with opened(base) as database:
            await _register(database, worker_id)
        units = await _record(ground, base, worker_id, entities, submit_size=size)
        ours, limit = [], []
        for _ in range(ground.scale.rounds):
            async with ground.database(base) as url:
                ours.append(entities / await _work(url, entities, submit_size=size))
                await _require_completed(url, entities)
            async with ground.database(base) as url:
                limit.append(entities / await _replay(url, units))
                await _require_completed(url, entities)
    return _figures(f"submit to terminal, requests of {size}", Series(tuple(ours)), Series(tuple(limit)))


def _figures(name: str, ours: Series, limit: Series) -> list[Figure]:
    ratios = Series(tuple(a / b for a, b in zip(ours.rounds, limit.rounds, strict=True)))
    return [
        Figure("throughput", name, ours.median, "entities/s", ours.spread, Expectation(at_least=7000)),
        Figure("throughput", f"{name}, by pgbench", limit.median, "entities/s", limit.spread),
        Figure("throughput", f"{name}, share of pgbench", ratios.median, "", ratios.spread, Expectation(at_least=0.6)),
    ]


async def _work(url: str, entities: int, *, submit_size: int = 0, capacity: int | None = None) -> float:
    """Seconds that one worker with default settings takes for everything that waits, or is submitted meanwhile."""
    settled = _Settled(entities)
    telemetry = Telemetry(settled.listen)
    async with opened(url) as database:
        worker = Worker(worker_parts(database, telemetry, Prebuilt(await a_problem()), capacity=capacity))
        started = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(worker.run())
            if submit_size:
                await _submit(database, entities // submit_size, submit_size)
            await settled.all.wait()
            seconds = time.perf_counter() - started
            worker.stop()
        return seconds


class _Settled:
    """Knows when everything was committed."""

    def __init__(self, entities: int) -> None:
        self._missing = entities
        self.all = asyncio.Event()

    def listen(self, happening: Happening) -> None:
        if happening.error is not None:
            raise RuntimeError(happening.name) from happening.error
        if happening.name == "slots.settled":
            booked = happening.fields["booked"]
            assert isinstance(booked, int)
            self._missing -= booked
            if self._missing == 0:
                self.all.set()


async def _register(database: Database, worker_id: UUID) -> None:
    await register(database, worker_id, host="bench", pid=0, capacity=1000, version="bench")


async def _submit(database: Database, requests: int, size: int) -> None:
    submitter, announcer = submitter_for(database, Telemetry()), Announcer(database, Telemetry())

    async def submit() -> None:
        await submitter.submit(submission(size))
        announcer.announce()

    tasks = [asyncio.create_task(submitter.run()), asyncio.create_task(announcer.run())]
    await asyncio.gather(*(submit() for _ in range(requests)))
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def _record(ground: Ground, base: str, worker_id: UUID, entities: int, *, submit_size: int = 0) -> list[Unit]:
    """The transactions of a worker that does all of it step by step, on a copy."""
    settings = settings_for(base)
    telemetry = Telemetry()
    shop = workshop(Prebuilt(await a_problem()), telemetry, settings)
    units: list[Unit] = []

    async with ground.database(base) as url:
        database = await RecordingDatabase.open(
            url, application_name="record", pool_size=2, statement_timeout_seconds=30, lock_timeout_seconds=5
        )

        def recording(session: str, after: Sequence[int] = ()) -> list[tuple[str, tuple[Any, ...]]]:
            statements: list[tuple[str, tuple[Any, ...]]] = []
            units.append(Unit(len(units), session, statements, after))
            database.record_into(statements)
            return statements

        submitted: list[int] = []
        per_submit = settings.claim_batch_slots
        if submit_size:
            for first in range(0, entities // submit_size, per_submit):
                recording("submit")
                submitted.append(units[-1].number)
                await _submit(database, min(per_submit, entities // submit_size - first), submit_size)
        for turn in range(-(-entities // settings.claim_batch_slots)):
            needed = submitted[: -(-(turn + 1) * settings.claim_batch_slots // (per_submit * max(1, submit_size)))]
            recording("claim", needed[-1:])
            batch = settings.claim_batch_slots
            won = await claim(database, worker_id=worker_id, batch=batch, hold_seconds=_HOLD_SECONDS)
            database.record_into(None)
            results = [await run(slot, shop) for slot in won.slots]
            recording(f"settle{turn % _SETTLE_SESSIONS}", [units[-1].number])
            await settle(database, results, worker_id=worker_id)
        database.record_into(None)
        await database.close()
    return units


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
