-- Who did or looked at what, and why: rows are only ever added, in the transaction of what they tell of.
CREATE TABLE audit_entries (
    id TEXT NOT NULL PRIMARY KEY,
    at TIMESTAMPTZ NOT NULL,
    actor_id TEXT,
    role TEXT NOT NULL CHECK (role IN ('client', 'developer', 'admin', 'system')),
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    reason TEXT,
    details_json TEXT NOT NULL
);
CREATE INDEX audit_entries_actor ON audit_entries (actor_id, id);
CREATE INDEX audit_entries_subject ON audit_entries (subject, id);
