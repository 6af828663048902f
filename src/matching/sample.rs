//! Builders for the tests of this room: a request of London and a developer who fits it, to be changed in one thing each.

use chrono::NaiveDate;

use crate::kernel::clock::Instant;
use crate::kernel::craft::SkillLevel;
use crate::kernel::ids::DeveloperId;
use crate::kernel::ids::JobRequestId;
use crate::kernel::money::Currency;
use crate::kernel::money::Money;
use crate::kernel::money::Rates;
use crate::kernel::zone::TimeZone;
use crate::matching::domain::AskedSkill;
use crate::matching::domain::Candidate;
use crate::matching::domain::ClaimedSkill;
use crate::matching::domain::Commitment;
use crate::matching::domain::Preferences;
use crate::matching::domain::Request;
use crate::matching::domain::Responsiveness;
use crate::matching::domain::TrackRecord;
use crate::matching::domain::VerifiedSkill;
use crate::matching::rules::Rules;
use crate::matching::rules::Substitute;
use crate::matching::rules::Substitutes;

pub fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub fn today() -> NaiveDate {
    date("2026-11-20")
}

pub fn zone(name: &str) -> TimeZone {
    TimeZone::parse(name).unwrap()
}

pub fn money(amount: i64, code: &str) -> Money {
    Money { amount, currency: Currency::parse(code).unwrap() }
}

pub fn level(number: u8) -> SkillLevel {
    SkillLevel::new(number).unwrap()
}

pub fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

/// 1 EUR is 1.20 USD; for postgresql stands mysql with 0.70 and mariadb with 0.65, for kafka nats with 0.60.
pub fn rules() -> Rules {
    let substitute = |slug: &str, stands_in: &str, weight| (slug.to_owned(), Substitute { slug: stands_in.to_owned(), weight });
    let rows = [substitute("postgresql", "mariadb", 65), substitute("postgresql", "mysql", 70), substitute("kafka", "nats", 60)];
    let rates = [("USD", 1_000_000), ("EUR", 1_200_000)].map(|(code, rate)| (Currency::parse(code).unwrap(), rate));
    Rules { substitutes: Substitutes::new(rows), rates: Rates::new(rates), ..Rules::default() }
}

/// 40 hours from 1 December 2026 in London, four of them shared a day, up to 85.00 USD, in English; no skills.
pub fn request() -> Request {
    Request {
        id: Some(JobRequestId::from_u128(1)),
        skills: Vec::new(),
        seniority: Vec::new(),
        domains: Vec::new(),
        legal_country_limit: None,
        max_hourly_rate: money(8_500, "USD"),
        hours_per_week: 40,
        starts_on: date("2026-12-01"),
        duration_weeks: None,
        time_zone: zone("Europe/London"),
        working_hours: None,
        overlap_hours: 4.0,
        languages: texts(&["en"]),
    }
}

/// Passes every gate of [`request`]; has no skills and has stated no more than that needs.
pub fn candidate(number: u128) -> Candidate {
    Candidate {
        developer_id: DeveloperId::from_u128(number),
        headline: None,
        seniority: None,
        rate: money(8_000, "USD"),
        hours_per_week: 40,
        available_from: Some(date("2026-11-01")),
        time_zone: zone("Europe/London"),
        working_hours: None,
        country: Some("GB".to_owned()),
        languages: texts(&["en"]),
        domains: Vec::new(),
        skills: [].into(),
        verified: [].into(),
        preferences: Preferences::default(),
        commitments: Vec::new(),
        track_record: TrackRecord::default(),
        responsiveness: Responsiveness::default(),
        accepted_invitations: Vec::new(),
        right_until: None,
    }
}

impl Candidate {
    /// With a claimed skill: level 1–5, years of it.
    pub fn claims(mut self, slug: &str, number: u8, years: f64) -> Self {
        self.skills.insert(slug.to_owned(), ClaimedSkill { level: level(number), years });
        self
    }

    /// With a skill verified at noon UTC of a day, until noon UTC of another.
    pub fn verified(mut self, slug: &str, number: u8, on: &str, until: &str) -> Self {
        let (verified_at, expires_at) = (noon(on), noon(until));
        self.verified.insert(slug.to_owned(), VerifiedSkill { level: level(number), verified_at, expires_at });
        self
    }

    /// With hours a week promised elsewhere from one midnight UTC to another.
    pub fn holding(mut self, hours: u32, from: &str, until: &str) -> Self {
        let midnight = |text| TimeZone::UTC.start_of(date(text));
        self.commitments.push(Commitment { hours, from: midnight(from), until: midnight(until) });
        self
    }
}

impl Request {
    /// With one more skill asked for.
    pub fn asks(mut self, skill: AskedSkill) -> Self {
        self.skills.push(skill);
        self
    }
}

impl AskedSkill {
    /// The same skill, but a substitute will do.
    pub fn adjacent(self) -> Self {
        Self { allow_adjacent: true, ..self }
    }
}

pub fn must(slug: &str, min_level: u8) -> AskedSkill {
    AskedSkill { slug: slug.to_owned(), min_level: level(min_level), min_years: None, must: true, weight: 1, allow_adjacent: false }
}

pub fn nice(slug: &str, min_level: u8) -> AskedSkill {
    AskedSkill { must: false, ..must(slug, min_level) }
}

fn noon(text: &str) -> Instant {
    TimeZone::UTC.at(date(text), 12 * 60)
}
