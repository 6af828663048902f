DROP TABLE trial_conversions;
ALTER TABLE trials DROP COLUMN paused_by;
ALTER TABLE trials DROP COLUMN paused_at;
