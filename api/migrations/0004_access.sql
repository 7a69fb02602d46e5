-- Who may ask, and what was answered to a repeated write.

CREATE TABLE keys (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    hash TEXT NOT NULL UNIQUE,        -- SHA-256 of the key; the key itself is shown once and never kept
    role TEXT NOT NULL,               -- admin | approver | reporter | viewer | app
    person TEXT NOT NULL,
    mail TEXT,
    product_no INTEGER REFERENCES products (no),   -- the one product of an app key
    created_at TEXT NOT NULL,
    revoked_at TEXT
) STRICT;

CREATE TABLE answers (
    key_id TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,        -- SHA-256 of method, path and body
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (key_id, idempotency_key)
) STRICT;
CREATE INDEX answers_by_age ON answers (at);
