-- name: read(id, entity_type, owner_id)
SELECT id, entity_type, generation_request_id, slot_index, created_at, content::text
FROM entities
WHERE id = :id AND entity_type = :entity_type AND owner_id = :owner_id;

-- name: ensure_table(entity_type, plural)
SELECT ensure_entity_table(:entity_type, :plural);
