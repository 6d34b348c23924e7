-- name: claim(worker_id, entity_types, batch, named_ids, named_indexes, grace_seconds, broken_ids)
-- So many slots in the fair order, or those that are named, if nobody has them yet; the other way finds nothing.
-- A claim never waits: it takes ready slots that nobody holds, then their generation requests, and lets go the slots
-- whose generation request is busy. MATERIALIZED, because a LIMIT that runs twice claims twice. What is not for this
-- worker, and what must wait for calls in flight because they have reserved the last money, is passed over before the
-- LIMIT, or a batch of it at the head of the queue would starve all that stands behind; OFFSET 0, because no plan but
-- one lookup a slot keeps the order of the queue. What has a budget is locked, but not won yet: `unpaid` goes to `pay`.
WITH in_order AS MATERIALIZED (
    SELECT s.request_id, s.index
    FROM slots s
    CROSS JOIN LATERAL (
        SELECT r.entity_type, r.deadline_at, CASE WHEN r.started_at IS NULL THEN r.start_deadline_at END AS start_by,
               r.processing_count > 0
               AND (r.cost_microusd + (r.processing_count + 1) * r.call_price_microusd > r.max_cost_microusd
                    OR r.call_price_microusd > 0 AND EXISTS (
                        SELECT FROM api_keys k
                        JOIN key_days d ON d.key_id = k.key_id AND d.day = (lqs_now() AT TIME ZONE 'UTC')::date
                        WHERE k.key_id = r.requested_by
                          AND k.daily_budget_microusd - d.spent_microusd < r.call_price_microusd)) AS no_money
        FROM generation_requests r WHERE r.id = s.request_id OFFSET 0) r
    WHERE s.status = 'pending' AND r.entity_type = ANY (:entity_types::text[]) AND r.deadline_at > lqs_now()
      AND (r.start_by > lqs_now() OR r.start_by IS NULL) AND r.no_money IS NOT TRUE
      AND s.request_id <> ALL (:broken_ids::uuid[])
    ORDER BY s.pass, s.request_id, s.index
    LIMIT :batch
    FOR UPDATE OF s SKIP LOCKED
), named AS MATERIALIZED (
    SELECT s.request_id, s.index
    FROM unnest(:named_ids::uuid[], :named_indexes::smallint[]) AS n (request_id, index)
    JOIN slots s ON s.request_id = n.request_id AND s.index = n.index
    WHERE s.status = 'pending' AND s.request_id <> ALL (:broken_ids::uuid[])
    ORDER BY s.pass, s.request_id, s.index
    FOR UPDATE OF s SKIP LOCKED
), ready AS MATERIALIZED (
    SELECT request_id, index FROM in_order UNION ALL SELECT request_id, index FROM named
), held AS MATERIALIZED (
    SELECT id, entity_type, status, end_reason, run, version, requested_count, processing_count, retrying_count,
           generated_count, failed_count, cancelled_count, call_price_microusd, cost_microusd, max_cost_microusd,
           max_attempts, slot_timeout_seconds, constraints::text AS constraints, requested_at, traceparent,
           tracestate,
           max_cost_microusd IS NOT NULL OR call_price_microusd > 0 AND (
               SELECT k.daily_budget_microusd FROM api_keys k WHERE k.key_id = requested_by) IS NOT NULL AS limited
    FROM generation_requests
    WHERE id = ANY (ARRAY(SELECT DISTINCT request_id FROM ready)) AND deadline_at > lqs_now()
      AND (started_at IS NOT NULL OR start_deadline_at > lqs_now() OR start_deadline_at IS NULL)
      AND status IN ('pending', 'processing') AND entity_type = ANY (:entity_types::text[])
    ORDER BY id
    FOR NO KEY UPDATE SKIP LOCKED
), won AS (
    UPDATE slots s
    SET status = 'processing', attempts = s.attempts + 1, fence = s.fence + 1, worker_id = :worker_id,
        deadline_at = lqs_now() + make_interval(secs => held.slot_timeout_seconds + :grace_seconds),
        started_at = coalesce(s.started_at, greatest(lqs_now(), held.requested_at)), reserved_on = NULL
    FROM ready JOIN held ON held.id = ready.request_id
    WHERE s.request_id = ready.request_id AND s.index = ready.index AND NOT held.limited
      AND EXISTS (SELECT FROM workers w WHERE w.id = :worker_id AND w.dead_at IS NULL)
    RETURNING s.request_id, s.index, s.fence, s.attempts
)
SELECT s.busy_ids, s.busy_indexes, s.unpaid_ids, s.unpaid_indexes, won.request_id, won.index, won.fence, won.attempts,
       held.*
FROM (SELECT array_agg(ready.request_id) FILTER (WHERE held.id IS NULL) AS busy_ids,
             array_agg(ready.index) FILTER (WHERE held.id IS NULL) AS busy_indexes,
             array_agg(ready.request_id) FILTER (WHERE held.limited) AS unpaid_ids,
             array_agg(ready.index) FILTER (WHERE held.limited) AS unpaid_indexes
      FROM ready LEFT JOIN held ON held.id = ready.request_id) s
LEFT JOIN (won JOIN held ON held.id = won.request_id) ON true
ORDER BY won.request_id, won.index;

-- name: pay(worker_id, request_ids, indexes, grace_seconds)
-- Wins those of these slots whose calls their budgets can pay, and reserves the money. Slots and generation requests
-- are locked by this transaction already, so what it reads of them is true; of the keys with a daily budget it takes
-- the days that nobody else holds. One of whose slots none is won may have no money left, so all are returned.
WITH asked AS MATERIALIZED (
    SELECT s.request_id, s.index, s.pass, r.call_price_microusd AS price,
           CASE WHEN r.call_price_microusd > 0 THEN k.key_id END AS payer,
           r.max_cost_microusd - r.cost_microusd
               - (r.processing_count + row_number() OVER (PARTITION BY s.request_id ORDER BY s.index))
                 * r.call_price_microusd AS left_over
    FROM unnest(:request_ids::uuid[], :indexes::smallint[]) AS t (request_id, index)
    JOIN slots s ON s.request_id = t.request_id AND s.index = t.index
    JOIN generation_requests r ON r.id = t.request_id
    LEFT JOIN api_keys k ON k.key_id = r.requested_by AND k.daily_budget_microusd IS NOT NULL
), purse AS MATERIALIZED (
    SELECT d.key_id, k.daily_budget_microusd - d.spent_microusd AS money
    FROM key_days d
    JOIN api_keys k ON k.key_id = d.key_id
    WHERE d.key_id = ANY (ARRAY(SELECT DISTINCT payer FROM asked WHERE payer IS NOT NULL))
      AND d.day = (lqs_now() AT TIME ZONE 'UTC')::date
    ORDER BY d.key_id
    FOR NO KEY UPDATE OF d SKIP LOCKED
), affordable AS (
    SELECT a.request_id, a.index, a.payer, a.price
    FROM (SELECT *, sum(price) OVER (PARTITION BY payer ORDER BY pass, request_id, index) AS bill
          FROM asked WHERE left_over >= 0 OR left_over IS NULL) a
    LEFT JOIN purse ON purse.key_id = a.payer
    WHERE a.payer IS NULL OR a.bill <= purse.money
), won AS (
    UPDATE slots s
    SET status = 'processing', attempts = s.attempts + 1, fence = s.fence + 1, worker_id = :worker_id,
        deadline_at = lqs_now() + make_interval(secs => r.slot_timeout_seconds + :grace_seconds),
        started_at = coalesce(s.started_at, greatest(lqs_now(), r.requested_at)),
        reserved_on = CASE WHEN a.payer IS NOT NULL THEN (lqs_now() AT TIME ZONE 'UTC')::date END
    FROM affordable a JOIN generation_requests r ON r.id = a.request_id
    WHERE s.request_id = a.request_id AND s.index = a.index
      AND EXISTS (SELECT FROM workers w WHERE w.id = :worker_id AND w.dead_at IS NULL)
    RETURNING s.request_id, s.index, s.fence, s.attempts, a.payer, a.price
), reserved AS (
    UPDATE key_days d
    SET spent_microusd = d.spent_microusd + bill.microusd
    FROM (SELECT payer, sum(price) AS microusd FROM won WHERE payer IS NOT NULL GROUP BY payer) bill
    WHERE d.key_id = bill.payer AND d.day = (lqs_now() AT TIME ZONE 'UTC')::date
)
SELECT r.id, r.entity_type, r.status, r.end_reason, r.run, r.version, r.requested_count, r.processing_count,
       r.retrying_count, r.generated_count, r.failed_count, r.cancelled_count, r.call_price_microusd, r.cost_microusd,
       r.max_cost_microusd, r.max_attempts, r.slot_timeout_seconds, r.constraints::text AS constraints, r.traceparent,
       r.tracestate, a.index AS asked_index, won.request_id, won.index, won.fence, won.attempts, a.payer,
       (a.price > purse.money) IS TRUE AS payer_is_broke,
       a.payer IS NOT NULL AND purse.key_id IS NULL AS payer_is_busy,
       a.payer IS NOT NULL AND NOT EXISTS (
           SELECT FROM key_days d WHERE d.key_id = a.payer AND d.day = (lqs_now() AT TIME ZONE 'UTC')::date)
           AS day_is_new
FROM asked a
JOIN generation_requests r ON r.id = a.request_id
LEFT JOIN purse ON purse.key_id = a.payer
LEFT JOIN won ON won.request_id = a.request_id AND won.index = a.index
ORDER BY a.request_id, a.index;

-- name: settle(worker_id, request_ids, indexes, fences, statuses, delays, error_codes, error_details, attempts, durations_ms, models, provider_request_ids, input_tokens, output_tokens, costs_microusd, entity_ids, contents, facets)
-- The guard of a worker's write is its fence; only what it lets pass has its attempt recorded and its entity stored,
-- with its row in the pool.
-- A delay is the seconds until a retry. Here and below, a clock that was set back never makes a slot finish before it
-- started. The entity's type and owner are those of the generation request.
WITH moved AS (
    UPDATE slots s
    SET status = t.status,
        worker_id = NULL,
        deadline_at = NULL,
        available_at = CASE WHEN t.status = 'retrying' THEN lqs_now() + make_interval(secs => t.delay) END,
        error_code = t.error_code,
        error_attempt = CASE WHEN t.error_code IS NOT NULL THEN s.attempts END,
        finished_at = CASE WHEN t.status <> 'retrying' THEN greatest(lqs_now(), s.started_at) END
    FROM unnest(:request_ids::uuid[], :indexes::smallint[], :fences::bigint[], :statuses::text[], :delays::float8[],
                :error_codes::text[], :error_details::text[], :attempts::smallint[], :durations_ms::int[],
                :models::text[], :provider_request_ids::text[], :input_tokens::int[], :output_tokens::int[],
                :costs_microusd::bigint[], :entity_ids::uuid[], :contents::text[], :facets::text[])
         AS t (request_id, index, fence, status, delay, error_code, error_detail, attempt, duration_ms, model,
               provider_request_id, input_tokens, output_tokens, cost_microusd, entity_id, content, facets)
    WHERE s.request_id = t.request_id AND s.index = t.index AND s.status = 'processing' AND s.fence = t.fence
    RETURNING t.*
), recorded AS (
    INSERT INTO slot_attempts (request_id, index, fence, attempt, outcome, error_code, error_detail, worker_id,
                               duration_ms, finished_at, model, provider_request_id, input_tokens, output_tokens,
                               cost_microusd)
    SELECT request_id, index, fence, attempt, CASE WHEN status = 'generated' THEN 'generated' ELSE 'failed' END,
           error_code, error_detail, :worker_id, duration_ms, lqs_now(), model, provider_request_id, input_tokens,
           output_tokens, cost_microusd
    FROM moved
), stored AS (
    INSERT INTO entities (id, entity_type, owner_id, generation_request_id, slot_index, created_at, content)
    SELECT m.entity_id, r.entity_type, r.owner_id, r.id, m.index, lqs_now(), m.content::json
    FROM moved m
    JOIN generation_requests r ON r.id = m.request_id
    WHERE m.content IS NOT NULL
), pooled AS (
    INSERT INTO pool (entity_id, entity_type, owner_id, created_at, facets)
    SELECT m.entity_id, r.entity_type, r.owner_id, lqs_now(), m.facets::tsvector
    FROM moved m
    JOIN generation_requests r ON r.id = m.request_id
    WHERE m.content IS NOT NULL
)
SELECT request_id, index, fence, 'processing' AS before, status, error_code FROM moved;

-- name: refused(request_ids, indexes, fences)
-- Why a settle moved nothing: a report that is already booked is a replay of one's own, any other comes too late.
SELECT t.request_id, t.index, t.fence,
       s.fence > t.fence AND NOT EXISTS (
           SELECT FROM slot_attempts a
           WHERE a.request_id = t.request_id AND a.index = t.index AND a.fence = t.fence) AS late
FROM unnest(:request_ids::uuid[], :indexes::smallint[], :fences::bigint[]) AS t (request_id, index, fence)
JOIN slots s ON s.request_id = t.request_id AND s.index = t.index;

-- name: held_by(worker_id, batch, kept_ids, kept_indexes, kept_fences)
SELECT DISTINCT request_id
FROM (SELECT s.request_id
      FROM slots s
      WHERE s.status = 'processing' AND s.worker_id = :worker_id
        AND NOT EXISTS (SELECT
                        FROM unnest(:kept_ids::uuid[], :kept_indexes::smallint[], :kept_fences::bigint[])
                             AS k (request_id, index, fence)
                        WHERE k.request_id = s.request_id AND k.index = s.index AND k.fence = s.fence)
      LIMIT :batch) held;

-- name: hand_back(request_ids, worker_id, kept_ids, kept_indexes, kept_fences)
UPDATE slots s
SET status = 'pending', attempts = attempts - 1, fence = fence + 1, worker_id = NULL, deadline_at = NULL
WHERE s.request_id = ANY (:request_ids::uuid[]) AND s.status = 'processing' AND s.worker_id = :worker_id
  AND NOT EXISTS (SELECT
                  FROM unnest(:kept_ids::uuid[], :kept_indexes::smallint[], :kept_fences::bigint[])
                       AS k (request_id, index, fence)
                  WHERE k.request_id = s.request_id AND k.index = s.index AND k.fence = s.fence)
RETURNING s.request_id, s.index, s.fence, 'processing' AS before, s.status, s.error_code;

-- name: taken(request_ids, indexes, fences)
SELECT t.request_id, t.index, t.fence
FROM unnest(:request_ids::uuid[], :indexes::smallint[], :fences::bigint[]) AS t (request_id, index, fence)
WHERE NOT EXISTS (SELECT FROM slots s
                  WHERE s.request_id = t.request_id AND s.index = t.index AND s.fence = t.fence
                    AND s.status = 'processing');

-- name: record_late(worker_id, request_ids, indexes, fences, attempts, error_codes, error_details, durations_ms, models, provider_request_ids, input_tokens, output_tokens, costs_microusd)
INSERT INTO slot_attempts (request_id, index, fence, attempt, outcome, error_code, error_detail, worker_id,
                           duration_ms, finished_at, model, provider_request_id, input_tokens, output_tokens,
                           cost_microusd)
SELECT request_id, index, fence, attempt, 'late_result', error_code, error_detail, :worker_id, duration_ms, lqs_now(),
       model, provider_request_id, input_tokens, output_tokens, cost_microusd
FROM unnest(:request_ids::uuid[], :indexes::smallint[], :fences::bigint[], :attempts::smallint[], :error_codes::text[],
            :error_details::text[], :durations_ms::int[], :models::text[], :provider_request_ids::text[],
            :input_tokens::int[], :output_tokens::int[], :costs_microusd::bigint[])
     AS t (request_id, index, fence, attempt, error_code, error_detail, duration_ms, model, provider_request_id,
           input_tokens, output_tokens, cost_microusd)
ON CONFLICT DO NOTHING
RETURNING request_id, index, fence;

-- name: release(request_ids, indexes, deltas)
-- The call of each of these slots has ended: the day it was reserved in is put right by what it cost more than that.
WITH due AS (
    SELECT r.requested_by AS key_id, s.reserved_on AS day, sum(t.delta) AS delta
    FROM unnest(:request_ids::uuid[], :indexes::smallint[], :deltas::bigint[]) AS t (request_id, index, delta)
    JOIN slots s ON s.request_id = t.request_id AND s.index = t.index AND s.reserved_on IS NOT NULL
    JOIN generation_requests r ON r.id = t.request_id
    GROUP BY r.requested_by, s.reserved_on
), held AS MATERIALIZED (
    SELECT d.key_id, d.day, due.delta
    FROM key_days d
    JOIN due ON due.key_id = d.key_id AND due.day = d.day
    ORDER BY d.key_id, d.day
    FOR NO KEY UPDATE OF d
)
UPDATE key_days d
SET spent_microusd = d.spent_microusd + held.delta
FROM held
WHERE d.key_id = held.key_id AND d.day = held.day;
