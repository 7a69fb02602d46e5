-- name: keep
INSERT INTO kept (name, value, made_at) VALUES (:name, :value, :now) ON CONFLICT (name) DO NOTHING;

-- name: find_kept
SELECT value FROM kept WHERE name = :name;

-- name: hold_mail
INSERT INTO mail_hold (one, reason, since) VALUES (1, :reason, :now) ON CONFLICT (one) DO NOTHING;

-- name: resume_mail
DELETE FROM mail_hold WHERE one = 1;

-- name: find_hold
SELECT reason, since FROM mail_hold WHERE one = 1;

-- name: count_unsent
SELECT count(*) FROM deliveries WHERE state IN ('PENDING', 'SENDING');
