//! The use cases of mails: what admins do with the outbox, what a person sees of the own mails, and sending what is due.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant as Moment};

use chrono::TimeDelta;
use futures_util::FutureExt as _;
use futures_util::future::{Either, select};
use serde_json::json;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use crate::audit::domain::{Entry, OptionalReason};
use crate::audit::store::record;
use crate::db::Conn;
use crate::db::once::once;
use crate::db::pool::Db;
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::{Instant, SharedClock};
use crate::kernel::error::{Code, Error, Result};
use crate::kernel::ids::{MailId, UserId};
use crate::kernel::page::{Page, PageQuery};
use crate::kernel::principal::Principal;
use crate::kernel::traces::TRACES;
use crate::kernel::words::Word as _;
use crate::notifications::domain::Letter;
use crate::notifications::letters::{Links, Scribe, TokenMaker, UnsubscribeMaker};
use crate::notifications::mailer::{MailSettings, Mailer, WrongMail};
use crate::notifications::outbox::{MailState, Notification, OutboxMail, Outcome, settle};
use crate::notifications::preferences::{OptionalMail, Preference, Preferences};
use crate::notifications::preferences_store;
use crate::notifications::recipient::Recipient;
use crate::notifications::store;
use crate::notifications::store::Claimed;
use crate::notifications::store_own;
use crate::notifications::store_own::Own;
use crate::notifications::store_standing;
use crate::scheduler::Nudge;

/// How long a claim holds unless it is renewed: what a node that died was sending is taken over so much later.
const LEASE: Duration = Duration::from_secs(15);
/// How often whoever is still sending a mail renews its claim, so that a mail server may take its time.
const RENEWED_EVERY: Duration = Duration::from_secs(3);

/// Reads whose mails of which kind a code switches off, if it is one of ours.
pub type UnsubscribeReader = Arc<dyn Fn(&str) -> Option<(UserId, String)> + Send + Sync>;

/// What came of an attempt, or its panic.
type Attempt = std::thread::Result<Outcome>;

/// How mails are switched off without a sign-in.
#[derive(Clone)]
pub struct OneClick {
    /// Makes the address that a mail carries; always this server's own.
    pub address: UnsubscribeMaker,
    /// Reads the code in it.
    pub read: UnsubscribeReader,
}

/// The mails of the house. Cheap to clone.
#[derive(Clone)]
pub struct Notifications {
    db: Db,
    clock: SharedClock,
    nudge: Nudge,
    scribe: Scribe,
    mailer: Arc<Mailer>,
    unsubscribed: UnsubscribeReader,
}

impl Notifications {
    /// The mails of `db`, sent as `settings` say.
    ///
    /// # Errors
    /// When the settings cannot be used: one line that says why.
    pub fn new(
        db: Db,
        clock: SharedClock,
        settings: &MailSettings,
        links: Links,
        tokens: TokenMaker,
        one_click: OneClick,
    ) -> Result<Self, WrongMail> {
        let mailer = Arc::new(Mailer::new(settings)?);
        let scribe = Scribe::new(links, tokens, one_click.address);
        Ok(Self { db, clock, nudge: Nudge::default(), scribe, mailer, unsubscribed: one_click.read })
    }

    /// Refuses settings that must not be used in production.
    ///
    /// # Errors
    /// One line that says why.
    pub fn fit_for_production(&self) -> Result<(), WrongMail> {
        self.mailer.fit_for_production()
    }

    /// Has the mailer look at the outbox now; to be called after the commit that put a mail there.
    pub fn wake(&self) {
        self.nudge.wake();
    }

    /// What wakes the mailer.
    pub fn nudge(&self) -> Nudge {
        self.nudge.clone()
    }

    /// The outbox, newest first, for admins.
    ///
    /// # Errors
    /// 403 for others; 400 for a cursor that is not one of ours.
    pub async fn list(&self, principal: &Principal, state: Option<MailState>, page: PageQuery) -> Result<Page<OutboxMail>> {
        principal.admin()?;
        self.db.read(move |conn| store::list(conn, state, &page)).await
    }

    /// Makes a mail due now, for another 48 hours.
    ///
    /// # Errors
    /// 403 for others than admins; 404; 409 when it has been sent.
    pub async fn retry(&self, call: Call, id: MailId, reason: OptionalReason) -> Result<Answer> {
        let answer = self.step(call, "mail.retry", id, reason, store::retry).await?;
        self.wake();
        Ok(answer)
    }

    /// Cancels a mail that is still pending.
    ///
    /// # Errors
    /// 403 for others than admins; 404; 409 when it is no longer pending.
    pub async fn cancel(&self, call: Call, id: MailId, reason: OptionalReason) -> Result<Answer> {
        self.step(call, "mail.cancel", id, reason, |conn, _, id| store::cancel(conn, id)).await
    }

    /// An admin's step with a mail, which the audit log keeps.
    async fn step(
        &self,
        call: Call,
        action: &'static str,
        id: MailId,
        reason: OptionalReason,
        take: fn(&mut Conn, Instant, MailId) -> Result<OutboxMail>,
    ) -> Result<Answer> {
        let (admin, now) = (call.principal.admin()?, self.clock.now());
        let effect = move |conn: &mut Conn| {
            once(conn, call.once.as_ref(), now, |conn| {
                let mail = take(conn, now, id)?;
                let entry = Entry::admin(admin, action, id, now).because(reason.message.as_ref());
                record(conn, &entry.with(json!({ "reason_code": reason.reason_code })))?;
                Answer::plain(&mail)
            })
        };
        self.db.write(effect).await
    }

    /// The person's own mails of the last 90 days, as they came, newest first.
    ///
    /// # Errors
    /// 400 for a cursor that is not one of ours.
    pub async fn mine(&self, principal: &Principal, page: PageQuery) -> Result<Page<Notification>> {
        let (now, key) = (self.clock.now(), principal.user.to_string());
        let own = self.db.read(move |conn| store_own::own(conn, now, &key, &page)).await?;
        Ok(own.map(|own| self.notification(own)))
    }

    /// Which of the mails that the person may switch off are on.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn preferences(&self, principal: &Principal) -> Result<Preferences> {
        let (user, role) = (principal.user, principal.role);
        let stored = self.db.read(move |conn| preferences_store::of(conn, user)).await?;
        Ok(Preferences::complete(role, &stored))
    }

    /// Switches the person's mails on and off.
    ///
    /// # Errors
    /// 422 for kinds that the person does not get.
    pub async fn choose(&self, call: &Call, written: Preferences) -> Result<Answer> {
        let (user, chosen) = (call.principal.user, written.check(call.principal.role)?);
        self.db
            .write(move |conn| {
                chosen.preferences.iter().try_for_each(|each| preferences_store::set(conn, user, *each))?;
                Answer::plain(&chosen)
            })
            .await
    }

    /// Switches off what the code of a mail names.
    ///
    /// # Errors
    /// 422 for a code that is none of ours.
    pub async fn unsubscribe(&self, code: &str) -> Result<()> {
        let wrong = || Error::new(Code::ValidationFailed, "This link is not complete. Please open it from the mail again.");
        let (user, kind) = (self.unsubscribed)(code).ok_or_else(wrong)?;
        let kind = OptionalMail::parse(&kind).ok_or_else(wrong)?;
        self.db.write(move |conn| preferences_store::set(conn, user, Preference { kind, enabled: false })).await
    }

    fn notification(&self, Own { mail, letter }: Own) -> Notification {
        let subject_line = letter.map_or_else(|| mail.kind.clone(), |letter| self.scribe.subject_line(&letter));
        let at = mail.came_at();
        Notification { id: mail.id, kind: mail.kind, subject_line, state: mail.state, at }
    }

    /// Claims at most `limit` mails that are due.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn claim(&self, limit: i64) -> Result<Vec<Claimed>> {
        let now = self.clock.now();
        self.db.write(move |conn| store::claim(conn, now, leased_from(now), limit)).await
    }

    /// Sends a claimed mail and records what came of it. Whatever is wrong with it, it fails alone.
    ///
    /// # Errors
    /// When that cannot be recorded: the mail goes out again after its lease.
    pub async fn deliver(&self, mut mail: Claimed) -> Result<()> {
        let span = span(&mail);
        let (outcome, leased_until) = self.attempt_while_leased(&mail).instrument(span.clone()).await;
        mail.leased_until = leased_until;
        let now = self.clock.now();
        let settled = settle(outcome, mail.attempts, now, mail.give_up_at, rand::random_range(-1.0..=1.0));
        if matches!(settled.state, MailState::Pending | MailState::Dead) {
            span.record("otel.status_code", "ERROR");
        }
        drop(span);
        report(&mail, settled.state);
        self.db.write(move |conn| store::settle(conn, now, &mail, &settled)).await
    }

    /// Renews the claim while the mail is being sent, and gives the attempt up when the claim is lost: another node may be sending by
    /// then. What came of it, and until when the claim holds.
    async fn attempt_while_leased(&self, mail: &Claimed) -> (Outcome, Instant) {
        let mut attempt = pin!(AssertUnwindSafe(self.attempt(mail)).catch_unwind());
        let ended = |attempt: Attempt| attempt.unwrap_or_else(|_| Outcome::Permanent("writing the mail panicked".to_owned()));
        let (mut until, mut renewed_at) = (mail.leased_until, Moment::now());
        loop {
            if let Ok(outcome) = tokio::time::timeout(RENEWED_EVERY, &mut attempt).await {
                return (ended(outcome), until);
            }
            let asked_at = Moment::now();
            // A renewal that is under way is waited for: the claim is known by its end.
            let (outcome, renewed) = match select(&mut attempt, pin!(self.renew(mail, until))).await {
                Either::Left((outcome, renewal)) => (Some(ended(outcome)), renewal.await),
                Either::Right((renewed, _)) => (None, renewed),
            };
            match renewed {
                Ok(Some(later)) => (until, renewed_at) = (later, asked_at),
                Err(_) if renewed_at.elapsed() < LEASE => {}
                _ => return (outcome.unwrap_or_else(|| Outcome::Retry("its claim was lost while it was being sent".to_owned())), until),
            }
            if let Some(outcome) = outcome {
                return (outcome, until);
            }
        }
    }

    /// Until when the claim holds now; none when it is no longer this node's.
    async fn renew(&self, mail: &Claimed, until: Instant) -> Result<Option<Instant>> {
        let (id, later) = (mail.id.clone(), leased_from(self.clock.now()));
        let renewed = self.db.write(move |conn| store::renew(conn, &id, until, later)).await?;
        Ok(renewed.then_some(later))
    }

    async fn attempt(&self, mail: &Claimed) -> Outcome {
        let now = self.clock.now();
        let (letter, recipient) = match mail.read() {
            Ok(read) => read,
            Err(reason) => return Outcome::Permanent(reason.to_owned()),
        };
        if letter.is_reminder() && mail.give_up_at <= now {
            return Outcome::Missed;
        }
        match self.is_wanted(&letter, &recipient).await {
            Ok(true) => {}
            Ok(false) => return Outcome::Unwanted,
            Err(error) => return Outcome::Retry(error.to_string()),
        }
        match self.scribe.render(&letter, &recipient) {
            Ok(rendered) => self.mailer.send(&mail.id, now, &recipient, rendered).await,
            Err(error) => Outcome::Permanent(error.to_string()),
        }
    }

    /// Whether the recipient has left such mails on, at this moment: it may have been planned weeks ago.
    async fn is_wanted(&self, letter: &Letter, recipient: &Recipient) -> Result<bool> {
        let Some(kind) = letter.optional() else { return Ok(true) };
        let key = recipient.key.clone();
        self.db.read(move |conn| preferences_store::is_on(conn, &key, kind)).await
    }

    /// Looks how the outbox stands, and says it in metrics.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn measure(&self) -> Result<()> {
        let now = self.clock.now();
        let standing = self.db.read(move |conn| store_standing::standing(conn, now)).await?;
        let waiting = standing.waiting_since.map_or(0.0, |since| now.since(since).as_seconds_f64());
        metrics::gauge!("guildhall_outbox_waiting_seconds").set(waiting);
        metrics::gauge!("guildhall_outbox_dead").set(f64::from(standing.dead));
        Ok(())
    }

    /// Forgets what is older than 90 days.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn forget_old(&self) -> Result<usize> {
        let now = self.clock.now();
        self.db.write(move |conn| store::forget_old(conn, now)).await
    }
}

/// When a claim that is made or renewed now ends.
fn leased_from(now: Instant) -> Instant {
    now.plus(TimeDelta::from_std(LEASE).unwrap_or_default())
}

/// The attempt, in traces.
fn span(mail: &Claimed) -> Span {
    let (kind, attempt, request_id) = (mail.kind.as_str(), mail.attempts, mail.request_id.as_deref());
    tracing::trace_span!(target: TRACES, parent: None, "mail", otel.kind = "client", otel.status_code = Empty, kind, attempt, request_id)
}

/// Neither addresses nor names nor what a mail server said, which may quote them.
fn report(mail: &Claimed, state: MailState) {
    let (id, kind, attempts, request_id) = (mail.id.as_str(), mail.kind.clone(), mail.attempts, mail.request_id.as_deref());
    match state {
        MailState::Sent => {
            tracing::info!(mail = id, kind, attempts, request_id, "mail sent");
            metrics::counter!("guildhall_mails_sent_total", "kind" => kind).increment(1);
        }
        MailState::Dead => {
            tracing::warn!(mail = id, kind, attempts, request_id, "mail given up; see the outbox");
            metrics::counter!("guildhall_mails_failed_total").increment(1);
        }
        MailState::Pending => {
            tracing::warn!(mail = id, kind, attempts, request_id, "mail not sent; it will be tried again");
            metrics::counter!("guildhall_mails_retried_total").increment(1);
        }
        MailState::Cancelled => {
            tracing::info!(mail = id, kind, request_id, "mail not sent: its moment had passed, or such mails are switched off");
        }
    }
}
