"""Fairness: owners and priorities share the workers by weight, nobody starves, and a noisy neighbour is not heard."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from house import House, failed, generated, retrying
from lqs.domain.generation_request import Priority
from lqs.lifecycle.change import Changes, change
from lqs.lifecycle.retry import Choice
from lqs.lifecycle.submission import Defaults, new_request
from lqs.storage import generation_requests

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


async def aborted(house: House, ids: list[UUID]) -> None:
    for request_id in ids:
        await house.abort(request_id)


async def cancelled_beside_calls(house: House, ids: list[UUID]) -> None:
    """Gracefully, with slots of the first ones in flight, which end as they will."""
    for request_id in ids:
        await house.cancel(request_id)


async def cancelled_but_for_what_runs(house: House, ids: list[UUID]) -> None:
    """The first has slots in flight and four that wait."""
    for request_id in ids[1:]:
        await house.cancel(request_id)


async def past_their_deadline(house: House, ids: list[UUID]) -> None:
    for request_id in ids:
        await house.deadline_passes(request_id)
    await house.expire()


async def all_tried_again(house: House, owner_id: UUID, ids: list[UUID]) -> list[UUID]:
    """What left the queue, a part of it."""
    for request_id in ids[-5:]:
        await house.retry(request_id, owner_id=owner_id, slots=Choice.FAILED_AND_CANCELLED)
    return ids[-5:]


@pytest.mark.parametrize(
    ("leave", "arrive"),
    [
        (aborted, submitted),
        (cancelled_beside_calls, submitted),
        (cancelled_but_for_what_runs, submitted),
        (past_their_deadline, submitted),
        (aborted, all_tried_again),
        (aborted, made_normal),
    ],
    ids=lambda step: step.__name__,
)
async def test_nobody_stands_behind_places_that_were_left_unclaimed(house, leave, arrive):
    """B had 300 slots waiting, and they are gone: B's next ones take turns with A's, as if they had never been."""
    groups: dict[UUID, str] = dict.fromkeys(await backlog(house, 20, owner_id=await house.owner()), "a")
    gone, worker_id = await backlog(house, 30), await house.worker()
    await house.claim(worker_id, batch=12)
    await leave(house, gone)
    groups |= dict.fromkeys(gone, "gone") | dict.fromkeys(await arrive(house, house.owner_id, gone), "b")
    won = sum(await shares(house, groups, claims=4, batch=10), Counter())
    assert won["gone"] <= 4  # of the first, where that goes on
    assert won["b"] >= 15


async def test_who_asks_for_one_after_the_other_gets_no_more_than_a_share(house):
    """Nothing of B waits when B asks, and still a low one costs B the turns of two normal ones."""
    await backlog(house, 10, owner_id=await house.owner())
    worker_id, mine = await house.worker(), 0
    low_id = await house.submit(1, priority=Priority.LOW)
    for _ in range(30):
        [slot] = (await house.claim(worker_id, batch=1)).slots
        await house.settle(worker_id, generated(slot))
        if slot.request_id == low_id:
            mine += 1
            low_id = await house.submit(1, priority=Priority.LOW)
    assert 9 <= mine <= 11


async def test_submits_at_once_do_not_both_take_the_places_that_were_left(house, eventually):
    """The second waits for the first, whose slots its statement cannot see."""
    await backlog(house, 5, owner_id=await house.owner())
    await aborted(house, await backlog(house, 30))
    async with house.database.transaction() as connection:
        await generation_requests.insert(connection, [new_request(house.submission(10), Defaults())])
        second = asyncio.create_task(house.submit(1))
        await eventually(lambda: waits_for_a_lock(house))
    await second


async def waits_for_a_lock(house: House) -> bool:
    asked = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return bool(await house.rows(asked))
