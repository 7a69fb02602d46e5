-- Publications and their order

-- name: newest_publication
SELECT sequence, at FROM publications WHERE product_no = :product_no ORDER BY sequence DESC LIMIT 1;

-- name: latest_publications
SELECT product_no, max(sequence) AS sequence FROM publications GROUP BY product_no;

-- name: move_sequence
UPDATE sequence SET value = value + 1 WHERE one = 1 RETURNING value;

-- name: insert_publication
INSERT INTO publications (sequence, product_no, kind, subject, body, at)
VALUES (:sequence, :product_no, :kind, :subject, :body, :at);

-- name: publications_up_to
SELECT sequence, kind, subject, body FROM publications
WHERE product_no = :product_no AND sequence <= :as_of ORDER BY sequence;

-- name: schedule_release
INSERT INTO scheduled_releases (version_no, product_no, offered_at) VALUES (:version_no, :product_no, :offered_at)
ON CONFLICT (version_no) DO UPDATE SET offered_at = excluded.offered_at;

-- name: unschedule_release
DELETE FROM scheduled_releases WHERE version_no = :version_no;

-- name: due_releases
SELECT s.version_no, s.product_no, p.id AS product, v.text, v.status, v.offered_at
FROM scheduled_releases s JOIN versions v ON v.no = s.version_no JOIN products p ON p.no = s.product_no
WHERE s.offered_at <= :now ORDER BY s.offered_at, s.version_no LIMIT 100;

-- Exposures

-- name: exposures_of_install
SELECT d.id AS defect, e.state, e.repaired_at FROM exposures e JOIN defects d ON d.no = e.defect_no
WHERE e.install_no = :install_no;

-- name: write_exposure
INSERT INTO exposures (defect_no, install_no, state, since) VALUES (:defect_no, :install_no, :after, :at)
ON CONFLICT (defect_no, install_no) DO UPDATE SET state = excluded.state, since = excluded.since;

-- name: write_exposure_change
INSERT INTO exposure_changes (defect_no, install_no, before, after, cause, at)
VALUES (:defect_no, :install_no, :before, :after, :cause, :at);

-- name: exposed_among
SELECT n.recipient FROM notices n
JOIN notice_installs l ON l.notice_no = n.no
JOIN exposures e ON e.defect_no = n.defect_no AND e.install_no = l.install_no
WHERE n.defect_no = :defect_no AND n.recipient > :low AND n.recipient <= :high AND e.state IS NOT NULL
GROUP BY n.recipient;

-- Notices owed

-- name: lock_customers
SELECT no FROM customers WHERE 1 = 0 AND no > :low AND no <= :high;

-- name: lock_customers (postgresql)
SELECT no FROM customers WHERE no > :low AND no <= :high ORDER BY no FOR NO KEY UPDATE;

-- name: notices_of_span
SELECT n.no, n.id, n.recipient, n.kind, n.episode, n.state,
    EXISTS (SELECT 1 FROM deliveries d WHERE d.notice_no = n.no AND d.handed_over_at IS NOT NULL) AS handed_over
FROM notices n WHERE n.defect_no = :defect_no AND n.recipient > :low AND n.recipient <= :high ORDER BY n.no;

-- name: insert_notice
INSERT INTO notices (id, defect_no, recipient, kind, episode, revision, generation, state, created_at)
VALUES (:id, :defect_no, :recipient, :kind, :episode, :revision, :generation, 'PENDING', :since);

-- name: insert_line
INSERT INTO notice_installs (notice_no, install_no, joined_at)
SELECT no, :install_no, :at FROM notices WHERE id = :notice
ON CONFLICT (notice_no, install_no) DO NOTHING;

-- name: copy_lines
INSERT INTO notice_installs (notice_no, install_no, joined_at)
SELECT n.no, l.install_no, :at FROM notices n JOIN notice_installs l ON l.notice_no = :told_no WHERE n.id = :notice
ON CONFLICT (notice_no, install_no) DO NOTHING;

-- name: insert_delivery
INSERT INTO deliveries (notice_no, channel, address, state, attempts, due_at, fence, priority)
SELECT no, :channel, :address, 'PENDING', 0, :at, 0, :priority FROM notices WHERE id = :notice;

-- name: copy_deliveries
INSERT INTO deliveries (notice_no, channel, address, state, attempts, due_at, fence, priority)
SELECT n.no, d.channel, d.address, 'PENDING', 0, :at, 0, :priority
FROM notices n JOIN deliveries d ON d.notice_no = :told_no
WHERE n.id = :notice AND (d.state IN ('SENT', 'IN_DOUBT') OR d.handed_over_at IS NOT NULL);

-- A second sending of what was in doubt is called off back to in doubt: the first may have arrived.

-- name: cancel_unfitting
UPDATE notices SET reason = :reason, state = CASE WHEN EXISTS (
    SELECT 1 FROM deliveries d WHERE d.notice_no = notices.no AND d.handed_over_at IS NOT NULL)
    THEN 'IN_DOUBT' ELSE 'CANCELLED' END
WHERE defect_no = :defect_no AND recipient > :low AND recipient <= :high AND state = 'PENDING' AND NOT (
    (kind = 'warning' AND EXISTS (SELECT 1 FROM notice_installs l JOIN exposures e ON e.install_no = l.install_no
        WHERE l.notice_no = notices.no AND e.defect_no = :defect_no AND e.state IN ('at_risk', 'cannot_tell')))
    OR (kind = 'recovery' AND EXISTS (SELECT 1 FROM notice_installs l JOIN exposures e ON e.install_no = l.install_no
        WHERE l.notice_no = notices.no AND e.defect_no = :defect_no AND e.state IN ('already_upgraded', 'repair_owed')))
    OR (kind = 'correction' AND EXISTS (SELECT 1 FROM notice_installs l JOIN exposures e ON e.install_no = l.install_no
        WHERE l.notice_no = notices.no AND e.defect_no = :defect_no AND e.state IS NOT NULL))
    OR (kind = 'all_clear' AND NOT EXISTS (SELECT 1 FROM notice_installs l JOIN exposures e ON e.install_no = l.install_no
        WHERE l.notice_no = notices.no AND e.defect_no = :defect_no AND e.state IN ('at_risk', 'cannot_tell'))));

-- name: cancel_their_deliveries
UPDATE deliveries SET reply = :reason, state = CASE WHEN handed_over_at IS NULL THEN 'CANCELLED' ELSE 'IN_DOUBT' END
WHERE state = 'PENDING' AND notice_no IN (
    SELECT no FROM notices WHERE defect_no = :defect_no AND recipient > :low AND recipient <= :high
    AND state IN ('CANCELLED', 'IN_DOUBT'));

-- name: bring_up_to_date
UPDATE notices SET generation = :generation, revision = :revision
WHERE defect_no = :defect_no AND recipient > :low AND recipient <= :high AND state = 'PENDING';

-- name: leave_old_notices
DELETE FROM notice_installs WHERE install_no = :install_no AND notice_no IN (
    SELECT no FROM notices WHERE state = 'PENDING' AND recipient <> :recipient);

-- Sweeps

-- name: insert_sweep
INSERT INTO sweeps (product_no, defect_no, cause, generation, told_anew, started_at)
VALUES (:product_no, :defect_no, :cause, :generation, :told_anew, :at);

-- name: claim_sweep
SELECT s.no, s.product_no, s.cause, s.generation, s.told_anew, s.position, s.started_at, d.id AS defect, p.id AS product
FROM sweeps s JOIN defects d ON d.no = s.defect_no JOIN products p ON p.no = s.product_no
WHERE s.finished_at IS NULL ORDER BY s.no LIMIT 1;

-- name: claim_sweep (postgresql)
SELECT s.no, s.product_no, s.cause, s.generation, s.told_anew, s.position, s.started_at, d.id AS defect, p.id AS product
FROM sweeps s JOIN defects d ON d.no = s.defect_no JOIN products p ON p.no = s.product_no
WHERE s.finished_at IS NULL ORDER BY s.no LIMIT 1 FOR UPDATE OF s SKIP LOCKED;

-- name: end_of_page
SELECT max(recipient) AS high, count(*) AS recipients FROM (
    SELECT DISTINCT recipient FROM installs WHERE product_no = :product_no AND recipient > :low
    ORDER BY recipient LIMIT :size) page;

-- name: lock_installs
SELECT no FROM installs WHERE 1 = 0 AND product_no = :product_no AND recipient > :low AND recipient <= :high;

-- name: lock_installs (postgresql)
SELECT no FROM installs WHERE product_no = :product_no AND recipient > :low AND recipient <= :high
ORDER BY no FOR NO KEY UPDATE;

-- name: move_sweep
UPDATE sweeps SET position = :position WHERE no = :no AND finished_at IS NULL;

-- name: finish_sweep
UPDATE sweeps SET finished_at = :at WHERE no = :no AND finished_at IS NULL;

-- name: open_sweeps
SELECT count(*) FROM sweeps WHERE finished_at IS NULL AND (CAST(:defect_no AS INTEGER) IS NULL OR defect_no = :defect_no);

-- Checks

-- name: product_no
SELECT no FROM products WHERE id = :product;

-- name: insert_check
INSERT INTO checks (install_no, from_version, to_version, decision, sequence, at)
SELECT no, :from_version, :to_version, :decision, :sequence, :at FROM installs WHERE id = :install;

-- name: insert_accepted_risk
INSERT INTO accepted_risks (defect_no, install_no, from_version, to_version, accepted_by, at)
SELECT d.no, (SELECT i.no FROM installs i WHERE i.id = :install), :from_version, :to_version, :accepted_by, :at
FROM defects d WHERE d.id = :defect;

-- Customers whose contacts changed, or who are forgotten

-- name: route_waiting
INSERT INTO deliveries (notice_no, channel, address, state, attempts, due_at, fence, priority)
SELECT no, :channel, :address, 'PENDING', 0, :at, 0,
    COALESCE((SELECT min(w.priority) FROM deliveries w WHERE w.notice_no = notices.no), 3)
FROM notices WHERE recipient = :recipient AND state = 'PENDING' AND kind IN ('warning', 'recovery')
ON CONFLICT (notice_no, channel) DO UPDATE SET address = excluded.address WHERE deliveries.state = 'PENDING';

-- name: exposed_installs_of
SELECT e.install_no, e.state, d.id AS defect FROM installs i JOIN exposures e ON e.install_no = i.no
JOIN defects d ON d.no = e.defect_no
WHERE i.recipient = :recipient AND e.state IS NOT NULL ORDER BY e.install_no, d.no;

-- name: erase_acceptor
UPDATE accepted_risks SET accepted_by = 'erased' WHERE accepted_by = :customer;

-- name: erase_deliveries
DELETE FROM deliveries WHERE notice_no IN (SELECT no FROM notices WHERE recipient = :recipient);

-- name: erase_lines
DELETE FROM notice_installs WHERE notice_no IN (SELECT no FROM notices WHERE recipient = :recipient);

-- name: erase_notices
DELETE FROM notices WHERE recipient = :recipient;

-- Progress and ledger

-- name: count_deliveries
SELECT d.state, d.channel, count(*) AS deliveries FROM deliveries d JOIN notices n ON n.no = d.notice_no
WHERE n.defect_no = :defect_no GROUP BY d.state, d.channel;

-- name: sent_since
SELECT count(*) FROM deliveries d JOIN notices n ON n.no = d.notice_no
WHERE n.defect_no = :defect_no AND d.sent_at >= :since;

-- name: delivered
SELECT min(sent_at) AS first_at, count(*) AS notices FROM notices
WHERE defect_no = :defect_no AND kind IN ('warning', 'recovery') AND sent_at IS NOT NULL;

-- name: delivery_seconds_at_rank
SELECT (julianday(sent_at) - julianday(created_at)) * 86400.0 AS seconds FROM notices
WHERE defect_no = :defect_no AND kind IN ('warning', 'recovery') AND sent_at IS NOT NULL
ORDER BY seconds LIMIT 1 OFFSET :skip;

-- name: delivery_seconds_at_rank (postgresql)
SELECT EXTRACT(EPOCH FROM CAST(sent_at AS TIMESTAMPTZ) - CAST(created_at AS TIMESTAMPTZ)) AS seconds FROM notices
WHERE defect_no = :defect_no AND kind IN ('warning', 'recovery') AND sent_at IS NOT NULL
ORDER BY seconds LIMIT 1 OFFSET :skip;

-- name: count_accepted_risks
SELECT count(*) FROM (
    SELECT DISTINCT install_no, CASE WHEN install_no IS NULL THEN accepted_by END AS by_name
    FROM accepted_risks WHERE defect_no = :defect_no
) AS takers;

-- name: count_in_doubt
SELECT count(*) FROM notices WHERE defect_no = :defect_no AND state = 'IN_DOUBT';

-- Notices as they are read

-- name: list_notices
SELECT n.*, d.id AS defect, r.body FROM notices n JOIN defects d ON d.no = n.defect_no
JOIN revisions r ON r.defect_no = n.defect_no AND r.revision = n.revision
WHERE n.no > :after
    AND (CAST(:defect AS TEXT) IS NULL OR d.id = :defect)
    AND (CAST(:customer AS TEXT) IS NULL OR n.recipient = (SELECT c.no FROM customers c WHERE c.id = :customer))
    AND (CAST(:install AS TEXT) IS NULL OR EXISTS (
        SELECT 1 FROM notice_installs l JOIN installs i ON i.no = l.install_no WHERE l.notice_no = n.no AND i.id = :install))
ORDER BY n.no LIMIT :limit;

-- name: find_notice
SELECT n.*, d.id AS defect, r.body FROM notices n JOIN defects d ON d.no = n.defect_no
JOIN revisions r ON r.defect_no = n.defect_no AND r.revision = n.revision
WHERE n.id = :id;

-- name: installs_of_notice
SELECT i.id FROM notice_installs l JOIN installs i ON i.no = l.install_no WHERE l.notice_no = :notice_no ORDER BY i.no;

-- name: opened_installs_of_notice
SELECT i.id FROM notices n JOIN notice_installs l ON l.notice_no = n.no JOIN installs i ON i.no = l.install_no
WHERE n.id = :notice AND i.token_hash = :token_hash ORDER BY i.no;

-- name: mark_seen
UPDATE notices SET seen_at = :at WHERE no = :no AND seen_at IS NULL;

-- name: mark_chosen
UPDATE notices SET chosen = :remedy, seen_at = COALESCE(seen_at, :at) WHERE no = :no;

-- name: log_repaired
INSERT INTO exposure_changes (defect_no, install_no, before, after, cause, at)
SELECT e.defect_no, e.install_no, e.state, NULL, 'repaired', :at
FROM notices n JOIN notice_installs l ON l.notice_no = n.no
JOIN exposures e ON e.defect_no = n.defect_no AND e.install_no = l.install_no
WHERE n.no = :notice_no AND e.state = 'repair_owed';

-- name: mark_repaired
UPDATE exposures SET state = NULL, since = :at, repaired_at = :at
WHERE state = 'repair_owed'
    AND defect_no = (SELECT n.defect_no FROM notices n WHERE n.no = :notice_no)
    AND install_no IN (SELECT l.install_no FROM notice_installs l WHERE l.notice_no = :notice_no);

-- What the app shows: what concerns the install still, and an all-clear until it was seen. What is unsent is shown
-- only under the defect's present generation and while nothing pauses it.

-- name: notices_to_show
SELECT n.*, d.id AS defect, r.body,
    n.state = 'PENDING' AND EXISTS (SELECT 1 FROM deliveries w
        WHERE w.notice_no = n.no AND w.channel = 'in_app' AND w.state = 'PENDING') AS waits_in_app
FROM notice_installs l JOIN notices n ON n.no = l.notice_no
JOIN defects d ON d.no = n.defect_no
JOIN revisions r ON r.defect_no = n.defect_no AND r.revision = n.revision
LEFT JOIN exposures e ON e.defect_no = n.defect_no AND e.install_no = l.install_no
WHERE l.install_no = :install_no AND n.state NOT IN ('CANCELLED', 'FAILED')
    AND (n.state IN ('SENT', 'IN_DOUBT') OR (n.generation = d.generation AND NOT EXISTS (
        SELECT 1 FROM holds h WHERE h.defect_no = d.no AND h.kind = 'pause' AND h.ended_at IS NULL AND h.until > :at)))
    AND CASE n.kind
        WHEN 'warning' THEN e.state IN ('at_risk', 'cannot_tell')
        WHEN 'recovery' THEN e.state IN ('already_upgraded', 'repair_owed')
        WHEN 'correction' THEN e.state IS NOT NULL
        ELSE n.seen_at IS NULL END
ORDER BY n.no;

-- name: deliver_in_app
UPDATE deliveries SET state = 'SENT', sent_at = :at
WHERE notice_no = :no AND channel = 'in_app' AND state = 'PENDING';

-- name: mark_shown
UPDATE notices SET state = 'SENT', sent_at = COALESCE(sent_at, :at) WHERE no = :no AND state = 'PENDING';
