//! Profiles from survey respondents: real skills, years, country and rate; what the survey does not tell is made up from a
//! fixed seed, and the profile says so.

use chrono::NaiveDate;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde::Deserialize;

use crate::demo::zones::{UNITED_STATES, zone_of};
use crate::developers::profile::{ClaimedSkill, EngagementPreferences, Profile};
use crate::kernel::craft::{EngagementLength, Seniority, SkillLevel};
use crate::kernel::money::{Currency, Money};
use crate::kernel::zone::{TimeZone, add_days};

const SAMPLE: &str = include_str!("developers.jsonl");
/// The same demo on every machine.
const SEED: u64 = 2026;
const DOMAINS: [&str; 10] =
    ["payments", "e-commerce", "logistics", "health", "gaming", "media", "security", "telecom", "energy", "education"];

/// What a client of Go developers looks for first.
const BACKEND: [&str; 12] =
    ["go", "postgresql", "kubernetes", "docker", "redis", "kafka", "grpc", "aws", "elasticsearch", "mysql", "mongodb", "linux"];

/// A line of the sample.
#[derive(Debug, Deserialize)]
pub struct Respondent {
    /// The survey's number of the answer.
    pub respondent: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Slugs of the catalogue; `go` first.
    pub skills: Vec<String>,
    /// Years of coding, where the survey asked.
    pub years: Option<f64>,
    /// Estimated from yearly pay.
    pub rate_usd_hour: i64,
    /// As stated.
    pub hours_per_week: Option<f64>,
}

/// The first `count` respondents, each with a profile for a demo that begins on `today`.
///
/// # Errors
/// Never for the sample that is built in.
pub fn profiles(count: usize, today: NaiveDate) -> Result<Vec<(Respondent, Profile)>, serde_json::Error> {
    let mut random = StdRng::seed_from_u64(SEED);
    SAMPLE
        .lines()
        .take(count)
        .map(|line| {
            let respondent: Respondent = serde_json::from_str(line)?;
            let profile = profile(&respondent, today, &mut random);
            Ok((respondent, profile))
        })
        .collect()
}

fn profile(respondent: &Respondent, today: NaiveDate, random: &mut StdRng) -> Profile {
    let years = respondent.years.unwrap_or_else(|| f64::from(random.random_range(2..=15_u32))).min(50.0);
    let country = respondent.country.as_str();
    let zone = if country == "US" { UNITED_STATES.choose(random).copied().unwrap_or("UTC") } else { zone_of(country) };
    let hours = [20, 30, 40, 40, 40].choose(random).copied();
    Profile {
        headline: Some(headline(respondent)),
        summary: Some(format!(
            "Sample profile made from an anonymous survey answer ({}). Levels, zone and availability are synthetic.",
            respondent.respondent
        )),
        seniority: Some(seniority(years)),
        hourly_rate: Currency::parse("USD").map(|currency| Money { amount: respondent.rate_usd_hour * 100, currency }),
        hours_per_week: respondent.hours_per_week.map(whole).or(hours),
        available_from: Some(add_days(today, random.random_range(-30..=20))),
        time_zone: TimeZone::parse(zone),
        country: Some(country.to_owned()),
        languages: vec!["en".to_owned()],
        domains: DOMAINS.sample(random, 2).map(|domain| (*domain).to_owned()).collect(),
        skills: respondent.skills.iter().enumerate().map(|(place, slug)| claim(slug, place, years, random)).collect(),
        preferences: preferences(random),
        ..Profile::default()
    }
}

/// Composed from the data, nothing more.
fn headline(respondent: &Respondent) -> String {
    format!("Go engineer: {}", respondent.best(4).join(", "))
}

impl Respondent {
    /// So many of the respondent's skills, those of a backend first.
    pub fn best(&self, count: usize) -> Vec<&str> {
        let mut skills: Vec<&str> = self.skills.iter().map(String::as_str).collect();
        skills.sort_by_key(|slug| BACKEND.iter().position(|each| each == slug).unwrap_or(BACKEND.len()));
        skills.truncate(count);
        skills
    }
}

fn seniority(years: f64) -> Seniority {
    match whole(years) {
        ..=2 => Seniority::Junior,
        3..=5 => Seniority::Middle,
        6..=11 => Seniority::Senior,
        12..=19 => Seniority::Staff,
        _ => Seniority::Principal,
    }
}

fn claim(slug: &str, place: usize, years: f64, random: &mut StdRng) -> ClaimedSkill {
    let best = if place == 0 { 3..=5_u8 } else { 1..=5_u8 };
    let level = SkillLevel::new(random.random_range(best)).unwrap_or(SkillLevel::MIN);
    let share = f64::from(random.random_range(2..=10_u32)) / 10.0;
    ClaimedSkill { slug: slug.to_owned(), level, years: (years * share * 2.0).round() / 2.0 }
}

/// Half of the people state what they would like.
fn preferences(random: &mut StdRng) -> EngagementPreferences {
    if random.random_bool(0.5) {
        return EngagementPreferences::default();
    }
    EngagementPreferences {
        domains: DOMAINS.sample(random, 2).map(|domain| (*domain).to_owned()).collect(),
        lengths: vec![EngagementLength::Medium, EngagementLength::Long],
        min_hours: Some(20),
        max_hours: None,
    }
}

fn whole(number: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "years and hours of the sample are small")]
    let whole = number.round().clamp(0.0, 80.0) as i64;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_whole_and_the_same_every_time() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        let (first, second) = (profiles(2000, today).unwrap(), profiles(2000, today).unwrap());
        assert_eq!(first.len(), 2000);
        for ((respondent, profile), (_, again)) in first.iter().zip(&second) {
            assert_eq!(profile, again);
            assert_eq!(profile.skills[0].slug, "go");
            assert_eq!(profile.hourly_rate.unwrap().amount, respondent.rate_usd_hour * 100);
            assert!(profile.hours_per_week.is_some() && profile.time_zone.is_some());
        }
        let in_utc = first.iter().filter(|(_, profile)| profile.time_zone == Some(TimeZone::UTC)).count();
        assert!(in_utc < 100, "{in_utc} without a zone of their own");
    }
}
