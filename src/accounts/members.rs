//! Organisations and who acts for them: owners invite by mail, members act.

use std::net::IpAddr;

use chrono::TimeDelta;
use secrecy::SecretString;

use crate::accounts::domain::{AccountStatus, MemberRole, MemberView, OrganizationBody, OrganizationView, TokenPurpose, User};
use crate::accounts::service::{Accounts, audited, dead_link, spend};
use crate::accounts::store::{self, InvitationDetail};
use crate::accounts::store_sessions;
use crate::audit::domain::Entry;
use crate::audit::store as audit;
use crate::db::{Conn, lock, throttle};
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::Instant;
use crate::kernel::email::Email;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{MailTokenId, OrganizationId, UserId};
use crate::kernel::page::{Page, PageQuery};
use crate::kernel::principal::{Principal, Role};
use crate::kernel::process::Actor;
use crate::kernel::schema::Patch;
use crate::kernel::zone::TimeZone;
use crate::notifications::domain::Letter;
use crate::notifications::recipient::Recipient;
use crate::notifications::store_planned::{cancel_pending_to, join};

/// Invitations that an organisation, or an admin, may send in a day.
pub(crate) const INVITATIONS_PER_DAY: i64 = 50;
/// Days that an invitation is good for.
pub(crate) const INVITATION_DAYS: i64 = 7;

impl Accounts {
    /// One's own organisation.
    ///
    /// # Errors
    /// 403 for everybody but clients.
    pub async fn organization(&self, principal: Principal) -> Result<OrganizationView> {
        let id = principal.client()?;
        self.db.read(move |conn| store::organization(conn, id)).await
    }

    /// Renames one's own organisation. Owners only.
    ///
    /// # Errors
    /// 403, 412 when stale, 422 with every fault.
    pub async fn change_organization(&self, call: Call, patch: Patch<OrganizationBody>) -> Result<Answer> {
        self.change(call, move |conn, call, _| {
            let id = owner(conn, &call.principal)?;
            let current = store::organization(conn, id)?;
            call.expected.check(current.version)?;
            let body = patch.apply(&OrganizationBody { name: current.name })?;
            store::rename_organization(conn, id, current.version, &body.name)?;
            let view = store::organization(conn, id)?;
            Answer::versioned(view.version, &view)
        })
        .await
    }

    /// A page of the organisation's members.
    ///
    /// # Errors
    /// 403 for everybody but clients.
    pub async fn members(&self, principal: Principal, page: PageQuery) -> Result<Page<MemberView>> {
        let (organization, limit) = (principal.client()?, page.limit);
        let rows = self.db.read(move |conn| store::members(conn, organization, &page)).await?;
        Ok(Page::cut(rows, limit, |member| member.id.to_string()))
    }

    /// Mails an invitation to act for the organisation. Owners only. The answer is the same for known addresses.
    ///
    /// # Errors
    /// 403, 429 after too many in a day.
    pub async fn invite(&self, call: Call, email: Email) -> Result<Answer> {
        let this = self.clone();
        self.change(call, move |conn, call, now| {
            let id = owner(conn, &call.principal)?;
            this.send_invitation(conn, call.principal.user, id, &email, now)?;
            audit::record(conn, &Entry::of(Some(call.principal.user), Actor::Client, "organization.invite", id, now))?;
            Answer::plain(&serde_json::json!({ "message": "The invitation is on its way." }))
        })
        .await
    }

    fn send_invitation(&self, conn: &mut Conn, inviter: UserId, organization: OrganizationId, email: &Email, now: Instant) -> Result<()> {
        let bucket = format!("invitations:{organization}");
        throttle::take_of_day(conn, &bucket, Some(INVITATIONS_PER_DAY), now)?;
        let name = store::organization(conn, organization)?.name;
        let detail = InvitationDetail { email: email.clone(), organization: Some(organization) };
        let token_id = store::new_token(conn, inviter, TokenPurpose::Invitation, Some(detail), TimeDelta::days(INVITATION_DAYS), now)?;
        let recipient = Recipient { key: email.key(), email: email.clone(), name: String::new(), time_zone: TimeZone::UTC };
        let letter = Letter::Invitation { organization: Some(name), token_id };
        self.send_to(conn, recipient, letter, organization.to_string(), &token_id.to_string(), now)
    }

    /// Makes the invited person a member, or an admin; the mail has proved the address.
    ///
    /// # Errors
    /// 422 when the code is not good (any more) or the password too easy; 409 when the address has an account.
    pub async fn redeem_invitation(&self, code: String, name: String, password: SecretString, address: IpAddr) -> Result<()> {
        self.with_code(&code, address, async |token| self.redeem(token, name, password).await).await
    }

    async fn redeem(&self, token: MailTokenId, name: String, password: SecretString) -> Result<()> {
        let now = self.clock.now();
        let live = self.db.read(move |conn| store::live_token(conn, token, TokenPurpose::Invitation, now)).await?;
        let invited = live.and_then(|row| row.invitation).ok_or_else(|| dead_link("/token"))?;
        self.passwords.check(&password, &invited.email, &[&name], "/password").await?;
        let hash = self.passwords.hash(password).await?;
        self.db
            .write(move |conn| {
                let inviter = spend(conn, token, TokenPurpose::Invitation, now)?.user;
                let inviter = store::user(conn, inviter)?;
                if inviter.status != AccountStatus::Active {
                    return Err(dead_link("/token"));
                }
                if store::user_by_email(conn, &invited.email)?.is_some() {
                    return Err(Error::conflict("This address has an account already: sign in with it."));
                }
                let role = if invited.organization.is_some() { Role::Client } else { Role::Admin };
                let user = new_user(invited.email.clone(), &name, role, Some(hash.clone()), Some(now), now);
                store::insert_user(conn, &user)?;
                join(conn, now, &store::recipient_of(&inviter), &store::recipient_of(&user))?;
                match invited.organization {
                    Some(organization) => {
                        audited(conn, &user, "organization.join", organization, now)?;
                        store::insert_member(conn, organization, user.id, MemberRole::Member, now)
                    }
                    None => audit::record(conn, &Entry::admin(user.id, "admin.join", inviter.id, now)),
                }
            })
            .await
    }
}

/// Ends a membership of the organisation that is the answer. Owners only; an owner cannot remove themselves, so that an organisation
/// never stands alone. What follows elsewhere is in `suspensions`.
///
/// # Errors
/// 403, 404 for somebody who is no member, 409 for oneself.
pub(crate) fn remove(conn: &mut Conn, principal: &Principal, member: UserId, now: Instant) -> Result<OrganizationId> {
    let organization = owner(conn, principal)?;
    if member == principal.user {
        return Err(Error::conflict("You cannot remove yourself from your organisation."));
    }
    lock::user(conn, member)?;
    if !store::delete_member(conn, organization, member, now)? {
        return Err(Error::not_found());
    }
    audit::record(conn, &Entry::of(Some(principal.user), Actor::Client, "organization.remove_member", member, now))?;
    cancel_pending_to(conn, &member.to_string())?;
    store_sessions::revoke_all(conn, member, None, now)?;
    Ok(organization)
}

/// Whether somebody may sign in and acts for the organisation, as the database knows it now.
///
/// # Errors
/// 404 for nobody.
pub(crate) fn acts_for(conn: &mut Conn, user: UserId, organization: OrganizationId) -> Result<bool> {
    let may_sign_in = store::user(conn, user)?.may_sign_in();
    Ok(may_sign_in && store::membership(conn, user)?.is_some_and(|membership| membership.id == organization))
}

fn owner(conn: &mut Conn, principal: &Principal) -> Result<OrganizationId> {
    let id = principal.client()?;
    let is_owner = store::membership(conn, principal.user)?.is_some_and(|membership| membership.role == MemberRole::Owner);
    if is_owner { Ok(id) } else { Err(Error::not_allowed("Only an owner of the organisation may do this.")) }
}

/// Adds somebody who has signed up; a client as the owner of an organisation, which is called as the client where it has no name.
pub(crate) fn add_person(conn: &mut Conn, user: &User, organization: Option<&str>, now: Instant) -> Result<()> {
    store::insert_user(conn, user)?;
    audited(conn, user, "auth.register", user.id, now)?;
    if user.role == Role::Client {
        let id = OrganizationId::new(now);
        store::insert_organization(conn, id, organization.unwrap_or(&user.name), now)?;
        store::insert_member(conn, id, user.id, MemberRole::Owner, now)?;
    }
    Ok(())
}

/// Somebody new, of this moment.
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
