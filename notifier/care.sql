-- Forgetting a customer

-- Whoever would link one more install to the customer waits, and then finds no customer.

-- name: lock_erased
SELECT no FROM customers WHERE no = :recipient;

-- name: lock_erased (postgresql)
SELECT no FROM customers WHERE no = :recipient FOR UPDATE;

-- name: hold_installs_of
SELECT i.no, i.product_no FROM installs i WHERE i.customer_no = :recipient ORDER BY i.no;

-- name: hold_installs_of (postgresql)
SELECT i.no, i.product_no FROM installs i WHERE i.customer_no = :recipient ORDER BY i.no FOR NO KEY UPDATE;

-- name: exposed_installs_of
SELECT e.install_no, e.state, d.id AS defect FROM installs i JOIN exposures e ON e.install_no = i.no
JOIN defects d ON d.no = e.defect_no
WHERE i.customer_no = :recipient AND e.state IS NOT NULL ORDER BY e.install_no, d.no;

-- name: erase_acceptor
UPDATE accepted_risks SET accepted_by = 'erased' WHERE accepted_by = :customer;

-- name: acceptors
SELECT DISTINCT accepted_by AS person FROM accepted_risks;

-- name: forget_acceptor
UPDATE accepted_risks SET accepted_by = :instead WHERE accepted_by = :person;

-- name: erase_suppressions
DELETE FROM suppressions WHERE address IN (
    SELECT lower(c.email) FROM customers c WHERE c.no = :recipient
    UNION SELECT lower(d.address) FROM deliveries d JOIN notices n ON n.no = d.notice_no WHERE n.recipient = :recipient);

-- name: erase_deliveries
DELETE FROM deliveries WHERE notice_no IN (SELECT no FROM notices WHERE recipient = :recipient);

-- name: erase_lines
DELETE FROM notice_installs WHERE notice_no IN (SELECT no FROM notices WHERE recipient = :recipient);

-- name: erase_notices
DELETE FROM notices WHERE recipient = :recipient;

-- All that is held on a customer

-- name: deliveries_to
SELECT n.id AS notice, d.channel, d.address, d.state, d.message_id, d.sent_at, d.delivered_at, d.reply
FROM notices n JOIN deliveries d ON d.notice_no = n.no WHERE n.recipient = :recipient ORDER BY n.no, d.channel;

-- name: bounces_of
SELECT n.id AS notice, b.cause, b.permanent, b.failed, b.reply, b.at
FROM notices n JOIN deliveries d ON d.notice_no = n.no JOIN bounces b ON b.delivery_no = d.no
WHERE n.recipient = :recipient ORDER BY b.no;

-- name: suppressions_of
SELECT s.address, s.refusals, s.reply, s.since, s.until FROM suppressions s WHERE s.address IN (
    SELECT lower(c.email) FROM customers c WHERE c.no = :recipient
    UNION SELECT lower(d.address) FROM deliveries d JOIN notices n ON n.no = d.notice_no WHERE n.recipient = :recipient)
ORDER BY s.address;

-- name: checks_of
SELECT i.id AS install, c.from_version, c.to_version, c.decision, c.at
FROM installs i JOIN checks c ON c.install_no = i.no WHERE i.customer_no = :recipient ORDER BY c.no;

-- name: accepted_risks_of
SELECT d.id AS defect, i.id AS install, a.from_version, a.to_version, a.accepted_by, a.at
FROM accepted_risks a JOIN defects d ON d.no = a.defect_no LEFT JOIN installs i ON i.no = a.install_no
WHERE a.accepted_by = :customer OR i.customer_no = :recipient ORDER BY a.no;

-- An install that is linked to a customer brings along what it has been told itself; not where the customer has
-- notices of the same defect, which the install then joins.

-- name: take_along
UPDATE notices SET recipient = :recipient
WHERE recipient = -CAST(:install_no AS BIGINT) AND state IN ('SENT', 'IN_DOUBT') AND NOT EXISTS (
    SELECT 1 FROM notices theirs WHERE theirs.recipient = :recipient AND theirs.defect_no = notices.defect_no);

-- name: take_along (postgresql)
UPDATE notices SET recipient = r.recipient
FROM json_to_recordset(CAST(:rows AS JSON)) AS r (install_no BIGINT, recipient BIGINT)
WHERE notices.recipient = -r.install_no AND notices.state IN ('SENT', 'IN_DOUBT')
    AND notices.recipient = ANY(ARRAY(SELECT -k.install_no FROM json_to_recordset(CAST(:rows AS JSON)) AS k (install_no BIGINT)))
    AND NOT EXISTS (
        SELECT 1 FROM notices theirs WHERE theirs.recipient = r.recipient AND theirs.defect_no = notices.defect_no);

-- name: leave_waiting
DELETE FROM notice_installs WHERE install_no = :install_no AND EXISTS (
    SELECT 1 FROM notices n
    WHERE n.no = notice_installs.notice_no AND n.state = 'PENDING' AND n.recipient <> :recipient);

-- name: leave_waiting (postgresql)
DELETE FROM notice_installs l
USING json_to_recordset(CAST(:rows AS JSON)) AS r (install_no BIGINT, recipient BIGINT), notices n
WHERE l.install_no = r.install_no AND n.no = l.notice_no AND n.state = 'PENDING' AND n.recipient <> r.recipient
    AND l.install_no = ANY(ARRAY(SELECT k.install_no FROM json_to_recordset(CAST(:rows AS JSON)) AS k (install_no BIGINT)));

-- Throwing away by age. A page of installs is a span of their numbers; what is left of an install is taken first.

-- name: end_of_installs
SELECT max(no) FROM (SELECT no FROM installs WHERE no > :low ORDER BY no LIMIT :size) page;

-- name: any_unseen
SELECT 1 AS found FROM installs WHERE no > :low AND no <= :high AND last_seen_at < :before LIMIT 1;

-- name: unseen_installs
SELECT no, product_no FROM installs WHERE no > :low AND no <= :high AND last_seen_at < :before ORDER BY no;

-- name: unseen_installs (postgresql)
SELECT no, product_no FROM installs WHERE no > :low AND no <= :high AND last_seen_at < :before ORDER BY no FOR UPDATE;

-- name: drop_own_deliveries
DELETE FROM deliveries WHERE notice_no IN (SELECT no FROM notices WHERE recipient = -CAST(:install_no AS BIGINT));

-- name: drop_own_lines
DELETE FROM notice_installs
WHERE install_no = :install_no OR notice_no IN (SELECT no FROM notices WHERE recipient = -CAST(:install_no AS BIGINT));

-- name: drop_own_notices
DELETE FROM notices WHERE recipient = -CAST(:install_no AS BIGINT);

-- name: drop_exposures
DELETE FROM exposures WHERE install_no = :install_no;

-- name: drop_exposure_changes
DELETE FROM exposure_changes WHERE install_no = :install_no;

-- name: drop_checks
DELETE FROM checks WHERE install_no = :install_no;

-- name: drop_accepted_risks
DELETE FROM accepted_risks WHERE install_no = :install_no;

-- name: trim_checks
DELETE FROM checks WHERE no IN (
    SELECT no FROM (SELECT no, at FROM checks ORDER BY no LIMIT :size) AS oldest WHERE at < :before);

-- Who cannot be told. Those who are exposed and whom nothing has reached are found once, for each page of them to be
-- looked up by its recipients: to find the next page among all exposures would take as many times as long as there are
-- pages.

-- name: untold
SELECT DISTINCT i.recipient FROM exposures e JOIN installs i ON i.no = e.install_no
WHERE e.defect_no = :defect_no AND e.state IS NOT NULL AND i.recipient > :low AND NOT EXISTS (
    SELECT 1 FROM notices n JOIN deliveries d ON d.notice_no = n.no
    WHERE n.defect_no = :defect_no AND n.recipient = i.recipient AND n.kind IN ('warning', 'recovery')
        AND d.state IN ('SENT', 'IN_DOUBT'))
ORDER BY i.recipient;

-- One row per exposed install of each.

-- name: exposed_of
SELECT i.recipient, i.no AS install_no, i.id AS install, i.last_seen_at, i.token_hash IS NOT NULL AS has_app,
    v.text AS version, e.state AS exposure, c.id AS customer, c.name, c.email, c.webhook, c.partner, c.locale,
    c.time_zone, pe.floor AS email_floor, pw.floor AS webhook_floor,
    EXISTS (SELECT 1 FROM suppressions s WHERE s.address = lower(c.email) AND s.until > :now) AS is_left_alone
FROM installs i CROSS JOIN exposures e JOIN versions v ON v.no = i.version_no
LEFT JOIN customers c ON c.no = i.customer_no
LEFT JOIN preferences pe ON pe.customer_no = c.no AND pe.channel = 'email'
LEFT JOIN preferences pw ON pw.customer_no = c.no AND pw.channel = 'webhook'
WHERE i.product_no = :product_no AND i.recipient IN (SELECT value FROM json_each(:recipients))
    AND e.defect_no = :defect_no AND e.install_no = i.no AND e.state IS NOT NULL
ORDER BY i.recipient, i.no;

-- name: exposed_of (postgresql)
SELECT i.recipient, i.no AS install_no, i.id AS install, i.last_seen_at, i.token_hash IS NOT NULL AS has_app,
    v.text AS version, e.state AS exposure, c.id AS customer, c.name, c.email, c.webhook, c.partner, c.locale,
    c.time_zone, pe.floor AS email_floor, pw.floor AS webhook_floor,
    EXISTS (SELECT 1 FROM suppressions s WHERE s.address = lower(c.email) AND s.until > :now) AS is_left_alone
FROM installs i JOIN exposures e ON e.install_no = i.no JOIN versions v ON v.no = i.version_no
LEFT JOIN customers c ON c.no = i.customer_no
LEFT JOIN preferences pe ON pe.customer_no = c.no AND pe.channel = 'email'
LEFT JOIN preferences pw ON pw.customer_no = c.no AND pw.channel = 'webhook'
WHERE i.product_no = :product_no
    AND i.recipient = ANY(ARRAY(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:recipients AS JSON))))
    AND e.defect_no = :defect_no AND e.state IS NOT NULL
ORDER BY i.recipient, i.no;

-- What became of the warnings and recoveries that were sent to them, on each channel.

-- name: tried_of_span
SELECT n.recipient, d.channel, d.state
FROM notices n JOIN deliveries d ON d.notice_no = n.no
WHERE n.defect_no = :defect_no AND n.kind IN ('warning', 'recovery') AND n.recipient > :low AND n.recipient <= :high
ORDER BY n.recipient, n.no;
