-- The pool: what of an owner's entities can be found by what, and whose turn it is to be served. One narrow row an
-- entity, so that serving one never rewrites its content, and looking for one never reads it.
CREATE TABLE pool (
    entity_id    uuid PRIMARY KEY,
    entity_type  text NOT NULL,
    owner_id     uuid NOT NULL,
    created_at   timestamptz NOT NULL,
    served_at    timestamptz,         -- NULL: never
    facets       tsvector NOT NULL    -- words such as 'tense=present'; their positions mean nothing
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX pool_by_turn ON pool (owner_id, entity_type, served_at NULLS FIRST, entity_id);
CREATE INDEX pool_by_age ON pool (owner_id, entity_type, created_at, entity_id);
-- The list of words that wait for their place is read by every search, so it is kept short.
CREATE INDEX pool_by_facet ON pool USING gin (facets) WITH (gin_pending_list_limit = 256);

-- As what the facets of each entity type were declared when its part of the pool was filled.
CREATE TABLE pool_facets (
    entity_type  text PRIMARY KEY,
    declared     text NOT NULL
);
