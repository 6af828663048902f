//! Settings of the score.

use std::collections::BTreeMap;

use serde::Deserialize;

/// `[matching]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matching {
    /// Named in every answer.
    pub scoring_version: String,
    /// Hundredths.
    pub neutral: u32,
    /// Points per factor, 100 in all.
    pub weights: BTreeMap<String, u32>,
}
