-- name: entity_type(request_id)
SELECT entity_type FROM generation_requests WHERE id = :request_id;

-- name: archive(request_id)
-- How the run ended that is about to be followed by another.
INSERT INTO runs (request_id, run, status, end_reason, requested_by, requested_at, completed_at, requested_count,
                  generated_count, failed_count, cancelled_count, input_tokens, output_tokens, model_calls,
                  cost_microusd, wasted_microusd)
SELECT id, run, status, end_reason, requested_by, run_requested_at, completed_at, requested_count, generated_count,
       failed_count, cancelled_count, input_tokens, output_tokens, model_calls, cost_microusd, wasted_microusd
FROM generation_requests
WHERE id = :request_id;

-- name: begin(request_id, requested_by, max_attempts, timeout_seconds, max_cost_microusd, call_price_microusd, slots, overhead_seconds, most_seconds, traceparent, tracestate)
-- The terms of a further run; status, counts and version are the domain's to write. A cancellation and the wait for a
-- start belonged to the former run. Long attempts that a caller chose do not make it longer than it could be chosen.
-- It goes on in the trace of whoever asked for it, if that is known.
UPDATE generation_requests
SET requested_by = :requested_by, run_requested_at = greatest(lqs_now(), requested_at, completed_at),
    deadline_at = greatest(lqs_now(), requested_at, completed_at) + make_interval(secs => coalesce(
        :timeout_seconds::float8,
        least(:slots::int * slot_timeout_seconds + :overhead_seconds::float8,
              CASE WHEN options->>'slot_timeout_seconds' IS NOT NULL THEN :most_seconds::float8 END))),
    max_attempts = coalesce(:max_attempts::smallint, max_attempts), start_deadline_at = NULL,
    max_cost_microusd = coalesce(:max_cost_microusd::bigint, max_cost_microusd),
    call_price_microusd = coalesce(:call_price_microusd::bigint, call_price_microusd),
    traceparent = coalesce(:traceparent::text, traceparent),
    tracestate = CASE WHEN :traceparent::text IS NULL THEN tracestate ELSE :tracestate::text END,
    cancel_requested_at = NULL, cancel_mode = NULL, cancel_reason = NULL, settles_by = NULL
WHERE id = :request_id;

-- name: of_request(request_id, owner_id)
-- The former runs and the current one, with the totals up to each.
SELECT w.run, w.status, w.end_reason, w.requested_by, w.requested_at, w.completed_at, w.requested_count,
       0 AS processing_count, 0 AS retrying_count, w.generated_count, w.failed_count, w.cancelled_count,
       w.input_tokens, w.output_tokens, w.model_calls, w.cost_microusd, w.wasted_microusd
FROM runs w
JOIN generation_requests r ON r.id = w.request_id
WHERE r.id = :request_id AND r.owner_id = :owner_id
UNION ALL
SELECT run, status, end_reason, requested_by, run_requested_at, completed_at, requested_count, processing_count,
       retrying_count, generated_count, failed_count, cancelled_count, input_tokens, output_tokens, model_calls,
       cost_microusd, wasted_microusd
FROM generation_requests
WHERE id = :request_id AND owner_id = :owner_id
ORDER BY run;
