-- What setup noted on the database and the role when it made them; and who this is.
SELECT current_user AS "user",
  pg_encoding_to_char(d.encoding) AS encoding,
  shobj_description(d.oid, 'pg_database') AS database_note,
  (SELECT shobj_description(r.oid, 'pg_authid') FROM pg_roles r WHERE r.rolname = $2) AS role_note,
  EXISTS (SELECT FROM pg_roles r WHERE r.rolname = $2) AS role_exists,
  d.oid IS NOT NULL AS database_exists
FROM (VALUES ($1::text)) AS asked (name)
LEFT JOIN pg_database d ON d.datname = asked.name
