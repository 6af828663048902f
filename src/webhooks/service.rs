//! The use cases of webhooks: made, changed, given another secret, tried out, looked at. What sends is in `courier`.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use rand::Rng as _;
use serde_json::json;

use crate::audit::domain::{Entry, OptionalReason};
use crate::audit::store::record;
use crate::auth::seal::{Sealed, Seals};
use crate::config;
use crate::db::once::once;
use crate::db::pool::Db;
use crate::db::{Conn, throttle};
use crate::events::domain::EventPayload;
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::{Instant, SharedClock};
use crate::kernel::error::{Code, Error, Result};
use crate::kernel::ids::{DeliveryId, EventId, WebhookId};
use crate::kernel::page::{Page, PageQuery};
use crate::kernel::principal::Principal;
use crate::kernel::schema::Patch;
use crate::scheduler::Nudge;
use crate::webhooks::delivery::{Delivery, DeliveryState, DeliveryView};
use crate::webhooks::dialer::Dialer;
use crate::webhooks::domain::{Changeable, MOST, OVERLAP_HOURS, SealedSecret, Webhook, WebhookDraft, WebhookView, WebhookWithSecret};
use crate::webhooks::ending::still_acts;
use crate::webhooks::event_types::TEST;
use crate::webhooks::owner::Owner;
use crate::webhooks::signature::{SECRET_BYTES, SigningSecret};
use crate::webhooks::{store, store_deliveries};

/// How much longer than an attempt its lease holds: time enough to record what came of it.
const MARGIN: Duration = Duration::from_secs(10);

/// Everything about webhooks. Cheap to clone.
#[derive(Clone)]
pub struct Webhooks {
    pub(crate) db: Db,
    pub(crate) clock: SharedClock,
    pub(crate) seals: Arc<Seals>,
    pub(crate) dialer: Arc<Dialer>,
    pub(crate) lease: TimeDelta,
    pub(crate) nudge: Nudge,
    pub(crate) mail: Nudge,
    repeats_per_day: Option<i64>,
    urls_per_day: Option<i64>,
}

impl Webhooks {
    /// Webhooks in `db`, whose secrets `seals` keep; `mail` wakes the mailer, after the commit.
    ///
    /// # Errors
    /// When what is set cannot be used.
    pub fn new(
        db: Db,
        clock: SharedClock,
        seals: Seals,
        settings: &config::told::Webhooks,
        limits: &config::Limits,
        mail: Nudge,
    ) -> Result<Self> {
        let deadline = Duration::from_secs(settings.deadline);
        let per_day = |limit: i64| Some(limit).filter(|_| limits.enabled);
        Ok(Self {
            db,
            clock,
            seals: seals.into(),
            dialer: Dialer::new(deadline, settings.anywhere, &settings.extra_ca)?.into(),
            lease: TimeDelta::from_std(deadline.saturating_add(MARGIN)).unwrap_or(TimeDelta::hours(1)),
            nudge: Nudge::default(),
            mail,
            repeats_per_day: per_day(limits.webhook_repeats_per_day),
            urls_per_day: per_day(limits.webhook_urls_per_day),
        })
    }

    /// Makes a webhook. Its secret is in this answer alone, which is kept for no repeat.
    ///
    /// # Errors
    /// 403; 409 when there are ten; 422 with every fault, also for a URL that leads to no public address and for types that are for
    /// others; 429 after too many in a day; 503 when too many names are being looked up.
    pub async fn create(&self, call: Call, draft: WebhookDraft) -> Result<Answer> {
        let owner = Owner::of(&call.principal)?;
        self.check(owner, &draft, None).await?;
        let (now, this) = (self.clock.now(), self.clone());
        let create = move |conn: &mut Conn| {
            still_acts(conn, &call.principal, owner)?;
            if store::count(conn, owner)? >= MOST {
                return Err(Error::conflict(format!("{MOST} webhooks are the most there may be: change one, or take one away.")));
            }
            let id = WebhookId::new(now);
            let (secret, sealed) = this.make_secret(id)?;
            let webhook = Webhook {
                id,
                owner,
                created_by: call.principal.user,
                url: String::new(),
                description: None,
                event_types: None,
                enabled: true,
                disabled_because: None,
                failing_since: None,
                secret: sealed,
                former: None,
                version: 0,
                created_at: now,
                changed_at: now,
            };
            let webhook = webhook.with(draft.clone(), now);
            store::insert(conn, webhook.clone())?;
            audited(conn, &call.principal, "webhook.create", id, now)?;
            with_secret(webhook, &secret)
        };
        self.db.write(create).await
    }

    /// Changes a webhook. What waits for one that is switched off is given up.
    ///
    /// # Errors
    /// 403, 404, 412, 422 with every fault; of a new URL also 429 and 503, as for [`Self::create`].
    pub async fn change(&self, call: Call, id: WebhookId, patch: Patch<WebhookDraft>) -> Result<Answer> {
        let owner = Owner::of(&call.principal)?;
        let current = self.db.read(move |conn| store::find(conn, owner, id)).await?;
        let draft = patch.apply(&Changeable::from(&current))?;
        self.check(owner, &draft, Some(&current.url)).await?;
        let now = self.clock.now();
        let change = move |conn: &mut Conn| {
            once(conn, call.once.as_ref(), now, |conn| {
                still_acts(conn, &call.principal, owner)?;
                let current = store::find(conn, owner, id)?;
                call.expected.check(current.version)?;
                let draft = patch.apply(&Changeable::from(&current))?;
                // It leads to whoever says where.
                let created_by = if draft.url == current.url { current.created_by } else { call.principal.user };
                let changed = Webhook { created_by, ..current.with(draft, now) };
                store::update(conn, changed.clone())?;
                if !changed.enabled {
                    store_deliveries::give_up(conn, id, now)?;
                }
                audited(conn, &call.principal, "webhook.change", id, now)?;
                Answer::versioned(changed.version, &WebhookView::from(changed))
            })
        };
        self.db.write(change).await
    }

    /// Gives a webhook another secret; for a day the one before signs as well. The answer is kept for no repeat.
    ///
    /// # Errors
    /// 403, 404, 412.
    pub async fn rotate_secret(&self, call: Call, id: WebhookId, reason: OptionalReason) -> Result<Answer> {
        let owner = Owner::of(&call.principal)?;
        let (now, this) = (self.clock.now(), self.clone());
        let rotate = move |conn: &mut Conn| {
            let current = store::find(conn, owner, id)?;
            call.expected.check(current.version)?;
            let (secret, sealed) = this.make_secret(id)?;
            let former = Some((current.secret.clone(), now.plus(TimeDelta::hours(OVERLAP_HOURS))));
            let webhook = Webhook { secret: sealed, former, version: current.version + 1, changed_at: now, ..current };
            store::update(conn, webhook.clone())?;
            let entry = entry(&call.principal, "webhook.rotate-secret", id, now).because(reason.message.as_ref());
            record(conn, &entry.with(json!({ "reason_code": reason.reason_code })))?;
            with_secret(webhook, &secret)
        };
        self.db.write(rotate).await
    }

    /// Takes a webhook away, with the log of its deliveries.
    ///
    /// # Errors
    /// 403, 404, 412.
    pub async fn remove(&self, call: Call, id: WebhookId) -> Result<()> {
        let owner = Owner::of(&call.principal)?;
        let now = self.clock.now();
        let remove = move |conn: &mut Conn| {
            let webhook = store::find(conn, owner, id)?;
            call.expected.check(webhook.version)?;
            store::delete(conn, id)?;
            audited(conn, &call.principal, "webhook.remove", id, now)
        };
        self.db.write(remove).await
    }

    /// A webhook of one's own, with its version.
    ///
    /// # Errors
    /// 403, 404.
    pub async fn show(&self, principal: Principal, id: WebhookId) -> Result<(i64, WebhookView)> {
        let owner = Owner::of(&principal)?;
        let webhook = self.db.read(move |conn| store::find(conn, owner, id)).await?;
        Ok((webhook.version, webhook.into()))
    }

    /// The webhooks of one's own, newest first: of one's organisation, or, for admins, of the house.
    ///
    /// # Errors
    /// 403; 400 for a cursor that is not one of ours.
    pub async fn list(&self, principal: Principal, page: PageQuery) -> Result<Page<WebhookView>> {
        let (owner, limit) = (Owner::of(&principal)?, page.limit);
        let rows = self.db.read(move |conn| store::list(conn, owner, &page)).await?;
        Ok(Page::cut(rows, limit, |webhook| webhook.id.to_string()).map(WebhookView::from))
    }

    /// The deliveries to a webhook, newest first.
    ///
    /// # Errors
    /// 403, 404; 400 for a cursor that is not one of ours.
    pub async fn deliveries(
        &self,
        principal: Principal,
        id: WebhookId,
        state: Option<DeliveryState>,
        page: PageQuery,
    ) -> Result<Page<DeliveryView>> {
        let (owner, limit) = (Owner::of(&principal)?, page.limit);
        let read = move |conn: &mut Conn| {
            store::find(conn, owner, id)?;
            store_deliveries::list(conn, id, state, &page)
        };
        let rows = self.db.read(read).await?;
        Ok(Page::cut(rows, limit, |delivery| delivery.id.to_string()).map(DeliveryView::from))
    }

    /// One delivery.
    ///
    /// # Errors
    /// 403, 404.
    pub async fn delivery(&self, principal: Principal, id: WebhookId, delivery: DeliveryId) -> Result<DeliveryView> {
        let owner = Owner::of(&principal)?;
        let read = move |conn: &mut Conn| {
            store::find(conn, owner, id)?;
            store_deliveries::find(conn, id, delivery)
        };
        Ok(self.db.read(read).await?.into())
    }

    /// Sends a test event, of which nothing else hears.
    ///
    /// # Errors
    /// 403, 404; 409 when the webhook is switched off; 429 after too many in a day.
    pub async fn test(&self, call: Call, id: WebhookId) -> Result<Answer> {
        self.send(call, id, move |conn, webhook, now| {
            let payload = EventPayload { kind: TEST.to_owned(), timestamp: now, data: json!({ "webhook_id": webhook.id }) };
            let body = serde_json::to_string(&payload).map_err(Error::internal)?;
            let delivery = Delivery::new(webhook.id, EventId::new(now), payload.kind, body, now);
            store_deliveries::insert(conn, delivery.clone())?;
            Ok(delivery)
        })
        .await
    }

    /// Sends a delivery again, whatever has become of it, and tries for three days more.
    ///
    /// # Errors
    /// 403, 404; 409 when the webhook is switched off; 429 after too many in a day.
    pub async fn redeliver(&self, call: Call, id: WebhookId, delivery: DeliveryId) -> Result<Answer> {
        self.send(call, id, move |conn, webhook, now| {
            let again = store_deliveries::find(conn, webhook.id, delivery)?.again(now);
            store_deliveries::send_again(conn, again.clone(), now)?;
            Ok(again)
        })
        .await
    }

    async fn send(
        &self,
        call: Call,
        id: WebhookId,
        effect: impl Fn(&mut Conn, &Webhook, Instant) -> Result<Delivery> + Send + 'static,
    ) -> Result<Answer> {
        let owner = Owner::of(&call.principal)?;
        let (now, per_day) = (self.clock.now(), self.repeats_per_day);
        let send = move |conn: &mut Conn| {
            once(conn, call.once.as_ref(), now, |conn| {
                let webhook = store::find(conn, owner, id)?;
                throttle::take_of_day(conn, &format!("webhook-repeats:{owner}"), per_day, now)?;
                if !webhook.enabled {
                    return Err(Error::conflict("This webhook is switched off: set `enabled` to true first."));
                }
                Answer::plain(&DeliveryView::from(effect(conn, &webhook, now)?))
            })
        };
        let answer = self.db.write(send).await?;
        self.nudge.wake();
        Ok(answer)
    }

    /// Whether a webhook may be as a draft says; `url` is where it leads already.
    ///
    /// # Errors
    /// 422 with every fault; of a new URL also 429 and 503.
    async fn check(&self, owner: Owner, draft: &WebhookDraft, url: Option<&str>) -> Result<()> {
        let mut faults = owner.faults(draft.event_types.as_deref().unwrap_or_default());
        if url != Some(draft.url.as_str()) {
            match self.check_url(owner, &draft.url).await {
                Err(error) if error.code == Code::ValidationFailed => faults.extend(error.faults),
                checked => checked?,
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(Error::invalid(faults)) }
    }

    /// Whether a webhook may lead there. It counts first: to look a name up takes as long as its owner likes.
    ///
    /// # Errors
    /// 422 for what no webhook may lead to; 429 after too many in a day; 503 when too many names are being looked up.
    async fn check_url(&self, owner: Owner, url: &str) -> Result<()> {
        let (now, per_day) = (self.clock.now(), self.urls_per_day);
        let count = move |conn: &mut Conn| throttle::take_of_day(conn, &format!("webhook-urls:{owner}"), per_day, now);
        self.db.write(count).await?;
        self.dialer.check(url).await
    }

    fn make_secret(&self, owner: WebhookId) -> Result<(SigningSecret, SealedSecret)> {
        let mut bytes = [0_u8; SECRET_BYTES];
        rand::rng().fill_bytes(&mut bytes);
        let Sealed { by, text } = self.seals.seal(&owner.to_string(), &bytes)?;
        Ok((SigningSecret::new(&bytes), SealedSecret { by, text }))
    }

    /// The secrets that sign for a webhook at `now`, the newest first.
    pub(crate) fn secrets(&self, webhook: &Webhook, now: Instant) -> Result<Vec<SigningSecret>> {
        let former = webhook.former.iter().filter(|(_, until)| now < *until).map(|(secret, _)| secret);
        std::iter::once(&webhook.secret).chain(former).map(|secret| Ok(SigningSecret::new(&self.open(webhook.id, secret)?))).collect()
    }

    pub(crate) fn open(&self, owner: WebhookId, secret: &SealedSecret) -> Result<Vec<u8>> {
        let SealedSecret { by, text } = secret.clone();
        self.seals.open(&owner.to_string(), &Sealed { by, text })
    }

    pub(crate) fn seal_anew(&self, owner: WebhookId, secret: &SealedSecret) -> Result<SealedSecret> {
        let Sealed { by, text } = self.seals.seal(&owner.to_string(), &self.open(owner, secret)?)?;
        Ok(SealedSecret { by, text })
    }
}

fn with_secret(webhook: Webhook, secret: &SigningSecret) -> Result<Answer> {
    let version = webhook.version;
    Answer::versioned(version, &WebhookWithSecret { webhook: webhook.into(), secret: secret.text() })
}

fn audited(conn: &mut Conn, principal: &Principal, action: &str, id: WebhookId, now: Instant) -> Result<()> {
    record(conn, &entry(principal, action, id, now))
}

fn entry(principal: &Principal, action: &str, id: WebhookId, now: Instant) -> Entry {
    Entry::of(Some(principal.user), principal.role.into(), action, id, now)
}
