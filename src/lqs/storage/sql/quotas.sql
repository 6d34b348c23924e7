-- name: lock_owners(owner_ids)
-- Whoever counts what an owner has under way, to add to it, is alone until its commit. In one order, as all locks.
SELECT pg_advisory_xact_lock(hashtextextended(owner_id::text, 8421))
FROM (SELECT DISTINCT unnest(:owner_ids::uuid[]) AS owner_id ORDER BY owner_id) o;

-- name: active(owner_ids)
SELECT owner_id, count(*) AS active
FROM generation_requests
WHERE owner_id = ANY (:owner_ids::uuid[]) AND completed_at IS NULL
GROUP BY owner_id;

-- name: queued(most)
SELECT count(*) FROM (SELECT FROM slots WHERE status = 'pending' LIMIT :most) counted;
