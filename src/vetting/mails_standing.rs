//! The mails of a developer's vetted status: what each step tells, and the announcements of its end.

use crate::accounts::store as accounts;
use crate::config;
use crate::db::Conn;
use crate::developers::card::VettedStatus;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::words::Word as _;
use crate::notifications::domain::{Letter, LetterKind};
use crate::notifications::outbox::NewMail;
use crate::notifications::store::{cancel_pending, enqueue};
use crate::vetting::appeal::AppealOutcome;
use crate::vetting::calendar::end_reminders;
use crate::vetting::domain::days_after;
use crate::vetting::mails::recipient;
use crate::vetting::standing::{Pass, StandingTold, last_decision};
use crate::vetting::standing_steps::StandingStep;

/// Tells whomever the step's row names.
///
/// # Errors
/// 503 when the database is down.
pub(crate) fn tell(conn: &mut Conn, settings: &config::Vetting, step: &StandingStep<'_>, now: Instant) -> Result<()> {
    for told in step.row.mails {
        let people = match told {
            StandingTold::Appealed => accounts::admins(conn)?,
            _ => vec![recipient(conn, step.after.developer_id)?],
        };
        let letter = letter(settings, *told, step);
        for person in people {
            enqueue(conn, now, &NewMail::now(letter.clone(), step.after.developer_id, step.after.version, person))?;
        }
    }
    Ok(())
}

fn letter(settings: &config::Vetting, told: StandingTold, step: &StandingStep<'_>) -> Letter {
    let message = step.input.message.clone().unwrap_or_default();
    let against = || last_decision(&step.before.events).map(|decision| decision.against.as_str().to_owned()).unwrap_or_default();
    let appeal_by = days_after(step.after.changed_at, settings.appeal_days);
    match told {
        StandingTold::Expired => Letter::VettingExpired,
        StandingTold::Suspended => Letter::VettingSuspended { reason: message, appeal_by },
        StandingTold::Reinstated => Letter::VettingReinstated { valid_until: step.after.valid_until },
        StandingTold::Revoked => Letter::VettingRevoked { reason: message, appeal_by },
        StandingTold::Appealed => Letter::VettingAppealed { about: step.after.developer_id.to_string(), against: against(), message },
        StandingTold::AppealDecided => Letter::VettingAppealDecided {
            against: against(),
            overturned: step.input.outcome == Some(AppealOutcome::Overturned),
            answer: message,
        },
    }
}

/// The announcements of the end follow the status: taken back where nothing ends any more, planned where an approval begins or
/// goes on. Coming near to the end leaves them as they are.
///
/// # Errors
/// 503 when the database is down.
pub(crate) fn follow(conn: &mut Conn, settings: &config::Vetting, before: &Pass, after: &Pass, now: Instant) -> Result<()> {
    match (before.status, after.status) {
        (VettedStatus::Approved, VettedStatus::Expiring) => Ok(()),
        (_, VettedStatus::Approved) => announce_end(conn, settings, after, now),
        _ => take_back(conn, after),
    }
}

fn take_back(conn: &mut Conn, pass: &Pass) -> Result<()> {
    cancel_pending(conn, &pass.developer_id.to_string(), Some(&[LetterKind::VettingExpiring])).map(drop)
}

/// Plans the announcements of the approval's end, instead of what was planned before.
///
/// # Errors
/// 503 when the database is down.
pub(crate) fn announce_end(conn: &mut Conn, settings: &config::Vetting, pass: &Pass, now: Instant) -> Result<()> {
    take_back(conn, pass)?;
    let recipient = recipient(conn, pass.developer_id)?;
    let letter = Letter::VettingExpiring { valid_until: pass.valid_until, renew_from: pass.expiring_at(settings.expiring_days) };
    for planned in end_reminders(&settings.expiry_reminders_before_days, pass.valid_until, now, recipient.time_zone) {
        let anchor = format!("{} {}", pass.version, planned.due_at);
        let mail = NewMail::now(letter.clone(), pass.developer_id, anchor, recipient.clone());
        enqueue(conn, now, &mail.later(planned.due_at, planned.until))?;
    }
    Ok(())
}
