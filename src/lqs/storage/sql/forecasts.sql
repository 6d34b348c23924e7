-- name: surroundings(id, most, lease_seconds, held_seconds)
-- More slots ahead than `most` are not counted: the answer is the same, that it takes long. A claim holds a slot for
-- `held_seconds`.
WITH own AS (
    SELECT pass, index FROM slots WHERE request_id = :id AND status = 'pending'
), ends AS (
    (SELECT 'first' AS name, pass, index FROM own ORDER BY pass, index LIMIT 1)
    UNION ALL
    (SELECT 'last', pass, index FROM own ORDER BY pass DESC, index DESC LIMIT 1)
), queue AS (
    SELECT name, (SELECT count(*) FROM (SELECT FROM slots s
                                        WHERE s.status = 'pending'
                                          AND (s.pass, s.request_id, s.index) < (ends.pass, :id::uuid, ends.index)
                                        LIMIT :most::int + 1) counted) AS ahead
    FROM ends
)
SELECT lqs_now() AS now,
       (SELECT ahead FROM queue WHERE name = 'first') AS ahead,
       (SELECT ahead + 1 FROM queue WHERE name = 'last') AS through,
       (SELECT min(available_at) FROM slots WHERE request_id = :id AND status = 'retrying') AS next_attempt_at,
       (SELECT max(deadline_at) - make_interval(secs => :held_seconds) FROM slots
        WHERE request_id = :id AND status = 'processing') AS claimed_at,
       (SELECT coalesce(sum(capacity), 0) FROM workers
        WHERE dead_at IS NULL AND heartbeat_at >= lqs_now() - make_interval(secs => :lease_seconds)) AS places;

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
