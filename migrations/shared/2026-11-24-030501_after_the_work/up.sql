-- What a party says of the other when the trial is over; the other sees it when both are in, or after a while.
CREATE TABLE reviews (
    trial_id TEXT NOT NULL REFERENCES trials (id) ON DELETE CASCADE,
    party TEXT NOT NULL CHECK (party IN ('client', 'developer')),
    developer_id TEXT NOT NULL REFERENCES developers (id) ON DELETE CASCADE,
    rating BIGINT NOT NULL CHECK (rating BETWEEN 1 AND 5),
    message TEXT NOT NULL,
    written_by TEXT NOT NULL,
    written_at TIMESTAMPTZ NOT NULL,
    visible_at TIMESTAMPTZ,
    PRIMARY KEY (trial_id, party)
);
CREATE INDEX reviews_developer ON reviews (developer_id);

-- How a trial goes, asked on some of its days.
CREATE TABLE check_ins (
    trial_id TEXT NOT NULL REFERENCES trials (id) ON DELETE CASCADE,
    day BIGINT NOT NULL,
    party TEXT NOT NULL CHECK (party IN ('client', 'developer')),
    going_well BOOLEAN NOT NULL,
    message TEXT,
    answered_by TEXT NOT NULL,
    answered_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (trial_id, day, party)
);

-- What is to be given back and passed on after a trial: one list for both.
CREATE TABLE hand_overs (
    trial_id TEXT NOT NULL PRIMARY KEY REFERENCES trials (id) ON DELETE CASCADE,
    items_json TEXT NOT NULL,
    finished BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL
);
