"""The settle buffer: results are committed together, and what one of them lacks is no other one's loss."""

import asyncio
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial

import pytest

from house import House, generated
from lqs.domain.entity_type import Usage
from lqs.domain.generation_request import Status
from lqs.domain.retry_policy import RetryPolicy
from lqs.lifecycle.run import Result, Workshop, without_content
from lqs.observability.telemetry import Happening, Telemetry
from lqs.worker.settling import SettleBuffer


@dataclass
class Till:
    """A settle buffer at work: what left it, and what it told."""

    buffer: SettleBuffer
    left: list[Result] = field(default_factory=list)
    heard: list[Happening] = field(default_factory=list)

    def told(self, name: str) -> list[Happening]:
        return [happening for happening in self.heard if happening.name == name]


@asynccontextmanager
async def till(house: House, *, max_attempts: int = 1):
    left: list[Result] = []
    heard: list[Happening] = []
    telemetry = Telemetry(heard.append)
    workshop = Workshop({}, {}, RetryPolicy(max_attempts), telemetry, random.Random(1))
    buffer = SettleBuffer(
        house.database,
        telemetry,
        batch=500,
        buffer_seconds=0.01,
        on_committed=left.extend,
        without_content=partial(without_content, workshop=workshop),
    )
    running = [asyncio.create_task(buffer.run()) for _ in range(2)]
    try:
        yield Till(buffer, left, heard)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def test_results_that_come_together_are_committed_together(house, eventually):
    worker_id, ids = await house.worker(), [await house.submit(5) for _ in range(6)]
    held = (await house.claim(worker_id)).slots
    async with till(house) as at:
        for slot in held:
            at.buffer.put(worker_id, generated(slot))

        async def all_left() -> int:
            return len(at.left)

        await eventually(all_left, equals=30)
        assert [happening.fields["booked"] for happening in at.told("slots.settled")] == [30]
    assert {(await house.read(id_)).status for id_ in ids} == {Status.COMPLETED}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda result: replace(result, content='"\x00"'),
        lambda result: replace(result, content="{not json"),
        lambda result: replace(result, report=replace(result.report, usage=Usage(input_tokens=2**40))),
        lambda result: replace(result, report=replace(result.report, usage=Usage(model="\x00"))),
    ],
    ids=["NUL in its content", "no JSON", "more tokens than fit", "NUL in its model"],
)
async def test_what_cannot_be_stored_fails_alone(house, eventually, spoil):
    worker_id, ids = await house.worker(), [await house.submit(1) for _ in range(7)]
    held = (await house.claim(worker_id)).slots
    await house.rows("UPDATE generation_requests SET max_attempts = 1")
    results = [generated(replace(slot, max_attempts=1)) for slot in held]
    results[3] = spoil(results[3])
    async with till(house) as at:
        for result in results:
            at.buffer.put(worker_id, result)

        async def all_left() -> int:
            return len(at.left)

        await eventually(all_left, equals=7)
        assert len(at.told("settle.refused")) == 1
    views = [await house.read(id_) for id_ in ids]
    assert [view.status for view in views].count(Status.COMPLETED) == 6
    [broken] = [view for view in views if view.status is Status.FAILED]
    assert (broken.id, broken.slots[0].error_code) == (held[3].request_id, "internal")


@pytest.mark.breaks_invariants
@pytest.mark.parametrize(
    "break_it",
    [
        "UPDATE generation_requests SET processing_count = 0 WHERE id = $1",  # the domain refuses the move
        "UPDATE generation_requests SET version = 1 WHERE id = $1",  # the event log refuses its second event
    ],
    ids=["its counts are wrong", "its version is wrong"],
)
async def test_a_generation_request_that_is_broken_holds_nobody_up(house, eventually, break_it):
    """Nothing can settle it any more; everybody else's results are committed, and the worker gets its room back."""
    worker_id, ids = await house.worker(), [await house.submit(1) for _ in range(7)]
    held = (await house.claim(worker_id)).slots
    await house.rows(break_it, ids[3])
    async with till(house) as at:
        for slot in held:
            at.buffer.put(worker_id, generated(slot))

        async def all_left() -> int:
            return len(at.left)

        await eventually(all_left, equals=7)
        assert [happening.fields["request_id"] for happening in at.told("settle.given_up")] == [str(ids[3])]
    statuses = [(await house.read(id_)).status for id_ in ids]
    assert statuses == [Status.COMPLETED] * 3 + [Status.PROCESSING] + [Status.COMPLETED] * 3


async def test_results_wait_for_a_database_that_is_away(house, eventually):
    worker_id, request_id = await house.worker(), await house.submit(3)
    held = (await house.claim(worker_id)).slots
    async with till(house) as at:
        async with house.locked(request_id):
            for slot in held:
                at.buffer.put(worker_id, generated(slot))

            async def cut() -> bool:
                """Every settle that waits for the lock loses its session, until one was told to wait."""
                await house.rows("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted")
                return bool(at.told("settle.waits"))

            await eventually(cut)
            assert at.left == []

        async def all_left() -> int:
            return len(at.left)

        await eventually(all_left, equals=3)
    assert (await house.read(request_id)).status is Status.COMPLETED
