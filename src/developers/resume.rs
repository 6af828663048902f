//! A profile as JSON Resume 1.0 (jsonresume.org/schema). Pure. What reads one is in `resume_reading`.

use serde_json::{Value, json};
use url::Url;

use crate::developers::profile::Profile;
use crate::kernel::craft::SkillLevel;

/// The words for the five skill levels, the lowest first.
pub const LEVELS: [&str; 5] = ["aware", "working", "proficient", "expert", "authority"];

/// The résumé of whoever is called `name`; what the profile does not say is left out. Years of a skill are a member of ours, which the
/// schema lets us add.
pub fn json_resume(name: &str, email: &str, profile: &Profile) -> Value {
    let skills = profile.skills.iter().map(|skill| json!({ "name": skill.slug, "level": level_word(skill.level), "years": skill.years }));
    let work = profile.experience.iter().map(|work| {
        without_nulls(json!({
            "name": work.employer, "position": work.title, "startDate": work.from, "endDate": work.until, "summary": work.summary,
        }))
    });
    let profiles = profile.links.iter().map(|link| json!({ "network": link.label, "url": uri(&link.url) }));
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
        "meta": { "version": "v1.0.0" },
    })
}

/// The word for a level.
pub fn level_word(level: SkillLevel) -> &'static str {
    LEVELS.get(usize::from(level.number()).saturating_sub(1)).copied().unwrap_or_default()
}

/// A link may hold letters that a URI writes as percent codes.
fn uri(link: &str) -> String {
    if link.is_ascii() && !link.contains([' ', '"', '<', '>', '\\', '^', '`', '{', '|', '}']) {
        return link.to_owned();
    }
    let written = Url::parse(link).map_or_else(|_| link.to_owned(), String::from);
    ['\\', '^', '`', '{', '|', '}'].into_iter().fold(written, |text, each| text.replace(each, &format!("%{:02X}", u32::from(each))))
}

fn without_nulls(mut value: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    value
}
