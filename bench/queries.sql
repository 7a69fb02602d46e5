-- name: insert_publication
INSERT INTO publications (sequence, product_no, kind, subject, body, at)
VALUES (:sequence, :product_no, :kind, :subject, :body, :at);

-- name: set_sequence
UPDATE sequence SET value = :value WHERE one = 1;

-- name: version_numbers
SELECT no, text FROM versions WHERE product_no = :product_no ORDER BY no;

-- The bare peer of a sweep: every install is at risk.

-- name: bare_exposures
INSERT INTO exposures (defect_no, install_no, state, since) SELECT 1, no, 'at_risk', :at FROM installs;

-- name: bare_changes
INSERT INTO exposure_changes (defect_no, install_no, after, cause, at)
SELECT 1, no, 'at_risk', 'published', :at FROM installs;

-- name: bare_notices
INSERT INTO notices (id, defect_no, recipient, kind, episode, revision, generation, state, created_at)
SELECT printf('%032d', row_number() OVER ()), 1, recipient, 'warning', 1, 1, 2, 'PENDING', :at
FROM installs GROUP BY recipient;

-- name: bare_notices (postgresql)
INSERT INTO notices (id, defect_no, recipient, kind, episode, revision, generation, state, created_at)
SELECT lpad(CAST(row_number() OVER () AS TEXT), 32, '0'), 1, recipient, 'warning', 1, 1, 2, 'PENDING', :at
FROM installs GROUP BY recipient;

-- name: bare_lines
INSERT INTO notice_installs (notice_no, install_no, joined_at)
SELECT n.no, i.no, :at FROM installs i JOIN notices n ON n.recipient = i.recipient;

-- name: bare_deliveries
INSERT INTO deliveries
    (notice_no, channel, address, state, attempts, due_at, fence, priority, defect_no, generation)
SELECT n.no, CASE WHEN c.no IS NULL THEN 'in_app' ELSE 'email' END, c.email, 'PENDING', 0, :at, 0, 1,
    n.defect_no, n.generation
FROM notices n LEFT JOIN customers c ON c.no = n.recipient;

-- The bare peer of a check-in.

-- name: bare_seen
UPDATE installs SET last_seen_at = :at WHERE id = :id;

-- name: bare_fact
UPDATE footprint_1 SET f_1 = :notebooks WHERE (version_no, install_no) = (SELECT version_no, no FROM installs WHERE id = :id);

-- What a publication has left to do, by the index of what is due.

-- name: unsettled
SELECT 1 FROM sweeps WHERE finished_at IS NULL
UNION SELECT 1 FROM (SELECT no FROM deliveries WHERE state = 'PENDING' LIMIT 1) waiting
UNION SELECT 1 FROM (SELECT no FROM deliveries WHERE state = 'SENDING' LIMIT 1) under_way;

-- name: count_sent
SELECT count(*) FROM deliveries WHERE state = 'SENT';
