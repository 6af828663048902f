-- One more reason why a webhook is off: whoever made it no longer acts for the organisation. SQLite changes no check: another column
-- with the same name takes the place of the one that there is.
ALTER TABLE webhooks RENAME COLUMN disabled_because TO disabled_before;
ALTER TABLE webhooks ADD COLUMN disabled_because TEXT CHECK (disabled_because IN ('switched_off', 'gone', 'failing', 'maker_left'));
UPDATE webhooks SET disabled_because = disabled_before;
ALTER TABLE webhooks DROP COLUMN disabled_before;
