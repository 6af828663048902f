ALTER TABLE webhooks RENAME COLUMN disabled_because TO disabled_after;
ALTER TABLE webhooks ADD COLUMN disabled_because TEXT CHECK (disabled_because IN ('switched_off', 'gone', 'failing'));
UPDATE webhooks SET disabled_because = CASE WHEN disabled_after = 'maker_left' THEN 'switched_off' ELSE disabled_after END;
ALTER TABLE webhooks DROP COLUMN disabled_after;
