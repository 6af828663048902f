//! What admins do with accounts: look at them, end their sessions, invite other admins; and what the command line does to an
//! account. Keeping people out, with all that follows, is in `suspensions`.

use chrono::TimeDelta;
use secrecy::SecretString;
use serde_json::json;

use crate::accounts::domain::{AccountStatus, AdminLine, TokenPurpose, User, UserFilter, UserView};
use crate::accounts::members::{INVITATION_DAYS, INVITATIONS_PER_DAY, new_user};
use crate::accounts::service::Accounts;
use crate::accounts::store::InvitationDetail;
use crate::accounts::{store, store_admin, store_sessions};
use crate::audit::domain::{Entry, WrittenReason};
use crate::audit::store as audit;
use crate::db::{Conn, lock, throttle};
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::Instant;
use crate::kernel::email::Email;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::UserId;
use crate::kernel::page::{Page, PageQuery};
use crate::kernel::principal::{Principal, Role};
use crate::kernel::process::Actor;
use crate::kernel::zone::TimeZone;
use crate::notifications::domain::Letter;
use crate::notifications::recipient::Recipient;

impl Accounts {
    /// Makes an admin; without a password, a mail lets them choose one. For the command line.
    ///
    /// # Errors
    /// 409 when the address is taken, 422 when the password is too easy.
    pub async fn create_admin(&self, email: Email, name: String, password: Option<SecretString>) -> Result<UserId> {
        let hash = match &password {
            Some(password) => {
                self.passwords.check(password, &email, &[&name], "/password").await?;
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
            audit::record(conn, &Entry::of(None, Actor::System, "admin.create", user.id, now))?;
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

    /// Every admin. For the command line.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn all_admins(&self) -> Result<Vec<AdminLine>> {
        self.db.read(store_admin::all_admins).await
    }

    /// Keeps a person out, or lets them in again. For the command line, which keeps people out by `suspensions`.
    ///
    /// # Errors
    /// 404 for an unknown address, 409 for the last active admin.
    pub async fn set_status(&self, email: Email, status: AccountStatus) -> Result<()> {
        let now = self.clock.now();
        self.db.write(move |conn| set_status(conn, &email, status, now).map(drop)).await
    }

    /// A page of people, newest first. The look is audited.
    ///
    /// # Errors
    /// 403 for others than admins; 400 for a cursor that is not one of ours.
    pub async fn users(&self, principal: Principal, filter: UserFilter, page: PageQuery) -> Result<Page<UserView>> {
        let (admin, now) = (principal.admin()?, self.clock.now());
        self.db
            .write(move |conn| {
                let rows = store_admin::list(conn, &filter, &page)?;
                audit::record(conn, &Entry::admin(admin, "users.look", "users", now))?;
                Ok(Page::cut(rows, page.limit, |user| user.id.to_string()))
            })
            .await
    }

    /// Ends every session of a person.
    ///
    /// # Errors
    /// 403 for others than admins; 404.
    pub async fn end_sessions(&self, call: Call, id: UserId, reason: WrittenReason) -> Result<Answer> {
        let admin = call.principal.admin()?;
        self.change(call, move |conn, _, now| {
            let view = store_admin::find(conn, id)?;
            store_sessions::revoke_all(conn, id, None, now)?;
            let entry = Entry::admin(admin, "user.end_sessions", id, now).because(Some(&reason.message));
            audit::record(conn, &entry.with(json!({ "reason_code": reason.reason_code })))?;
            Answer::plain(&view)
        })
        .await
    }

    /// Mails an invitation to become an admin. The answer is the same for known addresses.
    ///
    /// # Errors
    /// 403 for others than admins; 429 after too many in a day.
    pub async fn invite_admin(&self, call: Call, email: Email, reason: Option<String>) -> Result<Answer> {
        call.principal.admin()?;
        let this = self.clone();
        self.change(call, move |conn, call, now| {
            let token = this.send_admin_invitation(conn, call.principal.user, &email, now)?;
            audit::record(conn, &Entry::admin(call.principal.user, "admin.invite", token, now).because(reason.as_ref()))?;
            Answer::plain(&json!({ "message": "The invitation is on its way." }))
        })
        .await
    }

    fn send_admin_invitation(&self, conn: &mut Conn, inviter: UserId, email: &Email, now: Instant) -> Result<String> {
        let bucket = format!("admin-invitations:{inviter}");
        throttle::take_of_day(conn, &bucket, Some(INVITATIONS_PER_DAY), now)?;
        let detail = InvitationDetail { email: email.clone(), organization: None };
        let token_id = store::new_token(conn, inviter, TokenPurpose::Invitation, Some(detail), TimeDelta::days(INVITATION_DAYS), now)?;
        let recipient = Recipient { key: email.key(), email: email.clone(), name: String::new(), time_zone: TimeZone::UTC };
        let letter = Letter::Invitation { organization: None, token_id };
        self.send_to(conn, recipient, letter, inviter.to_string(), &token_id.to_string(), now)?;
        Ok(token_id.to_string())
    }
}

/// The same in a transaction; gives whose account it is.
///
/// # Errors
/// 404 for an unknown address, 409 for the last active admin.
pub fn set_status(conn: &mut Conn, email: &Email, status: AccountStatus, now: Instant) -> Result<User> {
    let user = store::user_by_email(conn, email)?.ok_or_else(Error::not_found)?;
    lock::user(conn, user.id)?;
    let last = user.role == Role::Admin && user.status == AccountStatus::Active && store::count_admins(conn)? == 1;
    if last && status == AccountStatus::Suspended {
        return Err(Error::conflict("This is the last active admin: make another one first."));
    }
    store::set_status(conn, user.id, status, now)?;
    let action = if status == AccountStatus::Suspended { "user.suspend" } else { "user.reinstate" };
    audit::record(conn, &Entry::of(None, Actor::System, action, user.id, now))?;
    store_sessions::revoke_all(conn, user.id, None, now)?;
    Ok(user)
}
