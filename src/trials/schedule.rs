//! The calendar of a trial's reminders, as data: what is said, to whom, how many days from which date, and in which states.
//! Whoever plans mails, and the documentation, read this table. A step plans all of it anew.

use chrono::NaiveDate;

use crate::kernel::clock::Instant;
use crate::kernel::zone::{TimeZone, add_days};
use crate::trials::calendar::{Periods, REMINDER_MINUTE, Span};
use crate::trials::model::{Contract, Trial};
use crate::trials::notices::Recipient;
use crate::trials::process::{Outcome, TrialState};
use crate::words;

words! {
    /// What a reminder says; the text is the mail's kind.
    pub enum Reminded {
        /// The start is near.
        StartsSoon => "trial_starts_soon",
        /// How does it go?
        CheckIn => "trial_check_in",
        /// Nobody has said how it began.
        CheckInSilent => "trial_check_in_silent",
        /// The decision opens.
        DecisionOpens => "trial_decision_opens",
        /// Nothing is decided yet.
        Undecided => "trial_undecided",
        /// Tomorrow the days are over.
        EndsTomorrow => "trial_ends_tomorrow",
        /// Tomorrow the time to decide is over.
        GraceEnds => "trial_grace_ends",
        /// The hand-over is not finished.
        HandOver => "trial_hand_over",
        /// The last timesheet is missing.
        FinalTimesheet => "trial_final_timesheet",
        /// A review is missing.
        ReviewDue => "trial_review_due",
    }
}

words! {
    /// The date that days are counted from, in the contract's zone.
    pub enum Anchor {
        /// The first day.
        Start => "start",
        /// The day with whose beginning the trial's days are over.
        End => "end",
        /// The day with whose beginning the time to decide is over.
        Grace => "grace",
        /// The last day of work.
        LastDay => "last_day",
    }
}

/// A row of the calendar.
#[derive(Debug, Clone, Copy)]
pub struct Reminder {
    /// What is said.
    pub reminded: Reminded,
    /// Counted from which date.
    pub anchor: Anchor,
    /// Calendar days after it, before it when negative; 09:00 of the recipient on that day.
    pub days: i64,
    /// To whom.
    pub to: &'static [Recipient],
    /// In which states it is planned.
    pub during: &'static [TrialState],
}

const BOTH: &[Recipient] = &[Recipient::Client, Recipient::Developer];
const CLIENT: &[Recipient] = &[Recipient::Client];
const DEVELOPER: &[Recipient] = &[Recipient::Developer];
const ADMINS: &[Recipient] = &[Recipient::Admins];
const CLIENT_AND_ADMINS: &[Recipient] = &[Recipient::Client, Recipient::Admins];

const SCHEDULED: &[TrialState] = &[TrialState::Scheduled];
const WORKING: &[TrialState] = &[TrialState::Active, TrialState::ConversionOffered];
const ACTIVE: &[TrialState] = &[TrialState::Active];
const UNDECIDED: &[TrialState] = &[TrialState::DecisionDue];
const ENDED: &[TrialState] = &[TrialState::Ended];

const fn row(reminded: Reminded, anchor: Anchor, days: i64, to: &'static [Recipient], during: &'static [TrialState]) -> Reminder {
    Reminder { reminded, anchor, days, to, during }
}

/// Every reminder that follows from a date. (Those of an unanswered offer follow from the hour in which it was sent.)
pub const SCHEDULE: &[Reminder] = &[
    row(Reminded::StartsSoon, Anchor::Start, -7, BOTH, SCHEDULED),
    row(Reminded::StartsSoon, Anchor::Start, -3, BOTH, SCHEDULED),
    row(Reminded::StartsSoon, Anchor::Start, -1, BOTH, SCHEDULED),
    row(Reminded::CheckIn, Anchor::Start, 3, BOTH, WORKING),
    row(Reminded::CheckInSilent, Anchor::Start, 4, ADMINS, WORKING),
    row(Reminded::CheckIn, Anchor::Start, 7, BOTH, WORKING),
    row(Reminded::CheckIn, Anchor::Start, 14, BOTH, WORKING),
    row(Reminded::CheckIn, Anchor::Start, 21, BOTH, WORKING),
    row(Reminded::DecisionOpens, Anchor::End, -7, BOTH, ACTIVE),
    row(Reminded::Undecided, Anchor::End, -3, CLIENT, ACTIVE),
    row(Reminded::EndsTomorrow, Anchor::End, -1, BOTH, WORKING),
    row(Reminded::GraceEnds, Anchor::Grace, -1, CLIENT_AND_ADMINS, UNDECIDED),
    row(Reminded::ReviewDue, Anchor::LastDay, 0, BOTH, ENDED),
    row(Reminded::ReviewDue, Anchor::LastDay, 3, BOTH, ENDED),
    row(Reminded::ReviewDue, Anchor::LastDay, 6, BOTH, ENDED),
    row(Reminded::HandOver, Anchor::LastDay, 7, BOTH, ENDED),
    row(Reminded::HandOver, Anchor::LastDay, 14, BOTH, ENDED),
    row(Reminded::HandOver, Anchor::LastDay, 19, BOTH, ENDED),
    row(Reminded::FinalTimesheet, Anchor::LastDay, 7, DEVELOPER, ENDED),
    row(Reminded::FinalTimesheet, Anchor::LastDay, 14, DEVELOPER, ENDED),
    row(Reminded::FinalTimesheet, Anchor::LastDay, 19, DEVELOPER, ENDED),
];

/// Calendar days after the last day of work in which hand-over, timesheet and reviews are asked for.
pub const AFTER_DAYS: i64 = 21;

/// A reminder of one trial, for one zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// What is said.
    pub reminded: Reminded,
    /// The row's days.
    pub days: i64,
    /// When it goes.
    pub due_at: Instant,
    /// From when on it would say nothing any more: the next one of its kind is due, or its time has passed.
    pub until: Instant,
}

/// The day of an anchor; `None` where the trial has none.
fn anchor(contract: &Contract, periods: &Periods, anchor: Anchor) -> Option<NaiveDate> {
    let Trial { starts_on, trial_days, extension_days, paused_days, last_day, outcome, .. } = contract.trial;
    let ends_on = Span { time_zone: contract.time_zone(), starts_on, trial_days, extension_days, paused_days }.ends_on();
    match anchor {
        Anchor::Start => Some(starts_on),
        Anchor::End => Some(ends_on),
        Anchor::Grace => Some(add_days(ends_on, periods.grace_days)),
        Anchor::LastDay if outcome == Some(Outcome::Converted) => None,
        Anchor::LastDay => last_day,
    }
}

/// Until when a kind of reminder makes sense at all.
fn limit(contract: &Contract, periods: &Periods, of: Anchor) -> Option<Instant> {
    let day = match of {
        Anchor::Start if contract.trial.state == TrialState::Scheduled => anchor(contract, periods, Anchor::Start),
        Anchor::Start | Anchor::End => anchor(contract, periods, Anchor::End),
        Anchor::Grace => anchor(contract, periods, Anchor::Grace),
        Anchor::LastDay => anchor(contract, periods, Anchor::LastDay).map(|day| add_days(day, AFTER_DAYS)),
    };
    day.map(|day| contract.time_zone().start_of(day))
}

/// The reminders that are still ahead at `now` for `who`, whose zone is `zone`.
pub fn planned(contract: &Contract, periods: &Periods, who: Recipient, zone: TimeZone, now: Instant) -> Vec<Planned> {
    let rows = SCHEDULE.iter().filter(|row| row.during.contains(&contract.trial.state) && row.to.contains(&who));
    let due = |row: &Reminder| anchor(contract, periods, row.anchor).map(|day| zone.at(add_days(day, row.days), REMINDER_MINUTE));
    let ahead: Vec<(&Reminder, Instant)> = rows.filter_map(|row| Some((row, due(row)?))).filter(|(_, at)| *at > now).collect();
    let next = |row: &Reminder, at: Instant| {
        ahead.iter().find(|(other, later)| other.reminded == row.reminded && *later > at).map(|(_, later)| *later)
    };
    let plan = |(row, at): &(&Reminder, Instant)| {
        let until = next(row, *at).or_else(|| limit(contract, periods, row.anchor))?;
        (until > *at).then_some(Planned { reminded: row.reminded, days: row.days, due_at: *at, until })
    };
    ahead.iter().filter_map(plan).collect()
}
