-- name: expired(batch)
-- What the outside has not been told all of waits. It is looked for among so many more only, lest a long silence of
-- Kafka makes each look dearer.
SELECT id
FROM (SELECT id, expires_at FROM generation_requests
      WHERE expires_at <= lqs_now() ORDER BY expires_at LIMIT 10 * :batch) r
WHERE NOT EXISTS (SELECT FROM unpublished_events u WHERE u.request_id = r.id)
ORDER BY expires_at
LIMIT :batch;

-- name: lock_expired(ids)
-- Looks again under the lock: what was pinned or tried again since it was found is kept. In id order, and nobody is
-- waited for: a locked generation request has its turn next time. The expiry is written as a difference, so that its
-- index is of no use: it would read all that has piled up for each batch.
SELECT id
FROM generation_requests
WHERE id = ANY (:ids::uuid[]) AND expires_at - lqs_now() <= interval '0' AND completed_at IS NOT NULL AND NOT pinned
ORDER BY id
FOR UPDATE SKIP LOCKED;

-- name: lock_one(id, owner_id)
SELECT status, pinned, version FROM generation_requests WHERE id = :id AND owner_id = :owner_id FOR UPDATE;

-- name: purge(ids, tombstone_seconds)
-- The caller holds the locks. What is deleted and what stays is told here and nowhere else: entities stay, a tombstone
-- takes the place of the record, a dead letter that is still open takes the attempts it will be judged by with it.
WITH lifted AS (
    UPDATE dead_letters d
    SET attempts = coalesce((SELECT jsonb_agg(to_jsonb(a) ORDER BY a.fence)
                             FROM slot_attempts a
                             WHERE a.request_id = d.request_id AND a.index = d.slot_index), '[]')
    WHERE d.request_id = ANY (:ids::uuid[]) AND d.state = 'open' AND d.attempts IS NULL
), released AS (
    UPDATE entities SET generation_request_id = NULL WHERE generation_request_id = ANY (:ids::uuid[])
), slots_gone AS (
    DELETE FROM slots WHERE request_id = ANY (:ids::uuid[])
), attempts_gone AS (
    DELETE FROM slot_attempts WHERE request_id = ANY (:ids::uuid[])
), events_gone AS (
    DELETE FROM generation_events WHERE request_id = ANY (:ids::uuid[])
), untold_gone AS (
    DELETE FROM unpublished_events WHERE request_id = ANY (:ids::uuid[])
), runs_gone AS (
    DELETE FROM runs WHERE request_id = ANY (:ids::uuid[])
), gone AS (
    DELETE FROM generation_requests WHERE id = ANY (:ids::uuid[]) RETURNING *
)
INSERT INTO tombstones (request_id, owner_id, entity_type, status, end_reason, run, requested_count, generated_count,
                        failed_count, cancelled_count, requested_at, completed_at, purged_at, forgotten_at)
SELECT id, owner_id, entity_type, status, end_reason, run, requested_count, generated_count, failed_count,
       cancelled_count, requested_at, completed_at, lqs_now(), lqs_now() + make_interval(secs => :tombstone_seconds)
FROM gone
RETURNING request_id;

-- name: forget(batch)
-- With the tombstone go the keys that led to it: from now on they are as free as the id is unknown.
WITH old AS MATERIALIZED (
    SELECT request_id FROM tombstones
    WHERE forgotten_at <= lqs_now()
    ORDER BY forgotten_at
    LIMIT :batch
    FOR UPDATE SKIP LOCKED
), keys_gone AS (
    DELETE FROM idempotency_keys WHERE subject_id = ANY (ARRAY(SELECT request_id FROM old))
)
DELETE FROM tombstones WHERE request_id = ANY (ARRAY(SELECT request_id FROM old)) RETURNING request_id;

-- name: forget_bulk_operations(kept_seconds, batch)
WITH old AS MATERIALIZED (
    SELECT id FROM bulk_operations
    WHERE completed_at <= lqs_now() - make_interval(secs => :kept_seconds)
    ORDER BY completed_at
    LIMIT :batch
    FOR UPDATE SKIP LOCKED
), keys_gone AS (
    DELETE FROM idempotency_keys WHERE subject_id = ANY (ARRAY(SELECT id FROM old))
)
DELETE FROM bulk_operations WHERE id = ANY (ARRAY(SELECT id FROM old)) RETURNING id;

-- name: forget_dead_letters(kept_seconds, batch)
-- Not while their generation request is there: whoever looks at its failed slots finds their dead letters. OFFSET 0,
-- because a plan that reads all generation requests to look a few up is never what is meant.
DELETE FROM dead_letters
WHERE id = ANY (ARRAY(SELECT id FROM dead_letters d
                      WHERE failed_at <= lqs_now() - make_interval(secs => :kept_seconds)
                        AND NOT EXISTS (SELECT FROM generation_requests r WHERE r.id = d.request_id OFFSET 0)
                      ORDER BY failed_at
                      LIMIT :batch
                      FOR UPDATE SKIP LOCKED))
RETURNING id;

-- name: forget_workers(kept_seconds, batch)
-- Not while they hold a slot: the rescue comes first, though it finds the slots of a worker that nobody knows as well.
DELETE FROM workers
WHERE id = ANY (ARRAY(SELECT id FROM workers w
                      WHERE dead_at <= lqs_now() - make_interval(secs => :kept_seconds)
                        AND NOT EXISTS (SELECT FROM slots s WHERE s.worker_id = w.id AND s.status = 'processing')
                      ORDER BY dead_at
                      LIMIT :batch
                      FOR UPDATE SKIP LOCKED))
RETURNING id;
