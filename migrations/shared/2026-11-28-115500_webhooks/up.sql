-- What happened, for those whom it concerns, as it is told outside: ids and states alone, by value, forgotten after a week.
-- `spread` once every webhook that wants it has its delivery.
CREATE TABLE events (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    organization_id TEXT,
    developer_id TEXT,
    data_json TEXT NOT NULL,
    occurred_at TIMESTAMPTZ NOT NULL,
    spread BOOLEAN NOT NULL
);
CREATE INDEX events_organization ON events (organization_id, id);
CREATE INDEX events_developer ON events (developer_id, id);
CREATE INDEX events_to_spread ON events (id) WHERE NOT spread;

-- Where an organisation wants to be told. Its secrets are sealed under the house's; the one before signs as well for a day.
CREATE TABLE webhooks (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    created_by TEXT NOT NULL,
    url TEXT NOT NULL,
    description TEXT,
    event_types_json TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    disabled_because TEXT CHECK (disabled_because IN ('switched_off', 'gone', 'failing')),
    failing_since TIMESTAMPTZ,
    sealed_by TEXT NOT NULL,
    sealed_secret TEXT NOT NULL,
    former_sealed_by TEXT,
    former_sealed_secret TEXT,
    former_until TIMESTAMPTZ,
    version BIGINT NOT NULL DEFAULT 1,
    created_at TIMESTAMPTZ NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX webhooks_organization ON webhooks (organization_id, id);
CREATE INDEX webhooks_sealed_by ON webhooks (sealed_by);

-- An event on its way to a webhook: what is sent, how often it was tried, what came of it.
CREATE TABLE webhook_deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    give_up_at TIMESTAMPTZ NOT NULL,
    leased_until TIMESTAMPTZ,
    answered BIGINT,
    last_error TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ
);
CREATE INDEX webhook_deliveries_webhook ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_at, id) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook_id, due_at) WHERE state = 'pending';
