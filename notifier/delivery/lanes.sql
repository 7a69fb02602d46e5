-- name: told_lanes
SELECT name, reason, since, until, length_seconds, rate, told_at FROM lanes ORDER BY name;

-- name: tell_lane
INSERT INTO lanes (name, reason, since, until, length_seconds, rate, told_at)
VALUES (:name, :reason, :since, :until, :length_seconds, :rate, :now)
ON CONFLICT (name) DO UPDATE
SET reason = excluded.reason, since = excluded.since, until = excluded.until,
    length_seconds = excluded.length_seconds, rate = excluded.rate, told_at = excluded.told_at;

-- name: mail_held
SELECT reason, since FROM mail_hold WHERE one = 1;

-- name: forget_lane
DELETE FROM lanes WHERE name = :name;
