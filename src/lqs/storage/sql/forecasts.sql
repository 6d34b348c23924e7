-- name: surroundings(id, most, lease_seconds, held_seconds)
-- More slots ahead than `most` are not counted: the answer is the same, that it takes long. A claim holds a slot for
-- `held_seconds`.
WITH own AS (
    SELECT pass, index FROM slots WHERE request_id = :id AND status = 'pending'
), first AS (
    SELECT pass, index FROM own ORDER BY pass, index LIMIT 1
), last AS (
    SELECT pass, index FROM own ORDER BY pass DESC, index DESC LIMIT 1
), queue AS (
    SELECT count(*) FILTER (WHERE (s.pass, s.request_id, s.index) < (first.pass, :id::uuid, first.index)) AS ahead,
           count(*) AS through
    FROM first
    CROSS JOIN last
    CROSS JOIN LATERAL (SELECT pass, request_id, index FROM slots
                        WHERE status = 'pending' AND (pass, request_id, index) <= (last.pass, :id::uuid, last.index)
                        ORDER BY pass, request_id, index
                        LIMIT :most::int + 1) s
)
SELECT lqs_now() AS now, q.ahead, nullif(q.through, 0) AS through, w.places, w.taken,
       (SELECT max(available_at) FROM slots WHERE request_id = :id AND status = 'retrying') AS retried_by,
       (SELECT max(deadline_at) - make_interval(secs => :held_seconds) FROM slots
        WHERE request_id = :id AND status = 'processing') AS claimed_at
FROM queue q
CROSS JOIN (SELECT coalesce(sum(capacity), 0) AS places, coalesce(sum(in_flight), 0) AS taken FROM workers
            WHERE dead_at IS NULL AND heartbeat_at >= lqs_now() - make_interval(secs => :lease_seconds)) w;

-- name: basis(entity_type, window)
-- The attempts of the latest generation requests, found in the order of their ids; of a rare type possibly none.
-- OFFSET 0, because no plan but one lookup for each of them is fit for a table of any size.
SELECT count(*) AS sample_size,
       coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY a.duration_ms), 0) AS slot_p50_ms,
       coalesce(percentile_disc(0.99) WITHIN GROUP (ORDER BY a.duration_ms), 0) AS slot_p99_ms
FROM (SELECT id, entity_type FROM generation_requests ORDER BY id DESC LIMIT :window) r
CROSS JOIN LATERAL (SELECT duration_ms FROM slot_attempts
                    WHERE request_id = r.id AND outcome = 'generated' OFFSET 0) a
WHERE r.entity_type = :entity_type;
