//! A job request as clients and admins see it.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::developers::profile::WorkingHours;
use crate::jobs::domain::{JobRequest, JobRequestFields, LegalCountryLimit, RequestedSkill};
use crate::jobs::process::{JobRequestAction, JobRequestState, STEPS};
use crate::kernel::clock::Instant;
use crate::kernel::craft::Seniority;
use crate::kernel::ids::{JobRequestId, OrganizationId, UserId};
use crate::kernel::money::Money;
use crate::kernel::principal::Role;
use crate::kernel::process::allowed;
use crate::kernel::zone::TimeZone;

/// What is to be done, for how much, when and where: what a request says to everybody who may see it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Work {
    /// One line that says what is to be done.
    pub title: String,
    /// More about it.
    pub description: String,
    /// What a developer must know, and what else would be good.
    pub skills: Vec<RequestedSkill>,
    /// The accepted seniorities; empty accepts all.
    pub seniority: Vec<Seniority>,
    /// Business domains.
    pub domains: Vec<String>,
    /// Where the law limits the countries.
    #[schema(required = true)]
    pub legal_country_limit: Option<LegalCountryLimit>,
    /// The most that an hour may cost, in minor units.
    pub max_hourly_rate: Money,
    /// Hours per week.
    pub hours_per_week: i64,
    /// The first day.
    #[schema(value_type = String, format = "date", examples("2026-12-01"))]
    pub starts_on: NaiveDate,
    /// How many weeks; null is open-ended.
    #[schema(required = true)]
    pub duration_weeks: Option<i64>,
    /// Where the working hours and the first day count.
    pub time_zone: TimeZone,
    /// The team's daily hours; 09:00 to 17:00 where null.
    #[schema(required = true)]
    pub working_hours: Option<WorkingHours>,
    /// Hours per day that the developer's working hours share with these.
    pub overlap_hours: f64,
    /// The languages, all of which are needed.
    pub languages: Vec<String>,
}

/// A job request.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct JobRequestView {
    /// Its id.
    pub id: JobRequestId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The member who wrote it.
    pub created_by: UserId,
    /// Where it stands.
    pub state: JobRequestState,
    /// What is to be done.
    #[serde(flatten)]
    pub work: Work,
    /// How many developers.
    pub seats: i64,
    /// How many of the seats are taken by trials that are agreed, run or were converted.
    pub seats_taken: i64,
    /// Whether everybody may read it while it is open: `GET …/job-posting`.
    pub published: bool,
    /// What whoever asks can do now.
    pub allowed_actions: Vec<JobRequestAction>,
    /// Counts the changes; the `ETag`.
    pub version: i64,
    /// When it was written.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
}

impl From<JobRequestFields> for Work {
    fn from(fields: JobRequestFields) -> Self {
        let JobRequestFields { title, description, skills, seniority, domains, legal_country_limit, max_hourly_rate, .. } = fields;
        let JobRequestFields { hours_per_week, starts_on, duration_weeks, time_zone, working_hours, overlap_hours, .. } = fields;
        Self {
            title,
            description,
            skills,
            seniority,
            domains,
            legal_country_limit,
            max_hourly_rate,
            hours_per_week,
            starts_on,
            duration_weeks,
            time_zone,
            working_hours,
            overlap_hours,
            languages: fields.languages,
        }
    }
}

impl JobRequestView {
    /// The request as somebody with this role sees it.
    pub fn of(request: JobRequest, role: Role) -> Self {
        let JobRequest { id, organization, created_by, state, fields, seats_taken, version, created_at, updated_at } = request;
        let (seats, published) = (fields.seats, fields.published);
        Self {
            id,
            organization_id: organization,
            created_by,
            state,
            work: fields.into(),
            seats,
            seats_taken,
            published,
            allowed_actions: allowed(STEPS, state, role.into()),
            version,
            created_at,
            updated_at,
        }
    }
}
