"""What generation costs: told costs are booked as told, and a call nobody told the cost of at its reservation."""

from dataclasses import replace

import pytest

from house import USAGE, House, failed, generated, retrying
from lqs.domain.entity_type import Usage
from lqs.domain.slot_errors import SlotErrorCode
from lqs.lifecycle.dead_letters import Operator, requeue
from lqs.lifecycle.retry import Choice
from lqs.lifecycle.submission import Defaults

PRICE = 100
SILENT = Usage(model="test")


async def held(house: House, count: int = 1):
    request_id, worker_id = await house.submit(count, call_price_microusd=PRICE), await house.worker()
    return request_id, worker_id, (await house.claim(worker_id)).slots


async def costs(house: House, request_id) -> tuple[int, int, int]:
    """Total, wasted, and how much of it is estimated."""
    cost = (await house.read(request_id)).cost
    return cost.total, cost.wasted, cost.estimated


async def test_a_told_cost_is_booked_and_is_wasted_if_nothing_came_of_it(house):
    request_id, worker_id, slots = await held(house, 3)
    await house.settle(worker_id, generated(slots[0]), failed(slots[1]), retrying(slots[2]))
    assert await costs(house, request_id) == (3 * 11, 2 * 11, 0)


@pytest.mark.parametrize(("result", "wasted"), [(generated, 0), (failed, PRICE)])
async def test_an_untold_cost_is_booked_at_the_price_of_a_call(house, result, wasted):
    request_id, worker_id, [slot] = await held(house)
    await house.settle(worker_id, result(slot, usage=SILENT))
    assert await costs(house, request_id) == (PRICE, wasted, PRICE)


async def test_a_call_whose_worker_died_is_booked_until_it_tells_its_real_cost(house):
    request_id, worker_id, [slot] = await held(house)
    await house.kill(worker_id)
    await house.rescue()
    assert await costs(house, request_id) == (PRICE, PRICE, PRICE)
    await house.settle(worker_id, generated(slot))
    assert await costs(house, request_id) == (11, 11, 0)
    await house.settle(worker_id, generated(slot))
    assert await costs(house, request_id) == (11, 11, 0), "a replay costs nothing"


async def test_a_late_result_that_does_not_tell_its_cost_stays_at_the_price(house):
    request_id, worker_id, [slot] = await held(house)
    await house.deadline_passes(request_id)
    await house.expire()
    await house.settle(worker_id, failed(slot, SlotErrorCode.PROVIDER_TIMEOUT, usage=SILENT))
    assert await costs(house, request_id) == (PRICE, PRICE, PRICE)


async def test_what_a_provider_takes_beyond_the_price_is_booked_as_it_was_told(house):
    request_id, worker_id, [slot] = await held(house)
    await house.settle(worker_id, generated(slot, usage=replace(USAGE, cost_microusd=5 * PRICE)))
    assert await costs(house, request_id) == (5 * PRICE, 0, 0)


async def test_what_was_said_of_a_failure_is_kept_for_operators(house):
    request_id, worker_id, [slot] = await held(house)
    result = failed(slot)
    await house.settle(worker_id, replace(result, report=replace(result.report, error_detail="quota of org-7 spent")))
    [attempt] = await house.rows("SELECT error_detail FROM slot_attempts WHERE request_id = $1", request_id)
    assert attempt["error_detail"] == "quota of org-7 spent"
    assert "org-7" not in str(await house.read(request_id)), "a caller never sees it"


async def test_calls_that_may_still_be_told_keep_their_price_over_a_retry(house):
    """They were booked at that price, and it is that price which their real costs replace."""
    request_id, worker_id, slots = await held(house, 3)
    await house.abort(request_id)
    await house.retry(request_id, Choice.FAILED_AND_CANCELLED, price=10 * PRICE)
    await house.settle(worker_id, *map(generated, slots))
    assert await costs(house, request_id) == (3 * 11, 3 * 11, 0)
    await house.claim(worker_id)
    await house.abort(request_id)
    assert await costs(house, request_id) == (3 * 11 + 3 * PRICE, 3 * 11 + 3 * PRICE, 3 * PRICE)


async def test_a_further_run_has_the_price_of_now_where_every_call_was_told(house):
    request_id, worker_id, slots = await held(house)
    await house.settle(worker_id, *map(failed, slots))
    await house.retry(request_id, price=10 * PRICE)
    await house.claim(worker_id)
    await house.abort(request_id)
    assert await costs(house, request_id) == (11 + 10 * PRICE, 11 + 10 * PRICE, 10 * PRICE)


@pytest.mark.parametrize("first", [None, 500])
async def test_the_budget_of_a_retry_outlives_the_record(house, first):
    """What is requeued after the purge may cost what the last run might."""
    request_id, worker_id, slots = await house.claimed(1, call_price_microusd=PRICE, max_cost_microusd=first)
    await house.settle(worker_id, *map(failed, slots))
    await house.retry(request_id, price=PRICE, max_cost_microusd=400)
    await house.settle(worker_id, *map(failed, (await house.claim(worker_id)).slots))
    await house.purge_one(request_id)
    [letter] = await house.rows("SELECT id FROM dead_letters WHERE resolved_at IS NULL")
    defaults = Defaults(call_prices={"problem": PRICE})
    made = await requeue(house.database, letter["id"], Operator(house.owner_id), defaults)
    assert (await house.read(made.subject_id)).cost.limit == 400
