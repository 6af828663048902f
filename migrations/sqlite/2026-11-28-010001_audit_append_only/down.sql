DROP TRIGGER audit_head_keep;
DROP TRIGGER audit_head_grow;
DROP TRIGGER audit_reasons_add;
DROP TRIGGER audit_reasons_keep;
DROP TRIGGER audit_entries_keep;
DROP TRIGGER audit_entries_seal;
DROP TRIGGER audit_entries_add;
