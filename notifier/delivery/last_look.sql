-- The last moment. On PostgreSQL the defect is held against a withdrawal until this has committed.

-- name: matters
SELECT d.no, d.fence, CASE WHEN d.generation = f.generation THEN 1 ELSE 0 END AS is_current, f.state AS defect_state,
    CASE WHEN f.no IN (SELECT h.defect_no FROM holds h WHERE h.kind = 'pause'
        AND h.ended_at IS NULL AND h.until > :now) THEN 1 ELSE 0 END AS paused,
    CASE WHEN EXISTS (SELECT 1 FROM mail_hold) THEN 1 ELSE 0 END AS held
FROM deliveries d JOIN defects f ON f.no = d.defect_no
WHERE d.no IN (SELECT value FROM json_each(:numbers)) AND +d.state = 'SENDING';

-- name: matters (postgresql)
SELECT d.no, d.fence, CASE WHEN d.generation = f.generation THEN 1 ELSE 0 END AS is_current, f.state AS defect_state,
    CASE WHEN f.no IN (SELECT h.defect_no FROM holds h WHERE h.kind = 'pause'
        AND h.ended_at IS NULL AND h.until > :now) THEN 1 ELSE 0 END AS paused,
    CASE WHEN EXISTS (SELECT 1 FROM mail_hold) THEN 1 ELSE 0 END AS held
FROM deliveries d JOIN defects f ON f.no = d.defect_no
WHERE d.no = ANY(ARRAY(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:numbers AS JSON))))
    AND d.state || '' = 'SENDING'
ORDER BY d.no FOR UPDATE OF d FOR SHARE OF f;

-- The ordinary case of it, in one answer: messages that speak of one install each may all go, as nothing has changed.
-- `:written` has by the delivery's number what each was written from, its fence before it. A notice with more lines than
-- that one makes more rows, of which one is another. PostgreSQL has to hold the defect, and goes the general way.

-- name: may_all_go
SELECT CASE WHEN count(*) = :messages AND min(
    m.value = d.fence || '/' || l.install_no || '/' || i.version_no || '/' || COALESCE(e.state, '')) THEN 1 ELSE 0 END
FROM json_each(:written) m CROSS JOIN deliveries d ON d.no = CAST(m.key AS INTEGER)
CROSS JOIN defects f ON f.no = d.defect_no
CROSS JOIN notice_installs l ON l.notice_no = d.notice_no CROSS JOIN installs i ON i.no = l.install_no
LEFT JOIN exposures e ON e.defect_no = d.defect_no AND e.install_no = l.install_no
WHERE d.state = 'SENDING' AND d.generation = f.generation AND f.state = 'published'
    AND NOT EXISTS (SELECT 1 FROM mail_hold)
    AND f.no NOT IN (SELECT h.defect_no FROM holds h WHERE h.kind = 'pause'
        AND h.ended_at IS NULL AND h.until > :now);

-- name: may_all_go (postgresql)
SELECT 0 AS no WHERE 1 = 0 AND '' = :written AND 0 = :messages AND '' = :now;

-- Of what was marked ahead, directly before the final dot: whether all still stand, in one answer, and else which do.
-- `:held` has fences by the delivery's number, `:claimed_under` generations by the defect's. A claim is only made under
-- the present generation, and a delivery keeps that of its claim.

-- name: do_all_stand
SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM mail_hold)
    AND NOT EXISTS (
        SELECT 1 FROM json_each(:claimed_under) m CROSS JOIN defects f ON f.no = CAST(m.key AS INTEGER)
        WHERE f.generation <> m.value OR EXISTS (SELECT 1 FROM holds h WHERE h.defect_no = f.no AND h.kind = 'pause'
            AND h.ended_at IS NULL AND h.until > :now))
    AND :deliveries = (
        SELECT count(*) FROM json_each(:held) m CROSS JOIN deliveries d ON d.no = CAST(m.key AS INTEGER)
        WHERE d.state = 'SENDING' AND d.fence = m.value)
    THEN 1 ELSE 0 END;

-- name: do_all_stand (postgresql)
SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM mail_hold)
    AND NOT EXISTS (
        SELECT 1 FROM json_each_text(CAST(:claimed_under AS JSON)) m JOIN defects f ON f.no = CAST(m.key AS BIGINT)
        WHERE f.generation <> CAST(m.value AS BIGINT) OR EXISTS (SELECT 1 FROM holds h WHERE h.defect_no = f.no
            AND h.kind = 'pause' AND h.ended_at IS NULL AND h.until > :now))
    AND :deliveries = (
        SELECT count(*) FROM json_each_text(CAST(:held AS JSON)) m JOIN deliveries d ON d.no = CAST(m.key AS BIGINT)
        WHERE d.no = ANY(ARRAY(SELECT CAST(k.key AS BIGINT) FROM json_each_text(CAST(:held AS JSON)) k))
            AND d.state || '' = 'SENDING' AND d.fence = CAST(m.value AS BIGINT))
    THEN 1 ELSE 0 END;

-- name: still_stand
SELECT d.no, d.fence
FROM deliveries d JOIN defects f ON f.no = d.defect_no
WHERE d.no IN (SELECT value FROM json_each(:numbers)) AND +d.state = 'SENDING' AND d.generation = f.generation
    AND NOT EXISTS (SELECT 1 FROM mail_hold)
    AND f.no NOT IN (SELECT h.defect_no FROM holds h WHERE h.kind = 'pause'
        AND h.ended_at IS NULL AND h.until > :now);

-- name: still_stand (postgresql)
SELECT d.no, d.fence
FROM deliveries d JOIN defects f ON f.no = d.defect_no
WHERE d.no = ANY(ARRAY(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:numbers AS JSON))))
    AND d.state || '' = 'SENDING' AND d.generation = f.generation
    AND NOT EXISTS (SELECT 1 FROM mail_hold)
    AND f.no NOT IN (SELECT h.defect_no FROM holds h WHERE h.kind = 'pause'
        AND h.ended_at IS NULL AND h.until > :now);

-- The installs of several notices, as far as words rest on them.

-- name: standing
SELECT l.notice_no, l.install_no, i.version_no, e.state AS exposure
FROM notice_installs l JOIN notices n ON n.no = l.notice_no JOIN installs i ON i.no = l.install_no
LEFT JOIN exposures e ON e.defect_no = n.defect_no AND e.install_no = l.install_no
WHERE l.notice_no IN (SELECT value FROM json_each(:numbers));

-- name: standing (postgresql)
SELECT l.notice_no, l.install_no, (SELECT i.version_no FROM installs i WHERE i.no = l.install_no) AS version_no,
    (SELECT e.state FROM exposures e WHERE e.install_no = l.install_no
        AND e.defect_no = (SELECT n.defect_no FROM notices n WHERE n.no = l.notice_no)) AS exposure
FROM notice_installs l
WHERE l.notice_no = ANY(ARRAY(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:numbers AS JSON))));

-- SQLite is given those alike at once, and what each has of its own by its number: a statement for each row would give
-- the interpreter's lock away and wait for it as often. PostgreSQL is given all rows (storage.Tx.at_once); the array has
-- it look them up by the index.

-- name: hand_over
UPDATE deliveries
SET handed_over_at = :now, message_id = COALESCE(message_id, m.value)
FROM json_each(:message_ids) m WHERE no = CAST(m.key AS INTEGER) AND +state = 'SENDING' AND fence = :fence;

-- name: hand_over (postgresql)
UPDATE deliveries d SET handed_over_at = r.now, message_id = COALESCE(d.message_id, r.message_id)
FROM json_to_recordset(CAST(:rows AS JSON)) AS r (no BIGINT, fence BIGINT, now TEXT, message_id TEXT)
WHERE d.no = r.no AND d.state || '' = 'SENDING' AND d.fence = r.fence
    AND d.no = ANY(ARRAY(SELECT k.no FROM json_to_recordset(CAST(:rows AS JSON)) AS k (no BIGINT)));
