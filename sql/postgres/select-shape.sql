-- The shape of our tables, to be compared: columns in order, their types, their place in the primary key. What has one
-- of our names and is no table (a view, say) has no primary key, and so another shape.
SELECT c.relname AS table_name,
  string_agg(
    concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), array_position(i.indkey::int2[], a.attnum) + 1),
    ', ' ORDER BY a.attnum
  ) AS shape
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relnamespace = 'public'::regnamespace
  AND c.relname IN ('movie_ratings', 'tidemark_shards', 'tidemark_setup')
GROUP BY c.oid, c.relname
