"""Rescue, hand-back and time-out: no slot stays with a holder that will not bring it to its end."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from house import failed, generated, retrying
from lqs.domain.generation_request import Counts, Status
from lqs.domain.ids import new_id
from lqs.domain.retry_policy import RetryPolicy
from lqs.lifecycle.register import beat, retire
from lqs.lifecycle.rescue import time_out


async def test_slots_of_a_dead_worker_are_ready_again_and_the_attempt_is_undone(house):
    request_id, worker_id, _ = await house.claimed(2)
    await house.kill(worker_id)
    assert (await house.rescue()).slots == 2
    view = await house.read(request_id)
    assert (view.status, view.counts) == (Status.PROCESSING, Counts(pending=2))
    row = await house.slot(request_id)
    assert (row["attempts"], row["crashes"], row["fence"], row["worker_id"]) == (0, 1, 2, None)
    assert await house.told(request_id) == ["accepted", "processing", "slots_rescued"]


async def test_slots_of_a_worker_nobody_knows_are_rescued(house):
    request_id, worker_id, _ = await house.claimed()
    await house.rows("DELETE FROM workers WHERE id = $1", worker_id)
    assert (await house.rescue()).slots == 1
    assert (await house.read(request_id)).counts == Counts(pending=1)


async def test_a_worker_that_was_silent_for_a_lease_is_dead_and_cannot_come_back(house):
    async with house.at("1 hour") as later:  # the server has been up for a lease, whenever it started
        request_id, silent, _ = await later.claimed()
        await later.silence(silent)
        assert (await later.rescue()).slots == 1
        assert (await later.read(request_id)).counts == Counts(pending=1)
        assert not await beat(later.database, silent, in_flight=0)
        assert (await later.claim(silent)).slots == []


async def test_a_live_worker_is_left_alone(house):
    async with house.at("1 hour") as later:
        request_id, worker_id, _ = await later.claimed()
        assert (await later.rescue()).slots == 0
        assert (await later.read(request_id)).counts == Counts(processing=1)
        assert await beat(later.database, worker_id, in_flight=1)


async def test_a_beat_in_time_saves_a_worker(house):
    async with house.at("1 hour") as later:
        request_id, worker_id, _ = await later.claimed()
        await later.silence(worker_id)
        assert await beat(later.database, worker_id, in_flight=1)
        assert (await later.rescue()).slots == 0
        assert (await later.read(request_id)).counts == Counts(processing=1)


async def test_nobody_is_called_dead_within_one_lease_of_the_servers_start(house):
    """After a restart every heartbeat is old. The lease here is longer than the server can have been up."""
    request_id, worker_id, _ = await house.claimed()
    await house.silence(worker_id)
    assert (await house.rescue(lease_seconds=timedelta(days=1).total_seconds())).slots == 0
    assert (await house.read(request_id)).counts == Counts(processing=1)
    assert await beat(house.database, worker_id, in_flight=1)


async def test_what_a_retired_worker_left_is_rescued_without_waiting(house):
    request_id, worker_id, _ = await house.claimed()
    await retire(house.database, worker_id)
    assert (await house.rescue()).slots == 1
    assert (await house.read(request_id)).counts == Counts(pending=1)


async def test_a_slot_that_keeps_losing_its_worker_fails(house):
    request_id = await house.submit(2)
    for crash in (1, 2, 3):
        worker_id = await house.worker()
        won = (await house.claim(worker_id, batch=1)).slots
        assert [(slot.index, slot.attempt) for slot in won] == [(0, 1)]
        await house.kill(worker_id)
        await house.rescue(max_crashes=3)
        assert (await house.slot(request_id))["crashes"] == crash
    view = await house.read(request_id)
    assert view.counts == Counts(pending=1, failed=1)
    assert (view.slots[0].error_code, view.slots[0].attempts, view.slots[0].error_attempt) == ("worker_lost", 0, 0)
    assert (await house.told(request_id))[-1] == "slot.failed"


async def test_a_generation_request_can_end_by_a_rescue(house):
    request_id, worker_id, _ = await house.claimed(2)
    await house.kill(worker_id)
    assert list((await house.rescue(max_crashes=1)).done) == [request_id]
    view = await house.read(request_id)
    assert (view.status, view.counts) == (Status.FAILED, Counts(failed=2))
    assert (await house.told(request_id))[-3:] == ["slot.failed", "slot.failed", "failed"]


async def test_a_rescue_that_fails_one_slot_and_frees_another_tells_both(house):
    request_id, worker_id, _ = await house.claimed(2)
    await house.rows("UPDATE slots SET crashes = 2 WHERE index = 1")
    await house.kill(worker_id)
    await house.rescue(max_crashes=3)
    assert (await house.read(request_id)).counts == Counts(pending=1, failed=1)
    assert await house.told(request_id) == ["accepted", "processing", "slots_rescued", "slot.failed"]


async def test_rescue_does_not_wait_for_a_locked_generation_request(house):
    request_id, worker_id, _ = await house.claimed()
    await house.kill(worker_id)
    async with house.locked(request_id):
        assert (await asyncio.wait_for(house.rescue(), 4)).slots == 0
    assert (await house.rescue()).slots == 1


async def test_rescuers_at_the_same_time_count_each_crash_once(house):
    worker_id = await house.worker()
    ids = [await house.submit(2) for _ in range(10)]
    await house.claim(worker_id)
    await house.kill(worker_id)
    rounds = await asyncio.gather(*(house.rescue() for _ in range(5)))
    assert sum(done.slots for done in rounds) == 20
    assert {(await house.slot(id_))["crashes"] for id_ in ids} == {1}


async def test_a_stopping_worker_hands_back_all_it_holds_and_no_crash_is_counted(house):
    worker_id, other = await house.worker(), await house.worker()
    ids = [await house.submit(3) for _ in range(4)]
    held = (await house.claim(worker_id, batch=9)).slots
    others = (await house.claim(other)).slots
    await house.settle(worker_id, generated(held[0]), failed(held[1]), retrying(held[2]))
    assert (await house.hand_back(worker_id, batch=2)).slots == 6
    rows = await house.rows("SELECT attempts, crashes, fence FROM slots WHERE status = 'pending'")
    assert [tuple(row.values()) for row in rows] == [(0, 0, 2)] * 6
    assert (await house.read(ids[-1])).counts == Counts(processing=len(others))
    assert (await house.read(ids[0])).counts == Counts(retrying=1, generated=1, failed=1)
    assert (await house.told(ids[1]))[-1] == "slots_handed_back"


async def test_who_holds_nothing_hands_nothing_back(house):
    assert (await house.hand_back(await house.worker())).slots == 0
    assert (await house.hand_back(new_id())).slots == 0


async def test_a_result_after_the_hand_back_is_late(house):
    request_id, worker_id, [slot] = await house.claimed()
    await house.hand_back(worker_id)
    settled = await house.settle(worker_id, generated(slot))
    assert (settled.booked, settled.late) == (0, 1)
    assert (await house.read(request_id)).counts == Counts(pending=1)


async def test_an_attempt_within_its_time_is_not_timed_out(house):
    request_id, _, _ = await house.claimed()
    assert (await house.time_out()).slots == 0
    assert (await house.read(request_id)).counts == Counts(processing=1)


async def test_a_wedged_attempt_is_tried_again_later(house):
    request_id, worker_id, [slot] = await house.claimed()
    await house.hold_is_over(request_id)
    assert (await house.time_out()).slots == 1
    view = await house.read(request_id)
    assert view.counts == Counts(retrying=1)
    assert (view.slots[0].error_code, view.slots[0].attempts) == ("slot_timeout", 1)
    assert (await house.settle(worker_id, generated(slot))).late == 1
    assert await house.told(request_id) == ["accepted", "processing", "slot.retrying", "slot.late_result"]


async def test_a_last_attempt_that_is_wedged_fails_the_slot(house):
    request_id, _, _ = await replace(house, max_attempts=1).claimed()
    await house.hold_is_over(request_id)
    assert list((await time_out(house.database, policy=RetryPolicy(), batch=10)).done) == [request_id]
    view = await house.read(request_id)
    assert (view.status, view.slots[0].error_code) == (Status.FAILED, "slot_timeout")


@pytest.mark.parametrize(("attempts", "ceiling"), [(1, 8), (2, 16), (3, 20), (9, 20)])
async def test_the_wait_after_a_time_out_grows_like_that_after_any_failure(house, attempts, ceiling):
    """Of many waits drawn between nothing and the ceiling, some are in its upper half and none is above it."""
    policy = RetryPolicy(base_seconds=8, cap_seconds=20)
    for _ in range(4):
        await replace(house, max_attempts=20).submit(10)
    await house.claim(await house.worker())
    await house.rows("UPDATE slots SET attempts = $1, deadline_at = lqs_now()", attempts)
    await time_out(house.database, policy=policy, batch=100)
    rows = await house.rows("SELECT extract(epoch FROM available_at - lqs_now())::float AS wait FROM slots")
    assert len(rows) == 40
    assert ceiling / 2 < max(row["wait"] for row in rows) <= ceiling
