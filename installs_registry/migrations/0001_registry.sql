-- Who holds what. `no` is our own short number, used in joins; `id` is what the vendor calls the thing.

CREATE TABLE products (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    version_scheme TEXT NOT NULL,
    changed_at TEXT NOT NULL
) STRICT;

-- A declared fact is the column f_<no> (and f_<no>_key for a version's sort key) of footprint_<product_no>, the
-- first part of its product's footprint, or of footprint_<product_no>_<part>, a further one.
CREATE TABLE facts (
    no INTEGER PRIMARY KEY,
    product_no INTEGER NOT NULL REFERENCES products (no),
    name TEXT NOT NULL,
    part INTEGER NOT NULL,   -- from 1
    type TEXT NOT NULL,
    scheme TEXT,
    unit TEXT,
    description TEXT,
    retired_at TEXT,
    UNIQUE (product_no, name)
) STRICT;

-- Every version text ever seen of a product. A registered release has a status; one only seen on an install has none.
CREATE TABLE versions (
    no INTEGER PRIMARY KEY,
    product_no INTEGER NOT NULL REFERENCES products (no),
    text TEXT NOT NULL,
    sort_key TEXT,        -- NULL: a version of a `list` product whose place nobody has declared; there, its rank
    status TEXT,          -- offered | held | withdrawn | NULL
    offered_at TEXT,
    url TEXT,
    UNIQUE (product_no, text)
) STRICT;

CREATE TABLE customers (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    email TEXT,
    locale TEXT,
    time_zone TEXT,
    partner TEXT,
    webhook TEXT,
    mail_refused_at TEXT,  -- when the customer asked for no more mail (one-click unsubscribe); NULL: mail is welcome
    changed_at TEXT NOT NULL
) STRICT;

CREATE TABLE installs (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    product_no INTEGER NOT NULL REFERENCES products (no),
    version_no INTEGER NOT NULL REFERENCES versions (no),
    first_version_no INTEGER NOT NULL REFERENCES versions (no),
    customer_no INTEGER REFERENCES customers (no),
    recipient INTEGER NOT NULL,   -- whom a notice goes to: the customer's number, or minus the install's own where nobody is known
    os TEXT,
    os_version TEXT,
    os_version_key TEXT,
    arch TEXT,
    acquired_through TEXT,
    token_hash TEXT,              -- SHA-256 of the token the client app made; NULL: made by the vendor, closed to app keys
    first_seen_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL
) STRICT;
CREATE INDEX installs_by_recipient ON installs (product_no, recipient);
CREATE INDEX installs_by_version ON installs (version_no);
CREATE INDEX installs_by_customer ON installs (customer_no);

-- Each version an install has had, and from when; the newest row is the version it has.
CREATE TABLE install_versions (
    no INTEGER PRIMARY KEY,
    install_no INTEGER NOT NULL REFERENCES installs (no),
    version_no INTEGER NOT NULL REFERENCES versions (no),
    since TEXT NOT NULL
) STRICT;
CREATE INDEX install_versions_by_install ON install_versions (install_no, since);
CREATE INDEX install_versions_by_version ON install_versions (version_no, install_no);
