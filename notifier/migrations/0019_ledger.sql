-- When each step of a notice was taken, as far as anybody can know it, for the ledger.

ALTER TABLE notices ADD COLUMN shown_at TEXT;          -- when the recipient's app first showed it
ALTER TABLE notices ADD COLUMN chosen_at TEXT;         -- when the recipient first chose a remedy
ALTER TABLE deliveries ADD COLUMN delivered_at TEXT;   -- when the mailbox's own server said that it lies there (RFC 3464)

-- What is known of a notice's way to its recipient, one row per line and delivery; NULL: it has not come so far. A line
-- that joined later has taken each step when it joined, at the earliest. A webhook's receiver is the recipient itself.
CREATE VIEW notice_steps AS
SELECT n.defect_no, l.install_no, n.no AS notice_no, n.kind, l.joined_at AS owed_at,
    CASE WHEN d.state = 'IN_DOUBT'
        THEN CASE WHEN l.joined_at > d.handed_over_at THEN l.joined_at ELSE d.handed_over_at END END AS doubtful_at,
    CASE WHEN d.state = 'SENT' AND d.channel <> 'in_app'
        THEN CASE WHEN l.joined_at > d.sent_at THEN l.joined_at ELSE d.sent_at END END AS accepted_at,
    CASE WHEN d.state = 'SENT' AND d.channel = 'webhook'
        THEN CASE WHEN l.joined_at > d.sent_at THEN l.joined_at ELSE d.sent_at END
        WHEN l.joined_at > d.delivered_at THEN l.joined_at ELSE d.delivered_at END AS delivered_at,
    CASE WHEN n.shown_at IS NULL AND d.state = 'SENT' AND d.channel = 'in_app'
        THEN CASE WHEN l.joined_at > d.sent_at THEN l.joined_at ELSE d.sent_at END
        WHEN l.joined_at > n.shown_at THEN l.joined_at ELSE n.shown_at END AS shown_at,
    CASE WHEN l.joined_at > n.seen_at THEN l.joined_at ELSE n.seen_at END AS seen_at,
    CASE WHEN l.joined_at > n.chosen_at THEN l.joined_at ELSE n.chosen_at END AS chosen_at
FROM notices n JOIN notice_installs l ON l.notice_no = n.no LEFT JOIN deliveries d ON d.notice_no = n.no;
