-- 'tide', 'mark' in ASCII: one lock per database, kept by the session.
SELECT pg_try_advisory_lock(1953064037, 1835102827) AS taken
