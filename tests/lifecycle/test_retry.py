"""Automatic retry: a wait outside of the queue, then another attempt; promote brings it back."""

import asyncio

from house import failed, generated, retrying
from lqs.domain.generation_request import Counts, Status
from lqs.domain.slot_errors import SlotErrorCode


async def test_nothing_is_promoted_before_its_time(house):
    request_id, worker_id, [slot] = await house.claimed()
    await house.settle(worker_id, retrying(slot, 60))
    assert (await house.promote()).slots == 0
    assert (await house.claim(worker_id)).slots == []
    assert (await house.read(request_id)).counts == Counts(retrying=1)


async def test_what_is_due_is_ready_again_and_told_once(house):
    request_id, worker_id, held = await house.claimed(3)
    await house.settle(worker_id, *(retrying(slot) for slot in held))
    await house.wait_is_over(request_id)
    assert (await house.promote()).slots == 3
    view = await house.read(request_id)
    assert (view.status, view.counts) == (Status.PROCESSING, Counts(pending=3))
    assert all(slot.next_attempt_at is None for slot in view.slots)
    assert (await house.told(request_id))[-1] == "slots_promoted"
    assert (await house.told(request_id)).count("slots_promoted") == 1


async def test_a_retried_slot_keeps_its_place_in_the_fair_order(house):
    request_id, worker_id, [slot] = await house.claimed()
    place = (await house.slot(request_id))["pass"]
    await house.submit(2)
    await house.settle(worker_id, retrying(slot, 0))
    await house.promote()
    assert (await house.slot(request_id))["pass"] == place
    [first] = (await house.claim(worker_id, batch=1)).slots
    assert (first.request_id, first.attempt, first.fence) == (request_id, 2, 2)


async def test_the_last_error_stays_until_the_slot_is_generated(house):
    request_id, worker_id, [slot] = await house.claimed()
    await house.settle(worker_id, retrying(slot, 0, SlotErrorCode.PROVIDER_RATE_LIMITED))
    await house.promote()
    view = await house.read(request_id)
    assert (view.slots[0].error_code, view.slots[0].error_attempt) == ("provider_rate_limited", 1)
    [again] = (await house.claim(worker_id)).slots
    await house.settle(worker_id, generated(again))
    view = await house.read(request_id)
    assert (view.slots[0].error_code, view.slots[0].error_attempt) == (None, None)
    assert (view.status, view.slots[0].attempts, view.model_calls) == (Status.COMPLETED, 2, 2)


async def test_a_retry_that_fails_ends_the_slot(house):
    request_id, worker_id, [slot] = await house.claimed()
    await house.settle(worker_id, retrying(slot, 0))
    await house.promote()
    [again] = (await house.claim(worker_id)).slots
    await house.settle(worker_id, failed(again))
    view = await house.read(request_id)
    assert (view.status, view.slots[0].error_attempt) == (Status.FAILED, 2)
    assert await house.told(request_id) == [
        "accepted", "processing", "slot.retrying", "slots_promoted", "slots_claimed", "slot.failed", "failed",
    ]  # fmt: skip


async def test_promote_does_not_wait_for_a_locked_generation_request(house):
    request_id, worker_id, [slot] = await house.claimed()
    await house.settle(worker_id, retrying(slot, 0))
    async with house.locked(request_id):
        assert (await asyncio.wait_for(house.promote(), 4)).slots == 0
    assert (await house.promote()).slots == 1


async def test_promote_takes_a_bounded_piece_at_a_time(house):
    worker_id, ids = await house.worker(), [await house.submit(1) for _ in range(10)]
    held = (await house.claim(worker_id)).slots
    await house.settle(worker_id, *(retrying(slot, 0) for slot in held))
    assert [(await house.promote(batch=4)).slots for _ in range(4)] == [4, 4, 2, 0]
    assert {(await house.read(id_)).counts.pending for id_ in ids} == {1}


async def test_promoters_at_the_same_time_promote_each_slot_once(house):
    worker_id = await house.worker()
    ids = [await house.submit(2) for _ in range(20)]
    held = (await house.claim(worker_id)).slots
    await house.settle(worker_id, *(retrying(slot, 0) for slot in held))
    rounds = await asyncio.gather(*(house.promote() for _ in range(6)))
    assert sum(done.slots for done in rounds) == 40
    assert all([(await house.told(id_)).count("slots_promoted") == 1 for id_ in ids])
