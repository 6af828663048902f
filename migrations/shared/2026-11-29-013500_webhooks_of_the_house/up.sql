-- Webhooks of the house itself, which admins make: they are no organisation's. SQLite takes no NOT NULL back: another column with the
-- same name takes the place of the one that there is.
DROP INDEX webhooks_organization;
ALTER TABLE webhooks RENAME COLUMN organization_id TO organization_before;
ALTER TABLE webhooks ADD COLUMN organization_id TEXT REFERENCES organizations (id) ON DELETE CASCADE;
UPDATE webhooks SET organization_id = organization_before;
ALTER TABLE webhooks DROP COLUMN organization_before;
CREATE INDEX webhooks_organization ON webhooks (organization_id, id);
