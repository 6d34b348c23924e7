-- name: register(id, host, pid, capacity, version)
INSERT INTO workers (id, started_at, heartbeat_at, host, pid, capacity, version)
VALUES (:id, lqs_now(), lqs_now(), :host, :pid, :capacity, :version);

-- name: beat(id, in_flight, places, trouble)
-- Nothing comes back to a worker that was taken for dead: it must register again under a new id.
UPDATE workers SET heartbeat_at = lqs_now(), in_flight = :in_flight, capacity = coalesce(:places::int, capacity),
    trouble = :trouble
WHERE id = :id AND dead_at IS NULL
RETURNING recalls;

-- name: recall(ids)
UPDATE workers w SET recalls = w.recalls + 1
FROM (SELECT id FROM workers WHERE id = ANY (:ids::uuid[]) AND dead_at IS NULL ORDER BY id FOR NO KEY UPDATE) held
WHERE w.id = held.id;

-- name: retire(id)
UPDATE workers SET dead_at = lqs_now(), in_flight = 0 WHERE id = :id AND dead_at IS NULL;

-- name: bury(lease_seconds, batch)
-- After a restart of the server every heartbeat is old, so nobody is called dead before one lease has passed.
UPDATE workers SET dead_at = lqs_now()
WHERE id IN (SELECT id FROM workers
             WHERE dead_at IS NULL AND heartbeat_at < lqs_now() - make_interval(secs => :lease_seconds)
               AND lqs_now() > pg_postmaster_start_time() + make_interval(secs => :lease_seconds)
             LIMIT :batch
             FOR UPDATE SKIP LOCKED)
RETURNING id, host, pid;

-- name: wind_back(lease_seconds, batch)
-- A heartbeat from the future means that the clock was set back since. Whoever gave it is alive and beats again
-- within a lease from now, or is dead; nobody waits until the clock comes to that time again.
UPDATE workers SET heartbeat_at = lqs_now()
WHERE id IN (SELECT id FROM workers
             WHERE dead_at IS NULL AND heartbeat_at > lqs_now() + make_interval(secs => :lease_seconds)
             LIMIT :batch
             FOR UPDATE SKIP LOCKED);

-- name: crew(lease_seconds)
SELECT count(*) AS alive,
       coalesce(array_agg(DISTINCT trouble ORDER BY trouble) FILTER (WHERE trouble IS NOT NULL), '{}') AS troubles
FROM workers
WHERE dead_at IS NULL AND heartbeat_at >= lqs_now() - make_interval(secs => :lease_seconds);
