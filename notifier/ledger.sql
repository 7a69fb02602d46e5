-- What became of a defect's exposures, and how far its deliveries are

-- name: end_of_exposures
SELECT max(install_no) AS high FROM (
    SELECT install_no FROM exposures WHERE defect_no = :defect_no AND install_no > :low ORDER BY install_no LIMIT :size) page;

-- One line per exposure, for a span of installs. `:affected` holds the numbers of the affected versions between commas,
-- `:wanted` the floors at which a customer wants to hear of what is this grave (installs_registry.preferences).
--
-- installed_at: when it first had an affected version. moved_at: when it last changed its version.
-- taken_back: the last all-clear before that which proved wrong, since the defect was reopened, or widened to them again:
-- what was said before it did not hold any more. proof_before: the strongest proof from before the install, 6 chosen, 5 seen, 4 shown,
-- 3 delivered, 2 accepted, 1 in doubt, 0 none (notifier.proofs). What came with the answer to the very check-in that
-- reports the affected version came too late. The plus keeps SQLite from reading the notices of all installs for each
-- span: it is to go from the installs.

-- name: ledger_lines
WITH affected AS MATERIALIZED (
    SELECT v.no FROM versions v
    WHERE v.product_no = :product_no AND replace(:affected, ',' || v.no || ',', '') <> :affected
), concerned AS MATERIALIZED (
    SELECT e.install_no, e.state AS exposure, e.repaired_at, i.id AS install, i.recipient, i.version_no,
        c.id AS customer,
        (SELECT min(h.since) FROM install_versions h
            WHERE h.install_no = i.no AND h.version_no IN (SELECT no FROM affected)) AS installed_at,
        (SELECT max(h.since) FROM install_versions h WHERE h.install_no = i.no) AS moved_at,
        CASE WHEN i.token_hash IS NOT NULL
            OR (c.webhook IS NOT NULL AND (pw.floor IS NULL OR replace(:wanted, pw.floor, '') <> :wanted))
            OR (c.email IS NOT NULL AND c.mail_refused_at IS NULL
                AND (pe.floor IS NULL OR replace(:wanted, pe.floor, '') <> :wanted)) THEN 1 ELSE 0 END AS ways
    FROM exposures e JOIN installs i ON i.no = e.install_no LEFT JOIN customers c ON c.no = i.customer_no
    LEFT JOIN preferences pe ON pe.customer_no = c.no AND pe.channel = 'email'
    LEFT JOIN preferences pw ON pw.customer_no = c.no AND pw.channel = 'webhook'
    WHERE e.defect_no = :defect_no AND e.install_no > :low AND e.install_no <= :high
), taken_back AS MATERIALIZED (
    SELECT c.install_no, max(s.notice_no) AS notice_no
    FROM concerned c JOIN notice_steps s ON s.install_no = c.install_no
    WHERE c.installed_at IS NOT NULL AND +s.defect_no = :defect_no AND s.kind = 'all_clear'
        AND (s.accepted_at < c.installed_at OR s.shown_at < c.installed_at OR s.doubtful_at < c.installed_at)
        AND (EXISTS (SELECT 1 FROM sweeps w
                WHERE w.defect_no = s.defect_no AND w.cause = 'reopened' AND w.started_at >= s.owed_at)
            OR EXISTS (SELECT 1 FROM exposure_changes x WHERE x.defect_no = s.defect_no AND x.install_no = c.install_no
                AND x.cause = 'revised' AND x.before IS NULL AND x.at >= s.owed_at))
    GROUP BY c.install_no
), reached AS MATERIALIZED (
    SELECT c.install_no,
        max(CASE WHEN s.notice_no < t.notice_no THEN 0 WHEN s.chosen_at < c.installed_at THEN 6
            WHEN s.seen_at < c.installed_at THEN 5 WHEN s.shown_at < c.installed_at THEN 4
            WHEN s.delivered_at < c.installed_at THEN 3 WHEN s.accepted_at < c.installed_at THEN 2
            WHEN s.doubtful_at < c.installed_at THEN 1 ELSE 0 END) AS proof_before,
        max(CASE WHEN s.chosen_at IS NOT NULL THEN 6 WHEN s.seen_at IS NOT NULL THEN 5
            WHEN s.shown_at IS NOT NULL THEN 4 WHEN s.delivered_at IS NOT NULL THEN 3
            WHEN s.accepted_at IS NOT NULL THEN 2 WHEN s.doubtful_at IS NOT NULL THEN 1 ELSE 0 END) AS proof,
        max(CASE WHEN s.accepted_at >= c.installed_at OR s.shown_at >= c.installed_at OR s.seen_at >= c.installed_at
            OR s.doubtful_at >= c.installed_at THEN 1 ELSE 0 END) AS told_after,
        min(s.owed_at) AS owed_at, min(s.doubtful_at) AS doubtful_at, min(s.accepted_at) AS accepted_at,
        min(s.delivered_at) AS delivered_at, min(s.shown_at) AS shown_at, min(s.seen_at) AS seen_at,
        min(s.chosen_at) AS chosen_at
    FROM concerned c JOIN notice_steps s ON s.install_no = c.install_no
    LEFT JOIN taken_back t ON t.install_no = c.install_no
    WHERE +s.defect_no = :defect_no AND s.kind IN ('warning', 'recovery', 'correction')
    GROUP BY c.install_no
)
SELECT c.install, c.customer, c.recipient, v.text AS version, c.exposure, c.repaired_at,
    CASE WHEN EXISTS (SELECT 1 FROM accepted_risks a WHERE a.defect_no = :defect_no AND a.install_no = c.install_no)
        THEN 1 ELSE 0 END AS took_risk,
    c.ways, CASE WHEN c.version_no IN (SELECT no FROM affected) THEN 1 ELSE 0 END AS affected_now,
    coalesce(r.proof_before, 0) AS proof_before, coalesce(r.proof, 0) AS proof, coalesce(r.told_after, 0) AS told_after,
    c.installed_at, c.moved_at, r.owed_at, r.doubtful_at, r.accepted_at, r.delivered_at, r.shown_at, r.seen_at,
    r.chosen_at
FROM concerned c JOIN versions v ON v.no = c.version_no LEFT JOIN reached r ON r.install_no = c.install_no
ORDER BY c.install_no;

-- When each notice that arrived was owed, and when it arrived first.

-- name: arrivals
SELECT created_at, sent_at FROM notices
WHERE defect_no = :defect_no AND kind IN ('warning', 'recovery') AND sent_at IS NOT NULL;

-- name: count_accepted_risks
SELECT count(*) FROM (
    SELECT DISTINCT install_no, CASE WHEN install_no IS NULL THEN accepted_by END AS by_name
    FROM accepted_risks WHERE defect_no = :defect_no
) AS takers;

-- name: count_in_doubt
SELECT count(*) FROM notices WHERE defect_no = :defect_no AND state = 'IN_DOUBT';

-- By which channels recipients were told: one recipient may count in several.

-- name: recipients_by_channel
SELECT d.channel, count(DISTINCT n.recipient) AS recipients FROM notices n JOIN deliveries d ON d.notice_no = n.no
WHERE n.defect_no = :defect_no AND n.kind IN ('warning', 'recovery') AND d.state = 'SENT' GROUP BY d.channel;

-- How far the deliveries are. What waits in the app waits for the app, and is none of our sending.

-- name: count_deliveries
SELECT d.state, d.channel, d.lane, count(*) AS deliveries,
    sum(CASE WHEN d.sent_at >= :since AND d.channel <> 'in_app' THEN 1 ELSE 0 END) AS lately,
    sum(CASE WHEN d.state = 'PENDING' AND d.attempts > 0 THEN 1 ELSE 0 END) AS retrying
FROM notices n JOIN deliveries d ON d.notice_no = n.no
WHERE n.defect_no = :defect_no GROUP BY d.state, d.channel, d.lane;

-- name: latest_sweep
SELECT max(started_at) AS started_at, sum(CASE WHEN finished_at IS NULL THEN 1 ELSE 0 END) AS under_way
FROM sweeps WHERE defect_no = :defect_no;
