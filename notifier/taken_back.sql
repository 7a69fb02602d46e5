-- What became of the deliveries that a withdrawal or a narrowing took back. All is told apart by the numbers that the
-- sweep noted when it was owed, never by a clock.

-- The last publication that took something back, and the last notice before the next one.

-- name: last_taken_back
SELECT s.cause, s.started_at, s.notices_before, s.changes_before,
    (SELECT min(l.notices_before) FROM sweeps l WHERE l.defect_no = s.defect_no AND l.no > s.no
        AND l.cause IN ('revised', 'reopened', 'resolved', 'withdrawn')) AS notices_until
FROM sweeps s
WHERE s.defect_no = :defect_no AND s.notices_before IS NOT NULL AND (s.cause = 'withdrawn'
    OR (s.cause = 'revised' AND EXISTS (
        SELECT 1 FROM exposure_changes x
        WHERE x.defect_no = s.defect_no AND x.cause = 'revised' AND x.after IS NULL AND x.no > s.changes_before)))
ORDER BY s.no DESC LIMIT 1;

-- A withdrawal takes back all that no all-clear has closed before.

-- name: deliveries_withdrawn
SELECT d.state, CASE WHEN d.handed_over_at IS NULL THEN 0 ELSE 1 END AS has_left, count(*) AS deliveries
FROM notices n JOIN deliveries d ON d.notice_no = n.no
WHERE n.defect_no = :defect_no AND n.no <= :notices_before AND n.kind IN ('warning', 'recovery', 'correction')
    AND NOT EXISTS (SELECT 1 FROM notices c
        WHERE c.recipient = n.recipient AND c.defect_no = n.defect_no AND c.kind = 'all_clear' AND c.state <> 'CANCELLED'
            AND c.no > n.no AND c.no <= :notices_before)
GROUP BY d.state, CASE WHEN d.handed_over_at IS NULL THEN 0 ELSE 1 END;

-- A narrowing takes back what was for installs that it released, and for none that is still concerned.

-- name: deliveries_narrowed
WITH released AS MATERIALIZED (
    SELECT DISTINCT x.install_no FROM exposure_changes x
    WHERE x.defect_no = :defect_no AND x.cause = 'revised' AND x.after IS NULL AND x.no > :changes_before
), concerned AS MATERIALIZED (
    SELECT DISTINCT l.notice_no FROM released r JOIN notice_installs l ON l.install_no = r.install_no
)
SELECT d.state, CASE WHEN d.handed_over_at IS NULL THEN 0 ELSE 1 END AS has_left, count(*) AS deliveries
FROM concerned t JOIN notices n ON n.no = t.notice_no JOIN deliveries d ON d.notice_no = n.no
WHERE n.defect_no = :defect_no AND n.no <= :notices_before AND n.kind IN ('warning', 'recovery', 'correction')
    AND NOT EXISTS (SELECT 1 FROM notice_installs l
        JOIN exposures e ON e.defect_no = n.defect_no AND e.install_no = l.install_no
        WHERE l.notice_no = n.no AND e.state IS NOT NULL AND l.install_no NOT IN (SELECT install_no FROM released))
    AND NOT EXISTS (SELECT 1 FROM notices c
        WHERE c.recipient = n.recipient AND c.defect_no = n.defect_no AND c.kind = 'all_clear' AND c.state <> 'CANCELLED'
            AND c.no > n.no AND c.no <= :notices_before)
GROUP BY d.state, CASE WHEN d.handed_over_at IS NULL THEN 0 ELSE 1 END;

-- name: all_clears_owed
SELECT d.state, count(*) AS deliveries FROM notices n JOIN deliveries d ON d.notice_no = n.no
WHERE n.defect_no = :defect_no AND n.kind = 'all_clear' AND n.no > :notices_before
    AND (CAST(:notices_until AS BIGINT) IS NULL OR n.no <= :notices_until) AND n.state <> 'CANCELLED'
GROUP BY d.state;
