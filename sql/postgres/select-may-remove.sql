-- Whether this role may remove that database, and roles at all.
SELECT rolsuper OR rolcreaterole AS remove_user,
  (SELECT pg_has_role(d.datdba, 'USAGE') FROM pg_database d WHERE d.datname = $1) AS remove_database
FROM pg_roles
WHERE rolname = current_user
