-- What the service keeps for itself, the same for all its processes.

CREATE TABLE kept (
    name TEXT PRIMARY KEY,            -- secret: what links are signed with | first_start: a mark that it has been
    value TEXT NOT NULL,
    made_at TEXT NOT NULL
) STRICT;

-- While this row is there no mail leaves: a restored backup does not know what was sent after it was made.
CREATE TABLE mail_hold (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    reason TEXT NOT NULL,
    since TEXT NOT NULL
) STRICT;
