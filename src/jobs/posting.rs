//! A job request as a schema.org JobPosting (JSON-LD), for job boards and search engines. Pure.

use serde_json::{Map, Value, json};

use crate::developers::resume::level_word;
use crate::jobs::domain::{JobRequest, JobRequestFields, RequestedSkill};
use crate::jobs::process::JobRequestState;
use crate::kernel::money::Money;
use crate::skills::domain::Catalogue;

/// From so many hours a week on it is full-time.
const FULL_TIME: i64 = 35;

/// Whether everybody may read the request as a posting.
pub fn is_posted(request: &JobRequest) -> bool {
    request.fields.published && request.state == JobRequestState::Open
}

/// The posting of a request of the organisation with this name; what the request does not say is left out.
pub fn job_posting(request: &JobRequest, organization: &str, catalogue: &Catalogue) -> Value {
    let fields = &request.fields;
    let skills: Vec<String> = fields.skills.iter().map(|skill| skill_line(skill, catalogue)).collect();
    let countries = fields.legal_country_limit.iter().flat_map(|limit| &limit.countries);
    let countries: Vec<Value> = countries.map(|code| json!({ "@type": "Country", "name": code })).collect();
    let mut posting = json!({
        "@context": "https://schema.org/",
        "@type": "JobPosting",
        "identifier": { "@type": "PropertyValue", "name": organization, "value": request.id },
        "title": fields.title,
        "description": paragraphs(&fields.description),
        "datePosted": request.created_at.date(),
        "hiringOrganization": { "@type": "Organization", "name": organization },
        "employmentType": ["CONTRACTOR", if fields.hours_per_week >= FULL_TIME { "FULL_TIME" } else { "PART_TIME" }],
        "jobLocationType": "TELECOMMUTE",
        "applicantLocationRequirements": countries,
        "jobStartDate": fields.starts_on,
        "workHours": hours(fields),
        "baseSalary": {
            "@type": "MonetaryAmount",
            "currency": fields.max_hourly_rate.currency,
            "value": { "@type": "QuantitativeValue", "maxValue": units(fields.max_hourly_rate), "unitText": "HOUR" },
        },
        "skills": skills,
        "experienceRequirements": fields.seniority,
        "qualifications": fields.languages.iter().map(|tag| format!("Language: {tag}")).collect::<Vec<_>>(),
        "industry": fields.domains,
        "totalJobOpenings": fields.seats.saturating_sub(request.seats_taken),
        "directApply": false,
    });
    posting.as_object_mut().into_iter().for_each(leave_out_empty);
    posting
}

fn leave_out_empty(members: &mut Map<String, Value>) {
    members.retain(|_, value| value.as_array().is_none_or(|list| !list.is_empty()));
}

/// Postings are shown as HTML, so what a person wrote must not be any.
fn paragraphs(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let paragraphs = escaped.lines().map(str::trim).filter(|line| !line.is_empty());
    paragraphs.map(|line| format!("<p>{line}</p>")).collect()
}

fn skill_line(skill: &RequestedSkill, catalogue: &Catalogue) -> String {
    let known = skill.slug.parse().ok().and_then(|slug| catalogue.get(&slug));
    let name = known.map_or(skill.slug.as_str(), |known| known.name.as_str());
    let need = if skill.must { "" } else { ", a plus" };
    format!("{name} ({} or better{need})", level_word(skill.min_level))
}

fn hours(fields: &JobRequestFields) -> String {
    let daily = fields.working_hours.map_or_else(|| "09:00 to 17:00".to_owned(), |hours| format!("{} to {}", hours.from, hours.to));
    let (weekly, overlap, zone) = (fields.hours_per_week, fields.overlap_hours, fields.time_zone.name());
    format!("{weekly} hours a week, {overlap} hours a day of them within {daily} ({zone})")
}

/// 85.5 for 8550 cents.
fn units(money: Money) -> f64 {
    let parts = 10_i32.pow(money.currency.exponent().min(6));
    money.amount as f64 / f64::from(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_wrote_is_text_and_no_markup() {
        assert_eq!(
            paragraphs("A <b>ledger</b> & more\r\n\n  then <script>"),
            "<p>A &lt;b&gt;ledger&lt;/b&gt; &amp; more</p><p>then &lt;script&gt;</p>"
        );
    }
}
