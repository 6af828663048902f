-- A page of admins by a stage: what does not fit is not walked past.
CREATE INDEX vetting_applications_remembered ON vetting_applications (remembered_stage, id);
-- What somebody made, for their export and when they leave.
CREATE INDEX api_keys_created_by ON api_keys (created_by);
CREATE INDEX webhooks_created_by ON webhooks (created_by);
-- Sessions that were ended are forgotten like those that ran out.
CREATE INDEX sessions_revoked ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;
