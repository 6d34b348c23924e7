-- name: modes(ids)
SELECT id, cancel_mode FROM generation_requests WHERE id = ANY (:ids::uuid[]) AND cancel_mode IS NOT NULL;

-- name: intend(ids, mode, reason, grace_seconds)
-- The first wish keeps its time when a later one is stricter. A graceful one waits as long as the attempts that are in
-- flight may take, and no longer than the run itself.
UPDATE generation_requests
SET cancel_requested_at = coalesce(cancel_requested_at, greatest(lqs_now(), requested_at)),
    cancel_mode = :mode,
    cancel_reason = coalesce(:reason, cancel_reason),
    settles_by = CASE WHEN :mode = 'abort' THEN lqs_now()
                      ELSE greatest(lqs_now(), least(deadline_at, lqs_now() + make_interval(
                          secs => slot_timeout_seconds + :grace_seconds))) END
WHERE id = ANY (:ids::uuid[]);

-- name: past_settling(batch, ahead_seconds, among)
SELECT id
FROM generation_requests
WHERE completed_at IS NULL AND settles_by IS NOT NULL AND settles_by <= lqs_now() + make_interval(secs => :ahead_seconds)
  AND (:among::uuid[] IS NULL OR id = ANY (:among))
ORDER BY settles_by
LIMIT :batch;
