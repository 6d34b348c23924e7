-- name: write(ids, request_ids, indexes, runs, error_codes)
INSERT INTO dead_letters (id, owner_id, request_id, slot_index, run, entity_type, error_code, constraints, metadata,
                          options, failed_at)
SELECT d.id, r.owner_id, r.id, d.index, d.run, r.entity_type, d.error_code, r.constraints, r.metadata, r.options,
       lqs_now()
FROM unnest(:ids::uuid[], :request_ids::uuid[], :indexes::smallint[], :runs::int[], :error_codes::text[])
     AS d (id, request_id, index, run, error_code)
JOIN generation_requests r ON r.id = d.request_id;

-- name: lock_open(request_id, indexes)
-- Whoever requeues or discards one of them meanwhile has won; whoever comes later waits.
SELECT slot_index
FROM dead_letters
WHERE request_id = :request_id AND slot_index = ANY (:indexes::smallint[]) AND state = 'open'
ORDER BY slot_index
FOR NO KEY UPDATE;

-- name: resolve(request_id, indexes, requeued_as, resolved_by)
-- What waits for somebody to look at it has been looked at: its slot is tried again.
UPDATE dead_letters
SET state = 'requeued', resolved_at = lqs_now(), resolved_by = :resolved_by, requeued_as = :requeued_as
WHERE request_id = :request_id AND slot_index = ANY (:indexes::smallint[]) AND state = 'open'
RETURNING id;

-- name: discard(id, owner_id, resolved_by)
UPDATE dead_letters
SET state = 'discarded', resolved_at = lqs_now(), resolved_by = :resolved_by
WHERE id = :id AND owner_id = :owner_id AND state = 'open'
RETURNING id;

-- name: page(owner_id, state, error_code, entity_type, since, before_at, before_id, most)
-- Newest first, from the place after the last one seen.
SELECT id, request_id, slot_index, run, entity_type, error_code, failed_at, state, resolved_at, resolved_by,
       requeued_as
FROM dead_letters
WHERE owner_id = :owner_id AND state = :state
  AND (:error_code::text IS NULL OR error_code = :error_code)
  AND (:entity_type::text IS NULL OR entity_type = :entity_type)
  AND failed_at >= coalesce(:since::timestamptz, '-infinity')
  AND (failed_at, id) < (coalesce(:before_at::timestamptz, 'infinity'),
                         coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY failed_at DESC, id DESC
LIMIT :most;

-- name: read(id, owner_id)
SELECT d.id, d.request_id, d.slot_index, d.run, d.entity_type, d.error_code, d.failed_at, d.state, d.resolved_at,
       d.resolved_by, d.requeued_as, d.constraints::text, d.metadata::text, d.options::text,
       coalesce(d.attempts, (
           SELECT jsonb_agg(to_jsonb(a) ORDER BY a.fence)
           FROM slot_attempts a WHERE a.request_id = d.request_id AND a.index = d.slot_index))::text AS attempts
FROM dead_letters d
WHERE d.id = :id AND d.owner_id = :owner_id;

-- name: matching(owner_id, error_code, entity_type, since, most)
-- What can be requeued now: not while its generation request has another run under way. At most so many generation
-- requests, each with all that matches of it, the oldest first.
WITH matching AS MATERIALIZED (
    SELECT d.request_id, d.slot_index, d.entity_type, d.constraints, d.metadata, d.options, d.failed_at,
           r.id IS NULL AS purged
    FROM dead_letters d
    LEFT JOIN generation_requests r ON r.id = d.request_id
    WHERE d.owner_id = :owner_id AND d.state = 'open' AND (r.id IS NULL OR r.completed_at IS NOT NULL)
      AND (:error_code::text IS NULL OR d.error_code = :error_code)
      AND (:entity_type::text IS NULL OR d.entity_type = :entity_type)
      AND d.failed_at >= coalesce(:since::timestamptz, '-infinity')
)
SELECT request_id, entity_type, purged, array_agg(slot_index ORDER BY slot_index) AS indexes,
       min(constraints::text) AS constraints, min(metadata::text) AS metadata, min(options::text) AS options,
       (SELECT count(*) FROM matching) AS matched
FROM matching
GROUP BY request_id, entity_type, purged
ORDER BY min(failed_at), request_id
LIMIT :most;

-- name: record(id, owner_id, requested_by, filter, requeued, skipped, remaining)
-- A requeue by filter is over when it is told, and stays as what its idempotency key stands for.
INSERT INTO bulk_operations (id, owner_id, requested_by, action, filter, options, status, matched, changed, skipped,
                             requested_at, completed_at)
VALUES (:id, :owner_id, :requested_by, 'requeue', :filter::text::jsonb,
        jsonb_build_object('remaining', :remaining::int), 'completed', :requeued::int + :skipped::int, :requeued,
        :skipped, lqs_now(), lqs_now());

-- name: recorded(id, owner_id)
SELECT id, filter::text, changed AS requeued, skipped, (options->>'remaining')::int AS remaining
FROM bulk_operations
WHERE id = :id AND owner_id = :owner_id AND action = 'requeue';
