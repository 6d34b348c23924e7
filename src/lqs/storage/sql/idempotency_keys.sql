-- name: take(owner_ids, operations, keys, fingerprints, subject_ids, bodies)
-- In key order, so that two batches with the same keys never wait for each other in a circle.
INSERT INTO idempotency_keys (owner_id, operation, key, fingerprint, subject_id, body, created_at)
SELECT owner_id, operation, key, fingerprint, subject_id, body::jsonb, lqs_now()
FROM unnest(:owner_ids::uuid[], :operations::text[], :keys::text[], :fingerprints::bytea[], :subject_ids::uuid[],
            :bodies::text[])
     AS k (owner_id, operation, key, fingerprint, subject_id, body)
ORDER BY owner_id, operation, key
ON CONFLICT DO NOTHING
RETURNING owner_id, operation, key;

-- name: release(owner_ids, operations, keys, subject_ids)
-- What was taken for work that is not done after all, in the transaction that took it.
DELETE FROM idempotency_keys k
USING unnest(:owner_ids::uuid[], :operations::text[], :keys::text[], :subject_ids::uuid[])
      AS t (owner_id, operation, key, subject_id)
WHERE k.owner_id = t.owner_id AND k.operation = t.operation AND k.key = t.key AND k.subject_id = t.subject_id;

-- name: read(owner_ids, operations, keys)
SELECT k.owner_id, k.operation, k.key, k.fingerprint, k.subject_id, k.body::text, k.created_at,
       EXISTS (SELECT FROM tombstones t WHERE t.request_id = k.subject_id) AS expired
FROM idempotency_keys k
JOIN unnest(:owner_ids::uuid[], :operations::text[], :keys::text[]) AS asked (owner_id, operation, key)
  ON k.owner_id = asked.owner_id AND k.operation = asked.operation AND k.key = asked.key;
