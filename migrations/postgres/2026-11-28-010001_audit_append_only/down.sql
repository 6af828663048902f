DROP TRIGGER audit_head_keep ON audit_head;
DROP TRIGGER audit_head_grow ON audit_head;
DROP TRIGGER audit_reasons_keep ON audit_reasons;
DROP TRIGGER audit_entries_keep ON audit_entries;
DROP TRIGGER audit_entries_seal ON audit_entries;
DROP TRIGGER audit_entries_add ON audit_entries;
DROP FUNCTION audit_refuse();
