//! Against guessing: attempts at passwords, at codes and at tokens are counted per account, per client address and in all, in the
//! database, so that every node knows them and a restart forgets none (reliability R27).
//!
//! An attempt at a password is counted *before* it is tried and given back when it was right: of many at once, no more are hashed
//! than are left. Where somebody has signed in before, nobody else's attempts count: strangers who use up an account's attempts
//! lock out strangers, not its owner.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use sha2::{Digest as _, Sha256};

use crate::accounts::domain::User;
use crate::accounts::service::Accounts;
use crate::audit::domain::Entry;
use crate::audit::store as audit;
use crate::db::{Conn, throttle};
use crate::kernel::clock::Instant;
use crate::kernel::email::Email;
use crate::kernel::error::{Code, Error, Result};
use crate::kernel::ids::UserId;
use crate::kernel::process::Actor;

/// How long a client address from which somebody has signed in is familiar.
const FAMILIAR: TimeDelta = TimeDelta::days(90);

/// How many attempts may fail in a window; none: limits are off.
type Bucket = (String, i64);

/// What is guessed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guess {
    /// A password at a sign-in, and the second factor that goes with it.
    SignIn,
    /// The current password of somebody who is signed in.
    Password,
    /// A refresh token.
    Refresh,
    /// A code from a mail.
    Code,
    /// What comes back from a provider of identities.
    Provider,
}

impl Guess {
    fn word(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::Password => "password",
            Self::Refresh => "refresh",
            Self::Code => "code",
            Self::Provider => "provider",
        }
    }
}

/// An attempt at a password that was counted, and will be given back if it was right.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attempt {
    /// The first one is the account's own.
    buckets: Vec<String>,
    /// Where it comes from, together with the account.
    place: Option<String>,
}

impl Attempt {
    /// It was right: the account's count begins anew, and the place is familiar from now on.
    pub(crate) fn was_right(&self, conn: &mut Conn, now: Instant) -> Result<()> {
        let Some((own, shared)) = self.buckets.split_first() else { return Ok(()) };
        throttle::clear(conn, own)?;
        shared.iter().try_for_each(|bucket| throttle::give_back(conn, bucket))?;
        self.place.iter().try_for_each(|place| make_familiar(conn, place, now))
    }
}

fn make_familiar(conn: &mut Conn, place: &str, now: Instant) -> Result<()> {
    throttle::clear(conn, place)?;
    throttle::take(conn, place, 1, FAMILIAR, now).map(|_| ())
}

impl Accounts {
    /// Counts an attempt to sign in.
    ///
    /// # Errors
    /// 429 when too many have failed.
    pub(crate) async fn attempt_sign_in(&self, email: &Email, address: IpAddr) -> Result<Attempt> {
        let (place, account) = (self.place(email, address), hashed(&email.key()));
        let (own, all) = (failed_at(&place), self.buckets(Guess::SignIn, Some(&account), Some(address)));
        self.attempt(Some(place), vec![(own, self.limits.sign_in_failures)], all).await
    }

    /// Counts an attempt of somebody who is signed in at their own password.
    ///
    /// # Errors
    /// 429 when too many have failed.
    pub(crate) async fn attempt_password(&self, user: UserId) -> Result<Attempt> {
        self.attempt(None, Vec::new(), self.buckets(Guess::Password, Some(&user.to_string()), None)).await
    }

    /// Counts in `familiar` when the place is familiar, otherwise in `strange`.
    async fn attempt(&self, place: Option<String>, familiar: Vec<Bucket>, strange: Vec<Bucket>) -> Result<Attempt> {
        if !self.limits.enabled {
            return Ok(Attempt::default());
        }
        let (now, window, known) = (self.clock.now(), self.window(), place.clone());
        // A look first: whoever is refused costs no write.
        let look = move |conn: &mut Conn| {
            let is_familiar = known.map_or(Ok(None), |place| throttle::closed_for(conn, &place, 1, now))?.is_some();
            let buckets = if is_familiar { familiar } else { strange };
            refuse_full(conn, &buckets, now).map(|()| buckets)
        };
        let buckets = self.db.read(look).await?;
        let counted = buckets.iter().map(|(bucket, _)| bucket.clone()).collect();
        let count = move |conn: &mut Conn| {
            // Again: meanwhile others may have used them up, and looking takes no lock.
            refuse_full(conn, &buckets, now)?;
            buckets.iter().try_for_each(|(bucket, limit)| match throttle::take(conn, bucket, *limit, window, now)? {
                Some(seconds) => Err(throttle::refused(bucket, seconds)),
                None => Ok(()),
            })
        };
        self.db.write(count).await?;
        Ok(Attempt { buckets: counted, place })
    }

    /// Writes down that a sign-in or another proof of a password failed, with the same work whether or not there is such an
    /// account: an address that nobody here has is named nowhere.
    pub(crate) async fn note_failure(&self, what: &'static str, attempt: &Attempt, user: Option<UserId>) -> Result<()> {
        let (now, limit) = (self.clock.now(), self.limits.sign_in_failures);
        let own = attempt.buckets.first().cloned();
        let subject = user.map_or_else(|| "nobody".to_owned(), |user| user.to_string());
        let work = move |conn: &mut Conn| {
            let was_last = own.as_ref().map_or(Ok(None), |own| throttle::closed_for(conn, own, limit, now))?.is_some();
            let outcome = if was_last { "closed" } else { "failed" };
            audit::record(conn, &Entry::of(None, Actor::System, format!("{what}_{outcome}"), &subject, now))
        };
        self.db.write(work).await
    }

    /// Whoever proves by mail that an account is theirs, and comes from this address, is let in again at once, whatever has failed:
    /// here, at places where nobody has signed in before, and at the password that is replaced now.
    pub(crate) fn welcome_back(&self, conn: &mut Conn, user: &User, address: IpAddr, now: Instant) -> Result<()> {
        let place = self.place(&user.email, address);
        let (sign_in, _) = self.own_bucket(Guess::SignIn, &hashed(&user.email.key()));
        let (password, _) = self.own_bucket(Guess::Password, &user.id.to_string());
        [sign_in, password, failed_at(&place)].iter().try_for_each(|bucket| throttle::clear(conn, bucket))?;
        make_familiar(conn, &place, now)
    }

    /// Runs what a token opens; `named` is what it says it is about, where our seal is on it. One that is not good counts against that, so
    /// that nobody else has to pay for it; one without our seal, which nobody guesses, against the client's address.
    ///
    /// # Errors
    /// 429 when too many were not good; what `work` refuses.
    pub(crate) async fn guarded<T>(
        &self,
        guess: Guess,
        named: Option<String>,
        address: IpAddr,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        if !self.limits.enabled {
            return work.await;
        }
        let (now, window) = (self.clock.now(), self.window());
        let counted = named.map_or_else(|| self.nearby_bucket(guess, address), |named| self.own_bucket(guess, &named));
        let looked = counted.clone();
        self.db.read(move |conn| refuse_full(conn, &[looked], now)).await?;
        let done = work.await;
        if done.as_ref().is_err_and(is_no_good_token) {
            let (bucket, limit) = counted;
            self.db.write(move |conn| throttle::take(conn, &bucket, limit, window, now)).await?;
        }
        done
    }

    fn buckets(&self, guess: Guess, account: Option<&str>, address: Option<IpAddr>) -> Vec<Bucket> {
        let own = account.map(|account| self.own_bucket(guess, account));
        let nearby = address.map(|address| self.nearby_bucket(guess, address));
        let all = address.map(|_| (format!("{}:all", guess.word()), self.limits.sign_in_failures_in_all));
        // Always in this order, so that two who count at once wait for each other and do not lock each other up.
        [own, nearby, all].into_iter().flatten().collect()
    }

    fn own_bucket(&self, guess: Guess, account: &str) -> Bucket {
        (format!("{}:account:{account}", guess.word()), self.limits.sign_in_failures)
    }

    fn nearby_bucket(&self, guess: Guess, address: IpAddr) -> Bucket {
        (format!("{}:address:{address}", guess.word()), self.limits.sign_in_failures_per_address)
    }

    /// An account and a client address, as nobody but the house can tell: it is remembered for months.
    fn place(&self, email: &Email, address: IpAddr) -> String {
        format!("familiar:{}", self.tokens.pseudonym(&format!("{}|{address}", email.key())))
    }

    pub(crate) fn window(&self) -> TimeDelta {
        TimeDelta::minutes(self.limits.sign_in_window_minutes)
    }
}

fn refuse_full(conn: &mut Conn, buckets: &[Bucket], now: Instant) -> Result<()> {
    for (bucket, limit) in buckets {
        if let Some(seconds) = throttle::closed_for(conn, bucket, *limit, now)? {
            return Err(throttle::refused(bucket, seconds));
        }
    }
    Ok(())
}

fn is_no_good_token(error: &Error) -> bool {
    error.code == Code::NotSignedIn || error.faults.iter().any(|fault| ["/token", "/state", "/code"].contains(&fault.pointer.as_str()))
}

/// Counts what failed at a place that is familiar.
fn failed_at(place: &str) -> String {
    format!("{place}:failed")
}

/// An address that has no account is still somebody's.
fn hashed(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(key.as_bytes()))
}
