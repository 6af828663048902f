-- The column may stay as it is: whoever knows nothing of the house's webhooks writes no NULL, and none is left to be read.
DELETE FROM webhook_deliveries WHERE webhook_id IN (SELECT id FROM webhooks WHERE organization_id IS NULL);
DELETE FROM webhooks WHERE organization_id IS NULL;
-- What concerns no organisation was told to no webhook.
UPDATE events SET spread = TRUE WHERE organization_id IS NULL;
