-- Claiming: what is due is held, as it will be when it is claimed, and then claimed. What an older generation of its
-- defect made waits until the sweep has looked at it again.

-- name: due
SELECT d.no, d.notice_no, n.id AS notice, d.fence + 1 AS fence, d.attempts + 1 AS attempts, d.channel, d.address,
    d.message_id, n.kind, n.defect_no, n.recipient, n.generation
FROM deliveries d JOIN notices n ON n.no = d.notice_no JOIN defects f ON f.no = n.defect_no
WHERE d.state = 'PENDING' AND d.due_at <= :now AND n.generation = f.generation
    AND (d.channel = 'webhook' OR (d.channel = 'email' AND CAST(:mail AS INTEGER) = 1))
    AND NOT EXISTS (SELECT 1 FROM mail_hold)
    AND f.no NOT IN (SELECT h.defect_no FROM holds h WHERE h.kind = 'pause'
        AND h.ended_at IS NULL AND h.until > :now)
ORDER BY d.priority, d.due_at, d.no LIMIT :most;

-- name: due (postgresql)
SELECT d.no, d.notice_no, n.id AS notice, d.fence + 1 AS fence, d.attempts + 1 AS attempts, d.channel, d.address,
    d.message_id, n.kind, n.defect_no, n.recipient, n.generation
FROM deliveries d JOIN notices n ON n.no = d.notice_no JOIN defects f ON f.no = n.defect_no
WHERE d.state = 'PENDING' AND d.due_at <= :now AND n.generation = f.generation
    AND (d.channel = 'webhook' OR (d.channel = 'email' AND CAST(:mail AS INTEGER) = 1))
    AND NOT EXISTS (SELECT 1 FROM mail_hold)
    AND f.no NOT IN (SELECT h.defect_no FROM holds h WHERE h.kind = 'pause'
        AND h.ended_at IS NULL AND h.until > :now)
ORDER BY d.priority, d.due_at LIMIT :most
FOR UPDATE OF d SKIP LOCKED;

-- What has just been owed is not in PostgreSQL's statistics: it takes what waits for a few rows, fetches and sorts all of
-- them at each claim, where the index has them in their order. So it is kept from sorting while it looks.

-- name: without_sorting
SELECT 1 WHERE 1 = 0;

-- name: without_sorting (postgresql)
SELECT set_config('enable_sort', 'off', true);

-- name: with_sorting
SELECT 1 WHERE 1 = 0;

-- name: with_sorting (postgresql)
SELECT set_config('enable_sort', 'on', true);

-- The plus keeps SQLite from walking through all that is pending instead of looking up the few that were chosen; what is
-- put behind a state, here and below, keeps PostgreSQL from going through all that ever stood in the index of that state.

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

-- Leases that ran out, and what a sweep passed by while it was being sent.

-- name: expired
SELECT d.no, d.notice_no, n.id AS notice, d.fence, d.attempts, d.channel, d.address, d.message_id, n.kind, n.defect_no,
    n.recipient, n.generation, d.handed_over_at IS NOT NULL AS handed_over
FROM deliveries d JOIN notices n ON n.no = d.notice_no
WHERE d.state = 'SENDING' AND d.lease_until < :now ORDER BY d.lease_until, d.no LIMIT 500;

-- name: catch_up
UPDATE notices SET
    generation = (SELECT f.generation FROM defects f WHERE f.no = notices.defect_no),
    revision = CASE WHEN state = 'PENDING'
        THEN COALESCE((SELECT f.live FROM defects f WHERE f.no = notices.defect_no), revision) ELSE revision END
WHERE no IN (
    SELECT n.no FROM deliveries d JOIN notices n ON n.no = d.notice_no JOIN defects f ON f.no = n.defect_no
    WHERE d.state = 'PENDING' AND n.generation <> f.generation
        AND NOT EXISTS (SELECT 1 FROM sweeps s WHERE s.defect_no = f.no AND s.finished_at IS NULL));
