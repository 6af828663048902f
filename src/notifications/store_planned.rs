//! What the outbox holds for later: planned anew with every step, moved with its recipient, called off.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::db::Conn;
use crate::db::schema::outbox;
use crate::db::schema::outbox::dsl;
use crate::db::support::{IntoBoth as _, IntoKept as _, IsOneOf as _};
use crate::db::types::Json;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::words::Word as _;
use crate::kernel::zone::TimeZone;
use crate::notifications::domain::{Letter, LetterKind};
use crate::notifications::outbox::{MailState, NewMail};
use crate::notifications::recipient::Recipient;
use crate::notifications::reminders::{DAILY, TRIAL_REMINDERS};
use crate::notifications::store::NewRow;

#[derive(Queryable, Selectable)]
#[diesel(table_name = outbox)]
struct Pending {
    id: String,
    subject: String,
    kind: String,
    recipient_key: String,
    anchor: String,
    attempts: i64,
    due_at: Instant,
    give_up_at: Instant,
}

impl Pending {
    /// Whether it is a mail of this kind to this person for this time, which moves with every attempt to send it.
    fn is_like(&self, mail: &NewMail) -> bool {
        let in_time = if self.attempts == 0 { Some(self.due_at) == mail.due_at } else { Some(self.give_up_at) == mail.useful_until };
        in_time && (self.kind.as_str(), &self.recipient_key) == (mail.letter.kind().as_str(), &mail.recipient.key)
    }

    /// Whether it is this very mail.
    fn is(&self, mail: &NewMail) -> bool {
        self.is_like(mail) && (&self.anchor, Some(self.give_up_at)) == (&mail.anchor, mail.useful_until)
    }
}

/// What is to be pending about a subject.
pub struct Plan {
    /// The id, as text, of what it is about.
    pub subject: String,
    /// When the step was taken that it follows from.
    pub since: Instant,
    /// The mails.
    pub mails: Vec<NewMail>,
}

/// Makes the mails of each plan what is pending about its subject of these kinds. What is pending as planned stays as it is,
/// everything else is cancelled. Of what is planned for before the plan's `since`, only what was pending for then is still sent; what
/// was sent is not sent again. A step that the clock comes to late, at `now`, has missed nothing since.
///
/// # Errors
/// 503 when the database is down.
pub fn plan(conn: &mut Conn, now: Instant, kinds: &[LetterKind], plans: &[Plan]) -> Result<()> {
    // One statement for all kinds, which the databases plan once.
    let subjects = plans.iter().map(|plan| &plan.subject);
    let pending = dsl::outbox.filter(dsl::subject.one_of(subjects)).filter(dsl::state.eq(MailState::Pending));
    let mut pending: Vec<Pending> = pending.select(Pending::as_select()).load(conn)?;
    pending.retain(|row| kinds.iter().any(|kind| kind.as_str() == row.kind));
    let mut ours: HashMap<&str, Vec<&Pending>> = HashMap::new();
    pending.iter().for_each(|row| ours.entry(&row.subject).or_default().push(row));
    let (mut cancelled, mut missing) = (Vec::new(), Vec::new());
    for Plan { subject, since, mails } in plans {
        let ours = ours.remove(subject.as_str()).unwrap_or_default();
        let (stays, goes): (Vec<_>, Vec<_>) = ours.into_iter().partition(|row| mails.iter().any(|mail| row.is(mail)));
        let new = mails.iter().filter(|mail| !stays.iter().any(|row| row.is(mail)));
        missing.extend(new.filter(|mail| mail.due_at > Some(*since) || goes.iter().any(|row| row.is_like(mail))));
        cancelled.extend(goes.into_iter().map(|row| &row.id));
    }
    if !cancelled.is_empty() {
        let rows = dsl::outbox.filter(dsl::id.eq_any(cancelled));
        diesel::update(rows).set(dsl::state.eq(MailState::Cancelled)).execute(conn)?;
    }
    missing.into_iter().try_for_each(|mail| put_anew(conn, now, mail))
}

/// Puts a mail into the outbox, also one that was cancelled since, unless its recipient is gone.
fn put_anew(conn: &mut Conn, now: Instant, mail: &NewMail) -> Result<()> {
    use diesel::query_dsl::methods::FilterDsl as _;

    if mail.recipient.email.is_erased() {
        return Ok(());
    }
    diesel::insert_into(dsl::outbox)
        .values(NewRow::of(mail, now))
        .on_conflict((dsl::subject, dsl::kind, dsl::recipient_key, dsl::anchor))
        .do_update()
        .set((
            dsl::recipient_email.eq(excluded(dsl::recipient_email)),
            dsl::recipient_name.eq(excluded(dsl::recipient_name)),
            dsl::recipient_time_zone.eq(excluded(dsl::recipient_time_zone)),
            dsl::letter_json.eq(excluded(dsl::letter_json)),
            dsl::state.eq(excluded(dsl::state)),
            dsl::due_at.eq(excluded(dsl::due_at)),
            dsl::give_up_at.eq(excluded(dsl::give_up_at)),
            dsl::request_id.eq(excluded(dsl::request_id)),
        ))
        .filter(dsl::state.eq(MailState::Cancelled))
        .returning(dsl::id)
        .both()
        .kept()
        .load::<String>(conn)?;
    Ok(())
}

/// Moves what is pending for a person who has moved: reminders go at the same hour of the day there, the rest tells its hours there.
///
/// # Errors
/// 503 when the database is down.
pub fn follow(conn: &mut Conn, recipient_key: &str, from: TimeZone, to: TimeZone) -> Result<()> {
    let pending = || dsl::outbox.filter(dsl::recipient_key.eq(recipient_key)).filter(dsl::state.eq(MailState::Pending));
    diesel::update(pending()).set(dsl::recipient_time_zone.eq(to)).execute(conn)?;
    let daily: Vec<(String, Instant)> = pending().filter(dsl::kind.eq_any(DAILY)).select((dsl::id, dsl::due_at)).load(conn)?;
    for (id, due_at) in daily {
        diesel::update(dsl::outbox.find(id)).set(dsl::due_at.eq(there(due_at, from, to))).execute(conn)?;
    }
    Ok(())
}

/// Plans for somebody who has joined a colleague what the colleague is going to be reminded of.
///
/// # Errors
/// 503 when the database is down.
pub fn join(conn: &mut Conn, now: Instant, colleague: &Recipient, newcomer: &Recipient) -> Result<()> {
    type Planned = (Json<Letter>, String, String, Instant, Instant);
    let planned: Vec<Planned> = dsl::outbox
        .filter(dsl::recipient_key.eq(&colleague.key))
        .filter(dsl::state.eq(MailState::Pending))
        .filter(dsl::kind.eq_any(TRIAL_REMINDERS))
        .filter(dsl::due_at.gt(now))
        .order(dsl::id)
        .select((dsl::letter_json, dsl::subject, dsl::anchor, dsl::due_at, dsl::give_up_at))
        .load(conn)?;
    for (Json(letter), subject, anchor, due_at, useful_until) in planned {
        let due_at = if DAILY.contains(&letter.kind()) { there(due_at, colleague.time_zone, newcomer.time_zone) } else { due_at };
        put_anew(conn, now, &NewMail::now(letter, subject, anchor, newcomer.clone()).later(due_at, useful_until))?;
    }
    Ok(())
}

/// The same hour of the same day elsewhere.
fn there(due_at: Instant, from: TimeZone, to: TimeZone) -> Instant {
    to.at(from.date(due_at), from.minute(due_at))
}

/// Cancels what is pending for a person who has left: everything but what is about the own account.
///
/// # Errors
/// 503 when the database is down.
pub fn cancel_pending_to(conn: &mut Conn, recipient_key: &str) -> Result<()> {
    let others = dsl::outbox.filter(dsl::recipient_key.eq(recipient_key)).filter(dsl::subject.ne(recipient_key));
    diesel::update(others.filter(dsl::state.eq(MailState::Pending))).set(dsl::state.eq(MailState::Cancelled)).execute(conn)?;
    Ok(())
}
