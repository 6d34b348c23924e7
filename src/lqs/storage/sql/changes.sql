-- name: look(id, owner_id)
SELECT status, priority, requested_count FROM generation_requests WHERE id = :id AND owner_id = :owner_id;

-- name: take_places(owner_id, class, slots, stride)
-- Room for so many slots in another flow, by the rule of every submit; the pass of the first.
WITH head AS MATERIALIZED (
    SELECT coalesce((SELECT pass FROM slots WHERE status = 'pending' AND attempts = 0 AND crashes = 0
                     ORDER BY pass, request_id, index LIMIT 1),
                    (SELECT max(next_pass) FROM flows),
                    0) AS pass
)
INSERT INTO flows (owner_id, class, next_pass)
SELECT :owner_id, :class, pass + :slots::bigint * :stride::bigint FROM head
ON CONFLICT (owner_id, class) DO UPDATE
SET next_pass = next_place(flows.owner_id, flows.class, flows.next_pass, (SELECT pass FROM head), :stride::bigint)
                + :slots::bigint * :stride::bigint
RETURNING next_pass - :slots::bigint * :stride::bigint;

-- name: lock(id, owner_id)
SELECT id, status, end_reason, run, version, requested_count, processing_count, retrying_count, generated_count,
       failed_count, cancelled_count, call_price_microusd, cost_microusd, max_cost_microusd, priority, pinned,
       metadata::text
FROM generation_requests
WHERE id = :id AND owner_id = :owner_id
FOR NO KEY UPDATE;

-- name: place(id, first_pass, stride)
UPDATE slots SET pass = :first_pass + index * :stride::bigint WHERE request_id = :id AND status = 'pending';

-- name: change(id, metadata, priority, pinned)
-- A pin stops the clock; without it the time until the purge begins anew.
UPDATE generation_requests
SET metadata = :metadata::text::jsonb,
    priority = :priority,
    options = CASE WHEN :priority = 'normal' THEN options - 'priority'
                   ELSE options || jsonb_build_object('priority', :priority::text) END,
    pinned = :pinned,
    expires_at = CASE WHEN :pinned OR completed_at IS NULL THEN NULL
                      WHEN pinned THEN lqs_now() + make_interval(secs => retention_seconds)
                      ELSE expires_at END
WHERE id = :id;
