-- Mails to the vendor's own people

-- name: insert_staff_mail
INSERT INTO staff_mails (id, subject_id, address, subject, body, made_at, due_at, attempts)
VALUES (:id, :subject_id, :address, :subject, :body, :at, :at, 0);

-- Taking one moves its time: for so long nobody else takes it, and then it is tried again.

-- name: take_staff_mails
UPDATE staff_mails SET due_at = :until, attempts = attempts + 1
WHERE sent_at IS NULL AND failed_at IS NULL AND due_at <= :now AND no IN (
    SELECT no FROM staff_mails WHERE sent_at IS NULL AND failed_at IS NULL AND due_at <= :now ORDER BY no LIMIT :most)
RETURNING no, id, subject_id, address, subject, body, made_at, attempts;

-- name: take_staff_mails (postgresql)
WITH chosen AS MATERIALIZED (
    SELECT no FROM staff_mails WHERE sent_at IS NULL AND failed_at IS NULL AND due_at <= :now ORDER BY no LIMIT :most
    FOR UPDATE SKIP LOCKED)
UPDATE staff_mails SET due_at = :until, attempts = attempts + 1
FROM chosen WHERE staff_mails.no = chosen.no
RETURNING staff_mails.no, id, subject_id, address, subject, body, made_at, attempts;

-- name: staff_mail_sent
UPDATE staff_mails SET sent_at = :at, reply = :reply WHERE no = :no AND sent_at IS NULL;

-- name: staff_mail_failed
UPDATE staff_mails SET failed_at = :at, reply = :reply WHERE no = :no AND sent_at IS NULL;

-- name: staff_mail_later
UPDATE staff_mails SET due_at = :due_at, reply = :reply WHERE no = :no AND sent_at IS NULL AND failed_at IS NULL;

-- Somebody who is forgotten. The name of who filed a defect begins the mail about it.

-- name: drop_staff_mails
DELETE FROM staff_mails WHERE address = :address;

-- name: forget_in_staff_mails
UPDATE staff_mails SET body = :instead || substr(body, length(:person) + 1)
WHERE substr(body, 1, length(:person) + 1) = :person || ' ';
