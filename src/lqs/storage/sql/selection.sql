-- name: clock()
SELECT lqs_now();

-- name: match(owner_id, after_at, after_id, until_at, until_id, window, batch, as_of, newest_first, action, entity_type, statuses, end_reasons, error_codes, priorities, requested_after, requested_before, completed_after, completed_before, aged_before, metadata)
-- Which of the next generation requests behind a place match, and how far was looked. However few match, only so many
-- rows are read: an owner's own in the order of their index, everybody's in that of the primary key. What the action
-- can do nothing about does not match; a list has no action.
WITH looked AS MATERIALIZED (
    (SELECT id, owner_id, entity_type, status, end_reason, priority, requested_at, run_requested_at, completed_at,
            pinned, metadata
     FROM generation_requests
     WHERE owner_id = :owner_id AND NOT :newest_first::boolean AND (requested_at, id) > (:after_at, :after_id)
       AND (requested_at, id) <= (:until_at, :until_id)
     ORDER BY requested_at, id
     LIMIT :window)
    UNION ALL
    (SELECT id, owner_id, entity_type, status, end_reason, priority, requested_at, run_requested_at, completed_at,
            pinned, metadata
     FROM generation_requests
     WHERE owner_id = :owner_id AND :newest_first AND (requested_at, id) < (:after_at, :after_id)
       AND (requested_at, id) >= (:until_at, :until_id)
     ORDER BY requested_at DESC, id DESC
     LIMIT :window)
    UNION ALL
    (SELECT id, owner_id, entity_type, status, end_reason, priority, requested_at, run_requested_at, completed_at,
            pinned, metadata
     FROM generation_requests
     WHERE :owner_id::uuid IS NULL AND NOT :newest_first AND id > :after_id AND id <= :until_id
     ORDER BY id
     LIMIT :window)
    UNION ALL
    (SELECT id, owner_id, entity_type, status, end_reason, priority, requested_at, run_requested_at, completed_at,
            pinned, metadata
     FROM generation_requests
     WHERE :owner_id::uuid IS NULL AND :newest_first AND id < :after_id AND id >= :until_id
     ORDER BY id DESC
     LIMIT :window)
), numbered AS (
    SELECT *, CASE WHEN :newest_first THEN -1 ELSE 1 END * row_number() OVER (
               ORDER BY CASE WHEN :owner_id::uuid IS NOT NULL THEN requested_at END, id) AS place
    FROM looked
), matching AS (
    SELECT r.id, r.requested_at, r.place
    FROM numbered r
    WHERE r.requested_at <= :as_of
      AND CASE :action::text WHEN 'cancel' THEN r.completed_at IS NULL
                             WHEN 'retry' THEN r.status IN ('partial', 'failed', 'cancelled')
                             WHEN 'purge' THEN r.completed_at IS NOT NULL AND NOT r.pinned
                             ELSE true END
      AND (:entity_type::text IS NULL OR r.entity_type = :entity_type)
      AND (cardinality(:statuses::text[]) = 0 OR r.status = ANY (:statuses))
      AND (cardinality(:end_reasons::text[]) = 0 OR r.end_reason = ANY (:end_reasons))
      AND (cardinality(:priorities::text[]) = 0 OR r.priority = ANY (:priorities))
      AND r.requested_at >= coalesce(:requested_after::timestamptz, '-infinity')
      AND r.requested_at < coalesce(:requested_before::timestamptz, 'infinity')
      AND (:completed_after::timestamptz IS NULL OR r.completed_at >= :completed_after)
      AND (:completed_before::timestamptz IS NULL OR r.completed_at < :completed_before)
      AND coalesce(r.completed_at, r.run_requested_at) < coalesce(:aged_before::timestamptz, 'infinity')
      AND r.metadata @> :metadata::text::jsonb
      AND (cardinality(:error_codes::text[]) = 0
           OR EXISTS (SELECT FROM slots s WHERE s.request_id = r.id AND s.status = 'failed'
                                            AND s.error_code = ANY (:error_codes)))
    ORDER BY r.place
    LIMIT :batch
)
SELECT (SELECT count(*) FROM looked) AS looked, last.requested_at AS last_at, last.id AS last_id,
       ARRAY(SELECT id FROM matching ORDER BY place) AS ids,
       ARRAY(SELECT requested_at FROM matching ORDER BY place) AS requested_at
FROM (SELECT) one
LEFT JOIN (SELECT requested_at, id FROM numbered ORDER BY place DESC LIMIT 1) last ON true;
