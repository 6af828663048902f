//! The rules for a job request: what the document says of each field, and what only the whole can tell. Both are checked
//! on the JSON as it came, so that one answer names every fault.

use std::collections::HashMap;

use chrono::{Months, NaiveDate};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::developers::profile::WorkingHours;
use crate::jobs::domain::{JobRequest, JobRequestFields};
use crate::kernel::clock::Instant;
use crate::kernel::error::{Faults, Result};
use crate::kernel::money::{Currency, Money, Rates};
use crate::kernel::schema;
use crate::kernel::zone::TimeZone;
use crate::skills::domain::Catalogue;

/// How far ahead a request may start, in months.
const MONTHS_AHEAD: Months = Months::new(24);

/// Minutes of a day, and of working hours that are not stated: 09:00 to 17:00.
const DAY: u32 = 24 * 60;
const DEFAULT_MINUTES: u32 = 8 * 60;

/// Lists in which nothing may stand twice.
const DISTINCT: [&str; 4] = ["/seniority", "/domains", "/languages", "/legal_country_limit/countries"];

/// A job request as it came: an object, not yet checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobRequestDraft(pub Value);

impl utoipa::PartialSchema for JobRequestDraft {
    /// Any object: [`JobRequestDraft::check`] holds it against the schema of [`JobRequestFields`].
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new().schema_type(Type::Object).into()
    }
}
impl utoipa::ToSchema for JobRequestDraft {}

/// What a draft is held against.
pub struct Rules<'a> {
    /// The accepted currencies.
    pub rates: &'a Rates,
    /// The known skills.
    pub catalogue: &'a Catalogue,
    /// The time of the request.
    pub now: Instant,
    /// What is being changed, if it is no new one.
    pub current: Option<&'a JobRequest>,
}

impl JobRequestDraft {
    /// What it asks for, with every skill under its slug.
    ///
    /// # Errors
    /// 422 with every fault.
    pub fn check(self, rules: &Rules<'_>) -> Result<JobRequestFields> {
        let mut faults = Faults::default();
        if let Err(error) = schema::check::<JobRequestFields>(&self.0) {
            if error.faults.is_empty() {
                return Err(error);
            }
            error.faults.into_iter().for_each(|fault| faults.add(fault.pointer, fault.detail));
        }
        check_rate(&self.0, rules.rates, &mut faults);
        check_hours(&self.0, &mut faults);
        check_start(&self.0, rules, &mut faults);
        check_seats(&self.0, rules.current, &mut faults);
        DISTINCT.iter().for_each(|list| check_distinct(&self.0, list, &mut faults));
        check_must(&self.0, &mut faults);
        let slugs = check_skills(&self.0, rules.catalogue, &mut faults);
        faults.finish()?;
        let mut fields: JobRequestFields = schema::read(self.0)?;
        for (skill, slug) in fields.skills.iter_mut().zip(slugs) {
            skill.slug = slug;
        }
        Ok(fields)
    }
}

/// What stands at `pointer`, if it can be read at all: what cannot has its fault from the schema.
fn at<T: DeserializeOwned>(draft: &Value, pointer: &str) -> Option<T> {
    draft.pointer(pointer).and_then(|value| serde_json::from_value(value.clone()).ok())
}

fn entries<'a>(draft: &'a Value, list: &str) -> impl Iterator<Item = (usize, &'a Value)> {
    draft.pointer(list).and_then(Value::as_array).into_iter().flatten().enumerate()
}

fn check_rate(draft: &Value, rates: &Rates, faults: &mut Faults) {
    faults.check(at::<i64>(draft, "/max_hourly_rate/amount") != Some(0), "/max_hourly_rate/amount", "must be more than 0");
    if let Some(currency) = at::<Currency>(draft, "/max_hourly_rate/currency") {
        rates.check(Money { amount: 0, currency }, "/max_hourly_rate", faults);
    }
}

fn check_hours(draft: &Value, faults: &mut Faults) {
    let hours = at::<WorkingHours>(draft, "/working_hours");
    if hours.is_some_and(|hours| hours.from == hours.to) {
        faults.add("/working_hours/to", "must be another time than `from`; before it means the next day");
        return;
    }
    let longest = f64::from(hours.map_or(DEFAULT_MINUTES, minutes)) / 60.0;
    if at::<f64>(draft, "/overlap_hours").is_some_and(|overlap| overlap > longest) {
        faults.add("/overlap_hours", format!("must be at most {longest}, the length of the working hours"));
    }
}

/// How long the working hours are, also across midnight.
fn minutes(hours: WorkingHours) -> u32 {
    (hours.to.minutes() + DAY - hours.from.minutes()) % DAY
}

/// A first day that stays as it is may have passed meanwhile.
fn check_start(draft: &Value, rules: &Rules<'_>, faults: &mut Faults) {
    let Some(starts_on) = at::<NaiveDate>(draft, "/starts_on") else { return };
    let zone = at::<TimeZone>(draft, "/time_zone").unwrap_or(TimeZone::UTC);
    if rules.current.is_some_and(|current| (current.fields.starts_on, current.fields.time_zone) == (starts_on, zone)) {
        return;
    }
    let today = zone.date(rules.now);
    let latest = today.checked_add_months(MONTHS_AHEAD).unwrap_or(today);
    if !(today..=latest).contains(&starts_on) {
        faults.add("/starts_on", format!("must be a day from today, {today}, to {latest}"));
    }
}

fn check_seats(draft: &Value, current: Option<&JobRequest>, faults: &mut Faults) {
    let taken = current.map_or(0, |current| current.seats_taken);
    if at::<i64>(draft, "/seats").is_some_and(|seats| (1..taken).contains(&seats)) {
        faults.add("/seats", format!("must be at least {taken}: so many are taken"));
    }
}

/// Language tags differ in case without differing in meaning.
fn check_distinct(draft: &Value, list: &str, faults: &mut Faults) {
    let mut seen = HashMap::new();
    for (index, entry) in entries(draft, list) {
        let Some(text) = entry.as_str() else { continue };
        let first = *seen.entry(text.to_ascii_lowercase()).or_insert(index);
        if first != index {
            faults.add(format!("{list}/{index}"), format!("is already there at {list}/{first}"));
        }
    }
}

fn check_must(draft: &Value, faults: &mut Faults) {
    let mut skills = entries(draft, "/skills").peekable();
    let none = skills.peek().is_some() && !skills.any(|(_, skill)| skill.get("must") == Some(&Value::Bool(true)));
    faults.check(!none, "/skills", "must have at least one skill with `must` true");
}

/// The slug of each skill, in their order; short of those with a fault.
fn check_skills(draft: &Value, catalogue: &Catalogue, faults: &mut Faults) -> Vec<String> {
    let (mut seen, mut slugs) = (HashMap::new(), Vec::new());
    for (index, entry) in entries(draft, "/skills") {
        let Some(text) = entry.get("slug").and_then(Value::as_str) else { continue };
        let pointer = format!("/skills/{index}/slug");
        let Some(slug) = catalogue.resolve(text) else {
            faults.add(pointer, catalogue.unknown(text));
            continue;
        };
        let first = *seen.entry(slug.clone()).or_insert(index);
        if first != index {
            faults.add(pointer, format!("names the skill {slug} again, which is already there at /skills/{first}"));
        }
        slugs.push(slug.to_string());
    }
    slugs
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jobs::samples::{body, catalogue, now, rates};
    use crate::kernel::ids::{OrganizationId, UserId};

    fn check(value: Value, current: Option<&JobRequest>) -> Result<JobRequestFields> {
        JobRequestDraft(value).check(&Rules { rates: &rates(), catalogue: &catalogue(), now: now(), current })
    }

    fn with(change: Value) -> Value {
        let mut value = body();
        value.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        value
    }

    fn pointers(change: Value) -> Vec<String> {
        let mut found: Vec<String> = check(with(change), None).unwrap_err().faults.into_iter().map(|fault| fault.pointer).collect();
        found.dedup();
        found
    }

    #[test]
    fn a_short_request_gets_its_defaults() {
        let fields = check(body(), None).unwrap();
        assert_eq!((fields.seats, fields.overlap_hours, fields.skills[0].weight), (1, 0.0, 1));
        assert_eq!(fields.skills.iter().map(|skill| skill.slug.as_str()).collect::<Vec<_>>(), ["go", "postgresql"]);
        assert!(fields.seniority.is_empty() && fields.legal_country_limit.is_none() && !fields.skills[0].allow_adjacent);
        assert_eq!(check(serde_json::to_value(&fields).unwrap(), None).unwrap(), fields);
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let wrong = json!({
            "title": "two\nlines", "description": "  ", "seniority": ["senior", "senior", "wizard"], "domains": ["Payments", "payments"],
            "legal_country_limit": {"countries": ["DE", "XX", "DE"], "reason": ""},
            "max_hourly_rate": {"amount": 0, "currency": "CHF"}, "hours_per_week": 81, "starts_on": "2020-01-01", "duration_weeks": 0,
            "time_zone": "Mars/Base", "working_hours": {"from": "09:00", "to": "09:00"}, "overlap_hours": 25, "languages": ["en", "klingon"],
            "seats": 0, "shoe_size": 43,
            "skills": [{"slug": "go", "min_level": 6, "must": false}, {"slug": "golang", "min_level": 1, "must": false, "weight": 11},
                {"slug": "postgre", "min_level": 1, "must": false, "min_years": 61}],
        });
        let expected = [
            "/description",
            "/domains/0",
            "/domains/1",
            "/duration_weeks",
            "/hours_per_week",
            "/languages/1",
            "/legal_country_limit/countries/1",
            "/legal_country_limit/countries/2",
            "/legal_country_limit/reason",
            "/max_hourly_rate/amount",
            "/max_hourly_rate/currency",
            "/overlap_hours",
            "/seats",
            "/seniority/1",
            "/seniority/2",
            "/shoe_size",
            "/skills",
            "/skills/0/min_level",
            "/skills/1/slug",
            "/skills/1/weight",
            "/skills/2/min_years",
            "/skills/2/slug",
            "/starts_on",
            "/time_zone",
            "/title",
            "/working_hours/to",
        ];
        assert_eq!(pointers(wrong), expected);
        assert_eq!(pointers(json!({"skills": []})), ["/skills"]);
    }

    #[test]
    fn unknown_skills_come_with_suggestions() {
        let skills = json!([{"slug": "golanf", "min_level": 1, "must": true}]);
        let error = check(with(json!({ "skills": skills })), None).unwrap_err();
        assert!(error.faults[0].detail.contains("did you mean go?"), "{error}");
    }

    #[test]
    fn the_overlap_fits_into_the_working_hours() {
        assert!(check(with(json!({"overlap_hours": 8})), None).is_ok());
        assert_eq!(pointers(json!({"overlap_hours": 8.5})), ["/overlap_hours"]);
        let night = json!({"from": "21:30", "to": "06:00"});
        assert!(check(with(json!({"overlap_hours": 8.5, "working_hours": night})), None).is_ok());
        assert_eq!(pointers(json!({"overlap_hours": 8.6, "working_hours": night})), ["/overlap_hours"]);
    }

    #[test]
    fn the_first_day_counts_in_the_zone_of_the_request() {
        // 23:30 in London on 1 December: already the 2nd in Paris, still the 1st in New York.
        let starts = |day: &str, zone: &str| check(with(json!({"starts_on": day, "time_zone": zone})), None).is_ok();
        assert!(starts("2026-12-01", "Europe/London") && starts("2026-12-01", "America/New_York"));
        assert!(!starts("2026-12-01", "Europe/Paris") && starts("2026-12-02", "Europe/Paris"));
        assert!(starts("2028-12-01", "Europe/London") && !starts("2028-12-02", "Europe/London"));
    }

    #[test]
    fn a_change_keeps_a_day_that_has_passed_and_the_taken_seats() {
        let mut fields = check(body(), None).unwrap();
        fields.starts_on = "2026-11-01".parse().unwrap();
        fields.seats = 3;
        let mut current = JobRequest::draft(OrganizationId::from_u128(1), UserId::from_u128(1), fields, now());
        current.seats_taken = 2;
        let same = serde_json::to_value(&current.fields).unwrap();
        assert!(check(same.clone(), Some(&current)).is_ok());
        let mut fewer = same;
        fewer["seats"] = json!(1);
        fewer["starts_on"] = json!("2026-11-02");
        let faults = check(fewer, Some(&current)).unwrap_err().faults;
        assert_eq!(faults.iter().map(|fault| fault.pointer.as_str()).collect::<Vec<_>>(), ["/seats", "/starts_on"]);
    }
}
