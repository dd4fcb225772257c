-- Whether this role may do all that a run does, with the tables that are there.
SELECT has_schema_privilege('public', 'USAGE') AS usage,
  has_schema_privilege('public', 'CREATE') AS "create",
  coalesce(bool_and(
    has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
    AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE')
  ), true) AS write
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace
  AND c.relname IN ('movie_ratings', 'tidemark_shards', 'tidemark_setup')
