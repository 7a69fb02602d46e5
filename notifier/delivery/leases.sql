-- Claiming what is due (waiting.sql). The plus keeps SQLite from walking through all that is pending instead of looking up
-- the few that were chosen; what is put behind a state, here and below, keeps PostgreSQL from going through all that ever
-- stood in the index of that state.

-- name: claim
UPDATE deliveries
SET state = 'SENDING', worker = :worker, lease_until = :until, fence = fence + 1, attempts = attempts + 1
WHERE no IN (SELECT value FROM json_each(:numbers)) AND +state = 'PENDING';

-- name: claim (postgresql)
UPDATE deliveries
SET state = 'SENDING', worker = :worker, lease_until = :until, fence = fence + 1, attempts = attempts + 1
WHERE no = ANY(ARRAY(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:numbers AS JSON))))
    AND state || '' = 'PENDING';

-- A notice that waits is under way from here on; one that another channel has brought further stays there.

-- name: follow_claim
UPDATE notices SET state = 'SENDING' WHERE no IN (SELECT value FROM json_each(:numbers)) AND +state = 'PENDING';

-- name: follow_claim (postgresql)
WITH held AS (
    SELECT no FROM notices
    WHERE no = ANY(ARRAY(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:numbers AS JSON))))
    ORDER BY no FOR UPDATE)
UPDATE notices SET state = 'SENDING' WHERE no = ANY(ARRAY(SELECT held.no FROM held)) AND state = 'PENDING';

-- name: renew
UPDATE deliveries SET lease_until = :until
WHERE no = :no AND fence = :fence AND state = 'SENDING' AND lease_until >= :now;

-- PostgreSQL is given all rows at once (storage.Tx.at_once); the array has it look them up by the index.

-- name: renew (postgresql)
UPDATE deliveries d SET lease_until = r.until
FROM json_to_recordset(CAST(:rows AS JSON)) AS r (no BIGINT, fence BIGINT, now TEXT, until TEXT)
WHERE d.no = r.no AND d.fence = r.fence AND d.state || '' = 'SENDING' AND d.lease_until >= r.now
    AND d.no = ANY(ARRAY(SELECT k.no FROM json_to_recordset(CAST(:rows AS JSON)) AS k (no BIGINT)));

-- Leases that ran out.

-- name: expired
SELECT d.no, d.notice_no, n.id AS notice, d.fence, d.attempts, d.channel, d.address, d.message_id, n.kind, n.defect_no,
    n.recipient, d.generation, d.handed_over_at IS NOT NULL AS handed_over
FROM deliveries d JOIN notices n ON n.no = d.notice_no
WHERE d.state = 'SENDING' AND d.lease_until < :now ORDER BY d.lease_until, d.no LIMIT 500;
