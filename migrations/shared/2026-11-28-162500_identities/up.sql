-- Who a person is at a provider of identities, such as GitHub: a way to sign in. One for each person and issuer.
CREATE TABLE identities (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    provider TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    last_used_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX identities_subject ON identities (issuer, subject);
CREATE UNIQUE INDEX identities_user ON identities (user_id, issuer);

-- A sign-in at a provider that is under way, for ten minutes. What goes there and comes back is derived from the id under the house's
-- secret, so that a dump of the database finishes nothing; who came back is known from its proof on, until it is used up.
CREATE TABLE provider_sign_ins (
    id TEXT NOT NULL PRIMARY KEY,
    provider TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    claimed_at TIMESTAMPTZ,
    issuer TEXT,
    subject TEXT,
    email TEXT
);
CREATE INDEX provider_sign_ins_expires_at ON provider_sign_ins (expires_at);
