"""Claim: in the fair order, single, and never waiting for anybody."""

import asyncio

import pytest

from house import GRACE_SECONDS, generated
from lqs.domain.generation_request import Counts, Status
from lqs.domain.ids import new_id
from lqs.domain.slot import SlotStatus
from lqs.storage import claims


async def test_a_claimed_slot_is_held_for_one_attempt(house):
    request_id, worker_id = await house.submit(2), await house.worker()
    won = await house.claim(worker_id, batch=1)
    [slot] = won.slots
    assert (slot.request_id, slot.index, slot.fence, slot.attempt) == (request_id, 0, 1, 1)
    assert (slot.entity_type, slot.constraints) == ("problem", "{}")
    assert not won.contended
    row = await house.slot(request_id)
    assert (row["status"], row["worker_id"]) == ("processing", worker_id)
    assert (row["deadline_at"] - row["started_at"]).total_seconds() == pytest.approx(90 + GRACE_SECONDS)
    view = await house.read(request_id)
    assert (view.status, view.counts) == (Status.PROCESSING, Counts(pending=1, processing=1))
    assert view.started_at >= view.requested_at


async def test_only_the_first_claim_begins_a_generation_request(house):
    request_id, worker_id = await house.submit(3), await house.worker()
    await house.claim(worker_id, batch=1)
    begun = await house.read(request_id)
    await house.claim(worker_id, batch=2)
    assert (await house.read(request_id)).started_at == begun.started_at
    assert await house.told(request_id) == ["accepted", "processing", "slots_claimed"]


async def test_a_claim_over_many_generation_requests_books_each(house):
    ids = [await house.submit(2) for _ in range(5)]
    won = await house.claim(await house.worker(), batch=7)
    assert [(slot.request_id, slot.index) for slot in won.slots] == [(id_, n) for id_ in ids for n in (0, 1)][:7]
    assert [(await house.read(id_)).counts.processing for id_ in ids] == [2, 2, 2, 1, 0]


async def test_nothing_ready_is_told_apart_from_busy(house):
    won = await house.claim(await house.worker())
    assert (won.slots, won.contended) == ([], False)


@pytest.mark.parametrize("batch", [1, 3, 50])
async def test_slots_are_claimed_in_the_order_of_their_pass(house, batch):
    """Ties are broken by generation request, then by index."""
    for _ in range(6):
        await house.submit(5, owner_id=await house.owner())
    order = await house.rows("SELECT request_id, index FROM slots ORDER BY pass, request_id, index")
    worker_id, claimed = await house.worker(), []
    while won := (await house.claim(worker_id, batch=batch)).slots:
        assert len(won) == min(batch, 30 - len(claimed))
        expected = order[len(claimed) : len(claimed) + batch]
        assert {(s.request_id, s.index) for s in won} == {(row["request_id"], row["index"]) for row in expected}
        claimed += won
    assert len(claimed) == 30


async def test_claimers_at_the_same_time_never_share_a_slot(house):
    for _ in range(40):
        await house.submit(5)
    workers = [await house.worker() for _ in range(8)]

    async def take_all(worker_id):
        mine = []
        while True:
            won = await house.claim(worker_id, batch=7)
            mine += won.slots
            if not won.slots and not won.contended:
                return mine

    taken = await asyncio.gather(*map(take_all, workers))
    everything = [(slot.request_id, slot.index) for mine in taken for slot in mine]
    assert len(everything) == len(set(everything)) == 200
    assert all(slot.fence == 1 for mine in taken for slot in mine)


async def test_a_claim_passes_over_slots_that_another_claim_has(house):
    """The overlap is proven: the first claim is not committed yet."""
    request_id, worker_id = await house.submit(2), await house.worker()
    other_id = await house.submit(1)
    async with house.alone() as connection:
        await connection.execute("BEGIN")
        first = await claims.claim(connection, worker_id=worker_id, entity_types=["problem"], batch=1, grace_seconds=1)
        assert [slot.request_id for slot in first.slots] == [request_id]
        won = await asyncio.wait_for(house.claim(worker_id), 4)
        assert [slot.request_id for slot in won.slots] == [other_id]
        assert won.contended
    assert len((await house.claim(worker_id)).slots) == 2


async def test_slots_of_a_locked_generation_request_are_let_go_at_once(house):
    locked_id, free_id = await house.submit(2), await house.submit(2)
    worker_id = await house.worker()
    async with house.locked(locked_id):
        won = await asyncio.wait_for(house.claim(worker_id), 4)
        assert {slot.request_id for slot in won.slots} == {free_id}
        assert won.contended
        assert (await house.read(locked_id)).counts == Counts(pending=2)
    assert {slot.request_id for slot in (await house.claim(worker_id)).slots} == {locked_id}


async def test_an_unknown_worker_claims_nothing(house):
    request_id = await house.submit()
    assert (await house.claim(new_id())).slots == []
    assert (await house.read(request_id)).version == 1


async def test_a_worker_taken_for_dead_claims_nothing(house):
    request_id, worker_id = await house.submit(), await house.worker()
    await house.kill(worker_id)
    assert (await house.claim(worker_id)).slots == []
    assert (await house.read(request_id)).status is Status.PENDING


async def test_a_generation_request_past_its_deadline_is_not_begun(house):
    late_id, timely_id = await house.submit(), await house.submit()
    await house.deadline_passes(late_id)
    won = await house.claim(await house.worker())
    assert [slot.request_id for slot in won.slots] == [timely_id]
    assert (await house.slot(late_id))["status"] == SlotStatus.PENDING


async def test_only_ready_slots_are_claimed(house):
    request_id, worker_id, slots = await house.claimed(3)
    await house.settle(worker_id, generated(slots[0]))
    assert (await house.claim(await house.worker())).slots == []
    assert (await house.read(request_id)).counts == Counts(processing=2, generated=1)


async def test_a_request_with_many_slots_does_not_keep_others_waiting(house):
    """Owner A has a hundred slots in the queue; B's three stand between A's first ones, not behind them all."""
    big = [await house.submit(10) for _ in range(10)]
    small_owner = await house.owner()
    small_id = await house.submit(3, owner_id=small_owner)
    won = await house.claim(await house.worker(), batch=6)
    assert sum(slot.request_id == small_id for slot in won.slots) == 3
    assert sum(slot.request_id == big[0] for slot in won.slots) == 3


async def test_who_comes_when_much_is_already_done_starts_at_the_head_of_the_queue(house):
    """A newcomer neither jumps before those who wait nor falls behind what others have queued."""
    for _ in range(4):
        await house.submit(10)
    worker_id = await house.worker()
    await house.claim(worker_id, batch=20)
    newcomer_id = await house.submit(2, owner_id=await house.owner())
    positions = [
        row["request_id"] == newcomer_id
        for row in await house.rows(
            "SELECT request_id FROM slots WHERE status = 'pending' ORDER BY pass, request_id, index LIMIT 4"
        )
    ]
    assert sum(positions) == 2


async def test_an_empty_queue_forgives_nobodys_past(house):
    """When nothing waits, a newcomer starts where the busiest owner stands: neither has an advantage."""
    await house.submit(10)
    await house.claim(await house.worker())
    other = await house.owner()
    mine, theirs = await house.submit(3), await house.submit(3, owner_id=other)
    passes = {
        row["request_id"]: row["pass"]
        for row in await house.rows("SELECT request_id, min(pass) AS pass FROM slots GROUP BY 1")
    }
    assert passes[mine] == passes[theirs]


async def test_owners_in_one_batch_are_interleaved_as_well(house):
    owners = [await house.owner() for _ in range(3)]
    async with house.submitter() as submitter:
        answers = await asyncio.gather(
            *(submitter.submit(house.submission(4, owner_id=owner)) for owner in owners for _ in range(2))
        )
    won = await house.claim(await house.worker(), batch=6)
    per_owner = dict.fromkeys(owners, 0)
    owner_of = {answer.request_id: owners[n // 2] for n, answer in enumerate(answers)}
    for slot in won.slots:
        per_owner[owner_of[slot.request_id]] += 1
    assert sorted(per_owner.values()) == [2, 2, 2]
