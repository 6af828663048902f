//! A client's job request: what it asks for, and where it stands.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::developers::profile::WorkingHours;
use crate::jobs::process::JobRequestState;
use crate::kernel::clock::Instant;
use crate::kernel::craft::{Seniority, SkillLevel};
use crate::kernel::ids::{JobRequestId, OrganizationId, UserId};
use crate::kernel::money::Money;
use crate::kernel::zone::TimeZone;

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobRequestFields {
    /// One line that says what is to be done.
    #[schema(format = "line", min_length = 1, max_length = 160, examples("Go engineer for a payments ledger"))]
    pub title: String,
    /// More about it.
    #[schema(format = "prose", min_length = 1, max_length = 20_000, examples("Build a double-entry ledger in Go on PostgreSQL."))]
    pub description: String,
    /// What a developer must know, and what else would be good; at least one is a must, each skill stands once.
    #[schema(min_items = 1, max_items = 30)]
    pub skills: Vec<RequestedSkill>,
    /// The accepted seniorities, each once; empty accepts all.
    #[serde(default)]
    #[schema(max_items = 5)]
    pub seniority: Vec<Seniority>,
    /// Business domains, in lower case, such as `payments`; a plus in matching.
    #[serde(default)]
    #[schema(pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", max_items = 20, max_length = 40, examples("payments"))]
    pub domains: Vec<String>,
    /// Only where the law limits the countries from which the work may be done.
    pub legal_country_limit: Option<LegalCountryLimit>,
    /// The most that an hour may cost, in minor units; more than 0.
    pub max_hourly_rate: Money,
    /// Hours per week.
    #[schema(minimum = 1, maximum = 80, examples(40))]
    pub hours_per_week: i64,
    /// The first day, from today to two years ahead by the clock of `time_zone`.
    #[schema(value_type = String, format = "date", examples("2026-12-01"))]
    pub starts_on: NaiveDate,
    /// How many weeks; unset is open-ended.
    #[schema(minimum = 1, maximum = 520, examples(26))]
    pub duration_weeks: Option<i64>,
    /// Where the working hours and the first day count.
    pub time_zone: TimeZone,
    /// The team's daily hours by the clock of `time_zone`; 09:00 to 17:00 where unset.
    pub working_hours: Option<WorkingHours>,
    /// Hours per day that the developer's working hours share with these; at most as long as they are.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 24, default = 0, examples(4))]
    pub overlap_hours: f64,
    /// BCP 47 tags of the languages, all of which are needed.
    #[serde(default)]
    #[schema(format = "language", max_items = 20, max_length = 35, examples("en"))]
    pub languages: Vec<String>,
    /// How many developers.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 100, default = 1, examples(1))]
    pub seats: i64,
    /// Whether everybody may read it while it is open, with the organisation's name, as a posting for job boards and search engines.
    #[serde(default)]
    #[schema(default = false)]
    pub published: bool,
}

/// A skill that is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestedSkill {
    /// The skill: its slug, or when writing also an alias.
    #[schema(min_length = 1, max_length = 64, examples("go"))]
    pub slug: String,
    /// At least this level.
    pub min_level: SkillLevel,
    /// At least so many years.
    #[schema(minimum = 0, maximum = 60, examples(2.5))]
    pub min_years: Option<f64>,
    /// Whether nobody fits without it.
    pub must: bool,
    /// How much it counts among the skills that are no musts.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 10, default = 1, examples(1))]
    pub weight: i64,
    /// Whether a substitute from the catalogue will do.
    #[serde(default)]
    #[schema(default = false)]
    pub allow_adjacent: bool,
}

/// Countries outside of which the law does not let the work be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LegalCountryLimit {
    /// ISO 3166-1 alpha-2, each once.
    #[schema(format = "country", min_items = 1, max_items = 60, max_length = 2, examples("DE", "AT"))]
    pub countries: Vec<String>,
    /// Which law, for people to read.
    #[schema(format = "prose", min_length = 1, max_length = 2000, examples("The data may not leave these countries."))]
    pub reason: String,
}

fn one() -> i64 {
    1
}

/// A job request as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRequest {
    /// Its id.
    pub id: JobRequestId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// The member who wrote it.
    pub created_by: UserId,
    /// Where it stands.
    pub state: JobRequestState,
    /// What it asks for; every skill by its slug.
    pub fields: JobRequestFields,
    /// How many of its seats trials hold.
    pub seats_taken: i64,
    /// Counts the changes.
    pub version: i64,
    /// When it was written.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
}

impl JobRequest {
    /// A new one, not yet open.
    pub fn draft(organization: OrganizationId, created_by: UserId, fields: JobRequestFields, now: Instant) -> Self {
        let (id, state) = (JobRequestId::new(now), JobRequestState::Draft);
        Self { id, organization, created_by, state, fields, seats_taken: 0, version: 1, created_at: now, updated_at: now }
    }

    /// The next version of this one: in `state`, or in what the seats make of it.
    pub fn next(self, state: JobRequestState, now: Instant) -> Self {
        let state = state.with_seats(self.seats_taken, self.fields.seats);
        Self { state, version: self.version + 1, updated_at: now, ..self }
    }
}
