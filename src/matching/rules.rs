//! What a match is computed by besides its two sides: the factors' weights, the substitutes, the numbers of a trial.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::kernel::error::Faults;
use crate::kernel::error::Result;
use crate::kernel::money::Rates;
use crate::kernel::words::Word;
use crate::matching::domain::Request;
use crate::matching::ratio::Points;
use crate::matching::ratio::Ratio;
use crate::matching::working_time::Stretch;
use crate::skills::domain::Catalogue;
use crate::skills::domain::Slug;
use crate::words;

words! {
    /// What a score is the sum of, in the order in which it is explained.
    pub enum Factor {
        /// The musts, by themselves or by substitutes.
        MustHaveSkills => "must_have_skills",
        /// The nice-to-haves, as far as they are there.
        NiceToHaveSkills => "nice_to_have_skills",
        /// How well the asked skills are shown.
        Evidence => "evidence",
        /// Whether the developer would like this.
        DeveloperInterest => "developer_interest",
        /// The business domains.
        Domain => "domain",
        /// Time shared beyond need, time before the start; the rate only as inside the budget.
        Logistics => "logistics",
        /// How trials ended.
        TrackRecord => "track_record",
        /// How quickly offers and invitations are answered.
        Responsiveness => "responsiveness",
    }
}

/// The most points that each factor gives; they sum to 100.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weights(BTreeMap<Factor, u32>);

impl Weights {
    /// Weights by the factors' names, as the configuration's `matching.weights` has them.
    ///
    /// # Errors
    /// Validation faults for every factor that is missing or unknown, and for a sum that is not 100; each names its key.
    pub fn new<'a>(named: impl IntoIterator<Item = (&'a str, u32)>) -> Result<Self> {
        let (mut weights, mut faults) = (BTreeMap::new(), Faults::default());
        for (name, weight) in named {
            match Factor::parse(name) {
                Some(factor) => drop(weights.insert(factor, weight)),
                None => faults.add(format!("/matching/weights/{name}"), format!("matching.weights.{name} is no factor of the score")),
            }
        }
        for factor in Factor::ALL.iter().filter(|factor| !weights.contains_key(factor)) {
            faults.add(format!("/matching/weights/{factor}"), format!("matching.weights.{factor} is missing"));
        }
        let sum: u64 = weights.values().map(|weight| u64::from(*weight)).sum();
        if sum != 100 {
            faults.add("/matching/weights", format!("matching.weights must sum to 100; they sum to {sum}"));
        }
        faults.finish().map(|()| Self(weights))
    }

    /// The most points that `factor` gives.
    pub fn of(&self, factor: Factor) -> u32 {
        self.0.get(&factor).copied().unwrap_or_default()
    }
}

impl Default for Weights {
    fn default() -> Self {
        Self(Factor::ALL.iter().copied().zip([25, 15, 20, 12, 10, 10, 5, 3]).collect())
    }
}

/// A skill that can stand in for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Substitute {
    /// Which.
    pub slug: String,
    /// How well, in hundredths (50–95).
    pub weight: u32,
}

/// The curated substitutes by the skill that they stand in for. What is merely used together is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Substitutes(BTreeMap<String, Vec<Substitute>>);

impl Substitutes {
    /// From rows of (asked skill, its substitute), in any order.
    pub fn new(rows: impl IntoIterator<Item = (String, Substitute)>) -> Self {
        let mut by_slug: BTreeMap<String, Vec<Substitute>> = BTreeMap::new();
        for (slug, substitute) in rows {
            by_slug.entry(slug).or_default().push(substitute);
        }
        // The best first, so that of two that serve as well every node names the same.
        for substitutes in by_slug.values_mut() {
            substitutes.sort_by(|left, right| right.weight.cmp(&left.weight).then_with(|| left.slug.cmp(&right.slug)));
        }
        Self(by_slug)
    }

    /// Those of the catalogue.
    pub fn curated(catalogue: &Catalogue) -> Self {
        let rows = catalogue.skills().flat_map(|skill| {
            let substitute = |(slug, weight): &(Slug, i64)| {
                let weight = u32::try_from(*weight).unwrap_or_default();
                (skill.slug.to_string(), Substitute { slug: slug.to_string(), weight })
            };
            catalogue.substitutes_of(&skill.slug).iter().map(substitute)
        });
        Self::new(rows)
    }

    /// The substitutes for `slug`, the best first.
    pub fn of(&self, slug: &str) -> &[Substitute] {
        self.0.get(slug).map_or(&[], Vec::as_slice)
    }
}

/// Everything about matching that is configuration or catalogue.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// The most points of each factor.
    pub weights: Weights,
    /// The share of what a developer has not stated, in hundredths.
    pub neutral: u32,
    /// Days of a trial, after which …
    pub trial_days: u32,
    /// … hours stay held for these days of grace.
    pub grace_days: u32,
    /// Confidence is high while at most this many points rest on what is not stated, …
    pub high_confidence: Points,
    /// … medium while at most this many do, and low beyond.
    pub medium_confidence: Points,
    /// Which skill can stand in for which.
    pub substitutes: Substitutes,
    /// What currencies are worth.
    pub rates: Rates,
    /// Changes with the weights or the rules.
    pub scoring_version: String,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            weights: Weights::default(),
            neutral: 50,
            trial_days: 30,
            grace_days: 5,
            high_confidence: Points::from_hundredths(10_00),
            medium_confidence: Points::from_hundredths(25_00),
            substitutes: Substitutes::default(),
            rates: Rates::default(),
            scoring_version: "1".to_owned(),
        }
    }
}

/// A request under rules on a UTC day, with what is the same for every developer computed once.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// What is asked.
    pub request: &'a Request,
    /// By which rules.
    pub rules: &'a Rules,
    /// The UTC day on which parts that depend on time are evaluated.
    pub today: NaiveDate,
    /// The asked overlap, in minutes.
    pub overlap_minutes: i64,
    /// The request's working hours on its start date.
    pub workday: Stretch,
    /// From the start of the trial to the end of its grace.
    pub trial: Stretch,
}

impl<'a> Question<'a> {
    /// The question that `request` asks on `today`.
    pub fn new(request: &'a Request, rules: &'a Rules, today: NaiveDate) -> Self {
        let (zone, starts_on) = (request.time_zone, request.starts_on);
        Self {
            request,
            rules,
            today,
            overlap_minutes: request.overlap_minutes(),
            workday: Stretch::workday(zone, request.working_hours, starts_on),
            trial: Stretch::dates(zone, starts_on, i64::from(rules.trial_days) + i64::from(rules.grace_days)),
        }
    }

    /// The share of what is not stated.
    pub fn neutral(&self) -> Ratio {
        Ratio::new(self.rules.neutral.min(100), 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMED: [(&str, u32); 8] = [
        ("must_have_skills", 25),
        ("nice_to_have_skills", 15),
        ("evidence", 20),
        ("developer_interest", 12),
        ("domain", 10),
        ("logistics", 10),
        ("track_record", 5),
        ("responsiveness", 3),
    ];

    #[test]
    fn the_default_weights_are_the_configured_ones() {
        assert_eq!(Weights::new(NAMED).unwrap(), Weights::default());
    }

    #[test]
    fn wrong_weights_are_refused_by_their_key() {
        let short = Weights::new(NAMED.into_iter().filter(|(name, _)| *name != "domain")).unwrap_err();
        let pointers: Vec<&str> = short.faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, ["/matching/weights", "/matching/weights/domain"]);
        assert!(short.faults[0].detail.contains("matching.weights must sum to 100; they sum to 90"));
        let unknown = Weights::new(NAMED.into_iter().chain([("charm", 0)])).unwrap_err();
        assert_eq!(unknown.faults[0].detail, "matching.weights.charm is no factor of the score");
        assert!(Weights::new(NAMED.map(|(name, _)| (name, u32::MAX))).is_err());
    }
}
