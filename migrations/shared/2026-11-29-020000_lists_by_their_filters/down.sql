DROP INDEX sessions_revoked;
DROP INDEX webhooks_created_by;
DROP INDEX api_keys_created_by;
DROP INDEX vetting_applications_remembered;
