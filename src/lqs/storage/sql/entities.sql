-- name: insert(ids, entity_types, owner_ids, request_ids, slot_indexes, contents)
INSERT INTO entities (id, entity_type, owner_id, generation_request_id, slot_index, created_at, content)
SELECT id, entity_type, owner_id, request_id, slot_index, lqs_now(), content::json
FROM unnest(:ids::uuid[], :entity_types::text[], :owner_ids::uuid[], :request_ids::uuid[], :slot_indexes::smallint[],
            :contents::text[]) AS e (id, entity_type, owner_id, request_id, slot_index, content);

-- name: read(id, entity_type, owner_id)
SELECT id, entity_type, generation_request_id, slot_index, created_at, content::text
FROM entities
WHERE id = :id AND entity_type = :entity_type AND owner_id = :owner_id;

-- name: ensure_table(entity_type, plural)
SELECT ensure_entity_table(:entity_type, :plural);
