-- A person's second factor: one that is not confirmed yet opens and asks for nothing. The secret is sealed under the house's own,
-- so that a dump of the database makes no codes; a recovery code is a hash of 80 random bits, and goes when it is used.
CREATE TABLE second_factors (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed_by TEXT NOT NULL,
    sealed_secret TEXT NOT NULL,
    last_step BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    confirmed_at TIMESTAMPTZ
);
CREATE INDEX second_factors_sealed_by ON second_factors (sealed_by);

CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash TEXT NOT NULL,
    PRIMARY KEY (user_id, code_hash)
);
