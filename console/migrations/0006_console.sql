-- Who is signed in to the pages. A session holds as long as its key does: `key_hash` is looked up at each request.

CREATE TABLE sessions (
    token_hash TEXT PRIMARY KEY,      -- SHA-256 of what the cookie holds
    key_hash TEXT NOT NULL,           -- as keys.hash; that of the settings' admin key is in no table
    time_zone TEXT,                   -- IANA; NULL: times are shown in UTC
    started_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- A link that signs in once.
CREATE TABLE sign_in_codes (
    code_hash TEXT PRIMARY KEY,
    key_hash TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT;
