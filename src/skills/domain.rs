//! Skills: the slug that names one for ever, its other spellings, what is used beside it and what can stand in for it.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What a slug looks like, as a regular expression.
pub const SLUG_PATTERN: &str = "^[a-z0-9][a-z0-9+#.-]{0,47}$";

/// The stable name of a skill: `go`, `postgresql`, `node.js`. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slug(Arc<str>);

/// A text that cannot be a slug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be the slug of a skill: up to 48 lower-case letters, digits and + # . -")]
pub struct WrongSlug;

impl Slug {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = WrongSlug;

    fn from_str(text: &str) -> Result<Self, WrongSlug> {
        let plain = |each: u8| each.is_ascii_lowercase() || each.is_ascii_digit();
        let begins = text.bytes().next().is_some_and(plain);
        let fine = begins && text.len() <= 48 && text.bytes().all(|each| plain(each) || b"+#.-".contains(&each));
        if fine { Ok(Self(text.into())) } else { Err(WrongSlug) }
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Serialize for Slug {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Slug {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for Slug {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(SLUG_PATTERN))
            .max_length(Some(48))
            .examples([serde_json::json!("postgresql")])
            .into()
    }
}
impl utoipa::ToSchema for Slug {
    fn name() -> std::borrow::Cow<'static, str> {
        "Slug".into()
    }
}

/// A spelling as it is compared: lower case, single spaces.
pub fn spelling(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// A weight between 0 and 1 in whole parts, `scale` to the whole.
pub fn parts(weight: f64, scale: f64) -> i64 {
    (weight * scale).round() as i64
}

/// One skill of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skill {
    /// Its stable name.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// Such as `language` or `database`.
    pub category: String,
    /// Its other spellings, as [`spelling`] writes them, sorted.
    pub aliases: Vec<String>,
    /// Counts the changes.
    pub version: i64,
}

/// That one skill relates to another, and how strongly: hundredths for substitutes, ten-thousandths for neighbours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// The skill.
    pub slug: Slug,
    /// The other.
    pub other: Slug,
    /// How strongly.
    pub weight: i64,
}

type Relations = HashMap<Slug, Vec<(Slug, i64)>>;

/// The whole catalogue at one moment.
#[derive(Debug, Default)]
pub struct Catalogue {
    skills: BTreeMap<Slug, Skill>,
    spellings: HashMap<String, Slug>,
    substitutes: Relations,
    neighbors: Relations,
}

impl Catalogue {
    /// A catalogue of `skills`. A slug names its skill before an alias does, and an alias before a name.
    pub fn new(skills: Vec<Skill>, substitutes: Vec<Relation>, neighbors: Vec<Relation>) -> Self {
        let mut spellings: HashMap<String, Slug> = skills.iter().map(|skill| (skill.slug.to_string(), skill.slug.clone())).collect();
        let aliases = skills.iter().flat_map(|skill| skill.aliases.iter().map(|alias| (alias.clone(), &skill.slug)));
        let names = skills.iter().map(|skill| (spelling(&skill.name), &skill.slug));
        for (text, slug) in aliases.chain(names) {
            spellings.entry(text).or_insert_with(|| slug.clone());
        }
        let skills = skills.into_iter().map(|skill| (skill.slug.clone(), skill)).collect();
        Self { skills, spellings, substitutes: strongest_first(substitutes), neighbors: strongest_first(neighbors) }
    }

    /// The skill with this slug.
    pub fn get(&self, slug: &Slug) -> Option<&Skill> {
        self.skills.get(slug)
    }

    /// The skill that `text` names by slug, alias or name, in any case.
    pub fn resolve(&self, text: &str) -> Option<Slug> {
        self.spellings.get(&spelling(text)).cloned()
    }

    /// Every skill, by slug.
    pub fn skills(&self) -> impl Iterator<Item = &Skill> {
        self.skills.values()
    }

    /// Puts a skill in, or in place of what it was before.
    pub fn put(&mut self, skill: Skill) {
        if self.skills.contains_key(&skill.slug) {
            self.spellings.retain(|_, owner| *owner != skill.slug);
        }
        let texts = [skill.slug.to_string()].into_iter().chain(skill.aliases.iter().cloned()).chain([spelling(&skill.name)]);
        for text in texts {
            self.spellings.entry(text).or_insert_with(|| skill.slug.clone());
        }
        self.skills.insert(skill.slug.clone(), skill);
    }

    /// Every spelling with the skill it names, in no order.
    pub fn spellings(&self) -> impl Iterator<Item = (&str, &Slug)> {
        self.spellings.iter().map(|(text, slug)| (text.as_str(), slug))
    }

    /// What can stand in for a skill, strongest first; weights in hundredths.
    pub fn substitutes_of(&self, slug: &Slug) -> &[(Slug, i64)] {
        self.substitutes.get(slug).map(Vec::as_slice).unwrap_or_default()
    }

    /// What is often used beside a skill, strongest first; weights in ten-thousandths.
    pub fn neighbors_of(&self, slug: &Slug) -> &[(Slug, i64)] {
        self.neighbors.get(slug).map(Vec::as_slice).unwrap_or_default()
    }

    /// What to tell a person whose spelling names no skill.
    pub fn unknown(&self, text: &str) -> String {
        let near: Vec<String> = self.nearest(text).iter().map(ToString::to_string).collect();
        match near.as_slice() {
            [] => "is not a skill of the catalogue: look for it with GET /v1/skills?q=".to_owned(),
            near => format!("is not a skill of the catalogue; did you mean {}?", near.join(", ")),
        }
    }
}

fn strongest_first(relations: Vec<Relation>) -> Relations {
    let mut grouped = Relations::new();
    for Relation { slug, other, weight } in relations {
        grouped.entry(slug).or_default().push((other, weight));
    }
    for others in grouped.values_mut() {
        others.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs() {
        for fine in ["go", "c++", "c#", "node.js", "1c", "ci-cd"] {
            assert_eq!(fine.parse::<Slug>().unwrap().as_str(), fine);
        }
        for wrong in ["", "Go", ".net", "a b", "é", "a/b", "a_b", &"a".repeat(49)] {
            assert!(wrong.parse::<Slug>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn spellings_ignore_case_and_space() {
        assert_eq!(spelling("  Go   Lang "), "go lang");
    }
}
