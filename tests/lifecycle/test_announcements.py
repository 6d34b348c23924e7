"""Announcements: what is ready, in the fair order, once; and again when nobody came."""

import pytest

from house import House, failed, generated, retrying
from lqs.storage import announcements

AGAIN_SECONDS = 10.0


async def announce(house, batch=500, entity_types=("problem",), before_turn=announcements.NO_TURN):
    async with house.database.acquire() as connection:
        return await announcements.announce(
            connection,
            entity_types=entity_types,
            batch=batch,
            again_seconds=AGAIN_SECONDS,
            before_turn=before_turn,
        )


async def announced(house, batch=500):
    return [(a.request_id, a.index) for a in await announce(house, batch)]


async def survey(house):
    async with house.database.acquire() as connection:
        return await announcements.survey(connection, lease_seconds=10)


async def its_time_comes(house):
    await house.rows("UPDATE announcements SET again_at = lqs_now() - interval '1 millisecond'")


async def test_ready_slots_are_announced_in_the_order_in_which_they_are_claimed_and_once(house):
    """A hundred slots of one owner, then one of another: the newcomer is among the first."""
    for _ in range(10):
        await house.submit(10)
    small_id = await house.submit(1, owner_id=await house.owner())
    order = [
        (row["request_id"], row["index"])
        for row in await house.rows("SELECT request_id, index FROM slots ORDER BY pass, request_id, index")
    ]
    assert (small_id, 0) in order[:2]
    assert await announced(house, 4) == order[:4]
    assert await announced(house, 50) == order[4:54]
    assert await announced(house) == order[54:]
    assert await announced(house) == []


async def test_what_is_announced_counts_as_open_until_it_is_claimed(house):
    request_id, worker_id = await house.submit(3), await house.worker()
    await announce(house)
    assert (await survey(house)).open == 3
    await house.claim(worker_id, [(request_id, 1)])
    found = await survey(house)
    assert (found.open, found.free, found.ready) == (2, 9, True)
    assert len(await house.rows("SELECT * FROM announcements")) == 2, "what is over is forgotten"


async def test_what_comes_before_a_turn_is_announced_alone(house):
    """What is on its way already, and whoever comes before the last of it."""
    await house.submit(10)
    await announce(house, 4)
    last_turn = (await survey(house)).last_turn
    assert [row["pass"] for row in await house.rows("SELECT pass FROM slots ORDER BY pass")][3] == last_turn
    small_id = await house.submit(5, owner_id=await house.owner())
    sooner = await announce(house, before_turn=last_turn)
    assert 0 < len(sooner) < 5
    assert {a.request_id for a in sooner} == {small_id}
    assert max(a.turn for a in sooner) < last_turn
    assert await announce(house, before_turn=last_turn) == []


async def test_only_live_workers_have_places(house):
    assert await survey(house) == announcements.Survey(open=0, last_turn=0, free=0, places=0, ready=False)
    await house.worker()
    dead, silent = await house.worker(), await house.worker()
    await house.kill(dead)
    await house.silence(silent)
    await house.submit(3)
    await house.claim(await house.worker(), batch=3)
    found = await survey(house)
    assert (found.free, found.places) == (17, 20)


async def hand_back(house: House, worker_id, slots) -> None:
    await house.hand_back(worker_id)


async def rescue(house: House, worker_id, slots) -> None:
    await house.kill(worker_id)
    await house.rescue()


async def retry_later(house: House, worker_id, slots) -> None:
    await house.settle(worker_id, *(retrying(slot) for slot in slots))
    await house.wait_is_over(slots[0].request_id)
    await house.promote()


async def wedge(house: House, worker_id, slots) -> None:
    await house.hold_is_over(slots[0].request_id)
    await house.time_out()
    await house.wait_is_over(slots[0].request_id)
    await house.promote()


async def retry_by_hand(house: House, worker_id, slots) -> None:
    await house.settle(worker_id, *(failed(slot) for slot in slots))
    await house.retry(slots[0].request_id)


@pytest.mark.parametrize("come_back", [hand_back, rescue, retry_later, wedge, retry_by_hand])
async def test_a_slot_that_comes_back_is_announced_anew_at_once(house, come_back):
    """Though its former announcement is not forgotten yet: that was one of the slot as it stood then."""
    request_id, worker_id = await house.submit(2), await house.worker()
    both = [(request_id, 0), (request_id, 1)]
    assert await announced(house) == both
    won = await house.claim(worker_id, both)
    assert await announced(house) == []
    await come_back(house, worker_id, won.slots)
    anew = await announce(house)
    assert sorted((a.request_id, a.index, a.times) for a in anew) == [(*name, 1) for name in both]


async def test_what_nobody_claims_in_time_is_announced_again_and_ever_more_rarely(house):
    await house.submit(1)
    waits = []
    for times in range(1, 9):
        [announcement] = await announce(house)
        assert announcement.times == min(times, 6)
        [row] = await house.rows("SELECT extract(epoch FROM again_at - lqs_now()) AS wait FROM announcements")
        waits.append(round(float(row["wait"]) / AGAIN_SECONDS))
        assert await announce(house) == []
        await its_time_comes(house)
    assert waits == [1, 2, 4, 8, 16, 32, 32, 32]


async def test_what_was_announced_in_vain_several_times_keeps_nobody_else_from_being_announced(house):
    await house.submit(2)
    for _ in range(3):
        await announce(house)
        await its_time_comes(house)
    assert (await survey(house)).open == 0


async def test_what_was_not_sent_is_among_the_next_ones(house):
    request_id = await house.submit(3)
    sent = await announce(house)
    async with house.database.acquire() as connection:
        await announcements.withdraw(connection, sent[1:])
    assert await announced(house) == [(request_id, 1), (request_id, 2)]


@pytest.mark.parametrize("how", [House.cancel, House.deadline_passes, House.start_deadline_passes])
async def test_what_must_not_start_any_more_is_not_announced(house, how):
    request_id = await house.submit(2)
    await how(house, request_id)
    assert await announced(house) == []


async def test_what_waits_for_money_or_is_of_another_type_is_passed_over(house):
    poor_id, rich_id = await house.submit(3, call_price_microusd=100, max_cost_microusd=150), await house.submit(1)
    worker_id = await house.worker()
    [slot] = (await house.claim(worker_id, [(poor_id, 0)])).slots
    assert await announced(house) == [(rich_id, 0)]
    assert await announce(house, entity_types=("proverb",)) == []
    await house.settle(worker_id, generated(slot))
    assert await announced(house) == [(poor_id, 1), (poor_id, 2)]


async def test_a_purge_needs_no_thought_of_announcements(house):
    request_id = await house.submit(1)
    await announce(house)
    worker_id = await house.worker()
    [slot] = (await house.claim(worker_id)).slots
    await house.settle(worker_id, generated(slot))
    await house.retention_passes(request_id)
    await house.purge()
    await survey(house)
    assert await house.rows("SELECT * FROM announcements") == []
