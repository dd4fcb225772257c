SELECT pid
FROM pg_locks
WHERE locktype = 'advisory' AND granted AND classid = 1953064037 AND objid = 1835102827
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
