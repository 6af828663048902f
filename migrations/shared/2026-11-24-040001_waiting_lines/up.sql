-- Whose turn it is among the mails of one recipient, and what is still pending about a subject, without reading what was sent
-- or is pending for others.
CREATE INDEX outbox_waiting ON outbox (recipient_key, state, due_at, id);
CREATE INDEX outbox_trying ON outbox (recipient_key, id) WHERE state = 'pending' AND attempts > 0;
CREATE INDEX outbox_subject ON outbox (subject, state);
-- What is due is claimed in this order. Where much is due at the same instant, only the whole order keeps the first few cheap.
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (state, due_at, id);
DROP INDEX timers_due;
CREATE INDEX timers_due ON timers (room, due_at, subject);
