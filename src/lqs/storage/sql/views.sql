-- name: progress(id, owner_id)
SELECT version, status, run_requested_at, started_at, requested_count,
       generated_count + failed_count + cancelled_count AS settled_count, lqs_now() AS read_at
FROM generation_requests
WHERE id = :id AND owner_id = :owner_id;

-- name: stands(ids)
SELECT id, version, completed_at IS NOT NULL AS done FROM generation_requests WHERE id = ANY (:ids::uuid[]);

-- name: read(ids, owner_id, whole)
-- One statement, so that counts, slots and entities come from one moment. In short: of the slots only those that failed,
-- and no entities.
SELECT r.id, r.owner_id, r.entity_type, r.status, r.end_reason, r.run, r.version, r.priority, r.requested_at, r.run_requested_at,
       r.started_at, r.completed_at, r.deadline_at, r.start_deadline_at, r.slot_timeout_seconds, r.last_progress_at, r.expires_at,
       r.pinned, r.origin, r.cancel_mode, r.cancel_reason, r.cancel_requested_at, r.settles_by, r.requested_count,
       r.max_attempts, r.processing_count, r.retrying_count, r.generated_count, r.failed_count, r.cancelled_count,
       r.constraints::text, r.metadata::text, r.input_tokens, r.output_tokens, r.model_calls, r.max_cost_microusd,
       r.cost_microusd, r.wasted_microusd, r.estimated_microusd, lqs_now() AS read_at, s.*
FROM generation_requests r
CROSS JOIN LATERAL (
    SELECT array_agg(s.index ORDER BY s.index) AS indexes,
           array_agg(s.status ORDER BY s.index) AS statuses,
           array_agg(s.attempts ORDER BY s.index) AS attempts,
           array_agg(s.available_at ORDER BY s.index) AS available_at,
           array_agg(s.error_code ORDER BY s.index) AS error_codes,
           array_agg(s.error_attempt ORDER BY s.index) AS error_attempts,
           array_agg(s.started_at ORDER BY s.index) AS slots_started_at,
           array_agg(s.finished_at ORDER BY s.index) AS slots_finished_at,
           array_agg(e.id ORDER BY s.index) AS entity_ids,
           array_agg(e.created_at ORDER BY s.index) AS entities_created_at,
           array_agg(e.content::text ORDER BY s.index) AS contents
    FROM slots s
    LEFT JOIN entities e
      ON e.generation_request_id = s.request_id AND e.slot_index = s.index AND e.entity_type = r.entity_type AND :whole::boolean
    WHERE s.request_id = r.id AND (:whole OR s.status = 'failed')
) s
WHERE r.id = ANY (:ids::uuid[]) AND (r.owner_id = :owner_id OR :owner_id::uuid IS NULL);
