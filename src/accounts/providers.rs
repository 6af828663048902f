//! Signing in by a provider of identities: a browser goes there and comes back, and whoever it brings is let in, asked for more, or
//! registered.
//!
//! Only what is linked signs in. An address that a provider vouches for opens no account that has it already: its password does, or
//! whoever is signed in to it links the two (`linking.rs`).

use std::net::IpAddr;

use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::accounts::domain::{AccountStatus, TokenPair, User};
use crate::accounts::guessing::{Attempt, Guess};
use crate::accounts::identities::{CameBack, Finish, LinkedIdentity, ProviderView, Registration, StartedSignIn};
use crate::accounts::members::{add_person, new_user};
use crate::accounts::service::Accounts;
use crate::accounts::sign_in::wrong_credentials;
use crate::accounts::{store, store_identities, store_sessions};
use crate::audit::domain::Entry;
use crate::audit::store as audit;
use crate::auth::password::Verdict;
use crate::auth::provider::Provider;
use crate::auth::token::RoundTrip;
use crate::db::{Conn, lock, throttle};
use crate::kernel::clock::Instant;
use crate::kernel::email::Email;
use crate::kernel::error::{Code, Error, Result};
use crate::kernel::identity::Identity;
use crate::kernel::ids::{IdentityId, ProviderSignInId, SessionId, UserId};
use crate::kernel::page::Page;
use crate::notifications::store::cancel_pending;

/// How long a sign-in may take from its start to its end.
const LIFE: TimeDelta = TimeDelta::minutes(10);

/// What somebody wants, who has come back with a proof.
pub(crate) struct Arrival {
    pub(crate) id: ProviderSignInId,
    pub(crate) provider: String,
    pub(crate) identity: Identity,
    finish: Finish,
}

/// By which right somebody comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Right {
    /// The identity is linked.
    Linked(IdentityId),
    /// The account has the address, and its password is known as well.
    Password,
}

impl Accounts {
    /// Whom one can sign in with.
    pub fn sign_in_providers(&self) -> Page<ProviderView> {
        let views = self.providers.all().map(|provider| ProviderView { name: provider.name.clone(), kind: provider.kind() });
        Page { data: views.collect(), next_cursor: None }
    }

    /// Begins a sign-in: the answer says where to send the browser.
    ///
    /// # Errors
    /// 404 for an unknown provider; 429 after too many; 503 when the provider cannot be reached.
    pub async fn start_with_provider(&self, name: &str, address: IpAddr) -> Result<StartedSignIn> {
        let provider = self.providers.get(name)?;
        let now = self.clock.now();
        let id = ProviderSignInId::new(now);
        let (trip, expires_at) = (self.tokens.round_trip(id)?, now.plus(LIFE));
        let (this, name, bucket) = (self.clone(), name.to_owned(), format!("provider-start:address:{address}"));
        let begin = move |conn: &mut Conn| {
            let limit = this.limits.sign_in_failures_per_address;
            let closed = if this.limits.enabled { throttle::take(conn, &bucket, limit, this.window(), now)? } else { None };
            closed.map_or(Ok(()), |seconds| Err(throttle::refused(&bucket, seconds)))?;
            store_identities::begin(conn, id, &name, now, expires_at)
        };
        // Counted before the provider is asked, which takes its time when it is out of order.
        self.db.write(begin).await?;
        let authorization_url = provider.authorize(&trip, now).await?;
        Ok(StartedSignIn { authorization_url, browser_token: trip.browser_token().to_owned(), expires_at })
    }

    /// Signs in whoever came back; registers those who are new.
    ///
    /// # Errors
    /// 401 as for a sign-in; 403 without a verified address; 409 when the address has an account, or more is needed to register; 422 for
    /// a proof that is none; 429 after too many; 503 when the provider cannot be reached.
    pub async fn finish_with_provider(&self, name: &str, finish: Finish) -> Result<TokenPair> {
        let (id, identity) = self.proved(name, &finish.came_back, finish.address).await?;
        let arrival = Arrival { id, provider: name.to_owned(), identity, finish };
        let wanted = arrival.identity.clone();
        match self.db.read(move |conn| whose(conn, &wanted)).await? {
            Some((user, right)) => self.enter(arrival, user, right).await,
            None => self.register_proved(arrival).await,
        }
    }

    /// Who came back. The provider is asked once; until the sign-in is used up or over, the same proof says the same again.
    pub(crate) async fn proved(&self, name: &str, came_back: &CameBack, address: IpAddr) -> Result<(ProviderSignInId, Identity)> {
        let provider = self.providers.get(name)?;
        let ours = self.tokens.came_back(&came_back.state).filter(|(_, trip)| trip.is_of(&came_back.browser_token));
        let named = ours.as_ref().map(|(id, _)| id.to_string());
        self.guarded(Guess::Provider, named, address, self.prove_identity(provider, ours, &came_back.code)).await
    }

    async fn prove_identity(
        &self,
        provider: &Provider,
        ours: Option<(ProviderSignInId, RoundTrip)>,
        code: &SecretString,
    ) -> Result<(ProviderSignInId, Identity)> {
        let (id, trip) = ours.ok_or_else(dead_sign_in)?;
        let (now, name) = (self.clock.now(), provider.name.clone());
        if let Some(identity) = self.db.write(move |conn| known_or_claimed(conn, id, &name, now)).await? {
            return Ok((id, identity));
        }
        let identity = provider.identify(code, &trip, now).await?;
        let known = identity.clone();
        self.db.write(move |conn| store_identities::prove(conn, id, &known)).await?;
        Ok((id, identity))
    }

    async fn enter(&self, arrival: Arrival, user: User, right: Right) -> Result<TokenPair> {
        let counted = self.count_guesses(&arrival, &user, right).await?;
        let (this, now, id, good, proof) = (self.clone(), self.clock.now(), user.id, counted.clone(), arrival.id);
        let begin = move |conn: &mut Conn| {
            use_up(conn, arrival.id, now)?;
            let session = this.let_in(conn, &arrival, &user, right, now)?;
            good.was_right(conn, now)?;
            Ok(session)
        };
        let begun = self.db.write(begin).await;
        if begun.as_ref().is_err_and(|error| error.code == Code::NotSignedIn) {
            // Nothing that could be sent with it helps: each refusal costs a sign-in anew.
            self.db.write(move |conn| store_identities::use_up(conn, proof, now)).await?;
        }
        if begun.as_ref().is_err_and(|error| matches!(error.code, Code::NotSignedIn | Code::SecondFactorWrong)) {
            self.note_failure("auth.sign_in", &counted, Some(id)).await?;
        }
        self.mail.wake();
        self.pair(&id, begun?, 1, now)
    }

    /// Counts what can be guessed at, and tries the password.
    async fn count_guesses(&self, arrival: &Arrival, user: &User, right: Right) -> Result<Attempt> {
        let Finish { password, totp, address, .. } = &arrival.finish;
        let password = match (right, password) {
            (Right::Password, None) => return Err(account_exists()),
            (Right::Password, Some(password)) => Some(password.clone()),
            _ => None,
        };
        if password.is_none() && totp.is_none() {
            return Ok(Attempt::default());
        }
        let counted = self.attempt_sign_in(&user.email, *address).await?;
        let Some(password) = password else { return Ok(counted) };
        if self.passwords.verify(password, user.password_hash.clone()).await? == Verdict::Wrong {
            self.note_failure("auth.sign_in", &counted, Some(user.id)).await?;
            return Err(wrong_credentials());
        }
        Ok(counted)
    }

    /// Begins the session of somebody who had the right a moment ago, unless that is no longer so.
    fn let_in(&self, conn: &mut Conn, arrival: &Arrival, user: &User, right: Right, now: Instant) -> Result<SessionId> {
        lock::user(conn, user.id)?;
        let current = store::user(conn, user.id)?;
        let is_other = right == Right::Password && current.password_hash != user.password_hash;
        if is_other || !current.may_sign_in() {
            return Err(wrong_credentials());
        }
        self.prove_second_factor(conn, &current, arrival.finish.totp.as_ref().map(|totp| totp.expose_secret()), now)?;
        match right {
            Right::Linked(id) if store_identities::note_use(conn, id, now)? => {}
            Right::Linked(_) => return Err(wrong_credentials()),
            Right::Password => {
                self.link(conn, arrival.linked(user.id, now), &arrival.identity.subject, &current)?;
            }
        }
        self.begin_with(conn, arrival, &current, now)
    }

    fn begin_with(&self, conn: &mut Conn, arrival: &Arrival, user: &User, now: Instant) -> Result<SessionId> {
        let session = self.open_session(conn, user, &arrival.finish.client, now)?;
        let entry = Entry::of(Some(user.id), user.role.into(), "auth.sign_in", session, now);
        audit::record(conn, &entry.with(json!({ "provider": arrival.provider })))?;
        Ok(session)
    }

    async fn register_proved(&self, arrival: Arrival) -> Result<TokenPair> {
        let email = arrival.identity.email.clone().ok_or_else(no_address)?;
        let new = arrival.finish.registration.clone().ok_or_else(|| registration_required(&email))?;
        let (this, now) = (self.clone(), self.clock.now());
        let register = move |conn: &mut Conn| {
            use_up(conn, arrival.id, now)?;
            claim_address(conn, &email, now)?;
            let Registration { role, name, organization_name } = &new;
            let user = new_user(email.clone(), name, (*role).into(), None, Some(now), now);
            add_person(conn, &user, organization_name.as_deref(), now)?;
            // The mail that tells of it goes to the address: its owner may be somebody else than whoever came.
            this.link(conn, arrival.linked(user.id, now), &arrival.identity.subject, &user)?;
            Ok((user.id, this.begin_with(conn, &arrival, &user, now)?))
        };
        let (user, session) = self.db.write(register).await?;
        self.mail.wake();
        self.pair(&user, session, 1, now)
    }
}

impl Arrival {
    /// The link to `user`, who comes in with it.
    fn linked(&self, user: UserId, now: Instant) -> LinkedIdentity {
        let (issuer, provider) = (self.identity.issuer.clone(), self.provider.clone());
        LinkedIdentity { id: IdentityId::new(now), user, issuer, provider, created_at: now, last_used_at: Some(now) }
    }
}

/// The account that it is about, and by which right it would open; none for those who are new, also where somebody has registered with
/// the address who has never shown that it is theirs.
fn whose(conn: &mut Conn, identity: &Identity) -> Result<Option<(User, Right)>> {
    if let Some(linked) = store_identities::find(conn, identity)? {
        return Ok(Some((store::user(conn, linked.user)?, Right::Linked(linked.id))));
    }
    let Some(email) = &identity.email else { return Ok(None) };
    let known = store::user_by_email(conn, email)?;
    match known.map(|user| (user.verified_at.is_some(), user.password_hash.is_some(), user)) {
        Some((true, _, user)) => Ok(Some((user, Right::Password))),
        Some((false, false, _)) => Err(invited()),
        Some((false, true, _)) | None => Ok(None),
    }
}

/// Who came back, when that is known; else this is the one attempt at the code.
fn known_or_claimed(conn: &mut Conn, id: ProviderSignInId, provider: &str, now: Instant) -> Result<Option<Identity>> {
    let under_way = store_identities::under_way(conn, id, now)?.filter(|under_way| under_way.provider == provider);
    let under_way = under_way.ok_or_else(dead_sign_in)?;
    if under_way.identity.is_none() && !store_identities::claim(conn, id, now)? {
        return Err(dead_sign_in());
    }
    Ok(under_way.identity)
}

/// From now on the proof opens nothing more.
pub(crate) fn use_up(conn: &mut Conn, id: ProviderSignInId, now: Instant) -> Result<()> {
    if store_identities::use_up(conn, id, now)? { Ok(()) } else { Err(dead_sign_in()) }
}

/// An account that was verified, or is suspended, keeps its address.
fn claim_address(conn: &mut Conn, email: &Email, now: Instant) -> Result<()> {
    match store::user_by_email(conn, email)? {
        None => Ok(()),
        Some(known) if known.verified_at.is_some() || known.status != AccountStatus::Active => Err(account_exists()),
        Some(known) => make_room(conn, &known, now),
    }
}

/// Whoever registered with the address and never verified it has no right to it: the owner begins anew.
pub(crate) fn make_room(conn: &mut Conn, known: &User, now: Instant) -> Result<()> {
    store_sessions::revoke_all(conn, known.id, None, now)?;
    cancel_pending(conn, &known.id.to_string(), None)?;
    store_identities::drop_unverified(conn, known.id)
}

fn dead_sign_in() -> Error {
    Error::fault("/state", "is not good any more, or not of this browser: begin again")
}

fn no_address() -> Error {
    let detail = "The provider vouches for no e-mail address of yours: have it verified there, then begin again.";
    Error::new(Code::AddressNotVerified, detail)
}

fn account_exists() -> Error {
    let detail = "There is an account with this address, which this identity is not linked to. Send its password as `password` (and a code \
        as `totp` where it has a second factor) together with what you have just sent, or sign in to it and link the two.";
    Error::new(Code::AccountExists, detail)
}

fn invited() -> Error {
    let detail = "An account was made for this address, and a mail with an invitation to it was sent there: follow its link, or have \
        POST /v1/auth/password/forgot mail a new one. Then link the two.";
    Error::new(Code::AccountExists, detail)
}

fn registration_required(email: &Email) -> Error {
    let detail = "Nobody is here with this identity yet. To register, send `role` and `name` (for clients also `organization_name`) \
        together with what you have just sent.";
    Error::new(Code::RegistrationRequired, detail).with("email", email)
}
