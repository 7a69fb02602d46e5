-- Which lane a mail went over, and the lanes that do not go as fast as they might.

ALTER TABLE deliveries ADD COLUMN lane TEXT;   -- the provider's name, its mail exchanger's, or relay

CREATE TABLE lanes (
    name TEXT PRIMARY KEY,
    reason TEXT,                      -- what the other side said of us; NULL: it is open, and only slower
    since TEXT,                       -- when it was paused
    until TEXT,                       -- when the next mail is tried
    length_seconds INTEGER,           -- of the pause, which doubles
    rate REAL,                        -- mails per second where it was slowed down; NULL: as they come
    told_at TEXT NOT NULL             -- when a process last wrote this
) STRICT;
