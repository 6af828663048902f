DROP TABLE match_run_results;
DROP TABLE match_runs;
DROP TABLE match_fits;
DROP INDEX job_requests_changed;
DROP TABLE match_openings;
DROP TABLE notification_preferences;
