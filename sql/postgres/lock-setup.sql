-- 'tide', 'setu' in ASCII; dropped with the transaction.
SELECT pg_advisory_xact_lock(1953064037, 1936028789)
