-- name: append(request_ids, seqs, types, slot_indexes, bodies)
WITH told AS MATERIALIZED (
    SELECT *
    FROM unnest(:request_ids::uuid[], :seqs::bigint[], :types::text[], :slot_indexes::smallint[], :bodies::text[])
         AS e (request_id, seq, type, slot_index, body)
), owed AS (
    INSERT INTO unpublished_events (request_id, first_seq, last_seq, appended_at)
    SELECT request_id, min(seq), max(seq), lqs_now()
    FROM told
    WHERE (SELECT wanted_until > lqs_now() FROM publication)
    GROUP BY request_id
)
INSERT INTO generation_events (request_id, seq, type, slot_index, body, occurred_at)
SELECT request_id, seq, type, slot_index, body::jsonb, lqs_now() FROM told;
