//! Sign-up, verification, passwords, oneself. Every answer about an address is the same whether or not we know it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use secrecy::SecretString;

use crate::accounts::domain::{AccountStatus, Me, MeBody, Register, TokenPurpose, User};
use crate::accounts::guessing::{Attempt, Guess};
use crate::accounts::members::{add_person, new_user};
use crate::accounts::providers::make_room;
use crate::accounts::session_cache::LiveSessions;
use crate::accounts::{store, store_sessions};
use crate::audit::domain::Entry;
use crate::audit::store as audit;
use crate::auth::password::{Passwords, Verdict};
use crate::auth::provider::Providers;
use crate::auth::seal::Seals;
use crate::auth::token::Tokens;
use crate::config::{Auth, Limits, Settings};
use crate::db::Conn;
use crate::db::once::once;
use crate::db::pool::Db;
use crate::db::throttle;
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::{Instant, SharedClock};
use crate::kernel::email::Email;
use crate::kernel::error::{Code, Error, Result};
use crate::kernel::ids::{MailTokenId, SessionId, UserId};
use crate::kernel::principal::Principal;
use crate::kernel::schema::Patch;
use crate::notifications::domain::Letter;
use crate::notifications::outbox::NewMail;
use crate::notifications::recipient::Recipient;
use crate::notifications::store::enqueue;
use crate::notifications::store_planned::follow;
use crate::scheduler::Nudge;

/// What makes and checks the secrets of people.
#[derive(Clone)]
pub struct Secrets {
    /// Hashes and verifies passwords.
    pub passwords: Passwords,
    /// Signs tokens.
    pub tokens: Arc<Tokens>,
    /// Seals the secrets of second factors.
    pub seals: Arc<Seals>,
    /// Say who somebody is.
    pub providers: Arc<Providers>,
}

/// Everything about people and their organisations.
#[derive(Clone)]
pub struct Accounts {
    pub(crate) db: Db,
    pub(crate) clock: SharedClock,
    pub(crate) passwords: Passwords,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) seals: Arc<Seals>,
    pub(crate) providers: Arc<Providers>,
    pub(crate) admins_need_second_factor: bool,
    pub(crate) auth: Arc<Auth>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) live: LiveSessions,
    pub(crate) mail: Nudge,
}

/// What a mail's code was good for is no longer so.
pub(crate) fn dead_link(pointer: &str) -> Error {
    Error::fault(pointer, "is not good any more: ask for a new link")
}

impl Accounts {
    /// `mail` wakes the mailer.
    pub fn new(db: Db, clock: SharedClock, secrets: Secrets, settings: &Settings, live: LiveSessions, mail: Nudge) -> Self {
        let (auth, limits) = (settings.auth.clone().into(), settings.limits.clone().into());
        let Secrets { passwords, tokens, seals, providers } = secrets;
        let admins_need_second_factor = settings.admins_need_second_factor();
        Self { db, clock, passwords, tokens, seals, providers, admins_need_second_factor, auth, limits, live, mail }
    }

    /// Signs somebody up and mails a verification link; an address that we know gets a mail that says so instead.
    ///
    /// # Errors
    /// 422 for a password that is too easy.
    pub async fn register(&self, body: Register) -> Result<()> {
        evenly(self.sign_up_or_tell(body)).await
    }

    async fn sign_up_or_tell(&self, body: Register) -> Result<()> {
        let names = [body.name.as_str(), body.organization_name.as_deref().unwrap_or_default()];
        self.passwords.check(&body.password, &body.email, &names, "/password").await?;
        let hash = self.passwords.hash(body.password.clone()).await?;
        let now = self.clock.now();
        let sign_up = || {
            let (this, body, hash) = (self.clone(), body.clone(), hash.clone());
            self.db.write(move |conn| this.sign_up(conn, &body, &hash, now))
        };
        match sign_up().await {
            // Somebody was faster with this address: now it is a known one, which must look the same.
            Err(error) if error.code == Code::Conflict => sign_up().await?,
            done => done?,
        }
        self.mail.wake();
        Ok(())
    }

    fn sign_up(&self, conn: &mut Conn, body: &Register, hash: &str, now: Instant) -> Result<()> {
        let mut user = new_user(body.email.clone(), &body.name, body.role.into(), Some(hash.to_owned()), None, now);
        match store::user_by_email(conn, &body.email)? {
            Some(known) if known.verified_at.is_some() => return self.tell_owner(conn, &known, now),
            // An account that an operator or a colleague made, or that is suspended: its mail alone opens it.
            Some(known) if known.password_hash.is_none() || known.status != AccountStatus::Active => {
                return self.send_verification(conn, &known, now);
            }
            // Whoever was here first may be a stranger, who waits for the owner to open the account: the newest link is for the newest password.
            Some(known) => {
                if self.mailed_enough(conn, "verify", &known, now)? {
                    return Ok(());
                }
                make_room(conn, &known, now)?;
                user.id = known.id;
            }
            None => self.mailed_enough(conn, "verify", &user, now).map(drop)?,
        }
        add_person(conn, &user, body.organization_name.as_deref(), now)?;
        self.mail_verification(conn, &user, now)
    }

    fn tell_owner(&self, conn: &mut Conn, known: &User, now: Instant) -> Result<()> {
        if self.mailed_enough(conn, "known", known, now)? {
            return Ok(());
        }
        self.send(conn, known, Letter::AlreadyRegistered, &now.to_string(), now)
    }

    /// Proves an address with the code from its mail.
    ///
    /// # Errors
    /// 422 when the code is not good (any more); 429 after too many such.
    pub async fn verify_email(&self, code: String, address: IpAddr) -> Result<()> {
        let verify = async |token| {
            let now = self.clock.now();
            let work = move |conn: &mut Conn| {
                let row = spend(conn, token, TokenPurpose::VerifyEmail, now)?;
                let user = store::user(conn, row.user)?;
                audited(conn, &user, "auth.verify_email", user.id, now)?;
                store::set_verified(conn, user.id, now)
            };
            self.db.write(work).await
        };
        self.with_code(&code, address, verify).await
    }

    /// Runs what a code from a mail opens; codes that are not good are counted.
    pub(crate) async fn with_code<T>(&self, code: &str, address: IpAddr, work: impl AsyncFnOnce(MailTokenId) -> Result<T>) -> Result<T> {
        let token = self.tokens.mail_token(code);
        let opened = async { work(token.ok_or_else(|| dead_link("/token"))?).await };
        self.guarded(Guess::Code, token.map(|token| token.to_string()), address, opened).await
    }

    /// Mails another verification link, if the address needs one.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn resend_verification(&self, email: Email) -> Result<()> {
        self.for_known(email, |this, conn, user, now| match user.verified_at {
            None => this.send_verification(conn, user, now),
            Some(_) => Ok(()),
        })
        .await
    }

    /// Mails a link to choose a new password, if the address has an account. Nothing else changes.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn forgot_password(&self, email: Email) -> Result<()> {
        self.for_known(email, |this, conn, user, now| if user.may_reset_password() { this.send_reset(conn, user, now) } else { Ok(()) })
            .await
    }

    async fn for_known(&self, email: Email, then: impl Fn(&Self, &mut Conn, &User, Instant) -> Result<()> + Send + 'static) -> Result<()> {
        let (now, this) = (self.clock.now(), self.clone());
        let work = move |conn: &mut Conn| match store::user_by_email(conn, &email)? {
            Some(user) => then(&this, conn, &user, now),
            None => Ok(()),
        };
        evenly(self.db.write(work)).await?;
        self.mail.wake();
        Ok(())
    }

    /// Replaces the password with the code from a mail; ends every session, and takes off every other way to sign in; signs nobody in.
    ///
    /// # Errors
    /// 422 when the code is not good (any more) or the password too easy; 429 after too many codes that were not good.
    pub async fn reset_password(&self, code: String, password: SecretString, address: IpAddr) -> Result<()> {
        self.with_code(&code, address, async |token| self.reset_with(token, password, address).await).await
    }

    async fn reset_with(&self, token: MailTokenId, password: SecretString, address: IpAddr) -> Result<()> {
        let now = self.clock.now();
        let read = move |conn: &mut Conn| {
            let row = store::live_token(conn, token, TokenPurpose::ResetPassword, now)?.ok_or_else(|| dead_link("/token"))?;
            store::user(conn, row.user)
        };
        let user = self.db.read(read).await?;
        self.passwords.check(&password, &user.email, &[&user.name], "/password").await?;
        let (hash, this) = (self.passwords.hash(password).await?, self.clone());
        self.db
            .write(move |conn| {
                spend(conn, token, TokenPurpose::ResetPassword, now)?;
                store::set_verified(conn, user.id, now)?;
                this.replace_password(conn, &user, &hash, None, now)?;
                this.unlink_all(conn, &user, now)?;
                this.welcome_back(conn, &user, address, now)?;
                audited(conn, &user, "auth.reset_password", user.id, now)
            })
            .await?;
        self.mail.wake();
        Ok(())
    }

    /// Replaces one's own password; ends all other sessions.
    ///
    /// # Errors
    /// 422 when the current password is wrong or the new one too easy.
    pub async fn change_password(&self, principal: Principal, current: SecretString, new: SecretString) -> Result<()> {
        let (user, proof) = self.prove(&principal, current, "/current_password").await?;
        self.passwords.check(&new, &user.email, &[&user.name], "/new_password").await?;
        let (hash, this, now) = (self.passwords.hash(new).await?, self.clone(), self.clock.now());
        self.db
            .write(move |conn| {
                this.replace_password(conn, &user, &hash, Some(principal.session), now)?;
                proof.was_right(conn, now)?;
                audited(conn, &user, "auth.change_password", user.id, now)
            })
            .await?;
        self.mail.wake();
        Ok(())
    }

    /// Whether it is the person indeed who asks: the password stands at `pointer` of the body. Whatever it opens says in its own
    /// transaction that the attempt was right.
    ///
    /// # Errors
    /// 422 when it is wrong; 429 after too many failures.
    pub(crate) async fn prove(&self, principal: &Principal, password: SecretString, pointer: &str) -> Result<(User, Attempt)> {
        let id = principal.user;
        let user = self.db.read(move |conn| store::user(conn, id)).await?;
        let counted = self.attempt_password(id).await?;
        if self.passwords.verify(password, user.password_hash.clone()).await? == Verdict::Wrong {
            self.note_failure("auth.password", &counted, Some(id)).await?;
            return Err(Error::fault(pointer, "is not your password"));
        }
        Ok((user, counted))
    }

    /// The new password first, so that a sign-in with the old one that is under way has either begun its session, which ends here,
    /// or finds another password.
    fn replace_password(&self, conn: &mut Conn, user: &User, hash: &str, except: Option<SessionId>, now: Instant) -> Result<()> {
        store::set_password(conn, user.id, hash, now)?;
        store_sessions::revoke_all(conn, user.id, except, now)?;
        store::kill_tokens(conn, user.id, TokenPurpose::ResetPassword, now)?;
        self.send(conn, user, Letter::PasswordChanged, &now.to_string(), now)
    }

    /// Oneself.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn me(&self, principal: Principal) -> Result<Me> {
        self.db.read(move |conn| me(conn, principal.user)).await
    }

    /// Changes name or zone.
    ///
    /// # Errors
    /// 412 when stale, 422 with every fault.
    pub async fn change_me(&self, call: Call, patch: Patch<MeBody>) -> Result<Answer> {
        self.db
            .write(move |conn| {
                let user = store::user(conn, call.principal.user)?;
                call.expected.check(user.version)?;
                let body = patch.apply(&MeBody { name: user.name, time_zone: user.time_zone })?;
                store::update_user(conn, user.id, user.version, &body.name, body.time_zone)?;
                follow(conn, &user.id.to_string(), user.time_zone, body.time_zone)?;
                let me = me(conn, user.id)?;
                Answer::versioned(me.version, &me)
            })
            .await
    }

    /// The hash of a password that was made, not chosen. For the demo.
    ///
    /// # Errors
    /// 503 when too many passwords are being hashed.
    pub async fn hash_password(&self, password: SecretString) -> Result<String> {
        self.passwords.hash(password).await
    }

    fn send_verification(&self, conn: &mut Conn, user: &User, now: Instant) -> Result<()> {
        if self.mailed_enough(conn, "verify", user, now)? { Ok(()) } else { self.mail_verification(conn, user, now) }
    }

    fn mail_verification(&self, conn: &mut Conn, user: &User, now: Instant) -> Result<()> {
        let token_id = store::new_token(conn, user.id, TokenPurpose::VerifyEmail, None, TimeDelta::hours(self.auth.verify_hours), now)?;
        self.send(conn, user, Letter::VerifyEmail { token_id }, &token_id.to_string(), now)
    }

    fn send_reset(&self, conn: &mut Conn, user: &User, now: Instant) -> Result<()> {
        if self.mailed_enough(conn, "reset", user, now)? {
            return Ok(());
        }
        audited(conn, user, "auth.forgot_password", user.id, now)?;
        let token_id =
            store::new_token(conn, user.id, TokenPurpose::ResetPassword, None, TimeDelta::minutes(self.auth.reset_minutes), now)?;
        self.send(conn, user, Letter::ResetPassword { token_id }, &token_id.to_string(), now)
    }

    fn mailed_enough(&self, conn: &mut Conn, purpose: &str, user: &User, now: Instant) -> Result<bool> {
        let bucket = format!("mail:{purpose}:{}", user.id);
        Ok(throttle::take(conn, &bucket, self.limits.account_mails_per_hour, TimeDelta::hours(1), now)?.is_some())
    }

    pub(crate) fn send(&self, conn: &mut Conn, user: &User, letter: Letter, anchor: &str, now: Instant) -> Result<()> {
        self.send_to(conn, store::recipient_of(user), letter, user.id.to_string(), anchor, now)
    }

    pub(crate) fn send_to(
        &self,
        conn: &mut Conn,
        recipient: Recipient,
        letter: Letter,
        subject: String,
        anchor: &str,
        now: Instant,
    ) -> Result<()> {
        enqueue(conn, now, &NewMail::now(letter, subject, anchor.to_owned(), recipient))
    }

    /// Runs a change of a versioned thing under the call's `Idempotency-Key`.
    pub(crate) async fn change(
        &self,
        call: Call,
        effect: impl Fn(&mut Conn, &Call, Instant) -> Result<Answer> + Send + 'static,
    ) -> Result<Answer> {
        let now = self.clock.now();
        let answer = self.db.write(move |conn| once(conn, call.once.as_ref(), now, |conn| effect(conn, &call, now))).await?;
        self.mail.wake();
        Ok(answer)
    }
}

/// Notes in the audit log what somebody did with an account, mostly their own.
pub(crate) fn audited(conn: &mut Conn, user: &User, action: &str, subject: impl ToString, now: Instant) -> Result<()> {
    audit::record(conn, &Entry::of(Some(user.id), user.role.into(), action, subject, now))
}

/// Uses a code up.
pub(crate) fn spend(conn: &mut Conn, token: MailTokenId, purpose: TokenPurpose, now: Instant) -> Result<store::MailTokenRow> {
    let row = store::live_token(conn, token, purpose, now)?.ok_or_else(|| dead_link("/token"))?;
    if store::use_token(conn, token, now)? { Ok(row) } else { Err(dead_link("/token")) }
}

/// How long an answer about an address takes: the next whole step, whatever there was to do for this address.
const EVEN_STEP: Duration = Duration::from_millis(100);

/// Answers at the next whole step after `work` is done, so that the time does not tell which addresses are known (reliability R20).
async fn evenly<T>(work: impl Future<Output = T>) -> T {
    let began = tokio::time::Instant::now();
    let done = work.await;
    whole_step(began).await;
    done
}

/// Waits for the next whole step since `began`.
pub(crate) async fn whole_step(began: tokio::time::Instant) {
    let steps = began.elapsed().as_millis() / EVEN_STEP.as_millis() + 1;
    tokio::time::sleep_until(began + EVEN_STEP * u32::try_from(steps).unwrap_or(u32::MAX)).await;
}

fn me(conn: &mut Conn, id: UserId) -> Result<Me> {
    let (user, organization) = (store::user(conn, id)?, store::membership(conn, id)?);
    let User { id, email, name, role, time_zone, version, created_at, .. } = user;
    Ok(Me { id, email, name, role, time_zone, organization, created_at, version })
}
