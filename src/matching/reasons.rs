//! Why a gate is closed to a developer, in one sentence that says what would open it.

use crate::kernel::money::Money;
use crate::kernel::text::language_satisfies;
use crate::kernel::words::Word as _;
use crate::matching::domain::AskedSkill;
use crate::matching::domain::Candidate;
use crate::matching::gates::Gate;
use crate::matching::gates::passes;
use crate::matching::gates::shared_minutes;
use crate::matching::rules::Question;
use crate::matching::skill_fit::Fit;

type Reason = fn(&Question<'_>, &Candidate) -> String;

/// Every gate with what it says to whom it is closed, in the order of the gates.
const REASONS: [(Gate, Reason); 8] = [
    (Gate::MustSkills, must_skills),
    (Gate::Seniority, seniority),
    (Gate::Hours, hours),
    (Gate::Start, start),
    (Gate::Overlap, overlap),
    (Gate::Rate, rate),
    (Gate::Languages, languages),
    (Gate::Country, country),
];

/// Why `gate` is closed to `candidate`; nothing where it is open.
pub fn reason(gate: Gate, question: &Question<'_>, candidate: &Candidate) -> Option<String> {
    if passes(gate, question, candidate) {
        return None;
    }
    REASONS.iter().find(|(each, _)| *each == gate).map(|(_, reason)| reason(question, candidate))
}

fn must_skills(question: &Question<'_>, candidate: &Candidate) -> String {
    let musts = question.request.skills.iter().filter(|asked| asked.must);
    let short = musts.filter_map(|asked| shortfall(asked, Fit::best(question, candidate, asked)));
    short.collect::<Vec<_>>().join(" ")
}

/// What is short of one must; nothing where it is met.
fn shortfall(asked: &AskedSkill, fit: Option<Fit<'_>>) -> Option<String> {
    let (slug, level) = (&asked.slug, asked.min_level);
    let Some(fit) = fit else { return Some(format!("This request asks {slug} at level {level}; your profile does not name it.")) };
    let (has, years, what) = (fit.held.level, fit.held.years, fit.via.unwrap_or(slug));
    if fit.meets {
        return None;
    }
    if has < level {
        let stated = if fit.held.verified.is_some() { "vetting verified" } else { "you state" };
        return Some(format!("This request asks {slug} at level {level}; {stated} {what} at level {has}."));
    }
    let least = asked.min_years.unwrap_or_default();
    Some(format!("This request asks {least} years of {slug}; you state {years} of {what}."))
}

fn seniority(question: &Question<'_>, candidate: &Candidate) -> String {
    let accepted: Vec<&str> = question.request.seniority.iter().map(|each| each.as_str()).collect();
    let stated = candidate.seniority.map_or("no seniority", |seniority| seniority.as_str());
    format!("This request accepts {}; you state {stated}.", accepted.join(" or "))
}

fn hours(question: &Question<'_>, candidate: &Candidate) -> String {
    let held = question.trial.peak_hours(&candidate.commitments);
    let (stated, asked) = (candidate.hours_per_week, question.request.hours_per_week);
    if held == 0 {
        return format!("You state {stated} hours a week; this request asks {asked}.");
    }
    format!("You state {stated} hours a week, of which {held} are held; this request asks {asked}.")
}

fn start(question: &Question<'_>, candidate: &Candidate) -> String {
    let from = candidate.available_from.map(|date| date.to_string()).unwrap_or_default();
    format!("You are available from {from}; this request starts on {}.", question.request.starts_on)
}

fn overlap(question: &Question<'_>, candidate: &Candidate) -> String {
    let (shared, asked) = (spoken(shared_minutes(question, candidate)), spoken(question.overlap_minutes));
    let day = question.request.starts_on;
    format!("Your working hours share {shared} with the team's on {day}; this request asks {asked}.")
}

/// `2 h 30 min`.
fn spoken(minutes: i64) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

fn rate(question: &Question<'_>, candidate: &Candidate) -> String {
    let (rate, budget) = (candidate.rate, question.request.max_hourly_rate);
    let (own, most) = (rate.display(), budget.display());
    if rate.currency == budget.currency {
        return format!("Your rate is {own} an hour; this request pays at most {most}.");
    }
    match in_currency_of(question, rate, budget) {
        Some(converted) => format!("Your rate is {own} an hour, which is {converted}; this request pays at most {most}."),
        None => format!(
            "Your rate is {own} an hour, which cannot be compared with this request's {most}: state it in {}.",
            budget.currency.code()
        ),
    }
}

/// `rate` in the currency of `budget`, rounded up, so that what is too much looks it.
fn in_currency_of(question: &Question<'_>, rate: Money, budget: Money) -> Option<String> {
    let rates = &question.rules.rates;
    let unit = rates.to_micro_dollars(Money { amount: 1, currency: budget.currency }).filter(|unit| *unit > 0)?;
    let micros = rates.to_micro_dollars(rate)?;
    let amount = i64::try_from((micros + unit - 1) / unit).ok()?;
    Some(Money { amount, currency: budget.currency }.display())
}

fn languages(question: &Question<'_>, candidate: &Candidate) -> String {
    let speaks = |asked: &&String| candidate.languages.iter().any(|spoken| language_satisfies(spoken, asked));
    let missing: Vec<&str> = question.request.languages.iter().filter(|asked| !speaks(asked)).map(String::as_str).collect();
    format!("This request asks the languages {}; your profile does not name {}.", question.request.languages.join(", "), missing.join(", "))
}

fn country(question: &Question<'_>, candidate: &Candidate) -> String {
    let limit = question.request.legal_country_limit.as_ref();
    let countries = limit.map(|limit| limit.countries.join(", ")).unwrap_or_default();
    let stated = candidate.country.as_deref().unwrap_or("none");
    format!("The law lets this work be done from {countries} only; the country you state is {stated}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::craft::Seniority;
    use crate::matching::domain::LegalCountryLimit;
    use crate::matching::domain::Request;
    use crate::matching::sample;

    fn why(gate: Gate, request: &Request, candidate: &Candidate) -> String {
        let rules = sample::rules();
        reason(gate, &Question::new(request, &rules, sample::today()), candidate).unwrap_or_default()
    }

    #[test]
    fn an_open_gate_has_no_reason() {
        for gate in Gate::ALL {
            assert_eq!(why(*gate, &sample::request(), &sample::candidate(1)), "", "{gate}");
        }
        let gates: Vec<Gate> = REASONS.iter().map(|(gate, _)| *gate).collect();
        assert_eq!(gates, Gate::ALL);
    }

    #[test]
    fn every_closed_gate_says_what_would_open_it() {
        let (request, fitting) = (sample::request(), sample::candidate(1));
        let busy = Candidate { hours_per_week: 20, ..fitting.clone().holding(8, "2026-11-01", "2027-06-01") };
        let part = Request { hours_per_week: 32, ..request.clone() };
        assert_eq!(why(Gate::Hours, &part, &busy), "You state 20 hours a week, of which 8 are held; this request asks 32.");
        let free = Candidate { hours_per_week: 20, ..fitting.clone() };
        assert_eq!(why(Gate::Hours, &part, &free), "You state 20 hours a week; this request asks 32.");
        let senior = Request { seniority: vec![Seniority::Senior, Seniority::Staff], ..request.clone() };
        let junior = Candidate { seniority: Some(Seniority::Junior), ..fitting.clone() };
        assert_eq!(why(Gate::Seniority, &senior, &junior), "This request accepts senior or staff; you state junior.");
        let silent = Candidate { seniority: None, ..fitting.clone() };
        assert_eq!(why(Gate::Seniority, &senior, &silent), "This request accepts senior or staff; you state no seniority.");
        let late = Candidate { available_from: Some(sample::date("2027-03-01")), ..fitting.clone() };
        assert_eq!(why(Gate::Start, &request, &late), "You are available from 2027-03-01; this request starts on 2026-12-01.");
        let far = Candidate { time_zone: sample::zone("Asia/Kolkata"), ..fitting.clone() };
        assert_eq!(
            why(Gate::Overlap, &Request { overlap_hours: 4.0, ..request.clone() }, &far),
            "Your working hours share 2 h 30 min with the team's on 2026-12-01; this request asks 4 h."
        );
        let languages = Request { languages: vec!["en".into(), "de".into()], ..request.clone() };
        assert_eq!(why(Gate::Languages, &languages, &fitting), "This request asks the languages en, de; your profile does not name de.");
        let limit = LegalCountryLimit { countries: vec!["DE".into(), "AT".into()], reason: "export control".into() };
        let limited = Request { legal_country_limit: Some(limit), ..request };
        let american = Candidate { country: Some("US".into()), ..fitting };
        assert_eq!(
            why(Gate::Country, &limited, &american),
            "The law lets this work be done from DE, AT only; the country you state is US."
        );
    }

    #[test]
    fn rates_are_told_in_the_requests_currency() {
        let request = Request { max_hourly_rate: sample::money(8_500, "USD"), ..sample::request() };
        let asks =
            |amount, currency| why(Gate::Rate, &request, &Candidate { rate: sample::money(amount, currency), ..sample::candidate(1) });
        assert_eq!(asks(8_501, "USD"), "Your rate is 85.01 USD an hour; this request pays at most 85.00 USD.");
        // 1 EUR is 1.20 USD.
        assert_eq!(asks(7_084, "EUR"), "Your rate is 70.84 EUR an hour, which is 85.01 USD; this request pays at most 85.00 USD.");
        assert!(asks(100, "CHF").ends_with("cannot be compared with this request's 85.00 USD: state it in USD."));
    }

    #[test]
    fn every_missing_must_is_named() {
        let request = sample::request().asks(sample::must("go", 4)).asks(sample::must("grpc", 3)).asks(sample::must("kafka", 2));
        let request = request.asks(AskedSkill { min_years: Some(3.0), ..sample::must("sql", 2) });
        let candidate = sample::candidate(1).claims("go", 3, 2.0).claims("kafka", 2, 1.0).claims("sql", 4, 1.5);
        assert_eq!(
            why(Gate::MustSkills, &request, &candidate),
            "This request asks go at level 4; you state go at level 3. \
             This request asks grpc at level 3; your profile does not name it. \
             This request asks 3 years of sql; you state 1.5 of sql."
        );
        let verified = candidate.claims("go", 5, 9.0).verified("go", 3, "2026-01-01", "2027-12-31");
        assert!(why(Gate::MustSkills, &request, &verified).starts_with("This request asks go at level 4; vetting verified go at level 3."));
    }
}
