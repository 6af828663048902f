//! The words of the mails about timesheets.

use crate::kernel::clock::Instant;
use crate::kernel::zone::TimeZone;
use crate::notifications::letters::Composed;
use crate::notifications::letters_trials::about;
use crate::notifications::moments::moment;
use crate::notifications::summaries::{TrialSummary, WeekOfHours};

/// `37 h 30 min`.
fn spoken(minutes: i64) -> String {
    match (minutes / 60, minutes % 60) {
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// A letter about the hours of a week: in `subject` and `first`, `{}` stands for the other party.
fn of_week(trial: &TrialSummary, hours: &WeekOfHours, own: TimeZone, subject: &str, first: &str) -> Composed {
    let WeekOfHours { week, minutes } = hours;
    about(trial, own, &format!("{subject} ({week})"), first).fact("Week", week).fact("Hours", &spoken(*minutes))
}

pub(super) fn submitted(trial: &TrialSummary, hours: &WeekOfHours, answer_by: Instant, own: TimeZone) -> Composed {
    of_week(trial, hours, own, "Hours from {} wait for you", "{} has handed in the hours of a week. Please approve or query them.")
        .say("A query names hours, not quality. Without an answer in time the hours count.")
        .fact("Answer by", &moment(answer_by, own, Some(trial.time_zone)))
}

pub(super) fn queried(trial: &TrialSummary, hours: &WeekOfHours, message: Option<&str>, answer_by: Instant, own: TimeZone) -> Composed {
    of_week(trial, hours, own, "{} has a question about your hours", "{} doubts hours that you have handed in. Please answer.")
        .quote("They wrote", message)
        .say("You can correct the hours with your answer. Without one, an admin decides.")
        .fact("Answer by", &moment(answer_by, own, Some(trial.time_zone)))
}

pub(super) fn answered(trial: &TrialSummary, hours: &WeekOfHours, message: Option<&str>, own: TimeZone) -> Composed {
    of_week(trial, hours, own, "Queried hours are answered: {}", "The query about the hours of a week in the trial with {} is answered.")
        .quote("They wrote", message)
        .say("The client can approve the hours now; else an admin decides.")
}

pub(super) fn approved(trial: &TrialSummary, hours: &WeekOfHours, own: TimeZone) -> Composed {
    of_week(trial, hours, own, "Hours approved: {}", "The hours of a week in the trial with {} count now.")
}

pub(super) fn overdue(trial: &TrialSummary, hours: &WeekOfHours, own: TimeZone) -> Composed {
    of_week(
        trial,
        hours,
        own,
        "Hours to decide about: {}",
        "A query about hours in the trial of {} was not answered in time. Please decide.",
    )
}

pub(super) fn decided(trial: &TrialSummary, hours: &WeekOfHours, message: Option<&str>, own: TimeZone) -> Composed {
    of_week(trial, hours, own, "Decided: your hours with {}", "We have decided which hours of a week in the trial with {} count.")
        .quote("The reason given", message)
}

pub(super) fn cap(trial: &TrialSummary, hours: &WeekOfHours, percent: i64, agreed_hours: i64, own: TimeZone) -> Composed {
    let subject = format!("{percent} % of the week's hours with {{}} are worked");
    let first = format!("In the trial with {{}}, {percent} % of the {agreed_hours} hours agreed for a week are written down.");
    of_week(trial, hours, own, &subject, &first).say("More hours than agreed need both of you: propose an amendment in time.")
}
