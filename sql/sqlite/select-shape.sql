-- The shape of a table, to be compared: columns in order, their types, their place in the primary key.
SELECT lower(name) AS name, upper(type) AS type, pk FROM pragma_table_info(?) ORDER BY cid
