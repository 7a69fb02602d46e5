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

-- name: publications_of_product
SELECT kind, subject, body FROM publications
WHERE product_no = :product_no AND kind IN ('product', 'release') ORDER BY sequence;

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

-- One that is over and was not repaired is as good as none: an install collects them for as long as it lives.

-- name: exposures_of_installs
SELECT e.install_no, d.id, e.state, e.repaired_at FROM exposures e JOIN defects d ON d.no = e.defect_no
WHERE e.install_no IN (SELECT value FROM json_each(:numbers)) AND (e.state IS NOT NULL OR e.repaired_at IS NOT NULL);

-- name: exposures_of_installs (postgresql)
SELECT e.install_no, d.id, e.state, e.repaired_at FROM exposures e JOIN defects d ON d.no = e.defect_no
WHERE e.install_no = ANY(ARRAY(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:numbers AS JSON))))
    AND (e.state IS NOT NULL OR e.repaired_at IS NOT NULL);

-- Notices owed

-- name: lock_customers
SELECT no FROM customers WHERE 1 = 0 AND no > :low AND no <= :high;

-- name: lock_customers (postgresql)
SELECT count(*) FROM (
    SELECT no FROM customers WHERE no > :low AND no <= :high ORDER BY no FOR NO KEY UPDATE) held;

-- name: lock_recipients
SELECT no FROM customers WHERE 1 = 0 AND name = :numbers;

-- name: lock_recipients (postgresql)
SELECT no FROM customers WHERE no = ANY(ARRAY(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:numbers AS JSON))))
ORDER BY no FOR NO KEY UPDATE;

-- Sweeps

-- name: insert_sweep
INSERT INTO sweeps (product_no, defect_no, cause, generation, told_anew, started_at, notices_before, changes_before)
VALUES (:product_no, :defect_no, :cause, :generation, :told_anew, :at,
    (SELECT COALESCE(max(no), 0) FROM notices), (SELECT COALESCE(max(no), 0) FROM exposure_changes));

-- name: is_anything_due
SELECT CASE WHEN EXISTS (SELECT 1 FROM sweeps WHERE finished_at IS NULL)
    OR EXISTS (SELECT 1 FROM scheduled_releases WHERE offered_at <= :now) THEN 1 ELSE 0 END AS is_due;

-- name: claim_sweep
SELECT s.no, s.product_no, s.cause, s.generation, s.told_anew, s.position, s.started_at, d.id AS defect, p.id AS product
FROM sweeps s JOIN defects d ON d.no = s.defect_no JOIN products p ON p.no = s.product_no
WHERE s.finished_at IS NULL ORDER BY s.no LIMIT 1;

-- name: claim_sweep (postgresql)
SELECT s.no, s.product_no, s.cause, s.generation, s.told_anew, s.position, s.started_at, d.id AS defect, p.id AS product
FROM sweeps s JOIN defects d ON d.no = s.defect_no JOIN products p ON p.no = s.product_no
WHERE s.finished_at IS NULL ORDER BY s.no LIMIT 1 FOR UPDATE OF s SKIP LOCKED;

-- name: open_sweeps_of
SELECT s.no, s.cause, s.generation, s.told_anew, s.started_at, d.id AS defect, p.id AS product
FROM sweeps s JOIN defects d ON d.no = s.defect_no JOIN products p ON p.no = s.product_no
WHERE s.finished_at IS NULL AND s.product_no = :product_no ORDER BY s.no;

-- name: end_of_page
SELECT max(recipient) AS high, count(*) AS recipients FROM (
    SELECT DISTINCT recipient FROM installs WHERE product_no = :product_no AND recipient > :low
    ORDER BY recipient LIMIT :size) page;

-- name: lock_installs
SELECT no FROM installs WHERE 1 = 0 AND product_no = :product_no AND recipient > :low AND recipient <= :high;

-- name: lock_installs (postgresql)
SELECT count(*) FROM (
    SELECT no FROM installs WHERE product_no = :product_no AND recipient > :low AND recipient <= :high
    ORDER BY no FOR NO KEY UPDATE) held;

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

-- Customers whose contacts changed

-- name: route_waiting
INSERT INTO deliveries
    (notice_no, channel, address, state, attempts, due_at, fence, priority, defect_no, generation)
SELECT no, :channel, :address, 'PENDING', 0, :at, 0,
    COALESCE((SELECT min(w.priority) FROM deliveries w WHERE w.notice_no = notices.no), 3), defect_no, generation
FROM notices WHERE recipient = :recipient AND state = 'PENDING' AND kind IN ('warning', 'recovery')
ON CONFLICT (notice_no, channel) DO UPDATE SET address = excluded.address WHERE deliveries.state = 'PENDING';

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

-- name: count_recipients
SELECT count(*) FROM (
    SELECT DISTINCT n.recipient FROM notices n JOIN defects d ON d.no = n.defect_no WHERE d.id = :defect LIMIT :most) told;

-- name: find_notice
SELECT n.*, d.id AS defect, r.body FROM notices n JOIN defects d ON d.no = n.defect_no
JOIN revisions r ON r.defect_no = n.defect_no AND r.revision = n.revision
WHERE n.id = :id;

-- name: installs_of_notices
SELECT l.notice_no, i.id FROM notice_installs l JOIN installs i ON i.no = l.install_no
WHERE l.notice_no IN (SELECT value FROM json_each(:numbers))
ORDER BY l.notice_no, i.no;

-- name: installs_of_notices (postgresql)
SELECT l.notice_no, i.id FROM notice_installs l JOIN installs i ON i.no = l.install_no
WHERE l.notice_no = ANY(ARRAY(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:numbers AS JSON))))
ORDER BY l.notice_no, i.no;

-- name: opened_installs_of_notice
SELECT i.id FROM notices n JOIN notice_installs l ON l.notice_no = n.no JOIN installs i ON i.no = l.install_no
WHERE n.id = :notice AND i.token_hash = :token_hash ORDER BY i.no;

-- name: mark_seen
UPDATE notices SET seen_at = :at WHERE no = :no AND seen_at IS NULL;

-- name: mark_chosen
UPDATE notices SET chosen = :remedy, chosen_at = COALESCE(chosen_at, :at), seen_at = COALESCE(seen_at, :at)
WHERE no = :no;

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
SELECT l.install_no, n.*, d.id AS defect, r.body,
    n.state = 'PENDING' AND EXISTS (SELECT 1 FROM deliveries w
        WHERE w.notice_no = n.no AND w.channel = 'in_app' AND w.state = 'PENDING') AS waits_in_app
FROM notice_installs l JOIN notices n ON n.no = l.notice_no
JOIN defects d ON d.no = n.defect_no
JOIN revisions r ON r.defect_no = n.defect_no AND r.revision = n.revision
LEFT JOIN exposures e ON e.defect_no = n.defect_no AND e.install_no = l.install_no
WHERE l.install_no IN (SELECT value FROM json_each(:numbers)) AND n.state NOT IN ('CANCELLED', 'FAILED')
    AND (n.state IN ('SENT', 'IN_DOUBT') OR (n.generation = d.generation AND NOT EXISTS (
        SELECT 1 FROM holds h WHERE h.defect_no = d.no AND h.kind = 'pause' AND h.ended_at IS NULL AND h.until > :at)))
    AND CASE n.kind
        WHEN 'warning' THEN e.state IN ('at_risk', 'cannot_tell')
        WHEN 'recovery' THEN e.state IN ('already_upgraded', 'repair_owed')
        WHEN 'correction' THEN e.state IS NOT NULL
        ELSE n.seen_at IS NULL END
ORDER BY l.install_no, n.no;

-- OFFSET 0: the lines are looked up first. Where a table has just begun to fill PostgreSQL would read all notices.

-- name: notices_to_show (postgresql)
SELECT l.install_no, n.*, d.id AS defect, r.body,
    n.state = 'PENDING' AND EXISTS (SELECT 1 FROM deliveries w
        WHERE w.notice_no = n.no AND w.channel = 'in_app' AND w.state = 'PENDING') AS waits_in_app
FROM (SELECT install_no, notice_no FROM notice_installs
    WHERE install_no = ANY(ARRAY(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:numbers AS JSON))))
    OFFSET 0) l
JOIN notices n ON n.no = l.notice_no
JOIN defects d ON d.no = n.defect_no
JOIN revisions r ON r.defect_no = n.defect_no AND r.revision = n.revision
LEFT JOIN exposures e ON e.defect_no = n.defect_no AND e.install_no = l.install_no
WHERE n.state NOT IN ('CANCELLED', 'FAILED')
    AND (n.state IN ('SENT', 'IN_DOUBT') OR (n.generation = d.generation AND NOT EXISTS (
        SELECT 1 FROM holds h WHERE h.defect_no = d.no AND h.kind = 'pause' AND h.ended_at IS NULL AND h.until > :at)))
    AND CASE n.kind
        WHEN 'warning' THEN e.state IN ('at_risk', 'cannot_tell')
        WHEN 'recovery' THEN e.state IN ('already_upgraded', 'repair_owed')
        WHEN 'correction' THEN e.state IS NOT NULL
        ELSE n.seen_at IS NULL END
ORDER BY l.install_no, n.no;

-- name: deliver_in_app
UPDATE deliveries SET state = 'SENT', sent_at = :at
WHERE notice_no IN (SELECT value FROM json_each(:numbers)) AND channel = 'in_app' AND state = 'PENDING';

-- name: deliver_in_app (postgresql)
UPDATE deliveries SET state = 'SENT', sent_at = :at
WHERE notice_no = ANY(ARRAY(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:numbers AS JSON))))
    AND channel = 'in_app' AND state = 'PENDING';

-- name: mark_first_shown
UPDATE notices SET shown_at = :at
WHERE no IN (SELECT value FROM json_each(:numbers)) AND shown_at IS NULL;

-- name: mark_first_shown (postgresql)
UPDATE notices SET shown_at = :at
WHERE no = ANY(ARRAY(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:numbers AS JSON)))) AND shown_at IS NULL;

-- name: mark_shown
UPDATE notices SET state = 'SENT', sent_at = COALESCE(sent_at, :at)
WHERE no IN (SELECT value FROM json_each(:numbers)) AND state = 'PENDING';

-- name: mark_shown (postgresql)
UPDATE notices SET state = 'SENT', sent_at = COALESCE(sent_at, :at)
WHERE no = ANY(ARRAY(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:numbers AS JSON))))
    AND state = 'PENDING';

-- Previews: what was shown of a defect's audience

-- name: add_preview
INSERT INTO previews (defect_no, revision, person, at, at_risk, cannot_tell, already_upgraded, repair_owed, customers, as_of)
VALUES (:defect_no, :revision, :person, :at, :at_risk, :cannot_tell, :already_upgraded, :repair_owed, :customers, :as_of);

-- Somebody's own goes before a newer one of another person.

-- name: latest_preview
SELECT revision, person, at, at_risk, cannot_tell, already_upgraded, repair_owed, customers, as_of FROM previews
WHERE defect_no = :defect_no AND revision = :revision
ORDER BY CASE WHEN person = :person THEN 0 ELSE 1 END, no DESC LIMIT 1;

-- name: people_of_previews
SELECT DISTINCT person FROM previews;

-- name: forget_previews
DELETE FROM previews WHERE person = :person;

-- Releases that came after what stands published of a defect.

-- name: releases_since
SELECT r.subject FROM publications r
WHERE r.product_no = :product_no AND r.kind = 'release'
GROUP BY r.subject HAVING min(r.sequence) > (
    SELECT max(d.sequence) FROM publications d
    WHERE d.product_no = :product_no AND d.kind = 'defect' AND d.subject = :defect);
