-- name: lock(ids)
-- The request row is the mutex of its slots. Always in id order: other orders deadlock.
SELECT id, status, end_reason, run, version, requested_count, processing_count, retrying_count, generated_count,
       failed_count, cancelled_count, call_price_microusd, cost_microusd, max_cost_microusd
FROM generation_requests
WHERE id = ANY (:ids::uuid[])
ORDER BY id
FOR NO KEY UPDATE;

-- name: lock_free(ids)
-- The same for housekeeping, which never waits: a locked generation request has its turn next time.
SELECT id, status, end_reason, run, version, requested_count, processing_count, retrying_count, generated_count,
       failed_count, cancelled_count, call_price_microusd, cost_microusd, max_cost_microusd
FROM generation_requests
WHERE id = ANY (:ids::uuid[])
ORDER BY id
FOR NO KEY UPDATE SKIP LOCKED;

-- name: lock_flows(ids)
-- The places in the fair order of these generation requests' owners, for whoever is going to advance them: before the
-- generation requests themselves, or two that do so wait for each other.
SELECT f.owner_id, f.class
FROM flows f
JOIN (SELECT DISTINCT owner_id, priority FROM generation_requests WHERE id = ANY (:ids::uuid[])) r
  ON r.owner_id = f.owner_id AND r.priority = f.class
ORDER BY f.owner_id, f.class
FOR NO KEY UPDATE OF f;

-- name: lock_flows_of(owner_id)
-- All of an owner's places at once, for whoever is going to advance several.
SELECT owner_id, class FROM flows WHERE owner_id = :owner_id ORDER BY owner_id, class FOR NO KEY UPDATE;

-- name: past_deadline(batch, among)
-- Who asks again under the lock asks for some alone: a further run may have begun meanwhile, with a deadline of its own.
SELECT id
FROM generation_requests
WHERE completed_at IS NULL AND deadline_at <= lqs_now() AND status <> 'cancelling'
  AND (:among::uuid[] IS NULL OR id = ANY (:among))
ORDER BY deadline_at
LIMIT :batch;

-- name: out_of_money(ids)
-- As `Standing.exhausted` says, with what the key of each may still spend today.
SELECT r.id
FROM generation_requests r
WHERE r.id = ANY (:ids::uuid[]) AND r.status IN ('pending', 'processing') AND r.processing_count = 0
  AND r.generated_count + r.failed_count + r.cancelled_count < r.requested_count
  AND (r.cost_microusd + r.call_price_microusd > r.max_cost_microusd
       OR r.call_price_microusd > 0 AND EXISTS (
           SELECT FROM api_keys k
           JOIN key_days d ON d.key_id = k.key_id AND d.day = (lqs_now() AT TIME ZONE 'UTC')::date
           WHERE k.key_id = r.requested_by
             AND k.daily_budget_microusd - d.spent_microusd < r.call_price_microusd));

-- name: past_start_deadline(batch, among)
SELECT id
FROM generation_requests
WHERE started_at IS NULL AND completed_at IS NULL AND start_deadline_at IS NOT NULL AND start_deadline_at <= lqs_now()
  AND (:among::uuid[] IS NULL OR id = ANY (:among))
ORDER BY start_deadline_at
LIMIT :batch;

-- name: write(ids, statuses, end_reasons, runs, versions, processing, retrying, generated, failed, cancelled, progressed, input_tokens, output_tokens, model_calls, costs_microusd, wasted_microusd, estimated_microusd)
-- Writes what the domain decided under the lock; tokens, calls and costs are added, all others replaced. A clock that
-- was set back never makes a duration negative. What is done keeps its time whatever comes later.
UPDATE generation_requests r
SET status = w.status,
    end_reason = w.end_reason,
    run = w.run,
    version = w.version,
    processing_count = w.processing,
    retrying_count = w.retrying,
    generated_count = w.generated,
    failed_count = w.failed,
    cancelled_count = w.cancelled,
    started_at = CASE WHEN w.status = 'processing' THEN coalesce(r.started_at, greatest(lqs_now(), r.requested_at))
                      ELSE r.started_at END,
    completed_at = CASE WHEN w.end_reason IS NOT NULL
                        THEN coalesce(r.completed_at, greatest(lqs_now(), r.started_at, r.run_requested_at)) END,
    expires_at = CASE WHEN w.end_reason IS NULL OR r.pinned THEN NULL
                      WHEN r.completed_at IS NOT NULL THEN r.expires_at
                      ELSE greatest(lqs_now(), r.started_at, r.run_requested_at)
                           + make_interval(secs => r.retention_seconds) END,
    last_progress_at = CASE WHEN w.progressed THEN greatest(lqs_now(), r.last_progress_at, r.requested_at)
                            ELSE r.last_progress_at END,
    input_tokens = r.input_tokens + w.input_tokens,
    output_tokens = r.output_tokens + w.output_tokens,
    model_calls = r.model_calls + w.model_calls,
    cost_microusd = r.cost_microusd + w.cost_microusd,
    wasted_microusd = r.wasted_microusd + w.wasted_microusd,
    estimated_microusd = r.estimated_microusd + w.estimated_microusd
FROM unnest(:ids::uuid[], :statuses::text[], :end_reasons::text[], :runs::int[], :versions::bigint[],
            :processing::int[], :retrying::int[], :generated::int[], :failed::int[], :cancelled::int[],
            :progressed::bool[], :input_tokens::bigint[], :output_tokens::bigint[], :model_calls::int[],
            :costs_microusd::bigint[], :wasted_microusd::bigint[], :estimated_microusd::bigint[])
     AS w (id, status, end_reason, run, version, processing, retrying, generated, failed, cancelled, progressed,
           input_tokens, output_tokens, model_calls, cost_microusd, wasted_microusd, estimated_microusd)
WHERE r.id = w.id;

-- name: insert(ids, owner_ids, entity_types, counts, priorities, strides, max_attempts, constraints, metadata, options, requested_by, deadline_seconds, start_within_seconds, slot_timeout_seconds, retention_seconds, max_cost_microusd, call_price_microusd, origins, traceparents, tracestates)
-- Stores new generation requests with their slots, their place in the fair order and their first event. A slot's
-- pass is its place: it starts at the head of the queue or after the owner's last slot of the same priority,
-- whichever is later (`next_place`), and a stride lies between two of them. The head is the first slot whose turn has not come yet:
-- one that was tried before keeps an old place, and would take a newcomer with it to the front of all who wait.
WITH incoming AS MATERIALIZED (
    SELECT *,
           sum(requested_count) OVER (PARTITION BY owner_id, priority ORDER BY position) - requested_count
               AS slots_before
    FROM unnest(:ids::uuid[], :owner_ids::uuid[], :entity_types::text[], :counts::int[], :priorities::text[],
                :strides::bigint[], :max_attempts::smallint[], :constraints::text[], :metadata::text[],
                :options::text[], :requested_by::text[], :deadline_seconds::float8[], :start_within_seconds::float8[],
                :slot_timeout_seconds::real[], :retention_seconds::int[], :max_cost_microusd::bigint[],
                :call_price_microusd::bigint[], :origins::uuid[], :traceparents::text[], :tracestates::text[])
         WITH ORDINALITY
         AS i (id, owner_id, entity_type, requested_count, priority, stride, max_attempts, constraints, metadata,
               options, requested_by, deadline_seconds, start_within_seconds, slot_timeout_seconds, retention_seconds,
               max_cost_microusd, call_price_microusd, origin, traceparent, tracestate, position)
), head AS MATERIALIZED (
    SELECT coalesce((SELECT pass FROM slots WHERE status = 'pending' AND attempts = 0 AND crashes = 0
                     ORDER BY pass, request_id, index LIMIT 1),
                    (SELECT max(next_pass) FROM flows),
                    0) AS pass
), flow AS (
    INSERT INTO flows (owner_id, class, next_pass)
    SELECT owner_id, priority, (SELECT pass FROM head) + sum(requested_count * stride)
    FROM incoming
    GROUP BY owner_id, priority
    ORDER BY owner_id, priority
    ON CONFLICT (owner_id, class) DO UPDATE
    SET next_pass = next_place(flows.owner_id, flows.class, flows.next_pass, (SELECT pass FROM head),
                               (SELECT stride FROM incoming WHERE priority = flows.class LIMIT 1))
                    + excluded.next_pass - (SELECT pass FROM head)
    RETURNING owner_id, class, next_pass
), stored AS (
    INSERT INTO generation_requests (
        id, owner_id, entity_type, version, requested_count, priority, max_attempts, constraints, metadata, options,
        requested_by, requested_at, run_requested_at, deadline_at, start_deadline_at, slot_timeout_seconds,
        retention_seconds, max_cost_microusd, call_price_microusd, origin, traceparent, tracestate)
    SELECT id, owner_id, entity_type, 1, requested_count, priority, max_attempts, constraints::jsonb, metadata::jsonb,
           options::jsonb, requested_by, lqs_now(), lqs_now(), lqs_now() + make_interval(secs => deadline_seconds),
           lqs_now() + make_interval(secs => start_within_seconds), slot_timeout_seconds, retention_seconds,
           max_cost_microusd, call_price_microusd, origin, traceparent, tracestate
    FROM incoming
    RETURNING id, requested_at, deadline_at, requested_count
), placed AS (
    INSERT INTO slots (request_id, index, pass)
    SELECT i.id, n, f.next_pass - (owned.slots - i.slots_before - n) * i.stride
    FROM incoming i
    JOIN flow f ON f.owner_id = i.owner_id AND f.class = i.priority
    JOIN (SELECT owner_id, priority, sum(requested_count) AS slots FROM incoming GROUP BY owner_id, priority) owned
      ON owned.owner_id = i.owner_id AND owned.priority = i.priority
    CROSS JOIN LATERAL generate_series(0, i.requested_count - 1) AS n
), told AS (
    INSERT INTO generation_events (request_id, seq, type, body, occurred_at)
    SELECT id, 1, 'generation_request.accepted',
           jsonb_build_object('status', 'pending', 'run', 1, 'counts', jsonb_build_object(
               'pending', requested_count, 'processing', 0, 'retrying', 0,
               'generated', 0, 'failed', 0, 'cancelled', 0)),
           requested_at
    FROM stored
), owed AS (
    INSERT INTO unpublished_events (request_id, first_seq, last_seq, appended_at)
    SELECT id, 1, 1, requested_at FROM stored WHERE (SELECT wanted_until > lqs_now() FROM publication)
)
SELECT id, requested_at, deadline_at FROM stored;
