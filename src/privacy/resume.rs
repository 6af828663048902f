//! A profile as JSON Resume 1.0 (jsonresume.org/schema). Pure.

use serde_json::{Value, json};

use crate::developers::profile::Profile;

/// The résumé of whoever is called `name`; what the profile does not say is left out.
pub fn json_resume(name: &str, email: &str, profile: &Profile) -> Value {
    let skills = profile.skills.iter().map(|skill| json!({ "name": skill.slug, "level": json!(skill.level).to_string() }));
    let work = profile.experience.iter().map(|work| {
        without_nulls(json!({
            "name": work.employer, "position": work.title, "startDate": work.from, "endDate": work.until, "summary": work.summary,
        }))
    });
    let profiles = profile.links.iter().map(|link| json!({ "network": link.label, "url": link.url }));
    let languages = profile.languages.iter().map(|language| json!({ "language": language }));
    json!({
        "$schema": "https://raw.githubusercontent.com/jsonresume/resume-schema/v1.0.0/schema.json",
        "basics": without_nulls(json!({
            "name": name, "email": email, "label": profile.headline, "summary": profile.summary,
            "location": profile.country.as_ref().map(|country| json!({ "countryCode": country })),
            "profiles": profiles.collect::<Value>(),
        })),
        "work": work.collect::<Value>(),
        "skills": skills.collect::<Value>(),
        "languages": languages.collect::<Value>(),
    })
}

fn without_nulls(mut value: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    value
}
