-- name: read(id, entity_type, owner_id)
SELECT id, entity_type, generation_request_id, slot_index, created_at, content::text
FROM entities
WHERE id = :id AND entity_type = :entity_type AND owner_id = :owner_id;

-- name: ensure_table(entity_type, plural)
SELECT ensure_entity_table(:entity_type, :plural);

-- name: tables()
SELECT substring(pg_get_expr(c.relpartbound, c.oid) FROM $$IN \('(.*)'\)$$) AS entity_type
FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'entities'::regclass;
