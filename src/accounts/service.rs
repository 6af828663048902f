//! Sign-up, verification, passwords, oneself. Every answer about an address is the same whether or not we know it.

use std::sync::Arc;

use chrono::TimeDelta;
use secrecy::SecretString;

use crate::accounts::domain::{AccountStatus, Me, MeBody, MemberRole, Register, SignUpRole, TokenPurpose, User};
use crate::accounts::session_cache::SessionCache;
use crate::accounts::{store, store_admin, store_sessions};
use crate::auth::password::{Passwords, Verdict};
use crate::auth::token::Tokens;
use crate::config::{Auth, Limits, Settings};
use crate::db::Conn;
use crate::db::feed::Feed;
use crate::db::once::once;
use crate::db::pool::Db;
use crate::db::throttle;
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::{Instant, SharedClock};
use crate::kernel::email::Email;
use crate::kernel::error::{Code, Error, Result};
use crate::kernel::ids::{MailTokenId, OrganizationId, UserId};
use crate::kernel::principal::{Principal, Role};
use crate::kernel::schema::Patch;
use crate::kernel::zone::TimeZone;
use crate::notifications::domain::{Letter, Recipient};
use crate::notifications::outbox::NewMail;
use crate::notifications::store::enqueue;
use crate::notifications::store_planned::follow;
use crate::scheduler::Nudge;

/// Who is signed in, in memory, and what keeps that true.
#[derive(Clone)]
pub struct LiveSessions {
    /// The people.
    pub cache: Arc<SessionCache>,
    /// Its followers include the cache.
    pub feed: Feed,
}

/// Everything about people and their organisations.
#[derive(Clone)]
pub struct Accounts {
    pub(crate) db: Db,
    pub(crate) clock: SharedClock,
    pub(crate) passwords: Passwords,
    pub(crate) tokens: Arc<Tokens>,
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
    pub fn new(
        db: Db,
        clock: SharedClock,
        passwords: Passwords,
        tokens: Arc<Tokens>,
        settings: &Settings,
        live: LiveSessions,
        mail: Nudge,
    ) -> Self {
        let (auth, limits) = (settings.auth.clone().into(), settings.limits.clone().into());
        Self { db, clock, passwords, tokens, auth, limits, live, mail }
    }

    /// Signs somebody up and mails a verification link; an address that we know gets a mail that says so instead.
    ///
    /// # Errors
    /// 422 for a password that is too easy.
    pub async fn register(&self, body: Register) -> Result<()> {
        self.passwords.check(&body.password, &body.email, "/password").await?;
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
        if let Some(known) = store::user_by_email(conn, &body.email)? {
            return match known.verified_at {
                Some(_) if self.mailed_enough(conn, "known", &known, now)? => Ok(()),
                Some(_) => self.send(conn, &known, Letter::AlreadyRegistered, &now.to_string(), now),
                None => self.send_verification(conn, &known, now),
            };
        }
        let user = new_user(body.email.clone(), &body.name, body.role.into(), Some(hash.to_owned()), None, now);
        store::insert_user(conn, &user)?;
        if body.role == SignUpRole::Client {
            let organization = OrganizationId::new(now);
            store::insert_organization(conn, organization, body.organization_name.as_ref().unwrap_or(&body.name), now)?;
            store::insert_member(conn, organization, user.id, MemberRole::Owner, now)?;
        }
        self.send_verification(conn, &user, now)
    }

    /// Proves an address with the code from its mail.
    ///
    /// # Errors
    /// 422 when the code is not good (any more).
    pub async fn verify_email(&self, code: String) -> Result<()> {
        let (now, token) = (self.clock.now(), self.tokens.mail_token(&code).ok_or_else(|| dead_link("/token"))?);
        self.db
            .write(move |conn| {
                let row = spend(conn, token, TokenPurpose::VerifyEmail, now)?;
                store::set_verified(conn, row.user, now)
            })
            .await
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
        self.for_known(email, |this, conn, user, now| if user.may_sign_in() { this.send_reset(conn, user, now) } else { Ok(()) }).await
    }

    async fn for_known(&self, email: Email, then: impl Fn(&Self, &mut Conn, &User, Instant) -> Result<()> + Send + 'static) -> Result<()> {
        let (now, this) = (self.clock.now(), self.clone());
        self.db
            .write(move |conn| match store::user_by_email(conn, &email)? {
                Some(user) => then(&this, conn, &user, now),
                None => Ok(()),
            })
            .await?;
        self.mail.wake();
        Ok(())
    }

    /// Replaces the password with the code from a mail; ends every session; signs nobody in.
    ///
    /// # Errors
    /// 422 when the code is not good (any more) or the password too easy.
    pub async fn reset_password(&self, code: String, password: SecretString) -> Result<()> {
        let (now, token) = (self.clock.now(), self.tokens.mail_token(&code).ok_or_else(|| dead_link("/token"))?);
        let read = move |conn: &mut Conn| {
            let row = store::live_token(conn, token, TokenPurpose::ResetPassword, now)?.ok_or_else(|| dead_link("/token"))?;
            store::user(conn, row.user)
        };
        let user = self.db.read(read).await?;
        self.passwords.check(&password, &user.email, "/password").await?;
        let (hash, this) = (self.passwords.hash(password).await?, self.clone());
        self.db
            .write(move |conn| {
                spend(conn, token, TokenPurpose::ResetPassword, now)?;
                store::set_verified(conn, user.id, now)?;
                store_sessions::revoke_all(conn, user.id, None, now)?;
                this.replace_password(conn, &user, &hash, now)
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
        let user = self.db.read(move |conn| store::user(conn, principal.user)).await?;
        self.refuse_guessing(&user.email).await?;
        if self.passwords.verify(current, user.password_hash.clone()).await? == Verdict::Wrong {
            self.note_failure(&user.email, None).await?;
            return Err(Error::fault("/current_password", "is not your password"));
        }
        self.passwords.check(&new, &user.email, "/new_password").await?;
        let (hash, this, now) = (self.passwords.hash(new).await?, self.clone(), self.clock.now());
        self.db
            .write(move |conn| {
                store_sessions::revoke_all(conn, user.id, Some(principal.session), now)?;
                this.replace_password(conn, &user, &hash, now)
            })
            .await?;
        self.mail.wake();
        Ok(())
    }

    fn replace_password(&self, conn: &mut Conn, user: &User, hash: &str, now: Instant) -> Result<()> {
        store::set_password(conn, user.id, hash, now)?;
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

    /// Makes an admin; without a password, a mail lets them choose one. For the command line.
    ///
    /// # Errors
    /// 409 when the address is taken, 422 when the password is too easy.
    pub async fn create_admin(&self, email: Email, name: String, password: Option<SecretString>) -> Result<UserId> {
        let hash = match &password {
            Some(password) => {
                self.passwords.check(password, &email, "/password").await?;
                Some(self.passwords.hash(password.clone()).await?)
            }
            None => None,
        };
        let (now, this) = (self.clock.now(), self.clone());
        let made = self.db.write(move |conn| {
            if store::user_by_email(conn, &email)?.is_some() {
                return Err(Error::conflict("There is an account with this address already."));
            }
            let user = new_user(email.clone(), &name, Role::Admin, hash.clone(), Some(now), now);
            store::insert_user(conn, &user)?;
            store_admin::remind(conn, &user, now)?;
            if hash.is_none() {
                let token_id =
                    store::new_token(conn, user.id, TokenPurpose::ResetPassword, None, TimeDelta::hours(this.auth.verify_hours), now)?;
                this.send(conn, &user, Letter::SetPassword { token_id }, &token_id.to_string(), now)?;
            }
            Ok(user.id)
        });
        let id = made.await?;
        self.mail.wake();
        Ok(id)
    }

    /// Keeps a person out, or lets them in again. For the command line.
    ///
    /// # Errors
    /// 404 for an unknown address, 409 for the last active admin.
    pub async fn set_status(&self, email: Email, status: AccountStatus) -> Result<()> {
        let now = self.clock.now();
        self.db
            .write(move |conn| {
                let user = store::user_by_email(conn, &email)?.ok_or_else(Error::not_found)?;
                let last = user.role == Role::Admin && user.status == AccountStatus::Active && store::count_admins(conn)? == 1;
                if last && status == AccountStatus::Suspended {
                    return Err(Error::conflict("This is the last active admin: make another one first."));
                }
                store::set_status(conn, user.id, status, now)?;
                store_sessions::revoke_all(conn, user.id, None, now)
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
        if self.mailed_enough(conn, "verify", user, now)? {
            return Ok(());
        }
        let token_id = store::new_token(conn, user.id, TokenPurpose::VerifyEmail, None, TimeDelta::hours(self.auth.verify_hours), now)?;
        self.send(conn, user, Letter::VerifyEmail { token_id }, &token_id.to_string(), now)
    }

    fn send_reset(&self, conn: &mut Conn, user: &User, now: Instant) -> Result<()> {
        if self.mailed_enough(conn, "reset", user, now)? {
            return Ok(());
        }
        let token_id =
            store::new_token(conn, user.id, TokenPurpose::ResetPassword, None, TimeDelta::minutes(self.auth.reset_minutes), now)?;
        self.send(conn, user, Letter::ResetPassword { token_id }, &token_id.to_string(), now)
    }

    fn mailed_enough(&self, conn: &mut Conn, purpose: &str, user: &User, now: Instant) -> Result<bool> {
        let bucket = format!("mail:{purpose}:{}", user.id);
        let full = throttle::closed_for(conn, &bucket, self.limits.account_mails_per_hour, now)?.is_some();
        if !full {
            throttle::hit(conn, &bucket, TimeDelta::hours(1), now)?;
        }
        Ok(full)
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

/// Uses a code up.
pub(crate) fn spend(conn: &mut Conn, token: MailTokenId, purpose: TokenPurpose, now: Instant) -> Result<store::MailTokenRow> {
    let row = store::live_token(conn, token, purpose, now)?.ok_or_else(|| dead_link("/token"))?;
    if store::use_token(conn, token, now)? { Ok(row) } else { Err(dead_link("/token")) }
}

pub(crate) fn new_user(
    email: Email,
    name: &str,
    role: Role,
    password_hash: Option<String>,
    verified_at: Option<Instant>,
    now: Instant,
) -> User {
    let (id, status) = (UserId::new(now), AccountStatus::Active);
    User {
        id,
        email,
        name: name.to_owned(),
        role,
        status,
        time_zone: TimeZone::UTC,
        password_hash,
        verified_at,
        version: 1,
        created_at: now,
    }
}

fn me(conn: &mut Conn, id: UserId) -> Result<Me> {
    let (user, organization) = (store::user(conn, id)?, store::membership(conn, id)?);
    let User { id, email, name, role, time_zone, version, created_at, .. } = user;
    Ok(Me { id, email, name, role, time_zone, organization, created_at, version })
}
