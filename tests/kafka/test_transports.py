"""The same promises on every transport: what a worker is told, or not told, never changes what becomes of the work."""

import asyncio
from dataclasses import replace

import pytest
from tests.kafka.work import make_topics, settings_for

from house import House, failed
from lqs.domain.entity_type import GenerationFailure
from lqs.domain.generation_request import Status
from lqs.domain.slot_errors import SlotErrorCode
from lqs.storage.database import Database
from shift import Hand, at_work


@pytest.fixture
async def home(database: Database, database_url: str) -> House:
    return await House.furnish(database, database_url)


@pytest.fixture(params=["postgresql", "kafka", "kafka, new protocol"])
def transport(request, broker):
    """The settings of a service on each transport."""
    if request.param == "postgresql":
        return {}
    access = request.getfixturevalue("access")
    if request.param != "kafka":
        access = replace(access, group_protocol="consumer")
    make_topics(access)
    return settings_for(access)


async def done(home, *ids):
    return all([(await home.read(id_)).status.done for id_ in ids])


async def test_what_is_submitted_is_generated_once(home, transport, eventually):
    ids = [await home.submit(5) for _ in range(10)]
    async with at_work(home.url, Hand.opened(), **transport), at_work(home.url, Hand.opened(), **transport):
        await eventually(lambda: done(home, *ids))
        ids += [await home.submit(3) for _ in range(10)]
        await eventually(lambda: done(home, *ids))
    assert {(await home.read(id_)).status for id_ in ids} == {Status.COMPLETED}
    [row] = await home.rows("SELECT count(*) AS entities, max(fence) AS fence FROM entities, slots")
    assert row["fence"] == 1
    assert await home.rows("SELECT 1 FROM entities OFFSET 79") != []


async def test_never_more_are_in_flight_than_there_are_places(home, transport, eventually):
    ids = [await home.submit(10) for _ in range(6)]
    first, second = Hand(), Hand()
    async with (
        at_work(home.url, first, worker_capacity=7, **transport),
        at_work(home.url, second, worker_capacity=11, **transport),
    ):

        async def begun() -> int:
            return len(first.orders) + len(second.orders)

        await eventually(begun, equals=18)
        held = await home.rows(
            "SELECT count(*) AS n FROM slots WHERE status = 'processing' GROUP BY worker_id ORDER BY n"
        )
        assert [row["n"] for row in held] == [7, 11]
        first.open.set()
        second.open.set()
        await eventually(lambda: done(home, *ids))


async def test_a_failed_attempt_is_tried_again(home, transport, eventually):
    failures = [SlotErrorCode.PROVIDER_TIMEOUT, SlotErrorCode.PROVIDER_TIMEOUT]
    good = Hand().does

    async def make(order):
        if failures:
            raise GenerationFailure(failures.pop())
        return await good(order)

    async with at_work(home.url, Hand.opened(make), **transport):
        request_id = await home.submit(1)
        await eventually(lambda: done(home, request_id))
    view = await home.read(request_id)
    assert (view.status, [slot.attempts for slot in view.slots]) == (Status.COMPLETED, [3])


async def test_what_is_cancelled_is_interrupted_and_what_waits_never_starts(home, transport, eventually):
    hand = Hand()
    async with at_work(home.url, hand, worker_capacity=2, **transport):

        async def begun() -> int:
            return len(hand.orders)

        request_id = await home.submit(6)
        await eventually(begun, equals=2)
        await home.abort(request_id)
        other_id = await home.submit(1)
        await eventually(begun, equals=3)
        hand.open.set()
        await eventually(lambda: done(home, other_id))
    view = await home.read(request_id)
    assert (view.status, view.counts.cancelled) == (Status.CANCELLED, 6)
    assert (await home.read(other_id)).status is Status.COMPLETED


async def test_the_slots_of_a_lost_worker_are_rescued_by_another(home, transport, eventually):
    lost = Hand()
    async with at_work(home.url, lost, worker_capacity=4, housekeeping_seconds=3600, **transport):

        async def begun() -> int:
            return len(lost.orders)

        request_id = await home.submit(4)
        await eventually(begun, equals=4)
        [row] = await home.rows("SELECT id FROM workers")
        async with at_work(home.url, Hand.opened(), **transport):
            await home.kill(row["id"])
            await eventually(lambda: done(home, request_id))
    view = await home.read(request_id)
    assert (view.status, {slot.attempts for slot in view.slots}) == (Status.COMPLETED, {1})
    assert {slot["crashes"] for slot in await home.rows("SELECT crashes FROM slots")} == {1}


async def test_a_retry_by_hand_is_worked_on(home, transport, eventually):
    request_id, worker_id, slots = await home.claimed(2)
    await home.settle(worker_id, *(failed(slot) for slot in slots))
    async with at_work(home.url, Hand.opened(), **transport):
        await home.retry(request_id)
        await eventually(lambda: done(home, request_id))
    assert (await home.read(request_id)).status is Status.COMPLETED


async def test_one_owners_long_queue_does_not_keep_another_waiting(home, transport, eventually):
    for _ in range(30):
        await home.submit(10)
    hand = Hand()
    async with at_work(home.url, hand, worker_capacity=5, **transport):

        async def begun() -> bool:
            return len(hand.orders) >= 5

        await eventually(begun)
        small_id = await home.submit(1, owner_id=await home.owner())
        hand.open.set()
        await eventually(lambda: done(home, small_id))
        before = "SELECT finished_at FROM slots WHERE request_id = $1"
        settled = f"SELECT count(*) AS slots FROM slots WHERE finished_at < ({before})"
        [row] = await home.rows(settled, small_id)
    assert row["slots"] <= 60


async def test_a_worker_that_ends_leaves_everything_to_the_others_at_once(home, transport, eventually):
    leaving, staying = Hand(), Hand.opened()
    async with at_work(home.url, staying, **transport):
        async with at_work(home.url, leaving, graceful_stop_seconds=0, **transport) as shift:
            ids = [await home.submit(5) for _ in range(10)]
            shift.worker.stop()
            await asyncio.wait_for(shift.running, 20)
        await eventually(lambda: done(home, *ids))
