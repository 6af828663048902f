//! The calendar of a trial's reminders, as data: what is said, to whom, how many days from which date, and in which states.
//! Whoever plans mails, and the documentation, read this table. A step plans all of it anew.

use chrono::NaiveDate;

use crate::kernel::clock::Instant;
use crate::kernel::money::Rates;
use crate::kernel::words::Word as _;
use crate::kernel::zone::{TimeZone, add_days};
use crate::notifications::reminders::MORNING;
use crate::trials::calendar::{Periods, Span};
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
        /// The days are over soon.
        EndsSoon => "trial_ends_soon",
        /// The time to decide is almost over.
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
        /// The last day of work of the trial.
        LastDay => "last_day",
        /// The same, where the two part; those who go on for good have nothing to hand over.
        Parting => "parting",
    }
}

/// A row of the calendar. On which days it falls is configuration (`trials.reminders`).
#[derive(Debug, Clone, Copy)]
pub struct Reminder {
    /// What is said.
    pub reminded: Reminded,
    /// Counted from which date.
    pub anchor: Anchor,
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
// The clock starts what is scheduled: what follows from there is planned when both have signed, and the start changes nothing.
const WORKING: &[TrialState] = &[TrialState::Scheduled, TrialState::Active, TrialState::ConversionOffered];
const ACTIVE: &[TrialState] = &[TrialState::Scheduled, TrialState::Active];
const UNDECIDED: &[TrialState] = &[TrialState::DecisionDue];
const ENDED: &[TrialState] = &[TrialState::Ended];

const fn row(reminded: Reminded, anchor: Anchor, to: &'static [Recipient], during: &'static [TrialState]) -> Reminder {
    Reminder { reminded, anchor, to, during }
}

/// Every reminder that follows from a date. (Those of an unanswered offer follow from the hour in which it was sent.)
pub const SCHEDULE: &[Reminder] = &[
    row(Reminded::StartsSoon, Anchor::Start, BOTH, SCHEDULED),
    row(Reminded::CheckIn, Anchor::Start, BOTH, WORKING),
    row(Reminded::CheckInSilent, Anchor::Start, ADMINS, WORKING),
    row(Reminded::DecisionOpens, Anchor::End, BOTH, ACTIVE),
    row(Reminded::Undecided, Anchor::End, CLIENT, ACTIVE),
    row(Reminded::EndsSoon, Anchor::End, BOTH, WORKING),
    row(Reminded::GraceEnds, Anchor::Grace, CLIENT_AND_ADMINS, UNDECIDED),
    row(Reminded::ReviewDue, Anchor::LastDay, BOTH, ENDED),
    row(Reminded::HandOver, Anchor::Parting, BOTH, ENDED),
    row(Reminded::FinalTimesheet, Anchor::LastDay, DEVELOPER, ENDED),
];

/// On which days each kind falls, counted from its anchor, rising.
#[derive(Debug, Clone)]
pub struct Reminders(Vec<(Reminded, Vec<i64>)>);

impl Reminders {
    /// `days` says for each kind on which days it falls.
    pub fn new(days: impl Fn(Reminded) -> Vec<i64>) -> Self {
        Self(Reminded::ALL.iter().map(|reminded| (*reminded, days(*reminded))).collect())
    }

    /// The days of a kind.
    pub fn days(&self, of: Reminded) -> &[i64] {
        self.0.iter().find(|(reminded, _)| *reminded == of).map_or(&[], |(_, days)| days)
    }
}

/// The settings that steps follow.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Days and deadlines.
    pub periods: Periods,
    /// On which days people are reminded.
    pub reminders: Reminders,
    /// The currencies that may be agreed.
    pub rates: Rates,
}

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
    let Trial { starts_on, trial_days, extension_days, paused_days, outcome, .. } = contract.trial;
    let ends_on = Span { time_zone: contract.time_zone(), starts_on, trial_days, extension_days, paused_days }.ends_on();
    match anchor {
        Anchor::Start => Some(starts_on),
        Anchor::End => Some(ends_on),
        Anchor::Grace => Some(add_days(ends_on, periods.grace_days)),
        Anchor::Parting if outcome == Some(Outcome::Converted) => None,
        Anchor::LastDay | Anchor::Parting => contract.last_day(),
    }
}

/// Until when a kind of reminder makes sense at all.
fn limit(contract: &Contract, rules: &Rules, row: &Reminder) -> Option<Instant> {
    let day = |of| anchor(contract, &rules.periods, of);
    let day = match row.anchor {
        Anchor::Start if row.reminded == Reminded::StartsSoon => day(Anchor::Start),
        Anchor::Start | Anchor::End => day(Anchor::End),
        Anchor::Grace => day(Anchor::Grace),
        Anchor::LastDay | Anchor::Parting => day(row.anchor).map(|day| add_days(day, rules.periods.after_days)),
    };
    day.map(|day| contract.time_zone().start_of(day))
}

/// The reminders for `who`, whose zone is `zone`, that are not out of date at `now`. Each holds until the next one of its kind.
pub fn planned(contract: &Contract, rules: &Rules, who: Recipient, zone: TimeZone, now: Instant) -> Vec<Planned> {
    let rows = SCHEDULE.iter().filter(|row| row.during.contains(&contract.trial.state) && row.to.contains(&who));
    rows.flat_map(|row| planned_of(row, contract, rules, zone, now)).collect()
}

fn planned_of(row: &Reminder, contract: &Contract, rules: &Rules, zone: TimeZone, now: Instant) -> Vec<Planned> {
    let (Some(from), Some(limit)) = (anchor(contract, &rules.periods, row.anchor), limit(contract, rules, row)) else {
        return Vec::new();
    };
    let days = rules.reminders.days(row.reminded);
    let due: Vec<_> = days.iter().map(|days| (*days, morning(contract, row.anchor, add_days(from, *days), zone))).collect();
    let ends = due.iter().skip(1).map(|(_, at)| *at).chain([limit]);
    let plan =
        |((days, due_at), until): (&(i64, Instant), Instant)| Planned { reminded: row.reminded, days: *days, due_at: *due_at, until };
    due.iter().zip(ends).map(plan).filter(|planned| planned.until > planned.due_at.max(now)).collect()
}

/// 09:00 of `day`. What follows an end comes after it: where that morning was over by then, on the next one.
fn morning(contract: &Contract, anchor: Anchor, day: NaiveDate, zone: TimeZone) -> Instant {
    let nine = |day| zone.at(day, MORNING);
    let ended_at = contract.trial.changed_at;
    let today = zone.date(ended_at);
    match anchor {
        Anchor::LastDay | Anchor::Parting if nine(today) > ended_at => nine(day).max(nine(today)),
        Anchor::LastDay | Anchor::Parting => nine(day).max(nine(add_days(today, 1))),
        Anchor::Start | Anchor::End | Anchor::Grace => nine(day),
    }
}
