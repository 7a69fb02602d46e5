-- Writing down what is owed. The statements of one writing share three tables of the connection's own, empty between two
-- writings: `assessed` holds what the exposure of each install was and is, and the kind of notice that it calls for;
-- `looked_at` what waits for its recipients, and then what of it is to be called off; `owed_to` the recipients of one
-- kind, which episode it is for them, and the notice that told them before, where this one follows up on it.
-- `:past` is the last notice that was there before: every kind is decided on the same state of things.

-- name: make_assessed
CREATE TEMP TABLE IF NOT EXISTS assessed (install_no BIGINT, recipient BIGINT, before TEXT, after TEXT, kind TEXT);

-- name: make_assessed (postgresql)
CREATE TEMP TABLE IF NOT EXISTS assessed (install_no BIGINT, recipient BIGINT, before TEXT, after TEXT, kind TEXT)
ON COMMIT DELETE ROWS;

-- name: make_looked_at
CREATE TEMP TABLE IF NOT EXISTS looked_at (no BIGINT, kind TEXT);

-- name: make_looked_at (postgresql)
CREATE TEMP TABLE IF NOT EXISTS looked_at (no BIGINT, kind TEXT) ON COMMIT DELETE ROWS;

-- name: make_owed_to
CREATE TEMP TABLE IF NOT EXISTS owed_to (recipient INTEGER PRIMARY KEY, episode BIGINT, told_no BIGINT);

-- name: make_owed_to (postgresql)
CREATE TEMP TABLE IF NOT EXISTS owed_to (recipient BIGINT PRIMARY KEY, episode BIGINT, told_no BIGINT)
ON COMMIT DELETE ROWS;

-- name: assess
INSERT INTO assessed (install_no, recipient, before, after, kind)
VALUES (:install_no, :recipient, :before, :after, :kind);

-- name: assess (postgresql)
INSERT INTO assessed (install_no, recipient, before, after, kind)
SELECT install_no, recipient, before, after, kind FROM json_to_recordset(CAST(:rows AS JSON))
    AS r (install_no BIGINT, recipient BIGINT, before TEXT, after TEXT, kind TEXT);

-- name: forget_assessed
DELETE FROM assessed;

-- name: forget_looked_at
DELETE FROM looked_at;

-- name: forget_owed_to
DELETE FROM owed_to;

-- name: kinds_assessed
SELECT DISTINCT kind FROM assessed WHERE kind IS NOT NULL;

-- name: last_notice
SELECT COALESCE(max(no), 0) AS past FROM notices;

-- name: write_exposures
INSERT INTO exposures (defect_no, install_no, state, since)
SELECT :defect_no, install_no, after, :at FROM assessed WHERE before IS DISTINCT FROM after
ON CONFLICT (defect_no, install_no) DO UPDATE SET state = excluded.state, since = excluded.since;

-- name: write_exposure_changes
INSERT INTO exposure_changes (defect_no, install_no, before, after, cause, at)
SELECT :defect_no, install_no, before, after, :cause, :at FROM assessed WHERE before IS DISTINCT FROM after;

-- `+defect_no`: the notices are found by their recipients, for each page would else look at all that wait so far.

-- name: look_at_span
INSERT INTO looked_at (no, kind) SELECT no, kind FROM notices
WHERE +defect_no = :defect_no AND recipient > :low AND recipient <= :high AND state = 'PENDING';

-- name: look_at_recipients
INSERT INTO looked_at (no, kind) SELECT no, kind FROM notices
WHERE +defect_no = :defect_no AND recipient IN (SELECT value FROM json_each(:recipients)) AND state = 'PENDING';

-- name: look_at_recipients (postgresql)
INSERT INTO looked_at (no, kind) SELECT no, kind FROM notices
WHERE +defect_no = :defect_no AND state = 'PENDING'
    AND recipient = ANY(ARRAY(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:recipients AS JSON))));

-- OFFSET 0, and a state for each line: both are looked up by their keys. PostgreSQL would else read all of the defect's
-- for each that is looked at, or all lines there are, as it knows nothing of how few are.

-- name: keep_fitting
DELETE FROM looked_at WHERE
    (kind = 'warning' AND EXISTS (SELECT 1 FROM notice_installs l WHERE l.notice_no = looked_at.no AND (
        SELECT e.state FROM exposures e WHERE e.defect_no = :defect_no AND e.install_no = l.install_no)
        IN ('at_risk', 'cannot_tell') LIMIT 1 OFFSET 0))
    OR (kind = 'recovery' AND EXISTS (SELECT 1 FROM notice_installs l WHERE l.notice_no = looked_at.no AND (
        SELECT e.state FROM exposures e WHERE e.defect_no = :defect_no AND e.install_no = l.install_no)
        IN ('already_upgraded', 'repair_owed') LIMIT 1 OFFSET 0))
    OR (kind = 'correction' AND EXISTS (SELECT 1 FROM notice_installs l WHERE l.notice_no = looked_at.no AND (
        SELECT e.state FROM exposures e WHERE e.defect_no = :defect_no AND e.install_no = l.install_no)
        IS NOT NULL LIMIT 1 OFFSET 0))
    OR (kind = 'all_clear' AND NOT EXISTS (SELECT 1 FROM notice_installs l WHERE l.notice_no = looked_at.no AND (
        SELECT e.state FROM exposures e WHERE e.defect_no = :defect_no AND e.install_no = l.install_no)
        IN ('at_risk', 'cannot_tell') LIMIT 1 OFFSET 0));

-- A second sending of what was in doubt is called off back to in doubt: the first may have arrived.

-- name: cancel_unfitting
UPDATE notices SET reason = :reason, state = CASE WHEN EXISTS (
    SELECT 1 FROM deliveries d WHERE d.notice_no = notices.no AND d.handed_over_at IS NOT NULL)
    THEN 'IN_DOUBT' ELSE 'CANCELLED' END
WHERE state = 'PENDING' AND no IN (SELECT no FROM looked_at);

-- name: cancel_unfitting (postgresql)
UPDATE notices SET reason = :reason, state = CASE WHEN EXISTS (
    SELECT 1 FROM deliveries d WHERE d.notice_no = notices.no AND d.handed_over_at IS NOT NULL)
    THEN 'IN_DOUBT' ELSE 'CANCELLED' END
WHERE state = 'PENDING' AND no = ANY(ARRAY(SELECT no FROM looked_at));

-- name: cancel_their_deliveries
UPDATE deliveries SET reply = :reason, state = CASE WHEN handed_over_at IS NULL THEN 'CANCELLED' ELSE 'IN_DOUBT' END
WHERE state = 'PENDING' AND notice_no IN (SELECT no FROM looked_at) AND EXISTS (
    SELECT 1 FROM notices n WHERE n.no = deliveries.notice_no AND n.state IN ('CANCELLED', 'IN_DOUBT'));

-- name: cancel_their_deliveries (postgresql)
UPDATE deliveries SET reply = :reason, state = CASE WHEN handed_over_at IS NULL THEN 'CANCELLED' ELSE 'IN_DOUBT' END
WHERE state = 'PENDING' AND notice_no = ANY(ARRAY(SELECT no FROM looked_at)) AND EXISTS (
    SELECT 1 FROM notices n WHERE n.no = deliveries.notice_no AND n.state IN ('CANCELLED', 'IN_DOUBT'));

-- name: bring_up_to_date
UPDATE notices SET generation = :generation, revision = :revision
WHERE +defect_no = :defect_no AND recipient > :low AND recipient <= :high AND state = 'PENDING';

-- name: bring_their_deliveries_up_to_date
UPDATE deliveries SET generation = :generation WHERE state = 'PENDING' AND notice_no IN (
    SELECT n.no FROM notices n
    WHERE +n.defect_no = :defect_no AND n.recipient > :low AND n.recipient <= :high AND n.state = 'PENDING');

-- name: bring_their_deliveries_up_to_date (postgresql)
UPDATE deliveries SET generation = :generation WHERE state = 'PENDING' AND notice_no = ANY(ARRAY(
    SELECT n.no FROM notices n
    WHERE +n.defect_no = :defect_no AND n.recipient > :low AND n.recipient <= :high AND n.state = 'PENDING'));

-- A warning or a recovery is owed where none of its kind is open: it was called off, or an all-clear closed it. Episodes
-- may have gaps, where the notices came along with an install that was linked to a customer. They are counted here: a
-- statement that reads what it writes puts all of it aside first.

-- name: choose_first
INSERT INTO owed_to (recipient, episode)
SELECT a.recipient, 1 + COALESCE((SELECT max(n.episode) FROM notices n
    WHERE n.recipient = a.recipient AND n.defect_no = :defect_no AND n.kind = :kind), 0)
FROM (SELECT DISTINCT recipient FROM assessed WHERE kind = :kind) a
WHERE NOT EXISTS (
    SELECT 1 FROM notices n
    WHERE n.recipient = a.recipient AND n.defect_no = :defect_no AND n.kind = :kind AND n.state <> 'CANCELLED'
        AND n.no <= :past AND NOT EXISTS (
            SELECT 1 FROM notices c WHERE c.recipient = n.recipient AND c.defect_no = n.defect_no
                AND c.kind = 'all_clear' AND c.state <> 'CANCELLED' AND c.no > n.no AND c.no <= :past));

-- A correction or an all-clear goes to those who were told: their newest warning or recovery, which no all-clear has
-- closed, was sent, or may have been. A correction that waits already is brought up to date instead of followed by
-- another. There is no all-clear while another of their installs stays concerned; when the defect is closed, all who
-- were told hear it, whatever became of their installs.

-- name: choose_told
INSERT INTO owed_to (recipient, episode, told_no)
SELECT t.recipient, 1 + COALESCE((SELECT max(n.episode) FROM notices n
    WHERE n.recipient = t.recipient AND n.defect_no = :defect_no AND n.kind = :kind), 0), t.no
FROM notices t
WHERE +t.defect_no = :defect_no AND t.recipient > :low AND t.recipient <= :high AND t.no <= :past
    AND t.kind IN ('warning', 'recovery') AND t.state <> 'CANCELLED'
    AND (t.state IN ('SENT', 'IN_DOUBT')
        OR EXISTS (SELECT 1 FROM deliveries d WHERE d.notice_no = t.no AND d.handed_over_at IS NOT NULL))
    AND NOT EXISTS (
        SELECT 1 FROM notices later
        WHERE later.recipient = t.recipient AND later.defect_no = t.defect_no AND later.no > t.no AND later.no <= :past
            AND later.kind IN ('warning', 'recovery', 'all_clear') AND later.state <> 'CANCELLED')
    AND (CAST(:closing AS INTEGER) = 1 OR t.recipient IN (SELECT recipient FROM assessed WHERE kind = :kind))
    AND (CAST(:closing AS INTEGER) = 1 OR NOT CASE CAST(:kind AS TEXT)
        WHEN 'correction' THEN EXISTS (
            SELECT 1 FROM notices c
            WHERE c.recipient = t.recipient AND c.defect_no = t.defect_no AND c.kind = 'correction'
                AND c.state = 'PENDING' AND c.no <= :past AND NOT EXISTS (
                    SELECT 1 FROM notices later
                    WHERE later.recipient = c.recipient AND later.defect_no = c.defect_no AND later.no > c.no
                        AND later.no <= :past AND later.kind IN ('correction', 'all_clear')
                        AND later.state <> 'CANCELLED'))
        ELSE EXISTS (
            SELECT 1 FROM notices n JOIN notice_installs l ON l.notice_no = n.no
            JOIN exposures e ON e.defect_no = n.defect_no AND e.install_no = l.install_no
            WHERE n.recipient = t.recipient AND n.defect_no = t.defect_no AND e.state IS NOT NULL) END);

-- Ids are of our own kind (storage.ids): `:moment` is the part that sorts, the rest are 64 random bits in digits that
-- its alphabet has.

-- name: write_notices
INSERT INTO notices (id, defect_no, recipient, kind, episode, revision, generation, state, created_at)
SELECT :moment || lower(hex(randomblob(8))), :defect_no, o.recipient, :kind, o.episode, :revision,
    :generation, 'PENDING', :since
FROM owed_to o ORDER BY o.recipient;

-- name: write_notices (postgresql)
INSERT INTO notices (id, defect_no, recipient, kind, episode, revision, generation, state, created_at)
SELECT :moment || (SELECT left(hex, 4) || right(hex, 12)
        FROM (SELECT replace(CAST(gen_random_uuid() AS TEXT), '-', '') AS hex WHERE o.recipient IS NOT NULL) uuid),
    :defect_no, o.recipient, :kind, o.episode, :revision,
    :generation, 'PENDING', :since
FROM owed_to o ORDER BY o.recipient;

-- Each install is a line of its recipient's newest notice of the kind, be it made just now or open before.

-- name: write_lines
INSERT INTO notice_installs (notice_no, install_no, joined_at)
SELECT (SELECT max(n.no + 0) FROM notices n WHERE n.recipient = a.recipient AND n.defect_no = :defect_no
        AND n.kind = :kind AND n.state <> 'CANCELLED'), a.install_no, :at
FROM assessed a WHERE a.kind = :kind
ON CONFLICT (notice_no, install_no) DO NOTHING;

-- `owing.ways_to` for all at once: where the customer can be reached and wants to be, else in the app.

-- name: write_deliveries
INSERT INTO deliveries
    (notice_no, channel, address, state, attempts, due_at, fence, priority, defect_no, generation)
SELECT reached.no, w.channel, CASE w.channel WHEN 'email' THEN email WHEN 'webhook' THEN webhook END,
    'PENDING', 0, :at, 0, :priority, :defect_no, :generation
FROM (
    SELECT n.no,
        CASE WHEN c.mail_refused_at IS NULL AND (pe.floor IS NULL OR replace(:wanted, pe.floor, '') <> :wanted)
            THEN c.email END AS email,
        CASE WHEN pw.floor IS NULL OR replace(:wanted, pw.floor, '') <> :wanted THEN c.webhook END AS webhook
    FROM owed_to o
    JOIN notices n ON n.recipient = o.recipient AND +n.defect_no = :defect_no AND n.kind = :kind AND n.no > :past
    LEFT JOIN customers c ON c.no = o.recipient
    LEFT JOIN preferences pe ON pe.customer_no = o.recipient AND pe.channel = 'email'
    LEFT JOIN preferences pw ON pw.customer_no = o.recipient AND pw.channel = 'webhook'
) reached CROSS JOIN (SELECT 'email' AS channel UNION ALL SELECT 'in_app' UNION ALL SELECT 'webhook') w
WHERE CASE w.channel WHEN 'email' THEN email IS NOT NULL WHEN 'webhook' THEN webhook IS NOT NULL
    ELSE email IS NULL AND webhook IS NULL END;

-- A follow-up is for the same installs, at the same addresses.

-- name: copy_lines
INSERT INTO notice_installs (notice_no, install_no, joined_at)
SELECT n.no, l.install_no, :at FROM owed_to o
JOIN notices n ON n.recipient = o.recipient AND +n.defect_no = :defect_no AND n.kind = :kind AND n.no > :past
JOIN notice_installs l ON l.notice_no = o.told_no WHERE o.told_no IS NOT NULL
ON CONFLICT (notice_no, install_no) DO NOTHING;

-- name: copy_deliveries
INSERT INTO deliveries
    (notice_no, channel, address, state, attempts, due_at, fence, priority, defect_no, generation)
SELECT n.no, d.channel, d.address, 'PENDING', 0, :at, 0, :priority, n.defect_no, n.generation FROM owed_to o
JOIN notices n ON n.recipient = o.recipient AND +n.defect_no = :defect_no AND n.kind = :kind AND n.no > :past
JOIN deliveries d ON d.notice_no = o.told_no
WHERE d.state IN ('SENT', 'IN_DOUBT') OR d.handed_over_at IS NOT NULL;
