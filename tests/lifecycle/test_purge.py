"""Purge: what is past its retention goes and leaves a tombstone; what it made stays, and nobody loses anything."""

import asyncio
import json
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from house import House, failed, generated
from lqs.domain.errors import GenerationRequestPinned, GenerationRequestPurged, NotDone, NotFound
from lqs.lifecycle.change import Changes, change
from lqs.lifecycle.tidy import Kept, tidy
from lqs.observability.telemetry import Happening, Telemetry
from lqs.storage import retention
from lqs.storage.database import Database, DatabaseUnavailable

RECORD = ("slots", "slot_attempts", "generation_events", "runs")


async def rows_of(house: House, request_id: UUID) -> dict[str, int]:
    """How many rows are left of its record."""
    found = {}
    for table in RECORD:
        [row] = await house.rows(f"SELECT count(*) AS n FROM {table} WHERE request_id = $1", request_id)
        found[table] = row["n"]
    [row] = await house.rows("SELECT count(*) AS n FROM generation_requests WHERE id = $1", request_id)
    return found | {"generation_requests": row["n"]}


async def test_a_purge_leaves_the_entities_and_a_tombstone_with_the_counts_and_nothing_else(house):
    request_id, worker_id, slots = await house.claimed(3)
    await house.settle(worker_id, generated(slots[0]), generated(slots[1]), failed(slots[2]))
    before = await house.rows("SELECT id, content::text FROM entities ORDER BY slot_index")
    await house.retention_passes(request_id)

    assert list((await house.purge()).request_ids) == [request_id]

    assert set((await rows_of(house, request_id)).values()) == {0}
    assert await house.rows("SELECT id, content::text FROM entities ORDER BY slot_index") == before
    assert await house.rows("SELECT DISTINCT generation_request_id FROM entities") == [{"generation_request_id": None}]
    [left] = await house.rows("SELECT * FROM tombstones")
    assert (left["request_id"], left["owner_id"], left["status"]) == (request_id, house.owner_id, "partial")
    assert (left["requested_count"], left["generated_count"], left["failed_count"]) == (3, 2, 1)
    assert (left["forgotten_at"] - left["purged_at"]).days == 30


async def test_nothing_is_purged_before_its_time(house):
    _, worker_id, [slot] = await house.claimed()
    await house.settle(worker_id, generated(slot))
    assert list((await house.purge()).request_ids) == []
    assert await house.rows("SELECT request_id FROM tombstones") == []


@pytest.mark.parametrize("standing", ["pending", "processing"])
async def test_what_is_not_done_is_never_purged(house, standing):
    """Not even when its row says that its time is over, as no row can."""
    request_id = await house.submit()
    if standing == "processing":
        await house.claim(await house.worker())
    with pytest.raises(asyncpg.CheckViolationError):
        await house.retention_passes(request_id)
    await house.rows("ALTER TABLE generation_requests DROP CONSTRAINT expires_when_done")
    try:
        await house.retention_passes(request_id)
        assert list((await house.purge()).request_ids) == []
        with pytest.raises(NotDone):
            await house.purge_one(request_id)
        assert (await house.read(request_id)).status == standing
    finally:
        await house.rows("UPDATE generation_requests SET expires_at = NULL")
        await house.rows(
            "ALTER TABLE generation_requests ADD CONSTRAINT expires_when_done"
            " CHECK (expires_at IS NULL OR completed_at IS NOT NULL)"
        )


async def test_what_is_pinned_is_kept_until_it_is_unpinned_and_its_retention_has_passed_once_more(house):
    request_id = await house.ended()
    await change(house.database, request_id, Changes(pinned=True), owner_id=house.owner_id)
    async with house.at("40 days") as later:
        assert list((await later.purge()).request_ids) == []
        with pytest.raises(GenerationRequestPinned):
            await later.purge_one(request_id)
        await change(later.database, request_id, Changes(pinned=False), owner_id=house.owner_id)
        assert list((await later.purge()).request_ids) == []
    async with house.at("46 days") as still_kept:
        assert list((await still_kept.purge()).request_ids) == []
    async with house.at("47 days 1 hour") as over:
        assert list((await over.purge()).request_ids) == [request_id]


async def test_a_piece_of_purging_is_bounded_and_the_oldest_comes_first(house):
    ids = [await house.ended() for _ in range(5)]
    for age, id_ in enumerate(ids):
        await house.retention_passes(id_, ago=f"{10 - age} days")
    assert sorted((await house.purge(batch=2)).request_ids) == sorted(ids[:2])
    assert [len((await house.purge(batch=2)).request_ids) for _ in range(3)] == [2, 1, 0]


async def test_what_somebody_holds_is_not_waited_for_and_comes_next_time(house):
    held, free = await house.ended(), await house.ended()
    for id_ in (held, free):
        await house.retention_passes(id_)
    async with house.locked(held):
        assert list((await asyncio.wait_for(house.purge(), 4)).request_ids) == [free]
    assert list((await house.purge()).request_ids) == [held]


async def test_what_was_pinned_between_the_look_and_the_lock_is_kept(house):
    request_id = await house.ended()
    await house.retention_passes(request_id)
    async with house.database.acquire() as connection:
        found = await retention.expired(connection, batch=10)
    assert found == [request_id]
    await change(house.database, request_id, Changes(pinned=True), owner_id=house.owner_id)
    async with house.database.transaction() as connection:
        assert await retention.lock_expired(connection, found) == []


async def test_whoever_purges_at_the_same_time_purges_each_once(house):
    ids = [await house.ended() for _ in range(12)]
    for id_ in ids:
        await house.retention_passes(id_)
    pieces = await asyncio.gather(*(house.purge(batch=5) for _ in range(6)))
    purged = [id_ for piece in pieces for id_ in piece.request_ids]
    purged += (await house.purge()).request_ids
    assert sorted(purged) == sorted(ids)


async def test_a_purge_that_is_cut_off_in_the_middle_takes_nothing(house, eventually):
    """Its session is ended while it waits for a row that somebody else holds: all is there, then all is gone."""
    request_id, worker_id, slots = await house.claimed(2)
    await house.settle(worker_id, *map(generated, slots))
    await house.retention_passes(request_id)
    before = await rows_of(house, request_id)
    async with house.alone() as other:
        await other.execute("BEGIN")
        await other.execute("SELECT FROM entities FOR UPDATE")
        purging = asyncio.ensure_future(house.purge())
        waiting = "query LIKE '-- retention.purge%' AND wait_event_type = 'Lock'"
        cut = f"SELECT count(pg_terminate_backend(pid)) AS cut FROM pg_stat_activity WHERE {waiting}"
        await eventually(lambda: house.rows(cut), equals=[{"cut": 1}])
        with pytest.raises(DatabaseUnavailable):
            await purging
        await other.execute("ROLLBACK")
    assert await rows_of(house, request_id) == before
    assert await house.rows("SELECT request_id FROM tombstones") == []
    assert list((await house.purge()).request_ids) == [request_id]


@pytest.mark.breaks_invariants
async def test_one_that_cannot_be_purged_holds_up_no_other(house):
    bad, good = await house.ended(), await house.ended()
    for id_ in (bad, good):
        await house.retention_passes(id_)
    await house.rows(
        "INSERT INTO tombstones SELECT id, owner_id, entity_type, status, end_reason, run, requested_count,"
        " generated_count, failed_count, cancelled_count, requested_at, completed_at, lqs_now(), lqs_now()"
        " + interval '1 day' FROM generation_requests WHERE id = $1",
        bad,
    )
    piece = await house.purge()
    assert (list(piece.request_ids), list(piece.passed_over)) == ([good], [bad])
    heard: list[Happening] = []
    await tidy(house.database, Telemetry(heard.append), Kept())
    assert [(h.name, str(bad) in str(h.fields)) for h in heard] == [("duty.passed_over", True)]


async def test_a_late_result_of_a_purged_one_changes_nothing(house):
    request_id, worker_id, [slot] = await house.claimed()
    await house.deadline_passes(request_id)
    await house.expire()
    await house.purge_one(request_id)
    settled = await house.settle(worker_id, generated(slot))
    assert (settled.booked, settled.late) == (0, 0)
    assert await house.rows("SELECT * FROM slot_attempts") == await house.rows("SELECT * FROM entities") == []


async def test_an_owner_purges_what_is_done_at_once_and_learns_why_not_otherwise(house):
    request_id, open_id = await house.ended(), await house.submit()
    stranger = await house.owner()
    for id_, owner_id, refusal in [
        (request_id, stranger, NotFound),
        (open_id, house.owner_id, NotDone),
    ]:
        with pytest.raises(refusal):
            await house.purge_one(id_, owner_id=owner_id)
    await house.purge_one(request_id)
    with pytest.raises(GenerationRequestPurged) as gone:
        await house.purge_one(request_id)
    assert (gone.value.status, gone.value.counts["generated"]) == ("completed", 1)
    with pytest.raises(NotFound):
        await house.purge_one(request_id, owner_id=stranger)


async def test_a_tombstone_is_forgotten_with_the_keys_that_lead_to_it_and_no_other(house):
    request_id = await house.ended(key="old")
    await house.ended(key="kept")
    await house.purge_one(request_id)
    async with house.at("29 days") as sooner:
        await sooner.tidy()
        assert len(await house.rows("SELECT request_id FROM tombstones WHERE request_id = $1", request_id)) == 1
    async with house.at("30 days 1 minute") as later:
        await later.tidy()
    assert await house.rows("SELECT request_id FROM tombstones WHERE request_id = $1", request_id) == []
    assert await house.rows("SELECT key FROM idempotency_keys") == [{"key": "kept"}]
    with pytest.raises(NotFound):
        await house.purge_one(request_id)


async def test_the_attempts_of_an_open_dead_letter_outlive_their_record(house):
    request_id, worker_id, slots = await house.claimed(2)
    await house.settle(worker_id, *(failed(slot) for slot in slots))
    await house.rows("UPDATE dead_letters SET state = 'discarded', resolved_at = lqs_now() WHERE slot_index = 1")
    await house.purge_one(request_id)
    letters = await house.rows("SELECT slot_index, attempts::text FROM dead_letters ORDER BY slot_index")
    [attempt] = json.loads(letters[0]["attempts"])
    assert (attempt["attempt"], attempt["error_code"], attempt["cost_microusd"]) == (1, "provider_auth", 11)
    assert letters[1] == {"slot_index": 1, "attempts": None}


async def test_what_is_old_is_forgotten_and_what_is_younger_or_still_needed_is_kept(house):
    """Dead letters, but for one that is young and one whose record is there; workers; whatever the batch."""
    ids = []
    for _ in range(4):
        request_id, worker_id, [slot] = await house.claimed()
        await house.settle(worker_id, failed(slot))
        await house.kill(worker_id)
        ids.append(request_id)
    needed, young, *old = ids
    for id_ in (young, *old):
        await house.purge_one(id_)
    await house.rows("UPDATE dead_letters SET failed_at = lqs_now() - interval '9 days' WHERE request_id <> $1", young)
    await house.rows("UPDATE workers SET dead_at = lqs_now() - interval '25 hours' WHERE id <> $1", worker_id)
    heard: list[Happening] = []
    await tidy(house.database, Telemetry(heard.append), Kept(dead_letter_seconds=8 * 86_400), batch=1)
    assert {row["request_id"] for row in await house.rows("SELECT request_id FROM dead_letters")} == {needed, young}
    assert [row["id"] for row in await house.rows("SELECT id FROM workers")] == [worker_id]
    assert [h.name for h in heard] == ["dead_letters.forgotten"] * 2 + ["workers.forgotten"] * 3


async def test_a_dead_worker_is_remembered_while_it_holds_a_slot(house):
    _, worker_id, _ = await house.claimed()
    await house.rows("UPDATE workers SET dead_at = lqs_now() - interval '25 hours'")
    await house.tidy()
    assert [row["id"] for row in await house.rows("SELECT id FROM workers")] == [worker_id]
    await house.rescue()
    await house.tidy()
    assert await house.rows("SELECT id FROM workers") == []


async def test_trouble_with_one_thing_keeps_nothing_else_from_being_tidied(house):
    request_id = await house.ended()
    await house.purge_one(request_id)
    await house.rows("ALTER TABLE dead_letters RENAME TO elsewhere")
    heard: list[Happening] = []
    try:
        async with house.at("31 days") as later:
            await tidy(later.database, Telemetry(heard.append), Kept())
    finally:
        await house.rows("ALTER TABLE elsewhere RENAME TO dead_letters")
    assert [h.name for h in heard if h.error] == ["duty.broke"]
    assert [h.name for h in heard if not h.error] == ["tombstones.forgotten"]


async def test_a_database_that_is_away_is_no_fault(house, database_url: str):
    database = await Database.open(
        database_url, application_name="t", pool_size=2, statement_timeout_seconds=5, lock_timeout_seconds=1
    )
    await database.close()
    heard: list[Any] = []
    await tidy(database, Telemetry(heard.append), Kept())
    assert {h.name for h in heard} == {"duty.skipped"}
