-- A delivery changes its state three times, and its notice with it: no index moves but those that find what waits and
-- what is in a worker's hands. A Message-ID holds the id of its notice, by which the mail is found.

DROP INDEX notices_by_defect;
CREATE INDEX notices_by_defect ON notices (defect_no, recipient);
DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (priority, due_at) WHERE state = 'PENDING';
DROP INDEX deliveries_by_message_id;
