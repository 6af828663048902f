//! What is a person's is given out when they ask, erased when they leave or are long gone, and kept no longer than it must.

use std::sync::Arc;

use chrono::{Months, TimeDelta};
use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::accounts::domain::{AccountStatus, ErasureCause, LeavingPerson, MemberRole, User};
use crate::accounts::service::Accounts;
use crate::accounts::{store as accounts, store_erasures, store_sessions};
use crate::audit::domain::Entry;
use crate::audit::store as audit;
use crate::auth::token::Tokens;
use crate::config;
use crate::db::pool::{Db, snapshot};
use crate::db::{Conn, lock, throttle};
use crate::developers::resume::json_resume;
use crate::developers::store as developers;
use crate::kernel::clock::{Instant, SharedClock};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{MailTokenId, OrganizationId, UserId};
use crate::kernel::principal::{Principal, Role};
use crate::kernel::process::Actor;
use crate::notifications::domain::Letter;
use crate::notifications::outbox::NewMail;
use crate::notifications::store::enqueue;
use crate::notifications::store_planned::cancel_pending_to;

use crate::privacy::retention::{Period, RULES};
use crate::privacy::{store, store_retention};
use crate::scheduler::Nudge;
use crate::suspensions::service::{By, Suspensions};

/// The most people whom one run erases, or asks whether to keep their data.
const AT_ONCE: i64 = 20;

/// Everything that is a person's.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct PersonalData {
    /// When it was put together.
    pub exported_at: Instant,
    /// A developer's profile as JSON Resume 1.0; null for others.
    #[schema(required = true, value_type = Option<Object>)]
    pub json_resume: Option<Value>,
    /// Rows by table; `docs/privacy.md` explains each. Tables that hold nothing of the person are left out.
    #[schema(value_type = Object)]
    pub data: Map<String, Value>,
}

/// People's data.
#[derive(Clone)]
pub struct PrivacyRoom {
    db: Db,
    clock: SharedClock,
    accounts: Accounts,
    suspensions: Suspensions,
    tokens: Arc<Tokens>,
    settings: config::Privacy,
    mail: Nudge,
    /// Wakes whoever erases.
    pub due: Nudge,
}

impl PrivacyRoom {
    /// The data of `accounts`; `suspensions` knows what a side gives up. `mail` wakes the mailer.
    pub fn new(
        db: Db,
        clock: SharedClock,
        accounts: Accounts,
        suspensions: Suspensions,
        tokens: Arc<Tokens>,
        settings: config::Privacy,
        mail: Nudge,
    ) -> Self {
        Self { db, clock, accounts, suspensions, tokens, settings, mail, due: Nudge::default() }
    }

    /// Everything that is the caller's own.
    ///
    /// # Errors
    /// 429 after too many in a day.
    pub async fn export(&self, principal: Principal) -> Result<PersonalData> {
        let (now, limit, user) = (self.clock.now(), self.settings.exports_per_day, principal.user);
        let note = move |conn: &mut Conn| {
            throttle::take_of_day(conn, &format!("exports:{user}"), Some(limit), now)?;
            audit::record(conn, &Entry::of(Some(user), principal.role.into(), "privacy.export", user, now))
        };
        self.db.write(note).await?;
        // Read beside the writes: it is much, and nobody shall wait for it.
        let read = move |conn: &mut Conn| {
            let traces = store::traces(conn, user)?;
            let data = store::export(conn, &traces)?;
            Ok(PersonalData { exported_at: now, json_resume: resume(conn, user)?, data })
        };
        self.db.read(move |conn| snapshot(conn, read)).await
    }

    /// Closes the caller's account at once and plans that everything is erased; says by when.
    ///
    /// # Errors
    /// 409 while trials are agreed or running, and for the last active admin; 422 when the password is wrong.
    pub async fn leave(&self, principal: Principal, password: SecretString) -> Result<Instant> {
        let (user, proof) = self.accounts.prove(&principal, password, "/password").await?;
        let (now, this) = (self.clock.now(), self.clone());
        let due_at = now.plus(TimeDelta::days(self.settings.erasure_days));
        let close = move |conn: &mut Conn| {
            proof.was_right(conn, now)?;
            this.close(conn, user.id, now, due_at)
        };
        self.db.write(close).await?;
        self.mail.wake();
        self.suspensions.wake();
        Ok(due_at)
    }

    fn close(&self, conn: &mut Conn, id: UserId, now: Instant, due_at: Instant) -> Result<()> {
        lock::user(conn, id)?;
        let user = accounts::user(conn, id)?;
        if user.status != AccountStatus::Active {
            return Err(Error::not_signed_in());
        }
        if user.role == Role::Admin && accounts::count_admins(conn)? == 1 {
            return Err(Error::conflict("You are the last active admin: invite another one first."));
        }
        check_free(conn, &user)?;
        pass_on(conn, &user, now)?;
        accounts::set_status(conn, id, AccountStatus::Suspended, now)?;
        store_sessions::revoke_all(conn, id, None, now)?;
        let by = By { actor: user.role.into(), user: id, reason_code: "account_closed" };
        self.suspensions.give_up(conn, &user, by, now)?;
        store_erasures::plan(conn, LeavingPerson { user: id, cause: ErasureCause::Asked, asked_at: now, due_at }, None)?;
        audit::record(conn, &Entry::of(Some(id), user.role.into(), "privacy.leave", id, now))?;
        cancel_pending_to(conn, &id.to_string())?;
        let letter = Letter::AccountClosed { erased_by: due_at };
        enqueue(conn, now, &NewMail::now(letter, id, now, accounts::recipient_of(&user)))
    }

    /// Keeps the data of an idle person, with the code of the mail that asked.
    ///
    /// # Errors
    /// 422 for a code that is not good (any more).
    pub async fn keep(&self, code: &str) -> Result<()> {
        let dead = || Error::fault("/token", "is not good any more");
        let (now, token) = (self.clock.now(), self.tokens.mail_token(code).ok_or_else(dead)?);
        self.db
            .write(move |conn| {
                let user = store_erasures::kept_by(conn, token)?.ok_or_else(dead)?;
                store_erasures::call_off(conn, user)?;
                let role = accounts::user(conn, user)?.role;
                audit::record(conn, &Entry::of(Some(user), role.into(), "privacy.keep", user, now))
            })
            .await
    }

    /// Erases those whose time has come; says how many.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn erase_due(&self) -> Result<usize> {
        let now = self.clock.now();
        let due = self.db.read(move |conn| store_erasures::due(conn, now, AT_ONCE)).await?;
        let count = due.len();
        for leaving in due {
            let this = self.clone();
            self.db.write(move |conn| this.erase(conn, leaving, now)).await?;
        }
        Ok(count)
    }

    /// One person, or nobody, when there was a sign of them meanwhile.
    fn erase(&self, conn: &mut Conn, leaving: LeavingPerson, now: Instant) -> Result<()> {
        let LeavingPerson { user: id, cause, .. } = leaving;
        lock::user(conn, id)?;
        let user = accounts::user(conn, id)?;
        if cause == ErasureCause::Idle {
            if !store_retention::is_idle(conn, id, self.idle_since(now))? {
                return store_erasures::call_off(conn, id);
            }
            pass_on(conn, &user, now)?;
            accounts::set_status(conn, id, AccountStatus::Suspended, now)?;
            store_sessions::revoke_all(conn, id, None, now)?;
        }
        if !store_erasures::carry_out(conn, id, now)? {
            return Ok(());
        }
        let traces = store::traces(conn, id)?;
        store::erase(conn, &traces, now)?;
        audit::record(conn, &Entry::of(None, Actor::System, "privacy.erase", id, now))
    }

    fn idle_since(&self, now: Instant) -> Instant {
        now.utc().checked_sub_months(Months::new(self.settings.idle_months)).map_or(now, Instant::new)
    }

    /// Asks developers of whom nobody has seen a sign for long whether to keep their data; says how many.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn ask_idle(&self) -> Result<usize> {
        let (now, this) = (self.clock.now(), self.clone());
        let since = self.idle_since(now);
        let asked = self.db.write(move |conn| {
            let idle = store_retention::idle(conn, since, AT_ONCE)?;
            idle.iter().try_for_each(|user| this.ask(conn, *user, now))?;
            Ok(idle.len())
        });
        let asked = asked.await?;
        if asked > 0 {
            self.mail.wake();
        }
        Ok(asked)
    }

    fn ask(&self, conn: &mut Conn, user: UserId, now: Instant) -> Result<()> {
        let (token_id, due_at) = (MailTokenId::new(now), now.plus(TimeDelta::days(self.settings.idle_notice_days)));
        store_erasures::plan(conn, LeavingPerson { user, cause: ErasureCause::Idle, asked_at: now, due_at }, Some(token_id))?;
        let letter = Letter::KeepData { token_id, erased_on: due_at };
        let recipient = accounts::recipient(conn, user)?;
        enqueue(conn, now, &NewMail::now(letter, user, token_id, recipient))
    }

    /// Whether anything was erased that may still be in the database's files.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn is_untidy(&self) -> Result<bool> {
        self.db.read(store_erasures::is_untidy).await
    }

    /// Wipes what was erased or let go of from the database's files.
    ///
    /// # Errors
    /// 503 when the database is down or in use: try again.
    pub async fn wipe(&self) -> Result<()> {
        let now = self.clock.now();
        self.db.wipe().await?;
        self.db.write(move |conn| store_erasures::tidied(conn, now)).await
    }

    /// Lets go of what is too old; says how many rows that touched.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn let_go(&self) -> Result<usize> {
        let (now, mut count) = (self.clock.now(), 0);
        for rule in RULES {
            let Period::Days(_, days) = rule.period else { continue };
            let before = now.minus(TimeDelta::days(days(&self.settings)));
            let statements = rule.statements;
            let touched = self.db.write(move |conn| store_retention::carry_out(conn, statements, before)).await?;
            count += touched;
        }
        Ok(count)
    }
}

/// Nobody leaves a trial that another counts on.
fn check_free(conn: &mut Conn, user: &User) -> Result<()> {
    if let Some(developer) = developers::find_by_user(conn, user.id)? {
        lock::developer(conn, developer)?;
    }
    let traces = store::traces(conn, user.id)?;
    let trials = store::agreed_trials(conn, &traces)?;
    if trials.is_empty() {
        return Ok(());
    }
    let names = trials.join(", ");
    Err(Error::conflict(format!("These trials must end first, or be cancelled: {names}.")).with("trials", trials))
}

fn resume(conn: &mut Conn, user: UserId) -> Result<Option<Value>> {
    let Some(developer) = developers::find_by_user(conn, user)? else { return Ok(None) };
    let (person, profile) = (accounts::user(conn, user)?, developers::profile(conn, developer)?.profile);
    Ok(Some(json_resume(&person.name, person.email.as_str(), &profile)))
}

/// An organisation never stands without an owner while somebody acts for it: whoever has done so the longest becomes it.
fn pass_on(conn: &mut Conn, user: &User, now: Instant) -> Result<()> {
    let Some(membership) = accounts::membership(conn, user.id)? else { return Ok(()) };
    let Some(heir) = store_retention::heir(conn, membership.id, user.id)? else { return Ok(()) };
    accounts::set_member_role(conn, heir, MemberRole::Owner, now)?;
    let id: OrganizationId = membership.id;
    audit::record(
        conn,
        &Entry::of(Some(user.id), user.role.into(), "organization.pass_on", id, now).with(serde_json::json!({ "to": heir })),
    )?;
    let letter = Letter::OrganizationPassed { organization: membership.name };
    let recipient = accounts::recipient(conn, heir)?;
    enqueue(conn, now, &NewMail::now(letter, id, heir, recipient))
}
