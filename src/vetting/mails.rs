//! The mails of an application: what each step tells the developer, and the reminders of questions that wait.

use crate::accounts::store as accounts;
use crate::config;
use crate::db::Conn;
use crate::developers::store as developers;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::DeveloperId;
use crate::kernel::words::Word as _;
use crate::notifications::domain::{Letter, LetterKind};
use crate::notifications::outbox::NewMail;
use crate::notifications::recipient::Recipient;
use crate::notifications::store::{cancel_pending, enqueue};
use crate::notifications::summaries::SkillLevel;
use crate::vetting::appeal::{Against, AppealOutcome};
use crate::vetting::application::Application;
use crate::vetting::calendar::{AnswerReminders, answer_reminders};
use crate::vetting::domain::{SkillVerdict, days_after, valid_until};
use crate::vetting::process::{ApplicationState, Stage, Told};
use crate::vetting::steps::Taken;
use crate::vetting::store_cards;
use crate::vetting::view_own::feedback;

/// Puts the step's mails into the outbox. They say what happened, so none that is still pending is taken back.
///
/// # Errors
/// 503 when the database is down.
pub(crate) fn tell(conn: &mut Conn, settings: &config::Vetting, taken: &Taken<'_>, now: Instant) -> Result<()> {
    for told in taken.row.mails {
        let letter = letter(conn, settings, *told, taken)?;
        let people = match told {
            Told::Appealed => accounts::admins(conn)?,
            _ => vec![recipient(conn, taken.after.developer_id)?],
        };
        for person in people {
            enqueue(conn, now, &NewMail::now(letter.clone(), taken.after.id, taken.after.version, person))?;
        }
    }
    Ok(())
}

/// The developer as mails address one.
pub(crate) fn recipient(conn: &mut Conn, developer: DeveloperId) -> Result<Recipient> {
    let owner = developers::owner(conn, developer)?.user_id;
    accounts::recipient(conn, owner)
}

/// Plans the reminders of questions that wait, instead of what was planned before.
///
/// # Errors
/// 503 when the database is down.
pub(crate) fn remind_to_answer(conn: &mut Conn, settings: &config::Vetting, application: &Application, now: Instant) -> Result<()> {
    cancel_pending(conn, &application.id.to_string(), Some(&[LetterKind::VettingQuestionsWaiting]))?;
    let (ApplicationState::NeedsInfo, Some(answer_by)) = (application.state, application.answer_by) else { return Ok(()) };
    let recipient = recipient(conn, application.developer_id)?;
    let days = AnswerReminders { after: &settings.answer_reminders_after_days, before: settings.answer_reminder_before_days };
    let letter = Letter::VettingQuestionsWaiting { questions: application.questions.clone().unwrap_or_default(), answer_by };
    for planned in answer_reminders(days, application.changed_at, answer_by, recipient.time_zone) {
        let anchor = format!("{} {}", application.version, planned.due_at);
        let mail = NewMail::now(letter.clone(), application.id, anchor, recipient.clone());
        enqueue(conn, now, &mail.later(planned.due_at, planned.until))?;
    }
    Ok(())
}

fn letter(conn: &mut Conn, settings: &config::Vetting, told: Told, taken: &Taken<'_>) -> Result<Letter> {
    let (input, after) = (taken.input.clone(), &taken.after);
    let at = after.changed_at;
    Ok(match told {
        Told::Received => Letter::VettingReceived { stages: stages(after, false), kept: stages(after, true) },
        Told::Taken => Letter::VettingTaken,
        Told::StagePassed => stage_passed(conn, taken)?,
        Told::Questions => {
            Letter::VettingQuestions { questions: input.questions.unwrap_or_default(), answer_by: after.answer_by.unwrap_or(at) }
        }
        Told::Lapsed => Letter::VettingLapsed,
        Told::Approved => Letter::VettingApproved { levels: levels(&input.skills), valid_until: valid_until(at, settings.valid_months) },
        Told::Rejected => Letter::VettingRejected {
            reason_code: input.reason_code.unwrap_or_default(),
            message: input.message.unwrap_or_default(),
            retry_after: after.retry_after.unwrap_or(at),
            appeal_by: days_after(at, settings.appeal_days),
        },
        Told::OnHold => Letter::VettingOnHold,
        Told::Released => Letter::VettingReleased,
        Told::Withdrawn => Letter::VettingWithdrawn,
        Told::Appealed => Letter::VettingAppealed {
            about: after.id.to_string(),
            against: Against::Rejection.to_string(),
            message: input.message.unwrap_or_default(),
        },
        Told::AppealDecided => Letter::VettingAppealDecided {
            against: Against::Rejection.to_string(),
            overturned: input.outcome == Some(AppealOutcome::Overturned),
            answer: input.message.unwrap_or_default(),
        },
    })
}

/// The stages that are kept from earlier applications, or those that are not.
fn stages(application: &Application, kept: bool) -> Vec<String> {
    let ours = Stage::ALL.iter().filter(|stage| application.skipped_stages.contains(stage) == kept);
    ours.map(ToString::to_string).collect()
}

fn stage_passed(conn: &mut Conn, taken: &Taken<'_>) -> Result<Letter> {
    let cards = store_cards::cards(conn, taken.after.id)?;
    let line = taken.before.state.stage().and_then(|stage| feedback(&cards, stage, taken.user));
    Ok(Letter::VettingStagePassed { stage: taken.before.state.to_string(), next: taken.after.state.to_string(), feedback: line })
}

fn levels(skills: &[SkillVerdict]) -> Vec<SkillLevel> {
    skills.iter().map(|skill| SkillLevel { skill: skill.slug.clone(), level: i64::from(skill.level.number()) }).collect()
}
