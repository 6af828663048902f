-- What has changed, written in the transaction of the change; every node follows it. Ids are given before commits, so that
-- they say nothing about their order: nodes read by the transaction's number, from the oldest that was open when they last read.
CREATE TABLE changes (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid XID8 NOT NULL DEFAULT pg_current_xact_id(),
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL
);
CREATE INDEX changes_xid ON changes (xid, id);
CREATE INDEX changes_at ON changes (at);

-- Up to which transaction changes may have been forgotten: who has not read that far must load everything anew. One row.
CREATE TABLE changes_forgotten (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    up_to BIGINT NOT NULL
);
INSERT INTO changes_forgotten (id, up_to) VALUES (1, 0);
