//! Developers as plain structs with numbers for words: what somebody who knows the trade would scan, and what all peers verify
//! and score from. What depends only on the developer and the day is computed once, here.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;

use guildhall::kernel::craft::EngagementLength;
use guildhall::kernel::ids::DeveloperId;
use guildhall::kernel::money::Currency;
use guildhall::kernel::zone::{TimeZone, add_days};
use guildhall::matching::domain::{Candidate, Preferences, WorkingHours};
use guildhall::matching::rules::{Factor, Rules};
use guildhall::matching::skill_fit::{Held, tenths};
use guildhall::matching::working_time::Stretch;

use crate::names::Names;

/// The first day after `today` on which no request starts.
const DAYS_AHEAD: usize = 100;
/// No date stated: free since ever, at the gate.
pub const UNSTATED_DATE: i32 = i32::MIN;
/// What evidence is counted in.
pub const MILLION: u32 = 1_000_000;

/// A skill as it is had on the table's day.
#[derive(Debug, Clone, Copy)]
pub struct Skill {
    /// In millionths.
    pub evidence: u32,
    /// Its number.
    pub skill: u16,
    /// In tenths.
    pub years: u16,
    /// The verified one, else the claimed one.
    pub level: u8,
}

/// Hours a week held from one microsecond to just before another.
#[derive(Debug, Clone, Copy)]
pub struct Hold {
    /// The first.
    pub from: i64,
    /// The first after it.
    pub until: i64,
    /// A week.
    pub hours: u32,
}

/// A developer.
#[derive(Debug, Clone)]
pub struct Record {
    /// Who.
    pub developer: DeveloperId,
    /// In no order that matters; a dozen.
    pub skills: Vec<Skill>,
    /// Mostly none.
    pub holds: Vec<Hold>,
    /// In minor units of `currency`.
    pub rate: i64,
    /// Days since the common era, or [`UNSTATED_DATE`].
    pub available: i32,
    /// A bit per business domain, worked in and liked.
    pub domains: u32,
    /// Likewise; none is not stated.
    pub liked: u32,
    /// A bit per tag.
    pub languages: u128,
    /// Zone and working hours, by number.
    pub class: u16,
    /// A week, in all.
    pub hours: u16,
    /// Liked hours a week; from 0 to 65,535 is not stated.
    pub least: u16,
    /// Likewise.
    pub most: u16,
    /// Points that no request changes, in hundredths.
    pub own_points: u16,
    /// By number; 0 is not stated.
    pub country: u8,
    /// By number.
    pub currency: u8,
    /// One bit; none is not stated.
    pub seniority: u8,
    /// A bit per length; none is not stated.
    pub lengths: u8,
}

/// All developers of a pool on a day, in slots.
pub struct Table {
    /// The developers.
    pub records: Vec<Record>,
    /// By which rules.
    pub rules: Arc<Rules>,
    /// The day.
    pub today: NaiveDate,
    pub(crate) skills: Names,
    pub(crate) domains: Names,
    pub(crate) languages: Names,
    pub(crate) countries: Names,
    pub(crate) currencies: Vec<Currency>,
    classes: HashMap<(&'static str, Option<WorkingHours>), u16>,
    /// Of each class the workdays from the day before yesterday on, in minutes since 1970.
    workdays: Vec<Vec<(i32, i32)>>,
}

impl Table {
    /// The table of `candidates`, in their order.
    pub fn new(rules: Arc<Rules>, candidates: impl IntoIterator<Item = Candidate>, today: NaiveDate) -> Self {
        let mut table = Self {
            records: Vec::new(),
            rules,
            today,
            skills: Names::default(),
            domains: Names::default(),
            languages: Names::default(),
            countries: Names::default(),
            currencies: Vec::new(),
            classes: HashMap::new(),
            workdays: Vec::new(),
        };
        table.countries.add("");
        for candidate in candidates {
            let record = table.record(&candidate);
            table.records.push(record);
        }
        table
    }

    /// What `candidate` has become.
    pub fn replace(&mut self, slot: usize, candidate: &Candidate) {
        self.records[slot] = self.record(candidate);
    }

    /// How many skills have a number.
    pub fn skill_count(&self) -> usize {
        self.skills.words().len()
    }

    /// How many classes of zone and working hours there are.
    pub fn class_count(&self) -> usize {
        self.workdays.len()
    }

    /// The minutes of `workday` inside the working hours of `class`, as the reference matcher counts them.
    pub fn shared_minutes(&self, workday: Stretch, class: u16) -> i64 {
        let (from, until) = minutes(workday);
        let first = self.today.signed_duration_since(workday.from.date()).num_days();
        // The local date may be a day before or after the UTC date: four workdays can meet the stretch at most.
        let place = usize::try_from(DAYS_BACK - 2 - first).unwrap_or_default();
        let near = self.workdays[usize::from(class)].iter().skip(place).take(5);
        near.map(|(begin, end)| i64::from((until.min(*end) - from.max(*begin)).max(0))).sum()
    }

    fn record(&mut self, candidate: &Candidate) -> Record {
        let preferences = &candidate.preferences;
        Record {
            developer: candidate.developer_id,
            skills: self.skills(candidate),
            holds: holds(candidate),
            rate: candidate.rate.amount,
            available: candidate.available_from.map_or(UNSTATED_DATE, day),
            domains: candidate.domains.iter().map(|each| self.domains.add_bit(each)).fold(0, |all, each| all | each),
            liked: preferences.domains.iter().flatten().map(|each| self.domains.add_bit(each)).fold(0, |all, each| all | each),
            languages: candidate.languages.iter().map(|each| 1_u128 << self.languages.add(each)).fold(0, |all, each| all | each),
            class: self.class(candidate.time_zone, candidate.working_hours),
            hours: small(candidate.hours_per_week),
            least: preferences.min_hours.map_or(0, small),
            most: preferences.max_hours.map_or(u16::MAX, small),
            own_points: own_points(&self.rules, candidate),
            country: candidate.country.as_deref().map_or(0, |country| byte(self.countries.add(country))),
            currency: self.currency(candidate.rate.currency),
            seniority: candidate.seniority.map_or(0, |seniority| 1 << seniority as u8),
            lengths: lengths(preferences),
        }
    }

    fn skills(&mut self, candidate: &Candidate) -> Vec<Skill> {
        let only_verified = candidate.verified.keys().filter(|slug| !candidate.skills.contains_key(*slug));
        let slugs = candidate.skills.keys().chain(only_verified);
        let mut skills: Vec<Skill> = Vec::with_capacity(candidate.skills.len());
        for slug in slugs {
            let Some(held) = Held::of(candidate, slug, self.today) else { continue };
            skills.push(Skill {
                evidence: evidence(&held, self.today),
                skill: self.skills.add(slug),
                years: small(tenths(held.years)),
                level: held.level.number(),
            });
        }
        skills
    }

    fn currency(&mut self, currency: Currency) -> u8 {
        let place = self.currencies.iter().position(|each| *each == currency).unwrap_or_else(|| {
            self.currencies.push(currency);
            self.currencies.len() - 1
        });
        u8::try_from(place).unwrap_or_default()
    }

    fn class(&mut self, zone: TimeZone, hours: Option<WorkingHours>) -> u16 {
        let next = small(u32::try_from(self.workdays.len()).unwrap_or(u32::MAX));
        let class = *self.classes.entry((zone.name(), hours)).or_insert(next);
        if class == next {
            let dates = (-DAYS_BACK..DAYS_AHEAD as i64).map(|days| add_days(self.today, days));
            self.workdays.push(dates.map(|date| minutes(Stretch::workday(zone, hours, date))).collect());
        }
        class
    }
}

/// The first workday of a class lies so many days before today.
const DAYS_BACK: i64 = 4;

fn minutes(stretch: Stretch) -> (i32, i32) {
    let minute = |micros: i64| i32::try_from(micros.div_euclid(60_000_000)).unwrap_or_default();
    (minute(stretch.from.micros()), minute(stretch.until.micros()))
}

/// A date as a number of days.
pub fn day(date: NaiveDate) -> i32 {
    use chrono::Datelike as _;
    date.num_days_from_ce()
}

fn small(number: u32) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

fn byte(number: u16) -> u8 {
    u8::try_from(number).expect("fewer than 256 countries")
}

/// As the reference matcher has it: 1 on the day of vetting, falling to 0.5 at expiry, half-up to millionths; claimed 0.3.
fn evidence(held: &Held, today: NaiveDate) -> u32 {
    let Some(verified) = held.verified else { return 300_000 };
    let from = verified.verified_at.date();
    let valid = (verified.expires_at.date() - from).num_days().max(1);
    let left = 2 * valid - (today - from).num_days().clamp(0, valid);
    u32::try_from((left * i64::from(MILLION) + valid) / (2 * valid)).unwrap_or_default()
}

fn holds(candidate: &Candidate) -> Vec<Hold> {
    candidate.commitments.iter().map(|each| Hold { from: each.from.micros(), until: each.until.micros(), hours: each.hours }).collect()
}

fn lengths(preferences: &Preferences) -> u8 {
    preferences.lengths.iter().flatten().map(|length| length_bit(*length)).fold(0, |all, each| all | each)
}

/// The bit of a length.
pub fn length_bit(length: EngagementLength) -> u8 {
    1 << length as u8
}

/// Track record and responsiveness, which no request changes.
fn own_points(rules: &Rules, candidate: &Candidate) -> u16 {
    let (track, answers) = (candidate.track_record, candidate.responsiveness);
    let track = points(u64::from(track.good.min(track.ended)) + 2, u64::from(track.ended) + 4, rules.weights.of(Factor::TrackRecord));
    let weight = rules.weights.of(Factor::Responsiveness);
    let answers = match answers.asked {
        0 => points(rules.neutral.min(100).into(), 100, weight),
        asked => points(answers.answered_within_48h.min(asked).into(), asked.into(), weight),
    };
    small(track + answers)
}

/// `numerator / denominator` of `weight` points, half-up, in hundredths.
pub fn points(numerator: u64, denominator: u64, weight: u32) -> u32 {
    let hundredths = (2 * numerator * u64::from(weight) * 100 + denominator) / (2 * denominator);
    u32::try_from(hundredths).unwrap_or_default()
}
