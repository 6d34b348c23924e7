-- name: want(kept_seconds)
-- Written about once an hour by all processes together: the row is read by every commit that appends events.
UPDATE publication
SET wanted_until = lqs_now() + make_interval(secs => :kept_seconds)
WHERE wanted_until IS NULL
   OR wanted_until < lqs_now() + make_interval(secs => :kept_seconds)
                     - least(make_interval(secs => :kept_seconds) / 2, interval '1 hour');

-- name: lead(publisher, lease_seconds)
-- A lease and no lock: a process that stands still loses it, though its session lives on. Whoever held it goes on.
UPDATE publication
SET publisher = :publisher, leads_until = lqs_now() + make_interval(secs => :lease_seconds)
WHERE publisher IS NULL OR publisher = :publisher OR leads_until <= lqs_now()
RETURNING publisher;

-- name: resign(publisher)
UPDATE publication SET publisher = NULL, leads_until = NULL WHERE publisher = :publisher;

-- name: next(batch)
-- The oldest commits that were not published, with all their events and what an event is told with.
SELECT u.id AS commit_id, e.request_id, e.seq, e.type, e.slot_index, e.body::text AS body, e.occurred_at, r.owner_id, r.entity_type,
       r.requested_count, r.metadata::text AS metadata, r.traceparent, r.tracestate,
       CASE WHEN e.type IN ('generation_request.completed', 'generation_request.partial', 'generation_request.failed',
                            'generation_request.cancelled')
            THEN coalesce((SELECT w.end_reason FROM runs w
                           WHERE w.request_id = e.request_id AND w.run = (e.body->>'run')::int), r.end_reason)
       END AS end_reason,
       CASE WHEN e.type = 'generation_request.slot.generated'
            THEN (SELECT n.id FROM entities n
                  WHERE n.generation_request_id = e.request_id AND n.slot_index = e.slot_index
                    AND n.entity_type = r.entity_type)
       END AS entity_id
FROM (SELECT id, request_id, first_seq, last_seq FROM unpublished_events ORDER BY id LIMIT :batch) u
JOIN generation_events e ON e.request_id = u.request_id AND e.seq BETWEEN u.first_seq AND u.last_seq
JOIN generation_requests r ON r.id = u.request_id
ORDER BY u.id, e.seq;

-- name: published(ids)
DELETE FROM unpublished_events WHERE id = ANY (:ids::bigint[]);

-- name: give_up(kept_seconds, batch)
-- What waits longest waits at the head, but for a commit that took long.
DELETE FROM unpublished_events
WHERE id = ANY (ARRAY(SELECT id FROM (SELECT id, appended_at FROM unpublished_events ORDER BY id LIMIT :batch) u
                      WHERE appended_at <= lqs_now() - make_interval(secs => :kept_seconds)))
RETURNING id;
