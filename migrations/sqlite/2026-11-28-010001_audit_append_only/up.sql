-- The audit log is only ever added to, and each entry sealed once. INSERT OR REPLACE fires no DELETE trigger, so a second
-- entry of the same id is refused here.
CREATE TRIGGER audit_entries_add BEFORE INSERT ON audit_entries
WHEN NEW.position IS NOT NULL OR NEW.hash IS NOT NULL OR EXISTS (SELECT 1 FROM audit_entries WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'audit entries are added, never replaced'); END;

CREATE TRIGGER audit_entries_seal BEFORE UPDATE ON audit_entries
WHEN OLD.position IS NOT NULL OR NEW.position IS NULL OR NEW.hash IS NULL OR NEW.id IS NOT OLD.id OR NEW.at IS NOT OLD.at
    OR NEW.actor_id IS NOT OLD.actor_id OR NEW.role IS NOT OLD.role OR NEW.action IS NOT OLD.action
    OR NEW.subject IS NOT OLD.subject OR NEW.details_json IS NOT OLD.details_json OR NEW.request_id IS NOT OLD.request_id
BEGIN SELECT RAISE(ABORT, 'audit entries are sealed once, never changed'); END;

CREATE TRIGGER audit_entries_keep BEFORE DELETE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'audit entries are never deleted'); END;

CREATE TRIGGER audit_reasons_keep BEFORE UPDATE ON audit_reasons
BEGIN SELECT RAISE(ABORT, 'reasons are erased, never changed'); END;

CREATE TRIGGER audit_reasons_add BEFORE INSERT ON audit_reasons
WHEN EXISTS (SELECT 1 FROM audit_reasons WHERE entry_id = NEW.entry_id)
BEGIN SELECT RAISE(ABORT, 'reasons are erased, never replaced'); END;

CREATE TRIGGER audit_head_grow BEFORE UPDATE ON audit_head WHEN NEW.id IS NOT OLD.id OR NEW.position <= OLD.position
BEGIN SELECT RAISE(ABORT, 'the chain of the audit log only grows'); END;

CREATE TRIGGER audit_head_keep BEFORE DELETE ON audit_head
BEGIN SELECT RAISE(ABORT, 'the chain of the audit log is never cut'); END;
