-- An entry is sealed once, soon after it was written: its place in the chain, and a hash over itself and the entry before it.
ALTER TABLE audit_entries ADD COLUMN request_id TEXT;
ALTER TABLE audit_entries ADD COLUMN position BIGINT;
ALTER TABLE audit_entries ADD COLUMN hash TEXT;
ALTER TABLE audit_entries ADD COLUMN reason_hash TEXT;
CREATE UNIQUE INDEX audit_entries_position ON audit_entries (position);
CREATE INDEX audit_entries_unsealed ON audit_entries (id) WHERE position IS NULL;

-- What an admin wrote may name people, so it stands beside the chain, which holds only a salted hash of it: it can be erased,
-- but not exchanged, and the chain stays whole.
CREATE TABLE audit_reasons (
    entry_id TEXT NOT NULL PRIMARY KEY REFERENCES audit_entries (id),
    salt TEXT NOT NULL,
    reason TEXT NOT NULL
);
INSERT INTO audit_reasons (entry_id, salt, reason)
    SELECT id, CAST(random() AS TEXT), reason FROM audit_entries WHERE reason IS NOT NULL;
ALTER TABLE audit_entries DROP COLUMN reason;

-- Where the chain ends: what is cut off there is missed. One row, and the lock of whoever seals.
CREATE TABLE audit_head (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    position BIGINT NOT NULL,
    hash TEXT NOT NULL,
    sealed_at TIMESTAMPTZ
);
INSERT INTO audit_head (id, position, hash) VALUES (1, 0, '');

-- Which request a mail comes from, as the log and the audit name it.
ALTER TABLE outbox ADD COLUMN request_id TEXT;
