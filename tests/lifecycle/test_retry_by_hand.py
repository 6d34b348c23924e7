"""Retry by hand: a further run under the same id, for just the chosen slots, at the end of the queue."""

import asyncio

import pytest

from house import failed, generated, retrying
from lqs.domain.entity_type import GenerationFailure
from lqs.domain.errors import (
    BodyRefused,
    IdempotencyKeyExpired,
    IdempotencyKeyReused,
    NotDone,
    NotFound,
    NothingToRetry,
    VersionMismatch,
)
from lqs.domain.generation_request import Counts, EndReason, Priority, Status
from lqs.domain.ids import new_id
from lqs.domain.slot_errors import SlotErrorCode
from lqs.lifecycle.retry import Choice
from lqs.storage import runs
from shift import Hand, at_work


async def partial(house, count=5, *failing):
    """A generation request that is done, with these slots failed: (request, worker)."""
    request_id, worker_id, slots = await house.claimed(count)
    await house.settle(worker_id, *((failed if slot.index in failing else generated)(slot) for slot in slots))
    return request_id, worker_id


async def all_runs(house, request_id):
    async with house.database.acquire() as connection:
        return await runs.of_request(connection, request_id, owner_id=house.owner_id)


async def test_a_retry_of_two_slots_touches_only_these(house):
    request_id, _ = await partial(house, 5, 1, 2, 4)
    others = [await house.slot(request_id, index) for index in (0, 1, 3)]
    before = {slot.index: slot for slot in (await house.read(request_id)).slots}

    await house.retry(request_id, [2, 4])

    view = await house.read(request_id)
    assert (view.status, view.run, view.end_reason, view.completed_at) == (Status.PROCESSING, 2, None, None)
    assert view.counts == Counts(pending=2, generated=2, failed=1)
    assert [await house.slot(request_id, index) for index in (0, 1, 3)] == others
    for index in (2, 4):
        slot = await house.slot(request_id, index)
        assert (slot["status"], slot["attempts"], slot["crashes"], slot["fence"]) == ("pending", 0, 0, 2)
        assert (slot["error_code"], slot["started_at"], slot["finished_at"]) == (None, None, None)
    assert [slot.content for slot in view.slots if slot.index in (0, 3)] == [before[0].content, before[3].content]
    assert (await house.told(request_id))[-1] == "retried"


async def test_the_generator_is_told_which_run_it_works_for(house, eventually):
    async def refused(order):
        raise GenerationFailure(SlotErrorCode.PROVIDER_AUTH)

    async def done():
        return (await house.read(request_id)).status.done

    hand = Hand.opened(refused)
    request_id = await house.submit(1)
    async with at_work(house.url, hand):
        await eventually(done)
        await house.retry(request_id)
        await eventually(done)
    assert [(order.run, order.attempt) for order in hand.orders] == [(1, 1), (2, 1)]


async def test_while_the_further_run_goes_on_there_is_no_other(house):
    request_id, _ = await partial(house, 2, 0, 1)
    await house.retry(request_id, [0])
    version = (await house.read(request_id)).version
    with pytest.raises(NotDone, match="processing"):
        await house.retry(request_id, [1])
    view = await house.read(request_id)
    assert (view.run, view.version, view.counts) == (2, version, Counts(pending=1, failed=1))


async def test_what_was_never_begun_is_not_done_either(house):
    with pytest.raises(NotDone, match="pending"):
        await house.retry(await house.submit(2))


async def test_the_second_run_has_its_own_end_and_the_first_keeps_its_own(house):
    request_id, worker_id = await partial(house, 2, 1)
    first = await house.read(request_id)
    await house.retry(request_id, requested_by="operator")
    [slot] = (await house.claim(worker_id)).slots
    assert (slot.index, slot.attempt) == (1, 1)
    await house.settle(worker_id, generated(slot))

    view = await house.read(request_id)
    assert (view.status, view.end_reason, view.run) == (Status.COMPLETED, EndReason.ALL_SETTLED, 2)
    one, two = await all_runs(house, request_id)
    assert (one.run, one.status, one.counts) == (1, Status.PARTIAL, Counts(generated=1, failed=1))
    assert (one.requested_at, one.completed_at) == (first.requested_at, first.completed_at)
    assert (two.run, two.status, two.requested_by) == (2, Status.COMPLETED, "operator")
    assert (two.requested_at, two.completed_at) == (view.run_requested_at, view.completed_at)
    assert one.completed_at <= two.requested_at
    assert (one.cost_microusd, two.cost_microusd) == (22, 33)


async def test_a_retry_goes_to_the_end_of_its_owners_queue(house):
    request_id, worker_id = await partial(house, 3, 0, 1, 2)
    other = await house.submit(3)
    stranger = await house.submit(1, owner_id=await house.owner())
    await house.retry(request_id)
    later = await house.submit(1)

    order = [slot.request_id for slot in (await house.claim(worker_id, batch=1)).slots]
    while slots := (await house.claim(worker_id, batch=1)).slots:
        order += [slot.request_id for slot in slots]
    mine = [id_ for id_ in order if id_ != stranger]
    assert mine == [other] * 3 + [request_id] * 3 + [later]
    assert order.index(stranger) < order.index(request_id)


async def test_a_retry_takes_the_weight_of_its_priority(house):
    request_id, worker_id, slots = await claimed_as(house, "low")
    await house.settle(worker_id, *map(failed, slots))
    await house.retry(request_id)
    passes = [(await house.slot(request_id, index))["pass"] for index in range(3)]
    assert [passes[1] - passes[0], passes[2] - passes[1]] == [4, 4]


async def claimed_as(house, priority):
    request_id, worker_id = await house.submit(3, priority=Priority(priority)), await house.worker()
    return request_id, worker_id, (await house.claim(worker_id)).slots


async def test_a_late_result_of_the_first_run_is_refused_in_the_second(house):
    request_id, worker_id, [old] = await house.claimed()
    await house.deadline_passes(request_id)
    await house.expire()
    await house.retry(request_id)
    settled = await house.settle(worker_id, generated(old))
    assert (settled.booked, settled.late) == (0, 1)
    [new] = (await house.claim(worker_id)).slots
    assert new.fence > old.fence
    again = await house.settle(worker_id, generated(old), failed(old))
    assert (again.booked, again.late, again.replayed) == (0, 0, 2)
    view = await house.read(request_id)
    assert (view.run, view.counts, view.slots[0].entity_id) == (2, Counts(processing=1), None)
    await house.settle(worker_id, generated(new))
    assert (await house.read(request_id)).status is Status.COMPLETED


async def test_what_was_cancelled_is_tried_again_only_if_asked_for(house):
    request_id, worker_id, slots = await house.claimed(2)
    await house.settle(worker_id, failed(slots[0]))
    await house.abort(request_id)
    assert (await house.read(request_id)).status is Status.CANCELLED
    await house.retry(request_id, Choice.FAILED_AND_CANCELLED)
    view = await house.read(request_id)
    assert (view.counts, view.cancel) == (Counts(pending=2), None)


async def test_a_choice_that_matches_nothing_says_what_would(house):
    request_id, _, _ = await house.claimed(2)
    await house.abort(request_id)
    with pytest.raises(NothingToRetry, match="failed_and_cancelled"):
        await house.retry(request_id)
    assert (await all_runs(house, request_id))[0].run == 1


async def test_of_chosen_slots_those_with_an_entity_are_left_alone(house):
    request_id, _ = await partial(house, 3, 2)
    await house.retry(request_id, [0, 2])
    assert (await house.read(request_id)).counts == Counts(pending=1, generated=2)


async def test_a_slot_that_there_is_not_is_told_by_its_place(house):
    request_id, _ = await partial(house, 2, 0)
    with pytest.raises(BodyRefused) as caught:
        await house.retry(request_id, [0, 2])
    assert [finding.pointer for finding in caught.value.findings] == ["/slots/1"]
    assert (await house.read(request_id)).run == 1


async def test_where_everything_was_generated_there_is_nothing_to_try(house):
    request_id, _ = await partial(house, 2)
    with pytest.raises(NothingToRetry, match="slot 0 is generated, slot 1 is generated"):
        await house.retry(request_id)


async def test_only_the_version_that_was_named_is_changed(house):
    request_id, _ = await partial(house, 1, 0)
    version = (await house.read(request_id)).version
    with pytest.raises(VersionMismatch, match=f"It has version {version}, not {version - 1}"):
        await house.retry(request_id, if_version=version - 1)
    await house.retry(request_id, if_version=version)
    assert (await house.read(request_id)).run == 2


async def test_another_owners_is_not_there(house):
    request_id, _ = await partial(house, 1, 0)
    for owner_id, wanted in ((await house.owner(), request_id), (house.owner_id, new_id())):
        with pytest.raises(NotFound):
            await house.retry(wanted, owner_id=owner_id, idempotency_key="k")
    assert await house.rows("SELECT key FROM idempotency_keys") == []


@pytest.mark.parametrize(
    ("terms", "attempts", "seconds"),
    [({}, 3, 2 * 90 + 120), ({"max_attempts": 5, "timeout_seconds": 30}, 5, 30)],
)
async def test_the_further_run_has_its_own_terms(house, terms, attempts, seconds):
    request_id, _ = await partial(house, 4, 1, 2)
    await house.retry(request_id, **terms)
    view = await house.read(request_id)
    assert view.max_attempts == attempts
    assert round((view.deadline_at - view.run_requested_at).total_seconds()) == seconds
    assert view.expires_at is None


async def test_long_attempts_make_a_further_run_no_longer_than_an_hour(house):
    request_id, worker_id = await house.submit(10, slot_timeout_seconds=600), await house.worker()
    await house.settle(worker_id, *map(failed, (await house.claim(worker_id)).slots))
    await house.retry(request_id)
    view = await house.read(request_id)
    assert round((view.deadline_at - view.run_requested_at).total_seconds()) == 3600


async def test_a_wait_for_a_start_belongs_to_the_first_run(house):
    request_id, worker_id = await house.submit(1, start_within_seconds=1), await house.worker()
    await house.settle(worker_id, *map(failed, (await house.claim(worker_id)).slots))
    await house.retry(request_id)
    assert (await house.read(request_id)).start_deadline_at is None
    async with house.at("+1 minute") as later:
        assert len((await later.claim(worker_id)).slots) == 1


async def test_twins_with_one_key_begin_one_run(house):
    request_id, _ = await partial(house, 2, 0, 1)
    done = await asyncio.gather(*(house.retry(request_id, idempotency_key="k") for _ in range(50)))
    assert sorted(one.replayed for one in done) == [False, *[True] * 49]
    assert {one.subject_id for one in done} == {request_id}
    assert (await house.read(request_id)).run == 2
    assert (await house.told(request_id)).count("retried") == 1


async def test_a_replay_is_told_even_when_the_run_has_ended(house):
    request_id, worker_id = await partial(house, 1, 0)
    await house.retry(request_id, idempotency_key="k")
    await house.settle(worker_id, *map(failed, (await house.claim(worker_id)).slots))
    again = await house.retry(request_id, idempotency_key="k")
    assert (again.replayed, (await house.read(request_id)).run) == (True, 2)
    with pytest.raises(IdempotencyKeyReused) as caught:
        await house.retry(request_id, [0], timeout_seconds=9, idempotency_key="k")
    assert caught.value.differing_fields == ("slots", "timeout_seconds")


async def test_a_refused_retry_leaves_its_key_free(house):
    request_id, worker_id, [slot] = await house.claimed()
    with pytest.raises(NotDone):
        await house.retry(request_id, idempotency_key="k")
    await house.settle(worker_id, failed(slot))
    assert not (await house.retry(request_id, idempotency_key="k")).replayed


async def test_the_key_of_what_was_purged_is_refused(house):
    key = {"key": "k"}
    request_id = await house.submit(1, **key)
    await house.rows(
        "WITH gone AS (DELETE FROM slots), told AS (DELETE FROM generation_events),"
        " r AS (DELETE FROM generation_requests RETURNING *)"
        " INSERT INTO tombstones SELECT id, owner_id, entity_type, 'failed', 'all_settled', run, 1, 0, 1, 0,"
        " requested_at, requested_at, lqs_now(), lqs_now() + interval '30 days' FROM r"
    )
    with pytest.raises(IdempotencyKeyExpired) as caught:
        await house.submit(1, **key)
    assert caught.value.existing_request_id == request_id
    assert await house.rows("SELECT id FROM generation_requests") == []


async def test_a_wait_for_another_attempt_is_not_a_retry_by_hand(house):
    """Within a run the slot keeps its error until its next attempt; no dead letter is written."""
    _, worker_id, [slot] = await house.claimed()
    await house.settle(worker_id, retrying(slot, code=SlotErrorCode.PROVIDER_TIMEOUT))
    assert await house.rows("SELECT id FROM dead_letters") == []
