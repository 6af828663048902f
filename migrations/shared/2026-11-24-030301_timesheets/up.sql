-- The hours of a trial by the week (`2026-W49`, Monday to Sunday in the contract's zone).
CREATE TABLE timesheets (
    trial_id TEXT NOT NULL REFERENCES trials (id) ON DELETE CASCADE,
    iso_week TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('draft', 'submitted', 'queried', 'answered', 'approved', 'decided')),
    -- Days with minutes and a note.
    days_json TEXT NOT NULL,
    submitted_at TIMESTAMPTZ,
    -- When the clock acts, or an admin may: the client's time to answer, then the developer's.
    due_at TIMESTAMPTZ,
    version BIGINT NOT NULL DEFAULT 1,
    changed_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (trial_id, iso_week)
);

-- Every step with a timesheet but writing hours down: who, when, and what was said.
CREATE TABLE timesheet_events (
    trial_id TEXT NOT NULL,
    iso_week TEXT NOT NULL,
    version BIGINT NOT NULL,
    action TEXT NOT NULL,
    actor TEXT NOT NULL,
    user_id TEXT,
    to_state TEXT NOT NULL,
    message TEXT,
    occurred_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (trial_id, iso_week, version),
    FOREIGN KEY (trial_id, iso_week) REFERENCES timesheets (trial_id, iso_week) ON DELETE CASCADE
);
