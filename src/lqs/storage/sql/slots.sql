-- name: due(batch, longest_seconds)
-- Nothing waits longer than the longest wait there is: then the clock was set back since, and the wait is over.
SELECT DISTINCT request_id
FROM ((SELECT request_id FROM slots WHERE status = 'retrying' AND available_at <= lqs_now()
       ORDER BY available_at LIMIT :batch)
      UNION ALL
      (SELECT request_id FROM slots
       WHERE status = 'retrying' AND available_at > lqs_now() + make_interval(secs => :longest_seconds)
       LIMIT :batch)) due;

-- name: promote(request_ids, longest_seconds)
UPDATE slots
SET status = 'pending', available_at = NULL
WHERE request_id = ANY (:request_ids::uuid[]) AND status = 'retrying'
  AND (available_at <= lqs_now() OR available_at > lqs_now() + make_interval(secs => :longest_seconds))
RETURNING request_id, index, fence, 'retrying' AS before, status, error_code;

-- name: abandoned(batch)
-- Held by a worker that is dead or unknown. After a restart of the server every heartbeat is old, so one lease
-- must pass before anybody is called dead (`workers.bury`).
SELECT DISTINCT request_id
FROM (SELECT request_id FROM slots s
      WHERE s.status = 'processing'
        AND NOT EXISTS (SELECT FROM workers w WHERE w.id = s.worker_id AND w.dead_at IS NULL)
      LIMIT :batch) lost;

-- name: rescue(request_ids, max_crashes)
-- The attempt did not end, so it is undone; the crash is counted instead.
UPDATE slots s
SET status = CASE WHEN s.crashes + 1 >= :max_crashes THEN 'failed' ELSE 'pending' END,
    error_code = CASE WHEN s.crashes + 1 >= :max_crashes THEN 'worker_lost' ELSE s.error_code END,
    error_attempt = CASE WHEN s.crashes + 1 >= :max_crashes THEN s.attempts - 1 ELSE s.error_attempt END,
    finished_at = CASE WHEN s.crashes + 1 >= :max_crashes THEN greatest(lqs_now(), s.started_at) END,
    crashes = s.crashes + 1, attempts = s.attempts - 1, fence = s.fence + 1, worker_id = NULL, deadline_at = NULL
WHERE s.request_id = ANY (:request_ids::uuid[]) AND s.status = 'processing'
  AND NOT EXISTS (SELECT FROM workers w WHERE w.id = s.worker_id AND w.dead_at IS NULL)
RETURNING s.request_id, s.index, s.fence, 'processing' AS before, s.status, s.error_code;

-- name: overdue(batch)
SELECT DISTINCT request_id
FROM (SELECT request_id FROM slots WHERE status = 'processing' AND deadline_at <= lqs_now()
      ORDER BY deadline_at LIMIT :batch) overdue;

-- name: time_out(request_ids, base_seconds, cap_seconds)
-- A worker times its attempts out itself; this catches one that is alive but wedged. The wait is that of the retry
-- policy: full jitter under a ceiling that doubles with each attempt.
UPDATE slots s
SET status = CASE WHEN s.attempts >= r.max_attempts THEN 'failed' ELSE 'retrying' END,
    error_code = 'slot_timeout', error_attempt = s.attempts, fence = s.fence + 1, worker_id = NULL, deadline_at = NULL,
    available_at = CASE WHEN s.attempts < r.max_attempts
                        THEN lqs_now() + make_interval(secs => random()
                                 * least(:cap_seconds::float8, :base_seconds::float8 * 2 ^ (s.attempts - 1))) END,
    finished_at = CASE WHEN s.attempts >= r.max_attempts THEN greatest(lqs_now(), s.started_at) END
FROM generation_requests r
JOIN (SELECT request_id, index, worker_id FROM slots
      WHERE request_id = ANY (:request_ids::uuid[]) AND status = 'processing' AND deadline_at <= lqs_now()) old
  ON old.request_id = r.id
WHERE s.request_id = old.request_id AND s.index = old.index
RETURNING s.request_id, s.index, s.fence, 'processing' AS before, s.status, s.error_code, old.worker_id;

-- name: end_unfinished(request_ids, befores, status, error_code)
-- Ends the slots that stand in one of these statuses, whoever holds them; `worker_id` is who did.
UPDATE slots s
SET status = :status, error_code = coalesce(:error_code, s.error_code),
    error_attempt = CASE WHEN :error_code::text IS NOT NULL THEN s.attempts ELSE s.error_attempt END,
    finished_at = greatest(lqs_now(), s.started_at),
    fence = s.fence + 1, worker_id = NULL, deadline_at = NULL, available_at = NULL
FROM (SELECT request_id, index, status, worker_id FROM slots
      WHERE request_id = ANY (:request_ids::uuid[]) AND status = ANY (:befores::text[])) old
WHERE s.request_id = old.request_id AND s.index = old.index
RETURNING s.request_id, s.index, s.fence, old.status AS before, s.status, s.error_code, old.worker_id;

-- name: retry(request_id, befores, indexes, priorities, strides)
-- Makes settled slots ready again for a further run, at the end of their owner's flow: with their old pass a retry
-- would overtake all that was asked for meanwhile. Of `indexes`, null means all.
WITH chosen AS MATERIALIZED (
    SELECT s.index, s.status, row_number() OVER (ORDER BY s.index) AS nth, count(*) OVER () AS slots,
           r.owner_id, r.priority, p.stride
    FROM slots s
    JOIN generation_requests r ON r.id = s.request_id
    JOIN unnest(:priorities::text[], :strides::bigint[]) AS p (priority, stride) ON p.priority = r.priority
    WHERE s.request_id = :request_id AND s.status = ANY (:befores::text[])
      AND (:indexes::smallint[] IS NULL OR s.index = ANY (:indexes::smallint[]))
), head AS MATERIALIZED (
    SELECT coalesce((SELECT pass FROM slots WHERE status = 'pending' AND attempts = 0 AND crashes = 0
                     ORDER BY pass, request_id, index LIMIT 1),
                    (SELECT max(next_pass) FROM flows),
                    0) AS pass
), flow AS (
    UPDATE flows f
    SET next_pass = next_place(f.owner_id, f.class, f.next_pass, head.pass, c.stride) + c.slots * c.stride
    FROM (SELECT DISTINCT owner_id, priority, slots, stride FROM chosen) c, head
    WHERE f.owner_id = c.owner_id AND f.class = c.priority
    RETURNING f.next_pass
)
UPDATE slots s
SET status = 'pending', attempts = 0, crashes = 0, fence = s.fence + 1,
    pass = flow.next_pass - (chosen.slots - chosen.nth + 1) * chosen.stride,
    error_code = NULL, error_attempt = NULL, started_at = NULL, finished_at = NULL
FROM chosen, flow
WHERE s.request_id = :request_id AND s.index = chosen.index
RETURNING s.request_id, s.index, s.fence, chosen.status AS before, s.status, s.error_code;

-- name: statuses(request_id)
SELECT index, status FROM slots WHERE request_id = :request_id ORDER BY index;

-- name: attempts(request_id, index)
SELECT attempt, fence, outcome, error_code, error_detail, worker_id, duration_ms, finished_at, model,
       provider_request_id, input_tokens, output_tokens, cost_microusd
FROM slot_attempts
WHERE request_id = :request_id AND index = :index
ORDER BY fence;
