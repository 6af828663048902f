//! The catalogue that ships with the binary, and how it gets into an empty database.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::Deserialize;

use crate::db::Conn;
use crate::db::changes::{ChangeKind, note};
use crate::db::schema::{skill_aliases, skill_neighbors, skill_substitutes, skills};
use crate::each;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::skills::domain::{Catalogue, Relation, Skill, Slug, parts, spelling};
use crate::skills::store;
use crate::skills::store::{AliasRow, NeighborRow, SkillRow, SubstituteRow};

const SKILLS: &str = include_str!("catalogue/skills.jsonl");
const NEIGHBORS: &str = include_str!("catalogue/adjacency.csv");
const SUBSTITUTES: &str = include_str!("catalogue/substitutes.csv");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    slug: Slug,
    name: String,
    category: String,
    aliases: Vec<String>,
}

/// Puts the shipped catalogue into a database that has no skills; does nothing to any other. Inside a transaction.
///
/// # Errors
/// 503 when the database is down.
pub fn load_if_empty(conn: &mut Conn, now: Instant) -> Result<bool> {
    store::lock(conn)?;
    let present: i64 = skills::table.count().get_result(conn)?;
    if present > 0 {
        return Ok(false);
    }
    let skills = seed_skills()?;
    let skill_rows: Vec<SkillRow> = skills.iter().map(|skill| SkillRow::of(skill, now)).collect();
    let alias_rows: Vec<AliasRow> = skills.iter().flat_map(AliasRow::of).collect();
    let neighbor_rows: Vec<NeighborRow> = seed_neighbors()?.into_iter().map(NeighborRow::from).collect();
    let substitute_rows: Vec<SubstituteRow> = seed_substitutes()?.into_iter().map(SubstituteRow::from).collect();
    each!(conn, conn => {
        diesel::insert_into(skills::table).values(&skill_rows).execute(conn)?;
        diesel::insert_into(skill_aliases::table).values(&alias_rows).execute(conn)?;
        diesel::insert_into(skill_neighbors::table).values(&neighbor_rows).execute(conn)?;
        diesel::insert_into(skill_substitutes::table).values(&substitute_rows).execute(conn)?;
    });
    note(conn, ChangeKind::Skills, &"*", now)?;
    Ok(true)
}

/// The shipped catalogue, without a database.
///
/// # Errors
/// Never for the files of this crate.
pub fn seed() -> Result<Catalogue> {
    Ok(Catalogue::new(seed_skills()?, seed_substitutes()?, seed_neighbors()?))
}

fn seed_skills() -> Result<Vec<Skill>> {
    SKILLS.lines().map(|line| serde_json::from_str(line).map(skill).map_err(Error::internal)).collect()
}

fn skill(line: Line) -> Skill {
    let mut aliases: Vec<String> = line.aliases.iter().map(|alias| spelling(alias)).collect();
    aliases.sort();
    Skill { slug: line.slug, name: line.name, category: line.category, aliases, version: 1 }
}

/// As listed, in ten-thousandths; and backwards where the survey says nothing of its own.
fn seed_neighbors() -> Result<Vec<Relation>> {
    both_directions(NEIGHBORS, 10_000.0)
}

/// In hundredths, in both directions.
fn seed_substitutes() -> Result<Vec<Relation>> {
    both_directions(SUBSTITUTES, 100.0)
}

fn both_directions(csv: &str, scale: f64) -> Result<Vec<Relation>> {
    let listed: Vec<Relation> = csv.lines().skip(1).map(|line| relation(line, scale)).collect::<Result<_>>()?;
    let mut all: BTreeMap<(Slug, Slug), i64> = listed.iter().map(|each| ((each.slug.clone(), each.other.clone()), each.weight)).collect();
    for each in listed {
        all.entry((each.other, each.slug)).or_insert(each.weight);
    }
    Ok(all.into_iter().map(|((slug, other), weight)| Relation { slug, other, weight }).collect())
}

fn relation(line: &str, scale: f64) -> Result<Relation> {
    let mut cells = line.split(',');
    let mut cell = || cells.next().ok_or_else(|| Error::internal(format!("too few cells: {line}")));
    let slug = cell()?.parse().map_err(Error::internal)?;
    let other = cell()?.parse().map_err(Error::internal)?;
    let weight: f64 = cell()?.parse().map_err(Error::internal)?;
    Ok(Relation { slug, other, weight: parts(weight, scale) })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_shipped_catalogue_is_whole() {
        let skills = seed_skills().unwrap();
        assert!(skills.len() >= 500);
        let slugs: HashSet<&Slug> = skills.iter().map(|skill| &skill.slug).collect();
        assert_eq!(slugs.len(), skills.len());
        let mut aliases = HashSet::new();
        for skill in &skills {
            assert!(!skill.name.is_empty() && !skill.category.is_empty() && skill.name.len() <= 80);
            assert!(skill.aliases.iter().all(|alias| aliases.insert(alias)), "{}: an alias belongs to one skill", skill.slug);
        }
        assert!(aliases.iter().all(|alias| alias.parse::<Slug>().map_or(true, |slug| !slugs.contains(&slug))));
        for (relations, weights) in [(seed_neighbors().unwrap(), 1..=10_000), (seed_substitutes().unwrap(), 50..=95)] {
            let pairs: HashSet<(&Slug, &Slug)> = relations.iter().map(|each| (&each.slug, &each.other)).collect();
            for each in &relations {
                assert!(slugs.contains(&each.slug) && slugs.contains(&each.other) && each.slug != each.other, "{each:?}");
                assert!(weights.contains(&each.weight) && pairs.contains(&(&each.other, &each.slug)), "{each:?}");
            }
        }
    }
}
