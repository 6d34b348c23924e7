"""Recalls: a worker interrupts the calls whose slots were taken from it, at its next heartbeat."""

import asyncio

import pytest

from house import House
from lqs.domain.entity_type import Generated, GenerationOrder, Usage
from lqs.domain.generation_request import Counts, Status
from lqs.generators.catalog import entity_types
from lqs.generators.simulated import SimulatedGenerator
from shift import Hand, at_work
from wire import wire

OFFLINE = entity_types()["problem"].generators["offline"]()
SLOW = SimulatedGenerator(OFFLINE, seed=1, latency_median_seconds=3600, latency_sigma=0, failures={})
SOON_SECONDS = 30
"""Many heartbeats, for a machine that is busy; the calls themselves take an hour."""


async def aborted(house: House, request_id) -> None:
    await house.abort(request_id)


async def past_its_deadline(house: House, request_id) -> None:
    await house.deadline_passes(request_id)


async def late_to_settle(house: House, request_id) -> None:
    await house.cancel(request_id)
    await house.settling_time_passes(request_id)


@pytest.fixture
def begun(eventually):
    """Waits until so many orders came to a hand."""

    async def wait(hand: Hand, count: int) -> None:
        async def orders() -> int:
            return len(hand.orders)

        await eventually(orders, equals=count)

    return wait


@pytest.fixture
def in_flight(house, eventually):
    """Waits until the workers' heartbeats tell so many calls in flight."""

    async def wait(count: int) -> None:
        async def told() -> int:
            return int((await house.rows("SELECT sum(in_flight)::int AS n FROM workers"))[0]["n"])

        await eventually(told, equals=count, seconds=SOON_SECONDS)

    return wait


@pytest.mark.parametrize("ends", [aborted, past_its_deadline, late_to_settle])
async def test_calls_that_nobody_waits_for_are_interrupted_and_make_room(house, begun, in_flight, ends):
    """The worker has room for these calls alone, and each would take an hour."""
    request_id = await house.submit(4)
    hand = Hand.opened(SLOW.generate)
    async with at_work(house.url, hand, worker_capacity=4) as shift:
        await begun(hand, 4)
        await in_flight(4)
        await ends(house, request_id)
        await in_flight(0)
        assert [told.fields["attempts"] for told in shift.heard("attempts.interrupted")][:1] == [4]
        view = await house.read(request_id)
        assert (view.status.done, view.counts.generated, view.model_calls) == (True, 0, 0)
        await house.submit(4)
        await begun(hand, 8)
    assert shift.names["attempt.failed"] == 0
    assert await house.rows("SELECT * FROM slot_attempts") == []


async def test_the_calls_of_others_go_on(house, begun, in_flight, eventually):
    stopped, kept = await house.submit(3), await house.submit(2)
    hand = Hand()
    async with at_work(house.url, hand):
        await begun(hand, 5)
        await house.abort(stopped)
        await in_flight(2)
        hand.open.set()
        await eventually(lambda: _status(house, kept), equals=Status.COMPLETED)
    assert len(hand.orders) == 5


async def test_a_wedged_call_is_interrupted_when_its_slot_is_tried_again(house, begun, in_flight):
    """The slot's hard deadline comes while the worker itself believes that there is time."""
    request_id = await house.submit(1)
    hand = Hand.opened(SLOW.generate)
    async with at_work(house.url, hand, worker_capacity=1):
        await begun(hand, 1)
        await house.hold_is_over(request_id)
        await begun(hand, 2)
        await in_flight(1)
        assert [order.attempt for order in hand.orders] == [1, 2]
        assert (await house.read(request_id)).counts == Counts(processing=1)


async def test_a_call_that_cannot_be_interrupted_is_paid_for_and_not_kept(house, begun, eventually):
    release = asyncio.Event()

    async def stubborn(order: GenerationOrder) -> Generated:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        made = await OFFLINE.generate(order)
        return Generated(made.entity, Usage(model="stubborn", cost_microusd=700))

    request_id = await house.submit(1, call_price_microusd=1000)
    hand = Hand.opened(stubborn)
    async with at_work(house.url, hand) as shift:
        await begun(hand, 1)
        assert (await house.abort(request_id)).cost.total == 1000

        async def interrupted() -> bool:
            return shift.names["attempts.interrupted"] > 0

        await eventually(interrupted)
        release.set()

        async def late() -> bool:
            return "slot.late_result" in await house.told(request_id)

        await eventually(late)
    view = await house.read(request_id)
    assert (view.status, view.counts) == (Status.CANCELLED, Counts(cancelled=1))
    assert (view.cost.total, view.cost.wasted, view.cost.estimated) == (700, 700, 0)


async def test_a_recall_that_meets_a_lost_database_is_heeded_afterwards(house, begun, in_flight, eventually):
    request_id = await house.submit(2)
    hand = Hand.opened(SLOW.generate)
    async with wire(house.url) as line, at_work(line.url, hand) as shift:
        await begun(hand, 2)
        line.stop_before_the_next("claims.taken")
        await house.abort(request_id)
        await line.stopped.wait()
        await house.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lqs worker'"
                         " AND datname = current_database()")  # fmt: skip
        line.go_on()

        async def told() -> bool:
            return shift.names["recall.waits"] > 0

        await eventually(told)
        await in_flight(0)


async def test_a_graceful_cancellation_waits_for_a_hung_provider_no_longer_than_an_attempt_may_take(
    house, begun, eventually
):
    request_id = await house.submit(2, slot_timeout_seconds=1)
    hand = Hand.opened(SLOW.generate)
    async with at_work(house.url, hand):
        await begun(hand, 2)
        asked = (await house.cancel(request_id)).cancel
        await eventually(lambda: _status(house, request_id), equals=Status.CANCELLED)
    view = await house.read(request_id)
    assert view.completed_at <= asked.settles_by
    assert {slot.error_code for slot in view.slots} == {"slot_timeout"}
    assert [slot.attempts for slot in view.slots] == [1, 1]


async def _status(house: House, request_id) -> Status:
    return (await house.read(request_id)).status
