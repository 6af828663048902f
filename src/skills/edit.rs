//! What admins may say of skills, and the rules that need the whole catalogue: a spelling names one skill only.

use serde::{Deserialize, Serialize};

use crate::kernel::error::{Error, Faults, Result};
use crate::skills::domain::{Catalogue, Skill, Slug, parts, spelling};

/// Another spelling of a skill: lower case, single spaces, whatever was sent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(from = "String")]
#[schema(format = "line", min_length = 1, max_length = 60, examples("postgres"))]
pub struct Alias(String);

impl From<String> for Alias {
    fn from(text: String) -> Self {
        Self(spelling(&text))
    }
}

/// So many other spellings a skill may have, as the schemas below say.
const MOST_ALIASES: usize = 200;

/// A new skill.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "slug": "tigerbeetle", "name": "TigerBeetle", "category": "database", "aliases": ["tiger beetle"] })))]
pub struct NewSkill {
    /// Its name in URLs and in other things for ever.
    pub slug: Slug,
    /// Its name for people.
    #[schema(format = "line", min_length = 1, max_length = 80, examples("PostgreSQL"))]
    pub name: String,
    /// What kind of skill it is.
    #[schema(pattern = "^[a-z][a-z0-9-]*$", max_length = 32, examples("database"))]
    pub category: String,
    /// Its other spellings.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub aliases: Vec<Alias>,
}

/// What of a skill can change.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SkillFields {
    /// Its name for people.
    #[schema(format = "line", min_length = 1, max_length = 80, examples("PostgreSQL"))]
    pub name: String,
    /// What kind of skill it is.
    #[schema(pattern = "^[a-z][a-z0-9-]*$", max_length = 32, examples("database"))]
    pub category: String,
    /// Its other spellings; these instead of those before.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub aliases: Vec<Alias>,
}

/// One skill that can stand in.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "slug": "mysql", "weight": 0.8 })))]
pub struct Substitute {
    /// The skill, or another spelling of it.
    pub slug: Slug,
    /// How well it stands in; kept in hundredths.
    #[schema(minimum = 0.5, maximum = 0.95, examples(0.8))]
    pub weight: f64,
}

/// All that can stand in for a skill, and it for them.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubstituteList {
    /// These instead of those before.
    #[schema(max_items = 50)]
    pub substitutes: Vec<Substitute>,
}

/// Where a merged skill goes.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeInto {
    /// The skill that stays, or another spelling of it.
    pub into: Slug,
    /// A word for the reason; it goes into the audit log.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 60)]
    pub reason_code: Option<String>,
    /// The reason, in words; it goes into the audit log.
    #[schema(format = "prose", min_length = 1, max_length = 4000)]
    pub message: Option<String>,
}

impl From<&Skill> for SkillFields {
    fn from(skill: &Skill) -> Self {
        let aliases = skill.aliases.iter().cloned().map(Alias).collect();
        Self { name: skill.name.clone(), category: skill.category.clone(), aliases }
    }
}

impl NewSkill {
    /// The skill, at its first version.
    ///
    /// # Errors
    /// 409 when the slug is taken; 422 when a spelling names another skill.
    pub fn skill(&self, catalogue: &Catalogue) -> Result<Skill> {
        if catalogue.get(&self.slug).is_some() {
            return Err(Error::conflict(format!("There is already a skill `{}`: change that one.", self.slug)));
        }
        let fields = SkillFields { name: self.name.clone(), category: self.category.clone(), aliases: self.aliases.clone() };
        let mut faults = fields.faults(catalogue, &self.slug);
        check_spelling(&mut faults, catalogue, &self.slug, "/slug", self.slug.as_str());
        faults.finish()?;
        Ok(fields.skill(self.slug.clone(), 1))
    }
}

impl SkillFields {
    /// `skill` with these fields, one version on.
    ///
    /// # Errors
    /// 422 when a spelling names another skill.
    pub fn change(self, catalogue: &Catalogue, skill: &Skill) -> Result<Skill> {
        self.faults(catalogue, &skill.slug).finish()?;
        Ok(self.skill(skill.slug.clone(), skill.version.saturating_add(1)))
    }

    fn skill(self, slug: Slug, version: i64) -> Skill {
        let mut aliases: Vec<String> = self.aliases.into_iter().map(|alias| alias.0).filter(|alias| alias != slug.as_str()).collect();
        aliases.sort();
        aliases.dedup();
        Skill { slug, name: self.name.trim().to_owned(), category: self.category, aliases, version }
    }

    fn faults(&self, catalogue: &Catalogue, slug: &Slug) -> Faults {
        let mut faults = Faults::default();
        check_spelling(&mut faults, catalogue, slug, "/name", &self.name);
        for (index, alias) in self.aliases.iter().enumerate() {
            check_spelling(&mut faults, catalogue, slug, &format!("/aliases/{index}"), &alias.0);
        }
        faults
    }
}

fn check_spelling(faults: &mut Faults, catalogue: &Catalogue, slug: &Slug, pointer: &str, text: &str) {
    if let Some(owner) = catalogue.resolve(text).filter(|owner| owner != slug) {
        faults.add(pointer, format!("already names the skill `{owner}`: take it away there first, or merge the two"));
    }
}

impl SubstituteList {
    /// The substitutes of `slug` by their canonical slugs; weights in hundredths.
    ///
    /// # Errors
    /// 422 with every one that is unknown, the skill itself, or named twice.
    pub fn resolved(&self, catalogue: &Catalogue, slug: &Slug) -> Result<Vec<(Slug, i64)>> {
        let mut faults = Faults::default();
        let mut resolved: Vec<(Slug, i64)> = Vec::new();
        for (index, substitute) in self.substitutes.iter().enumerate() {
            let pointer = format!("/substitutes/{index}/slug");
            match catalogue.resolve(substitute.slug.as_str()) {
                None => faults.add(pointer, catalogue.unknown(substitute.slug.as_str())),
                Some(other) if other == *slug => faults.add(pointer, "is the skill itself"),
                Some(other) if resolved.iter().any(|(known, _)| *known == other) => faults.add(pointer, "is named twice"),
                Some(other) => resolved.push((other, parts(substitute.weight, 100.0))),
            }
        }
        faults.finish().map(|()| resolved)
    }
}

impl MergeInto {
    /// The canonical slug of the skill that stays.
    ///
    /// # Errors
    /// 422 when it is unknown, or the one that goes; 409 when it would have more spellings than a skill may have.
    pub fn resolved(&self, catalogue: &Catalogue, old: &Slug) -> Result<Slug> {
        match catalogue.resolve(self.into.as_str()) {
            None => Err(Error::fault("/into", catalogue.unknown(self.into.as_str()))),
            Some(into) if into == *old => Err(Error::fault("/into", "must be another skill")),
            Some(into) if spellings_of_both(catalogue, old, &into) > MOST_ALIASES => Err(Error::conflict(format!(
                "`{into}` would have more than {MOST_ALIASES} other spellings: take some from one of the two first."
            ))),
            Some(into) => Ok(into),
        }
    }
}

/// How many other spellings one skill has that was two; the slug of the one that goes is among them.
fn spellings_of_both(catalogue: &Catalogue, old: &Slug, into: &Slug) -> usize {
    [old, into].iter().filter_map(|slug| catalogue.get(slug)).fold(1, |sum, skill| sum.saturating_add(skill.aliases.len()))
}
