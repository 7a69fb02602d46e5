-- Each time somebody was shown whom a filed defect would concern: what publishing is compared with.
CREATE TABLE previews (
    no INTEGER PRIMARY KEY,
    defect_no INTEGER NOT NULL REFERENCES defects (no),
    revision INTEGER NOT NULL,
    person TEXT NOT NULL,
    at TEXT NOT NULL,
    at_risk INTEGER NOT NULL,         -- installs
    cannot_tell INTEGER NOT NULL,
    already_upgraded INTEGER NOT NULL,
    repair_owed INTEGER NOT NULL,
    customers INTEGER NOT NULL,       -- customers at risk
    as_of INTEGER NOT NULL            -- sequence
) STRICT;
CREATE INDEX previews_by_defect ON previews (defect_no, revision, no);
