"""Change: words, place and pin of a generation request; each change told once, none half done."""

import asyncio

import pytest

from house import House, generated
from lqs.domain.errors import BodyRefused, GenerationRequestPurged, NotFound, PriorityFixed, VersionMismatch
from lqs.domain.generation_request import Priority
from lqs.lifecycle.change import Changes, change


async def changed(house: House, request_id, *, if_version=None, owner_id=None, **wanted):
    await change(
        house.database, request_id, Changes(**wanted), owner_id=owner_id or house.owner_id, if_version=if_version
    )
    return await house.read(request_id)


async def test_pairs_of_metadata_are_set_and_removed_and_all_others_stay(house):
    request_id = await house.submit(metadata={"a": "1", "b": "2", "c": "3"})
    view = await changed(house, request_id, metadata={"b": "x", "c": None, "d": "4"})
    assert view.metadata == '{"a": "1", "b": "x", "d": "4"}'
    assert (view.version, await house.told(request_id)) == (2, ["accepted", "changed"])


async def test_a_change_that_changes_nothing_is_not_told(house):
    request_id = await house.submit(metadata={"a": "1"})
    view = await changed(house, request_id, metadata={"a": "1", "z": None}, pinned=False, priority=Priority.NORMAL)
    assert (view.version, await house.told(request_id)) == (1, ["accepted"])


async def test_more_metadata_than_fits_is_refused_as_a_whole(house):
    request_id = await house.submit(metadata={str(n): "x" for n in range(16)})
    with pytest.raises(BodyRefused, match="17 pairs"):
        await changed(house, request_id, metadata={"0": "y", "new": "z"})
    assert (await changed(house, request_id, metadata={"0": None, "new": "z"})).version == 2


async def test_another_version_is_refused_even_for_a_change_that_changes_nothing(house):
    request_id = await house.submit()
    for wanted in ({"pinned": True}, {"pinned": False}):
        with pytest.raises(VersionMismatch) as refusal:
            await changed(house, request_id, if_version=7, **wanted)
        assert refusal.value.current == 1
    assert (await changed(house, request_id, if_version=1, pinned=True)).pinned


async def test_of_two_that_change_the_same_version_one_wins(house):
    request_id = await house.submit()
    wishes = [changed(house, request_id, if_version=1, metadata={"by": str(n)}) for n in range(6)]
    answers = await asyncio.gather(*wishes, return_exceptions=True)
    assert [isinstance(answer, VersionMismatch) for answer in answers].count(False) == 1
    assert (await house.read(request_id)).version == 2


async def test_a_pin_stops_the_clock_and_its_end_starts_it_anew(house):
    request_id = await house.ended(retention_seconds=3600)
    assert (await changed(house, request_id, pinned=True)).expires_at is None
    async with house.at("3 hours") as later:
        view = await changed(later, request_id, pinned=False)
        assert view.expires_at is not None
        [row] = await later.rows("SELECT lqs_now() AS now")
        assert 3590 < (view.expires_at - row["now"]).total_seconds() <= 3600
    assert (await house.told(request_id))[-3:] == ["completed", "changed", "changed"]


async def test_a_pin_from_before_the_end_holds_after_it(house):
    request_id, worker_id, [slot] = await house.claimed()
    assert (await changed(house, request_id, pinned=True)).expires_at is None
    await house.settle(worker_id, generated(slot))
    assert (await house.read(request_id)).expires_at is None


async def test_another_priority_is_another_place_in_the_order(house):
    """Behind ten slots of normal priority it would come last; with high priority it comes after one or two of them."""
    first = await house.submit(10)
    request_id = await house.submit(2)
    view = await changed(house, request_id, priority=Priority.HIGH)
    assert (view.priority, view.version) == (Priority.HIGH, 2)
    worker_id = await house.worker()
    order = [slot.request_id for slot in (await house.claim(worker_id, batch=12)).slots]
    won = [(await house.claim(await house.worker(), batch=4)).slots]
    assert won == [[]]
    assert len(order) == 12
    passes = await house.rows("SELECT request_id, pass FROM slots ORDER BY pass, request_id, index")
    assert [row["request_id"] for row in passes].index(request_id) <= 2
    assert {row["request_id"] for row in passes} == {first, request_id}
    [row] = await house.rows("SELECT options::text AS options FROM generation_requests WHERE id = $1", request_id)
    assert row["options"] == '{"priority": "high"}'


@pytest.mark.parametrize(("priority", "stride"), [(Priority.HIGH, 1), (Priority.LOW, 4)])
async def test_the_places_lie_as_far_apart_as_those_of_anything_of_that_priority(house, priority, stride):
    await house.submit(3)
    request_id = await house.submit(4)
    await changed(house, request_id, priority=priority)
    rows = await house.rows("SELECT pass FROM slots WHERE request_id = $1 ORDER BY index", request_id)
    assert [row["pass"] for row in rows] == [n * stride for n in range(4)]


async def test_what_comes_next_in_a_flow_comes_after_what_was_moved_there(house):
    request_id = await house.submit(3)
    await changed(house, request_id, priority=Priority.LOW)
    await house.submit(1, priority=Priority.LOW)
    await changed(house, request_id, priority=Priority.NORMAL)
    await house.submit(1)


async def test_the_priority_of_what_has_begun_is_fixed_and_all_else_is_not(house):
    request_id, _, _ = await house.claimed()
    with pytest.raises(PriorityFixed):
        await changed(house, request_id, priority=Priority.LOW, pinned=True)
    assert not (await house.read(request_id)).pinned
    assert (await changed(house, request_id, priority=Priority.NORMAL, pinned=True)).pinned


async def test_it_is_claimed_or_moved_but_never_both(house):
    """Half of these are claimed before their priority changes; either way every slot is claimed once, in order."""
    ids = [await house.submit(2) for _ in range(20)]
    worker_id = await house.worker()

    async def move(request_id):
        try:
            await changed(house, request_id, priority=Priority.LOW)
        except PriorityFixed:
            return False
        return True

    async def claim():
        return [slot for _ in range(20) for slot in (await house.claim(worker_id, batch=3)).slots]

    *moved, won = await asyncio.gather(*map(move, ids), claim())
    won += (await house.claim(worker_id)).slots
    assert len({(slot.request_id, slot.index) for slot in won}) == len(won) == 40
    for request_id, was_moved in zip(ids, moved, strict=True):
        assert ((await house.read(request_id)).priority is Priority.LOW) == was_moved


async def test_whose_it_is_not_and_what_is_no_longer_there_cannot_be_changed(house):
    request_id = await house.ended()
    with pytest.raises(NotFound):
        await changed(house, request_id, owner_id=await house.owner(), pinned=True)
    await house.purge_one(request_id)
    with pytest.raises(GenerationRequestPurged):
        await changed(house, request_id, pinned=True)
    with pytest.raises(GenerationRequestPurged):
        await changed(house, request_id, priority=Priority.LOW)
