-- Who leaves, and since when: because they asked for it (the account is closed at once), or because nobody has seen them for
-- long and they did not say that their data should be kept. The row stays, to prove that it was done.
CREATE TABLE erasures (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    cause TEXT NOT NULL CHECK (cause IN ('asked', 'idle')),
    asked_at TIMESTAMPTZ NOT NULL,
    due_at TIMESTAMPTZ NOT NULL,
    -- The id of the code with which an idle person keeps their data.
    keep_token TEXT,
    erased_at TIMESTAMPTZ,
    -- When what was erased was also wiped from the database's files.
    tidied_at TIMESTAMPTZ
);
CREATE INDEX erasures_due ON erasures (erased_at, due_at);
CREATE INDEX erasures_keep ON erasures (keep_token);
CREATE INDEX erasures_untidied ON erasures (erased_at) WHERE tidied_at IS NULL;
