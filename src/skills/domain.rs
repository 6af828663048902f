//! Skills and the names they go by.

use std::fmt;

/// The name of a skill in links and bodies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Slug(String);

impl fmt::Display for Slug {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// All skills.
#[derive(Debug, Default)]
pub struct Catalogue;

impl Catalogue {
    /// The skill that `text` names by slug or alias.
    pub fn resolve(&self, text: &str) -> Option<Slug> {
        Some(Slug(text.to_lowercase()))
    }

    /// Skills whose names are close to `text`.
    pub fn nearest(&self, _text: &str) -> Vec<Slug> {
        Vec::new()
    }
}
