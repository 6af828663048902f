//! Skills as clients see them.

use serde::Serialize;

use crate::skills::domain::{Catalogue, Skill, Slug};

/// A skill in a list.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct SkillView {
    /// Its stable name.
    pub slug: Slug,
    /// Its name for people.
    #[schema(examples("PostgreSQL"))]
    pub name: String,
    /// What kind of skill it is.
    #[schema(examples("database"))]
    pub category: String,
    /// Its other spellings; each names this skill wherever a slug is asked for.
    #[schema(examples("pgsql", "postgres"))]
    pub aliases: Vec<String>,
}

/// Another skill, and how closely it is related.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct RelatedSkill {
    /// The other skill.
    pub slug: Slug,
    /// How closely: more than 0, at most 1.
    #[schema(minimum = 0, maximum = 1, examples(0.8))]
    pub weight: f64,
}

/// A skill with its relations, strongest first.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = SkillInFull)]
pub struct SkillDetail {
    /// Its stable name.
    pub slug: Slug,
    /// Its name for people.
    #[schema(examples("PostgreSQL"))]
    pub name: String,
    /// What kind of skill it is.
    #[schema(examples("database"))]
    pub category: String,
    /// Its other spellings; each names this skill wherever a slug is asked for.
    #[schema(examples("pgsql", "postgres"))]
    pub aliases: Vec<String>,
    /// What can stand in for it in a match.
    pub substitutes: Vec<RelatedSkill>,
    /// What is often used beside it; a suggestion, never part of a match.
    pub often_used_with: Vec<RelatedSkill>,
}

impl From<&Skill> for SkillView {
    fn from(skill: &Skill) -> Self {
        let Skill { slug, name, category, aliases, version: _ } = skill.clone();
        Self { slug, name, category, aliases }
    }
}

impl SkillDetail {
    /// The skill with its relations in `catalogue`.
    pub fn of(catalogue: &Catalogue, skill: &Skill) -> Self {
        let SkillView { slug, name, category, aliases } = skill.into();
        let substitutes = related(catalogue.substitutes_of(&slug), 100);
        let often_used_with = related(catalogue.neighbors_of(&slug), 10_000);
        Self { slug, name, category, aliases, substitutes, often_used_with }
    }
}

fn related(others: &[(Slug, i64)], scale: i32) -> Vec<RelatedSkill> {
    let fraction = |weight: i64| f64::from(i32::try_from(weight).unwrap_or(scale)) / f64::from(scale);
    others.iter().map(|(slug, weight)| RelatedSkill { slug: slug.clone(), weight: fraction(*weight) }).collect()
}
