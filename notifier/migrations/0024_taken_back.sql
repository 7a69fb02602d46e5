-- What there was when a publication began to be swept: so that what it takes back can be told from what came after it,
-- whatever clocks say. A publication is alone on its product, so nothing of its defect is being written meanwhile.

ALTER TABLE sweeps ADD COLUMN notices_before INTEGER;   -- the last notice's number; NULL: from before this column
ALTER TABLE sweeps ADD COLUMN changes_before INTEGER;   -- the last number of exposure_changes
CREATE INDEX exposure_changes_taken_back ON exposure_changes (defect_no, no) WHERE cause = 'revised' AND after IS NULL;
