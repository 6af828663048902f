-- Figures for admins, rolled up by the week (its Monday) from what is committed.
CREATE TABLE weekly_figures (
    week DATE NOT NULL,
    measure TEXT NOT NULL,
    name TEXT NOT NULL,
    amount BIGINT NOT NULL,
    total BIGINT NOT NULL,
    PRIMARY KEY (week, measure, name)
);
-- Up to which week, and when that was done: one row, whose lock whoever rolls up holds.
CREATE TABLE statistics_head (
    id BIGINT NOT NULL PRIMARY KEY,
    week DATE,
    rolled_at TIMESTAMPTZ
);
INSERT INTO statistics_head (id) VALUES (1);
