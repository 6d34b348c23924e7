-- The three statements count the same generation requests: those asked for in a window, by the same groups. What is not
-- grouped by is NULL in every row. A retried generation request is told by its latest run, its money by all of them.

-- name: limits(timeout, plans)
-- For this transaction alone. Plans are made for the arguments at hand: one owner's rows have an index, all have none.
SELECT set_config('statement_timeout', :timeout, true), set_config('plan_cache_mode', :plans, true);

-- name: now()
SELECT lqs_now();

-- name: requests(owner_id, since, until, group_by, bucket, most)
SELECT date_trunc(:bucket, r.requested_at, 'UTC') AS bucket,
       CASE WHEN 'entity_type' = ANY (:group_by::text[]) THEN r.entity_type END AS entity_type,
       CASE WHEN 'status' = ANY (:group_by::text[]) THEN r.status END AS status,
       CASE WHEN 'end_reason' = ANY (:group_by::text[]) THEN r.end_reason END AS end_reason,
       CASE WHEN 'priority' = ANY (:group_by::text[]) THEN r.priority END AS priority,
       NULL::text AS model,
       count(*) AS total,
       count(*) FILTER (WHERE r.status = 'completed') AS completed,
       count(*) FILTER (WHERE r.status = 'partial') AS partial,
       count(*) FILTER (WHERE r.status = 'failed') AS failed,
       count(*) FILTER (WHERE r.status = 'cancelled') AS cancelled,
       sum(r.requested_count)::bigint AS entities_requested,
       sum(r.generated_count)::bigint AS entities_generated,
       sum(r.failed_count)::bigint AS entities_failed,
       sum(r.cancelled_count)::bigint AS entities_cancelled,
       avg(took.seconds) AS average,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY took.seconds) AS p50,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY took.seconds) AS p95,
       sum(r.cost_microusd)::bigint AS cost,
       sum(r.wasted_microusd)::bigint AS wasted,
       sum(r.estimated_microusd)::bigint AS estimated
FROM generation_requests r
CROSS JOIN LATERAL (SELECT extract(epoch FROM r.completed_at - r.run_requested_at)::float8 AS seconds) took
WHERE (:owner_id::uuid IS NULL OR r.owner_id = :owner_id)
  AND r.requested_at >= :since::timestamptz AND r.requested_at < :until::timestamptz
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY 1, 2, 3, 4, 5, 6
LIMIT :most;

-- name: attempts(owner_id, since, until, group_by, bucket, most)
SELECT date_trunc(:bucket, r.requested_at, 'UTC') AS bucket,
       CASE WHEN 'entity_type' = ANY (:group_by::text[]) THEN r.entity_type END AS entity_type,
       CASE WHEN 'status' = ANY (:group_by::text[]) THEN r.status END AS status,
       CASE WHEN 'end_reason' = ANY (:group_by::text[]) THEN r.end_reason END AS end_reason,
       CASE WHEN 'priority' = ANY (:group_by::text[]) THEN r.priority END AS priority,
       CASE WHEN 'model' = ANY (:group_by::text[]) THEN a.model END AS model,
       count(*) AS total,
       count(*) FILTER (WHERE a.outcome = 'generated') AS generated,
       count(*) FILTER (WHERE a.outcome = 'failed') AS failed,
       count(*) FILTER (WHERE a.outcome = 'late_result') AS late,
       avg(a.duration_ms)::float8 / 1000 AS average,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY a.duration_ms) / 1000 AS p50,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY a.duration_ms) / 1000 AS p95,
       coalesce(sum(a.cost_microusd), 0)::bigint AS cost,
       coalesce(sum(a.cost_microusd) FILTER (WHERE a.outcome <> 'generated'), 0)::bigint AS wasted
FROM generation_requests r
JOIN slot_attempts a ON a.request_id = r.id
WHERE (:owner_id::uuid IS NULL OR r.owner_id = :owner_id)
  AND r.requested_at >= :since::timestamptz AND r.requested_at < :until::timestamptz
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY 1, 2, 3, 4, 5, 6
LIMIT :most;

-- name: failures(owner_id, since, until, group_by, bucket, most)
-- Why slots failed, and why attempts did, those that were tried again included. A slot has no model, its attempts have.
SELECT date_trunc(:bucket, r.requested_at, 'UTC') AS bucket,
       CASE WHEN 'entity_type' = ANY (:group_by::text[]) THEN r.entity_type END AS entity_type,
       CASE WHEN 'status' = ANY (:group_by::text[]) THEN r.status END AS status,
       CASE WHEN 'end_reason' = ANY (:group_by::text[]) THEN r.end_reason END AS end_reason,
       CASE WHEN 'priority' = ANY (:group_by::text[]) THEN r.priority END AS priority,
       CASE WHEN 'model' = ANY (:group_by::text[]) THEN f.model END AS model,
       f.code, sum(f.slots)::bigint AS slots, sum(f.attempts)::bigint AS attempts
FROM generation_requests r
CROSS JOIN LATERAL (
    SELECT NULL AS model, s.error_code AS code, 1 AS slots, 0 AS attempts
    FROM slots s
    WHERE s.request_id = r.id AND s.status = 'failed' AND NOT 'model' = ANY (:group_by::text[])
    UNION ALL
    SELECT a.model, a.error_code, 0, 1
    FROM slot_attempts a
    WHERE a.request_id = r.id AND a.outcome = 'failed') f
WHERE (:owner_id::uuid IS NULL OR r.owner_id = :owner_id)
  AND r.requested_at >= :since::timestamptz AND r.requested_at < :until::timestamptz
GROUP BY 1, 2, 3, 4, 5, 6, 7
ORDER BY sum(f.slots) DESC, sum(f.attempts) DESC, f.code
LIMIT :most;
