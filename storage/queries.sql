-- The schema's own record, the only table that storage knows.

-- BEGIN IMMEDIATE has let one starter in already; the next waits for as long as the busy timeout says.
-- name: one_starter_at_a_time (sqlite)
SELECT 1;

-- The next starter waits for as long as the first needs, whatever the lock timeout of ordinary work.
-- The number is nobody else's: "forewarn", read to the base 36.
-- name: one_starter_at_a_time (postgresql)
SELECT set_config('lock_timeout', '0', true), pg_advisory_xact_lock(1229362845827);

-- name: ensure_schema_migrations (sqlite)
CREATE TABLE IF NOT EXISTS schema_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;

-- name: ensure_schema_migrations (postgresql)
CREATE TABLE IF NOT EXISTS schema_migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL);

-- name: count_schema_tables (sqlite)
SELECT COUNT(*) AS tables FROM sqlite_schema WHERE name = 'schema_migrations';

-- name: count_schema_tables (postgresql)
SELECT COUNT(to_regclass('schema_migrations')) AS tables;

-- name: find_schema_version
SELECT COALESCE(MAX(number), 0) AS number FROM schema_migrations;

-- name: add_schema_migration
INSERT INTO schema_migrations (number, name) VALUES (:number, :name);
