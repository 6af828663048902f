DROP INDEX timers_due;
CREATE INDEX timers_due ON timers (room, due_at);
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (state, due_at);
DROP INDEX outbox_subject;
DROP INDEX outbox_trying;
DROP INDEX outbox_waiting;
