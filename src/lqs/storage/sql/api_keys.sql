-- name: insert(key_id, owner_id, name, secret_sha256, scopes, expires_at)
INSERT INTO api_keys (key_id, owner_id, name, secret_sha256, scopes, created_at, expires_at)
VALUES (:key_id, :owner_id, :name, :secret_sha256, :scopes, lqs_now(), :expires_at)
RETURNING key_id, name, scopes, created_at, last_used_at, expires_at, revoked_at;

-- name: find(key_id)
SELECT owner_id, secret_sha256, scopes,
       revoked_at IS NULL AND (expires_at IS NULL OR expires_at > lqs_now()) AS live
FROM api_keys
WHERE key_id = :key_id;

-- name: touch(key_id)
-- Once a minute is exact enough for "last used", and spares a write on every call.
UPDATE api_keys SET last_used_at = lqs_now()
WHERE key_id = :key_id AND (last_used_at IS NULL OR last_used_at < lqs_now() - interval '1 minute');

-- name: of_owner(owner_id)
SELECT key_id, name, scopes, created_at, last_used_at, expires_at, revoked_at
FROM api_keys
WHERE owner_id = :owner_id
ORDER BY created_at, key_id;

-- name: revoke(key_id, owner_id)
UPDATE api_keys SET revoked_at = coalesce(revoked_at, lqs_now())
WHERE key_id = :key_id AND owner_id = :owner_id
RETURNING key_id;

-- name: lock_first_owner()
-- Two bootstraps at once must not make two owners; the lock ends with the transaction.
SELECT pg_advisory_xact_lock(hashtext('lqs.first_owner'));

-- name: any_owner()
SELECT EXISTS (SELECT FROM owners);

-- name: insert_owner(id, name)
INSERT INTO owners (id, name, created_at) VALUES (:id, :name, lqs_now());

-- name: owners()
SELECT id, name FROM owners ORDER BY created_at, id;
