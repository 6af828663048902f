//! A model of the trial, by hand: who may do what when, where it leads, and what the clock does. It knows nothing of the product's tables.

use std::collections::BTreeMap;

use proptest::prelude::{BoxedStrategy, Just, Strategy, any};
use proptest::sample::select;
use proptest_state_machine::ReferenceStateMachine;

/// Minutes since the beginning of 23 November 2026, UTC, the contract's zone.
pub type Minutes = i64;

const HOUR: Minutes = 60;
const DAY: Minutes = 24 * HOUR;
/// Half past, so that nobody acts at a midnight, when the clock does.
pub const START: Minutes = 10 * HOUR + 30;
const FOR_EVER: Minutes = Minutes::MAX;
/// Hours a week that a developer has.
const HOURS: i64 = 40;
/// How many developers there are.
pub const DEVELOPERS: usize = 2;
/// How many trials there are at the most.
pub const TRIALS: usize = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Client,
    Developer,
    Admin,
}
use Who::{Admin, Client, Developer};

/// What happens.
#[derive(Debug, Clone)]
pub enum Move {
    /// The client offers a developer a trial of so many hours a week that starts in so many days.
    Offer { developer: usize, hours: i64, in_days: i64 },
    /// Somebody takes a step of one of the trials; `number` is what it asks for, if it asks for something.
    Step { trial: usize, who: Who, action: &'static str, number: i64 },
    /// The developer of one of the trials writes so many quarters of an hour down for today.
    Work { trial: usize, quarters: i64 },
    /// Time passes.
    Clock { hours: i64 },
}

/// What is proposed: the action, by whom, when, and the number.
type Proposal = (&'static str, Who, Minutes, i64);

#[derive(Debug, Clone)]
pub struct Trial {
    pub developer: usize,
    pub state: &'static str,
    pub outcome: Option<&'static str>,
    pub hours: i64,
    pub starts: Minutes,
    pub added_days: i64,
    pub paused_days: i64,
    pub proposal: Option<Proposal>,
    /// Who pays at first: the client, the platform for seven days, nobody but the platform if it ends within seven days.
    pub billing: usize,
    /// Quarters of an hour by the day.
    pub worked: BTreeMap<i64, i64>,
    /// First and last day of each pause that is over, without the day on which it began.
    rested: Vec<(i64, i64)>,
    /// The day on which somebody ended it.
    ended_on: Option<i64>,
    sent: Minutes,
    notice_days: i64,
    paused: Option<(Minutes, Who)>,
    conversion: Option<(Minutes, i64)>,
    /// Until when the hours of a trial that has ended are held.
    held_until: Minutes,
}

#[derive(Debug, Clone)]
pub struct Model {
    pub now: Minutes,
    pub trials: Vec<Trial>,
    /// Whether the last move was one that succeeds.
    pub succeeds: bool,
}

/// The midnight that begins the day `days` after that of `at`.
fn midnight(at: Minutes, days: i64) -> Minutes {
    (at.div_euclid(DAY) + days) * DAY
}

impl Trial {
    pub fn ends(&self) -> Minutes {
        self.starts + (30 + self.added_days + self.paused_days) * DAY
    }

    pub fn grace(&self) -> Minutes {
        self.ends() + 5 * DAY
    }

    fn expires(&self) -> Minutes {
        self.starts.min(self.sent + 7 * DAY)
    }

    fn agreed(&self) -> bool {
        ["scheduled", "active", "paused", "conversion_offered", "decision_due"].contains(&self.state)
    }

    fn running(&self) -> bool {
        self.agreed() && self.state != "scheduled"
    }

    fn pause_ends(&self, from: Minutes) -> Minutes {
        midnight(from, 14 - self.paused_days)
    }

    /// The hours a week that it holds, and until when.
    pub fn holds(&self) -> Option<(i64, Minutes)> {
        match (self.state, self.outcome) {
            ("paused", _) => self.paused.map(|(_, _)| (self.hours, self.grace() + (14 - self.paused_days) * DAY)),
            ("conversion_offered", _) => self.conversion.map(|(at, _)| (self.hours, self.grace().max(at + 5 * DAY))),
            ("ended", Some("converted")) => self.conversion.map(|(_, hours)| (hours, FOR_EVER)),
            ("ended", Some("terminated_for_cause")) => None,
            ("ended", _) => Some((self.hours, self.held_until)),
            _ => self.agreed().then_some((self.hours, self.grace())),
        }
    }

    /// What the clock does next, and when.
    fn next(&self) -> Option<(Minutes, &'static str)> {
        let own = match self.state {
            "offered" | "countered" => Some((self.expires(), "expire")),
            "scheduled" => Some((self.starts, "start")),
            "active" => Some((self.ends(), "trial-over")),
            "decision_due" => Some((self.grace(), "grace-over")),
            "paused" => self.paused.map(|(from, _)| (self.pause_ends(from), "resume")),
            "conversion_offered" => self.conversion.map(|(at, _)| (at + 5 * DAY, "lapse-conversion")),
            _ => None,
        };
        let proposal = self.proposal.filter(|_| self.running()).map(|(_, _, at, _)| (at + 5 * DAY, "lapse-proposal"));
        own.into_iter().chain(proposal).min_by_key(|(at, _)| *at)
    }

    fn rests_until(&mut self, day: i64) {
        if let Some((from, _)) = self.paused {
            self.rested.push((from.div_euclid(DAY) + 1, day));
        }
    }

    /// Writes down what was worked today, unless today nothing can have been.
    fn work(&mut self, quarters: i64, now: Minutes) -> bool {
        let today = now.div_euclid(DAY);
        let over = match self.outcome {
            Some("converted" | "terminated_for_cause") => self.ended_on.is_some_and(|day| today > day),
            _ => self.state == "ended" && now >= self.held_until,
        };
        let rests = self.paused.is_some_and(|(from, _)| from.div_euclid(DAY) < today)
            || self.rested.iter().any(|(first, last)| (*first..=*last).contains(&today));
        let begun = self.running() || (self.state == "ended" && today >= self.starts.div_euclid(DAY));
        let can = begun && !over && !rests;
        if can {
            self.worked.insert(today, quarters);
        }
        can
    }

    /// What the hours written down cost: due, owed by the client, paid by the platform, in cents. A quarter is 20 dollars.
    pub fn money(&self) -> [i64; 3] {
        let last_free = self.starts.div_euclid(DAY) + 6;
        let is_free = |day: i64| match self.billing {
            0 => false,
            1 => day <= last_free,
            _ => day <= last_free && self.outcome != Some("converted") && self.ended_on.is_some_and(|ended_on| ended_on <= last_free),
        };
        let due: i64 = self.worked.values().sum::<i64>() * 2000;
        let free: i64 = self.worked.iter().filter(|(day, _)| is_free(**day)).map(|(_, quarters)| quarters * 2000).sum();
        [due, due - free, free]
    }

    fn end(&mut self, outcome: &'static str, held_until: Minutes) {
        (self.state, self.outcome, self.held_until) = ("ended", Some(outcome), held_until);
        (self.proposal, self.paused) = (None, None);
        if outcome != "converted" {
            self.conversion = None;
        }
    }

    fn void(&mut self, outcome: &'static str) {
        (self.state, self.outcome) = ("void", Some(outcome));
    }

    fn resume(&mut self, at: Minutes) {
        self.rests_until(at.div_euclid(DAY));
        if let Some((from, _)) = self.paused.take() {
            self.paused_days = (self.paused_days + at.div_euclid(DAY) - from.div_euclid(DAY)).min(14);
        }
        self.state = "active";
    }

    /// Back to where it would stand without the offer to go on.
    fn without_conversion(&mut self, at: Minutes) {
        self.conversion = None;
        self.state = if self.ends() <= at { "decision_due" } else { "active" };
    }

    fn clock(&mut self, action: &str, at: Minutes) {
        match action {
            "expire" => self.void("offer_expired"),
            "start" => self.state = "active",
            "trial-over" => self.state = "decision_due",
            "grace-over" => self.end("no_decision", self.grace()),
            "resume" => self.resume(at),
            "lapse-conversion" => self.without_conversion(at),
            _ => self.proposal = None,
        }
    }

    /// Takes a step at `now`; says whether it can be taken, leaving aside whether the hours it needs are free.
    fn step(&mut self, who: Who, action: &str, number: i64, now: Minutes) -> bool {
        let before = (self.state, who);
        let (open, party) = (["active", "decision_due"].contains(&self.state), who != Admin);
        let answers = |proposal: &Option<Proposal>| proposal.filter(|(_, by, ..)| party && *by != who && self.running());
        match (action, before) {
            ("counter", ("offered", Developer)) => (self.state, self.sent, self.notice_days) = ("countered", now, self.notice_days + 1),
            ("revise", ("countered", Client)) => (self.state, self.sent, self.notice_days) = ("offered", now, self.notice_days + 1),
            ("accept", ("offered", Developer) | ("countered", Client)) => self.state = "scheduled",
            ("decline", ("offered", Developer) | ("countered", Client)) => self.void("declined"),
            ("withdraw", ("offered", Client) | ("countered", Developer)) => self.void("withdrawn"),
            ("cancel", ("scheduled", _)) => self.void("cancelled_before_start"),
            ("pause", ("active", _)) if self.paused_days < 14 => (self.state, self.paused) = ("paused", Some((now, who))),
            ("resume", ("paused", _)) if who == Admin || self.paused.is_some_and(|(_, by)| by == who) => self.resume(now),
            ("amend", _) if open && party && self.proposal.is_none() && number != self.hours => {
                self.proposal = Some(("amend", who, now, number));
            }
            ("extend", _) if open && party && self.proposal.is_none() && self.added_days == 0 && self.ends() + number * DAY > now => {
                self.proposal = Some(("extend", who, now, number));
            }
            ("offer-conversion", (_, Client)) if open => (self.state, self.conversion) = ("conversion_offered", Some((now, number))),
            ("accept-conversion", ("conversion_offered", Developer)) => self.end("converted", FOR_EVER),
            ("decline-conversion", ("conversion_offered", Developer)) => self.without_conversion(now),
            ("end", _) if self.running() && party => {
                let outcome = if who == Client { "ended_by_client" } else { "ended_by_developer" };
                self.end(outcome, midnight(now, self.notice_days + 1));
            }
            ("end-together", _) if self.running() && party && self.proposal.is_none() => {
                self.proposal = Some(("end-together", who, now, 0))
            }
            ("agree", _) => return answers(&self.proposal).is_some_and(|proposal| self.agree(proposal, now)),
            ("refuse", _) if answers(&self.proposal).is_some() => self.proposal = None,
            ("terminate", (_, Admin)) if self.agreed() => self.end("terminated_for_cause", now),
            _ => return false,
        }
        true
    }

    fn agree(&mut self, (action, _, _, number): Proposal, now: Minutes) -> bool {
        let open = ["active", "decision_due"].contains(&self.state);
        match action {
            "end-together" => self.end("ended_mutually", midnight(now, 1)),
            "amend" if open => self.hours = number,
            "extend" if open && self.ends() + number * DAY > now => (self.added_days, self.state) = (number, "active"),
            _ => return false,
        }
        self.proposal = None;
        true
    }
}

impl Model {
    /// The most hours a week that the developer's other trials hold at once from `from` until just before `until`.
    fn peak(&self, but: usize, from: Minutes, until: Minutes) -> i64 {
        let Some(developer) = self.trials.get(but).map(|trial| trial.developer) else { return 0 };
        let others = || self.trials.iter().enumerate().filter(|(place, trial)| *place != but && trial.developer == developer);
        let held = |at: Minutes| {
            let holds = others().filter_map(|(_, trial)| trial.holds().filter(|(_, until)| (trial.starts..*until).contains(&at)));
            holds.map(|(hours, _)| hours).sum::<i64>()
        };
        let begins = others().map(|(_, trial)| trial.starts).filter(|at| from < *at && *at < until);
        begins.chain([from]).map(held).max().unwrap_or(0)
    }

    fn step(&mut self, place: usize, who: Who, action: &str, number: i64) -> bool {
        let Some(before) = self.trials.get(place).cloned() else { return false };
        let mut after = before.clone();
        if !after.step(who, action, number, self.now) {
            return false;
        }
        if let Some((hours, until)) = after.holds() {
            let more = before.holds().is_none_or(|(fewer, shorter)| hours > fewer || until > shorter);
            if more && self.peak(place, after.starts.max(self.now), until) + hours > HOURS {
                return false;
            }
        }
        if after.state == "ended" && before.state != "ended" {
            let today = self.now.div_euclid(DAY);
            after.ended_on = Some(today);
            after.rested.extend(before.paused.map(|(from, _)| (from.div_euclid(DAY) + 1, today)));
        }
        self.trials[place] = after;
        true
    }

    fn pass(&mut self, until: Minutes) {
        for trial in &mut self.trials {
            let mut last = 0;
            while let Some((at, action)) = trial.next().filter(|(at, _)| *at <= until) {
                // What became possible late happens when it became possible.
                last = at.max(last);
                trial.clock(action, last);
            }
        }
        self.now = until;
    }
}

/// What each trial shows: state, outcome, end, hours, whether something is proposed.
pub type Stand = (String, Option<String>, Minutes, i64, bool);

impl Trial {
    pub fn stand(&self) -> Stand {
        (self.state.to_owned(), self.outcome.map(ToOwned::to_owned), self.ends(), self.hours, self.proposal.is_some())
    }
}

const ACTIONS: [&str; 19] = [
    "counter",
    "revise",
    "accept",
    "decline",
    "withdraw",
    "cancel",
    "pause",
    "resume",
    "amend",
    "extend",
    "offer-conversion",
    "accept-conversion",
    "decline-conversion",
    "end",
    "end-together",
    "agree",
    "refuse",
    "terminate",
    "accept",
];

/// A number that the action understands.
fn number(action: &'static str) -> BoxedStrategy<i64> {
    match action {
        "amend" | "offer-conversion" => select(vec![10, 20, 30, 40]).boxed(),
        "extend" => (1_i64..=14).boxed(),
        _ => Just(0).boxed(),
    }
}

fn step(trials: usize, actions: Vec<(Who, &'static str)>) -> BoxedStrategy<Move> {
    let chosen = select(actions).prop_flat_map(|(who, action)| (Just(who), Just(action), number(action)));
    (0..trials, chosen).prop_map(|(trial, (who, action, number))| Move::Step { trial, who, action, number }).boxed()
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Move;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self { now: START, trials: Vec::new(), succeeds: true }).boxed()
    }

    /// Now and then anything; mostly what has a chance, so that trials get far.
    fn transitions(model: &Self) -> BoxedStrategy<Move> {
        let hours = select(vec![10, 20, 30, 40]);
        let offer = (0..DEVELOPERS, hours, proptest::prop_oneof![3 => 1_i64..=9, 1 => 20_i64..=45])
            .prop_map(|(developer, hours, in_days)| Move::Offer { developer, hours, in_days });
        let clock = proptest::prop_oneof![2 => 1_i64..72, 1 => 72_i64..240].prop_map(|hours| Move::Clock { hours });
        let trials = model.trials.len();
        if trials == 0 {
            return offer.boxed();
        }
        let anything = [Client, Developer, Admin].into_iter().flat_map(|who| ACTIONS.map(|action| (who, action))).collect();
        let (likely, anything) = (likely(model), step(trials, anything));
        let running: Vec<usize> = (0..trials).filter(|trial| model.trials[*trial].running()).collect();
        let at_work =
            if running.is_empty() { (0..trials).boxed() } else { proptest::prop_oneof![4 => select(running), 1 => 0..trials].boxed() };
        let work = (at_work, 1_i64..=40).prop_map(|(trial, quarters)| Move::Work { trial, quarters });
        let offers = u32::from(trials < TRIALS);
        proptest::prop_oneof![2 * offers + 1 => if trials < TRIALS { offer.boxed() } else { clock.clone().boxed() },
            4 => clock, 4 => work, 6 => likely, 3 => anything]
        .boxed()
    }

    fn apply(mut model: Self, happens: &Move) -> Self {
        let now = model.now;
        model.succeeds = match *happens {
            Move::Clock { hours } => {
                model.pass(model.now + hours * HOUR);
                true
            }
            Move::Offer { developer, hours, in_days } => {
                let trial = Trial {
                    developer,
                    state: "offered",
                    outcome: None,
                    hours,
                    starts: midnight(model.now, in_days),
                    added_days: 0,
                    paused_days: 0,
                    proposal: None,
                    billing: model.trials.len() % 3,
                    worked: BTreeMap::new(),
                    rested: Vec::new(),
                    ended_on: None,
                    sent: model.now,
                    notice_days: 3,
                    paused: None,
                    conversion: None,
                    held_until: 0,
                };
                model.trials.push(trial);
                let place = model.trials.len() - 1;
                let free = model.peak(place, model.trials[place].starts, model.trials[place].grace()) + hours <= HOURS;
                if !free {
                    model.trials.pop();
                }
                free
            }
            Move::Work { trial, quarters } => model.trials[trial].work(quarters, now),
            Move::Step { trial, who, action, number } => model.step(trial, who, action, number),
        };
        model
    }

    fn preconditions(model: &Self, happens: &Move) -> bool {
        match happens {
            Move::Step { trial, .. } | Move::Work { trial, .. } => *trial < model.trials.len(),
            Move::Offer { .. } => model.trials.len() < TRIALS,
            Move::Clock { .. } => true,
        }
    }
}

/// A step that succeeds, of a trial that is not over; where there is none, an hour.
fn likely(model: &Model) -> BoxedStrategy<Move> {
    let everybody = || [Client, Developer, Admin].into_iter().flat_map(|who| ACTIONS.map(|action| (who, action)));
    let mut moves = Vec::new();
    for (trial, each) in model.trials.iter().enumerate().filter(|(_, each)| !["ended", "void"].contains(&each.state)) {
        for (who, action) in everybody().filter(|(_, action)| *action != "terminate") {
            // More hours, or all days: what most likely stands in the way of another trial.
            let number = if action == "extend" { 14 } else { 40 };
            if each.clone().step(who, action, number, model.now) {
                // Ends are always possible; they must not be all that happens.
                let weight = if ["accept", "agree", "resume", "pause", "accept-conversion"].contains(&action) { 8 } else { 1 };
                moves.extend(std::iter::repeat_n(Move::Step { trial, who, action, number }, weight));
            }
        }
    }
    if moves.is_empty() { any::<bool>().prop_map(|_| Move::Clock { hours: 1 }).boxed() } else { select(moves).boxed() }
}
