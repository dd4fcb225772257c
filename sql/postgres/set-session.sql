-- What every session of ours runs under, whatever the server's, the database's or the role's own settings say. A
-- connection that was cut must not leave a backend that holds a shard's row or the lock for longer than 15 s.
SET application_name = 'tidemark';
SET client_min_messages = 'warning';
SET synchronous_commit = 'on';
SET default_transaction_isolation = 'read committed';
SET default_transaction_read_only = 'off';
SET idle_in_transaction_session_timeout = '15s';
SET tcp_keepalives_idle = 15;
SET tcp_keepalives_interval = 5;
SET tcp_keepalives_count = 3;
SET tcp_user_timeout = '15s';
-- Not before PostgreSQL 14, nor on every system: there a backend that waits for a lock is felt for as long as it waits.
DO $$ BEGIN
  SET client_connection_check_interval = '250ms';
EXCEPTION WHEN OTHERS THEN NULL;
END $$;
SET lock_timeout = '30s';
SET statement_timeout = '120s';
SET search_path = 'pg_catalog'
