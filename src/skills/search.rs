//! Finding skills: exact spellings first, then aliases, then beginnings, and only if nothing else fits, small typos.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::skills::domain::{Catalogue, Skill, Slug, spelling};

/// How many skills are suggested to a person whose spelling names none.
const SUGGESTIONS: usize = 3;

/// How well a spelling fits, best first.
const EXACT: u8 = 0;
const ALIAS: u8 = 1;
const PREFIX: u8 = 2;
/// Plus the number of typos.
const TYPO: u8 = 3;

/// Where a skill stands in the results: what a page's cursor carries.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    rank: u8,
    slug: Slug,
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.rank, self.slug)
    }
}

impl FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (rank, slug) = text.split_once(':').ok_or(())?;
        Ok(Self { rank: rank.parse().map_err(drop)?, slug: slug.parse().map_err(drop)? })
    }
}

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub struct Search<'a> {
    /// A spelling or the beginning of one; empty means everything.
    pub text: &'a str,
    /// Only skills of this category.
    pub category: Option<&'a str>,
    /// Only what comes after this.
    pub after: Option<Position>,
}

impl Catalogue {
    /// The first `limit` skills that fit, best first; equally good ones by slug.
    pub fn search(&self, search: &Search<'_>, limit: usize) -> Vec<(Position, &Skill)> {
        let text = spelling(search.text);
        let mut found = self.ranked(&text, search.category, written_rank);
        if found.is_empty() {
            found = self.ranked(&text, search.category, typo_rank);
        }
        let mut positions: Vec<Position> = found.into_iter().map(|(slug, rank)| Position { rank, slug: slug.clone() }).collect();
        positions.sort();
        let after = positions.into_iter().filter(|position| search.after.as_ref().is_none_or(|after| position > after));
        after.take(limit).filter_map(|position| self.get(&position.slug).map(|skill| (position, skill))).collect()
    }

    /// What a person who wrote `text` may have meant, for "did you mean".
    pub fn nearest(&self, text: &str) -> Vec<Slug> {
        let text = text.trim();
        if text.is_empty() {
            return Vec::new();
        }
        let found = self.search(&Search { text, ..Search::default() }, SUGGESTIONS);
        found.into_iter().map(|(position, _)| position.slug).collect()
    }

    /// The best rank that any spelling of a skill reaches.
    fn ranked(&self, text: &str, category: Option<&str>, rank: fn(&str, &str, &Slug) -> Option<u8>) -> BTreeMap<&Slug, u8> {
        let mut best = BTreeMap::new();
        for (written, slug) in self.spellings() {
            let Some(rank) = rank(text, written, slug) else { continue };
            let wanted = category.is_none_or(|category| self.get(slug).is_some_and(|skill| skill.category == category));
            if wanted {
                best.entry(slug).and_modify(|best: &mut u8| *best = rank.min(*best)).or_insert(rank);
            }
        }
        best
    }
}

fn written_rank(text: &str, written: &str, slug: &Slug) -> Option<u8> {
    match written.strip_prefix(text)? {
        // Without a text everything fits equally well.
        _ if text.is_empty() => Some(EXACT),
        "" if written == slug.as_str() => Some(EXACT),
        "" => Some(ALIAS),
        _ => Some(PREFIX),
    }
}

fn typo_rank(text: &str, written: &str, _slug: &Slug) -> Option<u8> {
    let allowed = typos_allowed(text.chars().count());
    // A cheap test first: each typo changes the length by one at most.
    if allowed == 0 || text.len().abs_diff(written.len()) > allowed.saturating_mul(4) {
        return None;
    }
    let typos = strsim::osa_distance(text, written);
    (typos <= allowed).then(|| TYPO.saturating_add(u8::try_from(typos).unwrap_or(u8::MAX)))
}

/// Insertions, deletions, replacements and swaps of neighbouring characters, by the length of the text.
fn typos_allowed(length: usize) -> usize {
    match length {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skills::catalogue::seed;

    fn found(text: &str) -> Vec<String> {
        let catalogue = seed().unwrap();
        let found = catalogue.search(&Search { text, ..Search::default() }, 5);
        found.into_iter().map(|(position, _)| position.slug.to_string()).collect()
    }

    #[test]
    fn aliases_name_the_skill() {
        let catalogue = seed().unwrap();
        for (written, slug) in [("golang", "go"), ("K8s", "kubernetes"), (" Postgres ", "postgresql"), ("PostgreSQL", "postgresql")] {
            assert_eq!(catalogue.resolve(written).unwrap().as_str(), slug);
            assert_eq!(found(written)[0], slug, "{written}");
        }
        assert_eq!(catalogue.resolve("no such skill"), None);
    }

    #[test]
    fn typos_are_forgiven_only_where_nothing_else_fits() {
        for (written, slug) in [("kubernets", "kubernetes"), ("kuberntees", "kubernetes"), ("postgress", "postgresql"), ("golnag", "go")] {
            assert!(found(written).contains(&slug.to_owned()), "{written}: {:?}", found(written));
            assert!(seed().unwrap().nearest(written).iter().any(|near| near.as_str() == slug), "{written}");
        }
        assert_eq!(found("go")[0], "go");
        assert!(!found("gi").contains(&"go".to_owned()), "a short text is taken at its word");
        assert!(found("zq").is_empty() && found("qqqqqqqqqqqq").is_empty());
    }

    #[test]
    fn pages_follow_each_other_without_gaps() {
        let catalogue = seed().unwrap();
        for (text, category) in [("", None), ("go", None), ("", Some("database"))] {
            let all = catalogue.search(&Search { text, category, after: None }, 1000);
            let mut paged: Vec<(Position, &Skill)> = Vec::new();
            loop {
                let after: Option<Position> = paged.last().map(|(position, _)| position.to_string().parse().unwrap());
                let page = catalogue.search(&Search { text, category, after }, 7);
                if page.is_empty() {
                    break;
                }
                paged.extend(page);
            }
            assert_eq!(all, paged);
            assert!(!all.is_empty() && all.iter().all(|(_, skill)| category.is_none_or(|category| skill.category == category)));
        }
    }
}
