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

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::trials::samples::contract;
    use crate::trials::tests_stage::at;

    fn rules() -> Rules {
        let days = |reminded| match reminded {
            Reminded::StartsSoon => vec![-7, -1],
            Reminded::CheckIn => vec![3, 7],
            Reminded::CheckInSilent => vec![4],
            Reminded::DecisionOpens => vec![-7],
            Reminded::Undecided => vec![-3],
            Reminded::EndsSoon | Reminded::GraceEnds => vec![-1],
            Reminded::ReviewDue => vec![0, 3],
            Reminded::HandOver => vec![7],
            Reminded::FinalTimesheet => vec![14],
        };
        Rules { periods: Periods::default(), reminders: Reminders::new(days), rates: Rates::default() }
    }

    fn shown(contract: &Contract, who: Recipient, now: Instant) -> Vec<String> {
        let planned = planned(contract, &rules(), who, TimeZone::UTC, now);
        planned.iter().map(|each| format!("{} {}: {} … {}", each.reminded, each.days, each.due_at, each.until)).collect()
    }

    fn in_state(state: TrialState) -> Contract {
        let mut contract = contract();
        contract.trial.state = state;
        contract
    }

    /// One that was ended at `moment`, a converted one without a last day of its own.
    fn ended(outcome: Outcome, moment: &str, last_day: Option<&str>) -> Contract {
        let mut contract = in_state(TrialState::Ended);
        contract.trial.outcome = Some(outcome);
        contract.trial.changed_at = at(moment);
        contract.trial.last_day = last_day.map(|day| day.parse().unwrap());
        contract
    }

    #[test]
    fn a_reminder_holds_until_the_next_of_its_kind_and_the_last_until_it_says_nothing_any_more() {
        let now = at("2026-11-21T10:00:00Z");
        let client = [
            "trial_starts_soon -7: 2026-11-24T09:00:00Z … 2026-11-30T09:00:00Z",
            "trial_starts_soon -1: 2026-11-30T09:00:00Z … 2026-12-01T00:00:00Z",
            "trial_check_in 3: 2026-12-04T09:00:00Z … 2026-12-08T09:00:00Z",
            "trial_check_in 7: 2026-12-08T09:00:00Z … 2026-12-31T00:00:00Z",
            "trial_decision_opens -7: 2026-12-24T09:00:00Z … 2026-12-31T00:00:00Z",
            "trial_undecided -3: 2026-12-28T09:00:00Z … 2026-12-31T00:00:00Z",
            "trial_ends_soon -1: 2026-12-30T09:00:00Z … 2026-12-31T00:00:00Z",
        ];
        assert_eq!(shown(&in_state(TrialState::Scheduled), Recipient::Client, now), client);
        let admins = ["trial_check_in_silent 4: 2026-12-05T09:00:00Z … 2026-12-31T00:00:00Z"];
        assert_eq!(shown(&in_state(TrialState::Scheduled), Recipient::Admins, now), admins);
        let grace = ["trial_grace_ends -1: 2027-01-04T09:00:00Z … 2027-01-05T00:00:00Z"];
        assert_eq!(shown(&in_state(TrialState::DecisionDue), Recipient::Client, now), grace);
        assert_eq!(shown(&in_state(TrialState::DecisionDue), Recipient::Developer, now), [""; 0]);
    }

    #[test]
    fn what_says_nothing_any_more_at_this_very_instant_is_not_planned() {
        let next = at("2026-11-30T09:00:00Z");
        let first = |now| shown(&in_state(TrialState::Scheduled), Recipient::Developer, now).remove(0);
        let before = first(next.plus(TimeDelta::microseconds(-1)));
        assert_eq!(before, "trial_starts_soon -7: 2026-11-24T09:00:00Z … 2026-11-30T09:00:00Z");
        assert_eq!(first(next), "trial_starts_soon -1: 2026-11-30T09:00:00Z … 2026-12-01T00:00:00Z");
    }

    #[test]
    fn what_follows_an_end_comes_on_the_morning_after_it() {
        let reviews = |moment: &str| {
            let planned = shown(&ended(Outcome::EndedByClient, moment, Some("2026-12-10")), Recipient::Client, at(moment));
            planned[..2].to_vec()
        };
        let later = "trial_review_due 3: 2026-12-13T09:00:00Z … 2026-12-31T00:00:00Z";
        let same_day = ["trial_review_due 0: 2026-12-10T09:00:00Z … 2026-12-13T09:00:00Z", later];
        assert_eq!(reviews("2026-12-10T08:59:59.999999Z"), same_day);
        let next_day = ["trial_review_due 0: 2026-12-11T09:00:00Z … 2026-12-13T09:00:00Z", later];
        assert_eq!(reviews("2026-12-10T09:00:00Z"), next_day, "nine o'clock was when it ended");
    }

    #[test]
    fn who_goes_on_for_good_has_nothing_to_hand_over() {
        let moment = "2026-12-10T10:00:00Z";
        let parted = [
            "trial_review_due 0: 2026-12-11T09:00:00Z … 2026-12-13T09:00:00Z",
            "trial_review_due 3: 2026-12-13T09:00:00Z … 2026-12-31T00:00:00Z",
            "trial_hand_over 7: 2026-12-17T09:00:00Z … 2026-12-31T00:00:00Z",
            "trial_final_timesheet 14: 2026-12-24T09:00:00Z … 2026-12-31T00:00:00Z",
        ];
        let planned = |contract: &Contract| shown(contract, Recipient::Developer, at(moment));
        assert_eq!(planned(&ended(Outcome::EndedByClient, moment, Some("2026-12-10"))), parted);
        let together = [parted[0], parted[1], parted[3]];
        assert_eq!(planned(&ended(Outcome::Converted, moment, None)), together);
        assert_eq!(planned(&ended(Outcome::TerminatedForCause, moment, None)), [""; 0], "it never began");
    }
}
