//! What admins do with accounts: look at them, and invite other admins. Keeping people out is in `suspensions`.

use chrono::TimeDelta;

use crate::accounts::domain::{TokenPurpose, UserFilter, UserView};
use crate::accounts::members::{INVITATION_DAYS, INVITATIONS_PER_DAY};
use crate::accounts::service::Accounts;
use crate::accounts::store::InvitationDetail;
use crate::accounts::{store, store_admin};
use crate::audit::domain::Entry;
use crate::audit::store as audit;
use crate::db::Conn;
use crate::db::throttle;
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::Instant;
use crate::kernel::email::Email;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::UserId;
use crate::kernel::page::{Page, PageQuery};
use crate::kernel::principal::Principal;
use crate::kernel::zone::TimeZone;
use crate::notifications::domain::{Letter, Recipient};

impl Accounts {
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
            Answer::plain(&serde_json::json!({ "message": "The invitation is on its way." }))
        })
        .await
    }

    fn send_admin_invitation(&self, conn: &mut Conn, inviter: UserId, email: &Email, now: Instant) -> Result<String> {
        let bucket = format!("admin-invitations:{inviter}");
        if let Some(seconds) = throttle::closed_for(conn, &bucket, INVITATIONS_PER_DAY, now)? {
            return Err(Error::too_many(seconds));
        }
        throttle::hit(conn, &bucket, TimeDelta::days(1), now)?;
        let detail = InvitationDetail { email: email.clone(), organization: None };
        let token_id = store::new_token(conn, inviter, TokenPurpose::Invitation, Some(detail), TimeDelta::days(INVITATION_DAYS), now)?;
        let recipient = Recipient { key: email.key(), email: email.clone(), name: String::new(), time_zone: TimeZone::UTC };
        let letter = Letter::Invitation { organization: None, token_id };
        self.send_to(conn, recipient, letter, inviter.to_string(), &token_id.to_string(), now)?;
        Ok(token_id.to_string())
    }
}
