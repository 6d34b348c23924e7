-- name: survey(lease_seconds)
-- How many announced slots nobody has claimed yet and the last turn of theirs, how many places the live workers have
-- free and in all, and whether any slot is ready; what is over is removed. What was announced several times in vain is not counted: it must not keep others from being announced.
WITH seen AS MATERIALIZED (
    SELECT a.request_id, a.index, a.fence, a.times, s.pass, s.fence IS NOT NULL AS waits
    FROM announcements a
    LEFT JOIN LATERAL (
        SELECT fence, pass FROM slots
        WHERE request_id = a.request_id AND index = a.index AND fence = a.fence AND status = 'pending' OFFSET 0) s ON true
), over AS (
    DELETE FROM announcements a
    USING seen
    WHERE NOT seen.waits AND a.request_id = seen.request_id AND a.index = seen.index AND a.fence = seen.fence
)
SELECT (SELECT count(*) FILTER (WHERE waits AND times <= 2) FROM seen) AS open,
       (SELECT coalesce(max(pass) FILTER (WHERE waits AND times <= 2), 0) FROM seen) AS last_turn,
       coalesce(sum(greatest(w.capacity - held.slots, 0)), 0)::bigint AS free,
       coalesce(sum(w.capacity), 0)::bigint AS places,
       (SELECT true FROM slots WHERE status = 'pending' ORDER BY pass, request_id, index LIMIT 1) IS NOT NULL AS ready
FROM workers w
CROSS JOIN LATERAL (SELECT count(*) AS slots FROM slots WHERE worker_id = w.id AND status = 'processing') held
WHERE w.dead_at IS NULL AND w.heartbeat_at >= lqs_now() - make_interval(secs => :lease_seconds);

-- name: announce(entity_types, batch, again_seconds, before_turn)
-- Marks the next slots of the fair order that are not announced, or were so long ago, and returns them. It passes over
-- what `claim` passes over. No slot is locked: one that is claimed meanwhile is announced for nothing, while a lock
-- would make claims pass it over. The longer nobody claims a slot, the longer it is until it is announced again.
WITH next AS MATERIALIZED (
    SELECT s.request_id, s.index, s.fence, s.pass, r.traceparent, r.tracestate,
           CASE WHEN a.fence = s.fence THEN least(a.times + 1, 6) ELSE 1 END AS times
    FROM slots s
    CROSS JOIN LATERAL (
        SELECT r.entity_type, r.deadline_at, r.traceparent, r.tracestate,
               CASE WHEN r.started_at IS NULL THEN r.start_deadline_at END AS start_by,
               r.processing_count > 0
               AND (r.cost_microusd + (r.processing_count + 1) * r.call_price_microusd > r.max_cost_microusd
                    OR r.call_price_microusd > 0 AND EXISTS (
                        SELECT FROM api_keys k
                        JOIN key_days d ON d.key_id = k.key_id AND d.day = (lqs_now() AT TIME ZONE 'UTC')::date
                        WHERE k.key_id = r.requested_by
                          AND k.daily_budget_microusd - d.spent_microusd < r.call_price_microusd)) AS no_money
        FROM generation_requests r WHERE r.id = s.request_id OFFSET 0) r
    LEFT JOIN LATERAL (
        SELECT fence, times, again_at FROM announcements
        WHERE request_id = s.request_id AND index = s.index OFFSET 0) a ON true
    WHERE s.status = 'pending' AND r.entity_type = ANY (:entity_types::text[]) AND r.deadline_at > lqs_now()
      AND (r.start_by > lqs_now() OR r.start_by IS NULL) AND r.no_money IS NOT TRUE
      AND (a.fence = s.fence AND a.again_at > lqs_now()) IS NOT TRUE
      AND s.pass < :before_turn::bigint
    ORDER BY s.pass, s.request_id, s.index
    LIMIT :batch
), marked AS (
    INSERT INTO announcements (request_id, index, fence, times, again_at)
    SELECT request_id, index, fence, times,
           lqs_now() + make_interval(secs => :again_seconds::float8 * (1 << (times - 1)))
    FROM next
    ORDER BY request_id, index
    ON CONFLICT (request_id, index) DO UPDATE
    SET fence = excluded.fence, times = excluded.times, again_at = excluded.again_at
)
SELECT request_id, index, fence, times, traceparent, tracestate, pass FROM next ORDER BY pass, request_id, index;

-- name: withdraw(request_ids, indexes, fences)
-- These did not reach the workers: they are as good as never announced.
DELETE FROM announcements a
USING unnest(:request_ids::uuid[], :indexes::smallint[], :fences::bigint[]) AS t (request_id, index, fence)
WHERE a.request_id = t.request_id AND a.index = t.index AND a.fence = t.fence;
