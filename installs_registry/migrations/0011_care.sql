-- A customer's own part: codes that link its installs, what it wants to hear on which channel; and what is left of
-- those who were forgotten.

CREATE TABLE claim_codes (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    customer_no INTEGER NOT NULL REFERENCES customers (no),
    hash TEXT NOT NULL UNIQUE,    -- SHA-256 of the code; the code itself is shown once and never kept
    uses INTEGER NOT NULL,        -- installs that it links at most
    used INTEGER NOT NULL,
    made_by TEXT NOT NULL,        -- the person of the key that asked
    made_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT;
CREATE INDEX claim_codes_by_customer ON claim_codes (customer_no);

-- Which installs a code has linked, by their ids, so that the same check-in can be repeated safely.
CREATE TABLE claims (
    code_no INTEGER NOT NULL REFERENCES claim_codes (no),
    install TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (code_no, install)
) STRICT;

-- What a customer wants on a channel; without a row, everything.
CREATE TABLE preferences (
    customer_no INTEGER NOT NULL REFERENCES customers (no),
    channel TEXT NOT NULL,        -- email | webhook
    floor TEXT NOT NULL,          -- the least grave severity that is wanted, or nothing
    chosen_by TEXT NOT NULL,      -- customer: by the link in a mail; else the name that was given
    chosen_at TEXT NOT NULL,
    PRIMARY KEY (customer_no, channel)
) STRICT;

-- Who had asked for no more mail was told that none would come, grave or not: that stands.
INSERT INTO preferences (customer_no, channel, floor, chosen_by, chosen_at)
SELECT no, 'email', 'nothing', 'customer', mail_refused_at FROM customers WHERE mail_refused_at IS NOT NULL;

-- When an install's footprint changed, and which facts: their names, never their values.
CREATE TABLE footprint_changes (
    no INTEGER PRIMARY KEY,
    install_no INTEGER NOT NULL REFERENCES installs (no),
    facts TEXT NOT NULL,          -- a JSON list of names, in their order
    at TEXT NOT NULL
) STRICT;
CREATE INDEX footprint_changes_by_install ON footprint_changes (install_no, no);

-- Whom we have forgotten, so that a backup made before can be made to forget them too.
CREATE TABLE erasures (
    hash TEXT PRIMARY KEY,        -- SHA-256 of the salt and the customer's id
    salt TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;

-- When the database file was last written anew, which takes away the copies of deleted rows that rebalancing left.
CREATE TABLE rewrites (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    at TEXT NOT NULL
) STRICT;
