//! The key dates of a trial as a calendar, and which mails carry it.

use crate::notifications::calendar::{CalendarEvents, KeyDate, Method};
use crate::notifications::domain::Letter;
use crate::notifications::summaries::{TrialDate, TrialDateKind, TrialSummary};

/// The calendar of a trial. What is called off is only what is still ahead of the step that did it; `None` where that is nothing.
pub fn calendar(trial: &TrialSummary, method: Method) -> Option<CalendarEvents> {
    let counts = |date: &&TrialDate| method == Method::Publish || date.at > trial.changed_at;
    let dates: Vec<KeyDate> = trial.key_dates.iter().filter(counts).map(|date| key_date(trial, date)).collect();
    let sequence = u32::try_from(trial.version).unwrap_or(u32::MAX);
    let events = CalendarEvents { method, sequence, stamped_at: trial.changed_at, zone: trial.time_zone, dates };
    (!events.dates.is_empty()).then_some(events)
}

fn key_date(trial: &TrialSummary, date: &TrialDate) -> KeyDate {
    let summary = match date.kind {
        TrialDateKind::Start => format!("The trial with {} starts", trial.other),
        TrialDateKind::CheckIn => format!("Check-in of the trial with {}", trial.other),
        TrialDateKind::Decision => format!("The decision about the trial with {} opens", trial.other),
        TrialDateKind::End => format!("The days of the trial with {} are over", trial.other),
    };
    KeyDate { uid: format!("{}-{}-{}@guildhall", trial.trial_id, date.kind, date.day), summary, starts_at: date.at }
}

/// The calendar that goes with a letter: where key dates are settled or have moved, and where they are called off.
pub fn attached(letter: &Letter) -> Option<CalendarEvents> {
    match letter {
        Letter::TrialAccepted { trial }
        | Letter::TrialScheduled { trial }
        | Letter::TrialStartsSoon { trial, .. }
        | Letter::TrialStarted { trial }
        | Letter::TrialResumed { trial }
        | Letter::TrialExtended { trial } => calendar(trial, Method::Publish),
        Letter::TrialCancelled { trial, .. }
        | Letter::TrialEnded { trial, .. }
        | Letter::TrialTerminated { trial, .. }
        | Letter::TrialConverted { trial, .. } => calendar(trial, Method::Cancel),
        _ => None,
    }
}
