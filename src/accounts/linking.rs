//! One's own ways to sign in: identities at providers are linked, listed, and taken off again, but never the last way in.

use std::net::IpAddr;

use crate::accounts::domain::User;
use crate::accounts::identities::{CameBack, IdentityView, LinkedIdentity};
use crate::accounts::providers::use_up;
use crate::accounts::second_factor::refuse_unless_recent;
use crate::accounts::service::{Accounts, audited};
use crate::accounts::{store, store_identities, store_sessions};
use crate::db::{Conn, lock};
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::identity::Identity;
use crate::kernel::ids::{IdentityId, ProviderSignInId};
use crate::kernel::page::{Page, PageQuery};
use crate::kernel::principal::Principal;
use crate::notifications::domain::Letter;

impl Accounts {
    /// Links who came back from a provider to whoever is signed in.
    ///
    /// # Errors
    /// 403 long after the sign-in; 409 when it is somebody else's, or there is another one of this provider; 422 for a proof that is none.
    pub async fn link_identity(&self, principal: Principal, name: &str, came_back: CameBack, address: IpAddr) -> Result<IdentityView> {
        let (id, identity) = self.proved(name, &came_back, address).await?;
        let (this, name, now) = (self.clone(), name.to_owned(), self.clock.now());
        let work = move |conn: &mut Conn| this.link_own(conn, &principal, (id, &name, &identity), now);
        let linked = self.db.write(work).await?;
        self.mail.wake();
        Ok(linked.into())
    }

    fn link_own(
        &self,
        conn: &mut Conn,
        principal: &Principal,
        (id, name, identity): (ProviderSignInId, &str, &Identity),
        now: Instant,
    ) -> Result<LinkedIdentity> {
        lock::user(conn, principal.user)?;
        refuse_unless_recent(conn, principal, now)?;
        use_up(conn, id, now)?;
        match store_identities::find(conn, identity)? {
            Some(linked) if linked.user == principal.user => return Ok(linked),
            Some(_) => return Err(Error::conflict("This identity is linked to another account: sign in with it, or take it off there.")),
            None => {}
        }
        let user = store::user(conn, principal.user)?;
        let (issuer, provider) = (identity.issuer.clone(), name.to_owned());
        let linked = LinkedIdentity { id: IdentityId::new(now), user: user.id, issuer, provider, created_at: now, last_used_at: None };
        self.link(conn, linked, &identity.subject, &user)
    }

    /// Links an identity and tells its person.
    pub(crate) fn link(&self, conn: &mut Conn, linked: LinkedIdentity, subject: &str, user: &User) -> Result<LinkedIdentity> {
        if store_identities::all_of(conn, user.id)?.iter().any(|own| own.issuer == linked.issuer) {
            return Err(Error::conflict("Another identity of this provider is linked to the account: take that one off first."));
        }
        store_identities::insert(conn, &linked, subject)?;
        let (now, letter) = (linked.created_at, Letter::IdentityLinked { provider: linked.provider.clone() });
        audited(conn, user, "auth.identity_linked", linked.id, now)?;
        self.send(conn, user, letter, &linked.id.to_string(), now)?;
        Ok(linked)
    }

    /// One's own identities, newest first.
    ///
    /// # Errors
    /// 400 for a broken cursor.
    pub async fn identities(&self, principal: Principal, page: PageQuery) -> Result<Page<IdentityView>> {
        let limit = page.limit;
        let rows = self.db.read(move |conn| store_identities::list(conn, principal.user, &page)).await?;
        Ok(Page::cut(rows, limit, |linked| linked.id.to_string()).map(IdentityView::from))
    }

    /// Takes an identity off one's own account; ends all other sessions.
    ///
    /// # Errors
    /// 403 long after the sign-in; 404 for somebody else's; 409 for the last way in.
    pub async fn unlink_identity(&self, principal: Principal, id: IdentityId) -> Result<()> {
        let (this, now) = (self.clone(), self.clock.now());
        self.db.write(move |conn| this.unlink_own(conn, &principal, id, now)).await?;
        self.mail.wake();
        Ok(())
    }

    fn unlink_own(&self, conn: &mut Conn, principal: &Principal, id: IdentityId, now: Instant) -> Result<()> {
        lock::user(conn, principal.user)?;
        let own = store_identities::all_of(conn, principal.user)?;
        let linked = own.iter().find(|linked| linked.id == id).ok_or_else(Error::not_found)?;
        refuse_unless_recent(conn, principal, now)?;
        let user = store::user(conn, principal.user)?;
        let another = own.iter().any(|other| other.id != id && self.is_open(other));
        if user.password_hash.is_none() && !another {
            let detail = "This is your last way in: choose a password first, with the mail of POST /v1/auth/password/forgot.";
            return Err(Error::conflict(detail));
        }
        self.unlink(conn, &user, linked, now)?;
        // Whoever came in with it, and may be why it is taken off, is out.
        store_sessions::revoke_all(conn, user.id, Some(principal.session), now)
    }

    /// Takes all identities off an account whose owner has shown by mail that it is theirs: somebody else may have linked them.
    pub(crate) fn unlink_all(&self, conn: &mut Conn, user: &User, now: Instant) -> Result<()> {
        store_identities::all_of(conn, user.id)?.iter().try_for_each(|linked| self.unlink(conn, user, linked, now))
    }

    fn unlink(&self, conn: &mut Conn, user: &User, linked: &LinkedIdentity, now: Instant) -> Result<()> {
        store_identities::delete(conn, linked.id)?;
        audited(conn, user, "auth.identity_unlinked", linked.id, now)?;
        self.send(conn, user, Letter::IdentityUnlinked { provider: linked.provider.clone() }, &linked.id.to_string(), now)
    }

    /// Whether one can sign in with it still: the operator may have given the provider up.
    fn is_open(&self, linked: &LinkedIdentity) -> bool {
        self.providers.all().any(|provider| provider.issuer == linked.issuer)
    }
}
