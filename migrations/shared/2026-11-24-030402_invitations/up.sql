-- A client asks a developer to talk about a job request, before any offer; once for each pair.
CREATE TABLE invitations (
    id TEXT NOT NULL PRIMARY KEY,
    job_request_id TEXT NOT NULL REFERENCES job_requests (id) ON DELETE CASCADE,
    developer_id TEXT NOT NULL REFERENCES developers (id) ON DELETE CASCADE,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    invited_by TEXT NOT NULL REFERENCES users (id),
    state TEXT NOT NULL CHECK (state IN ('invited', 'accepted', 'declined', 'lapsed')),
    message TEXT NOT NULL,
    reason_code TEXT,
    answer_expected_by TIMESTAMPTZ NOT NULL,
    lapses_at TIMESTAMPTZ NOT NULL,
    answered_at TIMESTAMPTZ,
    -- Up to when each side was written to, or will be, about new messages; null once it has read them.
    client_mailed_at TIMESTAMPTZ,
    developer_mailed_at TIMESTAMPTZ,
    version BIGINT NOT NULL DEFAULT 1,
    created_at TIMESTAMPTZ NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX invitations_once ON invitations (job_request_id, developer_id);
CREATE INDEX invitations_job_request ON invitations (job_request_id, id);
CREATE INDEX invitations_developer ON invitations (developer_id, id);

CREATE TABLE invitation_messages (
    id TEXT NOT NULL PRIMARY KEY,
    invitation_id TEXT NOT NULL REFERENCES invitations (id) ON DELETE CASCADE,
    party TEXT NOT NULL CHECK (party IN ('client', 'developer')),
    author_id TEXT NOT NULL,
    body TEXT NOT NULL,
    call_times_json TEXT NOT NULL,
    written_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX invitation_messages_invitation ON invitation_messages (invitation_id, id);

-- Whom a client has an eye on for a job request; the notes never leave the organisation.
CREATE TABLE shortlist_entries (
    job_request_id TEXT NOT NULL REFERENCES job_requests (id) ON DELETE CASCADE,
    developer_id TEXT NOT NULL REFERENCES developers (id) ON DELETE CASCADE,
    notes TEXT,
    added_by TEXT NOT NULL,
    added_at TIMESTAMPTZ NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (job_request_id, developer_id)
);
CREATE INDEX shortlist_entries_developer ON shortlist_entries (developer_id);

CREATE TABLE reports (
    id TEXT NOT NULL PRIMARY KEY,
    reporter_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    category TEXT NOT NULL,
    message TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'in_progress', 'resolved', 'dismissed')),
    note TEXT,
    handled_by TEXT,
    handled_at TIMESTAMPTZ,
    version BIGINT NOT NULL DEFAULT 1,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX reports_state ON reports (state, id);
CREATE INDEX reports_reporter ON reports (reporter_id, id);

CREATE INDEX users_role ON users (role, id);
CREATE INDEX users_status ON users (status, id);
