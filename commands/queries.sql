-- name: keep
INSERT INTO kept (name, value, made_at) VALUES (:name, :value, :now) ON CONFLICT (name) DO NOTHING;

-- name: find_kept
SELECT value FROM kept WHERE name = :name;

-- name: keep_newest
INSERT INTO kept (name, value, made_at) VALUES (:name, :value, :now)
ON CONFLICT (name) DO UPDATE SET value = excluded.value, made_at = excluded.made_at;

-- The server's own number and its timeline, which a recovery moves; the database's and a table's, which a restore makes.

-- name: server_identity
SELECT '' AS identity;

-- name: server_identity (postgresql)
SELECT concat_ws('.', (SELECT system_identifier FROM pg_control_system()),
    (SELECT timeline_id FROM pg_control_checkpoint()),
    (SELECT oid FROM pg_database WHERE datname = current_database()), CAST(CAST('kept' AS regclass) AS oid)) AS identity;

-- name: hold_mail
INSERT INTO mail_hold (one, reason, since) VALUES (1, :reason, :now) ON CONFLICT (one) DO NOTHING;

-- name: resume_mail
DELETE FROM mail_hold WHERE one = 1;

-- name: find_hold
SELECT reason, since FROM mail_hold WHERE one = 1;

-- name: count_unsent
SELECT (SELECT count(*) FROM deliveries WHERE state = 'PENDING') + (
    SELECT count(*) FROM deliveries WHERE state = 'SENDING') AS unsent;
