-- Who may decide what: the vendor's rules, the words given for changing them, the people that the audit names, and the
-- drafts that nobody decided in time.

CREATE TABLE rules (
    name TEXT PRIMARY KEY,            -- signatures_needed | longest_pause_hours | escalate_after_hours | publish_after_hours
    value INTEGER NOT NULL,           -- 0: switched off
    changed_at TEXT NOT NULL
) STRICT;

-- A person's word for another number of people; spent when the number changes.
CREATE TABLE rule_signatures (
    no INTEGER PRIMARY KEY,
    people INTEGER NOT NULL,
    person TEXT NOT NULL,
    signed_at TEXT NOT NULL,
    spent_at TEXT
) STRICT;
CREATE INDEX rule_signatures_open ON rule_signatures (people) WHERE spent_at IS NULL;

-- The audit's rows hold references in place of names. A reference is a hash of the name with a salt: the name cannot
-- be exchanged unnoticed, and forgetting both leaves a reference that nobody can turn back.
CREATE TABLE audit_people (
    ref TEXT PRIMARY KEY,
    person TEXT,                      -- NULL: forgotten
    spelling TEXT UNIQUE,             -- what makes two spellings one person
    salt TEXT
) STRICT;

CREATE TABLE escalations (
    defect_no INTEGER PRIMARY KEY REFERENCES defects (no),
    escalated_at TEXT NOT NULL,
    published_at TEXT                 -- when it was published by itself, or tried in vain; NULL: not yet
) STRICT;
