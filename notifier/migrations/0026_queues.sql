-- What waits stands in queues: of one channel, one defect and one generation of it, one priority. So what is held back
-- as a whole (a defect that is paused, what an older generation made, mail without a mail server, what waits in the app)
-- is passed by as a whole, however much it is. The two columns are the notice's own, as it was when the delivery was
-- owed, or was last let go under a newer generation.

ALTER TABLE deliveries ADD COLUMN defect_no INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
UPDATE deliveries SET
    defect_no = (SELECT n.defect_no FROM notices n WHERE n.no = deliveries.notice_no),
    generation = (SELECT n.generation FROM notices n WHERE n.no = deliveries.notice_no);
DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (channel, defect_no, generation, priority, due_at) WHERE state = 'PENDING';
