-- Until when the answer to the reviewer's questions is awaited.
ALTER TABLE vetting_applications ADD COLUMN answer_by TIMESTAMPTZ;
-- When the vetted status last changed.
ALTER TABLE vetted_developers ADD COLUMN changed_at TIMESTAMPTZ;

-- What happened to a developer's vetted status: rows are only ever added.
CREATE TABLE vetted_events (
    id TEXT NOT NULL PRIMARY KEY,
    developer_id TEXT NOT NULL REFERENCES developers (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    action TEXT NOT NULL,
    actor TEXT NOT NULL,
    user_id TEXT,
    from_status TEXT,
    to_status TEXT NOT NULL,
    reason_code TEXT,
    message TEXT,
    occurred_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX vetted_events_version ON vetted_events (developer_id, version);

-- An appeal stands beside what it is against: an application's rejection, or a developer's suspension or revocation.
-- Once for each such decision, which is known by the version it made.
CREATE TABLE vetting_appeals (
    subject TEXT NOT NULL,
    decision_version BIGINT NOT NULL,
    developer_id TEXT NOT NULL REFERENCES developers (id) ON DELETE CASCADE,
    message TEXT NOT NULL,
    outcome TEXT CHECK (outcome IN ('upheld', 'overturned')),
    answer TEXT,
    decided_by TEXT,
    made_at TIMESTAMPTZ NOT NULL,
    decided_at TIMESTAMPTZ,
    PRIMARY KEY (subject, decision_version)
);
CREATE INDEX vetting_appeals_developer ON vetting_appeals (developer_id);

-- What there is already gets its timer; the first ring plans it for when it is due.
INSERT INTO timers (subject, step, room, due_at)
    SELECT id, 'lapse', 'vetting', changed_at FROM vetting_applications WHERE state = 'needs_info';
INSERT INTO timers (subject, step, room, due_at)
    SELECT developer_id, 'expire', 'vetting', approved_at FROM vetted_developers WHERE status IN ('approved', 'expiring');
