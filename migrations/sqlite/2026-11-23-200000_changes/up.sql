-- What has changed, written in the transaction of the change; every node follows it. Here the order of ids is the order of
-- commits, because one writes at a time, and AUTOINCREMENT never gives an id twice, also after the newest rows were forgotten.
CREATE TABLE changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL
);
CREATE INDEX changes_at ON changes (at);

-- Up to where changes may have been forgotten: who has not read that far must load everything anew. One row.
CREATE TABLE changes_forgotten (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    up_to BIGINT NOT NULL
);
INSERT INTO changes_forgotten (id, up_to) VALUES (1, 0);
