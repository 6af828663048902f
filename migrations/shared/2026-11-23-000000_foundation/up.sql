-- The whole foundation, valid on SQLite and PostgreSQL alike.
-- Ids and words are text; instants are TIMESTAMPTZ (PostgreSQL) or integer microseconds (SQLite); *_json is JSON text that no query looks into.

-- ground: idempotency, timers, throttles ---------------------------------------------------------
CREATE TABLE idempotency_keys (
    user_id TEXT NOT NULL,
    route TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    answer_version BIGINT,
    answer_body TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (user_id, route, idempotency_key)
);
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);

CREATE TABLE timers (
    subject TEXT NOT NULL,
    step TEXT NOT NULL,
    room TEXT NOT NULL,
    due_at TIMESTAMPTZ NOT NULL,
    leased_until TIMESTAMPTZ,
    PRIMARY KEY (subject, step)
);
CREATE INDEX timers_due ON timers (room, due_at);

CREATE TABLE throttles (
    bucket TEXT NOT NULL PRIMARY KEY,
    hits BIGINT NOT NULL,
    window_ends_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX throttles_window ON throttles (window_ends_at);

-- notifications ----------------------------------------------------------------------------------
CREATE TABLE outbox (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    anchor TEXT NOT NULL,
    recipient_key TEXT NOT NULL,
    recipient_email TEXT NOT NULL,
    recipient_name TEXT NOT NULL,
    recipient_time_zone TEXT NOT NULL,
    letter_json TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'sent', 'dead', 'cancelled')),
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    give_up_at TIMESTAMPTZ NOT NULL,
    leased_until TIMESTAMPTZ,
    last_error TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    sent_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX outbox_once ON outbox (subject, kind, recipient_key, anchor);
CREATE INDEX outbox_due ON outbox (state, due_at);
CREATE INDEX outbox_recipient ON outbox (recipient_key, id);

-- accounts ---------------------------------------------------------------------------------------
CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('client', 'developer', 'admin')),
    status TEXT NOT NULL CHECK (status IN ('active', 'suspended')),
    time_zone TEXT NOT NULL,
    password_hash TEXT,
    verified_at TIMESTAMPTZ,
    version BIGINT NOT NULL DEFAULT 1,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX users_email_key ON users (email_key);

CREATE TABLE organizations (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    version BIGINT NOT NULL DEFAULT 1,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE members (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    role TEXT NOT NULL CHECK (role IN ('owner', 'member')),
    joined_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX members_organization ON members (organization_id, user_id);

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client TEXT NOT NULL,
    generation BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    rotated_at TIMESTAMPTZ NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL,
    revoked_at TIMESTAMPTZ
);
CREATE INDEX sessions_user ON sessions (user_id, id);
CREATE INDEX sessions_end ON sessions (ends_at);

CREATE TABLE mail_tokens (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL CHECK (purpose IN ('verify_email', 'reset_password', 'invitation')),
    detail_json TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ
);
CREATE INDEX mail_tokens_user ON mail_tokens (user_id, purpose, created_at);

-- skills -----------------------------------------------------------------------------------------
CREATE TABLE skills (
    slug TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    category TEXT NOT NULL,
    version BIGINT NOT NULL DEFAULT 1,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX skills_category ON skills (category, slug);

CREATE TABLE skill_aliases (
    alias TEXT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL REFERENCES skills (slug) ON DELETE CASCADE
);
CREATE INDEX skill_aliases_slug ON skill_aliases (slug);

CREATE TABLE skill_neighbors (
    slug TEXT NOT NULL REFERENCES skills (slug) ON DELETE CASCADE,
    neighbor TEXT NOT NULL REFERENCES skills (slug) ON DELETE CASCADE,
    weight BIGINT NOT NULL CHECK (weight BETWEEN 1 AND 10000),
    PRIMARY KEY (slug, neighbor)
);
CREATE INDEX skill_neighbors_neighbor ON skill_neighbors (neighbor);

CREATE TABLE skill_substitutes (
    slug TEXT NOT NULL REFERENCES skills (slug) ON DELETE CASCADE,
    substitute TEXT NOT NULL REFERENCES skills (slug) ON DELETE CASCADE,
    weight BIGINT NOT NULL CHECK (weight BETWEEN 50 AND 95),
    PRIMARY KEY (slug, substitute)
);
CREATE INDEX skill_substitutes_substitute ON skill_substitutes (substitute);

-- developers -------------------------------------------------------------------------------------
CREATE TABLE developers (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    headline TEXT,
    summary TEXT,
    seniority TEXT,
    rate_amount BIGINT,
    rate_currency TEXT,
    hours_per_week BIGINT,
    available_from DATE,
    time_zone TEXT,
    works_from BIGINT,
    works_to BIGINT,
    country TEXT,
    languages_json TEXT NOT NULL,
    domains_json TEXT NOT NULL,
    experience_json TEXT NOT NULL,
    links_json TEXT NOT NULL,
    preferences_json TEXT NOT NULL,
    synthetic BOOLEAN NOT NULL DEFAULT FALSE,
    version BIGINT NOT NULL DEFAULT 1,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX developers_user ON developers (user_id);

CREATE TABLE developer_skills (
    developer_id TEXT NOT NULL REFERENCES developers (id) ON DELETE CASCADE,
    slug TEXT NOT NULL REFERENCES skills (slug),
    level BIGINT NOT NULL CHECK (level BETWEEN 1 AND 5),
    years DOUBLE PRECISION NOT NULL CHECK (years >= 0),
    PRIMARY KEY (developer_id, slug)
);
CREATE INDEX developer_skills_slug ON developer_skills (slug, developer_id);

CREATE TABLE commitments (
    id TEXT NOT NULL PRIMARY KEY,
    developer_id TEXT NOT NULL REFERENCES developers (id) ON DELETE CASCADE,
    trial_id TEXT NOT NULL,
    hours_per_week BIGINT NOT NULL CHECK (hours_per_week > 0),
    starts_at TIMESTAMPTZ NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX commitments_trial ON commitments (trial_id);
CREATE INDEX commitments_developer ON commitments (developer_id, ends_at);

CREATE TABLE disclosures (
    developer_id TEXT NOT NULL REFERENCES developers (id) ON DELETE CASCADE,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    disclosed_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (developer_id, organization_id)
);
CREATE INDEX disclosures_organization ON disclosures (organization_id, developer_id);

CREATE TABLE blocks (
    developer_id TEXT NOT NULL REFERENCES developers (id) ON DELETE CASCADE,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    blocked_by TEXT NOT NULL CHECK (blocked_by IN ('client', 'developer')),
    blocked_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (developer_id, organization_id, blocked_by)
);
CREATE INDEX blocks_organization ON blocks (organization_id, developer_id);

-- vetting ----------------------------------------------------------------------------------------
CREATE TABLE vetting_applications (
    id TEXT NOT NULL PRIMARY KEY,
    developer_id TEXT NOT NULL REFERENCES developers (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    remembered_stage TEXT,
    reviewer_id TEXT REFERENCES users (id),
    questions TEXT,
    answers TEXT,
    reason_code TEXT,
    message TEXT,
    retry_after TIMESTAMPTZ,
    skipped_stages_json TEXT NOT NULL,
    version BIGINT NOT NULL DEFAULT 1,
    created_at TIMESTAMPTZ NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX vetting_applications_developer ON vetting_applications (developer_id, id);
CREATE INDEX vetting_applications_state ON vetting_applications (state, id);
CREATE INDEX vetting_applications_reviewer ON vetting_applications (reviewer_id, id);

CREATE TABLE scorecards (
    application_id TEXT NOT NULL REFERENCES vetting_applications (id) ON DELETE CASCADE,
    stage TEXT NOT NULL,
    reviewer_id TEXT NOT NULL REFERENCES users (id),
    criteria_json TEXT NOT NULL,
    recommendation TEXT NOT NULL,
    verified_skills_json TEXT NOT NULL,
    feedback TEXT,
    private_notes TEXT,
    version BIGINT NOT NULL DEFAULT 1,
    written_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (application_id, stage, reviewer_id)
);

CREATE TABLE vetting_events (
    id TEXT NOT NULL PRIMARY KEY,
    application_id TEXT NOT NULL REFERENCES vetting_applications (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    action TEXT NOT NULL,
    actor TEXT NOT NULL,
    user_id TEXT,
    from_state TEXT,
    to_state TEXT NOT NULL,
    reason_code TEXT,
    message TEXT,
    occurred_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX vetting_events_version ON vetting_events (application_id, version);

CREATE TABLE vetted_developers (
    developer_id TEXT NOT NULL PRIMARY KEY REFERENCES developers (id) ON DELETE CASCADE,
    application_id TEXT REFERENCES vetting_applications (id),
    status TEXT NOT NULL CHECK (status IN ('approved', 'expiring', 'expired', 'suspended', 'revoked')),
    approved_at TIMESTAMPTZ NOT NULL,
    valid_until TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX vetted_developers_status ON vetted_developers (status, developer_id);

CREATE TABLE verified_skills (
    developer_id TEXT NOT NULL REFERENCES developers (id) ON DELETE CASCADE,
    slug TEXT NOT NULL REFERENCES skills (slug),
    level BIGINT NOT NULL CHECK (level BETWEEN 1 AND 5),
    verified_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (developer_id, slug)
);
CREATE INDEX verified_skills_slug ON verified_skills (slug, developer_id);

-- jobs -------------------------------------------------------------------------------------------
CREATE TABLE job_requests (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    created_by TEXT NOT NULL REFERENCES users (id),
    state TEXT NOT NULL CHECK (state IN ('draft', 'open', 'paused', 'filled', 'closed')),
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    seniority_json TEXT NOT NULL,
    domains_json TEXT NOT NULL,
    legal_country_limit_json TEXT NOT NULL,
    rate_amount BIGINT NOT NULL,
    rate_currency TEXT NOT NULL,
    hours_per_week BIGINT NOT NULL,
    starts_on DATE NOT NULL,
    duration_weeks BIGINT,
    time_zone TEXT NOT NULL,
    works_from BIGINT,
    works_to BIGINT,
    overlap_hours DOUBLE PRECISION NOT NULL,
    languages_json TEXT NOT NULL,
    seats BIGINT NOT NULL CHECK (seats > 0),
    seats_taken BIGINT NOT NULL DEFAULT 0,
    version BIGINT NOT NULL DEFAULT 1,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX job_requests_organization ON job_requests (organization_id, id);
CREATE INDEX job_requests_state ON job_requests (state, id);

CREATE TABLE job_request_skills (
    job_request_id TEXT NOT NULL REFERENCES job_requests (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    slug TEXT NOT NULL REFERENCES skills (slug),
    min_level BIGINT NOT NULL CHECK (min_level BETWEEN 1 AND 5),
    min_years DOUBLE PRECISION,
    must BOOLEAN NOT NULL,
    weight BIGINT NOT NULL CHECK (weight > 0),
    allow_adjacent BOOLEAN NOT NULL,
    PRIMARY KEY (job_request_id, position)
);
CREATE INDEX job_request_skills_slug ON job_request_skills (slug, job_request_id);

-- trials -----------------------------------------------------------------------------------------
CREATE TABLE trials (
    id TEXT NOT NULL PRIMARY KEY,
    job_request_id TEXT NOT NULL REFERENCES job_requests (id),
    developer_id TEXT NOT NULL REFERENCES developers (id),
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    offered_by TEXT NOT NULL REFERENCES users (id),
    state TEXT NOT NULL,
    outcome TEXT,
    terms_version BIGINT NOT NULL,
    starts_on DATE NOT NULL,
    starts_at TIMESTAMPTZ NOT NULL,
    trial_days BIGINT NOT NULL,
    extension_days BIGINT NOT NULL DEFAULT 0,
    paused_days BIGINT NOT NULL DEFAULT 0,
    ends_at TIMESTAMPTZ NOT NULL,
    grace_until TIMESTAMPTZ NOT NULL,
    offer_expires_at TIMESTAMPTZ NOT NULL,
    accept_blocked TEXT,
    last_day DATE,
    reason_code TEXT,
    message TEXT,
    replaces TEXT REFERENCES trials (id),
    version BIGINT NOT NULL DEFAULT 1,
    created_at TIMESTAMPTZ NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX trials_organization ON trials (organization_id, id);
CREATE INDEX trials_developer ON trials (developer_id, id);
CREATE INDEX trials_job_request ON trials (job_request_id, id);
CREATE INDEX trials_state ON trials (state, id);

CREATE TABLE trial_terms (
    trial_id TEXT NOT NULL REFERENCES trials (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    document TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (trial_id, version)
);

CREATE TABLE trial_signatures (
    trial_id TEXT NOT NULL REFERENCES trials (id) ON DELETE CASCADE,
    party TEXT NOT NULL CHECK (party IN ('client', 'developer')),
    terms_version BIGINT NOT NULL,
    user_id TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    signed_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (trial_id, party, terms_version)
);

CREATE TABLE trial_proposals (
    trial_id TEXT NOT NULL PRIMARY KEY REFERENCES trials (id) ON DELETE CASCADE,
    action TEXT NOT NULL,
    party TEXT NOT NULL CHECK (party IN ('client', 'developer')),
    content_json TEXT NOT NULL,
    proposed_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE trial_events (
    id TEXT NOT NULL PRIMARY KEY,
    trial_id TEXT NOT NULL REFERENCES trials (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    action TEXT NOT NULL,
    actor TEXT NOT NULL,
    user_id TEXT,
    from_state TEXT,
    to_state TEXT NOT NULL,
    reason_code TEXT,
    message TEXT,
    occurred_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX trial_events_version ON trial_events (trial_id, version);
