-- Sessions and sign-in links

-- name: insert_session
INSERT INTO sessions (token_hash, key_hash, started_at, expires_at)
VALUES (:token_hash, :key_hash, :now, :expires_at);

-- name: find_session
SELECT key_hash, time_zone FROM sessions WHERE token_hash = :token_hash AND expires_at > :now;

-- name: set_time_zone
UPDATE sessions SET time_zone = :time_zone WHERE token_hash = :token_hash;

-- name: delete_session
DELETE FROM sessions WHERE token_hash = :token_hash;

-- name: delete_expired_sessions
DELETE FROM sessions WHERE expires_at <= :now;

-- name: insert_code
INSERT INTO sign_in_codes (code_hash, key_hash, expires_at) VALUES (:code_hash, :key_hash, :expires_at);

-- name: delete_expired_codes
DELETE FROM sign_in_codes WHERE expires_at <= :now;

-- name: take_code
DELETE FROM sign_in_codes WHERE code_hash = :code_hash AND expires_at > :now RETURNING key_hash;

-- The list of defects, newest first

-- name: newest_defects
SELECT d.no, d.id, p.name AS product_name FROM defects d JOIN products p ON p.no = d.product_no
WHERE (CAST(:product AS TEXT) IS NULL OR p.id = :product)
    AND (CAST(:state AS TEXT) IS NULL OR d.state = :state)
    AND (CAST(:before AS BIGINT) IS NULL OR d.no < :before)
ORDER BY d.no DESC LIMIT :limit;

-- name: count_exposures
SELECT e.state, count(*) AS installs, count(DISTINCT i.customer_no) AS customers
FROM exposures e JOIN installs i ON i.no = e.install_no
WHERE e.defect_no = :defect_no AND e.state IS NOT NULL GROUP BY e.state;

-- What a recipient was told after a notice about the same defect

-- name: newer_notice
SELECT later.id, later.kind, later.sent_at FROM notices mine
JOIN notices later ON later.defect_no = mine.defect_no AND later.recipient = mine.recipient AND later.no > mine.no
WHERE mine.id = :notice AND later.state IN ('SENT', 'IN_DOUBT') ORDER BY later.no DESC LIMIT 1;
