//! What a week's timesheet may contain, and when something about it is due. Days are those of the contract's zone.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::kernel::clock::Instant;
use crate::kernel::error::Faults;
use crate::kernel::ids::{TrialId, UserId};
use crate::kernel::process::Actor;
use crate::kernel::week::Week;
use crate::kernel::zone::{TimeZone, add_days};
use crate::timesheets::process::{SheetAction, SheetState};
use crate::trials::billing::Worked;
use crate::trials::model::{Contract, Event};
use crate::trials::process::TrialState;

/// The Monday after the week, as days from the week's own.
const NEXT_MONDAY: i64 = 7;
/// The Thursday after the week.
const NEXT_THURSDAY: i64 = 10;
/// 12:00.
const NOON: u32 = 12 * 60;
/// 23:59.
const LAST_MINUTE: u32 = 24 * 60 - 1;
/// Days that the client has for a timesheet that comes late: as many as from Monday to Thursday.
const LATE_DAYS: i64 = NEXT_THURSDAY - NEXT_MONDAY;
/// The shares of the agreed weekly hours at which both are told, in percent, the highest first.
const CAPS: [i64; 2] = [100, 80];

/// The hours of a week of a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Of which trial.
    pub trial_id: TrialId,
    /// Of which week.
    pub week: Week,
    /// Where it stands.
    pub state: SheetState,
    /// The days on which there is something to say.
    pub days: Vec<Day>,
    /// When the developer handed it in.
    pub submitted_at: Option<Instant>,
    /// When the clock acts, or an admin may.
    pub due_at: Option<Instant>,
    /// Grows with every change.
    pub version: i64,
    /// When its last step was taken.
    pub changed_at: Instant,
}

impl Sheet {
    /// An empty one.
    pub fn empty(trial_id: TrialId, week: Week, now: Instant) -> Self {
        Self { trial_id, week, state: SheetState::Draft, days: Vec::new(), submitted_at: None, due_at: None, version: 0, changed_at: now }
    }

    /// Minutes worked in the week.
    pub fn minutes(&self) -> i64 {
        self.days.iter().map(|day| day.minutes).sum()
    }

    /// Whether it was handed in after the time for it.
    pub fn is_late(&self, time_zone: TimeZone) -> bool {
        self.submitted_at.is_some_and(|at| at > submit_by(self.week, time_zone))
    }

    /// The same, as money depends on it.
    pub fn worked(&self) -> Vec<Worked> {
        self.days.iter().map(|day| Worked { date: day.date, minutes: day.minutes }).collect()
    }
}

/// A day of a timesheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// The day.
    pub date: NaiveDate,
    /// How long, in minutes.
    pub minutes: i64,
    /// What was done, in words.
    pub note: Option<String>,
}

/// A step that was taken with a timesheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetEvent {
    /// The timesheet's version that it led to.
    pub version: i64,
    /// What was done.
    pub action: SheetAction,
    /// By whom.
    pub actor: Actor,
    /// The person; nobody for the clock.
    pub user_id: Option<UserId>,
    /// Where it led.
    pub to: SheetState,
    /// What was said.
    pub message: Option<String>,
    /// When; for the clock's steps when they were due.
    pub at: Instant,
}

/// Time that a trial rested; without an end it still does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// From when on.
    pub from: Instant,
    /// Until when.
    pub until: Option<Instant>,
}

/// On which days a trial is worked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workable {
    /// The contract's zone.
    pub time_zone: TimeZone,
    /// The first day.
    pub first: NaiveDate,
    /// The last day, once it is known.
    pub last: Option<NaiveDate>,
    /// When it rested.
    pub pauses: Vec<Pause>,
    /// Today: what lies ahead is not worked yet.
    pub today: NaiveDate,
}

impl Workable {
    /// The days of the trial of `contract`, which has taken the steps `events`.
    pub fn of(contract: &Contract, events: &[Event], today: NaiveDate) -> Self {
        let time_zone = contract.time_zone();
        let ended = events.iter().find(|event| event.to == TrialState::Ended).map(|event| time_zone.date(event.at));
        let last = ended.map(|ended| contract.trial.last_day.unwrap_or(ended));
        Self { time_zone, first: contract.trial.starts_on, last, pauses: pauses(events), today }
    }

    /// Whether any day of `week` is a day of the trial, as far as is known; a trial that runs ends with its grace at the latest.
    pub fn has(&self, week: Week, grace_until: Instant) -> bool {
        let last = self.last.unwrap_or_else(|| self.time_zone.date(grace_until));
        (Week::of(self.first)..=Week::of(last)).contains(&week)
    }

    /// Why nothing can have been worked on `date`, if so.
    fn obstacle(&self, date: NaiveDate) -> Option<&'static str> {
        if date < self.first || self.last.is_some_and(|last| date > last) {
            return Some("must be a day of the trial");
        }
        if date > self.today {
            return Some("must not lie in the future");
        }
        self.is_paused(date).then_some("must not be a day on which the trial is paused")
    }

    /// A day is paused when its local midnight passed while the trial rested.
    fn is_paused(&self, date: NaiveDate) -> bool {
        let ended = |pause: &Pause| pause.until.map_or(self.today, |until| self.time_zone.date(until));
        self.pauses.iter().any(|pause| self.time_zone.date(pause.from) < date && date <= ended(pause))
    }

    /// Notes everything that is wrong with the `days` of `week`, under `/days`.
    pub fn check(&self, week: Week, days: &[Day], faults: &mut Faults) {
        let mut seen = BTreeSet::new();
        for (position, day) in days.iter().enumerate() {
            let date = format!("/days/{position}/date");
            if !week.contains(day.date) {
                faults.add(&date, "must lie in the week");
            } else if !seen.insert(day.date) {
                faults.add(&date, "must not stand here twice");
            } else if let Some(obstacle) = self.obstacle(day.date).filter(|_| day.minutes > 0) {
                faults.add(&date, obstacle);
            }
        }
    }
}

/// When the trial of `events`, the first one first, rested.
pub fn pauses(events: &[Event]) -> Vec<Pause> {
    let mut pauses: Vec<Pause> = Vec::new();
    for event in events {
        let was_paused = event.from == Some(TrialState::Paused);
        match event.to {
            TrialState::Paused if !was_paused => pauses.push(Pause { from: event.at, until: None }),
            // Whatever leads out of it ends the pause: going on, or the end of the trial.
            to if was_paused && to != TrialState::Paused => {
                pauses.iter_mut().filter(|pause| pause.until.is_none()).for_each(|pause| pause.until = Some(event.at));
            }
            _ => {}
        }
    }
    pauses
}

/// Until when the developer hands in a week: Monday 12:00. Later is possible, and noted.
pub fn submit_by(week: Week, time_zone: TimeZone) -> Instant {
    time_zone.at(week.day(NEXT_MONDAY), NOON)
}

/// Until when the client approves or queries, before the hours count by themselves: Thursday 23:59; for what comes late
/// as many days later.
pub fn approve_by(week: Week, submitted_at: Instant, time_zone: TimeZone) -> Instant {
    let late = submitted_at > submit_by(week, time_zone);
    let late_day = add_days(time_zone.date(submitted_at), LATE_DAYS);
    let day = if late { late_day.max(week.day(NEXT_THURSDAY)) } else { week.day(NEXT_THURSDAY) };
    time_zone.at(day, LAST_MINUTE)
}

/// Which cap of the agreed weekly hours a week has reached, in percent.
pub fn cap(minutes: i64, hours_per_week: i64) -> Option<i64> {
    CAPS.into_iter().find(|percent| minutes * 100 >= hours_per_week * 60 * percent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trials::process::Action;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at(text: &str) -> Instant {
        Instant::new(text.parse().unwrap())
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::parse(name).unwrap()
    }

    fn workable(pauses: Vec<Pause>) -> Workable {
        let (first, last, today) = (date("2026-12-01"), Some(date("2026-12-17")), date("2026-12-12"));
        Workable { time_zone: zone("America/New_York"), first, last, pauses, today }
    }

    fn faults(workable: &Workable, week: &str, days: &[(&str, i64)]) -> Vec<String> {
        let days: Vec<Day> = days.iter().map(|(day, minutes)| Day { date: date(day), minutes: *minutes, note: None }).collect();
        let mut faults = Faults::default();
        workable.check(week.parse().unwrap(), &days, &mut faults);
        faults
            .finish()
            .err()
            .map(|error| error.faults)
            .unwrap_or_default()
            .into_iter()
            .map(|each| each.pointer + " " + &each.detail)
            .collect()
    }

    #[test]
    fn hours_are_refused_outside_the_trial_the_week_and_the_day_all_at_once() {
        let trial = workable(Vec::new());
        assert!(faults(&trial, "2026-W49", &[("2026-11-30", 0), ("2026-12-01", 1440), ("2026-12-06", 15)]).is_empty());
        let wrong = [("2026-11-30", 60), ("2026-12-03", 30), ("2026-12-03", 0), ("2026-12-07", 60)];
        assert_eq!(
            faults(&trial, "2026-W49", &wrong),
            ["/days/0/date must be a day of the trial", "/days/2/date must not stand here twice", "/days/3/date must lie in the week",]
        );
        let ahead = Workable { today: date("2026-12-20"), ..trial.clone() };
        assert_eq!(faults(&trial, "2026-W50", &[("2026-12-13", 60)]), ["/days/0/date must not lie in the future"]);
        assert!(faults(&ahead, "2026-W51", &[("2026-12-17", 60)]).is_empty(), "hours run through the last day");
        assert_eq!(faults(&ahead, "2026-W51", &[("2026-12-18", 60)]), ["/days/0/date must be a day of the trial"]);
    }

    #[test]
    fn a_day_is_paused_when_its_local_midnight_passed_in_a_pause() {
        // 8 December 23:00 until 10 December 01:00 in New York.
        let trial = workable(vec![Pause { from: at("2026-12-09T04:00:00Z"), until: Some(at("2026-12-10T06:00:00Z")) }]);
        let paused = |trial: &Workable, day: &str| !faults(trial, "2026-W50", &[(day, 60)]).is_empty();
        let days = ["2026-12-08", "2026-12-09", "2026-12-10", "2026-12-11"];
        assert_eq!(days.map(|day| paused(&trial, day)), [false, true, true, false]);
        let resting = workable(vec![Pause { from: at("2026-12-09T04:00:00Z"), until: None }]);
        assert_eq!(days.map(|day| paused(&resting, day)), [false, true, true, true]);
    }

    #[test]
    fn a_pause_ends_by_whatever_leads_out_of_it() {
        let event = |action, from, to, day: &str| Event {
            version: 1,
            action,
            actor: Actor::Client,
            user_id: None,
            from: Some(from),
            to,
            reason_code: None,
            message: None,
            at: at(&format!("2026-12-{day}T12:00:00Z")),
        };
        let (active, paused) = (TrialState::Active, TrialState::Paused);
        let events = [
            event(Action::Pause, active, paused, "02"),
            event(Action::EndTogether, paused, paused, "03"),
            event(Action::Resume, paused, active, "04"),
            event(Action::Pause, active, paused, "06"),
            event(Action::End, paused, TrialState::Ended, "08"),
        ];
        let days: Vec<_> = pauses(&events).into_iter().map(|each| (each.from.date(), each.until.map(Instant::date))).collect();
        let expected =
            [("02", "04"), ("06", "08")].map(|(from, to)| (date(&format!("2026-12-{from}")), Some(date(&format!("2026-12-{to}")))));
        assert_eq!(days, expected);
        assert_eq!(pauses(&events[..4])[1].until, None);
    }

    #[test]
    fn deadlines_are_wall_clock_times_of_the_contract() {
        let (week, tokyo) = ("2026-W49".parse().unwrap(), zone("Asia/Tokyo"));
        assert_eq!(submit_by(week, tokyo), at("2026-12-07T03:00:00Z"));
        let until = |submitted: &str| approve_by(week, at(submitted), tokyo);
        assert_eq!(until("2026-12-04T09:00:00Z"), at("2026-12-10T14:59:00Z"));
        assert_eq!(until("2026-12-07T03:00:00Z"), at("2026-12-10T14:59:00Z"), "just in time");
        assert_eq!(until("2026-12-09T03:00:00Z"), at("2026-12-12T14:59:00Z"), "two days late");
        // The clocks go forward in the night to Sunday 28 March 2027: Monday noon is an hour earlier in UTC.
        assert_eq!(submit_by("2027-W12".parse().unwrap(), zone("Europe/Berlin")), at("2027-03-29T10:00:00Z"));
    }

    #[test]
    fn caps_are_noticed_to_the_minute() {
        assert_eq!([1919, 1920, 2399, 2400].map(|minutes| cap(minutes, 40)), [None, Some(80), Some(80), Some(100)]);
    }
}
