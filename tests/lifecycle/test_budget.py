"""Budgets: every call is paid for before it is made, and what no money is left for ends."""

import asyncio
from collections.abc import Callable, Sequence
from uuid import UUID

import pytest

from house import GRACE_SECONDS, House, breaches, failed, generated, retrying
from lqs.domain.entity_type import Usage
from lqs.domain.generation_request import Counts, EndReason, Status
from lqs.domain.slot_errors import SlotErrorCode
from lqs.lifecycle.claim import claim, end_without_money
from lqs.lifecycle.run import Result
from lqs.storage import claims
from lqs.storage.claims import Claimed
from lqs.storage.views import CostView

PRICE = 100


def usage(microusd: int | None = PRICE) -> Usage:
    return Usage(model="test", input_tokens=1, output_tokens=1, cost_microusd=microusd)


async def work_until_nothing_is_ready(house: House, worker_id: UUID, make: Callable[[Claimed], Result]) -> int:
    """Claim and settle as long as anything can be claimed; how many calls were made."""
    calls = 0
    while won := (await house.claim(worker_id)).slots:
        calls += len(won)
        await house.settle(worker_id, *map(make, won))
    return calls


async def work_off(
    house: House, ids: Sequence[UUID], worker_id: UUID, make: Callable[[Claimed], Result], batch: int = 500
) -> int:
    """Claim and settle until all of them are done; how many calls were made."""
    calls = 0
    for _ in range(100):
        if all([(await house.read(id_)).status.done for id_ in ids]):
            return calls
        won = (await house.claim(worker_id, batch=batch)).slots
        calls += len(won)
        await house.settle(worker_id, *map(make, won))
    raise AssertionError("after a hundred claims they are still not done")


def paid(slot: Claimed) -> Result:
    return generated(slot, usage=usage())


@pytest.mark.parametrize("calls", range(6))
async def test_a_budget_of_so_many_calls_allows_exactly_so_many(house, calls):
    """Of five slots, as many as there is money for are generated; what is left of the money is less than a call."""
    request_id = await house.submit(5, call_price_microusd=PRICE, max_cost_microusd=calls * PRICE + PRICE // 2)
    made = await work_until_nothing_is_ready(house, await house.worker(), lambda slot: generated(slot, usage=usage()))
    view = await house.read(request_id)
    assert made == view.counts.generated == calls
    assert view.counts.failed == 5 - calls
    assert view.cost == CostView(calls * PRICE, 0, 0, calls * PRICE + PRICE // 2)
    assert view.status is {0: Status.FAILED, 5: Status.COMPLETED}.get(calls, Status.PARTIAL)
    assert view.end_reason is (EndReason.ALL_SETTLED if calls == 5 else EndReason.BUDGET_EXHAUSTED)
    assert {slot.error_code for slot in view.slots if slot.entity_id is None} <= {SlotErrorCode.BUDGET_EXHAUSTED}


async def test_retries_are_paid_from_the_same_budget(house):
    """Three slots, money for four calls: one fails twice, so that the last two calls are those of the others."""
    request_id = await house.submit(3, call_price_microusd=PRICE, max_cost_microusd=4 * PRICE)
    worker_id = await house.worker()
    first = (await house.claim(worker_id)).slots
    assert len(first) == 3
    await house.settle(
        worker_id,
        retrying(first[0], usage=usage()),
        retrying(first[1], usage=usage()),
        generated(first[2], usage=usage()),
    )
    await house.wait_is_over(request_id)
    await house.promote()
    [again] = (await house.claim(worker_id)).slots
    assert (again.index, again.attempt) == (0, 2)
    await house.settle(worker_id, retrying(again, usage=usage()))
    view = await house.read(request_id)
    assert (view.status, view.end_reason) == (Status.PARTIAL, EndReason.BUDGET_EXHAUSTED)
    assert [slot.error_code for slot in view.slots] == ["budget_exhausted", "budget_exhausted", None]
    assert view.cost == CostView(4 * PRICE, 3 * PRICE, 0, 4 * PRICE)
    assert (await house.told(request_id))[-3:] == ["slot.failed", "slot.failed", "partial"]


async def test_workers_that_race_never_spend_more_than_there_is(house):
    """Six workers claim from the same ten generation requests until nothing is left; each has money for four calls."""
    ids = [await house.submit(10, call_price_microusd=PRICE, max_cost_microusd=4 * PRICE) for _ in range(10)]
    workers = [await house.worker() for _ in range(6)]

    def make(slot: Claimed) -> Result:
        return (generated if slot.index % 2 else failed)(slot, usage=usage())

    made = await asyncio.gather(*(work_off(house, ids, worker_id, make, batch=3) for worker_id in workers))
    assert sum(made) == 40
    assert {(await house.read(id_)).cost.total for id_ in ids} == {4 * PRICE}
    assert {(await house.read(id_)).end_reason for id_ in ids} == {EndReason.BUDGET_EXHAUSTED}


async def test_two_claims_at_once_share_one_budget(house):
    """The overlap is proven: while one claim is not committed the other gets nothing, and afterwards what is left."""
    request_id = await house.submit(4, call_price_microusd=PRICE, max_cost_microusd=3 * PRICE)
    one, other = await house.worker(), await house.worker()
    async with house.alone() as connection:
        await connection.execute("BEGIN")
        open_claim = await claims.claim(
            connection, worker_id=one, entity_types=["problem"], batch=2, grace_seconds=GRACE_SECONDS
        )
        assert len(open_claim.slots) == 2
        meanwhile = await asyncio.wait_for(house.claim(other), 4)
        assert (meanwhile.slots, meanwhile.contended) == ([], True)
    first = await house.claim(one, batch=2)
    second = await house.claim(other)
    assert (len(first.slots), len(second.slots), second.contended) == (2, 1, False)
    assert (await house.read(request_id)).counts == Counts(pending=1, processing=3)


async def test_who_waits_for_calls_in_flight_holds_nobody_up(house):
    """All its money is reserved, but a call may turn out cheaper: it keeps its place, and others are served."""
    tight_id = await house.submit(3, call_price_microusd=PRICE, max_cost_microusd=PRICE)
    free_id = await house.submit(1)
    worker_id = await house.worker()
    [tight] = (await house.claim(worker_id, batch=1)).slots
    assert tight.request_id == tight_id
    won = await house.claim(worker_id, batch=1)
    assert [slot.request_id for slot in won.slots] == [free_id]
    won = await house.claim(worker_id)
    assert (won.slots, won.contended, won.out_of_money) == ([], False, [])
    assert (await house.read(tight_id)).counts == Counts(pending=2, processing=1)


async def test_claims_that_find_no_money_do_not_wait_for_each_other(house):
    """Each of two open claims holds a slot of the other's generation request; both commit, then both are ended."""
    one_id = await house.submit(2, call_price_microusd=PRICE, max_cost_microusd=PRICE // 2)
    other_id = await house.submit(2, call_price_microusd=PRICE, max_cost_microusd=PRICE // 2)
    await house.rows(
        "UPDATE slots SET pass = 1 + index WHERE request_id = ANY ($1::uuid[]) RETURNING index", [one_id, other_id]
    )
    worker_id, rival_id = await house.worker(), await house.worker()
    how = {"entity_types": ["problem"], "batch": 2, "grace_seconds": GRACE_SECONDS}
    async with house.alone() as rival:
        await rival.execute("BEGIN")
        async with house.locked(one_id):
            theirs = await claims.claim(rival, worker_id=rival_id, **how)
        assert list(theirs.standings) == [other_id]
        mine = await asyncio.wait_for(claim(house.database, worker_id=worker_id, **how), 4)
        assert mine.out_of_money == [one_id]
        ending = asyncio.create_task(end_without_money(house.database, mine.out_of_money))
        await rival.execute("COMMIT")
        assert (await asyncio.wait_for(ending, 4)).done == [one_id]
    await house.claim(worker_id)
    assert await outcomes(house, [one_id, other_id]) == [(Status.FAILED, EndReason.BUDGET_EXHAUSTED, 0)] * 2


async def test_money_that_came_back_since_the_claim_is_not_taken_for_spent(house):
    request_id = await house.submit(1, call_price_microusd=PRICE, max_cost_microusd=PRICE)
    assert (await end_without_money(house.database, [request_id])).slots == 0
    assert (await house.read(request_id)).status is Status.PENDING


async def test_money_that_a_cheaper_call_gives_back_pays_another(house):
    request_id = await house.submit(3, call_price_microusd=PRICE, max_cost_microusd=150)
    made = await work_until_nothing_is_ready(house, await house.worker(), lambda slot: generated(slot, usage=usage(40)))
    view = await house.read(request_id)
    assert (made, view.cost.total) == (2, 80)
    assert view.end_reason is EndReason.BUDGET_EXHAUSTED


async def test_as_long_as_a_call_is_in_flight_that_may_give_money_back_the_others_wait(house):
    request_id = await house.submit(3, call_price_microusd=PRICE, max_cost_microusd=2 * PRICE)
    worker_id = await house.worker()
    one, other = (await house.claim(worker_id)).slots
    await house.settle(worker_id, generated(one, usage=usage()))
    assert (await house.claim(worker_id)).out_of_money == []
    assert (await house.read(request_id)).counts == Counts(pending=1, processing=1, generated=1)
    await house.settle(worker_id, generated(other, usage=usage(0)))
    assert len((await house.claim(worker_id)).slots) == 1


@pytest.mark.breaks_invariants
async def test_a_call_dearer_than_its_price_ends_the_rest_once_nothing_is_in_flight(house):
    """A generator's price was wrong: what it really cost is told, `admin verify` complains, and no more is spent."""
    request_id = await house.submit(3, call_price_microusd=PRICE, max_cost_microusd=2 * PRICE)
    worker_id = await house.worker()
    one, other = (await house.claim(worker_id)).slots
    await house.settle(worker_id, generated(one, usage=usage(5 * PRICE)))
    assert (await house.read(request_id)).counts == Counts(pending=1, processing=1, generated=1)
    await house.settle(worker_id, generated(other, usage=usage(0)))
    view = await house.read(request_id)
    assert (view.status, view.end_reason, view.cost.total) == (Status.PARTIAL, EndReason.BUDGET_EXHAUSTED, 5 * PRICE)
    assert [breach.partition(":")[0] for breach in await breaches(house.url)] == ["budget"]


async def test_a_call_nobody_told_the_cost_of_counts_at_its_price(house):
    request_id = await house.submit(2, call_price_microusd=PRICE, max_cost_microusd=PRICE)
    made = await work_until_nothing_is_ready(
        house, await house.worker(), lambda slot: generated(slot, usage=usage(None))
    )
    assert made == 1
    assert (await house.read(request_id)).cost == CostView(PRICE, 0, PRICE, PRICE)


async def test_a_call_lost_with_its_worker_counts_at_its_price(house):
    """The worker dies with two calls in flight, money for three: one more is made, then the rest ends."""
    request_id = await house.submit(2, call_price_microusd=PRICE, max_cost_microusd=3 * PRICE)
    dead, alive = await house.worker(), await house.worker()
    lost = (await house.claim(dead)).slots
    await house.kill(dead)
    await house.rescue()
    assert (await house.read(request_id)).cost == CostView(2 * PRICE, 2 * PRICE, 2 * PRICE, 3 * PRICE)
    [slot] = (await house.claim(alive)).slots
    await house.settle(alive, generated(slot, usage=usage()))
    view = await house.read(request_id)
    assert (view.status, view.end_reason) == (Status.PARTIAL, EndReason.BUDGET_EXHAUSTED)
    assert view.cost == CostView(3 * PRICE, 2 * PRICE, 2 * PRICE, 3 * PRICE)

    await house.settle(dead, *(generated(slot, usage=usage(30)) for slot in lost))
    assert (await house.read(request_id)).cost == CostView(160, 60, 0, 3 * PRICE)


async def test_a_rescue_that_leaves_no_money_ends_the_rest_at_once(house):
    request_id = await house.submit(3, call_price_microusd=PRICE, max_cost_microusd=PRICE)
    worker_id = await house.worker()
    assert len((await house.claim(worker_id)).slots) == 1
    await house.kill(worker_id)
    rescued = await house.rescue()
    assert rescued.done == [request_id]
    view = await house.read(request_id)
    assert (view.status, view.end_reason, view.counts) == (
        Status.FAILED, EndReason.BUDGET_EXHAUSTED, Counts(failed=3),
    )  # fmt: skip


async def test_calls_that_a_stopping_worker_cut_short_count_at_their_price(house):
    request_id = await house.submit(2, call_price_microusd=PRICE, max_cost_microusd=3 * PRICE)
    worker_id = await house.worker()
    await house.claim(worker_id)
    await house.hand_back(worker_id)
    assert (await house.read(request_id)).cost == CostView(2 * PRICE, 2 * PRICE, 2 * PRICE, 3 * PRICE)
    assert len((await house.claim(worker_id)).slots) == 1


async def test_waiting_retries_end_with_the_money(house):
    """Nothing waits for a time to come when there is nothing to pay it with."""
    request_id = await house.submit(1, call_price_microusd=PRICE, max_cost_microusd=PRICE)
    worker_id = await house.worker()
    [slot] = (await house.claim(worker_id)).slots
    await house.settle(worker_id, retrying(slot, 3600, usage=usage()))
    view = await house.read(request_id)
    assert (view.status, view.slots[0].error_code) == (Status.FAILED, SlotErrorCode.BUDGET_EXHAUSTED)


async def test_a_budget_of_nothing_pays_for_what_is_free(house):
    request_id = await house.submit(2, call_price_microusd=0, max_cost_microusd=0)
    made = await work_until_nothing_is_ready(house, await house.worker(), lambda slot: generated(slot, usage=usage(0)))
    assert (made, (await house.read(request_id)).status) == (2, Status.COMPLETED)


# A key's day


async def spent(house: House) -> dict[str, int]:
    """What every key has spent, over all days."""
    rows = await house.rows("SELECT key_id, sum(spent_microusd)::int AS spent FROM key_days GROUP BY key_id")
    return {row["key_id"]: row["spent"] for row in rows}


async def outcomes(house: House, ids: Sequence[UUID]) -> list[tuple[Status, EndReason | None, int]]:
    views = [await house.read(id_) for id_ in ids]
    return [(view.status, view.end_reason, view.counts.generated) for view in views]


async def test_a_daily_budget_is_shared_by_the_generation_requests_of_a_key(house):
    """Money for five calls: the first request of three gets all, the second two, and the third nothing."""
    key = await house.key(daily_budget_microusd=5 * PRICE)
    how = {"requested_by": key, "call_price_microusd": PRICE}
    ids = [await house.submit(3, **how), await house.submit(3, **how), await house.submit(1, **how)]
    other_id = await house.submit(2, requested_by=await house.key(), call_price_microusd=PRICE)
    worker_id = await house.worker()
    assert await work_off(house, [*ids, other_id], worker_id, paid) == 7
    assert await outcomes(house, ids) == [
        (Status.COMPLETED, EndReason.ALL_SETTLED, 3),
        (Status.PARTIAL, EndReason.BUDGET_EXHAUSTED, 2),
        (Status.FAILED, EndReason.BUDGET_EXHAUSTED, 0),
    ]
    assert (await house.read(other_id)).status is Status.COMPLETED
    assert await spent(house) == {key: 5 * PRICE}


async def test_the_next_day_has_its_own_money(house):
    key = await house.key(daily_budget_microusd=2 * PRICE)
    how = {"requested_by": key, "call_price_microusd": PRICE, "timeout_seconds": 3600}
    worker_id = await house.worker()
    today_id = await house.submit(3, **how)
    await work_off(house, [today_id], worker_id, paid)
    async with house.at("1 day") as tomorrow:
        next_id, next_worker = await tomorrow.submit(3, **how), await tomorrow.worker()
        await work_off(tomorrow, [next_id], next_worker, paid)
        assert await outcomes(tomorrow, [today_id, next_id]) == [(Status.PARTIAL, EndReason.BUDGET_EXHAUSTED, 2)] * 2
        days = await tomorrow.rows("SELECT spent_microusd FROM key_days WHERE key_id = $1 ORDER BY day", key)
    assert [day["spent_microusd"] for day in days] == [2 * PRICE, 2 * PRICE]


async def test_what_a_call_gives_back_goes_to_the_day_it_was_reserved_in(house):
    """Claimed before midnight, settled after: the new day neither pays for it nor gets its money."""
    key = await house.key(daily_budget_microusd=10 * PRICE)
    await house.submit(1, requested_by=key, call_price_microusd=PRICE)
    worker_id = await house.worker()
    await house.claim(worker_id)
    [slot] = (await house.claim(worker_id)).slots
    async with house.at("1 day") as tomorrow:
        await tomorrow.submit(1, requested_by=key, call_price_microusd=PRICE)
        next_worker = await tomorrow.worker()
        await tomorrow.claim(next_worker)
        [next_slot] = (await tomorrow.claim(next_worker)).slots
        await tomorrow.settle(worker_id, generated(slot, usage=usage(30)))
        days = await tomorrow.rows("SELECT spent_microusd FROM key_days WHERE key_id = $1 ORDER BY day", key)
        assert [day["spent_microusd"] for day in days] == [30, PRICE]
        await tomorrow.settle(next_worker, generated(next_slot, usage=usage()))


async def test_many_workers_never_spend_more_of_a_day_than_there_is(house):
    key = await house.key(daily_budget_microusd=23 * PRICE)
    ids = [await house.submit(4, requested_by=key, call_price_microusd=PRICE) for _ in range(10)]
    workers = [await house.worker() for _ in range(6)]

    made = await asyncio.gather(*(work_off(house, ids, worker_id, paid, batch=3) for worker_id in workers))
    assert sum(made) == 23
    assert await spent(house) == {key: 23 * PRICE}
    assert sum([(await house.read(id_)).counts.generated for id_ in ids]) == 23


async def test_what_cheaper_calls_give_back_pays_others_of_the_same_day(house):
    key = await house.key(daily_budget_microusd=2 * PRICE)
    ids = [await house.submit(1, requested_by=key, call_price_microusd=PRICE) for _ in range(4)]
    worker_id = await house.worker()
    assert await work_off(house, ids, worker_id, lambda slot: generated(slot, usage=usage(40)), batch=1) == 3
    assert await spent(house) == {key: 120}


async def test_a_claim_does_not_wait_for_a_key_that_somebody_else_settles(house):
    key = await house.key(daily_budget_microusd=10 * PRICE)
    mine = await house.submit(2, requested_by=key, call_price_microusd=PRICE)
    worker_id = await house.worker()
    await house.claim(worker_id)  # begins the day
    other = await house.submit(1)
    async with house.alone() as connection:
        await connection.execute("BEGIN")
        await connection.execute("SELECT * FROM key_days FOR UPDATE")
        won = await asyncio.wait_for(house.claim(worker_id), 4)
        assert [slot.request_id for slot in won.slots] == [other]
        assert won.contended
    assert {slot.request_id for slot in (await house.claim(worker_id)).slots} == {mine}


async def test_a_spent_day_holds_no_stranger_up(house):
    """One call of the key hangs, nine more wait at the head of the queue: who asks with other money is served."""
    key = await house.key(daily_budget_microusd=PRICE)
    tight_id = await house.submit(10, call_price_microusd=PRICE, requested_by=key)
    worker_id = await house.worker()
    await house.claim(worker_id)  # begins the day
    [hanging] = (await house.claim(worker_id)).slots
    stranger_id = await house.submit(1, owner_id=await house.owner())
    assert [slot.request_id for slot in (await house.claim(worker_id, batch=1)).slots] == [stranger_id]
    assert (await house.read(tight_id)).counts == Counts(pending=9, processing=1)
    await house.settle(worker_id, generated(hanging, usage=usage(0)))
    assert len((await house.claim(worker_id)).slots) == 1


async def test_a_key_without_a_daily_budget_keeps_no_account(house):
    await house.submit(2, requested_by=await house.key(), call_price_microusd=PRICE)
    worker_id = await house.worker()
    won = (await house.claim(worker_id)).slots
    await house.settle(worker_id, *(generated(slot, usage=usage(1)) for slot in won))
    assert await spent(house) == {}
