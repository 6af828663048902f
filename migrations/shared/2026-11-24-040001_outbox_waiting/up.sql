-- Whose turn it is among the mails of one recipient, and what is still pending about a subject, without reading what was sent
-- or is pending for others.
CREATE INDEX outbox_waiting ON outbox (recipient_key, state, due_at, id);
CREATE INDEX outbox_trying ON outbox (recipient_key, id) WHERE state = 'pending' AND attempts > 0;
CREATE INDEX outbox_subject ON outbox (subject, state);
