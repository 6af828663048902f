ALTER TABLE job_requests DROP COLUMN published;
