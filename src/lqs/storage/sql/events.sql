-- name: append(request_ids, seqs, types, slot_indexes, bodies)
INSERT INTO generation_events (request_id, seq, type, slot_index, body, occurred_at)
SELECT request_id, seq, type, slot_index, body::jsonb, lqs_now()
FROM unnest(:request_ids::uuid[], :seqs::bigint[], :types::text[], :slot_indexes::smallint[], :bodies::text[])
     AS e (request_id, seq, type, slot_index, body);
