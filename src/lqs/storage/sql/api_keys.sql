-- name: insert(key_id, owner_id, name, secret_sha256, scopes, expires_at, daily_budget_microusd)
INSERT INTO api_keys (key_id, owner_id, name, secret_sha256, scopes, created_at, expires_at, daily_budget_microusd)
VALUES (:key_id, :owner_id, :name, :secret_sha256, :scopes, lqs_now(), :expires_at, :daily_budget_microusd)
RETURNING key_id, name, scopes, created_at, last_used_at, expires_at, revoked_at, daily_budget_microusd,
          0::bigint AS spent_today_microusd;

-- name: find(key_id)
SELECT owner_id, secret_sha256, scopes, daily_budget_microusd IS NOT NULL AS budgeted,
       revoked_at IS NULL AND (expires_at IS NULL OR expires_at > lqs_now()) AS live
FROM api_keys
WHERE key_id = :key_id;

-- name: touch(key_id)
-- Once a minute is exact enough for "last used", and spares a write on every call.
UPDATE api_keys SET last_used_at = lqs_now()
WHERE key_id = :key_id AND (last_used_at IS NULL OR last_used_at < lqs_now() - interval '1 minute');

-- name: of_owner(owner_id)
SELECT k.key_id, k.name, k.scopes, k.created_at, k.last_used_at, k.expires_at, k.revoked_at, k.daily_budget_microusd,
       coalesce(d.spent_microusd, 0) AS spent_today_microusd
FROM api_keys k
LEFT JOIN key_days d ON d.key_id = k.key_id AND d.day = (lqs_now() AT TIME ZONE 'UTC')::date
WHERE k.owner_id = :owner_id
ORDER BY k.created_at, k.key_id;

-- name: revoke(key_id, owner_id)
UPDATE api_keys SET revoked_at = coalesce(revoked_at, lqs_now())
WHERE key_id = :key_id AND owner_id = :owner_id
RETURNING key_id;

-- name: open_days(key_ids)
-- The day of each of these keys that begins with its first call.
INSERT INTO key_days (key_id, day)
SELECT key_id, (lqs_now() AT TIME ZONE 'UTC')::date FROM unnest(:key_ids::text[]) AS key_id ORDER BY key_id
ON CONFLICT DO NOTHING;

-- name: money_left(key_id)
-- What is left of a key's budget of this day, what it is for a whole day, and how long this one still lasts.
SELECT k.daily_budget_microusd - coalesce(d.spent_microusd, 0) AS microusd, k.daily_budget_microusd AS budget_microusd,
       ceil(extract(epoch FROM date_trunc('day', lqs_now(), 'UTC') + interval '1 day' - lqs_now()))::int AS seconds
FROM api_keys k
LEFT JOIN key_days d ON d.key_id = k.key_id AND d.day = (lqs_now() AT TIME ZONE 'UTC')::date
WHERE k.key_id = :key_id AND k.daily_budget_microusd IS NOT NULL;

-- name: lock_first_owner()
-- Two bootstraps at once must not make two owners; the lock ends with the transaction.
SELECT pg_advisory_xact_lock(hashtext('lqs.first_owner'));

-- name: any_owner()
SELECT EXISTS (SELECT FROM owners);

-- name: insert_owner(id, name)
INSERT INTO owners (id, name, created_at) VALUES (:id, :name, lqs_now());

-- name: owners()
SELECT id, name FROM owners ORDER BY created_at, id;
