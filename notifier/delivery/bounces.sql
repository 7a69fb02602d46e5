-- Which delivery a report is about.

-- name: mail_of_notice
SELECT d.no, d.notice_no, d.address, d.state, d.attempts, n.defect_no, c.email
FROM notices n JOIN deliveries d ON d.notice_no = n.no AND d.channel = 'email'
LEFT JOIN customers c ON c.no = n.recipient
WHERE n.id = :notice;

-- name: mail_of_message
SELECT d.no, d.notice_no, d.address, d.state, d.attempts, n.defect_no, c.email
FROM deliveries d JOIN notices n ON n.no = d.notice_no LEFT JOIN customers c ON c.no = n.recipient
WHERE d.message_id = :message_id AND d.channel = 'email' ORDER BY d.no LIMIT 1;

-- name: insert_bounce
INSERT INTO bounces (delivery_no, digest, cause, permanent, failed, reply, at)
VALUES (:delivery_no, :digest, :cause, :permanent, :failed, :reply, :at)
ON CONFLICT (delivery_no, digest) DO NOTHING;

-- What came back has not arrived, unless an earlier attempt that was left in doubt has.

-- name: came_back
UPDATE deliveries
SET state = CASE WHEN CAST(:after AS TEXT) = 'FAILED' AND doubtful_at IS NOT NULL THEN 'IN_DOUBT'
        ELSE CAST(:after AS TEXT) END,
    sent_at = NULL, handed_over_at = doubtful_at, due_at = :due_at, reply = :reply
WHERE no = :no AND state = :before;

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
WHERE until > :now AND address IN (SELECT value FROM json_array_elements_text(CAST(:addresses AS JSON)));

-- name: list_suppressed
SELECT address, refusals, reply, since, until FROM suppressions WHERE until > :now ORDER BY address;

-- name: lift
DELETE FROM suppressions WHERE address = :address;

-- name: reached
DELETE FROM suppressions WHERE address IN (SELECT value FROM json_each(:addresses));

-- name: reached (postgresql)
DELETE FROM suppressions WHERE address IN (SELECT value FROM json_array_elements_text(CAST(:addresses AS JSON)));
