//! Facets: what those who pass have, counted by value, so that a person can narrow a search or widen a request.

use std::collections::HashMap;

use chrono::NaiveDate;
use serde::Serialize;

use crate::kernel::words::Word as _;
use crate::matching::domain::Candidate;
use crate::matching::skill_fit::Held;

/// The most values that one facet names: the most frequent ones.
pub const MOST_VALUES: usize = 50;

/// How many of those who pass have a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FacetCount {
    /// The value: a skill's slug, a seniority, a time zone, a domain.
    #[schema(examples("go"))]
    pub value: String,
    /// How many have it.
    #[schema(examples(128))]
    pub count: u64,
}

/// What those who pass have: each facet's most frequent values first, equally frequent ones by name, at most 50 of each.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
pub struct Facets {
    /// Skills, claimed or verified, at any level.
    pub skills: Vec<FacetCount>,
    /// Seniority, where stated.
    pub seniority: Vec<FacetCount>,
    /// Time zones of work.
    pub time_zones: Vec<FacetCount>,
    /// Business domains, in lower case.
    pub domains: Vec<FacetCount>,
}

impl Facets {
    /// The facets of `candidates` on `today`, counted one by one.
    pub fn of<'a>(candidates: impl IntoIterator<Item = &'a Candidate>, today: NaiveDate) -> Self {
        let [mut skills, mut seniority, mut time_zones, mut domains] = [const { Vec::<String>::new() }; 4];
        for candidate in candidates {
            let slugs = candidate.skills.keys().chain(candidate.verified.keys().filter(|slug| !candidate.skills.contains_key(*slug)));
            skills.extend(slugs.filter(|slug| Held::of(candidate, slug, today).is_some()).cloned());
            seniority.extend(candidate.seniority.map(|seniority| seniority.as_str().to_owned()));
            time_zones.push(candidate.time_zone.name().to_owned());
            domains.extend(distinct(&candidate.domains));
        }
        Self { skills: counted(skills), seniority: counted(seniority), time_zones: counted(time_zones), domains: counted(domains) }
    }
}

/// The values in lower case, each once.
fn distinct(values: &[String]) -> Vec<String> {
    let mut values: Vec<String> = values.iter().map(|value| value.to_ascii_lowercase()).collect();
    values.sort_unstable();
    values.dedup();
    values
}

fn counted(values: Vec<String>) -> Vec<FacetCount> {
    let mut counts: HashMap<String, u64> = HashMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    ranked(counts)
}

/// The most frequent values first; only those that stay are made into words of their own.
pub fn ranked<Value: AsRef<str> + Into<String>>(counts: impl IntoIterator<Item = (Value, u64)>) -> Vec<FacetCount> {
    let order = |left: &(Value, u64), right: &(Value, u64)| right.1.cmp(&left.1).then_with(|| left.0.as_ref().cmp(right.0.as_ref()));
    let mut counts: Vec<(Value, u64)> = counts.into_iter().collect();
    if counts.len() > MOST_VALUES {
        counts.select_nth_unstable_by(MOST_VALUES, order);
        counts.truncate(MOST_VALUES);
    }
    counts.sort_unstable_by(order);
    counts.into_iter().map(|(value, count)| FacetCount { value: value.into(), count }).collect()
}
