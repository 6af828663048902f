-- Whether everybody may read a job request while it is open, as a posting.
ALTER TABLE job_requests ADD COLUMN published BOOLEAN NOT NULL DEFAULT FALSE;
