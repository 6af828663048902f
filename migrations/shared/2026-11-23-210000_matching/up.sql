-- Which mails a person has switched off; without a row a mail is on.
CREATE TABLE notification_preferences (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    PRIMARY KEY (user_id, kind)
);

-- Open requests whose first fits are recorded, for the demands with this hash.
CREATE TABLE match_openings (
    job_request_id TEXT NOT NULL PRIMARY KEY REFERENCES job_requests (id) ON DELETE CASCADE,
    demands_hash TEXT NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX job_requests_changed ON job_requests (updated_at);

-- Developers who have come to fit an open request, and whom that was told to.
CREATE TABLE match_fits (
    job_request_id TEXT NOT NULL REFERENCES job_requests (id) ON DELETE CASCADE,
    developer_id TEXT NOT NULL REFERENCES developers (id) ON DELETE CASCADE,
    found_at TIMESTAMPTZ NOT NULL,
    client_told_at TIMESTAMPTZ,
    developer_told_at TIMESTAMPTZ,
    PRIMARY KEY (job_request_id, developer_id)
);
CREATE INDEX match_fits_client ON match_fits (job_request_id, client_told_at, found_at);
CREATE INDEX match_fits_developer ON match_fits (developer_id, developer_told_at, found_at);

-- Answers that were given, kept six months. Who asked stays as text: the row outlives nobody's rights by more than that.
CREATE TABLE match_runs (
    id TEXT NOT NULL PRIMARY KEY,
    job_request_id TEXT NOT NULL REFERENCES job_requests (id) ON DELETE CASCADE,
    request_version BIGINT NOT NULL,
    organization_id TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    scoring_version TEXT NOT NULL,
    day DATE NOT NULL,
    index_version BIGINT NOT NULL,
    pool BIGINT NOT NULL,
    total BIGINT NOT NULL,
    gates_json TEXT NOT NULL,
    result_hash TEXT NOT NULL,
    asked_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX match_runs_job_request ON match_runs (job_request_id, id);
CREATE INDEX match_runs_asked ON match_runs (asked_at);

CREATE TABLE match_run_results (
    run_id TEXT NOT NULL REFERENCES match_runs (id) ON DELETE CASCADE,
    rank BIGINT NOT NULL,
    developer_id TEXT NOT NULL REFERENCES developers (id) ON DELETE CASCADE,
    score_hundredths BIGINT NOT NULL,
    factors_json TEXT NOT NULL,
    PRIMARY KEY (run_id, rank)
);
CREATE INDEX match_run_results_developer ON match_run_results (developer_id, run_id);
