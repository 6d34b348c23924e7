-- name: read(request_id, owner_id)
SELECT request_id, entity_type, status, end_reason, run, requested_count, generated_count, failed_count,
       cancelled_count, requested_at, completed_at, purged_at
FROM tombstones
WHERE request_id = :request_id AND owner_id = :owner_id;
