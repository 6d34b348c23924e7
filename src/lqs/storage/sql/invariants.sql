-- What must be true at any moment. Each statement returns one row for each breach: the generation request, if there
-- is one, and what is wrong with it. All of them are read in one snapshot.

-- name: slots_complete()
SELECT r.id AS request_id,
       format('has slots [%s] where it should have 0 to %s', array_to_string(s.indexes, ', '), r.requested_count - 1)
           AS sentence
FROM generation_requests r
LEFT JOIN (SELECT request_id, array_agg(index::int ORDER BY index) AS indexes FROM slots GROUP BY request_id) s
       ON s.request_id = r.id
WHERE s.indexes IS DISTINCT FROM ARRAY(SELECT generate_series(0, r.requested_count - 1));

-- name: entities_kept()
SELECT s.request_id, format('slot %s is generated, but its entity is not there', s.index) AS sentence
FROM slots s
WHERE s.status = 'generated'
  AND NOT EXISTS (SELECT FROM entities e WHERE e.generation_request_id = s.request_id AND e.slot_index = s.index);

-- name: entities_single()
SELECT generation_request_id AS request_id, format('slot %s has %s entities', slot_index, count(*)) AS sentence
FROM entities
WHERE generation_request_id IS NOT NULL
GROUP BY generation_request_id, slot_index
HAVING count(*) > 1
UNION ALL
SELECT e.generation_request_id, format('entity %s belongs to slot %s, which is %s', e.id, e.slot_index,
                                       coalesce(s.status, 'not there'))
FROM entities e
LEFT JOIN slots s ON s.request_id = e.generation_request_id AND s.index = e.slot_index
WHERE e.generation_request_id IS NOT NULL AND s.status IS DISTINCT FROM 'generated'
UNION ALL
SELECT r.id, format('entity %s is a %s of owner %s, the generation request asks for a %s for owner %s',
                    e.id, e.entity_type, e.owner_id, r.entity_type, r.owner_id)
FROM entities e
JOIN generation_requests r ON r.id = e.generation_request_id
WHERE e.owner_id <> r.owner_id OR e.entity_type <> r.entity_type;

-- name: pool_complete()
SELECT e.generation_request_id AS request_id, format('entity %s is not in the pool of its owner', e.id) AS sentence
FROM entities e
LEFT JOIN pool p ON p.entity_id = e.id AND p.entity_type = e.entity_type AND p.owner_id = e.owner_id
                AND p.created_at = e.created_at
WHERE p.entity_id IS NULL
UNION ALL
SELECT NULL, format('the pool has a row for the entity %s, which is not there', p.entity_id)
FROM pool p
WHERE NOT EXISTS (SELECT FROM entities e WHERE e.id = p.entity_id);

-- name: counts_true()
WITH counted AS (
    SELECT request_id,
           count(*) FILTER (WHERE status = 'pending') AS pending,
           count(*) FILTER (WHERE status = 'processing') AS processing,
           count(*) FILTER (WHERE status = 'retrying') AS retrying,
           count(*) FILTER (WHERE status = 'generated') AS generated,
           count(*) FILTER (WHERE status = 'failed') AS failed,
           count(*) FILTER (WHERE status = 'cancelled') AS cancelled
    FROM slots
    GROUP BY request_id
), stored AS (
    SELECT generation_request_id AS request_id, count(*) AS entities FROM entities GROUP BY generation_request_id
)
SELECT r.id AS request_id,
       format('%s_count is %s, but there are %s', pair.name, pair.told, pair.found) AS sentence
FROM generation_requests r
LEFT JOIN counted c ON c.request_id = r.id
LEFT JOIN stored e ON e.request_id = r.id
CROSS JOIN LATERAL (VALUES
    ('pending', r.requested_count - r.processing_count - r.retrying_count - r.generated_count - r.failed_count
                - r.cancelled_count, coalesce(c.pending, 0), 'slots'),
    ('processing', r.processing_count, coalesce(c.processing, 0), 'slots'),
    ('retrying', r.retrying_count, coalesce(c.retrying, 0), 'slots'),
    ('generated', r.generated_count, coalesce(c.generated, 0), 'slots'),
    ('failed', r.failed_count, coalesce(c.failed, 0), 'slots'),
    ('cancelled', r.cancelled_count, coalesce(c.cancelled, 0), 'slots'),
    ('generated', r.generated_count, coalesce(e.entities, 0), 'entities')) AS p (name, told, number, noun)
CROSS JOIN LATERAL (SELECT p.name, p.told, p.number || ' ' || p.noun AS found) AS pair
WHERE p.told <> p.number;

-- name: done_means_settled()
SELECT id AS request_id,
       format('is %s with %s of %s slots settled, completed_at %s, end_reason %s', status, settled, requested_count,
              coalesce(completed_at::text, 'null'), coalesce(end_reason, 'null')) AS sentence
FROM (SELECT *, generated_count + failed_count + cancelled_count AS settled,
             status IN ('completed', 'partial', 'failed', 'cancelled') AS done
      FROM generation_requests) r
WHERE settled > requested_count
   OR done <> (settled = requested_count)
   OR done <> (completed_at IS NOT NULL)
   OR done <> (end_reason IS NOT NULL);

-- name: ended_once()
-- A final event for each run that is over, of the status the run ended with, and nothing of that run after it but
-- what may come late: results, and changes of the record itself.
WITH final AS (
    SELECT request_id, (body->>'run')::int AS run, count(*) AS times, max(seq) AS seq, max(type) AS type
    FROM generation_events
    WHERE type IN ('generation_request.completed', 'generation_request.partial', 'generation_request.failed',
                   'generation_request.cancelled')
    GROUP BY request_id, (body->>'run')::int
), told AS (
    SELECT request_id, (body->>'run')::int AS run, max(seq) AS seq
    FROM generation_events
    WHERE type NOT IN ('generation_request.slot.late_result', 'generation_request.changed')
    GROUP BY request_id, (body->>'run')::int
)
SELECT r.id AS request_id,
       CASE WHEN f.times > 1 THEN format('run %s ended %s times', runs.run, f.times)
            WHEN f.times IS NULL THEN format('run %s is over, but no event tells its end', runs.run)
            WHEN NOT runs.over THEN format('is %s, but %s was told', r.status, f.type)
            WHEN runs.run = r.run AND f.type <> 'generation_request.' || r.status
                THEN format('is %s, but %s was told', r.status, f.type)
            ELSE format('event %s of run %s comes after its end', t.seq, runs.run)
       END AS sentence
FROM generation_requests r
CROSS JOIN LATERAL (
    SELECT run, run < r.run OR r.status IN ('completed', 'partial', 'failed', 'cancelled') AS over
    FROM generate_series(1, r.run) AS run) runs
LEFT JOIN final f ON f.request_id = r.id AND f.run = runs.run
LEFT JOIN told t ON t.request_id = r.id AND t.run = runs.run
WHERE coalesce(f.times, 0) <> runs.over::int
   OR f.seq < t.seq
   OR runs.run = r.run AND f.type <> 'generation_request.' || r.status;

-- name: status_follows_counts()
SELECT id AS request_id,
       format('is %s with %s generated, %s failed and %s cancelled of %s', status, generated_count, failed_count,
              cancelled_count, requested_count) AS sentence
FROM generation_requests
WHERE NOT CASE status
    WHEN 'pending' THEN processing_count + retrying_count + generated_count + failed_count + cancelled_count = 0
                        AND started_at IS NULL
    WHEN 'processing' THEN started_at IS NOT NULL AND (cancelled_count = 0 OR run > 1)
    WHEN 'completed' THEN generated_count = requested_count
    WHEN 'partial' THEN generated_count BETWEEN 1 AND requested_count - 1 AND cancelled_count = 0
    WHEN 'failed' THEN failed_count = requested_count
    WHEN 'cancelled' THEN cancelled_count >= 1
    WHEN 'cancelling' THEN processing_count > 0
                           AND processing_count + generated_count + failed_count + cancelled_count = requested_count
    ELSE false
END;

-- name: times_in_order()
SELECT id AS request_id,
       format('was requested at %s, started at %s, last progressed at %s, completed at %s, deadline %s', requested_at,
              coalesce(started_at::text, 'null'), coalesce(last_progress_at::text, 'null'),
              coalesce(completed_at::text, 'null'), deadline_at) AS sentence
FROM generation_requests
WHERE started_at < requested_at OR completed_at < requested_at OR completed_at < started_at
   OR last_progress_at < requested_at OR deadline_at < requested_at
UNION ALL
SELECT request_id, format('slot %s started at %s and finished at %s', index, started_at, finished_at)
FROM slots
WHERE finished_at < started_at
UNION ALL
SELECT request_id, format('an attempt at slot %s took %s ms', index, duration_ms)
FROM slot_attempts
WHERE duration_ms < 0;

-- name: deadline_kept(grace_seconds)
-- The run's own, that of its start, and that of its cancellation.
SELECT id AS request_id, format('is still %s, but its %s was %s', status, passed.name, passed.at) AS sentence
FROM generation_requests
CROSS JOIN LATERAL (VALUES
    ('deadline', deadline_at),
    ('start deadline', CASE WHEN started_at IS NULL THEN start_deadline_at END),
    ('settles_by', settles_by)) AS passed (name, at)
WHERE status NOT IN ('completed', 'partial', 'failed', 'cancelled')
  AND passed.at < lqs_now() - make_interval(secs => :grace_seconds);

-- name: keys_lead_somewhere()
SELECT k.subject_id AS request_id,
       format('idempotency key %s of owner %s for %s leads to %s', quote_literal(k.key), k.owner_id, k.operation,
              CASE WHEN r.id IS NULL THEN 'something that is not there' ELSE 'something of owner ' || r.owner_id END) AS sentence
FROM idempotency_keys k
LEFT JOIN (SELECT id, owner_id FROM generation_requests
           UNION ALL SELECT request_id, owner_id FROM tombstones
           UNION ALL SELECT id, owner_id FROM bulk_operations) r ON r.id = k.subject_id
WHERE r.owner_id IS DISTINCT FROM k.owner_id;

-- name: events_gapless()
SELECT r.id AS request_id,
       format('has version %s, but %s events from %s to %s', r.version, coalesce(e.events, 0),
              coalesce(e.first::text, 'null'), coalesce(e.last::text, 'null')) AS sentence
FROM generation_requests r
LEFT JOIN (SELECT request_id, count(*) AS events, min(seq) AS first, max(seq) AS last
           FROM generation_events GROUP BY request_id) e ON e.request_id = r.id
WHERE e.events IS DISTINCT FROM r.version OR e.first <> 1 OR e.last <> r.version;

-- name: last_event_true()
SELECT r.id AS request_id,
       format('event %s tells %s, but the row stands at %s', e.seq, e.body, now_true.body) AS sentence
FROM generation_requests r
JOIN generation_events e ON e.request_id = r.id AND e.seq = r.version
CROSS JOIN LATERAL (
    SELECT jsonb_build_object('status', r.status, 'run', r.run, 'counts', jsonb_build_object(
        'pending', r.requested_count - r.processing_count - r.retrying_count - r.generated_count - r.failed_count
                   - r.cancelled_count,
        'processing', r.processing_count, 'retrying', r.retrying_count, 'generated', r.generated_count,
        'failed', r.failed_count, 'cancelled', r.cancelled_count)) AS body) now_true
WHERE NOT e.body @> now_true.body;

-- name: nothing_orphaned()
SELECT s.request_id, format('slot %s has no generation request', s.index) AS sentence
FROM slots s
WHERE NOT EXISTS (SELECT FROM generation_requests r WHERE r.id = s.request_id)
UNION ALL
SELECT a.request_id, format('attempt at slot %s with fence %s has no slot', a.index, a.fence)
FROM slot_attempts a
WHERE NOT EXISTS (SELECT FROM slots s WHERE s.request_id = a.request_id AND s.index = a.index)
UNION ALL
SELECT e.request_id, format('event %s has no generation request', e.seq)
FROM generation_events e
WHERE NOT EXISTS (SELECT FROM generation_requests r WHERE r.id = e.request_id)
UNION ALL
SELECT u.request_id, format('event %s waits to be published, but is not there', n)
FROM unpublished_events u
CROSS JOIN LATERAL generate_series(u.first_seq, u.last_seq) n
WHERE NOT EXISTS (SELECT FROM generation_events e WHERE e.request_id = u.request_id AND e.seq = n);

-- name: retention_true()
-- A record has an end if it is done and nobody wants it kept; what was purged is gone, and nothing it was needed for.
SELECT id AS request_id,
       format('is %s and %s, but expires at %s', status, CASE WHEN pinned THEN 'pinned' ELSE 'not pinned' END,
              coalesce(expires_at::text, 'null')) AS sentence
FROM generation_requests
WHERE (expires_at IS NOT NULL) <> (completed_at IS NOT NULL AND NOT pinned)
UNION ALL
SELECT t.request_id, format('has a tombstone of %s, but it is there', t.purged_at)
FROM tombstones t
JOIN generation_requests r ON r.id = t.request_id
UNION ALL
SELECT t.request_id, format('was purged at %s as %s with %s generated, %s failed and %s cancelled of %s', t.purged_at,
                            t.status, t.generated_count, t.failed_count, t.cancelled_count, t.requested_count)
FROM tombstones t
WHERE t.generated_count + t.failed_count + t.cancelled_count <> t.requested_count
   OR t.status NOT IN ('completed', 'partial', 'failed', 'cancelled')
UNION ALL
SELECT d.request_id, format('was purged, and with it the attempts of the open dead letter of slot %s', d.slot_index)
FROM dead_letters d
WHERE d.state = 'open' AND d.attempts IS NULL
  AND NOT EXISTS (SELECT FROM generation_requests r WHERE r.id = d.request_id);

-- name: bulk_true()
SELECT NULL::uuid AS request_id,
       format('bulk operation %s matched %s, but changed %s and skipped %s', id, matched, changed, skipped) AS sentence
FROM bulk_operations
WHERE matched <> changed + skipped OR matched < 0 OR changed < 0 OR skipped < 0;

-- name: nothing_held_by_the_dead(grace_seconds)
SELECT s.request_id,
       format('slot %s is held by worker %s, %s', s.index, s.worker_id,
              CASE WHEN w.id IS NULL THEN 'which nobody knows'
                   WHEN w.dead_at IS NOT NULL THEN 'dead since ' || w.dead_at
                   ELSE 'silent since ' || w.heartbeat_at END) AS sentence
FROM slots s
LEFT JOIN workers w ON w.id = s.worker_id
WHERE s.status = 'processing'
  AND coalesce(w.dead_at, w.heartbeat_at, s.started_at) < lqs_now() - make_interval(secs => :grace_seconds);

-- name: attempts_true()
-- What was paid is written once: a generated slot has its attempt, and the totals are those of the attempts counted.
SELECT s.request_id, format('slot %s is generated, but no attempt with fence %s generated it', s.index, s.fence)
           AS sentence
FROM slots s
WHERE s.status = 'generated'
  AND NOT EXISTS (SELECT FROM slot_attempts a WHERE a.request_id = s.request_id AND a.index = s.index
                                                AND a.fence = s.fence AND a.outcome = 'generated')
UNION ALL
SELECT a.request_id, format('slot %s has fence %s, but an attempt has fence %s', a.index, s.fence, a.fence)
FROM slot_attempts a
JOIN slots s ON s.request_id = a.request_id AND s.index = a.index
WHERE a.fence > s.fence
UNION ALL
SELECT r.id, format('counts %s model calls, %s input and %s output tokens; its attempts have %s, %s and %s',
                    r.model_calls, r.input_tokens, r.output_tokens, coalesce(a.calls, 0), coalesce(a.input, 0),
                    coalesce(a.output, 0))
FROM generation_requests r
LEFT JOIN (SELECT request_id, count(*) AS calls, sum(input_tokens) AS input, sum(output_tokens) AS output
           FROM slot_attempts WHERE outcome <> 'late_result' GROUP BY request_id) a ON a.request_id = r.id
WHERE (r.model_calls, r.input_tokens, r.output_tokens)
      IS DISTINCT FROM (coalesce(a.calls, 0)::int, coalesce(a.input, 0)::bigint, coalesce(a.output, 0)::bigint)
UNION ALL
SELECT r.id, format('cost %s microusd, %s of it estimated and %s wasted; its attempts cost %s, %s of it wasted',
                    r.cost_microusd, r.estimated_microusd, r.wasted_microusd, coalesce(a.cost, 0),
                    coalesce(a.wasted, 0))
FROM generation_requests r
LEFT JOIN (SELECT request_id, sum(cost_microusd) AS cost,
                  sum(cost_microusd) FILTER (WHERE outcome <> 'generated') AS wasted
           FROM slot_attempts GROUP BY request_id) a ON a.request_id = r.id
WHERE r.cost_microusd <> coalesce(a.cost, 0) + r.estimated_microusd
   OR r.wasted_microusd NOT BETWEEN coalesce(a.wasted, 0) AND coalesce(a.wasted, 0) + r.estimated_microusd;

-- name: within_budget()
-- Told and reserved together, nothing has spent more than it may, and no reservation of a key's day was forgotten.
SELECT id AS request_id,
       format('may cost %s microusd, but has cost %s, and %s calls in flight may cost %s each', max_cost_microusd,
              cost_microusd, processing_count, call_price_microusd) AS sentence
FROM generation_requests
WHERE cost_microusd + processing_count * call_price_microusd > max_cost_microusd
UNION ALL
SELECT NULL, format('key %s has spent %s microusd on %s, and may spend %s a day', d.key_id, d.spent_microusd, d.day,
                    coalesce(k.daily_budget_microusd::text, 'any sum'))
FROM key_days d
LEFT JOIN api_keys k ON k.key_id = d.key_id
WHERE k.daily_budget_microusd IS NULL OR d.spent_microusd NOT BETWEEN 0 AND k.daily_budget_microusd
UNION ALL
SELECT NULL, format('key %s has spent %s microusd on %s, but its calls in flight have reserved %s', held.key_id,
                    coalesce(d.spent_microusd::text, 'no'), held.day, held.reserved)
FROM (SELECT r.requested_by AS key_id, s.reserved_on AS day, sum(r.call_price_microusd) AS reserved
      FROM slots s JOIN generation_requests r ON r.id = s.request_id
      WHERE s.status = 'processing' AND s.reserved_on IS NOT NULL
      GROUP BY r.requested_by, s.reserved_on) held
LEFT JOIN key_days d ON d.key_id = held.key_id AND d.day = held.day
WHERE d.spent_microusd IS NULL OR d.spent_microusd < held.reserved;

-- name: order_fair()
-- A generation request's slots stand in the fair order by index, and the next one of the owner comes after them all.
SELECT request_id, format('slot %s has pass %s, the slot before it %s', index, pass, before) AS sentence
FROM (SELECT request_id, index, pass, lag(pass) OVER (PARTITION BY request_id ORDER BY index) AS before
      FROM slots WHERE status = 'pending') s
WHERE pass <= before
UNION ALL
SELECT NULL, format('the %s flow of owner %s goes on at pass %s, but already has a slot at %s', last.priority,
                    last.owner_id, coalesce(f.next_pass::text, 'null'), last.pass)
FROM (SELECT r.owner_id, r.priority, max(s.pass) AS pass
      FROM slots s JOIN generation_requests r ON r.id = s.request_id
      WHERE s.status = 'pending' GROUP BY r.owner_id, r.priority) last
LEFT JOIN flows f ON f.owner_id = last.owner_id AND f.class = last.priority
WHERE f.next_pass IS NULL OR f.next_pass <= last.pass;

-- name: runs_kept()
-- Every former run is kept, in order, and ended as the event log told at the time.
SELECT r.id AS request_id, format('stands at run %s, but the runs kept are [%s]', r.run,
                                  array_to_string(w.runs, ', ')) AS sentence
FROM generation_requests r
LEFT JOIN (SELECT request_id, array_agg(run ORDER BY run) AS runs FROM runs GROUP BY request_id) w
       ON w.request_id = r.id
WHERE coalesce(w.runs, '{}') IS DISTINCT FROM ARRAY(SELECT generate_series(1, r.run - 1))
UNION ALL
SELECT w.request_id, format('run %s is kept as %s with %s generated, %s failed, %s cancelled; the event of its end tells %s',
                            w.run, w.status, w.generated_count, w.failed_count, w.cancelled_count,
                            coalesce(e.body::text, 'nothing'))
FROM runs w
LEFT JOIN generation_events e
       ON e.request_id = w.request_id AND e.type = 'generation_request.' || w.status
      AND (e.body->>'run')::int = w.run
WHERE NOT coalesce(e.body @> jsonb_build_object('status', w.status, 'counts', jsonb_build_object(
          'generated', w.generated_count, 'failed', w.failed_count, 'cancelled', w.cancelled_count)), false)
UNION ALL
SELECT w.request_id, format('run %s was asked for at %s and ended at %s', w.run, w.requested_at, w.completed_at)
FROM runs w
WHERE w.completed_at < w.requested_at
UNION ALL
SELECT w.request_id, format('run %s has no generation request', w.run)
FROM runs w
WHERE NOT EXISTS (SELECT FROM generation_requests r WHERE r.id = w.request_id);

-- name: dead_letters_true()
-- What failed for good waits for somebody: the last dead letter of a failed slot is open or was discarded, and no open
-- one is about a slot that did not fail.
SELECT s.request_id,
       format('slot %s failed with %s, but its dead letter is %s', s.index, s.error_code,
              CASE WHEN d.id IS NULL THEN 'not there'
                   ELSE format('%s for run %s with %s', d.state, d.run, d.error_code) END) AS sentence
FROM slots s
JOIN generation_requests r ON r.id = s.request_id
LEFT JOIN LATERAL (SELECT d.id, d.state, d.run, d.error_code FROM dead_letters d
                   WHERE d.request_id = s.request_id AND d.slot_index = s.index
                   ORDER BY d.run DESC LIMIT 1) d ON true
WHERE s.status = 'failed'
  AND (d.id IS NULL OR d.state = 'requeued' OR d.error_code <> s.error_code OR d.run > r.run)
UNION ALL
SELECT d.request_id, format('dead letter %s of slot %s is open, but the slot is %s', d.id, d.slot_index,
                            coalesce(s.status, 'not there'))
FROM dead_letters d
JOIN generation_requests r ON r.id = d.request_id
LEFT JOIN slots s ON s.request_id = d.request_id AND s.index = d.slot_index
WHERE d.state = 'open' AND s.status IS DISTINCT FROM 'failed'
UNION ALL
SELECT d.request_id, format('dead letter %s belongs to owner %s, its generation request to %s', d.id, d.owner_id,
                            r.owner_id)
FROM dead_letters d
JOIN generation_requests r ON r.id = d.request_id
WHERE d.owner_id <> r.owner_id;
