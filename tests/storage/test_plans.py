"""The hot statements find their rows by the index that was made for them, however much history there is."""

import json
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

import asyncpg
import pytest

from lqs.storage import (
    announcements,
    cancellations,
    changes,
    claims,
    dead_letters,
    entities,
    forecasts,
    gauges,
    generation_requests,
    idempotency_keys,
    pool,
    publication,
    quotas,
    retention,
    runs,
    selection,
    slots,
    tombstones,
    views,
)
from lqs.storage.queries import Statement

GROWING = {
    "slots", "generation_requests", "slot_attempts", "generation_events", "problems", "idempotency_keys", "runs",
    "dead_letters", "tombstones", "pool", "unpublished_events",
}  # fmt: skip
"""Tables that nobody may read from end to end."""

FILL = """
INSERT INTO owners (id, name) SELECT md5('owner' || n)::uuid, 'owner ' || n FROM generate_series(1, 20) n;
INSERT INTO flows SELECT id, 'normal', 1000000 FROM owners;
INSERT INTO workers (id, started_at, heartbeat_at, host, pid, capacity, version)
SELECT md5('worker' || n)::uuid, now(), now(), 'h', n, 1000, 't' FROM generate_series(1, 20) n;

-- Half is history, half waits; of every ten generation requests one is at work.
CREATE TEMPORARY TABLE plan AS
SELECT n, md5('request' || n)::uuid AS id, md5('owner' || n % 20 + 1)::uuid AS owner_id,
       CASE WHEN n % 10 = 0 THEN 'processing' WHEN n <= 10000 THEN 'completed' ELSE 'pending' END AS status
FROM generate_series(1, 20000) n;

INSERT INTO generation_requests (id, owner_id, entity_type, status, end_reason, version, requested_count, max_attempts,
                                 processing_count, retrying_count, generated_count, constraints, metadata,
                                 requested_at, started_at, completed_at, deadline_at)
SELECT id, owner_id, 'problem', status, CASE WHEN status = 'completed' THEN 'all_settled' END, 7, 5, 3,
       CASE WHEN status = 'processing' THEN 3 ELSE 0 END, CASE WHEN status = 'processing' THEN 2 ELSE 0 END,
       CASE WHEN status = 'completed' THEN 5 ELSE 0 END, '{}', '{}', now() - n * interval '1 s',
       CASE WHEN status <> 'pending' THEN now() END, CASE WHEN status = 'completed' THEN now() END,
       now() + n * interval '1 s'
FROM plan;

INSERT INTO slots (request_id, index, status, attempts, fence, worker_id, deadline_at, available_at, pass,
                   started_at, finished_at)
SELECT id, i, s.status, CASE WHEN s.status = 'pending' THEN 0 ELSE 1 END, 1,
       CASE WHEN s.status = 'processing' THEN md5('worker' || n / 10 % 20 + 1)::uuid END,
       CASE WHEN s.status = 'processing' THEN now() + interval '1 minute' END,
       CASE WHEN s.status = 'retrying' THEN now() + interval '1 minute' END,
       n * 10 + i * 2, now(), CASE WHEN s.status = 'generated' THEN now() END
FROM plan, generate_series(0, 4) i, LATERAL (
    SELECT CASE WHEN plan.status = 'pending' THEN 'pending' WHEN plan.status = 'completed' THEN 'generated'
                WHEN i < 3 THEN 'processing' ELSE 'retrying' END AS status) s;

INSERT INTO entities (id, entity_type, owner_id, generation_request_id, slot_index, created_at, content)
SELECT md5('entity' || n || ' ' || i)::uuid, 'problem', owner_id, id, i, now(), '{}'
FROM plan, generate_series(0, 4) i WHERE status = 'completed';
INSERT INTO pool (entity_id, entity_type, owner_id, created_at, served_at, facets)
SELECT id, entity_type, owner_id, created_at, CASE WHEN slot_index < 3 THEN created_at END,
       array_to_tsvector(ARRAY['tense=' || slot_index % 2, 'verb=' || abs(hashtext(id::text)) % 100])
FROM entities;
INSERT INTO slot_attempts (request_id, index, fence, attempt, outcome, worker_id, duration_ms, finished_at,
                           input_tokens, output_tokens)
SELECT id, i, 1, 1, 'generated', id, 1, now(), 1, 1 FROM plan, generate_series(0, 4) i WHERE status = 'completed';
INSERT INTO generation_events (request_id, seq, type, body, occurred_at)
SELECT id, i, 'generation_request.accepted', '{}', now() FROM plan, generate_series(1, 7) i WHERE status = 'completed';
INSERT INTO idempotency_keys (owner_id, operation, key, fingerprint, subject_id)
SELECT owner_id, 'POST /problems/generate', 'key ' || n, 'x', id FROM plan;

-- The head of the queue is announced, in the way in which each cycle of a relay leaves it.
INSERT INTO announcements
SELECT request_id, index, fence, 1, now() + interval '1 hour'
FROM slots WHERE status = 'pending' ORDER BY pass LIMIT 2000;

-- Kafka is away, and of half of the history nobody has been told.
INSERT INTO unpublished_events (request_id, first_seq, last_seq, appended_at)
SELECT id, i, i, now() - n * interval '1 s' FROM plan, generate_series(1, 7) i
WHERE status = 'completed' AND n % 2 = 0;

-- What is done goes in the course of a week, what was purged and what failed in the course of a month.
UPDATE generation_requests SET expires_at = now() + random() * interval '7 days' WHERE completed_at IS NOT NULL;
INSERT INTO runs
SELECT id, 1, 'failed', 'all_settled', NULL, now(), now(), 1, 0, 1, 0, 0, 0, 0, 0, 0 FROM plan;
INSERT INTO tombstones
SELECT md5('gone' || n)::uuid, owner_id, 'problem', 'failed', 'all_settled', 1, 1, 0, 1, 0, now(), now(), now(),
       now() + n * interval '2 minutes'
FROM plan;
INSERT INTO dead_letters (id, owner_id, request_id, slot_index, run, entity_type, error_code, constraints, metadata,
                          options, failed_at, state, resolved_at)
SELECT md5('letter' || n)::uuid, owner_id, id, 0, 1, 'problem', 'internal', '{}', '{}', '{}',
       now() - n * interval '2 minutes', CASE WHEN n % 2 = 0 THEN 'open' ELSE 'discarded' END,
       CASE WHEN n % 2 = 1 THEN now() END
FROM plan;
"""

IDS = "(SELECT array_agg(md5('request' || n)::uuid) FROM generate_series(1000, 20000, 1000) n)"
TWENTY = "array_fill(0, ARRAY[20])"
OWNER, REQUEST, WORKER = "md5('owner1')::uuid", "md5('request7')::uuid", "md5('worker3')::uuid"


@dataclass(frozen=True)
class Hot:
    """A statement, its arguments as SQL, and the indexes that it must use: one of each group."""

    statement: Statement
    arguments: dict[str, str]
    indexes: list[str]


def texts(value: str) -> str:
    return f"array_fill('{value}'::text, ARRAY[20])"


KEYS = {"owner_ids": f"array_fill({OWNER}, ARRAY[20])", "operations": texts("POST /problems/generate"),
        "keys": texts("key 1")}  # fmt: skip
REPORTS = {"request_ids": IDS, "indexes": f"{TWENTY}::smallint[]", "fences": f"{TWENTY}::bigint[]"}
READER = "md5('owner2')::uuid"
WANTED = {"owner_id": READER, "entity_type": "'problem'", "query": "$$'verb=7' & 'tense=1'$$"}
KEPT = {"kept_ids": IDS, "kept_indexes": f"{TWENTY}::smallint[]", "kept_fences": f"{TWENTY}::bigint[]"}

MATCH = {
    "after_at": "now() - interval '1 hour'", "after_id": REQUEST, "until_at": "now()",
    "until_id": "'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid", "window": "1000", "batch": "100", "as_of": "now()",
    "newest_first": "false",
    "action": "'purge'", "entity_type": "'problem'", "statuses": "ARRAY['failed']", "end_reasons": "ARRAY[]::text[]",
    "error_codes": "ARRAY['internal']", "priorities": "ARRAY[]::text[]", "requested_after": "NULL::timestamptz",
    "requested_before": "now()", "completed_after": "NULL::timestamptz", "completed_before": "NULL::timestamptz",
    "aged_before": "now()", "metadata": "'{}'",
}  # fmt: skip

HOT = {
    "claim": Hot(
        claims.SQL["claim"],
        {"worker_id": WORKER, "entity_types": "ARRAY['problem']", "batch": "500", "grace_seconds": "15",
         "broken_ids": "ARRAY[]::uuid[]", "named_ids": "ARRAY[]::uuid[]", "named_indexes": "ARRAY[]::smallint[]"},
        ["slots_ready", "slots_pkey", "generation_requests_pkey"],
    ),
    "claim those named": Hot(
        claims.SQL["claim"],
        {"worker_id": WORKER, "entity_types": "ARRAY['problem']", "batch": "0", "grace_seconds": "15",
         "broken_ids": "ARRAY[]::uuid[]", "named_ids": IDS, "named_indexes": f"{TWENTY}::smallint[]"},
        ["slots_pkey", "generation_requests_pkey"],
    ),
    "what is announced and free": Hot(
        announcements.SQL["survey"], {"lease_seconds": "10"}, ["slots_pkey", "slots_held"]
    ),
    "announce": Hot(
        announcements.SQL["announce"],
        {"entity_types": "ARRAY['problem']", "batch": "500", "again_seconds": "10", "before_turn": "9"},
        ["slots_ready", "generation_requests_pkey", "announcements_pkey"],
    ),
    "withdraw": Hot(announcements.SQL["withdraw"], REPORTS, ["announcements_pkey"]),
    "pay": Hot(
        claims.SQL["pay"],
        {"worker_id": WORKER, "request_ids": IDS, "indexes": f"{TWENTY}::smallint[]", "grace_seconds": "15"},
        ["slots_pkey", "generation_requests_pkey"],
    ),
    "release": Hot(
        claims.SQL["release"],
        {"request_ids": IDS, "indexes": f"{TWENTY}::smallint[]", "deltas": f"{TWENTY}::bigint[]"},
        ["slots_pkey", "generation_requests_pkey"],
    ),
    "settle": Hot(
        claims.SQL["settle"],
        {**REPORTS, "worker_id": WORKER, "statuses": texts("generated"),
         "delays": "array_fill(NULL::float8, ARRAY[20])", "error_codes": "array_fill(NULL::text, ARRAY[20])",
         "error_details": "array_fill(NULL::text, ARRAY[20])",
         "attempts": f"{TWENTY}::smallint[]", "durations_ms": TWENTY, "models": texts("m"),
         "provider_request_ids": texts("p"), "input_tokens": TWENTY, "output_tokens": TWENTY,
         "costs_microusd": f"{TWENTY}::bigint[]", "entity_ids": IDS, "contents": texts("{}"),
         "facets": texts("")},
        ["slots_pkey"],
    ),
    "refused": Hot(claims.SQL["refused"], REPORTS, ["slots_pkey", "slot_attempts_pkey"]),
    "due": Hot(slots.SQL["due"], {"batch": "500", "longest_seconds": "3600"}, ["slots_waiting", "slots_waiting"]),
    "promote": Hot(
        slots.SQL["promote"], {"request_ids": IDS, "longest_seconds": "3600"}, ["slots_pkey slots_waiting"]
    ),
    "abandoned": Hot(slots.SQL["abandoned"], {"batch": "500"}, ["slots_held slots_by_deadline"]),
    "rescue": Hot(
        slots.SQL["rescue"], {"request_ids": IDS, "max_crashes": "3"}, ["slots_pkey slots_held slots_by_deadline"]
    ),
    "held_by": Hot(claims.SQL["held_by"], {"worker_id": WORKER, "batch": "500"} | KEPT, ["slots_held"]),
    "hand_back": Hot(
        claims.SQL["hand_back"], {"request_ids": IDS, "worker_id": WORKER} | KEPT, ["slots_pkey slots_held"]
    ),
    "overdue": Hot(slots.SQL["overdue"], {"batch": "500"}, ["slots_by_deadline"]),
    "time_out": Hot(
        slots.SQL["time_out"],
        {"request_ids": IDS, "base_seconds": "1", "cap_seconds": "60"},
        ["slots_pkey slots_by_deadline"],
    ),
    "end_unfinished": Hot(
        slots.SQL["end_unfinished"],
        {
            "request_ids": IDS,
            "befores": "ARRAY['pending', 'processing']",
            "status": "'failed'",
            "error_code": "'internal'",
        },
        ["slots_pkey"],
    ),
    "past_deadline": Hot(
        generation_requests.SQL["past_deadline"],
        {"batch": "500", "among": "NULL::uuid[]"},
        ["generation_requests_by_deadline"],
    ),
    "past_start_deadline": Hot(
        generation_requests.SQL["past_start_deadline"],
        {"batch": "500", "among": "NULL::uuid[]"},
        ["generation_requests_by_start_deadline"],
    ),
    "past_settling": Hot(
        cancellations.SQL["past_settling"],
        {"batch": "500", "ahead_seconds": "4", "among": "NULL::uuid[]"},
        ["generation_requests_by_settling"],
    ),
    "intend": Hot(
        cancellations.SQL["intend"],
        {"ids": IDS, "mode": "'graceful'", "reason": "NULL", "grace_seconds": "15"},
        ["generation_requests_pkey"],
    ),
    "modes": Hot(cancellations.SQL["modes"], {"ids": IDS}, ["generation_requests_pkey"]),
    "taken": Hot(claims.SQL["taken"], REPORTS, ["slots_pkey"]),
    "lock": Hot(generation_requests.SQL["lock"], {"ids": IDS}, ["generation_requests_pkey"]),
    "lock_free": Hot(generation_requests.SQL["lock_free"], {"ids": IDS}, ["generation_requests_pkey"]),
    "write": Hot(
        generation_requests.SQL["write"],
        {"ids": IDS, "statuses": texts("processing"), "end_reasons": "array_fill(NULL::text, ARRAY[20])",
         "versions": f"{TWENTY}::bigint[]", "processing": TWENTY, "retrying": TWENTY, "generated": TWENTY,
         "failed": TWENTY, "cancelled": TWENTY, "progressed": "array_fill(true, ARRAY[20])",
         "input_tokens": f"{TWENTY}::bigint[]", "output_tokens": f"{TWENTY}::bigint[]", "model_calls": TWENTY,
         "runs": "array_fill(1, ARRAY[20])", "costs_microusd": f"{TWENTY}::bigint[]",
         "wasted_microusd": f"{TWENTY}::bigint[]", "estimated_microusd": f"{TWENTY}::bigint[]"},
        ["generation_requests_pkey"],
    ),
    "insert": Hot(
        generation_requests.SQL["insert"],
        {"ids": IDS, "owner_ids": f"array_fill({OWNER}, ARRAY[20])", "entity_types": texts("problem"),
         "counts": "array_fill(5, ARRAY[20])", "max_attempts": "array_fill(3::smallint, ARRAY[20])",
         "constraints": texts("{}"), "metadata": texts("{}"), "options": texts("{}"), "priorities": texts("normal"),
         "strides": "array_fill(2::bigint, ARRAY[20])", "requested_by": texts("k"),
         "deadline_seconds": f"{TWENTY}::float8[]", "start_within_seconds": f"{TWENTY}::float8[]",
         "slot_timeout_seconds": "array_fill(90::real, ARRAY[20])",
         "retention_seconds": "array_fill(3600, ARRAY[20])", "max_cost_microusd": f"{TWENTY}::bigint[]",
         "call_price_microusd": f"{TWENTY}::bigint[]", "origins": "array_fill(NULL::uuid, ARRAY[20])",
         "traceparents": "array_fill(NULL::text, ARRAY[20])",
         "tracestates": "array_fill(NULL::text, ARRAY[20])"},
        ["slots_ready"],
    ),
    "progress": Hot(
        views.SQL["progress"], {"id": REQUEST, "owner_id": OWNER}, ["generation_requests_pkey"]
    ),
    "read": Hot(
        views.SQL["read"],
        {"ids": f"ARRAY[{REQUEST}]", "owner_id": OWNER, "whole": "true"},
        ["generation_requests_pkey", "slots_pkey", "problems_generation_request_id_slot_index_entity_type_key"],
    ),
    "surroundings": Hot(
        forecasts.SQL["surroundings"],
        {"id": REQUEST, "most": "10000", "lease_seconds": "30", "held_seconds": "105"},
        ["slots_pkey", "slots_ready"],
    ),
    "basis": Hot(
        forecasts.SQL["basis"], {"entity_type": "'problem'", "window": "100"},
        ["generation_requests_pkey", "slot_attempts_pkey"],
    ),
    "active": Hot(quotas.SQL["active"], {"owner_ids": f"ARRAY[{OWNER}]"}, ["generation_requests_active"]),
    "queued": Hot(quotas.SQL["queued"], {"most": "1000"}, ["slots_ready"]),
    "gauges": Hot(
        gauges.SQL["read"], {"lease_seconds": "10"}, ["slots_ready", "slots_held slots_by_deadline", "slots_waiting"],
    ),
    "stands": Hot(views.SQL["stands"], {"ids": IDS}, ["generation_requests_pkey"]),
    "expired": Hot(
        retention.SQL["expired"],
        {"batch": "200"},
        ["generation_requests_by_expiry", "unpublished_events_of_request"],
    ),
    "the next events": Hot(
        publication.SQL["next"],
        {"batch": "500"},
        ["unpublished_events_pkey", "generation_events_pkey", "generation_requests_pkey", "runs_pkey",
         "problems_generation_request_id_slot_index_entity_type_key"],
    ),
    "published events": Hot(
        publication.SQL["published"], {"ids": "ARRAY[1, 2, 3]::bigint[]"}, ["unpublished_events_pkey"]
    ),
    "events given up": Hot(
        publication.SQL["give_up"], {"kept_seconds": "3600", "batch": "200"}, ["unpublished_events_pkey"]
    ),
    "lock_expired": Hot(retention.SQL["lock_expired"], {"ids": IDS}, ["generation_requests_pkey"]),
    "purge": Hot(
        retention.SQL["purge"],
        {"ids": IDS, "tombstone_seconds": "60"},
        ["generation_requests_pkey", "slots_pkey", "slot_attempts_pkey", "generation_events_pkey", "runs_pkey",
         "unpublished_events_of_request", "dead_letters_request_id_slot_index_run_key",
         "problems_generation_request_id_slot_index_entity_type_key"],
    ),
    "forget": Hot(
        retention.SQL["forget"],
        {"batch": "200"},
        ["tombstones_by_end", "tombstones_pkey", "idempotency_keys_of_subject"],
    ),
    "forget_dead_letters": Hot(
        retention.SQL["forget_dead_letters"],
        {"kept_seconds": "2592000", "batch": "200"},
        ["dead_letters_by_age", "dead_letters_pkey"],
    ),
    "forget_workers": Hot(
        retention.SQL["forget_workers"], {"kept_seconds": "86400", "batch": "200"}, ["slots_held slots_by_deadline"]
    ),
    "match an owner's": Hot(
        selection.SQL["match"], MATCH | {"owner_id": OWNER}, ["generation_requests_of_owner", "slots_pkey"]
    ),
    "match an owner's, newest first": Hot(
        selection.SQL["match"],
        MATCH | {"owner_id": OWNER, "newest_first": "true"},
        ["generation_requests_of_owner", "slots_pkey"],
    ),
    "match everybody's": Hot(
        selection.SQL["match"],
        MATCH | {"owner_id": "NULL::uuid"},
        ["generation_requests_pkey", "slots_pkey"],
    ),
    "look": Hot(changes.SQL["look"], {"id": REQUEST, "owner_id": OWNER}, ["generation_requests_pkey"]),
    "take_places": Hot(
        changes.SQL["take_places"],
        {"owner_id": OWNER, "class": "'low'", "slots": "3", "stride": "4"},
        ["slots_ready"],
    ),
    "place": Hot(
        changes.SQL["place"], {"id": REQUEST, "first_pass": "1", "stride": "4"}, ["slots_pkey slots_ready"]
    ),
    "change": Hot(
        changes.SQL["change"],
        {"id": REQUEST, "metadata": "'{}'", "priority": "'low'", "pinned": "true"},
        ["generation_requests_pkey"],
    ),
    "an entity": Hot(
        entities.SQL["read"],
        {"id": "md5('entity3 1')::uuid", "entity_type": "'problem'", "owner_id": OWNER},
        ["problems_pkey"],
    ),
    "a page of the pool": Hot(
        pool.SQL["page"],
        {**WANTED, "before_time": "now()", "before_id": "md5('entity3 1')::uuid", "window": "200", "most": "21"},
        ["pool_by_age", "problems_pkey"],
    ),
    "draw": Hot(pool.SQL["draw"], {**WANTED, "window": "200"},
                ["pool_by_turn", "pool_pkey", "problems_pkey"]),
    "hold the next": Hot(pool.SQL["hold_next"], WANTED, ["pool_by_facet pool_by_turn pool_by_age", "pool_pkey"]),
    "lock_flows": Hot(generation_requests.SQL["lock_flows"], {"ids": IDS}, ["generation_requests_pkey"]),
    "lock_flows_of": Hot(generation_requests.SQL["lock_flows_of"], {"owner_id": OWNER}, []),
    "a retry": Hot(
        slots.SQL["retry"],
        {"request_id": REQUEST, "befores": "ARRAY['failed', 'cancelled']", "indexes": "ARRAY[0, 2]::smallint[]",
         "priorities": "ARRAY['high', 'normal', 'low']", "strides": "ARRAY[1, 2, 4]::bigint[]"},
        ["slots_pkey", "generation_requests_pkey", "slots_ready"],
    ),
    "where slots stand": Hot(slots.SQL["statuses"], {"request_id": REQUEST}, ["slots_pkey"]),
    "attempts at a slot": Hot(
        slots.SQL["attempts"], {"request_id": REQUEST, "index": "0::smallint"}, ["slot_attempts_pkey"]
    ),
    "a run is kept": Hot(runs.SQL["archive"], {"request_id": REQUEST}, ["generation_requests_pkey"]),
    "a run begins": Hot(
        runs.SQL["begin"],
        {"request_id": REQUEST, "requested_by": "'k'", "max_attempts": "NULL::smallint",
         "timeout_seconds": "NULL::float8", "max_cost_microusd": "NULL::bigint",
         "call_price_microusd": "NULL::bigint", "slots": "2", "overhead_seconds": "120",
         "most_seconds": "3600", "traceparent": "NULL::text", "tracestate": "NULL::text"},
        ["generation_requests_pkey"],
    ),
    "all runs": Hot(
        runs.SQL["of_request"], {"request_id": REQUEST, "owner_id": OWNER}, ["runs_pkey", "generation_requests_pkey"]
    ),
    "a tombstone": Hot(
        tombstones.SQL["read"], {"request_id": "md5('gone3')::uuid", "owner_id": OWNER}, ["tombstones_pkey"]
    ),
    "failed for good": Hot(
        dead_letters.SQL["write"],
        {"ids": IDS, "request_ids": IDS, "indexes": f"{TWENTY}::smallint[]", "runs": "array_fill(2, ARRAY[20])",
         "error_codes": texts("internal")},
        ["generation_requests_pkey"],
    ),
    "a page of dead letters": Hot(
        dead_letters.SQL["page"],
        {"owner_id": OWNER, "state": "'open'", "error_code": "NULL::text", "entity_type": "NULL::text",
         "since": "NULL::timestamptz", "before_at": "now() - interval '1 hour'", "before_id": REQUEST, "most": "20"},
        ["dead_letters_of_owner dead_letters_by_age"],
    ),
    "a dead letter": Hot(
        dead_letters.SQL["read"], {"id": "md5('letter8')::uuid", "owner_id": OWNER},
        ["dead_letters_pkey", "slot_attempts_pkey"],
    ),
    "open dead letters are locked": Hot(
        dead_letters.SQL["lock_open"], {"request_id": REQUEST, "indexes": "ARRAY[0]::smallint[]"},
        ["dead_letters_request_id_slot_index_run_key"],
    ),
    "dead letters are resolved": Hot(
        dead_letters.SQL["resolve"],
        {"request_id": REQUEST, "indexes": "ARRAY[0]::smallint[]", "requeued_as": REQUEST, "resolved_by": "'k'"},
        ["dead_letters_request_id_slot_index_run_key"],
    ),
    "known keys": Hot(idempotency_keys.SQL["read"], KEYS, ["idempotency_keys_pkey"]),
}  # fmt: skip


@pytest.fixture(scope="module")
async def much(postgres_url, creating, template):
    """A connection to a database with 100,000 analysed slots and what belongs to them."""
    name = f"lqs_much_{secrets.token_hex(6)}"
    await creating.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    connection = await asyncpg.connect(urlsplit(postgres_url)._replace(path=f"/{name}").geturl())
    await connection.execute(FILL)
    await connection.execute("ANALYZE")
    assert await connection.fetchval("SELECT count(*) FROM slots") == 100_000
    yield connection
    await connection.close()
    await creating.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("name", HOT)
async def test_a_hot_statement_uses_its_index(much, name, mode):
    """Both kinds of plan, because a prepared statement may get either."""
    hot = HOT[name]
    await much.execute(f"SET plan_cache_mode = {mode}")
    await much.execute(f"PREPARE hot AS {hot.statement.text}")
    try:
        arguments = ", ".join(f"{hot.arguments[parameter]}" for parameter in hot.statement.parameters)
        constants = await much.fetchrow(f"SELECT {arguments}")
        literals = [await much.fetchval("SELECT quote_nullable($1::text)", _text(value)) for value in constants]
        [plan] = json.loads(await much.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE hot ({', '.join(literals)})"))
    finally:
        await much.execute("DEALLOCATE hot")
    nodes = list(_nodes(plan["Plan"]))
    scanned = {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}
    assert scanned & GROWING == set(), json.dumps(plan, indent=1)
    used = {node["Index Name"] for node in nodes if "Index Name" in node}
    for group in hot.indexes:
        assert used & set(group.split()), f"{group} is not among {used}"


def _text(value: object) -> str | None:
    """A value as PostgreSQL's input text."""
    if isinstance(value, list):
        return "{" + ",".join("NULL" if part is None else json.dumps(str(part)) for part in value) + "}"
    return None if value is None else str(value)


def _nodes(plan):
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_a_draw_reads_no_more_of_the_pool_than_its_window_and_what_matches(much, mode):
    """Also when nothing that matches is among the next: all of it was served, and much else was not."""
    await much.execute(f"SET plan_cache_mode = {mode}")
    await much.execute("BEGIN")
    await much.execute("UPDATE pool SET served_at = now() WHERE facets @@ $$'verb=7'$$")
    await much.execute(f"PREPARE hot AS {pool.SQL['draw'].text}")
    arguments = {**WANTED, "query": "$$'verb=7'$$", "window": "50"}
    listed = ", ".join(arguments[name] for name in pool.SQL["draw"].parameters)
    text = await much.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE hot ({listed})")
    matching = await much.fetchval("SELECT count(*) FROM pool WHERE facets @@ $$'verb=7'$$")
    owned = await much.fetchval(f"SELECT count(*) FROM pool WHERE owner_id = {READER}")
    await much.execute("ROLLBACK")
    await much.execute("DEALLOCATE hot")
    [plan] = json.loads(text)
    read = [
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in _nodes(plan["Plan"])
        if node.get("Relation Name") == "pool" and node["Node Type"] != "ModifyTable"
    ]
    assert max(read) <= max(50, matching) < owned / 2


async def test_a_claim_reads_no_more_of_the_queue_than_it_takes(much):
    """With 50,000 slots ready, a claim of ten looks at ten."""
    await much.execute("SET plan_cache_mode = auto")
    await much.execute("BEGIN")
    await much.execute(f"PREPARE hot AS {claims.SQL['claim'].text}")
    text = await much.fetchval(
        f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE hot ({WORKER}, ARRAY['problem'], 10, ARRAY[]::uuid[],"
        " ARRAY[]::smallint[], 15, ARRAY[]::uuid[])"
    )
    await much.execute("ROLLBACK")
    await much.execute("DEALLOCATE hot")
    [plan] = json.loads(text)
    [ready] = [node for node in _nodes(plan["Plan"]) if node.get("Index Name") == "slots_ready"]
    assert ready["Actual Rows"] * ready["Actual Loops"] == 10


async def test_a_look_for_a_bulk_operation_reads_no_more_rows_than_its_window(much):
    """However little matches, of an owner with a thousand generation requests and of everybody's twenty thousand."""
    await much.execute("SET plan_cache_mode = force_generic_plan")
    await much.execute(f"PREPARE hot AS {selection.SQL['match'].text}")
    try:
        for owner_id in (OWNER, "NULL"):
            given = MATCH | {"owner_id": owner_id, "window": "50", "after_at": "'2000-01-01'", "entity_type": "'poem'"}
            given["after_id"] = "'00000000-0000-0000-0000-000000000000'"
            arguments = ", ".join(given[parameter] for parameter in selection.SQL["match"].parameters)
            [plan] = json.loads(await much.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE hot ({arguments})"))
            read = sum(
                node["Actual Rows"] * node["Actual Loops"]
                for node in _nodes(plan["Plan"])
                if node.get("Relation Name") == "generation_requests"
            )
            assert read == 50
    finally:
        await much.execute("DEALLOCATE hot")


@pytest.mark.parametrize(("before_turn", "looks"), [(announcements.NO_TURN, 2010), (1, 1)])
async def test_an_announcement_reads_no_more_of_the_queue_than_it_announces_and_what_is_announced_already(
    much, before_turn, looks
):
    """With 50,000 slots ready and 2,000 of them announced, ten more cost a look at 2,010, and none sooner cost one."""
    await much.execute("SET plan_cache_mode = force_generic_plan")
    await much.execute("BEGIN")
    await much.execute(f"PREPARE hot AS {announcements.SQL['announce'].text}")
    text = await much.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE hot (ARRAY['problem'], 10, 10, {before_turn})")
    await much.execute("ROLLBACK")
    await much.execute("DEALLOCATE hot")
    [plan] = json.loads(text)
    [ready] = [node for node in _nodes(plan["Plan"]) if node.get("Index Name") == "slots_ready"]
    # A plan that looks the announcement up for each slot has counted it before it tells its own rows.
    assert ready["Actual Rows"] * ready["Actual Loops"] + ready.get("Rows Removed by Filter", 0) <= looks
