-- Everything in the database that somebody made; what SQLite itself keeps (its own tables and indexes) left out.
SELECT lower(name) AS name, type FROM sqlite_schema WHERE name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name
