"""Settle: results become the truth once, under the fence of who holds the slot."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest

from house import USAGE, House, failed, generated, retrying
from lqs.domain.generation_request import Counts, EndReason, EventType, Status
from lqs.domain.slot_errors import SlotErrorCode
from lqs.lifecycle.booking import book
from lqs.lifecycle.settle import Settled
from lqs.storage import generation_requests, slots

BOOKED = Settled(1, 0, 0)
LATE = Settled(0, 1, 0)
REPLAYED = Settled(0, 0, 1)


async def attempts(house: House, request_id) -> list[tuple]:
    rows = await house.rows(
        "SELECT index, fence, outcome, error_code, cost_microusd FROM slot_attempts"
        " WHERE request_id = $1 ORDER BY 1, 2",
        request_id,
    )
    return [tuple(row.values()) for row in rows]


async def entities(house: House, request_id) -> int:
    [row] = await house.rows("SELECT count(*) AS n FROM entities WHERE generation_request_id = $1", request_id)
    return row["n"]


async def test_a_generated_slot_has_its_entity_and_its_attempt(house):
    request_id, worker_id, [slot, _] = await house.claimed(2)
    result = generated(slot, content='{"b": 1, "a": 2}')
    assert await house.settle(worker_id, result) == BOOKED
    view = await house.read(request_id)
    assert (view.status, view.counts) == (Status.PROCESSING, Counts(processing=1, generated=1))
    assert (view.slots[0].entity_id, view.slots[0].content) == (result.entity_id, '{"b": 1, "a": 2}')
    assert (view.model_calls, view.input_tokens, view.output_tokens) == (1, USAGE.input_tokens, USAGE.output_tokens)
    assert view.last_progress_at is not None
    assert await attempts(house, request_id) == [(0, 1, "generated", None, 11)]
    [entity] = await house.rows("SELECT owner_id, entity_type, slot_index FROM entities")
    assert tuple(entity.values()) == (house.owner_id, "problem", 0)


async def test_a_failed_slot_has_its_code_and_no_entity(house):
    request_id, worker_id, [slot, _] = await house.claimed(2)
    await house.settle(worker_id, failed(slot, SlotErrorCode.CONTENT_REFUSED))
    view = await house.read(request_id)
    assert view.counts == Counts(processing=1, failed=1)
    assert (view.slots[0].error_code, view.slots[0].error_attempt) == ("content_refused", 1)
    assert await entities(house, request_id) == 0
    assert await attempts(house, request_id) == [(0, 1, "failed", "content_refused", 11)]


async def test_a_slot_that_is_tried_again_waits_for_its_time(house):
    request_id, worker_id, [slot] = await house.claimed()
    await house.settle(worker_id, retrying(slot, 45))
    view = await house.read(request_id)
    assert (view.status, view.counts) == (Status.PROCESSING, Counts(retrying=1))
    assert (view.slots[0].attempts, view.slots[0].error_code) == (1, "provider_timeout")
    [row] = await house.rows("SELECT extract(epoch FROM available_at - lqs_now())::float AS wait FROM slots")
    assert 40 < row["wait"] <= 45
    assert await house.told(request_id) == ["accepted", "processing", "slot.retrying"]


@pytest.mark.parametrize(
    ("made", "lost", "status"),
    [(3, 0, Status.COMPLETED), (2, 1, Status.PARTIAL), (1, 2, Status.PARTIAL), (0, 3, Status.FAILED)],
)
@pytest.mark.parametrize("at_once", [True, False])
async def test_the_last_slot_ends_the_generation_request(house, made, lost, status, at_once):
    request_id, worker_id, held = await house.claimed(3)
    results = [generated(slot) for slot in held[:made]] + [failed(slot) for slot in held[made:]]
    for batch in [results] if at_once else [[result] for result in results]:
        assert not (await house.read(request_id)).status.done
        await house.settle(worker_id, *batch)
    view = await house.read(request_id)
    assert (view.status, view.end_reason) == (status, EndReason.ALL_SETTLED)
    assert view.counts == Counts(generated=made, failed=lost)
    assert view.completed_at >= view.started_at
    assert await entities(house, request_id) == made
    events = ["slot.generated"] * made + ["slot.failed"] * lost
    assert await house.told(request_id) == ["accepted", "processing", *events, status.value]


async def test_one_commit_settles_many_generation_requests(house):
    ids = [await house.submit(3) for _ in range(20)]
    worker_id = await house.worker()
    held = (await house.claim(worker_id)).slots
    assert await house.settle(worker_id, *map(generated, reversed(held))) == Settled(60, 0, 0)
    assert {(await house.read(id_)).status for id_ in ids} == {Status.COMPLETED}
    [commits] = await house.rows("SELECT count(DISTINCT xmin::text) AS n FROM generation_requests")
    assert commits["n"] == 1


async def test_a_replay_is_silent(house):
    request_id, worker_id, [slot, _] = await house.claimed(2)
    result = generated(slot)
    await house.settle(worker_id, result)
    before = await house.read(request_id)
    assert await house.settle(worker_id, result) == REPLAYED
    assert replace(await house.read(request_id), read_at=before.read_at) == before
    assert await attempts(house, request_id) == [(0, 1, "generated", None, 11)]


@pytest.mark.parametrize("ended", [generated, failed, retrying])
async def test_a_replay_after_the_generation_request_ended_or_waits_is_silent(house, ended):
    request_id, worker_id, [slot] = await house.claimed()
    await house.settle(worker_id, ended(slot))
    version = (await house.read(request_id)).version
    assert await house.settle(worker_id, ended(slot)) == REPLAYED
    assert (await house.read(request_id)).version == version


async def test_a_replay_after_a_later_claim_is_silent_and_takes_nothing(house):
    request_id, worker_id, [slot] = await house.claimed()
    await house.settle(worker_id, retrying(slot))
    await house.wait_is_over(request_id)
    await house.promote()
    other = await house.worker()
    [again] = (await house.claim(other)).slots
    assert (again.fence, again.attempt) == (2, 2)
    assert await house.settle(worker_id, retrying(slot)) == REPLAYED
    assert (await house.slot(request_id))["worker_id"] == other
    assert await house.settle(other, generated(again)) == BOOKED
    assert [row[1:3] for row in await attempts(house, request_id)] == [(1, "failed"), (2, "generated")]


async def test_the_same_result_twice_in_one_batch_is_booked_once(house):
    request_id, worker_id, [slot] = await house.claimed()
    result = generated(slot)
    assert await house.settle(worker_id, result, result) == Settled(1, 0, 1)
    view = await house.read(request_id)
    assert (view.status, view.model_calls) == (Status.COMPLETED, 1)


async def test_a_result_after_the_rescue_is_paid_for_and_not_counted(house):
    request_id, worker_id, [slot] = await house.claimed()
    await house.kill(worker_id)
    await house.rescue()
    before = await house.read(request_id)
    assert await house.settle(worker_id, generated(slot)) == LATE
    after = await house.read(request_id)
    assert (after.cost.total, after.cost.wasted, after.cost.estimated) == (11, 11, 0)
    assert replace(after, read_at=before.read_at, version=before.version, cost=before.cost) == before
    assert (await house.told(request_id))[-1] == "slot.late_result"
    assert await attempts(house, request_id) == [(0, 1, "late_result", None, 11)]
    assert await entities(house, request_id) == 0
    assert await house.settle(worker_id, generated(slot)) == REPLAYED
    assert len(await attempts(house, request_id)) == 1


async def test_who_comes_second_after_a_rescue_is_late_whoever_it_is(house):
    request_id, slow, [slot] = await house.claimed()
    await house.kill(slow)
    await house.rescue()
    quick = await house.worker()
    [again] = (await house.claim(quick)).slots
    assert again.fence > slot.fence
    assert await house.settle(quick, generated(again)) == BOOKED
    assert await house.settle(slow, generated(slot)) == LATE
    assert await entities(house, request_id) == 1
    assert [row[1:3] for row in await attempts(house, request_id)] == [(1, "late_result"), (3, "generated")]


async def test_good_late_and_replayed_results_in_one_batch_are_told_apart(house):
    request_id, worker_id, held = await house.claimed(3)
    await house.settle(worker_id, generated(held[0]))
    stale = replace(held[1], fence=0)
    again = [generated(held[0]), generated(stale)]
    assert await house.settle(worker_id, *again, generated(held[2])) == Settled(1, 1, 1)
    assert await house.settle(worker_id, *again, generated(held[1])) == Settled(1, 0, 2)
    assert (await house.read(request_id)).counts == Counts(generated=3)


async def test_a_batch_that_is_refused_leaves_nothing_behind(house):
    request_id, worker_id, held = await house.claimed(2)
    before = await house.read(request_id)
    with pytest.raises(asyncpg.PostgresError):
        await house.settle(worker_id, generated(held[0]), generated(held[1], content='"\x00"'))
    assert replace(await house.read(request_id), read_at=before.read_at) == before
    assert await attempts(house, request_id) == []


async def test_two_settlers_of_the_last_two_slots_end_it_exactly_once(house, eventually):
    """Each would see the other's slot unfinished if it decided on what it saw before it had the lock.

    The overlap is proven: both are seen waiting for the lock at once, and only then it is given up.
    """
    request_id, worker_id, held = await house.claimed(2)

    async def both_wait() -> bool:
        [row] = await house.rows(
            "SELECT count(*) AS n FROM pg_stat_activity"
            " WHERE cardinality(pg_blocking_pids(pid)) > 0 AND query LIKE '-- generation_requests.lock%'"
        )
        return row["n"] == 2

    async with house.locked(request_id):
        settlers = [asyncio.create_task(house.settle(worker_id, generated(slot))) for slot in held]
        await eventually(both_wait)
    assert await asyncio.gather(*settlers) == [BOOKED, BOOKED]
    assert (await house.read(request_id)).status is Status.COMPLETED
    assert (await house.told(request_id)).count("completed") == 1


async def test_a_settle_waits_for_a_rescue_under_way_and_is_then_late(house, eventually):
    request_id, worker_id, [slot] = await house.claimed()
    async with house.alone() as connection:
        await connection.execute("BEGIN")
        standings = await generation_requests.lock(connection, [request_id])
        await house.kill(worker_id)
        moves = await slots.rescue(connection, [request_id], max_crashes=3)
        settling = asyncio.create_task(house.settle(worker_id, generated(slot)))

        async def waits() -> bool:
            blocked = "SELECT pid FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))"
            return bool(await house.rows(blocked, connection.get_server_pid()))

        await eventually(waits)
        await book(connection, standings, moves, summary=EventType.SLOTS_RESCUED)
        await connection.execute("COMMIT")
    assert await settling == LATE
    assert await entities(house, request_id) == 0
