-- Whose turn it is among the mails of one recipient, without reading those that were sent or are planned for later.
CREATE INDEX outbox_waiting ON outbox (recipient_key, due_at, id) WHERE state = 'pending';
CREATE INDEX outbox_trying ON outbox (recipient_key, id) WHERE state = 'pending' AND attempts > 0;
