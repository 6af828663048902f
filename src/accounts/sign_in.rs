//! Signing in: password, second factor, and a session that begins.

use std::net::IpAddr;

use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};

use crate::accounts::domain::{TokenPair, User};
use crate::accounts::service::{Accounts, audited, whole_step};
use crate::accounts::{store, store_sessions};
use crate::auth::password::Verdict;
use crate::db::Conn;
use crate::db::lock;
use crate::kernel::clock::Instant;
use crate::kernel::email::Email;
use crate::kernel::error::{Code, Error, Result};
use crate::kernel::ids::SessionId;

/// Somebody's attempt to sign in.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// Who.
    pub email: Email,
    /// The proof.
    pub password: SecretString,
    /// The code of a second factor, or a recovery code.
    pub totp: Option<SecretString>,
    /// From where.
    pub address: IpAddr,
    /// With which browser or program, as it names itself.
    pub client: String,
}

impl Accounts {
    /// Signs in.
    ///
    /// # Errors
    /// 401 whatever is wrong, but a missing or wrong second factor is named; 429 after too many failures.
    pub async fn sign_in(&self, attempt: SignIn) -> Result<TokenPair> {
        let began = tokio::time::Instant::now();
        let done = self.try_to_sign_in(attempt).await;
        // To find an account takes some microseconds more than to find none, and hashing varies too little to hide them.
        if done.as_ref().is_err_and(|error| error.code == Code::NotSignedIn) {
            whole_step(began).await;
        }
        done
    }

    async fn try_to_sign_in(&self, attempt: SignIn) -> Result<TokenPair> {
        let counted = self.attempt_sign_in(&attempt.email, attempt.address).await?;
        let email = attempt.email.clone();
        let user = self.db.read(move |conn| store::user_by_email(conn, &email)).await?;
        let stored = user.as_ref().and_then(|user| user.password_hash.clone());
        let verdict = self.passwords.verify(attempt.password.clone(), stored).await?;
        let id = user.as_ref().map(|user| user.id);
        let Some(user) = user.filter(|user| user.may_sign_in() && verdict != Verdict::Wrong) else {
            self.note_failure("auth.sign_in", &counted, id).await?;
            return Err(wrong_credentials());
        };
        let stronger = if verdict == Verdict::RightButWeak { Some(self.passwords.hash(attempt.password.clone()).await?) } else { None };
        let (this, now, id, right) = (self.clone(), self.clock.now(), user.id, counted.clone());
        let begin = move |conn: &mut Conn| {
            let session = this.begin_session(conn, &user, &attempt, stronger.as_deref(), now)?;
            right.was_right(conn, now)?;
            Ok(session)
        };
        let begun = self.db.write(begin).await;
        if begun.as_ref().is_err_and(|error| error.code == Code::SecondFactorWrong) {
            self.note_failure("auth.sign_in", &counted, Some(id)).await?;
        }
        self.mail.wake();
        self.pair(&id, begun?, 1, now)
    }

    /// Begins the session of somebody whose password was found right a moment ago, unless that is no longer so.
    fn begin_session(&self, conn: &mut Conn, user: &User, attempt: &SignIn, stronger: Option<&str>, now: Instant) -> Result<SessionId> {
        lock::user(conn, user.id)?;
        let current = store::user(conn, user.id)?;
        if !current.may_sign_in() || current.password_hash != user.password_hash {
            return Err(wrong_credentials());
        }
        self.prove_second_factor(conn, user, attempt.totp.as_ref().map(ExposeSecret::expose_secret), now)?;
        if let Some(hash) = stronger {
            store::set_password(conn, user.id, hash, now)?;
        }
        let session = self.open_session(conn, user, &attempt.client, now)?;
        audited(conn, user, "auth.sign_in", session, now)?;
        Ok(session)
    }

    /// Begins a session of somebody who has proved everything there is to prove.
    pub(crate) fn open_session(&self, conn: &mut Conn, user: &User, client: &str, now: Instant) -> Result<SessionId> {
        let (session, ends_at) = (SessionId::new(now), now.plus(TimeDelta::days(self.auth.session_days)));
        store_sessions::insert(conn, session, user.id, client, now, ends_at)?;
        Ok(session)
    }
}

/// The same words whatever is wrong.
pub(crate) fn wrong_credentials() -> Error {
    Error::new(Code::NotSignedIn, "Address or password is wrong, or the address is not verified yet.")
}
