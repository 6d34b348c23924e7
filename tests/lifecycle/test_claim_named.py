"""Claims of named slots: the same claim, of what somebody announced; whatever is not to be had any more is a repeat."""

import asyncio

import pytest

from house import House, failed, generated, retrying
from lqs.domain.generation_request import Status


def names(slots):
    return [(slot.request_id, slot.index) for slot in slots]


async def test_it_wins_what_is_named_and_nothing_else(house):
    first_id, second_id = await house.submit(3), await house.submit(3)
    wanted = [(second_id, 2), (first_id, 1)]
    won = await house.claim(await house.worker(), wanted)
    assert set(names(won.slots)) == set(wanted)
    assert (won.busy, [slot.fence for slot in won.slots]) == ([], [1, 1])
    assert (await house.read(first_id)).counts.processing == (await house.read(second_id)).counts.processing == 1


async def test_a_name_that_comes_three_times_is_won_once(house):
    request_id = await house.submit(2)
    worker_id, name = await house.worker(), (request_id, 0)
    assert names((await house.claim(worker_id, [name, name, name])).slots) == [name]
    again = await house.claim(worker_id, [name])
    assert (again.slots, again.busy) == ([], [])
    assert (await house.slot(request_id))["fence"] == 1


async def test_a_name_that_comes_three_times_reserves_one_call(house):
    request_id = await house.submit(2, call_price_microusd=100, max_cost_microusd=150)
    won = await house.claim(await house.worker(), [(request_id, 0)] * 3)
    assert names(won.slots) == [(request_id, 0)]


@pytest.mark.parametrize("how", [House.cancel, House.abort, House.deadline_passes, House.start_deadline_passes])
async def test_what_must_not_start_any_more_is_not_won(house, how):
    request_id = await house.submit(2)
    await how(house, request_id)
    assert (await house.claim(await house.worker(), [(request_id, 0), (request_id, 1)])).slots == []


async def test_what_is_settled_or_waits_for_its_next_attempt_is_not_won(house):
    request_id, worker_id, slots = await house.claimed(3)
    await house.settle(worker_id, generated(slots[0]), failed(slots[1]), retrying(slots[2]))
    assert (await house.claim(worker_id, [(request_id, n) for n in range(3)])).slots == []
    await house.wait_is_over(request_id)
    await house.promote()
    assert names((await house.claim(worker_id, [(request_id, n) for n in range(3)])).slots) == [(request_id, 2)]


async def test_what_does_not_exist_is_not_won(house):
    request_id = await house.submit(1)
    won = await house.claim(await house.worker(), [(request_id, 1), (await house.owner(), 0)])
    assert (won.slots, won.busy) == ([], [])


async def test_of_ten_claimers_that_were_told_the_same_each_slot_has_one(house):
    ids = [await house.submit(5) for _ in range(20)]
    everything = [(id_, n) for id_ in ids for n in range(5)]
    workers = [await house.worker() for _ in range(10)]

    async def take_all(worker_id):
        mine, left = [], everything
        while left:
            won = await house.claim(worker_id, left)
            mine += names(won.slots)
            left = won.busy
        return mine

    taken = [name for mine in await asyncio.gather(*map(take_all, workers)) for name in mine]
    assert sorted(taken) == sorted(everything)


async def test_slots_of_a_locked_generation_request_are_told_as_busy(house):
    """So that the claimer may ask again: nobody else announces them for a while."""
    locked_id, free_id = await house.submit(2), await house.submit(1)
    worker_id = await house.worker()
    wanted = [(locked_id, 0), (free_id, 0), (locked_id, 1)]
    async with house.locked(locked_id):
        won = await asyncio.wait_for(house.claim(worker_id, wanted), 4)
        assert names(won.slots) == [(free_id, 0)]
        assert sorted(won.busy) == [(locked_id, 0), (locked_id, 1)]
    assert names((await house.claim(worker_id, won.busy)).slots) == [(locked_id, 0), (locked_id, 1)]


async def test_a_slot_without_money_is_not_won_and_its_generation_request_ends(house):
    request_id = await house.submit(2, call_price_microusd=100, max_cost_microusd=50)
    won = await house.claim(await house.worker(), [(request_id, 0)])
    assert won.slots == []
    assert (await house.read(request_id)).status is Status.FAILED


@pytest.mark.breaks_invariants
async def test_a_broken_generation_request_does_not_keep_the_others_from_being_won(house):
    ids = [await house.submit(1) for _ in range(8)]
    await house.rows("ALTER TABLE generation_requests DROP CONSTRAINT counts_fit")
    try:
        await house.rows("UPDATE generation_requests SET processing_count = -3 WHERE id = $1", ids[5])
        left, won_ids, broken, worker_id = [(id_, 0) for id_ in ids], set(), set(), await house.worker()
        for _ in range(20):
            won = await house.claim(worker_id, [name for name in left if name[0] not in broken])
            won_ids |= {slot.request_id for slot in won.slots}
            broken |= {won.broken} - {None}
            left = won.busy
            if not left:
                break
    finally:
        await house.rows("UPDATE generation_requests SET processing_count = 0 WHERE processing_count < 0")
        await house.rows(
            "ALTER TABLE generation_requests ADD CONSTRAINT counts_fit CHECK ("
            "processing_count >= 0 AND retrying_count >= 0 AND generated_count >= 0 AND failed_count >= 0"
            " AND cancelled_count >= 0 AND processing_count + retrying_count + generated_count + failed_count"
            " + cancelled_count <= requested_count)"
        )
    assert broken == {ids[5]}
    assert won_ids == set(ids) - broken
