-- Products and their facts.

-- name: find_product
SELECT no, id, name, version_scheme, changed_at FROM products WHERE id = :id;

-- name: find_product_shared
SELECT no, id, name, version_scheme, changed_at FROM products WHERE id = :id;

-- name: find_product_shared (postgresql)
SELECT no, id, name, version_scheme, changed_at FROM products WHERE id = :id FOR SHARE;

-- name: find_product_exclusive
SELECT no, id, name, version_scheme, changed_at FROM products WHERE id = :id;

-- name: find_product_exclusive (postgresql)
SELECT no, id, name, version_scheme, changed_at FROM products WHERE id = :id FOR UPDATE;

-- name: find_product_by_no
SELECT no, id, name, version_scheme, changed_at FROM products WHERE no = :no;

-- name: lock_product_shared
SELECT no FROM products WHERE no = :no;

-- name: lock_product_shared (postgresql)
SELECT no FROM products WHERE no = :no FOR SHARE;

-- name: lock_product_exclusive
SELECT no FROM products WHERE no = :no;

-- name: lock_product_exclusive (postgresql)
SELECT no FROM products WHERE no = :no FOR UPDATE;

-- name: list_products
SELECT no, id, name, version_scheme, changed_at FROM products WHERE id > :after ORDER BY id LIMIT :limit;

-- name: insert_product
INSERT INTO products (id, name, version_scheme, changed_at) VALUES (:id, :name, :version_scheme, :at)
ON CONFLICT (id) DO NOTHING;

-- name: update_product
UPDATE products SET name = :name, version_scheme = :version_scheme, changed_at = :at WHERE no = :no;

-- name: facts_of_product
SELECT no, name, part, type, scheme, unit, description, retired_at FROM facts
WHERE product_no = :product_no ORDER BY no;

-- name: insert_fact
INSERT INTO facts (product_no, name, part, type, scheme, unit, description)
VALUES (:product_no, :name, :part, :type, :scheme, :unit, :description);

-- name: update_fact
UPDATE facts SET unit = :unit, description = :description, retired_at = :retired_at WHERE no = :no;

-- Versions and releases. A release is a version with a status.

-- name: any_version
SELECT 1 AS found FROM versions WHERE product_no = :product_no LIMIT 1;

-- name: release_order
SELECT no, text, sort_key FROM versions WHERE product_no = :product_no AND sort_key IS NOT NULL ORDER BY sort_key;

-- name: version_rows
SELECT no, text, sort_key, status, offered_at FROM versions WHERE product_no = :product_no ORDER BY no;

-- name: find_version
SELECT no, status, offered_at, url FROM versions WHERE product_no = :product_no AND text = :text;

-- name: version_no
SELECT no FROM versions WHERE product_no = :product_no AND text = :text;

-- name: version_numbers
SELECT text, no FROM versions WHERE product_no = :product_no AND text IN (SELECT value FROM json_each(:texts));

-- name: version_numbers (postgresql)
SELECT text, no FROM versions
WHERE product_no = :product_no AND text = ANY(ARRAY(SELECT value FROM json_array_elements_text(CAST(:texts AS JSON))));

-- name: version_texts
SELECT no, text FROM versions WHERE no IN (SELECT value FROM json_each(:numbers));

-- name: version_texts (postgresql)
SELECT no, text FROM versions
WHERE no = ANY(ARRAY(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:numbers AS JSON))));

-- name: insert_version
INSERT INTO versions (product_no, text, sort_key) VALUES (:product_no, :text, :sort_key)
ON CONFLICT (product_no, text) DO NOTHING;

-- name: find_equal_release
SELECT text FROM versions
WHERE product_no = :product_no AND sort_key = :sort_key AND text <> :text AND status IS NOT NULL LIMIT 1;

-- name: update_release
UPDATE versions SET status = :status, offered_at = :offered_at, url = :url WHERE no = :no;

-- name: place_release
UPDATE versions SET sort_key = :sort_key WHERE no = :no;

-- name: releases_in_order
SELECT product, version_scheme, text, offered_at, url, status, previous FROM (
    SELECT p.id AS product, p.version_scheme, v.text, v.sort_key, v.offered_at, v.url, v.status,
        LAG(v.text) OVER (ORDER BY v.sort_key) AS previous
    FROM versions v JOIN products p ON p.no = v.product_no
    WHERE v.product_no = :product_no AND v.status IS NOT NULL
) ordered
WHERE sort_key > :after ORDER BY sort_key LIMIT :limit;

-- name: find_release
SELECT p.id AS product, p.version_scheme, v.text, v.offered_at, v.url, v.status,
    (SELECT b.text FROM versions b
        WHERE b.product_no = v.product_no AND b.status IS NOT NULL AND b.sort_key < v.sort_key
        ORDER BY b.sort_key DESC LIMIT 1) AS previous
FROM versions v JOIN products p ON p.no = v.product_no
WHERE v.product_no = :product_no AND v.text = :text AND v.status IS NOT NULL;

-- name: sort_key_of_release
SELECT sort_key FROM versions WHERE product_no = :product_no AND text = :text AND status IS NOT NULL;

-- Customers.

-- name: find_customer
SELECT no, id, name, email, locale, time_zone, partner, webhook, mail_refused_at, changed_at
FROM customers WHERE id = :id;

-- name: customer_no
SELECT no FROM customers WHERE id = :id;

-- name: customer_numbers
SELECT id, no FROM customers WHERE id IN (SELECT value FROM json_each(:ids));

-- name: customer_numbers (postgresql)
SELECT id, no FROM customers WHERE id = ANY(ARRAY(SELECT value FROM json_array_elements_text(CAST(:ids AS JSON))));

-- name: customer_id
SELECT id FROM customers WHERE no = :no;

-- name: insert_customer
INSERT INTO customers (id, name, email, locale, time_zone, partner, webhook, changed_at)
VALUES (:id, :name, :email, :locale, :time_zone, :partner, :webhook, :at)
ON CONFLICT (id) DO NOTHING;

-- name: update_customer
UPDATE customers
SET name = :name, email = :email, locale = :locale, time_zone = :time_zone, partner = :partner,
    webhook = :webhook, changed_at = :at
WHERE id = :id;

-- name: contacts
SELECT c.no, c.id, c.name, c.email, c.locale, c.time_zone, c.webhook, c.partner, c.mail_refused_at,
    pe.floor AS email_floor, pw.floor AS webhook_floor
FROM customers c
LEFT JOIN preferences pe ON pe.customer_no = c.no AND pe.channel = 'email'
LEFT JOIN preferences pw ON pw.customer_no = c.no AND pw.channel = 'webhook'
WHERE c.no IN (SELECT value FROM json_each(:numbers));

-- name: contacts (postgresql)
SELECT c.no, c.id, c.name, c.email, c.locale, c.time_zone, c.webhook, c.partner, c.mail_refused_at,
    pe.floor AS email_floor, pw.floor AS webhook_floor
FROM customers c
LEFT JOIN preferences pe ON pe.customer_no = c.no AND pe.channel = 'email'
LEFT JOIN preferences pw ON pw.customer_no = c.no AND pw.channel = 'webhook'
WHERE c.no = ANY(ARRAY(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:numbers AS JSON))));

-- name: unlink_installs
UPDATE installs SET customer_no = NULL, recipient = -no WHERE customer_no = :customer_no;

-- name: delete_customer
DELETE FROM customers WHERE no = :no;

-- name: installs_of_customer
SELECT no, id FROM installs WHERE customer_no = :customer_no ORDER BY id;

-- Installs.

-- Whoever holds several installs holds them in the order of their numbers, as a sweep's page does.

-- name: lock_installs_of
SELECT no FROM installs WHERE 1 = 0 AND id = :ids;

-- name: lock_installs_of (postgresql)
SELECT no FROM installs WHERE id = ANY(ARRAY(SELECT value FROM json_array_elements_text(CAST(:ids AS JSON))))
ORDER BY no FOR NO KEY UPDATE;

-- name: find_install
SELECT i.no, i.id, i.product_no, i.version_no, i.customer_no, i.recipient, i.os, i.os_version, i.os_version_key, i.arch,
    i.acquired_through, i.token_hash, i.first_seen_at, i.last_seen_at,
    v.text AS version, f.text AS first_version, p.id AS product, c.id AS customer
FROM installs i
JOIN products p ON p.no = i.product_no
JOIN versions v ON v.no = i.version_no
JOIN versions f ON f.no = i.first_version_no
LEFT JOIN customers c ON c.no = i.customer_no
WHERE i.id = :id;

-- name: find_install_by_no
SELECT i.no, i.id, i.product_no, i.version_no, i.customer_no, i.recipient, i.os, i.os_version, i.os_version_key, i.arch,
    i.acquired_through, i.token_hash, i.first_seen_at, i.last_seen_at,
    v.text AS version, f.text AS first_version, p.id AS product, c.id AS customer
FROM installs i
JOIN products p ON p.no = i.product_no
JOIN versions v ON v.no = i.version_no
JOIN versions f ON f.no = i.first_version_no
LEFT JOIN customers c ON c.no = i.customer_no
WHERE i.no = :no;

-- `places` is a JSON list, an element for each number wanted.

-- name: fresh_install_numbers
SELECT (SELECT COALESCE(max(no), 0) FROM installs) + value AS no FROM json_each(:places);

-- name: fresh_install_numbers (postgresql)
SELECT nextval(pg_get_serial_sequence('installs', 'no')) AS no FROM json_array_elements_text(CAST(:places AS JSON));

-- name: lock_installs
SELECT no FROM installs WHERE 1 = 0 AND id = :numbers;

-- name: lock_installs (postgresql)
SELECT no FROM installs
WHERE no = ANY(ARRAY(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:numbers AS JSON))))
ORDER BY no FOR NO KEY UPDATE;

-- What follows is done for many rows at once (storage.Tx.at_once). The array has PostgreSQL look the rows up by the
-- index, where it would read a small table whole.

-- name: update_install
UPDATE installs
SET version_no = :version_no, customer_no = :customer_no, recipient = COALESCE(CAST(:customer_no AS BIGINT), -no), os = :os,
    os_version = :os_version, os_version_key = :os_version_key, arch = :arch,
    acquired_through = :acquired_through, last_seen_at = :at
WHERE no = :no;

-- name: update_install (postgresql)
UPDATE installs i
SET version_no = r.version_no, customer_no = r.customer_no, recipient = COALESCE(r.customer_no, -i.no), os = r.os,
    os_version = r.os_version, os_version_key = r.os_version_key, arch = r.arch,
    acquired_through = r.acquired_through, last_seen_at = r.at
FROM json_to_recordset(CAST(:rows AS JSON)) AS r (no BIGINT, version_no BIGINT, customer_no BIGINT, os TEXT,
    os_version TEXT, os_version_key TEXT, arch TEXT, acquired_through TEXT, at TEXT)
WHERE i.no = r.no AND i.no = ANY(ARRAY(SELECT k.no FROM json_to_recordset(CAST(:rows AS JSON)) AS k (no BIGINT)));

-- name: see_install
UPDATE installs SET last_seen_at = :at WHERE no = :no AND last_seen_at < :at;

-- name: see_install (postgresql)
UPDATE installs i SET last_seen_at = r.at
FROM json_to_recordset(CAST(:rows AS JSON)) AS r (no BIGINT, at TEXT)
WHERE i.no = r.no AND i.last_seen_at < r.at
    AND i.no = ANY(ARRAY(SELECT k.no FROM json_to_recordset(CAST(:rows AS JSON)) AS k (no BIGINT)));

-- name: insert_version_had
INSERT INTO install_versions (install_no, version_no, since) VALUES (:install_no, :version_no, :at);

-- name: insert_version_had (postgresql)
INSERT INTO install_versions (install_no, version_no, since)
SELECT install_no, version_no, at
FROM json_to_recordset(CAST(:rows AS JSON)) AS r (install_no BIGINT, version_no BIGINT, at TEXT);

-- name: insert_footprint_change
INSERT INTO footprint_changes (install_no, facts, at) VALUES (:install_no, :facts, :at);

-- name: insert_footprint_change (postgresql)
INSERT INTO footprint_changes (install_no, facts, at)
SELECT install_no, facts, at
FROM json_to_recordset(CAST(:rows AS JSON)) AS r (install_no BIGINT, facts TEXT, at TEXT);

-- name: versions_of_installs
SELECT h.install_no, v.text FROM install_versions h JOIN versions v ON v.no = h.version_no
WHERE h.install_no IN (SELECT value FROM json_each(:numbers)) ORDER BY h.install_no, h.no;

-- name: versions_of_installs (postgresql)
SELECT h.install_no, v.text FROM install_versions h JOIN versions v ON v.no = h.version_no
WHERE h.install_no = ANY(ARRAY(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:numbers AS JSON))))
ORDER BY h.install_no, h.no;
