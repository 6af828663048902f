//! Spreading events to webhooks, and delivering them: what several nodes do side by side.

use std::collections::HashMap;

use tracing::Instrument as _;
use tracing::field::Empty;

use crate::accounts::store_admin::has_active_member;
use crate::db::Conn;
use crate::events::domain::KEPT as EVENTS_KEPT;
use crate::events::store as events;
use crate::events::store::Told;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::WebhookId;
use crate::kernel::traces::TRACES;
use crate::scheduler::Nudge;
use crate::webhooks::delivery::{Delivery, DeliveryState, KEPT, Outcome, STEADY, Settled, settle};
use crate::webhooks::dialer::Message;
use crate::webhooks::domain::{DisabledBecause, Webhook};
use crate::webhooks::ending::disable;
use crate::webhooks::owner::Owner;
use crate::webhooks::service::Webhooks;
use crate::webhooks::store_deliveries::Claimed;
use crate::webhooks::{store, store_deliveries};

/// How many events are spread in one transaction.
const SPREAD_AT_ONCE: i64 = 200;
/// How many rows are forgotten, and how many seals renewed, in one transaction.
const AT_ONCE: i64 = 1000;

impl Webhooks {
    /// What wakes the courier.
    pub fn nudge(&self) -> Nudge {
        self.nudge.clone()
    }

    /// Makes the deliveries of events that have none yet; says whether there may be more.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn spread(&self) -> Result<bool> {
        let now = self.clock.now();
        let spread = self.db.write(move |conn| spread(conn, now)).await?;
        Ok(spread == SPREAD_AT_ONCE)
    }

    /// Claims at most `limit` deliveries that are due.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn claim(&self, limit: i64) -> Result<Vec<Claimed>> {
        let (now, lease) = (self.clock.now(), self.lease);
        self.db.write(move |conn| store_deliveries::claim(conn, now, lease, limit)).await
    }

    /// Sends a claimed delivery and records what came of it.
    ///
    /// # Errors
    /// When that cannot be recorded: it goes out again after its lease.
    pub async fn deliver(&self, claimed: Claimed) -> Result<()> {
        let id = claimed.webhook_id;
        let Some(webhook) = self.db.read(move |conn| store::get(conn, id)).await? else { return Ok(()) };
        let (kind, attempt) = (claimed.kind.as_str(), claimed.attempts);
        let span =
            tracing::trace_span!(target: TRACES, parent: None, "webhook", otel.kind = "client", otel.status_code = Empty, kind, attempt);
        let outcome = self.attempt(&webhook, &claimed).instrument(span.clone()).await;
        let now = self.clock.now();
        let settled = settle(outcome, claimed.attempts, now, claimed.give_up_at, rand::random_range(-1.0..=1.0));
        if settled.state != DeliveryState::Delivered {
            span.record("otel.status_code", "ERROR");
        }
        drop(span);
        report(&claimed, &settled);
        self.db.write(move |conn| record(conn, &claimed, &settled, now)).await?;
        self.mail.wake();
        Ok(())
    }

    async fn attempt(&self, webhook: &Webhook, claimed: &Claimed) -> Outcome {
        let now = self.clock.now();
        let (id, timestamp, body) = (claimed.event_id.to_string(), now.utc().timestamp(), claimed.body.clone());
        match self.secrets(webhook, now) {
            Ok(secrets) => {
                let signatures: Vec<String> = secrets.iter().map(|secret| secret.sign(&id, timestamp, &body)).collect();
                self.dialer.post(&webhook.url, Message { id, timestamp, signatures: signatures.join(" "), body }).await
            }
            Err(error) => {
                tracing::error!(webhook = %webhook.id, %error, "a webhook's secret cannot be read");
                Outcome::Silent("its secret cannot be read".to_owned())
            }
        }
    }

    /// Forgets events and deliveries that are old, and seals again what an earlier secret of the house sealed.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn tidy(&self) -> Result<()> {
        let now = self.clock.now();
        while self.db.write(move |conn| events::forget(conn, now.minus(EVENTS_KEPT), AT_ONCE)).await? > 0 {}
        while self.db.write(move |conn| store_deliveries::forget(conn, now.minus(KEPT), AT_ONCE)).await? > 0 {}
        let previous = self.seals.previous();
        if previous.is_empty() {
            return Ok(());
        }
        let this = self.clone();
        self.db.write(move |conn| this.renew_seals(conn, &previous)).await
    }

    fn renew_seals(&self, conn: &mut Conn, previous: &[String]) -> Result<()> {
        for webhook in store::sealed_by(conn, previous, AT_ONCE)? {
            let former = webhook.former.as_ref().map(|(secret, _)| self.seal_anew(webhook.id, secret)).transpose()?;
            store::reseal(conn, &webhook, self.seal_anew(webhook.id, &webhook.secret)?, former)?;
        }
        Ok(())
    }
}

fn spread(conn: &mut Conn, now: Instant) -> Result<i64> {
    let told = events::take_unspread(conn, SPREAD_AT_ONCE)?;
    if told.is_empty() {
        return Ok(0);
    }
    let webhooks = listening(conn, &told)?;
    for event in &told {
        let owners = [Some(Owner::House), event.organization.map(Owner::Organization)];
        let theirs = owners.iter().flatten().filter_map(|owner| webhooks.get(owner)).flatten();
        for webhook in theirs.filter(|webhook| webhook.wants(&event.payload.kind)) {
            store_deliveries::insert(conn, delivery(webhook.id, event, now)?)?;
        }
    }
    Ok(i64::try_from(told.len()).unwrap_or(SPREAD_AT_ONCE))
}

/// The webhooks that may hear of these events, by whose they are.
fn listening(conn: &mut Conn, told: &[Told]) -> Result<HashMap<Owner, Vec<Webhook>>> {
    let mut organizations: Vec<_> = told.iter().filter_map(|event| event.organization).collect();
    organizations.sort();
    organizations.dedup();
    let mut webhooks: HashMap<Owner, Vec<Webhook>> = HashMap::new();
    for webhook in store::enabled(conn, organizations.iter().copied())? {
        webhooks.entry(webhook.owner).or_default().push(webhook);
    }
    // An organisation whose members are all kept out hears nothing. The house has an admin as long as it stands.
    for organization in organizations {
        if webhooks.contains_key(&Owner::Organization(organization)) && !has_active_member(conn, organization)? {
            webhooks.remove(&Owner::Organization(organization));
        }
    }
    webhooks.insert(Owner::House, store::enabled_of_house(conn)?);
    Ok(webhooks)
}

fn delivery(webhook: WebhookId, event: &Told, now: Instant) -> Result<Delivery> {
    let body = serde_json::to_string(&event.payload).map_err(Error::internal)?;
    Ok(Delivery::new(webhook, event.id, event.payload.kind.clone(), body, now))
}

/// Keeps what came of an attempt, and switches a webhook off that is gone or has failed steadily.
fn record(conn: &mut Conn, claimed: &Claimed, settled: &Settled, now: Instant) -> Result<()> {
    let id = claimed.webhook_id;
    if !store_deliveries::settle(conn, now, claimed, settled)? {
        return Ok(());
    }
    if settled.state == DeliveryState::Delivered {
        return store::note_success(conn, id);
    }
    let since = store::note_failure(conn, id, now)?;
    let steadily = settled.state == DeliveryState::Failed && since.is_some_and(|since| now.since(since) >= STEADY);
    let because = if settled.gone { DisabledBecause::Gone } else { DisabledBecause::Failing };
    match store::get(conn, id)?.filter(|webhook| webhook.enabled && (settled.gone || steadily)) {
        Some(webhook) => disable(conn, webhook, because, now),
        None => Ok(()),
    }
}

/// Neither URLs nor what an endpoint said: both are others' words.
fn report(claimed: &Claimed, settled: &Settled) {
    let (delivery, kind, attempts) = (claimed.id, claimed.kind.as_str(), claimed.attempts);
    metrics::counter!("guildhall_webhook_attempts_total", "state" => settled.state.to_string()).increment(1);
    match settled.state {
        DeliveryState::Delivered => tracing::info!(%delivery, kind, attempts, "webhook delivered"),
        DeliveryState::Pending => tracing::info!(%delivery, kind, attempts, "webhook not delivered; it will be tried again"),
        DeliveryState::Failed => tracing::warn!(%delivery, kind, attempts, "webhook given up"),
    }
}
