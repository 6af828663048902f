//! What is counted, by the week (UTC) in which it happened. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::kernel::clock::Instant;
use crate::kernel::week::Week;
use crate::words;

words! {
    /// What is counted. Each has an amount, and some a total beside it.
    pub enum Measure {
        /// Applications that came into a state, by state.
        VettingEntered => "vetting_entered",
        /// Applications that left a state, by state; the total is the seconds that they were in it.
        VettingLeft => "vetting_left",
        /// Job requests that were written and opened; the total is their seats.
        Requests => "requests",
        /// The same by each skill that they must have.
        RequestsBySkill => "requests_by_skill",
        /// Trials that were offered.
        Offered => "offered",
        /// Trials that both have signed; the total is the seconds since the request was written.
        Agreed => "agreed",
        /// The same by each skill that the request must have.
        AgreedBySkill => "agreed_by_skill",
        /// Trials that came to an end, by outcome.
        Outcomes => "outcomes",
        /// Mails that were due, by state; the total is those that took more than one attempt.
        Mails => "mails",
    }
}

/// The names under which something is told week by week.
pub const TOLD_BY_WEEK: [&str; 5] = ["", "submitted", "approved", "converted", "dead"];

/// A figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// What is counted.
    pub measure: Measure,
    /// Of what: a state, an outcome, a skill; empty where there is but one.
    pub name: String,
    /// How many.
    pub amount: i64,
    /// What the measure says beside it.
    pub total: i64,
}

/// Counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally(BTreeMap<(Measure, String), (i64, i64)>);

impl Tally {
    /// Counts one more.
    pub fn one(&mut self, measure: Measure, name: &str, total: i64) {
        self.many(measure, name, 1, total);
    }

    /// Counts `amount` more.
    pub fn many(&mut self, measure: Measure, name: &str, amount: i64, total: i64) {
        if amount == 0 {
            return;
        }
        let figure = self.0.entry((measure, name.to_owned())).or_default();
        figure.0 += amount;
        figure.1 += total;
    }

    /// What was counted under a name: the amount, and what the measure says beside it.
    pub fn get(&self, measure: Measure, name: &str) -> (i64, i64) {
        self.0.get(&(measure, name.to_owned())).copied().unwrap_or_default()
    }

    /// The same of all names of a measure.
    pub fn all(&self, measure: Measure) -> impl Iterator<Item = (&str, (i64, i64))> {
        self.0.iter().filter(move |((each, _), _)| *each == measure).map(|((_, name), figure)| (name.as_str(), *figure))
    }

    /// What was counted after `earlier`, which is a part of this.
    pub fn since(&self, earlier: &Self) -> Self {
        let mut since = Self::default();
        for ((measure, name), (amount, total)) in &self.0 {
            let (before, total_before) = earlier.get(*measure, name);
            since.many(*measure, name, amount - before, total - total_before);
        }
        since
    }

    /// What was counted.
    pub fn figures(self) -> impl Iterator<Item = Figure> {
        self.0.into_iter().map(|((measure, name), (amount, total))| Figure { measure, name, amount, total })
    }
}

/// By what it shows that weeks are to be counted again: steps are only ever added, and whatever happens to a job request gives it a
/// new version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signs {
    /// The first week and the last.
    pub weeks: (Week, Week),
    /// How many steps applications have taken.
    pub vetting_steps: i64,
    /// How many steps trials have taken.
    pub trial_steps: i64,
    /// All versions of job requests, added up.
    pub request_versions: i64,
    /// The mails that were due.
    pub mails: Tally,
}

/// A step of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VettingStep {
    /// Whose.
    pub application: String,
    /// Which of its steps.
    pub version: i64,
    /// From where; none for the first.
    pub from: Option<String>,
    /// To where.
    pub to: String,
    /// When.
    pub at: Instant,
}

/// Counts the steps of a week, `steps`; `lives` has all steps of their applications, each in their order.
pub fn count_vetting(tally: &mut Tally, steps: &[VettingStep], lives: &HashMap<String, Vec<VettingStep>>) {
    for step in steps.iter().filter(|step| step.from.as_ref() != Some(&step.to)) {
        tally.one(Measure::VettingEntered, &step.to, 0);
        let Some(from) = &step.from else { continue };
        let life = lives.get(&step.application).map(Vec::as_slice).unwrap_or_default();
        let mut before = life.iter().filter(|each| each.version < step.version);
        let entered = before.rfind(|each| each.to == *from && each.from.as_ref() != Some(from));
        let seconds = entered.map_or(0, |entered| step.at.since(entered.at).num_seconds());
        tally.one(Measure::VettingLeft, from, seconds);
    }
}

/// What a week's steps did to a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrialStep {
    /// It was offered.
    Offered,
    /// Both have signed.
    Agreed(Instant),
    /// It is over.
    Over,
}

/// A trial with what is counted of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedTrial {
    /// How it ended, if it has.
    pub outcome: Option<String>,
    /// The job request.
    pub request: String,
    /// When the request was written.
    pub requested_at: Instant,
}

/// The skills that each job request must have.
pub type MustSkills = HashMap<String, HashSet<String>>;

/// Counts what happened to `trials`, each with its step.
pub fn count_trials<'a>(tally: &mut Tally, trials: impl Iterator<Item = (&'a CountedTrial, TrialStep)>, skills: &MustSkills) {
    for (trial, step) in trials {
        match step {
            TrialStep::Offered => tally.one(Measure::Offered, "", 0),
            TrialStep::Over => tally.one(Measure::Outcomes, trial.outcome.as_deref().unwrap_or("none"), 0),
            TrialStep::Agreed(at) => {
                let seconds = at.since(trial.requested_at).num_seconds();
                tally.one(Measure::Agreed, "", seconds);
                for skill in skills.get(&trial.request).into_iter().flatten() {
                    tally.one(Measure::AgreedBySkill, skill, seconds);
                }
            }
        }
    }
}

/// Counts job requests: each with its id and its seats.
pub fn count_requests(tally: &mut Tally, requests: &[(String, i64)], skills: &MustSkills) {
    for (id, seats) in requests {
        tally.one(Measure::Requests, "", *seats);
        for skill in skills.get(id).into_iter().flatten() {
            tally.one(Measure::RequestsBySkill, skill, *seats);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stood_before_is_taken_off_and_what_stays_the_same_is_not_told() {
        let mut before = Tally::default();
        before.many(Measure::Requests, "", 2, 5);
        before.many(Measure::RequestsBySkill, "go", 2, 5);
        let mut now = before.clone();
        now.one(Measure::Requests, "", 3);
        now.one(Measure::RequestsBySkill, "rust", 3);
        let since: Vec<_> = now.since(&before).figures().map(|figure| (figure.measure, figure.name, figure.amount, figure.total)).collect();
        assert_eq!(since, [(Measure::Requests, String::new(), 1, 3), (Measure::RequestsBySkill, "rust".to_owned(), 1, 3)]);
    }

    fn step(version: i64, from: Option<&str>, to: &str, hour: i64) -> VettingStep {
        let at = Instant::from_micros(hour * 3_600_000_000);
        VettingStep { application: "a".to_owned(), version, from: from.map(str::to_owned), to: to.to_owned(), at }
    }

    #[test]
    fn time_in_a_state_counts_from_when_it_was_entered() {
        let life = vec![
            step(1, None, "draft", 0),
            step(2, Some("draft"), "submitted", 2),
            step(3, Some("submitted"), "screening_call", 3),
            step(4, Some("screening_call"), "screening_call", 5),
            step(5, Some("screening_call"), "on_hold", 10),
            step(6, Some("on_hold"), "screening_call", 20),
            step(7, Some("screening_call"), "decision", 21),
        ];
        let mut tally = Tally::default();
        // The week begins after the submission.
        count_vetting(&mut tally, &life[2..], &HashMap::from([("a".to_owned(), life.clone())]));
        let figures: Vec<_> =
            tally.figures().map(|figure| (figure.measure.to_string(), figure.name, figure.amount, figure.total / 3600)).collect();
        let expected = [
            ("vetting_entered", "decision", 1, 0),
            ("vetting_entered", "on_hold", 1, 0),
            ("vetting_entered", "screening_call", 2, 0),
            ("vetting_left", "on_hold", 1, 10),
            ("vetting_left", "screening_call", 2, 8),
            ("vetting_left", "submitted", 1, 1),
        ];
        assert_eq!(figures, expected.map(|(measure, name, amount, hours)| (measure.to_owned(), name.to_owned(), amount, hours)));
    }
}
