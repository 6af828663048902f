CREATE INDEX outbox_recipient ON outbox (recipient_key, id);
DROP INDEX outbox_own;
