-- Keys

-- name: insert_key
INSERT INTO keys (id, hash, role, person, mail, product_no, created_at)
VALUES (:id, :hash, :role, :person, :mail, :product_no, :now);

-- name: find_key
SELECT k.id, k.role, k.person, k.product_no, p.id AS product
FROM keys k LEFT JOIN products p ON p.no = k.product_no WHERE k.hash = :hash AND k.revoked_at IS NULL;

-- name: current_keys
SELECT k.hash, k.id, k.role, k.person, k.product_no, p.id AS product
FROM keys k LEFT JOIN products p ON p.no = k.product_no WHERE k.revoked_at IS NULL;

-- name: all_keys
SELECT k.id, k.role, k.person, k.mail, p.id AS product, k.created_at, k.revoked_at
FROM keys k LEFT JOIN products p ON p.no = k.product_no ORDER BY k.no;

-- name: persons
SELECT DISTINCT person FROM keys ORDER BY person;

-- name: count_admin_keys
SELECT count(*) FROM keys WHERE role = 'admin' AND revoked_at IS NULL;

-- name: key_of_id
SELECT role, person FROM keys WHERE id = :id;

-- name: forget_holder
UPDATE keys SET person = :instead, mail = NULL WHERE id = :id;

-- name: mail_of_deciders
SELECT min(no) AS no, mail FROM keys
WHERE role IN ('admin', 'approver') AND mail IS NOT NULL AND revoked_at IS NULL GROUP BY mail ORDER BY no;

-- name: revoke_key
UPDATE keys SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL;

-- Answers to repeated writes

-- name: reserve_answer
INSERT INTO answers (key_id, idempotency_key, fingerprint, status, body, at)
VALUES (:key_id, :idempotency_key, :fingerprint, 0, '', :now)
ON CONFLICT (key_id, idempotency_key) DO NOTHING;

-- name: find_answer
SELECT fingerprint, status, body FROM answers WHERE key_id = :key_id AND idempotency_key = :idempotency_key;

-- name: keep_answer
UPDATE answers SET status = :status, body = :body WHERE key_id = :key_id AND idempotency_key = :idempotency_key;

-- name: forget_answer
DELETE FROM answers WHERE key_id = :key_id AND idempotency_key = :idempotency_key AND at < :before;

-- name: forget_answers
DELETE FROM answers WHERE at < :before;

-- What an operator sees

-- name: count_notices
SELECT state, count(*) AS notices FROM notices GROUP BY state;

-- name: forget_answers_naming
DELETE FROM answers WHERE instr(body, :text) > 0;

-- name: forget_answers_naming (postgresql)
DELETE FROM answers WHERE strpos(body, :text) > 0;
