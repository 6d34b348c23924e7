-- name: schemas()
-- Whether the tables of lqs are here, and the schemas, quoted, that are not theirs.
SELECT (
    SELECT count(*) = 3 FROM pg_attribute a
    WHERE a.attrelid = to_regclass('schema_migrations') AND a.attname IN ('version', 'name', 'sha256')
) AS has_migrations, (
    SELECT coalesce(array_agg(quote_ident(n.nspname)), '{}') FROM pg_namespace n
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND n.oid <> (SELECT c.relnamespace FROM pg_class c WHERE c.oid = to_regclass('schema_migrations'))
) AS others;

-- name: strangers()
-- What somebody has made in this database, but for what extensions brought along.
SELECT c.oid::regclass::text AS name
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.relkind DESC, name;
