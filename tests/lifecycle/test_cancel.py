"""Cancel: what nobody works on is gone at once, what exists stays, and the rest ends by a time that is told."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from house import House, failed, generated, retrying
from lqs.domain.errors import NotFound, VersionMismatch
from lqs.domain.generation_request import CancelMode, Counts, EndReason, Status
from lqs.domain.ids import new_id
from lqs.lifecycle.cancel import Wish, cancel_locked
from lqs.storage import generation_requests

ENDINGS = ["cancel", "abort"]


async def test_what_never_began_is_cancelled_at_once(house):
    request_id = await house.submit(3)
    view = await house.cancel(request_id, reason="wrong lesson")
    assert (view.status, view.end_reason) == (Status.CANCELLED, EndReason.CANCELLED)
    assert (view.counts, view.started_at) == (Counts(cancelled=3), None)
    assert (view.cancel.mode, view.cancel.reason) == (CancelMode.GRACEFUL, "wrong lesson")
    assert (view.cost.total, view.cost.estimated) == (0, 0)
    assert await house.told(request_id) == ["accepted", "cancelling", "cancelled"]
    assert (await house.read(request_id)).version == view.version
    assert (await house.claim(await house.worker())).slots == []


async def in_every_state(house: House) -> tuple[UUID, UUID, list]:
    """One slot each held, waiting for a retry, failed, generated and ready: (request, worker, held)."""
    request_id, worker_id = await house.submit(5, call_price_microusd=100), await house.worker()
    held = (await house.claim(worker_id, batch=4)).slots
    await house.settle(worker_id, retrying(held[1]), failed(held[2]), generated(held[3]))
    return request_id, worker_id, held


async def test_a_graceful_one_lets_what_is_in_flight_finish_and_keeps_what_exists(house):
    request_id, worker_id, held = await in_every_state(house)
    view = await house.cancel(request_id)
    assert (view.status, view.end_reason) == (Status.CANCELLING, None)
    assert view.counts == Counts(processing=1, generated=1, failed=1, cancelled=2)
    assert [slot.status for slot in view.slots] == ["processing", "cancelled", "failed", "generated", "cancelled"]
    assert (await house.claim(worker_id)).slots == []
    assert (await house.settle(worker_id, generated(held[0]))).booked == 1
    view = await house.read(request_id)
    assert (view.status, view.end_reason) == (Status.CANCELLED, EndReason.CANCELLED)
    assert view.counts == Counts(generated=2, failed=1, cancelled=2)
    assert sum(slot.entity_id is not None for slot in view.slots) == 2
    assert (await house.told(request_id))[-3:] == ["cancelling", "slot.generated", "cancelled"]


async def test_an_abort_ends_everything_at_once_and_books_what_was_in_flight(house):
    request_id, worker_id, held = await in_every_state(house)
    before = (await house.read(request_id)).cost.total
    view = await house.abort(request_id, reason="budget")
    assert (view.status, view.end_reason) == (Status.CANCELLED, EndReason.CANCELLED)
    assert view.counts == Counts(generated=1, failed=1, cancelled=3)
    assert (view.cost.total, view.cost.estimated) == (before + 100, 100)
    assert view.cancel.settles_by == view.cancel.requested_at
    assert (await house.slot(request_id))["fence"] == held[0].fence + 1
    assert await house.recalls(worker_id) == 1


async def test_a_result_after_an_abort_is_refused_and_its_cost_recorded(house):
    request_id, worker_id, held = await in_every_state(house)
    aborted = await house.abort(request_id)
    settled = await house.settle(worker_id, generated(held[0]))
    assert (settled.booked, settled.late) == (0, 1)
    view = await house.read(request_id)
    assert (view.status, view.counts) == (Status.CANCELLED, aborted.counts)
    assert (view.cost.total, view.cost.estimated) == (aborted.cost.total - 100 + 11, 0)
    assert (await house.told(request_id))[-2:] == ["cancelled", "slot.late_result"]
    [late] = await house.rows("SELECT index, cost_microusd FROM slot_attempts WHERE outcome = 'late_result'")
    assert (late["index"], late["cost_microusd"]) == (0, 11)


@pytest.mark.parametrize("first", ENDINGS)
async def test_asking_again_gives_the_same_answer_and_changes_nothing(house, first):
    request_id, _, _ = await in_every_state(house)
    answer = await getattr(house, first)(request_id, reason="first")
    events = await house.told(request_id)
    again = await getattr(house, first)(request_id, reason="second")
    assert (again.status, again.version, again.counts) == (answer.status, answer.version, answer.counts)
    assert again.cancel == answer.cancel
    assert await house.told(request_id) == events


async def test_a_graceful_one_can_become_an_abort_and_never_the_other_way_round(house):
    request_id, worker_id, _ = await in_every_state(house)
    graceful = await house.cancel(request_id, reason="wrong lesson")
    view = await house.abort(request_id)
    assert (view.status, view.counts) == (Status.CANCELLED, Counts(generated=1, failed=1, cancelled=3))
    assert (view.cancel.mode, view.cancel.reason) == (CancelMode.ABORT, "wrong lesson")
    assert view.cancel.requested_at == graceful.cancel.requested_at
    assert graceful.cancel.requested_at <= view.cancel.settles_by <= graceful.cancel.settles_by
    assert (await house.told(request_id))[-3:] == ["cancelling", "slots_cancelled", "cancelled"]
    assert await house.recalls(worker_id) == 1
    assert (await house.cancel(request_id)).cancel == view.cancel


async def test_what_was_all_in_flight_may_still_be_completed(house):
    request_id, worker_id, held = await house.claimed(2)
    view = await house.cancel(request_id)
    assert (view.status, view.counts) == (Status.CANCELLING, Counts(processing=2))
    await house.settle(worker_id, *map(generated, held))
    view = await house.read(request_id)
    assert (view.status, view.end_reason) == (Status.COMPLETED, EndReason.ALL_SETTLED)
    assert (await house.told(request_id))[-1] == "completed"


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("result", [generated, failed])
async def test_what_is_done_stays_as_it_is(house, ending, result):
    request_id, worker_id, [slot] = await house.claimed()
    await house.settle(worker_id, result(slot))
    before, events = await house.read(request_id), await house.told(request_id)
    after = await getattr(house, ending)(request_id)
    assert (after.status, after.version, after.cancel) == (before.status, before.version, None)
    assert await house.told(request_id) == events


async def test_an_attempt_that_fails_in_a_way_that_passes_is_not_tried_again(house):
    request_id, worker_id, [slot] = await house.claimed()
    await house.cancel(request_id)
    await house.settle(worker_id, retrying(slot, 0))
    view = await house.read(request_id)
    assert (view.status, view.counts) == (Status.CANCELLED, Counts(cancelled=1))
    assert (view.slots[0].error_code, view.slots[0].next_attempt_at) == ("provider_timeout", None)
    assert (view.model_calls, view.cost.total, view.cost.wasted) == (1, 11, 11)
    assert (await house.told(request_id))[-2:] == ["slots_cancelled", "cancelled"]


async def dies(house, request_id, worker_id):
    await house.kill(worker_id)
    assert (await house.rescue()).slots == 2


async def hands_back(house, request_id, worker_id):
    assert (await house.hand_back(worker_id)).slots == 2


async def is_wedged(house, request_id, worker_id):
    await house.hold_is_over(request_id)
    assert (await house.time_out()).slots == 2


@pytest.mark.parametrize("happens", [dies, hands_back, is_wedged])
async def test_what_its_worker_does_not_finish_is_cancelled_with_it(house, happens):
    """Nothing becomes ready again: the commit that takes the slots from their worker ends the generation request."""
    request_id, worker_id, _ = await house.claimed(2)
    await house.cancel(request_id)
    await happens(house, request_id, worker_id)
    view = await house.read(request_id)
    assert (view.status, view.end_reason) == (Status.CANCELLED, EndReason.CANCELLED)
    assert view.counts == Counts(cancelled=2)
    assert (await house.told(request_id))[-2:] == ["slots_cancelled", "cancelled"]
    assert (await house.claim(await house.worker())).slots == []


async def test_a_graceful_one_gives_one_attempt_and_fifteen_seconds(house):
    request_id = await house.submit(2, slot_timeout_seconds=40)
    await house.claim(await house.worker())
    asked = (await house.cancel(request_id)).cancel
    assert asked.settles_by - asked.requested_at == timedelta(seconds=55)


async def test_it_never_gives_more_than_the_deadline_of_the_run(house):
    request_id = await house.submit(2, timeout_seconds=20)
    await house.claim(await house.worker())
    view = await house.cancel(request_id)
    assert view.cancel.settles_by == view.deadline_at


async def test_a_worker_that_hangs_keeps_nobody_waiting_longer_than_was_told(house):
    request_id, worker_id, [slot, _] = await house.claimed(2)
    asked = (await house.cancel(request_id)).cancel
    assert (await house.sweep()).slots == 0, "its time is not over"
    await house.settle(worker_id, generated(slot))
    async with house.at("2 minutes") as later:
        assert list((await later.sweep()).done) == [request_id]
        assert (await later.sweep()).slots == 0
    view = await house.read(request_id)
    assert (view.status, view.end_reason) == (Status.CANCELLED, EndReason.CANCELLED)
    assert (view.counts, view.cancel) == (Counts(generated=1, cancelled=1), asked)
    assert (await house.told(request_id))[-2:] == ["slots_cancelled", "cancelled"]
    assert await house.recalls(worker_id) == 1


async def test_who_sweeps_now_and_then_is_early_but_leaves_every_attempt_its_time(house):
    request_id = await house.submit(1, slot_timeout_seconds=40)
    await house.claim(await house.worker())
    await house.cancel(request_id)
    async with house.at("39 seconds") as later:
        assert (await later.sweep(ahead_seconds=9999)).slots == 0, "the attempt itself may still take a second"
    async with house.at("52 seconds") as later:
        assert (await later.sweep(ahead_seconds=2)).slots == 0
        assert list((await later.sweep(ahead_seconds=4)).done) == [request_id]
    view = await house.read(request_id)
    assert view.completed_at <= view.cancel.settles_by


async def test_the_deadline_of_the_run_does_not_fail_what_is_being_cancelled(house):
    request_id, _, _ = await house.claimed(2)
    await house.cancel(request_id)
    await house.deadline_passes(request_id)
    assert (await house.expire()).slots == 0
    await house.settling_time_passes(request_id)
    await house.sweep()
    assert (await house.read(request_id)).counts == Counts(cancelled=2)


async def test_the_sweeper_takes_the_oldest_of_a_bounded_piece_and_waits_for_nobody(house):
    ids = [(await house.claimed())[0] for _ in range(4)]
    for id_ in ids:
        await house.cancel(id_)
        await house.settling_time_passes(id_)
    async with house.locked(ids[0]):
        assert [list((await asyncio.wait_for(house.sweep(batch=n), 4)).done) for n in (2, 4)] == [[ids[1]], ids[2:]]
    assert list((await house.sweep()).done) == [ids[0]]


async def test_a_stranger_has_nothing_to_cancel(house):
    request_id, stranger = await house.submit(), await house.owner()
    for unknown, owner_id in ((request_id, stranger), (new_id(), house.owner_id)):
        with pytest.raises(NotFound):
            await house.cancel(unknown, owner_id=owner_id)
    assert (await house.read(request_id)).status is Status.PENDING


async def test_it_is_not_cancelled_if_it_changed_since_the_caller_looked(house):
    request_id, _, _ = await house.claimed()
    with pytest.raises(VersionMismatch) as refusal:
        await house.cancel(request_id, if_version=1)
    assert "It has version 2, not 1." in refusal.value.detail
    assert (await house.read(request_id)).status is Status.PROCESSING
    assert (await house.cancel(request_id, if_version=2)).status is Status.CANCELLING


async def test_an_abort_by_an_operator_is_told_apart_and_many_are_cancelled_in_one_commit(house):
    """Begun, untouched, gracefully cancelled and done ones; a graceful wish of an operator is like any other."""
    begun, worker_id, _ = await house.claimed(2)
    stopping, other_id, _ = await house.claimed()
    await house.cancel(stopping)
    done, _, [slot] = await house.claimed()
    await house.settle(worker_id, failed(slot))
    untouched = await house.submit()
    ids = [begun, stopping, done, untouched]
    for mode in (CancelMode.ABORT, CancelMode.GRACEFUL):
        async with house.database.transaction() as connection:
            standings = await generation_requests.lock(connection, ids)
            robbed = await cancel_locked(connection, standings, Wish(mode, "maintenance", by_operator=True))
        assert robbed == ({worker_id, other_id} if mode is CancelMode.ABORT else set())
    views = [await house.read(id_) for id_ in ids]
    ended = EndReason.OPERATOR_ABORT
    assert [view.end_reason for view in views] == [ended, ended, EndReason.ALL_SETTLED, ended]
    assert [view.cancel and view.cancel.reason for view in views] == ["maintenance", "maintenance", None, "maintenance"]
    waiting, _, _ = await house.claimed()
    async with house.database.transaction() as connection:
        standings = await generation_requests.lock(connection, [waiting])
        await cancel_locked(connection, standings, Wish(by_operator=True))
    await house.settling_time_passes(waiting)
    await house.sweep()
    assert (await house.read(waiting)).end_reason is EndReason.CANCELLED


@pytest.mark.parametrize("ending", ENDINGS)
async def test_a_cancellation_that_races_the_last_results_loses_no_entity(house, ending):
    """What a settle booked stays, whichever came first, and what was refused was never told as made."""
    outcomes = set()
    for _ in range(25):
        request_id, worker_id, held = await house.claimed(4)
        settled, _ = await asyncio.gather(
            house.settle(worker_id, *map(generated, held)), getattr(house, ending)(request_id)
        )
        view = await house.read(request_id)
        kept = await house.rows("SELECT id FROM entities WHERE generation_request_id = $1", request_id)
        assert view.status.done
        assert settled.booked == view.counts.generated == len(kept)
        assert view.counts.cancelled == settled.late == 4 - settled.booked
        assert view.status is (Status.COMPLETED if settled.booked else Status.CANCELLED)
        outcomes.add(view.status)
    assert Status.COMPLETED in outcomes


async def test_of_many_at_once_one_begins_the_cancellation_and_all_get_one_answer(house):
    request_id, _, _ = await in_every_state(house)
    views = await asyncio.gather(*(house.cancel(request_id) for _ in range(8)))
    assert {(view.version, view.cancel) for view in views} == {(views[0].version, views[0].cancel)}
    assert (await house.told(request_id)).count("cancelling") == 1
