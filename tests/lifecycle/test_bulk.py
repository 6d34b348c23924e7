"""Bulk: what matches is found, once, whoever works on it and whatever happens to them; nothing else is touched."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from house import House, failed, generated
from lqs.domain.bulk import BulkAction, BulkStatus
from lqs.domain.errors import GenerationRequestPurged, IdempotencyKeyReused
from lqs.domain.generation_request import EndReason, Priority, Status
from lqs.domain.ids import new_id
from lqs.domain.selection import Filter
from lqs.domain.slot_errors import SlotErrorCode
from lqs.lifecycle.bulk import BulkWish, begin_bulk, preview
from lqs.lifecycle.bulk_work import BulkRules, Step, work, work_off
from lqs.lifecycle.change import Changes, change
from lqs.lifecycle.submission import Defaults
from lqs.observability.telemetry import Happening, Telemetry
from lqs.storage import bulk_operations, selection
from lqs.storage.bulk_operations import BulkView

DONE = Filter(status=(Status.COMPLETED, Status.PARTIAL, Status.FAILED, Status.CANCELLED))


def purge(house: House, wanted: Filter = DONE, *, owner_id: UUID | None = None, everybody: bool = False) -> BulkWish:
    return BulkWish(owner_id or house.owner_id, BulkAction.PURGE, wanted, everybody)


async def read(house: House, bulk: BulkView) -> BulkView:
    async with house.database.acquire() as connection:
        found = await bulk_operations.read(connection, bulk.id, owner_id=bulk.owner_id)
    assert found is not None
    return found


async def begun(house: House, wish: BulkWish) -> BulkView:
    return (await begin_bulk(house.database, wish)).bulk


async def done(house: House, wish: BulkWish) -> BulkView:
    """A bulk operation, begun and worked off."""
    bulk = await begun(house, wish)
    await work_off(house.database, Telemetry(), BulkRules())
    return await read(house, bulk)


def figures(bulk: BulkView) -> tuple[BulkStatus, int, int, int]:
    return bulk.status, bulk.matched, bulk.changed, bulk.skipped


async def left(house: House) -> set[UUID]:
    return {row["id"] for row in await house.rows("SELECT id FROM generation_requests")}


async def test_what_matches_is_purged_and_nothing_else(house):
    gone = [await house.ended(metadata={"lesson": "A1"}) for _ in range(3)]
    kept = {
        await house.ended(metadata={"lesson": "A2"}),
        await house.submit(metadata={"lesson": "A1"}),
        await house.ended(metadata={"lesson": "A1"}, owner_id=await house.owner()),
    }
    pinned = await house.ended(metadata={"lesson": "A1"})
    await change(house.database, pinned, Changes(pinned=True), owner_id=house.owner_id)

    bulk = await done(house, purge(house, Filter(metadata={"lesson": "A1"})))

    assert figures(bulk) == (BulkStatus.COMPLETED, 3, 3, 0)
    assert await left(house) == {*kept, pinned}
    assert {row["request_id"] for row in await house.rows("SELECT request_id FROM tombstones")} == set(gone)


async def test_an_operator_may_mean_everybody(house):
    others = [await house.ended(owner_id=await house.owner()) for _ in range(3)]
    await house.ended()
    assert (await preview(house.database, purge(house))).matched == 1
    assert (await preview(house.database, purge(house, everybody=True))).matched == 4
    assert figures(await done(house, purge(house, everybody=True))) == (BulkStatus.COMPLETED, 4, 4, 0)
    assert await left(house) & set(others) == set()


async def test_a_preview_changes_nothing_and_says_how_many_and_which(house):
    ids = [await house.ended() for _ in range(7)]
    before = await house.rows("SELECT r::text FROM generation_requests r ORDER BY id")
    seen = await preview(house.database, purge(house))
    assert (seen.matched, list(seen.sample)) == (7, ids[:5])
    assert await house.rows("SELECT r::text FROM generation_requests r ORDER BY id") == before
    assert await house.rows("SELECT id FROM bulk_operations") == []


async def test_every_word_of_a_filter_is_asked(house):
    """One generation request that differs from all others in everything; each word alone finds it, or all but it."""
    for _ in range(2):
        await house.ended()
    request_id, worker_id, slots = await house.claimed(2)
    await house.settle(worker_id, generated(slots[0]), failed(slots[1], SlotErrorCode.CONTENT_REFUSED))
    await house.rows(
        "UPDATE generation_requests SET priority = 'low', entity_type = 'sentence', end_reason = 'deadline_exceeded',"
        " requested_at = requested_at - interval '9 days', started_at = started_at - interval '9 days',"
        ' completed_at = completed_at - interval \'8 days\', metadata = \'{"a": "1", "b": "2"}\' WHERE id = $1',
        request_id,
    )
    await house.rows("UPDATE entities SET generation_request_id = NULL WHERE generation_request_id = $1", request_id)
    view_at = (
        await house.rows("SELECT requested_at, completed_at FROM generation_requests WHERE id = $1", request_id)
    )[0]
    hour = timedelta(hours=1)
    finds = {
        "entity_type": "sentence",
        "status": (Status.PARTIAL,),
        "end_reason": (EndReason.DEADLINE_EXCEEDED, EndReason.CANCELLED),
        "error_code": (SlotErrorCode.CONTENT_REFUSED, SlotErrorCode.INTERNAL),
        "priority": (Priority.LOW,),
        "requested_before": view_at["requested_at"] + hour,
        "completed_before": view_at["completed_at"] + hour,
        "older_than_seconds": 7 * 86_400,
        "aged_before": view_at["completed_at"] + hour,
        "metadata": {"b": "2"},
    }
    passes_over = {
        "status": (Status.COMPLETED,),
        "error_code": (SlotErrorCode.PROVIDER_AUTH,),
        "requested_after": view_at["requested_at"] + hour,
        "completed_after": view_at["completed_at"] + hour,
        "older_than_seconds": 9 * 86_400,
        "metadata": {"a": "1", "b": "3"},
    }
    for name, value in finds.items():
        seen = await preview(house.database, purge(house, Filter(**{name: value})))
        assert (name, list(seen.sample)) == (name, [request_id])
    for name, value in passes_over.items():
        seen = await preview(house.database, purge(house, Filter(**{name: value})))
        assert (name, request_id in seen.sample) == (name, False)
    await house.rows("DELETE FROM generation_events")
    await house.clear()


async def test_age_is_fixed_when_the_operation_begins(house):
    """A worker that comes by days later purges what was old enough then, nothing that has become so since."""
    old = await house.ended()
    await house.rows("UPDATE generation_requests SET completed_at = completed_at + interval '1 second'")
    async with house.at("2 days") as then:
        young = await then.ended()
        bulk = await begun(then, purge(house, Filter(older_than_seconds=86_400)))
        assert bulk.filter.aged_before == bulk.requested_at - timedelta(days=1)
    async with house.at("5 days") as later:
        await work_off(later.database, Telemetry(), BulkRules())
        assert await left(later) == {young}
        assert old not in await left(later)


async def test_what_comes_after_the_operation_began_is_not_its_concern(house):
    await house.ended()
    bulk = await begun(house, purge(house))
    late = await house.ended()
    await work_off(house.database, Telemetry(), BulkRules())
    assert figures(await read(house, bulk)) == (BulkStatus.COMPLETED, 1, 1, 0)
    assert await left(house) == {late}


async def test_it_goes_in_batches_and_one_that_is_cut_off_is_done_again_as_a_whole(house):
    ids = [await house.ended() for _ in range(5)]
    bulk = await begun(house, purge(house))
    step = await work(house.database, bulk.id, BulkRules(), batch=2)
    assert (step.changed, step.going) == (2, True)
    assert figures(await read(house, bulk)) == (BulkStatus.PROCESSING, 2, 2, 0)
    assert await left(house) == set(ids[2:])
    # The note of how far it went is the last thing a batch writes.
    await house.rows("ALTER TABLE bulk_operations ADD CONSTRAINT no_further CHECK (changed < 3)")
    try:
        with pytest.raises(Exception, match="no_further"):
            await work(house.database, bulk.id, BulkRules(), batch=2)
    finally:
        await house.rows("ALTER TABLE bulk_operations DROP CONSTRAINT no_further")
    assert figures(await read(house, bulk)) == (BulkStatus.PROCESSING, 2, 2, 0)
    assert await left(house) == set(ids[2:])
    await work_off(house.database, Telemetry(), BulkRules())
    assert figures(await read(house, bulk)) == (BulkStatus.COMPLETED, 5, 5, 0)


async def test_several_at_work_on_it_do_each_once(house):
    for _ in range(30):
        await house.ended()
    bulk = await begun(house, purge(house))

    async def help_out() -> int:
        changed = 0
        while (await read(house, bulk)).status is not BulkStatus.COMPLETED:
            changed += (await work(house.database, bulk.id, BulkRules(), batch=4)).changed
        return changed

    assert sum(await asyncio.gather(*(help_out() for _ in range(4)))) == 30
    assert figures(await read(house, bulk)) == (BulkStatus.COMPLETED, 30, 30, 0)


async def test_it_stops_before_what_somebody_holds_and_misses_nothing(house):
    ids = [await house.ended() for _ in range(4)]
    bulk = await begun(house, purge(house))
    async with house.locked(ids[2]):
        step = await work(house.database, bulk.id, BulkRules())
        assert (step.changed, step.going) == (2, True)
        waiting = asyncio.ensure_future(work(house.database, bulk.id, BulkRules()))
        done_first, _ = await asyncio.wait({waiting}, timeout=0.3)
        assert not done_first
        # Whoever waits holds nothing itself: another bulk operation goes by.
        other = await begun(house, purge(house, owner_id=await house.owner()))
        assert not (await work(house.database, other.id, BulkRules())).going
    assert (await waiting).going
    await work_off(house.database, Telemetry(), BulkRules())
    assert figures(await read(house, bulk)) == (BulkStatus.COMPLETED, 4, 4, 0)


async def test_what_changed_between_the_look_and_the_lock_is_skipped(house, eventually):
    """One of two is pinned after the batch has found both, and before it can lock them."""
    ids = [await house.ended(), await house.ended()]
    bulk = await begun(house, purge(house))
    async with house.alone() as other:
        # Reading goes on under this lock, locking rows does not.
        await other.execute("BEGIN; LOCK TABLE generation_requests IN EXCLUSIVE MODE")
        working = asyncio.ensure_future(work(house.database, bulk.id, BulkRules()))
        held_up = "SELECT count(*) AS n FROM pg_locks WHERE mode = 'RowShareLock' AND NOT granted"
        await eventually(lambda: house.rows(held_up), equals=[{"n": 1}])
        await other.execute("UPDATE generation_requests SET pinned = true, expires_at = NULL WHERE id = $1", ids[1])
        await other.execute("COMMIT")
        await working
    assert figures(await read(house, bulk)) == (BulkStatus.COMPLETED, 2, 1, 1)
    assert await left(house) == {ids[1]}


async def test_a_filter_that_matches_next_to_nothing_is_worked_off_in_short_steps(house):
    """Every step looks at a bounded number of rows, and says how far it came."""
    for _ in range(6):
        await house.ended(metadata={"lesson": "A1"})
    last = await house.ended(metadata={"lesson": "B2"})
    async with house.database.acquire() as connection:
        search = selection.Search(
            house.owner_id, BulkAction.PURGE, Filter(metadata={"lesson": "B2"}), await selection.clock(connection)
        )
        place, steps, found = selection.BEGINNING, 0, []
        while place is not None:
            piece = await selection.match(connection, search, after=place, window=3, batch=10)
            steps, place = steps + 1, piece.up_to
            found += [match.id for match in piece.places]
    assert (steps, found) == (3, [last])


@pytest.mark.breaks_invariants
async def test_one_that_cannot_be_done_is_skipped_and_holds_up_no_other(house):
    ids = [await house.ended() for _ in range(3)]
    await house.rows(
        "INSERT INTO tombstones SELECT id, owner_id, entity_type, status, end_reason, run, requested_count,"
        " generated_count, failed_count, cancelled_count, requested_at, completed_at, lqs_now(), lqs_now()"
        " + interval '1 day' FROM generation_requests WHERE id = $1",
        ids[1],
    )
    assert figures(await done(house, purge(house))) == (BulkStatus.COMPLETED, 3, 2, 1)
    assert await left(house) == {ids[1]}


@pytest.mark.breaks_invariants
async def test_an_operation_that_breaks_holds_up_no_other(house):
    """One whose filter nobody can read; the other one is done, and the trouble is told."""
    await house.ended()
    broken = await begun(house, purge(house))
    await house.rows('UPDATE bulk_operations SET filter = \'{"status": ["lost"]}\'')
    bulk = await begun(house, purge(house))
    heard: list[Happening] = []
    assert await work_off(house.database, Telemetry(heard.append), BulkRules()) == 1
    assert figures(await read(house, bulk)) == (BulkStatus.COMPLETED, 1, 1, 0)
    assert [h.name for h in heard if h.error] == ["duty.broke"] * len([h for h in heard if h.error])
    assert broken.id != bulk.id


@pytest.mark.parametrize(("mode", "kept"), [("graceful", 1), ("abort", 0)])
async def test_what_is_not_done_is_cancelled_and_what_is_done_is_none_of_its_concern(house, mode, kept):
    completed = await house.ended()
    _, worker_id, [slot] = await house.claimed()
    waiting = await house.submit(2)
    options = {"mode": mode, "reason": "no longer needed"}
    wish = BulkWish(house.owner_id, BulkAction.CANCEL, Filter(entity_type="problem"), options=options)
    bulk = await done(house, wish)
    await house.settle(worker_id, generated(slot))
    assert figures(bulk) == (BulkStatus.COMPLETED, 2, 2, 0)
    views = [await house.read(id_) for id_ in (completed, waiting, slot.request_id)]
    assert [view.status for view in views] == [
        Status.COMPLETED, Status.CANCELLED, Status.COMPLETED if kept else Status.CANCELLED,
    ]  # fmt: skip
    assert [view.counts.generated for view in views] == [1, 0, kept]
    assert views[1].cancel is not None
    assert (views[1].cancel.mode, views[1].cancel.reason) == (mode, "no longer needed")
    [row] = await house.rows("SELECT recalls FROM workers WHERE id = $1", worker_id)
    assert row["recalls"] == 1 - kept


async def test_what_is_being_cancelled_already_is_skipped(house):
    _, worker_id, [slot] = await house.claimed()
    wish = BulkWish(house.owner_id, BulkAction.CANCEL, Filter(entity_type="problem"))
    assert figures(await done(house, wish)) == (BulkStatus.COMPLETED, 1, 1, 0)
    assert figures(await done(house, wish)) == (BulkStatus.COMPLETED, 1, 0, 1)
    await house.settle(worker_id, generated(slot))


@pytest.mark.parametrize(
    ("everybody", "mode", "reason"),
    [
        (True, "abort", EndReason.OPERATOR_ABORT),
        (True, "graceful", EndReason.CANCELLED),
        (False, "abort", EndReason.CANCELLED),
    ],
)
async def test_only_an_abort_of_everybodys_is_told_as_the_operators(house, everybody, mode, reason):
    request_id = await house.submit()
    wish = BulkWish(
        house.owner_id, BulkAction.CANCEL, Filter(status=(Status.PENDING,)), everybody, options={"mode": mode}
    )
    await done(house, wish)
    assert (await house.read(request_id)).end_reason is reason


async def test_what_failed_is_tried_again_and_what_has_nothing_to_try_is_skipped(house):
    """A partial one, a failed one, and a cancelled one of which nothing failed."""
    tried = []
    for outcomes in ((generated, failed), (failed, failed)):
        request_id, worker_id, slots = await house.claimed(2)
        await house.settle(worker_id, *(outcome(slot) for outcome, slot in zip(outcomes, slots, strict=True)))
        tried.append(request_id)
    completed = await house.ended()
    options = {"slots": "failed", "max_attempts": 2}
    wish = BulkWish(house.owner_id, BulkAction.RETRY, Filter(entity_type="problem"), options=options, requested_by="k")
    bulk = await done(house, wish)
    assert figures(bulk) == (BulkStatus.COMPLETED, 2, 2, 0)
    views = [await house.read(id_) for id_ in tried]
    assert [(view.run, view.status, view.max_attempts) for view in views] == [(2, Status.PROCESSING, 2)] * 2
    assert [view.counts.pending for view in views] == [1, 2]
    assert (await house.read(completed)).run == 1
    rows = await house.rows("SELECT DISTINCT requested_by FROM generation_requests WHERE run = 2")
    assert rows == [{"requested_by": "k"}]


async def test_a_retry_in_bulk_reserves_what_a_call_costs_now(house):
    request_id, worker_id, slots = await house.claimed(2, call_price_microusd=10, max_cost_microusd=100)
    await house.settle(worker_id, *map(failed, slots))
    await begun(house, BulkWish(house.owner_id, BulkAction.RETRY, DONE))
    rules = BulkRules(defaults=Defaults(call_prices={"problem": 70}))
    await work_off(house.database, Telemetry(), rules)
    assert await house.rows("SELECT run, call_price_microusd FROM generation_requests WHERE id = $1", request_id) == [
        {"run": 2, "call_price_microusd": 70}
    ]


async def test_what_fails_again_while_it_goes_on_is_not_tried_twice(house):
    ids = []
    for _ in range(3):
        request_id, worker_id, [slot] = await house.claimed()
        await house.settle(worker_id, failed(slot))
        ids.append(request_id)
    wish = BulkWish(house.owner_id, BulkAction.RETRY, Filter(status=(Status.FAILED,)))
    bulk = await begun(house, wish)
    await work(house.database, bulk.id, BulkRules(), batch=1)
    [slot] = (await house.claim(worker_id)).slots
    await house.settle(worker_id, failed(slot))
    await work_off(house.database, Telemetry(), BulkRules())
    assert figures(await read(house, bulk)) == (BulkStatus.COMPLETED, 3, 3, 0)
    assert [(await house.read(id_)).run for id_ in ids] == [2, 2, 2]


async def test_a_purge_and_a_retry_of_the_same_never_both_happen(house):
    """Whichever locks first wins: it runs again, or it is gone."""
    ids = []
    for _ in range(20):
        request_id, worker_id, [slot] = await house.claimed()
        await house.settle(worker_id, failed(slot))
        await house.retention_passes(request_id)
        ids.append(request_id)

    async def retried(request_id: UUID) -> bool:
        try:
            await house.retry(request_id)
        except GenerationRequestPurged:
            return False
        return True

    *won, _, _ = await asyncio.gather(*map(retried, ids), house.purge(batch=7), house.purge(batch=7))
    gone = {row["request_id"] for row in await house.rows("SELECT request_id FROM tombstones")}
    assert {id_ for id_, was in zip(ids, won, strict=True) if not was} <= gone
    assert await left(house) == set(ids) - gone
    for id_ in await left(house):
        assert (await house.read(id_)).run == (2 if won[ids.index(id_)] else 1)
    assert {id_ for id_, was in zip(ids, won, strict=True) if was} & gone == set()


async def test_one_key_begins_one_bulk_operation(house):
    await house.ended()
    wish = replace(purge(house, Filter(older_than_seconds=0)), idempotency_key="k")
    answers = await asyncio.gather(*(begin_bulk(house.database, wish) for _ in range(5)))
    assert len({answer.bulk.id for answer in answers}) == 1
    assert sorted(answer.replayed for answer in answers) == [False, True, True, True, True]
    with pytest.raises(IdempotencyKeyReused) as refusal:
        await begin_bulk(house.database, replace(wish, action=BulkAction.RETRY))
    assert refusal.value.differing_fields == ("action", "slots"), "what a retry is about unless it is said"


async def test_a_bulk_operation_is_forgotten_with_its_key(house):
    wish = replace(purge(house), idempotency_key="k")
    bulk = await done(house, wish)
    open_one = await begun(house, purge(house))
    async with house.at("31 days") as later:
        await later.tidy()
    assert await house.rows("SELECT id FROM bulk_operations") == [{"id": open_one.id}]
    assert await house.rows("SELECT key FROM idempotency_keys") == []
    assert (await begin_bulk(house.database, wish)).bulk.id != bulk.id


async def test_a_completed_or_unknown_one_is_nothing_to_work_on(house):
    bulk = await done(house, purge(house))
    for bulk_id in (bulk.id, new_id()):
        assert await work(house.database, bulk_id, BulkRules()) == Step()
