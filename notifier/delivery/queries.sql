-- name: owed_notice
SELECT no AS notice_no, id AS notice, kind, defect_no, recipient FROM notices WHERE id = :notice;

-- The installs of several notices. PostgreSQL, whose statistics know nothing of what has just been owed, would read whole
-- tables to join them; what a line has in each it can only look up by the key.

-- name: lines_of
SELECT l.notice_no, i.no AS install_no, i.id AS install, i.version_no, e.state AS exposure
FROM notice_installs l JOIN notices n ON n.no = l.notice_no JOIN installs i ON i.no = l.install_no
LEFT JOIN exposures e ON e.defect_no = n.defect_no AND e.install_no = l.install_no
WHERE l.notice_no IN (SELECT value FROM json_each(:numbers));

-- name: lines_of (postgresql)
SELECT l.notice_no, i.no AS install_no, i.id AS install, i.version_no,
    (SELECT e.state FROM exposures e WHERE e.install_no = l.install_no
        AND e.defect_no = (SELECT n.defect_no FROM notices n WHERE n.no = l.notice_no)) AS exposure
FROM notice_installs l
CROSS JOIN LATERAL (SELECT o.no, o.id, o.version_no FROM installs o WHERE o.no = l.install_no OFFSET 0) i
WHERE l.notice_no = ANY(ARRAY(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:numbers AS JSON))));

-- How the recipients of several notices were told before; the last row of each is the newest.

-- name: told_of
SELECT mine.no AS notice_no, n.revision, n.sent_at, d.message_id, d.address, d.handed_over_at, d.state
FROM notices mine JOIN notices n ON n.defect_no = mine.defect_no AND n.recipient = mine.recipient AND n.no < mine.no
    AND n.kind IN ('warning', 'recovery')
LEFT JOIN deliveries d ON d.notice_no = n.no AND d.channel = 'email'
WHERE mine.no IN (SELECT value FROM json_each(:numbers))
    AND (n.state IN ('SENT', 'IN_DOUBT') OR d.handed_over_at IS NOT NULL)
ORDER BY mine.no, n.no;

-- name: told_of (postgresql)
SELECT mine.no AS notice_no, n.revision, n.sent_at, d.message_id, d.address, d.handed_over_at, d.state
FROM notices mine JOIN notices n ON n.defect_no = mine.defect_no AND n.recipient = mine.recipient AND n.no < mine.no
    AND n.kind IN ('warning', 'recovery')
LEFT JOIN deliveries d ON d.notice_no = n.no AND d.channel = 'email'
WHERE mine.no = ANY(ARRAY(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:numbers AS JSON))))
    AND (n.state IN ('SENT', 'IN_DOUBT') OR d.handed_over_at IS NOT NULL)
ORDER BY mine.no, n.no;

-- What became of it; handed over as in last_look.sql. What was left in doubt once stays in doubt until it is sent: the
-- first may have arrived.

-- name: settle
UPDATE deliveries
SET state = CASE WHEN CAST(:after AS TEXT) IN ('FAILED', 'CANCELLED') AND doubtful_at IS NOT NULL
        THEN 'IN_DOUBT' ELSE CAST(:after AS TEXT) END,
    sent_at = CASE WHEN CAST(:after AS TEXT) = 'SENT' THEN CAST(:now AS TEXT) ELSE sent_at END,
    handed_over_at = CASE WHEN CAST(:handed_over AS INTEGER) = 1 THEN handed_over_at ELSE doubtful_at END,
    doubtful_at = CASE WHEN CAST(:doubtful AS INTEGER) = 1 THEN CAST(:now AS TEXT) ELSE doubtful_at END,
    lane = COALESCE(CAST(:lane AS TEXT), lane), attempts = attempts - :untried, due_at = :due_at,
    reply = r.value, worker = NULL, lease_until = NULL
FROM json_each(:replies) r WHERE no = CAST(r.key AS INTEGER) AND +state = 'SENDING' AND fence = :fence;

-- name: settle (postgresql)
UPDATE deliveries d
SET state = CASE WHEN r.after IN ('FAILED', 'CANCELLED') AND d.doubtful_at IS NOT NULL THEN 'IN_DOUBT' ELSE r.after END,
    sent_at = CASE WHEN r.after = 'SENT' THEN r.now ELSE d.sent_at END,
    handed_over_at = CASE WHEN r.handed_over = 1 THEN d.handed_over_at ELSE d.doubtful_at END,
    doubtful_at = CASE WHEN r.doubtful = 1 THEN r.now ELSE d.doubtful_at END,
    lane = COALESCE(r.lane, d.lane), attempts = d.attempts - r.untried, due_at = r.due_at, reply = r.reply,
    worker = NULL, lease_until = NULL
FROM json_to_recordset(CAST(:rows AS JSON)) AS r (no BIGINT, fence BIGINT, after TEXT, reply TEXT, due_at TEXT,
    handed_over BIGINT, doubtful BIGINT, untried BIGINT, lane TEXT, now TEXT)
WHERE d.no = r.no AND d.state || '' = 'SENDING' AND d.fence = r.fence
    AND d.no = ANY(ARRAY(SELECT k.no FROM json_to_recordset(CAST(:rows AS JSON)) AS k (no BIGINT)));

-- name: cancel_waiting
UPDATE deliveries SET state = CASE WHEN handed_over_at IS NULL THEN 'CANCELLED' ELSE 'IN_DOUBT' END, reply = :reason
WHERE notice_no = :notice_no AND state = 'PENDING';

-- The best of its deliveries is the state of a notice.

-- name: lock_notices
SELECT no FROM notices WHERE 1 = 0 AND no = :numbers;

-- name: lock_notices (postgresql)
SELECT no FROM notices
WHERE no = ANY(ARRAY(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:numbers AS JSON))))
ORDER BY no FOR UPDATE;

-- name: follow
UPDATE notices
SET (state, sent_at, reason) = (
    SELECT CASE MIN(CASE d.state WHEN 'SENT' THEN 0 WHEN 'IN_DOUBT' THEN 1 WHEN 'SENDING' THEN 2 WHEN 'PENDING' THEN 3
            WHEN 'FAILED' THEN 4 ELSE 5 END)
        WHEN 0 THEN 'SENT' WHEN 1 THEN 'IN_DOUBT' WHEN 2 THEN 'SENDING' WHEN 3 THEN 'PENDING' WHEN 4 THEN 'FAILED'
        ELSE 'CANCELLED' END,
        MIN(d.sent_at), MAX(CASE WHEN d.state IN ('FAILED', 'CANCELLED') THEN d.reply END)
    FROM deliveries d WHERE d.notice_no = notices.no)
WHERE no IN (SELECT value FROM json_each(:numbers))
    AND EXISTS (SELECT 1 FROM deliveries d WHERE d.notice_no = notices.no);

-- name: follow (postgresql)
UPDATE notices
SET (state, sent_at, reason) = (
    SELECT CASE MIN(CASE d.state WHEN 'SENT' THEN 0 WHEN 'IN_DOUBT' THEN 1 WHEN 'SENDING' THEN 2 WHEN 'PENDING' THEN 3
            WHEN 'FAILED' THEN 4 ELSE 5 END)
        WHEN 0 THEN 'SENT' WHEN 1 THEN 'IN_DOUBT' WHEN 2 THEN 'SENDING' WHEN 3 THEN 'PENDING' WHEN 4 THEN 'FAILED'
        ELSE 'CANCELLED' END,
        MIN(d.sent_at), MAX(CASE WHEN d.state IN ('FAILED', 'CANCELLED') THEN d.reply END)
    FROM deliveries d WHERE d.notice_no = notices.no)
WHERE no = ANY(ARRAY(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:numbers AS JSON))))
    AND EXISTS (SELECT 1 FROM deliveries d WHERE d.notice_no = notices.no);

-- One of their deliveries has been sent just now: there is nothing better.

-- name: follow_sent
UPDATE notices SET state = 'SENT', sent_at = CASE WHEN sent_at < :now THEN sent_at ELSE :now END
WHERE no IN (SELECT value FROM json_each(:numbers));

-- name: follow_sent (postgresql)
WITH held AS (
    SELECT no FROM notices
    WHERE no = ANY(ARRAY(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:numbers AS JSON))))
    ORDER BY no FOR UPDATE)
UPDATE notices SET state = 'SENT', sent_at = CASE WHEN sent_at < :now THEN sent_at ELSE :now END
WHERE no = ANY(ARRAY(SELECT held.no FROM held));

-- A restored backup does not know what was sent after it was made: what was owed before an instant may have arrived.

-- name: waiting_before
SELECT DISTINCT n.defect_no FROM deliveries d JOIN notices n ON n.no = d.notice_no
WHERE d.state IN ('PENDING', 'SENDING') AND n.created_at < :since ORDER BY n.defect_no;

-- name: doubt
UPDATE deliveries
SET state = CASE WHEN channel = 'webhook' OR CAST(:again AS INTEGER) = 1 THEN 'PENDING' ELSE 'IN_DOUBT' END,
    doubtful_at = :now, handed_over_at = :now, due_at = :now, worker = NULL, lease_until = NULL, fence = fence + 1,
    message_id = CASE WHEN channel = 'email' AND message_id IS NULL
        THEN (SELECT '<' || n.id || '@' || CAST(:domain AS TEXT) || '>' FROM notices n WHERE n.no = deliveries.notice_no)
        ELSE message_id END,
    reply = 'a restored backup does not know whether it was sent'
WHERE state IN ('PENDING', 'SENDING') AND channel IN ('email', 'webhook') AND notice_no IN (
    SELECT no FROM notices WHERE defect_no = :defect_no AND created_at < :since)
RETURNING notice_no;
