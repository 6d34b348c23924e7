-- name: insert(id, owner_id, requested_by, action, filter, options, requested_at)
INSERT INTO bulk_operations (id, owner_id, requested_by, action, filter, options, requested_at)
VALUES (:id, :owner_id, :requested_by, :action, :filter::text::jsonb, :options::text::jsonb, :requested_at)
RETURNING id, owner_id, requested_by, action, filter::text, options::text, status, matched, changed, skipped,
          position_at, position, requested_at, completed_at;

-- name: read(id, owner_id, actions)
SELECT id, owner_id, requested_by, action, filter::text, options::text, status, matched, changed, skipped,
       position_at, position, requested_at, completed_at
FROM bulk_operations
WHERE id = :id AND owner_id = :owner_id AND action = ANY (:actions::text[]);

-- name: unfinished(batch)
SELECT id FROM bulk_operations WHERE status <> 'completed' ORDER BY requested_at LIMIT :batch;

-- name: lock_free(id)
-- One worker at a time; whoever comes second has other things to do.
SELECT id, owner_id, requested_by, action, filter::text, options::text, status, matched, changed, skipped,
       position_at, position, requested_at, completed_at
FROM bulk_operations
WHERE id = :id AND status <> 'completed'
FOR UPDATE SKIP LOCKED;

-- name: advance(id, position_at, position, changed, skipped, completed)
UPDATE bulk_operations
SET matched = matched + :changed::int + :skipped::int, changed = changed + :changed::int,
    skipped = skipped + :skipped::int, position_at = :position_at, position = :position,
    status = CASE WHEN :completed THEN 'completed' ELSE 'processing' END,
    completed_at = CASE WHEN :completed THEN greatest(lqs_now(), requested_at) END
WHERE id = :id;
