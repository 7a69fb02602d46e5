-- Releases just behind an unresolved defect's range

-- name: note_question
INSERT INTO release_questions (defect_no, version_no, noted_at, mails)
SELECT :defect_no, v.no, :at, 0 FROM versions v WHERE v.product_no = :product_no AND v.text = :release
ON CONFLICT (defect_no, version_no) DO NOTHING;

-- name: open_questions
SELECT q.no, d.id AS defect, v.text AS release, q.noted_at
FROM release_questions q JOIN defects d ON d.no = q.defect_no JOIN versions v ON v.no = q.version_no
WHERE q.asked_at IS NULL ORDER BY q.no LIMIT 100;

-- name: answer_question
UPDATE release_questions SET asked_at = :at, mails = :mails WHERE no = :no AND asked_at IS NULL;
