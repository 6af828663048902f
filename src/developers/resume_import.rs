//! What an import of a résumé makes of a profile: it fills what is empty, and replaces only what it is told to. Pure.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::developers::profile::Profile;
use crate::developers::resume_words::{Mapping, Reading, ResumeField};
use crate::kernel::error::{Error, Fault, Result};
use crate::kernel::words::Word as _;
use crate::words;

words! {
    /// What an import makes of a field.
    pub enum ImportOutcome {
        /// It was empty: the résumé fills it.
        Filled => "filled",
        /// The résumé takes the place of what was there, as asked.
        Replaced => "replaced",
        /// What is there stays: name the field in `replace` to have the résumé's instead.
        Kept => "kept",
        /// The two say the same.
        Unchanged => "unchanged",
    }
}

/// A field that the résumé says something of.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ImportedField {
    /// The profile's field.
    pub field: ResumeField,
    /// What becomes of it.
    pub outcome: ImportOutcome,
    /// What the profile says before; null or empty where it says nothing.
    #[schema(required = true)]
    pub before: Value,
    /// What the résumé says, in the words of a profile.
    #[schema(required = true)]
    pub imported: Value,
}

/// What an import did, or would do.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ResumeImport {
    /// Whether the profile is so now; false for a preview.
    pub applied: bool,
    /// The profile's version, for `If-Match`; 0 before there is a profile.
    pub version: i64,
    /// The fields that the résumé says something of.
    pub fields: Vec<ImportedField>,
    /// What was read as something else: aliases of skills, words for levels, names of languages, months.
    pub mapped: Vec<Mapping>,
    /// What was not understood, by its place in the résumé.
    pub not_understood: Vec<Fault>,
    /// The places of the résumé for which a profile has none.
    #[schema(examples("/education"))]
    pub left_out: Vec<String>,
    /// What a résumé does not tell, by its place in the profile: to be written by hand.
    pub to_complete: Vec<Fault>,
    /// The profile, as it is or would be.
    pub profile: Profile,
}

/// The profile that `reading` makes of `current`, not yet checked, and what becomes of each field.
///
/// # Errors
/// Never for profiles.
pub fn plan(reading: &Reading, current: &Profile, replace: &[ResumeField]) -> Result<(Vec<ImportedField>, Value)> {
    let (mut draft, mut said) = (members(current)?, members(&reading.profile)?);
    let fields = reading.said.iter().map(|field| {
        let imported = said.get_mut(field.as_str()).map(Value::take).unwrap_or_default();
        let place = draft.entry(field.as_str()).or_insert(Value::Null);
        let before = place.clone();
        let outcome = outcome(&before, &imported, replace.contains(field));
        if matches!(outcome, ImportOutcome::Filled | ImportOutcome::Replaced) {
            place.clone_from(&imported);
        }
        ImportedField { field: *field, outcome, before, imported }
    });
    let fields = fields.collect();
    Ok((fields, Value::Object(draft)))
}

fn members(profile: &Profile) -> Result<Map<String, Value>> {
    match serde_json::to_value(profile).map_err(Error::internal)? {
        Value::Object(members) => Ok(members),
        _ => Err(Error::internal("a profile is an object")),
    }
}

fn outcome(before: &Value, imported: &Value, replace: bool) -> ImportOutcome {
    let is_empty = before.is_null() || before.as_array().is_some_and(Vec::is_empty);
    match (is_empty, before == imported, replace) {
        (true, ..) => ImportOutcome::Filled,
        (false, true, _) => ImportOutcome::Unchanged,
        (false, false, true) => ImportOutcome::Replaced,
        (false, false, false) => ImportOutcome::Kept,
    }
}
