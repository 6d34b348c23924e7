"""Fairness: owners and priorities share the workers by weight, nobody starves, and a noisy neighbour is not heard."""

from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from house import House, failed, generated, retrying
from lqs.domain.generation_request import Priority
from lqs.lifecycle.change import Changes, change

WEIGHTS = {Priority.HIGH: 4, Priority.NORMAL: 2, Priority.LOW: 1}


async def shares(house: House, groups: Mapping[UUID, Any], *, claims: int, batch: int) -> list[Counter[Any]]:
    """What each of so many claims won, counted by the group of its generation request."""
    worker_id = await house.worker()
    return [
        Counter(groups[slot.request_id] for slot in (await house.claim(worker_id, batch=batch)).slots)
        for _ in range(claims)
    ]


async def backlog(house: House, requests: int, **how: Any) -> list[UUID]:
    """So many generation requests of ten slots each, one commit each."""
    return [await house.submit(10, **how) for _ in range(requests)]


@pytest.mark.parametrize("same_owner", [True, False], ids=["one owner's", "several owners'"])
async def test_priorities_share_in_the_ratio_of_their_weights(house, same_owner):
    """Four high, two normal and one low in every seven claimed, whichever was submitted first."""
    groups: dict[UUID, Priority] = {}
    for priority in (Priority.LOW, Priority.NORMAL, Priority.HIGH):
        owner_id = house.owner_id if same_owner else await house.owner()
        groups |= dict.fromkeys(await backlog(house, 8, owner_id=owner_id, priority=priority), priority)
    claims = await shares(house, groups, claims=5, batch=14)
    assert claims == [Counter({priority: 2 * weight for priority, weight in WEIGHTS.items()})] * 5


async def test_the_lowest_priority_is_served_however_much_of_the_highest_comes(house):
    """Seven high slots come for every five claimed, so their backlog grows without end; low is done all the same."""
    low_id = await house.submit(5, priority=Priority.LOW)
    other_owner, worker_id = await house.owner(), await house.worker()
    won_low: list[int] = []
    while sum(won_low) < 5:
        await house.submit(7, priority=Priority.HIGH, owner_id=other_owner)
        slots = (await house.claim(worker_id, batch=5)).slots
        won_low.append(sum(slot.request_id == low_id for slot in slots))
    assert won_low == [1, 1, 1, 1, 1]


async def test_a_small_owner_is_served_first_whatever_a_big_one_has_queued(house):
    """A has 1,000 slots waiting; each of B's is claimed with the very next free place but one."""
    big = await backlog(house, 100)
    small_owner, worker_id = await house.owner(), await house.worker()
    await house.claim(worker_id, batch=137)
    for _ in range(10):
        small_id = await house.submit(1, owner_id=small_owner)
        won = (await house.claim(worker_id, batch=2)).slots
        assert small_id in {slot.request_id for slot in won}
        assert {slot.request_id for slot in won} <= {small_id, *big}


async def test_an_owner_that_was_away_has_saved_up_nothing(house):
    """B asked for nothing while A worked off a lot: now both take turns, and B does not catch up first."""
    away = await house.owner()
    await house.submit(1, owner_id=away)
    groups: dict[UUID, str] = dict.fromkeys(await backlog(house, 20), "a")
    worker_id = await house.worker()
    await house.claim(worker_id, batch=100)
    groups |= dict.fromkeys(await backlog(house, 5, owner_id=away), "b")
    assert await shares(house, groups, claims=3, batch=10) == [Counter(a=5, b=5)] * 3


async def nothing_yet(_house: House, _owner_id: UUID) -> list[UUID]:
    return []


async def failed_before(house: House, owner_id: UUID) -> list[UUID]:
    """What failed before all that waits now came."""
    ids, worker_id = await backlog(house, 5, owner_id=owner_id), await house.worker()
    await house.settle(worker_id, *map(failed, (await house.claim(worker_id)).slots))
    return ids


async def submitted(house: House, owner_id: UUID, _ids: list[UUID]) -> list[UUID]:
    return await backlog(house, 5, owner_id=owner_id)


async def tried_again_by_hand(house: House, owner_id: UUID, ids: list[UUID]) -> list[UUID]:
    for request_id in ids:
        await house.retry(request_id, owner_id=owner_id)
    return ids


async def made_normal(house: House, owner_id: UUID, _ids: list[UUID]) -> list[UUID]:
    """What was low a moment ago."""
    ids = await backlog(house, 5, owner_id=owner_id, priority=Priority.LOW)
    for request_id in ids:
        await change(house.database, request_id, Changes(priority=Priority.NORMAL), owner_id=owner_id)
    return ids


@pytest.mark.parametrize(
    ("before", "arrive"),
    [(nothing_yet, submitted), (failed_before, tried_again_by_hand), (nothing_yet, made_normal)],
    ids=lambda step: step.__name__,
)
@pytest.mark.parametrize("how", ["retried", "rescued"])
async def test_an_old_slot_that_is_ready_again_takes_no_newcomer_to_the_front(house, how, before, arrive):
    """A slot keeps its place over its attempts, so an old one may stand far before the others. Who comes then starts
    where the others are, not beside it.
    """
    newcomer = await house.owner()
    ids = await before(house, newcomer)
    old_id, worker_id = await house.submit(1), await house.worker()
    [old] = (await house.claim(worker_id)).slots
    groups: dict[UUID, str] = dict.fromkeys(await backlog(house, 20), "a")
    other_worker = await house.worker()
    await house.claim(other_worker, batch=100)
    if how == "retried":
        await house.settle(worker_id, retrying(old))
        await house.wait_is_over(old_id)
        await house.promote()
    else:
        await house.kill(worker_id)
        await house.rescue()
    groups |= dict.fromkeys(await arrive(house, newcomer, ids), "b")
    [again] = (await house.claim(other_worker, batch=1)).slots
    assert again.request_id == old_id
    assert await shares(house, groups, claims=4, batch=10) == [Counter(a=5, b=5)] * 4
    await house.settle(other_worker, generated(again))
