-- Pauses, and what is offered after a trial.
ALTER TABLE trials ADD COLUMN paused_at TIMESTAMPTZ;
ALTER TABLE trials ADD COLUMN paused_by TEXT;

-- One for each trial: the offer that stands, or what was agreed.
CREATE TABLE trial_conversions (
    trial_id TEXT NOT NULL PRIMARY KEY REFERENCES trials (id) ON DELETE CASCADE,
    content_json TEXT NOT NULL
);
