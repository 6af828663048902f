//! Talking about an invitation: each side reads and writes, and the other is mailed now and then.

use crate::db::Conn;
use crate::invitations::domain::{Input, Message, NewMessage, other};
use crate::invitations::process::{InvitationAction, STEPS};
use crate::invitations::service::{Invitations, count, current, facts, publish, side};
use crate::invitations::{guards, mails, store, store_messages};
use crate::jobs::store as jobs;
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::Instant;
use crate::kernel::error::{Faults, Result};
use crate::kernel::ids::{InvitationId, MessageId, UserId};
use crate::kernel::page::{Page, PageQuery};
use crate::kernel::principal::Principal;
use crate::kernel::process::{Actor, find};

impl Invitations {
    /// Writes to the other side.
    ///
    /// # Errors
    /// 403 for admins; 404 for another's; 409 once it is declined or has lapsed, or one side blocks the other; 422 for
    /// times that have passed; 429 after too many in a day.
    pub async fn write(&self, call: Call, id: InvitationId, body: NewMessage) -> Result<Answer> {
        self.change(call, move |this, conn, call, now| {
            let side = side(conn, &call.principal)?;
            let invitation = current(conn, side, id, now)?;
            let row = find(STEPS, invitation.state, InvitationAction::Message, side.party())?;
            let input = Input::from(body.clone());
            let mut faults = Faults::default();
            input.check(now, &mut faults);
            faults.finish()?;
            let job = jobs::get(conn, invitation.job_request_id)?;
            guards::check(row, facts(conn, invitation.developer_id, &job, now)?)?;
            count(conn, &format!("messages:{}", call.principal.user), this.rules.messages_per_day, now)?;
            let message = write(conn, id, call.principal.user, side.party(), body.message.clone(), &input.call_times, now)?;
            publish(conn, &invitation, row.action, now, now)?;
            mails::tell_of_message(conn, &invitation, other(side.party()), this.rules.mail_every, now)?;
            Answer::plain(&message)
        })
        .await
    }

    /// What was written, oldest first. Whoever reads is mailed anew about what comes later.
    ///
    /// # Errors
    /// 403 for admins; 404 for another's; 400 for a cursor that is not one of ours.
    pub async fn messages(&self, principal: Principal, id: InvitationId, page: PageQuery) -> Result<Page<Message>> {
        let (reader, asked) = (principal.clone(), page.clone());
        let (rows, party, was_mailed) = self
            .db
            .read(move |conn| {
                let side = side(conn, &reader)?;
                let invitation = store::find_for(conn, side, id)?;
                let was_mailed = invitation.mailed_at(side.party()).is_some();
                Ok((store_messages::list(conn, id, &asked)?, side.party(), was_mailed))
            })
            .await?;
        if was_mailed {
            let read = move |conn: &mut Conn| {
                let invitation = store::get(conn, id)?;
                mails::read_by(conn, &invitation, party)
            };
            self.db.write(read).await?;
        }
        Ok(Page::cut(rows, page.limit, |message| message.id.to_string()))
    }
}

/// Keeps what a side wrote.
pub(crate) fn write(
    conn: &mut Conn,
    invitation: InvitationId,
    author: UserId,
    from: Actor,
    message: String,
    call_times: &[Instant],
    now: Instant,
) -> Result<Message> {
    let message = Message { id: MessageId::new(now), from, message, call_times: call_times.to_vec(), written_at: now };
    store_messages::insert(conn, invitation, author, &message)?;
    Ok(message)
}
