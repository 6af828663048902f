DROP INDEX outbox_subject;
DROP INDEX outbox_trying;
DROP INDEX outbox_waiting;
