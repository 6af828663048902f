//! The world that developers and requests are drawn from: the shipped catalogue with the popularity of the survey's sample, its
//! "used together" relation, places, currencies, and the matching rules.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;

use guildhall::demo::sample;
use guildhall::kernel::money::{Currency, Money, Rates};
use guildhall::kernel::zone::TimeZone;
use guildhall::matching::rules::{Rules, Substitute, Substitutes};
use guildhall::skills::catalogue;

use crate::random::Random;
use crate::zones::PLACES;

/// How many skills there are: the catalogue's, and beyond them a long tail of made-up rare ones.
pub const SKILLS: usize = 1000;
/// How many respondents the survey's sample has.
pub const RESPONDENTS: usize = 2000;
/// Millionths of a US dollar per unit.
const RATES: [(&str, i64); 9] = [
    ("USD", 1_000_000),
    ("EUR", 1_160_000),
    ("GBP", 1_320_000),
    ("CAD", 710_000),
    ("AUD", 650_000),
    ("PLN", 273_000),
    ("BRL", 187_000),
    ("INR", 11_300),
    ("JPY", 6_500),
];
/// Business domains.
pub const DOMAINS: [&str; 12] = [
    "payments",
    "e-commerce",
    "logistics",
    "health",
    "gaming",
    "media",
    "security",
    "telecom",
    "energy",
    "education",
    "travel",
    "insurance",
];

/// What everything is drawn from.
pub struct World {
    /// The UTC day of every question.
    pub today: NaiveDate,
    /// Slugs, the most popular first; `go` is one of them.
    pub skills: Vec<String>,
    /// Where `go` is among them.
    pub go: usize,
    /// The zones of [`PLACES`].
    pub zones: Vec<TimeZone>,
    /// How matches are made.
    pub rules: Arc<Rules>,
    popularity: Vec<u64>,
    neighbors: Vec<(Vec<usize>, Vec<u64>)>,
    shares: Vec<u64>,
}

impl World {
    /// The world on `today`.
    pub fn new(today: NaiveDate) -> Self {
        let skills = skills(today);
        let places: HashMap<&str, usize> = skills.iter().enumerate().map(|(place, slug)| (slug.as_str(), place)).collect();
        let neighbors = neighbors(&skills, &places);
        Self {
            today,
            go: places["go"],
            zones: PLACES.iter().map(|place| TimeZone::parse(place.zone).expect("a zone")).collect(),
            rules: Arc::new(rules()),
            // Zipf: the skill of rank r is drawn 1/r as often as the first.
            popularity: cumulative((1..=skills.len() as u64).map(|rank| 1_000_000 / rank)),
            shares: cumulative(PLACES.iter().map(|place| place.share)),
            neighbors,
            skills,
        }
    }

    /// A skill, by popularity.
    pub fn any_skill(&self, random: &mut Random) -> usize {
        random.weighted(&self.popularity)
    }

    /// A skill that is used together with `skill`; any where none is known.
    pub fn near(&self, skill: usize, random: &mut Random) -> usize {
        let (places, weights) = &self.neighbors[skill];
        if places.is_empty() { self.any_skill(random) } else { places[random.weighted(weights)] }
    }

    /// `count` different skills, walking from one to another that is used with it and sometimes jumping elsewhere; `skills`
    /// is where to begin.
    pub fn walk(&self, mut skills: Vec<usize>, count: usize, random: &mut Random) -> Vec<usize> {
        let mut at = self.any_skill(random);
        while skills.len() < count {
            if !skills.contains(&at) {
                skills.push(at);
            }
            at = if random.percent(20) { self.any_skill(random) } else { self.near(at, random) };
        }
        skills
    }

    /// A place of [`PLACES`], by its share.
    pub fn any_place(&self, random: &mut Random) -> usize {
        random.weighted(&self.shares)
    }
}

/// Sums of weights, each with all before.
fn cumulative(weights: impl Iterator<Item = u64>) -> Vec<u64> {
    weights
        .scan(0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        })
        .collect()
}

/// The catalogue's slugs, those that more respondents of the sample name first; then the tail.
fn skills(today: NaiveDate) -> Vec<String> {
    let mut named: HashMap<String, usize> = HashMap::new();
    for (respondent, _) in sample::profiles(RESPONDENTS, today).expect("the sample") {
        respondent.skills.into_iter().for_each(|slug| *named.entry(slug).or_default() += 1);
    }
    let catalogue = catalogue::seed().expect("the catalogue");
    let mut slugs: Vec<String> = catalogue.skills().map(|skill| skill.slug.to_string()).collect();
    slugs.sort_by_key(|slug| (std::cmp::Reverse(named.get(slug).copied().unwrap_or_default()), slug.clone()));
    let tail = slugs.len()..SKILLS;
    slugs.extend(tail.map(|number| format!("rare-{number}")));
    slugs
}

fn neighbors(skills: &[String], places: &HashMap<&str, usize>) -> Vec<(Vec<usize>, Vec<u64>)> {
    let catalogue = catalogue::seed().expect("the catalogue");
    let of = |slug: &String| {
        let near = slug.parse().map(|slug| catalogue.neighbors_of(&slug).to_vec()).unwrap_or_default();
        let weights = cumulative(near.iter().map(|(_, weight)| weight.unsigned_abs()));
        (near.iter().map(|(slug, _)| places[slug.as_str()]).collect(), weights)
    };
    skills.iter().map(of).collect()
}

/// A currency of this world.
pub fn currency(code: &str) -> Currency {
    Currency::parse(code).expect("a currency")
}

/// So many US cents in another currency, in its minor units, to whole tens of them.
pub fn money(cents: i64, code: &str) -> Money {
    let rate = RATES.iter().find(|(each, _)| *each == code).map_or(1_000_000, |(_, rate)| *rate);
    let currency = currency(code);
    let minor = cents * 10_000 * 10_i64.pow(currency.exponent()) / rate;
    Money { amount: (minor / 10).max(1) * 10, currency }
}

/// The default weights, the catalogue's substitutes, the rates above.
fn rules() -> Rules {
    let catalogue = catalogue::seed().expect("the catalogue");
    let rows = catalogue.skills().flat_map(|skill| {
        let substitutes = catalogue.substitutes_of(&skill.slug).iter();
        substitutes.map(|(slug, weight)| {
            let weight = u32::try_from(*weight).unwrap_or_default();
            (skill.slug.to_string(), Substitute { slug: slug.to_string(), weight })
        })
    });
    let substitutes = Substitutes::new(rows.collect::<Vec<_>>());
    Rules { substitutes, rates: Rates::new(RATES.map(|(code, rate)| (currency(code), rate))), ..Rules::default() }
}
