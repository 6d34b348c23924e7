"""Expire: a generation request past one of its deadlines ends, keeps what it has, and takes nothing more."""

import asyncio

import pytest

from house import failed, generated, retrying
from lqs.domain.generation_request import Counts, EndReason, Status
from wire import wire


async def test_nothing_ends_before_its_deadline(house):
    request_id = await house.submit()
    assert (await house.expire()).slots == 0
    assert (await house.read(request_id)).status is Status.PENDING


async def test_one_that_never_began_fails(house):
    request_id = await house.submit(3)
    await house.deadline_passes(request_id)
    assert list((await house.expire()).done) == [request_id]
    view = await house.read(request_id)
    assert (view.status, view.end_reason) == (Status.FAILED, EndReason.DEADLINE_EXCEEDED)
    assert (view.counts, view.started_at) == (Counts(failed=3), None)
    assert {slot.error_code for slot in view.slots} == {"deadline_exceeded"}
    assert await house.told(request_id) == ["accepted", *["slot.failed"] * 3, "failed"]


@pytest.mark.parametrize(("made", "status"), [(0, Status.FAILED), (1, Status.PARTIAL)])
async def test_what_is_there_stays_and_what_is_not_fails(house, made, status):
    """One slot in each state: held, waiting, ready, failed and, in one case, generated."""
    request_id, worker_id = await house.submit(5), await house.worker()
    held = (await house.claim(worker_id, batch=4)).slots
    await house.settle(worker_id, failed(held[0]), retrying(held[1]), *([generated(held[2])] if made else []))
    await house.deadline_passes(request_id)
    await house.expire()
    view = await house.read(request_id)
    assert (view.status, view.end_reason) == (status, EndReason.DEADLINE_EXCEEDED)
    assert view.counts == Counts(generated=made, failed=5 - made)
    assert [slot.error_code for slot in view.slots].count("deadline_exceeded") == 4 - made
    assert view.slots[0].error_code == "provider_auth"
    assert sum(slot.entity_id is not None for slot in view.slots) == made
    assert (await house.told(request_id))[-1] == status.value


async def test_a_result_after_the_deadline_is_refused_and_its_cost_kept(house):
    request_id, worker_id, [slot] = await house.claimed()
    await house.deadline_passes(request_id)
    await house.expire()
    before = await house.read(request_id)
    settled = await house.settle(worker_id, generated(slot))
    assert (settled.booked, settled.late) == (0, 1)
    view = await house.read(request_id)
    assert (view.status, view.completed_at, view.slots[0].entity_id) == (Status.FAILED, before.completed_at, None)
    assert (view.version, view.cost.total, view.cost.wasted) == (before.version + 1, 11, 11)
    assert await house.rows("SELECT outcome, cost_microusd FROM slot_attempts") == [
        {"outcome": "late_result", "cost_microusd": 11}
    ]


async def test_a_result_in_time_counts_although_the_deadline_has_passed_meanwhile(house):
    """Only the commit that ends it decides; until then a paid result is kept."""
    request_id, worker_id, [slot] = await house.claimed()
    await house.deadline_passes(request_id)
    assert (await house.settle(worker_id, generated(slot))).booked == 1
    assert (await house.expire()).slots == 0
    view = await house.read(request_id)
    assert (view.status, view.end_reason) == (Status.COMPLETED, EndReason.ALL_SETTLED)


async def test_it_ends_once_whoever_looks_after_it(house):
    ids = [await house.submit(2) for _ in range(10)]
    for id_ in ids:
        await house.deadline_passes(id_)
    rounds = await asyncio.gather(*(house.expire() for _ in range(5)))
    assert sorted(id_ for done in rounds for id_ in done.done) == sorted(ids)
    assert [(await house.told(id_)).count("failed") for id_ in ids] == [1] * 10


async def test_expire_does_not_wait_for_a_locked_generation_request(house):
    locked_id, free_id = await house.submit(), await house.submit()
    await house.deadline_passes(locked_id)
    await house.deadline_passes(free_id)
    async with house.locked(locked_id):
        assert list((await asyncio.wait_for(house.expire(), 4)).done) == [free_id]
    assert list((await house.expire()).done) == [locked_id]


async def test_expire_takes_the_oldest_of_a_bounded_piece_at_a_time(house):
    ids = [await house.submit() for _ in range(5)]
    for id_ in ids:
        await house.deadline_passes(id_)
    assert list((await house.expire(batch=2)).done) == ids[:2]
    assert [(await house.expire(batch=2)).slots for _ in range(3)] == [2, 1, 0]


@pytest.mark.breaks_invariants
async def test_a_broken_generation_request_keeps_no_other_from_its_end(house):
    """The row of the oldest one contradicts its slots; the deadlines of all others are kept all the same."""
    ids = [await house.submit(2) for _ in range(5)]
    await house.rows("UPDATE generation_requests SET version = 0 WHERE id = $1", ids[0])
    await house.rows("UPDATE generation_requests SET deadline_at = lqs_now() - interval '1 s'")
    ended = await house.expire()
    assert (set(ended.done), list(ended.passed_over)) == (set(ids[1:]), [ids[0]])


async def test_what_was_held_at_the_deadline_is_recalled_from_its_workers(house):
    request_id, one, other = await house.submit(3), await house.worker(), await house.worker()
    idle = await house.worker()
    await house.claim(one, batch=2)
    await house.claim(other)
    await house.deadline_passes(request_id)
    await house.expire()
    assert [await house.recalls(worker_id) for worker_id in (one, other, idle)] == [1, 1, 0]


async def test_what_no_worker_started_in_time_fails_and_costs_nothing(house):
    request_id = await house.submit(3, start_within_seconds=30, call_price_microusd=100)
    assert (await house.give_up()).slots == 0
    async with house.at("31 seconds") as later:
        assert (await later.claim(await later.worker())).slots == [], "no call is made that nobody wants any more"
        assert list((await later.give_up()).done) == [request_id]
    view = await house.read(request_id)
    assert (view.status, view.end_reason) == (Status.FAILED, EndReason.START_DEADLINE_EXCEEDED)
    assert (view.counts, view.started_at) == (Counts(failed=3), None)
    assert (view.cost.total, view.model_calls) == (0, 0)
    assert {slot.error_code for slot in view.slots} == {"deadline_exceeded"}
    assert await house.told(request_id) == ["accepted", *["slot.failed"] * 3, "failed"]


async def test_what_started_in_time_is_not_given_up_even_if_it_waits_again(house):
    await house.submit(2, start_within_seconds=30)
    worker_id = await house.worker()
    await house.claim(worker_id, batch=1)
    await house.hand_back(worker_id)
    async with house.at("31 seconds") as later:
        assert (await later.give_up()).slots == 0
        assert len((await later.claim(worker_id)).slots) == 2


async def test_without_a_wish_the_start_may_take_as_long_as_the_run(house):
    request_id = await house.submit(1)
    async with house.at("3 minutes") as later:
        assert (await later.give_up()).slots == 0
        assert len((await later.claim(await later.worker())).slots) == 1
    assert (await house.read(request_id)).start_deadline_at is None


async def test_giving_up_waits_for_nobody_and_takes_the_oldest_first(house):
    ids = [await house.submit(start_within_seconds=1) for _ in range(4)]
    async with house.at("2 seconds") as later:
        async with house.locked(ids[0]):
            ended = [list((await asyncio.wait_for(later.give_up(batch=n), 4)).done) for n in (2, 4)]
        assert ended == [[ids[1]], ids[2:]]
        assert list((await later.give_up()).done) == [ids[0]]


LATER = {"expire": "deadline_at", "give_up": "start_deadline_at", "sweep": "settles_by"}


@pytest.mark.parametrize("duty", LATER)
async def test_what_got_more_time_between_the_look_and_the_lock_is_left_alone(house, duty):
    """As by a further run, which has deadlines of its own; or by a claim that was just in time."""
    request_id = await house.submit(2, start_within_seconds=60)
    if duty == "sweep":
        await house.claim(await house.worker())
        await house.cancel(request_id)
    set_to = f"UPDATE generation_requests SET {LATER[duty]} = lqs_now() + interval"
    await house.rows(f"{set_to} '-1 s', requested_at = requested_at - interval '1 hour'")
    async with wire(house.url) as line, house.through(line.url) as over_the_wire:
        line.stop_before_the_next("generation_requests.lock_free")
        looking = asyncio.ensure_future(getattr(over_the_wire, duty)())
        await line.stopped.wait()
        await house.rows(f"{set_to} '1 minute'")
        line.go_on()
        assert (await looking).slots == 0
    assert not (await house.read(request_id)).status.done


async def test_an_attempt_has_the_time_that_the_caller_chose(house):
    await house.submit(slot_timeout_seconds=7)
    await house.submit()
    chosen, default = (await house.claim(await house.worker())).slots
    assert (chosen.timeout_seconds, default.timeout_seconds) == (7, 90)
    holds = "SELECT extract(epoch FROM deadline_at - started_at)::int AS seconds FROM slots ORDER BY seconds"
    assert [row["seconds"] for row in await house.rows(holds)] == [7 + 15, 90 + 15]


async def test_a_run_lasts_as_long_as_the_caller_chose_and_at_most_an_hour(house):
    asked = [{}, {"slot_timeout_seconds": 10}, {"timeout_seconds": 30}, {"slot_timeout_seconds": 600}]
    ids = [await house.submit(10, **terms) for terms in asked]
    views = [await house.read(id_) for id_ in ids]
    seconds = [(view.deadline_at - view.requested_at).total_seconds() for view in views]
    assert seconds == [10 * 90 + 120, 10 * 10 + 120, 30, 3600]
