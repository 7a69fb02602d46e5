-- Claim codes

-- name: insert_claim_code
INSERT INTO claim_codes (id, customer_no, hash, uses, used, made_by, made_at, expires_at)
VALUES (:id, :customer_no, :hash, :uses, 0, :made_by, :at, :expires_at);

-- name: claim_codes_of
SELECT id, uses, used, made_by, made_at, expires_at FROM claim_codes WHERE customer_no = :customer_no ORDER BY no;

-- The same three statements whatever the code is: unknown, used up, expired, or good.

-- name: use_code
UPDATE claim_codes SET used = used + 1
WHERE hash = :hash AND used < uses AND expires_at > :now
    AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.code_no = claim_codes.no AND c.install = :install);

-- name: insert_claim
INSERT INTO claims (code_no, install, at)
SELECT no, :install, :now FROM claim_codes WHERE hash = :hash AND CAST(:used AS INTEGER) = 1
ON CONFLICT (code_no, install) DO NOTHING;

-- name: claimed_customer
SELECT k.customer_no FROM claim_codes k JOIN claims c ON c.code_no = k.no
WHERE k.hash = :hash AND c.install = :install;

-- name: void_claim_codes
UPDATE claim_codes SET expires_at = :now WHERE customer_no = :customer_no AND expires_at > :now AND used < uses;

-- name: erase_claims
DELETE FROM claims WHERE code_no IN (SELECT no FROM claim_codes WHERE customer_no = :customer_no);

-- name: erase_claim_codes
DELETE FROM claim_codes WHERE customer_no = :customer_no;

-- Preferences

-- name: preferences_of
SELECT channel, floor, chosen_by, chosen_at FROM preferences WHERE customer_no = :customer_no ORDER BY channel;

-- name: choose_floor
INSERT INTO preferences (customer_no, channel, floor, chosen_by, chosen_at)
VALUES (:customer_no, :channel, :floor, :by, :at)
ON CONFLICT (customer_no, channel) DO UPDATE
SET floor = excluded.floor, chosen_by = excluded.chosen_by, chosen_at = excluded.chosen_at;

-- name: drop_floor
DELETE FROM preferences WHERE customer_no = :customer_no AND channel = :channel;

-- name: erase_preferences
DELETE FROM preferences WHERE customer_no = :customer_no;

-- name: people_of_care
SELECT made_by AS person FROM claim_codes UNION SELECT chosen_by FROM preferences;

-- name: forget_makers
UPDATE claim_codes SET made_by = :instead WHERE made_by = :person;

-- name: forget_choosers
UPDATE preferences SET chosen_by = :instead WHERE chosen_by = :person;

-- name: mark_mail_refused
UPDATE customers SET mail_refused_at = :at WHERE no = :customer_no;

-- History

-- name: install_no
SELECT no FROM installs WHERE id = :id;

-- name: versions_had
SELECT v.text AS version, h.since FROM install_versions h JOIN versions v ON v.no = h.version_no
WHERE h.install_no = :install_no ORDER BY h.no;

-- name: footprint_changes_of
SELECT facts, at FROM footprint_changes WHERE install_no = :install_no ORDER BY no DESC LIMIT :limit;

-- The first time an install had a version tells whether a repair is owed, and the ledger when it was installed; the
-- newest row is the version it has. Both stay, however old.

-- name: any_old_versions
SELECT 1 AS found FROM install_versions h
WHERE h.install_no > :low AND h.install_no <= :high AND h.since < :before
    AND EXISTS (SELECT 1 FROM install_versions f WHERE f.install_no = h.install_no AND f.version_no = h.version_no
        AND f.no < h.no)
    AND EXISTS (SELECT 1 FROM install_versions l WHERE l.install_no = h.install_no AND l.no > h.no)
LIMIT 1;

-- name: trim_versions
DELETE FROM install_versions
WHERE install_no > :low AND install_no <= :high AND since < :before
    AND EXISTS (SELECT 1 FROM install_versions f WHERE f.install_no = install_versions.install_no
        AND f.version_no = install_versions.version_no AND f.no < install_versions.no)
    AND EXISTS (SELECT 1 FROM install_versions l WHERE l.install_no = install_versions.install_no
        AND l.no > install_versions.no);

-- name: trim_footprint_changes
DELETE FROM footprint_changes WHERE no IN (
    SELECT no FROM (SELECT no, at FROM footprint_changes ORDER BY no LIMIT :size) AS oldest WHERE at < :before);

-- name: drop_footprint_changes
DELETE FROM footprint_changes WHERE install_no = :install_no;

-- name: drop_versions
DELETE FROM install_versions WHERE install_no = :install_no;

-- name: drop_install
DELETE FROM installs WHERE no = :install_no;

-- Those who were forgotten

-- name: any_salt
SELECT salt FROM erasures LIMIT 1;

-- name: insert_erasure
INSERT INTO erasures (hash, salt, at) VALUES (:hash, :salt, :at) ON CONFLICT (hash) DO UPDATE SET at = excluded.at;

-- name: list_erasures
SELECT hash, salt, at FROM erasures ORDER BY at, hash;

-- name: customers_after
SELECT id, changed_at FROM customers WHERE id > :after ORDER BY id LIMIT :limit;

-- name: rewrite_owed
SELECT max(e.at) > COALESCE((SELECT r.at FROM rewrites r), '') AS owed FROM erasures e;

-- name: note_rewrite
INSERT INTO rewrites (one, at) VALUES (1, :at) ON CONFLICT (one) DO UPDATE SET at = excluded.at;
