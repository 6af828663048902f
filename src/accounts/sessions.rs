//! Signing in and staying signed in: sessions, refresh with rotation, and the throttles against guessing.

use std::net::IpAddr;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use crate::accounts::domain::{SessionView, TokenPair, User};
use crate::accounts::service::{Accounts, audited};
use crate::accounts::session_cache::Found;
use crate::accounts::{store, store_sessions};
use crate::audit::domain::Entry;
use crate::audit::store as audit;
use crate::auth::gate::Gate;
use crate::auth::password::Verdict;
use crate::db::Conn;
use crate::db::{once, throttle};
use crate::kernel::clock::Instant;
use crate::kernel::email::Email;
use crate::kernel::error::{Code, Error, Result};
use crate::kernel::ids::{SessionId, UserId};
use crate::kernel::page::{Page, PageQuery};
use crate::kernel::principal::Principal;
use crate::kernel::process::Actor;
use crate::notifications::domain::Letter;

/// How long the immediate predecessor of a refresh token still gets the same answer: a lost response, two tabs at once.
const GRACE: TimeDelta = TimeDelta::seconds(10);

/// Somebody's attempt to sign in.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// Who.
    pub email: Email,
    /// The proof.
    pub password: SecretString,
    /// From where.
    pub address: IpAddr,
    /// With which browser or program, as it names itself.
    pub client: String,
}

enum Refreshed {
    Next(UserId, i64),
    Reused,
}

impl Accounts {
    /// Signs in.
    ///
    /// # Errors
    /// 401 whatever is wrong; 429 after too many failures.
    pub async fn sign_in(&self, attempt: SignIn) -> Result<TokenPair> {
        self.refuse_guessing_from(&attempt.email, attempt.address).await?;
        let email = attempt.email.clone();
        let user = self.db.read(move |conn| store::user_by_email(conn, &email)).await?;
        let stored = user.as_ref().and_then(|user| user.password_hash.clone());
        let verdict = self.passwords.verify(attempt.password.clone(), stored).await?;
        let known = user.clone();
        let Some(user) = user.filter(|user| user.may_sign_in() && verdict != Verdict::Wrong) else {
            self.note_failure(&attempt.email, Some(attempt.address), known.as_ref()).await?;
            return Err(wrong_credentials());
        };
        let stronger = if verdict == Verdict::RightButWeak { Some(self.passwords.hash(attempt.password).await?) } else { None };
        let now = self.clock.now();
        let session = SessionId::new(now);
        let (client, ends_at, id) = (attempt.client, now.plus(TimeDelta::days(self.auth.session_days)), user.id);
        let signing_in = user.clone();
        self.db
            .write(move |conn| {
                throttle::clear(conn, &account_bucket(&attempt.email))?;
                if let Some(hash) = &stronger {
                    store::set_password(conn, id, hash, now)?;
                }
                audited(conn, &signing_in, "auth.sign_in", session, now)?;
                store_sessions::insert(conn, session, id, &client, now, ends_at)
            })
            .await?;
        self.pair(&user.id, session, 1, now)
    }

    /// Exchanges a refresh token for a new pair. A token works once; its immediate predecessor gets the same answer for ten
    /// seconds; any older one means that somebody else has it, and ends the session (RFC 9700 §4.14.2).
    ///
    /// # Errors
    /// 401.
    pub async fn refresh(&self, token: &str) -> Result<TokenPair> {
        let (session, generation) = self.tokens.refreshed(token).ok_or_else(Error::not_signed_in)?;
        let (now, this) = (self.clock.now(), self.clone());
        let done = self.db.write(move |conn| this.rotate(conn, session, generation, now)).await?;
        match done {
            Refreshed::Next(user, generation) => self.pair(&user, session, generation, now),
            Refreshed::Reused => {
                tracing::warn!(%session, "a refresh token was used again; its session is over");
                self.mail.wake();
                Err(Error::not_signed_in())
            }
        }
    }

    fn rotate(&self, conn: &mut Conn, session: SessionId, generation: i64, now: Instant) -> Result<Refreshed> {
        let alive = store_sessions::live(conn, session, now)?.ok_or_else(Error::not_signed_in)?;
        let user = store::user(conn, alive.user_id)?;
        let idle = now.since(alive.rotated_at) > TimeDelta::days(self.auth.refresh_days);
        if idle || !user.may_sign_in() {
            return Err(Error::not_signed_in());
        }
        if generation == alive.generation && store_sessions::rotate(conn, session, generation, now)? {
            return Ok(Refreshed::Next(user.id, generation + 1));
        }
        // Read again: whoever was faster has given out the next generation.
        let alive = store_sessions::live(conn, session, now)?.ok_or_else(Error::not_signed_in)?;
        if generation + 1 == alive.generation && now.since(alive.rotated_at) <= GRACE {
            return Ok(Refreshed::Next(user.id, alive.generation));
        }
        self.end_stolen(conn, &user, session, now)
    }

    fn end_stolen(&self, conn: &mut Conn, user: &User, session: SessionId, now: Instant) -> Result<Refreshed> {
        store_sessions::revoke(conn, session, user.id, now)?;
        audited(conn, user, "auth.refresh_reused", session, now)?;
        self.send(conn, user, Letter::SessionReuse, &session.to_string(), now)?;
        Ok(Refreshed::Reused)
    }

    fn pair(&self, user: &UserId, session: SessionId, generation: i64, now: Instant) -> Result<TokenPair> {
        let (access_token, expires_in) = self.tokens.access(*user, session, now)?;
        let refresh_token = self.tokens.refresh(session, generation).expose_secret().to_owned();
        Ok(TokenPair { access_token, token_type: "Bearer", expires_in, refresh_token })
    }

    /// Ends the session that asks, at once.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn sign_out(&self, principal: Principal) -> Result<()> {
        let now = self.clock.now();
        self.db.write(move |conn| sign_out(conn, &principal, principal.session, now).map(drop)).await
    }

    /// One's own live sessions, newest first.
    ///
    /// # Errors
    /// 400 for a broken cursor.
    pub async fn sessions(&self, principal: Principal, page: PageQuery) -> Result<Page<SessionView>> {
        let now = self.clock.now();
        let limit = page.limit;
        let rows = self.db.read(move |conn| store_sessions::list(conn, principal.user, principal.session, &page, now)).await?;
        Ok(Page::cut(rows, limit, |session| session.id.to_string()))
    }

    /// Ends one of one's own sessions.
    ///
    /// # Errors
    /// 404 when there is no such live session of this person.
    pub async fn end_session(&self, principal: Principal, session: SessionId) -> Result<()> {
        let now = self.clock.now();
        let ended = self.db.write(move |conn| sign_out(conn, &principal, session, now)).await?;
        if ended { Ok(()) } else { Err(Error::not_found()) }
    }

    /// Forgets answers kept for repeats, windows of throttles, sessions that ended a month ago, and old changes.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn forget_what_is_over(&self) -> Result<()> {
        let now = self.clock.now();
        self.db
            .write(move |conn| {
                once::forget(conn, now)?;
                throttle::forget(conn, now)?;
                store_sessions::forget(conn, now.plus(-TimeDelta::days(30))).map(|_| ())
            })
            .await?;
        self.live.feed.forget_old().await
    }

    pub(crate) async fn refuse_guessing(&self, email: &Email) -> Result<()> {
        self.refuse(vec![(account_bucket(email), self.limits.sign_in_failures)]).await
    }

    async fn refuse_guessing_from(&self, email: &Email, address: IpAddr) -> Result<()> {
        let limits = &self.limits;
        self.refuse(vec![(account_bucket(email), limits.sign_in_failures), (address_bucket(address), limits.sign_in_failures_per_address)])
            .await
    }

    async fn refuse(&self, buckets: Vec<(String, i64)>) -> Result<()> {
        if !self.limits.enabled {
            return Ok(());
        }
        let now = self.clock.now();
        self.db
            .read(move |conn| {
                for (bucket, limit) in buckets {
                    if let Some(seconds) = throttle::closed_for(conn, &bucket, limit, now)? {
                        return Err(Error::too_many(seconds));
                    }
                }
                Ok(())
            })
            .await
    }

    /// Counts a wrong password, and notes it: an address that nobody here has is named nowhere.
    pub(crate) async fn note_failure(&self, email: &Email, address: Option<IpAddr>, known: Option<&User>) -> Result<()> {
        let (now, window) = (self.clock.now(), TimeDelta::minutes(self.limits.sign_in_window_minutes));
        let buckets: Vec<String> = std::iter::once(account_bucket(email)).chain(address.map(address_bucket)).collect();
        let subject = known.map_or_else(|| "nobody".to_owned(), |user| user.id.to_string());
        let failure = Entry::of(None, Actor::System, "auth.wrong_password", subject, now);
        self.db
            .write(move |conn| {
                audit::record(conn, &failure)?;
                buckets.iter().try_for_each(|bucket| throttle::hit(conn, bucket, window, now))
            })
            .await
    }
}

#[async_trait]
impl Gate for Accounts {
    async fn principal(&self, token: &str) -> Result<Principal> {
        let now = self.clock.now();
        let claims = self.tokens.claims(token, now)?;
        self.live.feed.fresh().await?;
        let ticket = match self.live.cache.look(claims.sub, claims.sid, now) {
            Found::Known(principal) => return Ok(principal),
            Found::Unknown(ticket) => ticket,
        };
        let (principal, ends_at) = self.db.read(move |conn| store_sessions::principal(conn, claims.sid, claims.sub, now)).await?;
        self.live.cache.keep(ticket, principal.clone(), ends_at);
        Ok(principal)
    }
}

/// Ends a session of the principal's own; false when it is not theirs or already over.
fn sign_out(conn: &mut Conn, principal: &Principal, session: SessionId, now: Instant) -> Result<bool> {
    let ended = store_sessions::revoke(conn, session, principal.user, now)?;
    if ended {
        audit::record(conn, &Entry::of(Some(principal.user), principal.role.into(), "auth.sign_out", session, now))?;
    }
    Ok(ended)
}

fn wrong_credentials() -> Error {
    Error::new(Code::NotSignedIn, "Address or password is wrong, or the address is not verified yet.")
}

/// The bucket holds a hash: an address that has no account is still somebody's.
fn account_bucket(email: &Email) -> String {
    format!("sign-in:account:{}", URL_SAFE_NO_PAD.encode(Sha256::digest(email.key().as_bytes())))
}

fn address_bucket(address: IpAddr) -> String {
    format!("sign-in:address:{address}")
}
