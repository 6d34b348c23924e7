-- name: read(lease_seconds)
-- How things stand now, for whoever watches. What is settled is never looked at.
SELECT (SELECT count(*) FROM slots WHERE status = 'pending') AS pending,
       (SELECT count(*) FROM slots WHERE status = 'processing') AS processing,
       (SELECT count(*) FROM slots WHERE status = 'retrying') AS retrying,
       (SELECT count(*) FROM generation_requests WHERE completed_at IS NULL) AS open_requests,
       (SELECT coalesce(extract(epoch FROM lqs_now() - min(run_requested_at)), 0)::float8 FROM generation_requests
        WHERE completed_at IS NULL AND requested_count > processing_count + retrying_count + generated_count
                                                         + failed_count + cancelled_count) AS oldest_pending_seconds,
       (SELECT count(*) FROM dead_letters WHERE state = 'open') AS dead_letters,
       -- Who commits late stands at the head for a moment only, so the head tells enough.
       coalesce((SELECT extract(epoch FROM lqs_now() - appended_at) FROM unpublished_events
                 ORDER BY id LIMIT 1), 0)::float8 AS oldest_unpublished_seconds,
       w.alive, w.places, w.in_flight
FROM (SELECT count(*) AS alive, coalesce(sum(capacity), 0) AS places, coalesce(sum(in_flight), 0) AS in_flight
      FROM workers
      WHERE dead_at IS NULL AND heartbeat_at >= lqs_now() - make_interval(secs => :lease_seconds)) w;
