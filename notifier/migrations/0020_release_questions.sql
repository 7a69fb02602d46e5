-- A release that came out just behind an unresolved defect's range: its approvers are asked about it by mail, once.
CREATE TABLE release_questions (
    no INTEGER PRIMARY KEY,
    defect_no INTEGER NOT NULL REFERENCES defects (no),
    version_no INTEGER NOT NULL REFERENCES versions (no),
    noted_at TEXT NOT NULL,
    asked_at TEXT,                    -- when it was looked at whom to ask; NULL: not yet
    mails INTEGER NOT NULL,           -- written; 0: no approver has an address, or the question had an answer by then
    UNIQUE (defect_no, version_no)
) STRICT;
CREATE INDEX release_questions_open ON release_questions (no) WHERE asked_at IS NULL;
