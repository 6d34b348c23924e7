"""What forecasts rest on is counted from what is really there."""

from datetime import timedelta

import pytest

from house import LEASE_SECONDS, failed, generated, retrying
from lqs.domain.forecast import Surroundings
from lqs.storage import forecasts


async def around(house, request_id, held_seconds: float = 105) -> Surroundings:
    async with house.database.acquire() as connection:
        return await forecasts.surroundings(
            connection, request_id, lease_seconds=LEASE_SECONDS, held_seconds=held_seconds
        )


async def test_the_queue_is_counted_up_to_its_first_and_its_last_slot(house):
    first, stranger = await house.submit(2), await house.submit(3, owner_id=await house.owner())
    seen, other = await around(house, first), await around(house, stranger)
    assert (seen.ahead, seen.through) == (0, 3), "one of the stranger's comes between"
    assert (other.ahead, other.through) == (1, 5)


async def test_what_has_nothing_ready_stands_nowhere(house):
    request_id, _, _ = await house.claimed(2)
    await house.submit(3)
    seen = await around(house, request_id)
    assert (seen.ahead, seen.through) == (None, None)


async def test_only_workers_that_live_have_places(house):
    request_id, dead, silent = await house.submit(), await house.worker(), await house.worker()
    await house.worker()
    assert (await around(house, request_id)).places == 30
    await house.kill(dead)
    await house.silence(silent)
    assert (await around(house, request_id)).places == 10


async def test_a_claim_is_known_by_how_long_it_holds(house):
    request_id, _, _ = await house.claimed(2)
    seen = await around(house, request_id)
    assert seen.claimed_at is not None
    assert timedelta(0) <= seen.now - seen.claimed_at < timedelta(seconds=60)


async def test_the_last_that_is_tried_again_counts(house):
    request_id, worker_id, [one, other] = await house.claimed(2)
    await house.settle(worker_id, retrying(one, 5), retrying(other, 300))
    seen = await around(house, request_id)
    assert seen.retried_by is not None
    assert timedelta(seconds=200) < seen.retried_by - seen.now <= timedelta(seconds=300)


@pytest.mark.parametrize(("entity_type", "count"), [("problem", 2), ("poem", 0)])
async def test_only_attempts_of_the_type_that_made_something_are_measured(house, entity_type, count):
    _, worker_id, [one, two, three] = await house.claimed(3)
    await house.settle(worker_id, generated(one), generated(two), failed(three))
    async with house.database.acquire() as connection:
        basis = await forecasts.basis(connection, entity_type)
    assert basis.sample_size == count
    assert basis.slot_p50_ms == basis.slot_p99_ms == (5 if count else 0)
