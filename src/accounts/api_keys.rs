//! API keys: made, listed, taken away, and asked at each request who is behind them.
//!
//! One is made only soon after a sign-in, and the organisation's owners hear of it, so that a stolen access token, which is good for
//! minutes, does not become a key for a year.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng as _;
use sha2::{Digest as _, Sha256};

use crate::accounts::keys::{ApiKey, ApiKeyView, ApiKeyWithSecret, COARSELY, LONGEST, MOST, NewApiKey};
use crate::accounts::members::acts_for;
use crate::accounts::second_factor::refuse_unless_recent;
use crate::accounts::service::Accounts;
use crate::accounts::{store, store_keys, store_recipients};
use crate::audit::domain::Entry;
use crate::audit::store as audit;
use crate::auth::gate::KEY_PREFIX;
use crate::db::Conn;
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{ApiKeyId, SessionId};
use crate::kernel::page::{Page, PageQuery};
use crate::kernel::principal::{Principal, Role};
use crate::kernel::process::Actor;
use crate::kernel::scope::Scope;
use crate::notifications::domain::Letter;

impl Accounts {
    /// Makes an API key. What signs in is in this answer alone, which is kept for no repeat.
    ///
    /// # Errors
    /// 403, also long after the sign-in; 409 when the organisation has twenty; 422 for an end that is past or too far.
    pub async fn create_api_key(&self, call: Call, new: NewApiKey) -> Result<Answer> {
        let organization = call.principal.client()?;
        let now = self.clock.now();
        let expires_at = new.expires_at.unwrap_or(now.plus(LONGEST));
        if expires_at <= now || expires_at > now.plus(LONGEST) {
            return Err(Error::fault("/expires_at", "must be in the future, and within a year"));
        }
        let this = self.clone();
        let create = move |conn: &mut Conn| {
            refuse_unless_recent(conn, &call.principal, now)?;
            if store_keys::count(conn, organization)? >= MOST {
                return Err(Error::conflict(format!("An organisation has {MOST} API keys at most: take one away first.")));
            }
            let NewApiKey { name, mut scopes, .. } = new.clone();
            scopes.sort();
            scopes.dedup();
            let (id, created_by, secret) = (ApiKeyId::new(now), call.principal.user, make());
            let key = ApiKey { id, organization, created_by, name, scopes, created_at: now, expires_at, last_used_at: None };
            store_keys::insert(conn, &key, &hash(&secret))?;
            audited(conn, &call.principal, "api_key.create", id, now)?;
            this.tell_of_key(conn, &key)?;
            Answer::plain(&ApiKeyWithSecret { view: key.into(), key: secret })
        };
        let made = self.db.write(create).await?;
        self.mail.wake();
        Ok(made)
    }

    /// Writes to the owners, and to whoever made the key: it may have been somebody else with a session of theirs.
    fn tell_of_key(&self, conn: &mut Conn, key: &ApiKey) -> Result<()> {
        let maker = store::user(conn, key.created_by)?;
        let letter = Letter::ApiKeyMade {
            name: key.name.clone(),
            scopes: key.scopes.iter().map(ToString::to_string).collect(),
            made_by: maker.name.clone(),
            expires_at: key.expires_at,
        };
        let (subject, anchor) = (key.organization.to_string(), key.id.to_string());
        // To an owner who makes one it is the same mail, which goes out once.
        let mut recipients = store_recipients::owners_of(conn, key.organization)?;
        recipients.push(store::recipient_of(&maker));
        recipients.into_iter().try_for_each(|to| self.send_to(conn, to, letter.clone(), subject.clone(), &anchor, key.created_at))
    }

    /// The API keys of one's organisation, newest first.
    ///
    /// # Errors
    /// 403; 400 for a cursor that is not one of ours.
    pub async fn api_keys(&self, principal: Principal, page: PageQuery) -> Result<Page<ApiKeyView>> {
        let (organization, limit) = (principal.client()?, page.limit);
        let rows = self.db.read(move |conn| store_keys::list(conn, organization, &page)).await?;
        Ok(Page::cut(rows, limit, |key| key.id.to_string()).map(ApiKeyView::from))
    }

    /// Takes an API key away: it opens nothing from the next request on.
    ///
    /// # Errors
    /// 403; 404, also for another organisation's.
    pub async fn remove_api_key(&self, principal: Principal, id: ApiKeyId) -> Result<()> {
        let organization = principal.client()?;
        let now = self.clock.now();
        let remove = move |conn: &mut Conn| {
            if !store_keys::delete(conn, organization, id)? {
                return Err(Error::not_found());
            }
            audited(conn, &principal, "api_key.remove", id, now)
        };
        self.db.write(remove).await
    }

    /// Who is behind an API key, and what it may be used for.
    ///
    /// # Errors
    /// 401 unless it is good, and whoever made it still acts for the organisation.
    pub(crate) async fn holder_of_key(&self, text: &str) -> Result<(Principal, Vec<Scope>)> {
        let (now, hash) = (self.clock.now(), hash(text));
        let (key, principal) = self.db.read(move |conn| holder(conn, &hash, now)).await?;
        if key.last_used_at.is_none_or(|last| now.since(last) >= COARSELY) {
            self.db.write(move |conn| store_keys::note_use(conn, key.id, now)).await?;
        }
        Ok((principal, key.scopes))
    }
}

fn holder(conn: &mut Conn, hash: &str, now: Instant) -> Result<(ApiKey, Principal)> {
    let key = store_keys::find(conn, hash, now)?.ok_or_else(Error::not_signed_in)?;
    if !acts_for(conn, key.created_by, key.organization)? {
        return Err(Error::not_signed_in());
    }
    // A key has no session: nothing that a key may be used for asks for one.
    let session = SessionId::from_u128(u128::from_be_bytes(*key.id.as_bytes()));
    let principal = Principal { user: key.created_by, session, role: Role::Client, organization: Some(key.organization) };
    Ok((key, principal))
}

fn make() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    format!("{KEY_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
}

fn hash(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(key))
}

fn audited(conn: &mut Conn, principal: &Principal, action: &str, id: ApiKeyId, now: Instant) -> Result<()> {
    audit::record(conn, &Entry::of(Some(principal.user), Actor::Client, action, id, now))
}
