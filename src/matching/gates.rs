//! The gates: what a developer must fulfil to be scored at all, yes or no, in one table and one order.

use serde::Serialize;

use crate::kernel::money::Money;
use crate::kernel::money::Rates;
use crate::kernel::text::language_satisfies;
use crate::matching::domain::Candidate;
use crate::matching::rules::Question;
use crate::matching::skill_fit::Fit;
use crate::words;

words! {
    /// One yes or no.
    pub enum Gate {
        /// Every must at its level, with its years, by itself or by an allowed substitute.
        MustSkills => "must_skills",
        /// Among the accepted ones.
        Seniority => "seniority",
        /// The peak of what is held over the trial's dates leaves the asked hours.
        Hours => "hours",
        /// Available by the start date.
        Start => "start",
        /// Working hours shared on the start date.
        Overlap => "overlap",
        /// Within the budget after conversion.
        Rate => "rate",
        /// Every asked language.
        Languages => "languages",
        /// Inside a legal limit, where one is stated.
        Country => "country",
    }
}

type Rule = fn(&Question<'_>, &Candidate) -> bool;

/// Every gate with its rule, in the order in which they are applied and counted.
const GATES: [(Gate, Rule); 8] = [
    (Gate::MustSkills, must_skills),
    (Gate::Seniority, seniority),
    (Gate::Hours, hours),
    (Gate::Start, start),
    (Gate::Overlap, overlap),
    (Gate::Rate, rate),
    (Gate::Languages, languages),
    (Gate::Country, country),
];

fn must_skills(question: &Question<'_>, candidate: &Candidate) -> bool {
    let mut musts = question.request.skills.iter().filter(|asked| asked.must);
    musts.all(|asked| Fit::best(question, candidate, asked).is_some_and(|fit| fit.meets))
}

fn seniority(question: &Question<'_>, candidate: &Candidate) -> bool {
    let accepted = &question.request.seniority;
    accepted.is_empty() || candidate.seniority.is_some_and(|seniority| accepted.contains(&seniority))
}

fn hours(question: &Question<'_>, candidate: &Candidate) -> bool {
    let held = question.trial.peak_hours(&candidate.commitments);
    held + u64::from(question.request.hours_per_week) <= u64::from(candidate.hours_per_week)
}

fn start(question: &Question<'_>, candidate: &Candidate) -> bool {
    candidate.available_from.is_none_or(|date| date <= question.request.starts_on)
}

fn overlap(question: &Question<'_>, candidate: &Candidate) -> bool {
    question.overlap_minutes == 0 || shared_minutes(question, candidate) >= question.overlap_minutes
}

fn rate(question: &Question<'_>, candidate: &Candidate) -> bool {
    within_budget(candidate.rate, question.request.max_hourly_rate, &question.rules.rates)
}

fn languages(question: &Question<'_>, candidate: &Candidate) -> bool {
    let speaks = |asked: &String| candidate.languages.iter().any(|spoken| language_satisfies(spoken, asked));
    question.request.languages.iter().all(speaks)
}

fn country(question: &Question<'_>, candidate: &Candidate) -> bool {
    let Some(limit) = &question.request.legal_country_limit else { return true };
    candidate.country.as_ref().is_some_and(|country| limit.countries.contains(country))
}

/// The minutes of the request's working hours on its start date that are also the developer's.
pub fn shared_minutes(question: &Question<'_>, candidate: &Candidate) -> i64 {
    question.workday.minutes_worked_in(candidate.time_zone, candidate.working_hours)
}

/// Whether `rate` is at most `budget`. A currency without a rate cannot be compared and is not within any budget but one
/// in the same currency.
fn within_budget(rate: Money, budget: Money, rates: &Rates) -> bool {
    if rate.currency == budget.currency {
        return rate.amount <= budget.amount;
    }
    rates.to_micro_dollars(rate).zip(rates.to_micro_dollars(budget)).is_some_and(|(rate, budget)| rate <= budget)
}

/// Whether `candidate` passes this one gate.
pub fn passes(gate: Gate, question: &Question<'_>, candidate: &Candidate) -> bool {
    GATES.iter().filter(|(each, _)| *each == gate).all(|(_, rule)| rule(question, candidate))
}

/// What the gates say about one developer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Passes all.
    Passes,
    /// Fails this gate first …
    Fails {
        /// the first that fails, in the gates' order;
        gate: Gate,
        /// and whether it is the only one. Not looked into for `must_skills`.
        only: bool,
    },
}

impl Verdict {
    /// Asks the gates in their order, no more of them than are needed to know the verdict.
    pub fn of(question: &Question<'_>, candidate: &Candidate) -> Self {
        let mut failing = GATES.iter().filter(|(_, passes)| !passes(question, candidate)).map(|(gate, _)| *gate);
        match failing.next() {
            None => Self::Passes,
            Some(gate @ Gate::MustSkills) => Self::Fails { gate, only: false },
            Some(gate) => Self::Fails { gate, only: failing.next().is_none() },
        }
    }
}

/// How many a gate removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct GateCount {
    /// Which gate.
    pub gate: Gate,
    /// How many passed the gates before it and failed this one.
    #[schema(examples(1204))]
    pub removed: u64,
    /// How many of them fail this gate alone: they would pass if it were relaxed. Not given for `must_skills`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples(310))]
    pub only_this: Option<u64>,
}

/// The counts of all gates over a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    counts: [GateCount; 8],
    /// How many were asked about.
    pub pool: u64,
    /// How many passed.
    pub total: u64,
}

impl Default for Tally {
    fn default() -> Self {
        let only_this = |gate| (gate != Gate::MustSkills).then_some(0);
        let counts = GATES.map(|(gate, _)| GateCount { gate, removed: 0, only_this: only_this(gate) });
        Self { counts, pool: 0, total: 0 }
    }
}

impl Tally {
    /// What others have counted: by gate, in their order, how many it removed and how many it alone does.
    pub fn of(pool: u64, total: u64, removed: [u64; 8], only: [u64; 8]) -> Self {
        let mut tally = Self { pool, total, ..Self::default() };
        for (count, (removed, only)) in tally.counts.iter_mut().zip(removed.into_iter().zip(only)) {
            count.removed = removed;
            count.only_this = count.only_this.map(|_| only);
        }
        tally
    }

    /// Counts one verdict.
    pub fn count(&mut self, verdict: Verdict) {
        self.pool += 1;
        let Verdict::Fails { gate, only } = verdict else {
            self.total += 1;
            return;
        };
        for count in self.counts.iter_mut().filter(|count| count.gate == gate) {
            count.removed += 1;
            count.only_this = count.only_this.map(|so_far| so_far + u64::from(only));
        }
    }

    /// Every gate, in order; what they removed sums to pool − total.
    pub fn gates(&self) -> Vec<GateCount> {
        self.counts.to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::domain::LegalCountryLimit;
    use crate::matching::domain::Request;
    use crate::matching::sample;

    fn verdict(request: &Request, candidate: &Candidate) -> Verdict {
        Verdict::of(&Question::new(request, &sample::rules(), sample::today()), candidate)
    }

    fn fails_only(gate: Gate) -> Verdict {
        Verdict::Fails { gate, only: true }
    }

    #[test]
    fn each_gate_closes_by_itself() {
        use crate::kernel::craft::Seniority::{Junior, Senior};
        let (request, fitting) = (sample::request(), sample::candidate(1));
        assert_eq!(verdict(&request, &fitting), Verdict::Passes);
        let seniority = Request { seniority: vec![Senior], ..request.clone() };
        assert_eq!(verdict(&seniority, &Candidate { seniority: Some(Senior), ..fitting.clone() }), Verdict::Passes);
        assert_eq!(verdict(&seniority, &Candidate { seniority: Some(Junior), ..fitting.clone() }), fails_only(Gate::Seniority));
        assert_eq!(verdict(&seniority, &Candidate { seniority: None, ..fitting.clone() }), fails_only(Gate::Seniority));
        let late = Candidate { available_from: Some(sample::date("2026-12-02")), ..fitting.clone() };
        assert_eq!(verdict(&request, &late), fails_only(Gate::Start));
        assert_eq!(verdict(&request, &Candidate { available_from: None, ..fitting.clone() }), Verdict::Passes);
        let languages = Request { languages: vec!["en".into(), "de".into()], ..request.clone() };
        assert_eq!(verdict(&languages, &fitting), fails_only(Gate::Languages));
        let both = Candidate { languages: vec!["de-AT".into(), "en".into()], ..fitting.clone() };
        assert_eq!(verdict(&languages, &both), Verdict::Passes);
        let limit = LegalCountryLimit { countries: vec!["DE".into()], reason: "export control".into() };
        let limited = Request { legal_country_limit: Some(limit), ..request.clone() };
        assert_eq!(verdict(&limited, &fitting), fails_only(Gate::Country));
        assert_eq!(verdict(&limited, &Candidate { country: Some("DE".into()), ..fitting.clone() }), Verdict::Passes);
        let must = request.clone().asks(sample::must("go", 4));
        assert_eq!(verdict(&must, &fitting.clone().claims("go", 4, 3.0)), Verdict::Passes);
        assert_eq!(verdict(&must, &fitting), Verdict::Fails { gate: Gate::MustSkills, only: false });
    }

    #[test]
    fn hours_are_free_only_beside_the_peak_in_the_requests_zone() {
        // 40 asked of 45; the trial and its grace run from 1 December to 5 January, midnight in London.
        let request = sample::request();
        let candidate = |hours, from, until| Candidate { hours_per_week: 45, ..sample::candidate(1).holding(hours, from, until) };
        assert_eq!(verdict(&request, &candidate(5, "2026-11-01", "2027-06-01")), Verdict::Passes);
        assert_eq!(verdict(&request, &candidate(6, "2026-11-01", "2027-06-01")), fails_only(Gate::Hours));
        assert_eq!(verdict(&request, &candidate(6, "2026-11-01", "2026-12-01")), Verdict::Passes);
        assert_eq!(verdict(&request, &candidate(6, "2027-01-04", "2027-06-01")), fails_only(Gate::Hours), "the last day of grace");
        assert_eq!(verdict(&request, &candidate(6, "2027-01-05", "2027-06-01")), Verdict::Passes);
        let in_new_york = Request { time_zone: sample::zone("America/New_York"), overlap_hours: 0.0, ..request };
        let until_five_hours_later = candidate(6, "2027-01-05", "2027-06-01");
        assert_eq!(verdict(&in_new_york, &until_five_hours_later), fails_only(Gate::Hours), "midnight there is 05:00 UTC");
    }

    #[test]
    fn overlap_is_exact_to_the_minute() {
        // London and Kolkata share 150 minutes in December.
        let candidate = Candidate { time_zone: sample::zone("Asia/Kolkata"), ..sample::candidate(1) };
        let request = |overlap_hours| Request { overlap_hours, ..sample::request() };
        assert_eq!(verdict(&request(2.5), &candidate), Verdict::Passes);
        assert_eq!(verdict(&request(2.6), &candidate), fails_only(Gate::Overlap));
    }

    #[test]
    fn rates_are_compared_after_conversion() {
        let (usd, eur, chf) = (sample::money(8_500, "USD"), sample::money(7_000, "EUR"), sample::money(1, "CHF"));
        let rates = sample::rules().rates; // 1 EUR is 1.20 USD
        assert!(within_budget(eur, usd, &rates), "84.00 USD");
        assert!(!within_budget(sample::money(7_084, "EUR"), usd, &rates), "85.008 USD");
        assert!(within_budget(usd, usd, &rates) && !within_budget(sample::money(8_501, "USD"), usd, &rates));
        assert!(!within_budget(chf, usd, &rates) && within_budget(chf, chf, &rates), "no rate for CHF");
    }
}
