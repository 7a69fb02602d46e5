-- Defects and their revisions. Every change of a defect names the state, the generation and the revisions it was
-- decided on: where another was quicker, no row is touched.

-- name: add_defect
INSERT INTO defects (id, product_no, state, proposed, latest, generation, filed_by, filed_at, changed_at)
VALUES (:id, :product_no, 'draft', 1, 1, 0, :person, :at, :at)
ON CONFLICT (id) DO NOTHING
RETURNING no;

-- name: add_revision
INSERT INTO revisions (defect_no, revision, body, tree, proposed_by, proposed_at, published_at)
VALUES (:defect_no, :revision, :body, :tree, :person, :at, :published_at);

-- name: mark_published
UPDATE revisions SET published_at = :at WHERE defect_no = :defect_no AND revision = :revision;

-- The revision that was live before the one that resolved the defect.
-- name: find_unresolved_revision
SELECT revision, body, tree, proposed_by, proposed_at, published_at FROM revisions
WHERE defect_no = :defect_no AND revision < :revision AND published_at IS NOT NULL
ORDER BY revision DESC LIMIT 1;

-- name: list_revisions
SELECT revision, body, tree, proposed_by, proposed_at, published_at FROM revisions
WHERE defect_no = :defect_no ORDER BY revision;

-- name: find_defect
SELECT * FROM whole_defects WHERE id = :id;

-- name: find_defect_by_number
SELECT * FROM whole_defects WHERE no = :no;

-- name: list_defects
SELECT * FROM whole_defects
WHERE (CAST(:product_no AS BIGINT) IS NULL OR product_no = :product_no)
    AND (CAST(:state AS TEXT) IS NULL OR state = :state)
    AND no > :after
ORDER BY no LIMIT :limit;

-- name: list_judged
SELECT * FROM whole_defects
WHERE product_no = :product_no AND state IN ('published', 'resolved')
ORDER BY no;

-- name: change_defect
UPDATE defects
SET state = :state, live = :live, proposed = :proposed, latest = :latest, generation = :generation,
    fixed_in = :fixed_in, reason = :reason, published_at = :published_at, changed_at = :changed_at
WHERE no = :no AND state = :old_state AND generation = :old_generation AND latest = :old_latest
    AND COALESCE(proposed, 0) = :old_proposed;

-- name: lock_defect
SELECT state, latest, generation FROM defects WHERE no = :no;

-- name: lock_defect (postgresql)
SELECT state, latest, generation FROM defects WHERE no = :no FOR UPDATE;

-- Signatures

-- name: add_signature
INSERT INTO signatures (defect_no, act, revision, generation, terms, person, signed_at)
VALUES (:defect_no, :act, :revision, :generation, :terms, :person, :at);

-- name: list_signatures
SELECT act, terms, person, signed_at FROM signatures
WHERE defect_no = :defect_no AND revision = :revision AND generation = :generation AND spent_at IS NULL
ORDER BY no;

-- name: spend_signatures
UPDATE signatures SET spent_at = :at
WHERE defect_no = :defect_no AND act = :act AND spent_at IS NULL;

-- name: list_open_signatures
SELECT no, person FROM signatures WHERE spent_at IS NULL ORDER BY no;

-- name: end_signature
UPDATE signatures SET spent_at = :at WHERE no = :no AND spent_at IS NULL;

-- Objections and pauses

-- name: list_pauses
SELECT made_at, until, ended_at FROM holds WHERE defect_no = :defect_no AND kind = 'pause' ORDER BY made_at, no;

-- name: add_hold
INSERT INTO holds (defect_no, kind, person, reason, made_at, until)
VALUES (:defect_no, :kind, :person, :reason, :at, :until);

-- name: list_active_holds
SELECT no, kind, person, reason, made_at, until FROM holds
WHERE defect_no = :defect_no AND until > :at AND ended_at IS NULL
ORDER BY until, no;

-- One that was put while others gave their words for ending these is not among them, and stands.

-- name: end_pause
UPDATE holds SET ended_at = :at WHERE no = :no AND ended_at IS NULL;

-- The audit chain. Whoever appends holds the head until the transaction ends, so that no two rows follow the same one.

-- name: lock_audit_head
SELECT no, hash FROM audit_head WHERE one = 1;

-- name: lock_audit_head (postgresql)
SELECT no, hash FROM audit_head WHERE one = 1 FOR UPDATE;

-- name: find_audit_head
SELECT no, hash FROM audit_head WHERE one = 1;

-- name: move_audit_head
UPDATE audit_head SET no = :no, hash = :hash WHERE one = 1;

-- name: add_audit_row
INSERT INTO audit (no, at, person, act, subject, detail, previous, hash)
VALUES (:no, :at, :person, :act, :subject, :detail, :previous, :hash);

-- name: list_audit_rows
SELECT no, at, person, act, subject, detail, previous, hash FROM audit
WHERE no > :after ORDER BY no LIMIT :limit;

-- name: list_audit_rows_of_subject
SELECT no, at, person, act, subject, detail FROM audit WHERE subject = :subject ORDER BY no;

-- name: find_audit_hash
SELECT hash FROM audit WHERE no = :no;

-- name: list_audit_rows_of_act
SELECT no, at, person, act, subject, detail FROM audit WHERE act = :act ORDER BY no DESC LIMIT :limit;

-- The people that the audit names

-- name: find_reference
SELECT ref FROM audit_people WHERE spelling = :spelling;

-- name: add_reference
INSERT INTO audit_people (ref, person, spelling, salt) VALUES (:ref, :person, :spelling, :salt);

-- name: list_references
SELECT ref, person, salt FROM audit_people;

-- name: forget_reference
UPDATE audit_people SET person = NULL, spelling = NULL, salt = NULL WHERE ref = :ref;

-- name: forget_filers
UPDATE defects SET filed_by = :instead WHERE filed_by = :person;

-- name: forget_authors
UPDATE revisions SET proposed_by = :instead WHERE proposed_by = :person;

-- name: forget_signers
UPDATE signatures SET person = :instead WHERE person = :person;

-- name: forget_holders
UPDATE holds SET person = :instead WHERE person = :person;

-- name: forget_rule_signers
UPDATE rule_signatures SET person = :instead WHERE person = :person;

-- name: list_names
SELECT filed_by AS person FROM defects UNION SELECT proposed_by FROM revisions UNION SELECT person FROM signatures
UNION SELECT person FROM holds UNION SELECT person FROM rule_signatures;

-- The vendor's rules

-- name: list_rules
SELECT name, value FROM rules;

-- name: set_rule
INSERT INTO rules (name, value, changed_at) VALUES (:name, :value, :at)
ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at;

-- name: count_defects
SELECT count(*) FROM defects;

-- name: add_rule_signature
INSERT INTO rule_signatures (people, person, signed_at) VALUES (:people, :person, :at);

-- name: list_rule_signatures
SELECT no, people, person FROM rule_signatures WHERE spent_at IS NULL ORDER BY no;

-- name: end_rule_signature
UPDATE rule_signatures SET spent_at = :at WHERE no = :no AND spent_at IS NULL;

-- name: spend_rule_signatures
UPDATE rule_signatures SET spent_at = :at WHERE spent_at IS NULL;

-- Drafts that nobody decides. The text of a report is JSON as we wrote it: within a string, the quotes would be escaped.

-- name: list_undecided
SELECT d.id FROM defects d JOIN revisions r ON r.defect_no = d.no AND r.revision = d.latest
WHERE d.state = 'draft' AND d.filed_at <= :before AND instr(r.body, '"severity":"data-loss"') > 0
    AND NOT EXISTS (SELECT 1 FROM escalations e WHERE e.defect_no = d.no)
ORDER BY d.no LIMIT :limit;

-- name: list_undecided (postgresql)
SELECT d.id FROM defects d JOIN revisions r ON r.defect_no = d.no AND r.revision = d.latest
WHERE d.state = 'draft' AND d.filed_at <= :before AND strpos(r.body, '"severity":"data-loss"') > 0
    AND NOT EXISTS (SELECT 1 FROM escalations e WHERE e.defect_no = d.no)
ORDER BY d.no LIMIT :limit;

-- name: add_escalation
INSERT INTO escalations (defect_no, escalated_at) VALUES (:defect_no, :at) ON CONFLICT (defect_no) DO NOTHING;

-- name: list_overdue
SELECT d.id FROM escalations e JOIN defects d ON d.no = e.defect_no
WHERE e.published_at IS NULL AND e.escalated_at <= :before AND d.state = 'draft' ORDER BY d.no LIMIT :limit;

-- name: end_escalation
UPDATE escalations SET published_at = :at WHERE defect_no = :defect_no AND published_at IS NULL;
