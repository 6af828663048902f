-- A person's own mails are read as they came, not as they were planned.
CREATE INDEX outbox_own ON outbox (recipient_key, COALESCE(sent_at, due_at), id);
DROP INDEX outbox_recipient;
