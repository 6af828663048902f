//! The mails about invitations. Reminders and mails about messages can be switched off, the others cannot.

use chrono::TimeDelta;

use crate::accounts::{store as accounts, store_recipients};
use crate::db::Conn;
use crate::developers::{access_store, store as developers};
use crate::invitations::domain::{Input, Invitation};
use crate::invitations::process::{Row, Told};
use crate::invitations::store;
use crate::jobs::store as jobs;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::InvitationId;
use crate::kernel::process::Actor;
use crate::notifications::domain::{Letter, LetterKind};
use crate::notifications::outbox::{NewMail, TRIED_FOR};
use crate::notifications::recipient::Recipient;
use crate::notifications::store::{cancel_pending, cancel_pending_about, enqueue};
use crate::notifications::summaries::InvitationSummary;

/// Tells whomever the row names.
///
/// # Errors
/// 503 when the database is down.
pub fn tell(conn: &mut Conn, row: &Row, invitation: &Invitation, input: &Input, now: Instant) -> Result<()> {
    for told in row.mails {
        for party in recipients(*told) {
            let summary = summary(conn, invitation, *party)?;
            let Some(letter) = letter(*told, summary, invitation, input) else { continue };
            for person in people(conn, invitation, *party)? {
                enqueue(conn, now, &NewMail::now(letter.clone(), invitation.id, invitation.version, person))?;
            }
        }
    }
    Ok(())
}

fn recipients(told: Told) -> &'static [Actor] {
    match told {
        Told::Invited => &[Actor::Developer],
        Told::Accepted | Told::Declined => &[Actor::Client],
        Told::Lapsed => &[Actor::Client, Actor::Developer],
        Told::Message => &[],
    }
}

fn letter(told: Told, invitation: InvitationSummary, of: &Invitation, input: &Input) -> Option<Letter> {
    let message = input.message.clone();
    Some(match told {
        Told::Invited => Letter::JobInvitation { invitation, message: of.message.clone() },
        Told::Accepted => Letter::JobInvitationAccepted { invitation, message, call_times: input.call_times.clone() },
        Told::Declined => Letter::JobInvitationDeclined { invitation, message },
        Told::Lapsed => Letter::JobInvitationLapsed { invitation },
        Told::Message => return None,
    })
}

/// Plans the one reminder.
///
/// # Errors
/// 503 when the database is down.
pub fn remind(conn: &mut Conn, invitation: &Invitation, now: Instant) -> Result<()> {
    let letter = Letter::JobInvitationWaiting { invitation: summary(conn, invitation, Actor::Developer)? };
    for person in people(conn, invitation, Actor::Developer)? {
        let mail = NewMail::now(letter.clone(), invitation.id, "waiting", person);
        enqueue(conn, now, &mail.later(invitation.answer_expected_by, invitation.lapses_at))?;
    }
    Ok(())
}

/// Takes the reminder back.
///
/// # Errors
/// 503 when the database is down.
pub fn stop_reminding(conn: &mut Conn, id: InvitationId) -> Result<()> {
    cancel_pending(conn, &id.to_string(), Some(&[LetterKind::JobInvitationWaiting])).map(drop)
}

/// Tells a side of a message, unless a mail about an earlier one is still under way.
///
/// # Errors
/// 503 when the database is down.
pub fn tell_of_message(conn: &mut Conn, invitation: &Invitation, to: Actor, every: TimeDelta, now: Instant) -> Result<()> {
    let Some(due_at) = invitation.mail_due_at(to, every, now) else { return Ok(()) };
    let letter = Letter::JobInvitationMessage { invitation: summary(conn, invitation, to)? };
    for person in people(conn, invitation, to)? {
        let mail = NewMail::now(letter.clone(), invitation.id, due_at, person);
        enqueue(conn, now, &mail.later(due_at, due_at.plus(TRIED_FOR)))?;
    }
    store::set_mailed(conn, invitation.id, to, Some(due_at))
}

/// A side has read what was written: a mail that is still under way says nothing new.
///
/// # Errors
/// 503 when the database is down.
pub fn read_by(conn: &mut Conn, invitation: &Invitation, party: Actor) -> Result<()> {
    for person in people(conn, invitation, party)? {
        cancel_pending_about(conn, &invitation.id.to_string(), &person.key, &[LetterKind::JobInvitationMessage])?;
    }
    store::set_mailed(conn, invitation.id, party, None)
}

fn people(conn: &mut Conn, invitation: &Invitation, party: Actor) -> Result<Vec<Recipient>> {
    if party == Actor::Client {
        return store_recipients::recipients_of(conn, invitation.organization_id);
    }
    let owner = developers::owner(conn, invitation.developer_id)?;
    if owner.active { Ok(vec![accounts::recipient(conn, owner.user_id)?]) } else { Ok(Vec::new()) }
}

/// The developer learns who the client is from an offer; the client who the developer is from the disclosure.
fn summary(conn: &mut Conn, invitation: &Invitation, to: Actor) -> Result<InvitationSummary> {
    let other = if to == Actor::Developer { "A client".to_owned() } else { developer(conn, invitation)? };
    Ok(InvitationSummary {
        invitation_id: invitation.id,
        title: jobs::get(conn, invitation.job_request_id)?.fields.title,
        other,
        answer_by: invitation.answer_expected_by,
        lapses_at: invitation.lapses_at,
    })
}

fn developer(conn: &mut Conn, invitation: &Invitation) -> Result<String> {
    if access_store::is_disclosed(conn, invitation.developer_id, invitation.organization_id)? {
        return Ok(developers::owner(conn, invitation.developer_id)?.name);
    }
    let headline = developers::profile(conn, invitation.developer_id)?.profile.headline;
    Ok(headline.unwrap_or_else(|| "The developer".to_owned()))
}
