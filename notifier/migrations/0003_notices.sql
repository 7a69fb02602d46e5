-- Whom we owe a notice. An exposure is a fact, a notice is a debt, a delivery is an attempt at paying it.

-- Our own order of changes, moved by publications only.
CREATE TABLE sequence (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    value INTEGER NOT NULL
) STRICT;
INSERT INTO sequence (one, value) VALUES (1, 0);

-- All that a verdict depends on, as it was published: the newest row of each subject up to a sequence is the state then.
CREATE TABLE publications (
    sequence INTEGER PRIMARY KEY,
    product_no INTEGER NOT NULL REFERENCES products (no),
    kind TEXT NOT NULL,               -- product | release | defect
    subject TEXT NOT NULL,            -- the product's id, the version, the defect's id
    body TEXT,                        -- JSON; NULL: no longer counts (a withdrawn defect)
    at TEXT NOT NULL
) STRICT;
CREATE INDEX publications_by_product ON publications (product_no, sequence);

-- Releases registered before the day from which they are offered: published once more when that day comes.
CREATE TABLE scheduled_releases (
    version_no INTEGER PRIMARY KEY REFERENCES versions (no),
    product_no INTEGER NOT NULL REFERENCES products (no),
    offered_at TEXT NOT NULL
) STRICT;

-- A re-assessment of a product's installs under one defect, in pages by recipient.
CREATE TABLE sweeps (
    no INTEGER PRIMARY KEY,
    product_no INTEGER NOT NULL REFERENCES products (no),
    defect_no INTEGER NOT NULL REFERENCES defects (no),
    cause TEXT NOT NULL,              -- published | revised | reopened | release | declaration | resolved | withdrawn
    generation INTEGER NOT NULL,
    told_anew INTEGER NOT NULL,       -- 1: the range or the remedies changed, so those told before are owed a correction
    position INTEGER,                 -- the last recipient done; NULL: none yet
    started_at TEXT NOT NULL,
    finished_at TEXT
) STRICT;
CREATE INDEX sweeps_open ON sweeps (no) WHERE finished_at IS NULL;
CREATE INDEX sweeps_by_defect ON sweeps (defect_no);

CREATE TABLE exposures (
    defect_no INTEGER NOT NULL REFERENCES defects (no),
    install_no INTEGER NOT NULL REFERENCES installs (no),
    state TEXT,                       -- at_risk | cannot_tell | already_upgraded | repair_owed | NULL: over
    since TEXT NOT NULL,
    repaired_at TEXT,                 -- when the customer said that the repair is done
    PRIMARY KEY (defect_no, install_no)
) STRICT;
CREATE INDEX exposures_by_install ON exposures (install_no);

-- Each change of an exposure, for the ledger.
CREATE TABLE exposure_changes (
    no INTEGER PRIMARY KEY,
    defect_no INTEGER NOT NULL REFERENCES defects (no),
    install_no INTEGER NOT NULL REFERENCES installs (no),
    before TEXT,
    after TEXT,
    cause TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX exposure_changes_by_defect ON exposure_changes (defect_no, install_no, no);

CREATE TABLE notices (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    defect_no INTEGER NOT NULL REFERENCES defects (no),
    recipient INTEGER NOT NULL,       -- as installs.recipient
    kind TEXT NOT NULL,               -- warning | recovery | correction | all_clear
    episode INTEGER NOT NULL,         -- counts the notices of this kind to this recipient on this defect
    revision INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    state TEXT NOT NULL,              -- PENDING | SENDING | SENT | FAILED | CANCELLED | IN_DOUBT
    reason TEXT,                      -- why it was cancelled or failed
    created_at TEXT NOT NULL,
    sent_at TEXT,                     -- first accepted by a server, or shown in the app
    seen_at TEXT,
    chosen INTEGER,                   -- index of the remedy the recipient chose
    UNIQUE (recipient, defect_no, kind, episode)
) STRICT;
CREATE INDEX notices_by_defect ON notices (defect_no, state);

CREATE TABLE notice_installs (
    notice_no INTEGER NOT NULL REFERENCES notices (no),
    install_no INTEGER NOT NULL REFERENCES installs (no),
    joined_at TEXT NOT NULL,
    PRIMARY KEY (notice_no, install_no)
) STRICT;
CREATE INDEX notice_installs_by_install ON notice_installs (install_no);

CREATE TABLE deliveries (
    no INTEGER PRIMARY KEY,
    notice_no INTEGER NOT NULL REFERENCES notices (no),
    channel TEXT NOT NULL,            -- email | webhook | in_app
    address TEXT,
    message_id TEXT,                  -- stable over all attempts
    state TEXT NOT NULL,              -- as notices.state
    attempts INTEGER NOT NULL,
    due_at TEXT NOT NULL,             -- not before this
    worker TEXT,                      -- who holds the lease
    lease_until TEXT,
    fence INTEGER NOT NULL,           -- moved by each claim; an answer under an older one is void
    handed_over_at TEXT,              -- just before the final dot: from here a crash leaves it in doubt
    sent_at TEXT,
    reply TEXT,                       -- what the server said last, or why it was not sent
    priority INTEGER NOT NULL DEFAULT 3,  -- the smaller leaves first: notifier.delivery.retrying.priority
    doubtful_at TEXT,                 -- when an attempt was last left in doubt; NULL: never. The recipient may have it
    UNIQUE (notice_no, channel)
) STRICT;
CREATE INDEX deliveries_due ON deliveries (state, priority, due_at);
CREATE INDEX deliveries_leased ON deliveries (lease_until) WHERE state = 'SENDING';

-- Checks that named an install, and the risks that were knowingly taken.
CREATE TABLE checks (
    no INTEGER PRIMARY KEY,
    install_no INTEGER NOT NULL REFERENCES installs (no),
    from_version TEXT NOT NULL,
    to_version TEXT,
    decision TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX checks_by_install ON checks (install_no, no);

CREATE TABLE accepted_risks (
    no INTEGER PRIMARY KEY,
    defect_no INTEGER NOT NULL REFERENCES defects (no),
    install_no INTEGER REFERENCES installs (no),
    from_version TEXT NOT NULL,
    to_version TEXT,
    accepted_by TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX accepted_risks_by_defect ON accepted_risks (defect_no);
