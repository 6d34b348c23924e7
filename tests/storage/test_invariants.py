"""The judge is judged: each breakage is planted, and must be reported; sound data must not be."""

import re
import secrets
from urllib.parse import urlsplit

import asyncpg
import pytest

from house import House, failed, generated, retrying
from lqs.storage.database import Database
from lqs.storage.invariants import INVARIANTS, SQL, violations

TAKE_THE_GUARDS_AWAY = """
DO $$
DECLARE c record;
BEGIN
    FOR c IN SELECT conrelid::regclass AS tab, conname FROM pg_constraint
             WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f') AND conparentid = 0
                OR conname IN ('one_entity_a_slot', 'generation_requests_pkey')
    LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', c.tab, c.conname); END LOOP;
END $$;
ALTER TABLE generation_requests DISABLE TRIGGER legal_moves;
"""

# One request partial after two runs, one completed, one at work (generated, failed, retrying, held), one untouched, and
# a key that leads to it.
COMPLETED = "(SELECT id FROM generation_requests WHERE status = 'completed')"
AT_WORK = "(SELECT id FROM generation_requests WHERE status = 'processing')"
UNTOUCHED = "(SELECT id FROM generation_requests WHERE status = 'pending')"
TOMBSTONE = (
    "INSERT INTO tombstones SELECT id, owner_id, entity_type, status, coalesce(end_reason, 'all_settled'), run,"
    " requested_count, generated_count, failed_count, cancelled_count, requested_at, coalesce(completed_at, now()),"
    " now(), now()"
)
SOME_ID = "'01890000-0000-7000-8000-000000000000'"

PLANTS = [
    ("I2", "I3 I4 I16", "a slot is gone", f"DELETE FROM slots WHERE request_id = {COMPLETED} AND index = 1"),
    ("I2", None, "slots are numbered from one", f"UPDATE slots SET index = index + 10 WHERE request_id = {UNTOUCHED}"),
    ("I2", "I4", "an entity is gone", f"DELETE FROM entities WHERE generation_request_id = {COMPLETED}"),
    ("I3", "I4", "a slot has two entities",
     "INSERT INTO entities (id, entity_type, owner_id, generation_request_id, slot_index, created_at, content)"
     " SELECT gen_random_uuid(), entity_type, owner_id, generation_request_id, slot_index, created_at, content"
     f" FROM entities WHERE generation_request_id = {COMPLETED}"),
    ("I3", "I2", "an entity belongs to a slot that failed",
     f"UPDATE entities SET slot_index = 1 WHERE generation_request_id = {AT_WORK}"),
    ("I3", None, "an entity belongs to another owner", f"UPDATE entities SET owner_id = {SOME_ID}"),
    ("I4", "I15", "a counter drifted", f"UPDATE generation_requests SET retrying_count = 2 WHERE id = {AT_WORK}"),
    ("I4", "I15", "a counter of pending slots is too high",
     f"UPDATE generation_requests SET processing_count = 0 WHERE id = {AT_WORK}"),
    ("I5", "I4 I7 I15", "more slots are settled than were asked for",
     f"UPDATE generation_requests SET generated_count = 9 WHERE id = {COMPLETED}"),
    ("I5", "retention", "a time of completion without a completion",
     f"UPDATE generation_requests SET completed_at = lqs_now() WHERE id = {AT_WORK}"),
    ("I5", None, "an end without a reason",
     f"UPDATE generation_requests SET end_reason = NULL WHERE id = {COMPLETED}"),
    ("I5", "I6 I15", "it is done while slots are at work",
     f"UPDATE generation_requests SET status = 'partial' WHERE id = {AT_WORK}"),
    ("I6", None, "the event of the end is not there",
     "UPDATE generation_events SET type = 'generation_request.slots_claimed'"
     " WHERE type = 'generation_request.completed'"),
    ("I6", None, "it ended twice",
     "UPDATE generation_events SET type = 'generation_request.completed'"
     f" WHERE request_id = {COMPLETED} AND seq = 2"),
    ("I6", "I15", "something was told after the end",
     "INSERT INTO generation_events SELECT request_id, seq + 1, 'generation_request.slots_claimed', NULL, body,"
     " occurred_at FROM generation_events WHERE type = 'generation_request.completed'"),
    ("I6", None, "another end was told",
     "UPDATE generation_events SET type = 'generation_request.failed' WHERE type = 'generation_request.completed'"),
    ("I6", None, "an end was told that never was",
     f"UPDATE generation_events SET type = 'generation_request.partial' WHERE request_id = {AT_WORK} AND seq = 2"),
    ("I6", "I15 runs", "an earlier run never ended", f"UPDATE generation_requests SET run = 2 WHERE id = {COMPLETED}"),
    ("I7", "I6 I15", "the outcome is not that of the counts",
     f"UPDATE generation_requests SET status = 'failed' WHERE id = {COMPLETED}"),
    ("I7", "I15", "it waits although it has begun",
     f"UPDATE generation_requests SET status = 'pending' WHERE id = {AT_WORK}"),
    ("I7", "I15", "it works without ever having begun",
     f"UPDATE generation_requests SET status = 'processing' WHERE id = {UNTOUCHED}"),
    ("I8", None, "it ended before it began",
     f"UPDATE generation_requests SET completed_at = started_at - interval '1 s' WHERE id = {COMPLETED}"),
    ("I8", None, "it began before it was asked for",
     f"UPDATE generation_requests SET started_at = requested_at - interval '1 s' WHERE id = {AT_WORK}"),
    ("I8", None, "it progressed before it was asked for",
     f"UPDATE generation_requests SET last_progress_at = requested_at - interval '1 s' WHERE id = {AT_WORK}"),
    ("I8", None, "a slot finished before it started",
     f"UPDATE slots SET finished_at = started_at - interval '1 s' WHERE request_id = {COMPLETED}"),
    ("I8", None, "an attempt took less than no time", "UPDATE slot_attempts SET duration_ms = -1"),
    ("I9", None, "nobody looked after a deadline",
     "UPDATE generation_requests SET deadline_at = deadline_at - interval '1 day',"
     f" requested_at = requested_at - interval '1 day' WHERE id = {UNTOUCHED}"),
    ("I9", None, "nobody gave up what should have started long ago",
     f"UPDATE generation_requests SET start_deadline_at = lqs_now() - interval '1 hour' WHERE id = {UNTOUCHED}"),
    ("I9", "I7 I15", "nobody swept up what was cancelled",
     "UPDATE generation_requests SET status = 'cancelling', settles_by = lqs_now() - interval '1 hour',"
     f" cancel_requested_at = requested_at, cancel_mode = 'graceful' WHERE id = {AT_WORK}"),
    ("I7", "I15", "something waits in what is being cancelled",
     "UPDATE generation_requests SET status = 'cancelling', settles_by = lqs_now() + interval '1 hour',"
     f" cancel_requested_at = requested_at, cancel_mode = 'graceful' WHERE id = {UNTOUCHED}"),
    ("I12", None, "a key leads nowhere", f"UPDATE idempotency_keys SET subject_id = {SOME_ID}"),
    ("I12", None, "a key leads to another owner's", f"UPDATE idempotency_keys SET owner_id = {SOME_ID}"),
    ("I15", None, "an event is missing", f"DELETE FROM generation_events WHERE request_id = {AT_WORK} AND seq = 2"),
    ("I15", None, "the version ran ahead",
     f"UPDATE generation_requests SET version = version + 1 WHERE id = {AT_WORK}"),
    ("I15", None, "the last event tells other counts",
     "UPDATE generation_events SET body = jsonb_set(body, '{counts,failed}', '5')"
     f" WHERE request_id = {UNTOUCHED}"),
    ("I16", None, "an event has no generation request",
     f"INSERT INTO generation_events SELECT {SOME_ID}, seq, type, slot_index, body, occurred_at"
     f" FROM generation_events WHERE request_id = {UNTOUCHED}"),
    ("I16", None, "an attempt has no slot",
     "INSERT INTO slot_attempts (request_id, index, fence, attempt, outcome, worker_id, duration_ms, finished_at,"
     f" input_tokens, output_tokens) SELECT {SOME_ID}, 0, 1, 1, 'failed', id, 1, now(), 0, 0 FROM workers LIMIT 1"),
    ("I16", None, "a slot has no generation request",
     f"INSERT INTO slots (request_id, index, pass) VALUES ({SOME_ID}, 0, 1)"),
    ("retention", None, "what is done has no end",
     f"UPDATE generation_requests SET expires_at = NULL WHERE id = {COMPLETED}"),
    ("retention", None, "what is pinned has an end",
     f"UPDATE generation_requests SET pinned = true WHERE id = {COMPLETED}"),
    ("retention", None, "what is at work has an end",
     f"UPDATE generation_requests SET expires_at = now() WHERE id = {AT_WORK}"),
    ("retention", None, "what was purged is still there",
     f"{TOMBSTONE} FROM generation_requests WHERE id = {COMPLETED}"),
    ("retention", None, "what was purged had not ended",
     f"{TOMBSTONE.replace('SELECT id', 'SELECT gen_random_uuid()')} FROM generation_requests WHERE id = {AT_WORK}"),
    ("retention", None, "the attempts of an open dead letter were purged",
     "INSERT INTO dead_letters (id, owner_id, request_id, slot_index, run, entity_type, error_code, constraints,"
     " metadata, options, failed_at) SELECT gen_random_uuid(), owner_id, gen_random_uuid(), 0, 1, 'problem',"
     f" 'internal', '{{}}', '{{}}', '{{}}', now() FROM generation_requests WHERE id = {COMPLETED}"),
    ("bulk", None, "a bulk operation lost count",
     "INSERT INTO bulk_operations (id, owner_id, action, filter, options, matched, requested_at)"
     " SELECT gen_random_uuid(), id, 'purge', '{}', '{}', 1, now() FROM owners"),
    ("I16", None, "a dead worker holds a slot", "UPDATE workers SET dead_at = lqs_now() - interval '1 day'"),
    ("I16", None, "a silent worker holds a slot", "UPDATE workers SET heartbeat_at = lqs_now() - interval '1 day'"),
    ("I16", None, "an unknown worker holds a slot",
     f"UPDATE slots SET worker_id = {SOME_ID}, started_at = started_at - interval '1 day' WHERE status = 'processing'"),
    ("usage", None, "an entity nobody made", "UPDATE slot_attempts SET outcome = 'failed' WHERE outcome = 'generated'"),
    ("usage", None, "an attempt from the future", "UPDATE slot_attempts SET fence = 99 WHERE error_code IS NOT NULL"),
    ("usage", None, "tokens were lost", f"UPDATE generation_requests SET input_tokens = 1 WHERE id = {COMPLETED}"),
    ("usage", None, "a late result was counted",
     "UPDATE slot_attempts SET outcome = 'late_result' WHERE error_code = 'provider_auth'"),
    ("budget", None, "more is reserved than there is", "UPDATE generation_requests SET max_cost_microusd = 132"
     f" WHERE id = {AT_WORK}"),
    ("budget", None, "a key spent more than it may", "UPDATE api_keys SET daily_budget_microusd = 132"),
    ("budget", None, "an account without a budget", "UPDATE api_keys SET daily_budget_microusd = NULL"),
    ("budget", None, "a day gave money away", "UPDATE key_days SET spent_microusd = -1"),
    ("budget", None, "a reservation was forgotten", "UPDATE key_days SET spent_microusd = 99"),
    ("budget", None, "a day is gone", "DELETE FROM key_days"),
    ("order", None, "slots overtake each other", f"UPDATE slots SET pass = -pass WHERE request_id = {UNTOUCHED}"),
    ("order", None, "an owner's next slot jumps its own queue", "UPDATE flows SET next_pass = 0"),
    ("order", None, "an owner has no place in the order", "DELETE FROM flows"),
    ("runs", None, "nobody knows how a former run ended", "DELETE FROM runs"),
    ("runs", None, "a former run is told in another way", "UPDATE runs SET failed_count = 0"),
    ("runs", None, "a former run ended before it was asked for",
     "UPDATE runs SET completed_at = requested_at - interval '1 s'"),
    ("runs", None, "a run has no generation request", f"UPDATE runs SET request_id = {SOME_ID}"),
    ("dead letters", None, "nobody is told of what failed for good", "DELETE FROM dead_letters WHERE state = 'open'"),
    ("dead letters", None, "somebody is told that it is tried again, and it is not",
     "UPDATE dead_letters SET state = 'requeued', resolved_at = now() WHERE state = 'open'"),
    ("dead letters", None, "somebody is told of what did not fail",
     f"UPDATE dead_letters SET slot_index = 0 WHERE request_id = {AT_WORK}"),
    ("dead letters", None, "another error is told", "UPDATE dead_letters SET error_code = 'internal'"),
    ("dead letters", None, "another owner is told", f"UPDATE dead_letters SET owner_id = {SOME_ID}"),
]  # fmt: skip


async def live_in(house: House) -> None:
    """Let everything happen that can."""
    request_id, worker_id, slots = await house.claimed(2)
    await house.settle(worker_id, generated(slots[0]), failed(slots[1]))
    await house.retry(request_id)
    await house.deadline_passes(request_id)
    await house.expire()
    _, worker_id, slots = await house.claimed(2)
    await house.settle(worker_id, *map(generated, slots))
    key = await house.key(daily_budget_microusd=1000)
    await house.submit(4, requested_by=key, call_price_microusd=100, max_cost_microusd=500)
    await house.claim(worker_id)  # begins the key's day
    slots = (await house.claim(worker_id)).slots
    await house.settle(worker_id, generated(slots[0]), failed(slots[1]), retrying(slots[2]))
    await house.submit(3, key="k")


@pytest.fixture(scope="module")
async def unguarded_url(postgres_url, creating, template):
    name = f"lqs_unguarded_{secrets.token_hex(6)}"
    await creating.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    url = urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
    connection = await asyncpg.connect(url)
    await connection.execute(TAKE_THE_GUARDS_AWAY)
    await connection.close()
    yield url
    await creating.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def test_sound_data_is_not_complained_about(house):
    await live_in(house)
    async with house.database.acquire() as connection:
        assert await violations(connection) == []


@pytest.mark.parametrize(
    ("invariant", "others", "sql"), [pytest.param(i, o, sql, id=f"{i}: {what}") for i, o, what, sql in PLANTS]
)
async def test_a_planted_breakage_is_reported(unguarded_url, invariant, others, sql):
    database = await Database.open(
        unguarded_url, application_name="plant", pool_size=2, statement_timeout_seconds=30, lock_timeout_seconds=5
    )
    await live_in(await House.furnish(database, unguarded_url))
    async with database.acquire() as connection:
        assert await violations(connection) == []
        assert not (await connection.execute(sql)).endswith(" 0"), "nothing was planted"
        found = await violations(connection)
    await database.close()
    assert {violation.invariant for violation in found} == {invariant, *(others or "").split()}
    assert all(re.search(r"\w", violation.sentence) for violation in found)


def test_every_check_has_its_statement_and_its_plant():
    assert set(SQL) == set(INVARIANTS)
    assert {invariant for invariant, *_ in PLANTS} == set(INVARIANTS.values())


async def test_lateness_within_the_grace_is_not_a_breach(house):
    request_id = await house.submit()
    await house.deadline_passes(request_id)
    async with house.database.acquire() as connection:
        assert await violations(connection, grace_seconds=60) == []
        [late] = await violations(connection, grace_seconds=0)
    assert (late.invariant, late.request_id) == ("I9", request_id)
    assert str(late).startswith(f"I9: generation request {request_id}: is still pending")
