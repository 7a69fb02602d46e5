-- Which delivery a report is about.

-- name: mail_of_notice
SELECT d.no, d.notice_no, d.address, d.state, d.attempts, d.handed_over_at, d.doubtful_at, n.defect_no, c.email
FROM notices n JOIN deliveries d ON d.notice_no = n.no AND d.channel = 'email'
LEFT JOIN customers c ON c.no = n.recipient
WHERE n.id = :notice;

-- name: mail_of_message
SELECT d.no, d.notice_no, d.address, d.state, d.attempts, d.handed_over_at, d.doubtful_at, n.defect_no, c.email
FROM notices n JOIN deliveries d ON d.notice_no = n.no AND d.channel = 'email'
LEFT JOIN customers c ON c.no = n.recipient
WHERE n.id = :notice AND d.message_id = :message_id;

-- name: insert_bounce
INSERT INTO bounces (delivery_no, digest, cause, permanent, failed, reply, at)
VALUES (:delivery_no, :digest, :cause, :permanent, :failed, :reply, :at)
ON CONFLICT (delivery_no, digest) DO NOTHING;

-- What came back has not arrived, unless an earlier attempt that was left in doubt has.

-- name: came_back
UPDATE deliveries
SET state = CASE WHEN CAST(:after AS TEXT) = 'FAILED' AND doubtful_at IS NOT NULL THEN 'IN_DOUBT'
        ELSE CAST(:after AS TEXT) END,
    sent_at = NULL, delivered_at = NULL, handed_over_at = doubtful_at, worker = NULL, lease_until = NULL, due_at = :due_at,
    reply = :reply
WHERE no = :no AND state = :before;

-- What lies in the mailbox: of an attempt that left, as long as none came back for good.

-- name: lies_there
UPDATE deliveries SET delivered_at = :now
WHERE no = :no AND delivered_at IS NULL AND handed_over_at IS NOT NULL AND state NOT IN ('FAILED', 'CANCELLED');

-- Addresses that are left alone.

-- name: suppress
INSERT INTO suppressions (address, refusals, reply, since, until)
VALUES (:address, 1, :reply, :now, :until)
ON CONFLICT (address) DO UPDATE
SET refusals = suppressions.refusals + 1, reply = excluded.reply, since = excluded.since, until = excluded.until;

-- name: refusals
SELECT refusals FROM suppressions WHERE address = :address;

-- name: suppressed
SELECT address, reply, until FROM suppressions
WHERE until > :now AND address IN (SELECT value FROM json_each(:addresses));

-- name: suppressed (postgresql)
SELECT address, reply, until FROM suppressions
WHERE until > :now AND address = ANY(ARRAY(SELECT value FROM json_array_elements_text(CAST(:addresses AS JSON))));

-- name: list_suppressed
SELECT address, refusals, reply, since, until FROM suppressions WHERE until > :now ORDER BY address;

-- name: lift
DELETE FROM suppressions WHERE address = :address;
