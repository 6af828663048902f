//! Staying signed in: sessions, refresh with rotation, and who is behind an access token.

use std::net::IpAddr;

use async_trait::async_trait;
use chrono::TimeDelta;
use secrecy::ExposeSecret as _;

use crate::accounts::domain::{SessionView, TokenPair, User};
use crate::accounts::guessing::Guess;
use crate::accounts::service::Accounts;
use crate::accounts::session_cache::Found;
use crate::accounts::store_sessions::Holder;
use crate::accounts::{store, store_identities, store_sessions};
use crate::audit::domain::Entry;
use crate::audit::store as audit;
use crate::auth::gate::Gate;
use crate::db::Conn;
use crate::db::{once, throttle};
use crate::kernel::clock::Instant;
use crate::kernel::error::{Code, Error, Result};
use crate::kernel::ids::{SessionId, UserId};
use crate::kernel::page::{Page, PageQuery};
use crate::kernel::principal::{Principal, Role};
use crate::kernel::process::Actor;
use crate::kernel::scope::Scope;
use crate::notifications::domain::Letter;

/// How long the immediate predecessor of a refresh token still gets the same answer: a lost response, two tabs at once.
const GRACE: TimeDelta = TimeDelta::seconds(10);

enum Refreshed {
    Next(UserId, i64),
    Reused,
}

impl Accounts {
    /// Exchanges a refresh token for a new pair. A token works once; its immediate predecessor gets the same answer for ten
    /// seconds; any older one means that somebody else has it, and ends the session (RFC 9700 §4.14.2).
    ///
    /// # Errors
    /// 401; 429 after too many that were not good.
    pub async fn refresh(&self, token: &str, address: IpAddr) -> Result<TokenPair> {
        let ours = self.tokens.refreshed(token);
        let named = ours.map(|(session, _)| session.to_string());
        self.guarded(Guess::Refresh, named, address, async move { self.renew(ours.ok_or_else(Error::not_signed_in)?).await }).await
    }

    async fn renew(&self, (session, generation): (SessionId, i64)) -> Result<TokenPair> {
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
        audit::record(conn, &Entry::of(None, Actor::System, "auth.refresh_reused", session, now))?;
        self.send(conn, user, Letter::SessionReuse, &session.to_string(), now)?;
        Ok(Refreshed::Reused)
    }

    pub(crate) fn pair(&self, user: &UserId, session: SessionId, generation: i64, now: Instant) -> Result<TokenPair> {
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

    /// Forgets answers kept for repeats, windows of throttles, sessions that ended a month ago, and old changes; seals again what
    /// an earlier secret of the house sealed.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn forget_what_is_over(&self) -> Result<()> {
        let now = self.clock.now();
        self.db
            .write(move |conn| {
                once::forget(conn, now)?;
                throttle::forget(conn, now)?;
                store_identities::forget(conn, now)?;
                store_sessions::forget(conn, now.minus(TimeDelta::days(30))).map(|_| ())
            })
            .await?;
        self.renew_seals().await?;
        self.live.feed.forget_old().await
    }
}

#[async_trait]
impl Gate for Accounts {
    async fn principal(&self, token: &str) -> Result<Principal> {
        let holder = self.holder(token).await?;
        if self.admins_need_second_factor && holder.principal.role == Role::Admin && !holder.has_second_factor {
            let detail = "Admins need a second factor: set one up with POST /v1/me/totp and confirm it. Until then nothing else is open.";
            return Err(Error::new(Code::SecondFactorNotEnrolled, detail));
        }
        Ok(holder.principal)
    }

    async fn enrolling(&self, token: &str) -> Result<Principal> {
        Ok(self.holder(token).await?.principal)
    }

    async fn key(&self, key: &str) -> Result<(Principal, Vec<Scope>)> {
        self.holder_of_key(key).await
    }
}

impl Accounts {
    async fn holder(&self, token: &str) -> Result<Holder> {
        let now = self.clock.now();
        let claims = self.tokens.claims(token, now)?;
        self.live.feed.fresh().await?;
        let ticket = match self.live.cache.look(claims.sub, claims.sid, now) {
            Found::Known(holder) => return Ok(holder),
            Found::Unknown(ticket) => ticket,
        };
        let holder = self.db.read(move |conn| store_sessions::holder(conn, claims.sid, claims.sub, now)).await?;
        self.live.cache.keep(ticket, holder.clone());
        Ok(holder)
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
