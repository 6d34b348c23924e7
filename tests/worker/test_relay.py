"""The relay: never much more on its way than there is room for, and nobody new stands behind those who wait."""

from contextlib import asynccontextmanager

import pytest

from lqs.dispatch.relay import Relay, RelayRules, Undelivered
from lqs.observability.telemetry import Telemetry

RULES = RelayRules(entity_types=["problem"], lease_seconds=10, again_seconds=10)


@pytest.fixture
def sent():
    """Whatever was sent, as generation requests in that order."""
    return []


@pytest.fixture
def announce(house, sent):
    async def send(announcements):
        sent.extend(announcement.request_id for announcement in announcements)
        return Undelivered((), None)

    @asynccontextmanager
    async def open_send(_telemetry):
        yield send

    async def nothing_to_promote():
        return None

    relay = Relay(house.database, Telemetry(), open_send, nothing_to_promote, RULES)

    async def once():
        before = len(sent)
        await relay.announce(send)
        return len(sent) - before

    return once


async def full_house(house, places):
    """A worker whose places are all taken, and a hundred more of the same owner waiting."""
    worker_id = await house.worker(capacity=places)
    for _ in range(places // 10 + 10):
        await house.submit(10)
    await house.claim(worker_id, batch=places)


async def test_twice_as_much_as_there_is_room_for_is_announced(house, announce):
    await house.worker(capacity=10)
    for _ in range(10):
        await house.submit(10)
    assert await announce() == 20
    assert await announce() == 0


async def test_where_every_place_is_taken_a_few_are_announced_for_those_that_become_free(house, announce):
    await full_house(house, 100)
    assert await announce() == 2
    assert await announce() == 0


async def test_where_there_are_few_places_nothing_is_announced_before_one_is_free(house, announce):
    await full_house(house, 40)
    assert await announce() == 0


async def test_whose_turn_comes_before_what_is_announced_is_announced_at_once(house, announce, sent):
    await full_house(house, 200)
    assert await announce() == 4
    small_id = await house.submit(1, owner_id=await house.owner())
    assert await announce() == 1
    assert sent[-1] == small_id


async def test_it_is_announced_at_once_however_few_the_places_are(house, announce, sent):
    """All places were free, so twice as many were announced, and half of these stand in hands now."""
    worker_id = await house.worker(capacity=40)
    for _ in range(12):
        await house.submit(10)
    assert await announce() == 80
    await house.claim(worker_id, batch=40)
    small_id = await house.submit(1, owner_id=await house.owner())
    assert await announce() == 1
    assert sent[-1] == small_id


async def test_many_who_come_at_once_are_announced_by_and_by(house, announce):
    await full_house(house, 200)
    assert await announce() == 4
    for _ in range(10):
        await house.submit(1, owner_id=await house.owner())
    assert [await announce() for _ in range(4)] == [4, 4, 2, 0]


async def test_never_more_are_announced_than_twice_as_many_as_there_are_places(house, announce):
    """All places were free when twice as many were announced; then a worker found as many by itself."""
    worker_id = await house.worker(capacity=100)
    for _ in range(40):
        await house.submit(10)
    assert await announce() == 202
    await house.submit(10, owner_id=await house.owner())
    assert await announce() == 0
    await house.claim(worker_id, batch=8)
    assert await announce() == 2
