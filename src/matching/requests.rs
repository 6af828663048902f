//! A client's job request as the matcher reads it.

use crate::jobs::domain::{JobRequestFields, RequestedSkill};
use crate::kernel::ids::JobRequestId;
use crate::matching::domain::{AskedSkill, LegalCountryLimit, Request, WorkingHours};

/// A job request's fields as the matcher reads them.
pub fn request(id: Option<JobRequestId>, fields: JobRequestFields) -> Request {
    let small = |number: i64| u32::try_from(number).unwrap_or_default();
    Request {
        id,
        skills: fields.skills.into_iter().map(asked).collect(),
        seniority: fields.seniority,
        domains: fields.domains,
        legal_country_limit: fields.legal_country_limit.map(|limit| LegalCountryLimit { countries: limit.countries, reason: limit.reason }),
        max_hourly_rate: fields.max_hourly_rate,
        hours_per_week: small(fields.hours_per_week),
        starts_on: fields.starts_on,
        duration_weeks: fields.duration_weeks.map(small),
        time_zone: fields.time_zone,
        working_hours: fields.working_hours.map(|hours| WorkingHours { from: hours.from.minutes(), to: hours.to.minutes() }),
        overlap_hours: fields.overlap_hours,
        languages: fields.languages,
    }
}

fn asked(skill: RequestedSkill) -> AskedSkill {
    AskedSkill {
        slug: skill.slug,
        min_level: skill.min_level,
        min_years: skill.min_years,
        must: skill.must,
        weight: u32::try_from(skill.weight).unwrap_or(1),
        allow_adjacent: skill.allow_adjacent,
    }
}
