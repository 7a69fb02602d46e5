-- What waits stands in queues: of one channel, one defect and one generation of it, one priority. The first of each is
-- found from the one before it, in the order of the index `deliveries_due`, however many stand behind that.

-- name: heads
WITH RECURSIVE heads (no) AS (
    SELECT (SELECT d.no FROM deliveries d WHERE d.state = 'PENDING' AND d.channel = c.value
        ORDER BY d.defect_no, d.generation, d.priority, d.due_at LIMIT 1)
    FROM json_each(:channels) c
    UNION ALL
    SELECT COALESCE(
        (SELECT d.no FROM deliveries d WHERE d.state = 'PENDING' AND d.channel = p.channel
            AND d.defect_no = p.defect_no AND d.generation = p.generation AND d.priority > p.priority
            ORDER BY d.priority, d.due_at LIMIT 1),
        (SELECT d.no FROM deliveries d WHERE d.state = 'PENDING' AND d.channel = p.channel
            AND d.defect_no = p.defect_no AND d.generation > p.generation
            ORDER BY d.generation, d.priority, d.due_at LIMIT 1),
        (SELECT d.no FROM deliveries d WHERE d.state = 'PENDING' AND d.channel = p.channel
            AND d.defect_no > p.defect_no
            ORDER BY d.defect_no, d.generation, d.priority, d.due_at LIMIT 1))
    FROM heads h JOIN deliveries p ON p.no = h.no)
SELECT d.channel, d.defect_no, d.generation, d.priority, d.due_at, f.generation AS present,
    CASE WHEN EXISTS (SELECT 1 FROM sweeps s WHERE s.defect_no = f.no AND s.finished_at IS NULL)
        THEN 1 ELSE 0 END AS is_swept,
    CASE WHEN EXISTS (SELECT 1 FROM mail_hold) OR EXISTS (SELECT 1 FROM holds p WHERE p.defect_no = f.no
        AND p.kind = 'pause' AND p.ended_at IS NULL AND p.until > :now) THEN 1 ELSE 0 END AS is_held
FROM heads h JOIN deliveries d ON d.no = h.no LEFT JOIN defects f ON f.no = d.defect_no;

-- All by keys: PostgreSQL expects a thousand heads, and would read all deliveries to join them.

-- name: heads (postgresql)
WITH RECURSIVE heads (channel, defect_no, generation, priority, due_at) AS (
    SELECT first.* FROM json_array_elements_text(CAST(:channels AS JSON)) c CROSS JOIN LATERAL (
        SELECT d.channel, d.defect_no, d.generation, d.priority, d.due_at FROM deliveries d
        WHERE d.state = 'PENDING' AND d.channel = c.value
        ORDER BY d.defect_no, d.generation, d.priority, d.due_at LIMIT 1) first
    UNION ALL
    SELECT next.* FROM heads h CROSS JOIN LATERAL (
        SELECT d.channel, d.defect_no, d.generation, d.priority, d.due_at FROM deliveries d
        WHERE d.state = 'PENDING' AND d.channel = h.channel
            AND (d.defect_no, d.generation, d.priority) > (h.defect_no, h.generation, h.priority)
        ORDER BY d.defect_no, d.generation, d.priority, d.due_at LIMIT 1) next)
SELECT h.channel, h.defect_no, h.generation, h.priority, h.due_at,
    (SELECT f.generation FROM defects f WHERE f.no = h.defect_no) AS present,
    CASE WHEN EXISTS (SELECT 1 FROM sweeps s WHERE s.defect_no = h.defect_no AND s.finished_at IS NULL)
        THEN 1 ELSE 0 END AS is_swept,
    CASE WHEN EXISTS (SELECT 1 FROM mail_hold) OR EXISTS (SELECT 1 FROM holds p WHERE p.defect_no = h.defect_no
        AND p.kind = 'pause' AND p.ended_at IS NULL AND p.until > :now) THEN 1 ELSE 0 END AS is_held
FROM heads h;

-- As it will be when it is claimed. PostgreSQL holds it against other workers.

-- name: due
SELECT d.no, d.notice_no, n.id AS notice, d.fence + 1 AS fence, d.attempts + 1 AS attempts, d.channel, d.address,
    d.message_id, n.kind, d.defect_no, n.recipient, d.generation
FROM deliveries d JOIN notices n ON n.no = d.notice_no
WHERE d.state = 'PENDING' AND d.channel = :channel AND d.defect_no = :defect_no AND d.generation = :generation
    AND d.priority = :priority AND d.due_at <= :now
ORDER BY d.due_at, d.no LIMIT :most;

-- name: due (postgresql)
SELECT d.no, d.notice_no, n.id AS notice, d.fence + 1 AS fence, d.attempts + 1 AS attempts, d.channel, d.address,
    d.message_id, n.kind, d.defect_no, n.recipient, d.generation
FROM deliveries d JOIN notices n ON n.no = d.notice_no
WHERE d.state = 'PENDING' AND d.channel = :channel AND d.defect_no = :defect_no AND d.generation = :generation
    AND d.priority = :priority AND d.due_at <= :now
ORDER BY d.due_at LIMIT :most
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

-- What a process of an older version wrote, beside one of this, stands in a queue of no defect.

-- name: adopt
UPDATE deliveries SET
    defect_no = (SELECT n.defect_no FROM notices n WHERE n.no = deliveries.notice_no),
    generation = (SELECT n.generation FROM notices n WHERE n.no = deliveries.notice_no)
WHERE state = 'PENDING' AND channel = :channel AND defect_no = :defect_no AND generation = :generation
    AND priority = :priority;

-- A queue that an older generation made, and that no sweep will come to any more, is let go under the present one.

-- name: let_go
UPDATE deliveries SET generation = :present
WHERE state = 'PENDING' AND channel = :channel AND defect_no = :defect_no AND generation = :generation
    AND priority = :priority
RETURNING notice_no;

-- name: bring_up
UPDATE notices SET
    generation = :present,
    revision = CASE WHEN state = 'PENDING'
        THEN COALESCE((SELECT f.live FROM defects f WHERE f.no = notices.defect_no), revision) ELSE revision END
WHERE no IN (SELECT value FROM json_each(:numbers));

-- name: bring_up (postgresql)
UPDATE notices SET
    generation = :present,
    revision = CASE WHEN state = 'PENDING'
        THEN COALESCE((SELECT f.live FROM defects f WHERE f.no = notices.defect_no), revision) ELSE revision END
WHERE no = ANY(ARRAY(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:numbers AS JSON))));
