//! A request against the record table: every gate in order, then the score, all in integers and equal to the reference
//! matcher's to the last hundredth.

use std::cell::Cell;

use guildhall::kernel::craft::EngagementLength;
use guildhall::kernel::money::{Currency, Money};
use guildhall::kernel::text::language_satisfies;
use guildhall::matching::domain::{AskedSkill, Request};
use guildhall::matching::rules::{self, Factor, Rules};
use guildhall::matching::skill_fit::tenths;
use guildhall::matching::working_time::Stretch;

use crate::records::{MILLION, Record, Skill, Table, UNSTATED_DATE, day, length_bit, points};

/// Minutes of overlap above need, and days before the start, beyond which more is not better.
const OVERLAP_CAP: i64 = 120;
const SLACK_CAP: i64 = 14;
/// Divides by every level.
const LEVELS: u64 = 60;
/// Not yet computed.
const UNKNOWN: u16 = u16::MAX;

/// A skill that is asked for, with its number and those of the substitutes that will do.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Skill and worth in hundredths, the best first.
    pub options: Vec<(u16, u32)>,
    /// At least.
    pub level: u8,
    /// At least, in tenths.
    pub years: u16,
    weight: u32,
}

/// The prepared request.
pub struct Question<'a> {
    table: &'a Table,
    /// Nobody passes without one of these.
    pub musts: Vec<Asked>,
    nices: Vec<Asked>,
    /// The accepted ones, a bit each; none accepts all.
    pub seniority: u8,
    /// Asked a week.
    pub hours: u32,
    /// The first day.
    pub starts: i32,
    /// The most that somebody paid in the currency of this number may ask.
    pub budget: Vec<i64>,
    /// Sets of which each must be met.
    pub languages: Vec<u128>,
    countries: Option<Vec<u8>>,
    domains: u32,
    domain_count: u64,
    length: Option<u8>,
    trial: (i64, i64),
    workday: Stretch,
    overlap: i64,
    shared: Vec<Cell<u16>>,
    weights: [u32; 6],
    neutral: u64,
}

impl<'a> Question<'a> {
    /// What `request` asks of `table`.
    pub fn new(request: &Request, table: &'a Table) -> Self {
        let asked = rules::Question::new(request, &table.rules, table.today);
        let ask = |must: bool| request.skills.iter().filter(|each| each.must == must).map(|each| asked_skill(each, table)).collect();
        let satisfying = |tag: &String| table.languages.bits(|spoken| language_satisfies(spoken, tag));
        let country = |country: &String| table.countries.get(country).and_then(|number| u8::try_from(number).ok());
        Self {
            table,
            musts: ask(true),
            nices: ask(false),
            seniority: request.seniority.iter().map(|each| 1 << *each as u8).fold(0, |all, each| all | each),
            hours: request.hours_per_week,
            starts: day(request.starts_on),
            budget: table.currencies.iter().map(|each| most(&table.rules, request.max_hourly_rate, *each)).collect(),
            languages: request.languages.iter().map(satisfying).collect(),
            countries: request.legal_country_limit.as_ref().map(|limit| limit.countries.iter().filter_map(country).collect()),
            domains: request.domains.iter().filter_map(|each| table.domains.get(each)).map(|number| 1 << number).sum(),
            domain_count: request.domains.len() as u64,
            length: request.duration_weeks.map(EngagementLength::of).map(length_bit),
            trial: (asked.trial.from.micros(), asked.trial.until.micros()),
            workday: asked.workday,
            overlap: asked.overlap_minutes,
            shared: vec![Cell::new(UNKNOWN); table.class_count()],
            weights: SCORED.map(|factor| table.rules.weights.of(factor)),
            neutral: table.rules.neutral.min(100).into(),
        }
    }

    /// Every gate in order.
    pub fn passes(&self, record: &Record) -> bool {
        self.passes_musts(record) && self.passes_others(record)
    }

    /// The first gate.
    pub fn passes_musts(&self, record: &Record) -> bool {
        self.musts.iter().all(|asked| asked.options.iter().any(|(skill, _)| held(record, *skill).is_some_and(|held| asked.is_met(held))))
    }

    /// All gates but the first.
    pub fn passes_others(&self, record: &Record) -> bool {
        (self.seniority == 0 || self.seniority & record.seniority != 0)
            && self.peak(record) + self.hours <= u32::from(record.hours)
            && record.available <= self.starts
            && (self.overlap == 0 || self.shared(record) >= self.overlap)
            && record.rate <= self.budget[usize::from(record.currency)]
            && self.languages.iter().all(|set| set & record.languages != 0)
            && self.countries.as_ref().is_none_or(|countries| countries.contains(&record.country))
    }

    /// Whether any must asks for years.
    pub fn asks_years(&self) -> bool {
        self.musts.iter().any(|asked| asked.years > 0)
    }

    fn peak(&self, record: &Record) -> u32 {
        let held_at = |at: i64| record.holds.iter().filter(|hold| hold.from <= at && at < hold.until).map(|hold| hold.hours).sum();
        let (from, until) = self.trial;
        let begins = record.holds.iter().map(|hold| hold.from).filter(|begin| from < *begin && *begin < until);
        if record.holds.is_empty() { 0 } else { begins.chain([from]).map(held_at).max().unwrap_or(0) }
    }

    fn shared(&self, record: &Record) -> i64 {
        let known = &self.shared[usize::from(record.class)];
        if known.get() == UNKNOWN {
            known.set(u16::try_from(self.table.shared_minutes(self.workday, record.class)).unwrap_or_default());
        }
        known.get().into()
    }

    /// The score, in hundredths, of somebody who passes.
    pub fn score(&self, record: &Record) -> u32 {
        let [must, nice, evidence, interest, domain, logistics] = self.weights;
        let (mut worth, mut shown, mut asked) = (0, 0, 0);
        let mut show = |fit: &Fit| {
            shown += u64::from(fit.evidence);
            asked += 1;
        };
        for each in &self.musts {
            if let Some(fit) = each.best_met(record) {
                worth += u64::from(fit.worth);
                show(&fit);
            }
        }
        let (mut there, mut weights) = (0, 0);
        for each in &self.nices {
            weights += u64::from(each.weight);
            if let Some(fit) = each.best(record) {
                there += u64::from(each.weight) * u64::from(fit.worth) * (LEVELS / u64::from(each.level));
                show(&fit);
            }
        }
        let of_musts = if self.musts.is_empty() { must * 100 } else { points(worth, 100 * self.musts.len() as u64, must) };
        let of_nices = if weights == 0 { nice * 100 } else { points(there, LEVELS * 100 * weights, nice) };
        let of_evidence = match asked {
            0 if self.musts.is_empty() && self.nices.is_empty() => evidence * 100,
            0 => 0,
            _ => points(shown, u64::from(MILLION) * asked, evidence),
        };
        let of_domain =
            if self.domain_count == 0 { domain * 100 } else { points(self.share(record.domains), 100 * self.domain_count, domain) };
        let others = self.interest(record, interest) + self.logistics(record, logistics);
        of_musts + of_nices + of_evidence + of_domain + others + u32::from(record.own_points)
    }

    /// The share of the asked domains, in hundredths of their number; neutral where none are stated.
    fn share(&self, own: u32) -> u64 {
        if own == 0 { self.neutral * self.domain_count } else { 100 * u64::from((own & self.domains).count_ones()) }
    }

    fn interest(&self, record: &Record, weight: u32) -> u32 {
        let domains = self.domain_count.max(1);
        let (mut sum, mut count) = (0, 1);
        if self.domain_count > 0 {
            sum += self.share(record.liked);
            count += 1;
        }
        if let Some(length) = self.length {
            sum += domains * self.whole_if(record.lengths & length != 0, record.lengths != 0);
            count += 1;
        }
        let likes = u32::from(record.least) <= self.hours && (record.most == u16::MAX || self.hours <= u32::from(record.most));
        sum += domains * self.whole_if(likes, record.least != 0 || record.most != u16::MAX);
        points(sum, 100 * domains * count, weight)
    }

    /// All or nothing of a hundred; neutral where nothing is stated.
    fn whole_if(&self, condition: bool, stated: bool) -> u64 {
        match (stated, condition) {
            (false, _) => self.neutral,
            (true, condition) => 100 * u64::from(condition),
        }
    }

    /// A third each: the rate; the overlap above need; the days before the start.
    fn logistics(&self, record: &Record, weight: u32) -> u32 {
        let countable = (self.workday.minutes() - self.overlap).min(OVERLAP_CAP);
        let (above, of) = if self.overlap == 0 || countable <= 0 {
            (1, 1)
        } else {
            ((self.shared(record) - self.overlap).clamp(0, countable), countable)
        };
        let slack = match record.available {
            UNSTATED_DATE => self.neutral * 14,
            date => 100 * (i64::from(self.starts) - i64::from(date)).clamp(0, SLACK_CAP) as u64,
        };
        let (above, of) = (above as u64, of as u64);
        points(1400 * of + 1400 * above + of * slack, 3 * 1400 * of, weight)
    }
}

/// The factors that depend on the request, in the order in which their weights are kept.
const SCORED: [Factor; 6] =
    [Factor::MustHaveSkills, Factor::NiceToHaveSkills, Factor::Evidence, Factor::DeveloperInterest, Factor::Domain, Factor::Logistics];

struct Fit {
    /// Worth, for a nice-to-have times its levels.
    worth: u32,
    evidence: u32,
}

impl Asked {
    /// Whether level and years are as asked.
    pub fn is_met(&self, held: &Skill) -> bool {
        held.level >= self.level && held.years >= self.years
    }

    /// The option that meets what is asked and is worth most; the options are in that order.
    fn best_met(&self, record: &Record) -> Option<Fit> {
        let fits = self.options.iter().filter_map(|(skill, worth)| {
            held(record, *skill).filter(|held| self.is_met(held)).map(|held| Fit { worth: *worth, evidence: held.evidence })
        });
        fits.reduce(|best, next| if next.worth > best.worth { next } else { best })
    }

    /// The option with the most levels of the asked ones, by their worth.
    fn best(&self, record: &Record) -> Option<Fit> {
        let fits = self.options.iter().filter_map(|(skill, worth)| {
            held(record, *skill).map(|held| Fit { worth: u32::from(held.level.min(self.level)) * worth, evidence: held.evidence })
        });
        fits.reduce(|best, next| if next.worth > best.worth { next } else { best })
    }
}

fn held(record: &Record, skill: u16) -> Option<&Skill> {
    record.skills.iter().find(|each| each.skill == skill)
}

fn asked_skill(asked: &AskedSkill, table: &Table) -> Asked {
    let substitutes = table.rules.substitutes.of(&asked.slug).iter().filter(|_| asked.allow_adjacent);
    let options = substitutes.map(|each| (each.slug.as_str(), each.weight.min(100)));
    let options = std::iter::once((asked.slug.as_str(), 100)).chain(options);
    Asked {
        // A skill that nobody has has no number.
        options: options.filter_map(|(slug, worth)| Some((table.skills.get(slug)?, worth))).collect(),
        level: asked.min_level.number(),
        years: asked.min_years.map_or(0, |years| u16::try_from(tenths(years)).unwrap_or(u16::MAX)),
        weight: asked.weight,
    }
}

/// The largest amount of `currency` that is within `budget`; below 0 where they cannot be compared.
fn most(rules: &Rules, budget: Money, currency: Currency) -> i64 {
    if currency == budget.currency {
        return budget.amount;
    }
    let unit = Money { amount: 10_i64.pow(currency.exponent()), currency };
    let Some((rate, budget)) = rules.rates.to_micro_dollars(unit).zip(rules.rates.to_micro_dollars(budget)) else { return -1 };
    // amount · rate / unit, rounded down, is within the budget up to the last amount below (budget + 1) · unit / rate.
    i64::try_from(((budget + 1) * i128::from(unit.amount) - 1) / rate).unwrap_or(i64::MAX)
}
