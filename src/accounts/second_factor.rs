//! The second factor: an authenticator app, set up and confirmed by a code, and recovery codes for when it is lost.
//!
//! It is changed only soon after a sign-in, which proves the password and the factor itself, so that a stolen access token or an
//! unattended browser neither locks its owner out nor takes the lock off.

use chrono::TimeDelta;

use crate::accounts::domain::{NewSecondFactor, RecoveryCodes, SecondFactorView, User};
use crate::accounts::service::{Accounts, audited};
use crate::accounts::store_factors::SecondFactor;
use crate::accounts::{store, store_factors, store_sessions};
use crate::audit::domain::Entry;
use crate::audit::store as audit;
use crate::auth::seal::Sealed;
use crate::auth::totp::{Authenticator, Proof, recovery_codes};
use crate::db::Conn;
use crate::kernel::clock::Instant;
use crate::kernel::email::Email;
use crate::kernel::error::{Code, Error, Result};
use crate::kernel::ids::UserId;
use crate::kernel::principal::{Principal, Role};
use crate::kernel::process::Actor;
use crate::notifications::domain::Letter;

/// How long after a sign-in its session may change what guards the account.
const RECENT: TimeDelta = TimeDelta::minutes(15);
/// How many seals are renewed at once after the house's secret was replaced.
const RESEALED_AT_ONCE: i64 = 100;

impl Accounts {
    /// Whether one's own account asks for a second factor.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn second_factor(&self, principal: Principal) -> Result<SecondFactorView> {
        let required = principal.role == Role::Admin && self.admins_need_second_factor;
        self.db
            .read(move |conn| {
                let since = store_factors::find(conn, principal.user)?.and_then(|factor| factor.confirmed_at);
                let recovery_codes_left = store_factors::recovery_codes_left(conn, principal.user)?;
                Ok(SecondFactorView { enabled: since.is_some(), since, recovery_codes_left, required })
            })
            .await
    }

    /// Makes a secret for an authenticator app; it is asked for once a code has confirmed it.
    ///
    /// # Errors
    /// 403 long after the sign-in; 409 when there is a second factor already.
    pub async fn begin_second_factor(&self, principal: Principal) -> Result<NewSecondFactor> {
        let (now, secret) = (self.clock.now(), Authenticator::new_secret());
        let Sealed { by, text } = self.seals.seal(&principal.user.to_string(), &secret)?;
        let work = move |conn: &mut Conn| {
            refuse_unless_recent(conn, &principal, now)?;
            store_factors::begin(conn, principal.user, (&by, &text), now)?;
            store::user(conn, principal.user)
        };
        let user = self.db.write(work).await?;
        let app = Authenticator::new(&secret, &user.email)?;
        Ok(NewSecondFactor { secret: app.secret(), otpauth_uri: app.uri()? })
    }

    /// Confirms the app with a code of it: from now on sign-ins ask for one. Ends the other sessions; gives the recovery codes.
    ///
    /// # Errors
    /// 409 when nothing was begun or it is confirmed already; 422 for a wrong code.
    pub async fn confirm_second_factor(&self, principal: Principal, code: String) -> Result<RecoveryCodes> {
        let (now, this, codes) = (self.clock.now(), self.clone(), recovery_codes(&principal.user.to_string()));
        let (texts, hashes): (Vec<String>, Vec<String>) = codes.into_iter().unzip();
        let work = move |conn: &mut Conn| {
            let begun = store_factors::find(conn, principal.user)?.filter(|factor| factor.confirmed_at.is_none());
            let begun = begun.ok_or_else(|| Error::conflict("There is no second factor to be confirmed: begin with POST /v1/me/totp."))?;
            let user = store::user(conn, principal.user)?;
            let step = this.step(&user, &begun, &code, now)?;
            let step =
                step.ok_or_else(|| Error::fault("/totp", "is not the code that the app shows now: check the clock of its device"))?;
            if !store_factors::use_step(conn, user.id, step)? || !store_factors::confirm(conn, user.id, now)? {
                return Err(Error::conflict("Your second factor is confirmed already."));
            }
            store_factors::replace_recovery_codes(conn, user.id, &hashes)?;
            store_sessions::revoke_all(conn, user.id, Some(principal.session), now)?;
            this.tell(conn, &user, "auth.second_factor_on", Letter::SecondFactorOn, now)
        };
        self.db.write(work).await?;
        self.mail.wake();
        Ok(RecoveryCodes { recovery_codes: texts })
    }

    /// New recovery codes in place of all earlier ones.
    ///
    /// # Errors
    /// 403 long after the sign-in; 409 without a second factor.
    pub async fn renew_recovery_codes(&self, principal: Principal) -> Result<RecoveryCodes> {
        let (now, this, codes) = (self.clock.now(), self.clone(), recovery_codes(&principal.user.to_string()));
        let (texts, hashes): (Vec<String>, Vec<String>) = codes.into_iter().unzip();
        let work = move |conn: &mut Conn| {
            refuse_unless_recent(conn, &principal, now)?;
            confirmed(conn, principal.user)?.ok_or_else(none_to_change)?;
            store_factors::replace_recovery_codes(conn, principal.user, &hashes)?;
            let user = store::user(conn, principal.user)?;
            this.tell(conn, &user, "auth.recovery_codes_renewed", Letter::RecoveryCodesRenewed, now)
        };
        self.db.write(work).await?;
        self.mail.wake();
        Ok(RecoveryCodes { recovery_codes: texts })
    }

    /// Switches one's own second factor off.
    ///
    /// # Errors
    /// 403 long after the sign-in; 409 without a second factor.
    pub async fn remove_second_factor(&self, principal: Principal) -> Result<()> {
        let (now, this) = (self.clock.now(), self.clone());
        let work = move |conn: &mut Conn| {
            refuse_unless_recent(conn, &principal, now)?;
            if !store_factors::remove(conn, principal.user, now)? {
                return Err(none_to_change());
            }
            let user = store::user(conn, principal.user)?;
            this.tell(conn, &user, "auth.second_factor_off", Letter::SecondFactorOff, now)
        };
        self.db.write(work).await?;
        self.mail.wake();
        Ok(())
    }

    /// Takes a second factor off an account whose owner has lost it, and ends its sessions. For the command line.
    ///
    /// # Errors
    /// 404 for an unknown address, 409 for an account without one.
    pub async fn reset_second_factor(&self, email: Email) -> Result<()> {
        let (now, this) = (self.clock.now(), self.clone());
        let work = move |conn: &mut Conn| {
            let user = store::user_by_email(conn, &email)?.ok_or_else(Error::not_found)?;
            if !store_factors::remove(conn, user.id, now)? {
                return Err(Error::conflict("This account has no second factor."));
            }
            store_sessions::revoke_all(conn, user.id, None, now)?;
            audit::record(conn, &Entry::of(None, Actor::System, "auth.second_factor_reset", user.id, now))?;
            this.send(conn, &user, Letter::SecondFactorReset, &now.to_string(), now)
        };
        self.db.write(work).await?;
        self.mail.wake();
        Ok(())
    }

    /// Insists on the second factor of whoever has one, and uses it up.
    pub(crate) fn prove_second_factor(&self, conn: &mut Conn, user: &User, given: Option<&str>, now: Instant) -> Result<()> {
        let Some(factor) = confirmed(conn, user.id)? else { return Ok(()) };
        let Some(given) = given.filter(|given| !given.is_empty()) else {
            let detail = "This account has a second factor: send the code of the authenticator app, or a recovery code, as `totp`.";
            return Err(Error::new(Code::SecondFactorRequired, detail));
        };
        let good = match Proof::read(given, &user.id.to_string()) {
            Proof::Code(code) => match self.step(user, &factor, &code, now)? {
                Some(step) => store_factors::use_step(conn, user.id, step)?,
                None => false,
            },
            Proof::Recovery(hash) => store_factors::use_recovery_code(conn, user.id, &hash)? && self.tell_of_recovery(conn, user, now)?,
        };
        let detail =
            "This code is wrong, too old, or was used before. Send the code that the authenticator app shows next, or a recovery code.";
        if good { Ok(()) } else { Err(Error::new(Code::SecondFactorWrong, detail)) }
    }

    fn tell_of_recovery(&self, conn: &mut Conn, user: &User, now: Instant) -> Result<bool> {
        let left = store_factors::recovery_codes_left(conn, user.id)?;
        self.tell(conn, user, "auth.recovery_code_used", Letter::RecoveryCodeUsed { left }, now).map(|()| true)
    }

    fn step(&self, user: &User, factor: &SecondFactor, code: &str, now: Instant) -> Result<Option<i64>> {
        let sealed = Sealed { by: factor.sealed_by.clone(), text: factor.sealed_secret.clone() };
        let secret = self.seals.open(&user.id.to_string(), &sealed)?;
        Ok(Authenticator::new(&secret, &user.email)?.step(code, now))
    }

    /// Writes down what somebody did to what guards their account, and mails it to them.
    fn tell(&self, conn: &mut Conn, user: &User, action: &str, letter: Letter, now: Instant) -> Result<()> {
        audited(conn, user, action, user.id, now)?;
        self.send(conn, user, letter, &now.to_string(), now)
    }

    /// Seals again what is sealed with a secret that is on its way out, so that it can go.
    pub(crate) async fn renew_seals(&self) -> Result<()> {
        let previous = self.seals.previous();
        if previous.is_empty() {
            return Ok(());
        }
        let this = self.clone();
        let work = move |conn: &mut Conn| {
            for (user, factor) in store_factors::sealed_by(conn, &previous, RESEALED_AT_ONCE)? {
                let before = Sealed { by: factor.sealed_by.clone(), text: factor.sealed_secret.clone() };
                let owner = user.to_string();
                let Sealed { by, text } = this.seals.seal(&owner, &this.seals.open(&owner, &before)?)?;
                store_factors::reseal(conn, user, &factor, (&by, &text))?;
            }
            Ok(())
        };
        self.db.write(work).await
    }
}

fn confirmed(conn: &mut Conn, user: UserId) -> Result<Option<SecondFactor>> {
    Ok(store_factors::find(conn, user)?.filter(|factor| factor.confirmed_at.is_some()))
}

fn none_to_change() -> Error {
    Error::conflict("You have no second factor: set one up with POST /v1/me/totp.")
}

/// Refuses a session that began too long ago to change what guards the account.
pub(crate) fn refuse_unless_recent(conn: &mut Conn, principal: &Principal, now: Instant) -> Result<()> {
    if store_sessions::began_since(conn, principal.session, now.minus(RECENT))? {
        return Ok(());
    }
    Err(Error::new(Code::SignInTooOld, "This is changed only within 15 minutes of a sign-in: sign in again, then repeat it."))
}
