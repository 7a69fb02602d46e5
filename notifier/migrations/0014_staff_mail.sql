-- Mails to the vendor's own people: kept until a server has taken them, so that a restart neither loses nor repeats one.

CREATE TABLE staff_mails (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,          -- its Message-ID is made of it, the same for each attempt
    subject_id TEXT NOT NULL,         -- what it is about: a defect's id
    address TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,               -- plain text
    made_at TEXT NOT NULL,
    due_at TEXT NOT NULL,             -- not before this; moved by each attempt, which also keeps other processes off it
    attempts INTEGER NOT NULL,
    sent_at TEXT,
    failed_at TEXT,                   -- given up: refused for good
    reply TEXT                        -- what the server said last
) STRICT;
CREATE INDEX staff_mails_due ON staff_mails (due_at) WHERE sent_at IS NULL AND failed_at IS NULL;
