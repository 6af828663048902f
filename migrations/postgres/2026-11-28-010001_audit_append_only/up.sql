-- The audit log is only ever added to, and each entry sealed once.
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is added to and sealed once: % of % is refused', TG_OP, TG_TABLE_NAME;
END $$;

CREATE TRIGGER audit_entries_add BEFORE INSERT ON audit_entries FOR EACH ROW
WHEN (NEW.position IS NOT NULL OR NEW.hash IS NOT NULL) EXECUTE FUNCTION audit_refuse();

CREATE TRIGGER audit_entries_seal BEFORE UPDATE ON audit_entries FOR EACH ROW
WHEN (OLD.position IS NOT NULL OR NEW.position IS NULL OR NEW.hash IS NULL
    OR (NEW.id, NEW.at, NEW.actor_id, NEW.role, NEW.action, NEW.subject, NEW.details_json, NEW.request_id)
        IS DISTINCT FROM (OLD.id, OLD.at, OLD.actor_id, OLD.role, OLD.action, OLD.subject, OLD.details_json, OLD.request_id))
EXECUTE FUNCTION audit_refuse();

CREATE TRIGGER audit_entries_keep BEFORE DELETE OR TRUNCATE ON audit_entries FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_reasons_keep BEFORE UPDATE OR TRUNCATE ON audit_reasons FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

CREATE TRIGGER audit_head_grow BEFORE UPDATE ON audit_head FOR EACH ROW
WHEN (NEW.id <> OLD.id OR NEW.position <= OLD.position) EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_head_keep BEFORE DELETE OR TRUNCATE ON audit_head FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
