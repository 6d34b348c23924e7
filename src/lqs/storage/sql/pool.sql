-- A page and a draw look in two places. What matches is mostly among the next `window` rows in order, which are read
-- without a thought for the filters. Only if it is not there, everything that matches is gathered by its facets and
-- put in order. A plan that walks the order until enough matches would read a whole pool whose next rows do not match,
-- and the planner cannot know; MATERIALIZED, so that it does not try. A query without words matches everything.

-- name: page(owner_id, entity_type, query, before_time, before_id, window, most)
-- Newest first, behind (before_time, before_id).
WITH next AS MATERIALIZED (
    SELECT entity_id, created_at, facets
    FROM pool
    WHERE owner_id = :owner_id AND entity_type = :entity_type
      AND (created_at, entity_id) < (:before_time::timestamptz, :before_id::uuid)
    ORDER BY created_at DESC, entity_id DESC
    LIMIT greatest(:window::int, :most::int)
), near AS MATERIALIZED (
    SELECT entity_id, created_at
    FROM next
    WHERE numnode(:query::tsquery) = 0 OR facets @@ :query::tsquery
    ORDER BY created_at DESC, entity_id DESC
    LIMIT :most
), far AS MATERIALIZED (
    SELECT entity_id, created_at
    FROM pool
    WHERE owner_id = :owner_id AND entity_type = :entity_type AND facets @@ :query::tsquery
      AND (created_at, entity_id) < (SELECT created_at, entity_id FROM next ORDER BY created_at, entity_id LIMIT 1)
      AND (SELECT count(*) FROM near) < :most
      AND (SELECT count(*) FROM next) >= :window
)
SELECT e.id, e.entity_type, e.generation_request_id, e.slot_index, e.created_at, e.content::text
FROM (SELECT * FROM near UNION ALL SELECT * FROM far ORDER BY created_at DESC, entity_id DESC LIMIT :most) p
JOIN entities e ON e.id = p.entity_id AND e.entity_type = :entity_type
ORDER BY p.created_at DESC, p.entity_id DESC;

-- name: draw(owner_id, entity_type, query, window)
-- Takes the entity whose turn it is, waiting for nobody, and marks it served. A row that somebody else served since
-- this statement began is let go: its `served_at` is no longer the one that gave it its place.
WITH next AS MATERIALIZED (
    SELECT entity_id, served_at, facets
    FROM pool
    WHERE owner_id = :owner_id AND entity_type = :entity_type
    ORDER BY served_at NULLS FIRST, entity_id
    LIMIT :window
), near AS MATERIALIZED (
    SELECT p.entity_id
    FROM next n
    JOIN pool p ON p.entity_id = n.entity_id AND p.served_at IS NOT DISTINCT FROM n.served_at
    WHERE numnode(:query::tsquery) = 0 OR n.facets @@ :query::tsquery
    ORDER BY n.served_at NULLS FIRST, n.entity_id
    LIMIT 1
    FOR NO KEY UPDATE OF p SKIP LOCKED
), matching AS MATERIALIZED (
    SELECT entity_id, served_at
    FROM pool
    WHERE owner_id = :owner_id AND entity_type = :entity_type AND facets @@ :query::tsquery
      AND NOT EXISTS (SELECT FROM near)
      AND (SELECT count(*) FROM next) >= :window
), far AS MATERIALIZED (
    SELECT p.entity_id
    FROM (SELECT * FROM matching ORDER BY served_at NULLS FIRST, entity_id LIMIT :window) m
    JOIN pool p ON p.entity_id = m.entity_id AND p.served_at IS NOT DISTINCT FROM m.served_at
    ORDER BY m.served_at NULLS FIRST, m.entity_id
    LIMIT 1
    FOR NO KEY UPDATE OF p SKIP LOCKED
), served AS (
    UPDATE pool
    SET served_at = lqs_now()
    WHERE entity_id = (SELECT entity_id FROM near UNION ALL SELECT entity_id FROM far LIMIT 1)
    RETURNING entity_id
)
SELECT e.id, e.entity_type, e.generation_request_id, e.slot_index, e.created_at, e.content::text
FROM served
JOIN entities e ON e.id = served.entity_id AND e.entity_type = :entity_type;

-- name: hold_next(owner_id, entity_type, query)
-- Waits until nobody else holds the entity whose turn it is, and holds it.
WITH matching AS MATERIALIZED (
    SELECT entity_id, served_at
    FROM pool
    WHERE owner_id = :owner_id AND entity_type = :entity_type
      AND (numnode(:query::tsquery) = 0 OR facets @@ :query::tsquery)
)
SELECT entity_id
FROM pool
WHERE entity_id = (SELECT entity_id FROM matching ORDER BY served_at NULLS FIRST, entity_id LIMIT 1)
FOR NO KEY UPDATE;

-- name: totals(owner_id, entity_type, query)
SELECT count(*) AS total, count(served_at) AS served
FROM pool
WHERE owner_id = :owner_id AND entity_type = :entity_type
  AND (numnode(:query::tsquery) = 0 OR facets @@ :query::tsquery);

-- name: counts(owner_id, entity_type, query, names)
SELECT split_part(word, '=', 1) AS facet, substr(word, strpos(word, '=') + 1) AS value,
       count(*) AS total, count(served_at) AS served
FROM pool, unnest(tsvector_to_array(facets)) word
WHERE owner_id = :owner_id AND entity_type = :entity_type
  AND (numnode(:query::tsquery) = 0 OR facets @@ :query::tsquery)
  AND split_part(word, '=', 1) = ANY (:names::text[])
GROUP BY word
ORDER BY total DESC, word;

-- name: groups(owner_id, entity_type, query, names)
-- One row for each combination of values of these facets.
SELECT words, count(*) AS total, count(served_at) AS served
FROM (SELECT served_at, ARRAY(SELECT word FROM unnest(tsvector_to_array(facets)) word
                              WHERE split_part(word, '=', 1) = ANY (:names::text[]) ORDER BY word) AS words
      FROM pool
      WHERE owner_id = :owner_id AND entity_type = :entity_type
        AND (numnode(:query::tsquery) = 0 OR facets @@ :query::tsquery)) p
GROUP BY words
ORDER BY words;

-- name: declared(entity_type)
SELECT declared FROM pool_facets WHERE entity_type = :entity_type;

-- name: declare(entity_type, declared)
INSERT INTO pool_facets (entity_type, declared)
VALUES (:entity_type, :declared)
ON CONFLICT (entity_type) DO UPDATE SET declared = excluded.declared;

-- name: unfilled(entity_type, after, whole, batch)
-- Entities of a type that have no row in the pool, or, for the whole pool, all of them.
SELECT e.id, e.owner_id, e.generation_request_id, e.created_at, e.content::text
FROM entities e
WHERE e.entity_type = :entity_type AND e.id > :after
  AND (:whole OR NOT EXISTS (SELECT FROM pool p WHERE p.entity_id = e.id))
ORDER BY e.id
LIMIT :batch;

-- name: fill(entity_type, ids, owner_ids, created_at, facets)
INSERT INTO pool (entity_id, entity_type, owner_id, created_at, facets)
SELECT id, :entity_type, owner_id, made_at, facets::tsvector
FROM unnest(:ids::uuid[], :owner_ids::uuid[], :created_at::timestamptz[], :facets::text[])
     AS t (id, owner_id, made_at, facets)
ON CONFLICT (entity_id) DO UPDATE SET facets = excluded.facets;
