//! The rules for a profile: what the document says of each field, and what only the whole can tell. Both are checked on
//! the JSON as it came, so that one answer names every fault.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::developers::profile::Profile;
use crate::kernel::error::{Error, Fault, Faults, Result};
use crate::kernel::money::{Currency, Money, Rates};
use crate::kernel::schema;

/// A profile as it came: an object, not yet checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Draft(pub Value);

/// What a text names in the catalogue: a skill's slug, or else the slugs that it may have meant.
pub type Resolved = std::result::Result<String, Vec<String>>;

impl utoipa::PartialSchema for Draft {
    /// Any object: [`Draft::check`] holds it against the schema of [`Profile`].
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new().schema_type(Type::Object).into()
    }
}
impl utoipa::ToSchema for Draft {}

impl Draft {
    /// The profile, with every skill under its slug.
    ///
    /// # Errors
    /// 422 with every fault.
    pub fn check(self, rates: &Rates, resolve: impl Fn(&str) -> Resolved) -> Result<Profile> {
        let mut faults = Faults::default();
        for Fault { pointer, detail } in schema::check::<Profile>(&self.0).err().map(only_faults).transpose()?.unwrap_or_default() {
            faults.add(pointer, detail);
        }
        check_rate(&self.0, rates, &mut faults);
        check_hours(&self.0, &mut faults);
        check_experience(&self.0, &mut faults);
        for list in ["/languages", "/domains", "/preferences/domains", "/preferences/lengths"] {
            check_distinct(&self.0, list, &mut faults);
        }
        let slugs = check_skills(&self.0, resolve, &mut faults);
        faults.finish()?;
        let mut profile: Profile = schema::read(self.0)?;
        for (skill, slug) in profile.skills.iter_mut().zip(slugs) {
            skill.slug = slug;
        }
        Ok(profile)
    }
}

/// A refusal's faults; an error of another sort stays one.
fn only_faults(error: Error) -> Result<Vec<Fault>> {
    if error.faults.is_empty() { Err(error) } else { Ok(error.faults) }
}

fn check_rate(draft: &Value, rates: &Rates, faults: &mut Faults) {
    let at = |pointer: &str| draft.pointer(pointer);
    faults.check(at("/hourly_rate/amount").and_then(Value::as_i64) != Some(0), "/hourly_rate/amount", "must be more than 0");
    let currency = at("/hourly_rate/currency").and_then(Value::as_str).and_then(Currency::parse);
    if let Some(currency) = currency {
        rates.check(Money { amount: 0, currency }, "/hourly_rate", faults);
    }
}

fn check_hours(draft: &Value, faults: &mut Faults) {
    let text = |pointer: &str| draft.pointer(pointer).and_then(Value::as_str);
    let (from, to) = (text("/working_hours/from"), text("/working_hours/to"));
    faults.check(from.is_none() || from != to, "/working_hours/to", "must be another time than `from`; before it means the next day");
    let number = |pointer: &str| draft.pointer(pointer).and_then(Value::as_i64);
    if let (Some(least), Some(most)) = (number("/preferences/min_hours"), number("/preferences/max_hours")) {
        faults.check(least <= most, "/preferences/max_hours", "must be at least `min_hours`");
    }
}

fn check_experience(draft: &Value, faults: &mut Faults) {
    for (index, entry) in entries(draft, "/experience") {
        let date = |name: &str| entry.get(name).and_then(Value::as_str).and_then(|text| text.parse::<chrono::NaiveDate>().ok());
        if let (Some(from), Some(until)) = (date("from"), date("until")) {
            faults.check(from <= until, &format!("/experience/{index}/until"), "must not be before `from`");
        }
    }
}

/// Language tags differ in case without differing in meaning.
fn check_distinct(draft: &Value, list: &str, faults: &mut Faults) {
    let mut seen = HashMap::new();
    for (index, entry) in entries(draft, list) {
        let Some(text) = entry.as_str() else { continue };
        if let Some(first) = seen.insert(text.to_ascii_lowercase(), index) {
            faults.add(format!("{list}/{index}"), format!("is already there at {list}/{first}"));
        }
    }
}

/// The slug of each skill, in their order; short of those with a fault.
fn check_skills(draft: &Value, resolve: impl Fn(&str) -> Resolved, faults: &mut Faults) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut slugs = Vec::new();
    for (index, entry) in entries(draft, "/skills") {
        let Some(text) = entry.get("slug").and_then(Value::as_str) else { continue };
        let pointer = format!("/skills/{index}/slug");
        match resolve(text) {
            Err(nearest) => faults.add(pointer, unknown_skill(&nearest)),
            Ok(slug) => {
                if let Some(first) = seen.get(&slug) {
                    faults.add(pointer, format!("names the skill {slug} again, which is already there at /skills/{first}"));
                } else {
                    seen.insert(slug.clone(), index);
                }
                slugs.push(slug);
            }
        }
    }
    slugs
}

/// What to tell the person who named a skill that is not in the catalogue.
pub fn unknown_skill(nearest: &[String]) -> String {
    if nearest.is_empty() {
        return "is not a skill we know; GET /v1/skills?q=… finds those we do".to_owned();
    }
    format!("is not a skill we know; did you mean {}?", nearest.join(", "))
}

fn entries<'a>(draft: &'a Value, list: &str) -> impl Iterator<Item = (usize, &'a Value)> {
    draft.pointer(list).and_then(Value::as_array).into_iter().flatten().enumerate()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(value: Value) -> Result<Profile> {
        let rates = Rates::new([(Currency::parse("USD").unwrap(), 1_000_000), (Currency::parse("EUR").unwrap(), 1_100_000)]);
        Draft(value).check(&rates, |text| match text {
            "go" | "golang" => Ok("go".to_owned()),
            "grpc" => Ok("grpc".to_owned()),
            "gor" => Err(vec!["go".to_owned(), "gorm".to_owned()]),
            _ => Err(vec![]),
        })
    }

    fn pointers(value: Value) -> Vec<String> {
        check(value).unwrap_err().faults.into_iter().map(|fault| fault.pointer).collect()
    }

    fn whole() -> Value {
        json!({
            "headline": "Go engineer", "summary": "Ledgers.\nQueues.", "seniority": "senior",
            "hourly_rate": {"amount": 8500, "currency": "USD"}, "hours_per_week": 40, "available_from": "2020-01-01",
            "time_zone": "Europe/London", "working_hours": {"from": "22:00", "to": "06:00"}, "country": "GB",
            "languages": ["en", "pt-BR"], "domains": ["payments", "real-estate"],
            "skills": [{"slug": "golang", "level": 5, "years": 8}, {"slug": "grpc", "level": 3, "years": 2.5}],
            "experience": [{"title": "Engineer", "employer": "A bank", "from": "1996-03-01", "until": null}],
            "links": [{"label": "Code", "url": "https://example.com/code"}],
            "preferences": {"domains": ["payments"], "lengths": ["short", "long"], "min_hours": 20, "max_hours": 40}
        })
    }

    #[test]
    fn a_whole_profile_keeps_what_it_says() {
        let profile = check(whole()).unwrap();
        assert_eq!(profile.skills.first().map(|skill| skill.slug.as_str()), Some("go"));
        let again = serde_json::to_value(&profile).unwrap();
        assert_eq!(again.get("working_hours"), Some(&json!({"from": "22:00", "to": "06:00"})));
        assert_eq!(check(again).unwrap(), profile);
    }

    #[test]
    fn a_draft_may_be_incomplete() {
        assert_eq!(check(json!({})).unwrap(), Profile::default());
        assert_eq!(
            check(json!({"headline": null, "time_zone": null, "seniority": null, "hourly_rate": null})).unwrap(),
            Profile::default()
        );
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let wrong = json!({
            "headline": "two\nlines", "seniority": "wizard", "hourly_rate": {"amount": 0, "currency": "CHF"}, "hours_per_week": 81,
            "available_from": "1999-12-31", "time_zone": "Mars/Base", "working_hours": {"from": "09:00", "to": "09:00"}, "country": "XX",
            "languages": ["en", "EN", "klingon"], "domains": ["Payments", "payments", "payments"],
            "skills": [{"slug": "go", "level": 6, "years": 1}, {"slug": "golang", "level": 1, "years": 61}, {"slug": "gor", "level": 1, "years": 1}],
            "experience": [{"title": "", "employer": "A bank", "from": "2020-03-01", "until": "2019-01-01"}],
            "links": [{"label": "Code", "url": "javascript:alert(1)"}],
            "preferences": {"lengths": ["short", "short"], "min_hours": 30, "max_hours": 20, "mood": "good"}, "shoe_size": 43
        });
        let expected = [
            "/available_from",
            "/country",
            "/domains/0",
            "/domains/1",
            "/domains/2",
            "/experience/0/title",
            "/experience/0/until",
            "/headline",
            "/hourly_rate/amount",
            "/hourly_rate/currency",
            "/hours_per_week",
            "/languages/1",
            "/languages/2",
            "/links/0/url",
            "/preferences/lengths/1",
            "/preferences/max_hours",
            "/preferences/mood",
            "/seniority",
            "/shoe_size",
            "/skills/0/level",
            "/skills/1/slug",
            "/skills/1/years",
            "/skills/2/slug",
            "/time_zone",
            "/working_hours/to",
        ];
        let mut found = pointers(wrong);
        found.dedup();
        assert_eq!(found, expected);
    }

    #[test]
    fn unknown_skills_come_with_suggestions() {
        let error = check(json!({"skills": [{"slug": "gor", "level": 1, "years": 0}]})).unwrap_err();
        assert_eq!(error.faults, [Fault::new("/skills/0/slug", "is not a skill we know; did you mean go, gorm?")]);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        assert_eq!(pointers(json!([])), [""]);
        assert_eq!(pointers(json!({"skills": 7, "preferences": [], "languages": [1]})), ["/languages/0", "/preferences", "/skills"]);
    }
}
