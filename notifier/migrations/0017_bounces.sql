-- What came back after a server had taken it, and the addresses that are left alone for a while.

CREATE TABLE suppressions (
    address TEXT PRIMARY KEY,         -- in lower case
    refusals INTEGER NOT NULL,        -- how often its own server has refused it for good
    reply TEXT NOT NULL,              -- what it said last
    since TEXT NOT NULL,              -- when it last did
    until TEXT NOT NULL               -- from then on it is tried again
) STRICT;

CREATE TABLE bounces (
    no INTEGER PRIMARY KEY,
    delivery_no INTEGER NOT NULL REFERENCES deliveries (no) ON DELETE CASCADE,
    digest TEXT NOT NULL,             -- SHA-256 of the report: the same one twice counts once
    cause TEXT NOT NULL,              -- recipient | content | reputation | connection
    permanent INTEGER NOT NULL,       -- 1: trying again is of no use; 0: for now, or a word on the way
    failed INTEGER NOT NULL,          -- 1: it was given up there; 0: it is only delayed
    reply TEXT NOT NULL,
    at TEXT NOT NULL,
    UNIQUE (delivery_no, digest)
) STRICT;
CREATE INDEX deliveries_by_message_id ON deliveries (message_id) WHERE message_id IS NOT NULL;
