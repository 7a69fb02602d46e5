-- What is known to be faulty. A defect is its number, its state and its revisions; every act on it is an audit row.

CREATE TABLE defects (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    product_no INTEGER NOT NULL REFERENCES products (no),
    state TEXT NOT NULL,              -- draft | published | resolved | withdrawn | discarded
    live INTEGER,                     -- the published revision
    proposed INTEGER,                 -- the revision that waits to be published
    latest INTEGER NOT NULL,          -- the highest revision there is
    generation INTEGER NOT NULL,      -- moved by each publication, resolution, withdrawal: what is unsent of an older one may not leave
    fixed_in TEXT,                    -- the release that resolved it
    reason TEXT,                      -- why it was withdrawn or reopened
    filed_by TEXT NOT NULL,
    filed_at TEXT NOT NULL,
    published_at TEXT,                -- first publication
    changed_at TEXT NOT NULL
) STRICT;
CREATE INDEX defects_by_product ON defects (product_no, state);

CREATE TABLE revisions (
    defect_no INTEGER NOT NULL REFERENCES defects (no),
    revision INTEGER NOT NULL,
    body TEXT NOT NULL,               -- the defect as filed, JSON
    tree TEXT,                        -- the condition's checked syntax tree, JSON; NULL: everyone
    proposed_by TEXT NOT NULL,
    proposed_at TEXT NOT NULL,
    published_at TEXT,
    PRIMARY KEY (defect_no, revision)
) STRICT;

-- Each defect with the text of its live and of its proposed revision.
CREATE VIEW whole_defects AS
SELECT defects.*,
    live.body AS live_body, live.tree AS live_tree,
    live.proposed_by AS live_by, live.proposed_at AS live_at, live.published_at AS live_published_at,
    waiting.body AS proposed_body, waiting.tree AS proposed_tree,
    waiting.proposed_by AS proposed_by, waiting.proposed_at AS proposed_at,
    waiting.published_at AS proposed_published_at
FROM defects
LEFT JOIN revisions AS live ON live.defect_no = defects.no AND live.revision = defects.live
LEFT JOIN revisions AS waiting ON waiting.defect_no = defects.no AND waiting.revision = defects.proposed;

-- A signature is a person's word for one act on one revision; it is spent when the act is done.
CREATE TABLE signatures (
    no INTEGER PRIMARY KEY,
    defect_no INTEGER NOT NULL REFERENCES defects (no),
    act TEXT NOT NULL,                -- publish | resolve | withdraw | resume
    revision INTEGER NOT NULL,        -- the defect's latest when it was signed
    generation INTEGER NOT NULL,      -- the defect's then; a signature counts only while both still stand
    terms TEXT NOT NULL,              -- what exactly was signed (fixed_in, reason), JSON: a second person signs the same
    person TEXT NOT NULL,
    signed_at TEXT NOT NULL,
    spent_at TEXT
) STRICT;
CREATE INDEX signatures_open ON signatures (defect_no, act) WHERE spent_at IS NULL;

-- Objections and pauses: by name, with a reason, and running out by themselves.
CREATE TABLE holds (
    no INTEGER PRIMARY KEY,
    defect_no INTEGER NOT NULL REFERENCES defects (no),
    kind TEXT NOT NULL,               -- objection | pause
    person TEXT NOT NULL,
    reason TEXT NOT NULL,
    made_at TEXT NOT NULL,
    until TEXT NOT NULL,
    ended_at TEXT                     -- a pause that was ended before it ran out
) STRICT;
CREATE INDEX holds_by_defect ON holds (defect_no, kind);

-- Append-only; each row carries the hash of the one before it.
CREATE TABLE audit (
    no INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    person TEXT NOT NULL,
    act TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,             -- JSON, without personal data of customers
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_subject ON audit (subject, no);
CREATE TABLE audit_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    no INTEGER NOT NULL,
    hash TEXT NOT NULL
) STRICT;
INSERT INTO audit_head (one, no, hash) VALUES (1, 0, '');
