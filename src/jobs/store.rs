//! Rows of job requests and of the skills they ask for.

use std::collections::HashMap;
use std::fmt::Display;

use chrono::NaiveDate;
use diesel::prelude::*;
use serde_json::json;

use crate::audit::domain::Entry;
use crate::audit::store::record;
use crate::db::Conn;
use crate::db::changes::{ChangeKind, note};
use crate::db::lock;
use crate::db::schema::{job_request_skills, job_requests};
use crate::db::support::{IsOneOf as _, unindexed};
use crate::db::types::Json;
use crate::developers::profile::{TimeOfDay, WorkingHours};
use crate::events::domain::NewEvent;
use crate::events::store as events;
use crate::jobs::domain::{JobRequest, JobRequestFields, LegalCountryLimit, RequestedSkill};
use crate::jobs::process::{JobRequestAction, JobRequestState};
use crate::kernel::clock::Instant;
use crate::kernel::craft::{Seniority, SkillLevel};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{JobRequestId, OrganizationId, UserId};
use crate::kernel::money::{Currency, Money};
use crate::kernel::process::Actor;
use crate::kernel::zone::TimeZone;
use crate::sql_words;

sql_words!(JobRequestState);

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = job_requests, treat_none_as_null = true)]
struct Row {
    id: JobRequestId,
    organization_id: OrganizationId,
    created_by: UserId,
    state: JobRequestState,
    title: String,
    description: String,
    seniority_json: Json<Vec<Seniority>>,
    domains_json: Json<Vec<String>>,
    legal_country_limit_json: Json<Option<LegalCountryLimit>>,
    rate_amount: i64,
    rate_currency: Currency,
    hours_per_week: i64,
    starts_on: NaiveDate,
    duration_weeks: Option<i64>,
    time_zone: TimeZone,
    works_from: Option<i64>,
    works_to: Option<i64>,
    overlap_hours: f64,
    languages_json: Json<Vec<String>>,
    seats: i64,
    seats_taken: i64,
    published: bool,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

impl From<&JobRequest> for Row {
    fn from(request: &JobRequest) -> Self {
        let fields = request.fields.clone();
        let minutes = |pick: fn(WorkingHours) -> TimeOfDay| fields.working_hours.map(|hours| i64::from(pick(hours).minutes()));
        Self {
            id: request.id,
            organization_id: request.organization,
            created_by: request.created_by,
            state: request.state,
            works_from: minutes(|hours| hours.from),
            works_to: minutes(|hours| hours.to),
            title: fields.title,
            description: fields.description,
            seniority_json: Json(fields.seniority),
            domains_json: Json(fields.domains),
            legal_country_limit_json: Json(fields.legal_country_limit),
            rate_amount: fields.max_hourly_rate.amount,
            rate_currency: fields.max_hourly_rate.currency,
            hours_per_week: fields.hours_per_week,
            starts_on: fields.starts_on,
            duration_weeks: fields.duration_weeks,
            time_zone: fields.time_zone,
            overlap_hours: fields.overlap_hours,
            languages_json: Json(fields.languages),
            seats: fields.seats,
            seats_taken: request.seats_taken,
            published: fields.published,
            version: request.version,
            created_at: request.created_at,
            updated_at: request.updated_at,
        }
    }
}

impl Row {
    fn request(self, skills: Vec<RequestedSkill>) -> JobRequest {
        let fields = JobRequestFields {
            title: self.title,
            description: self.description,
            skills,
            seniority: self.seniority_json.0,
            domains: self.domains_json.0,
            legal_country_limit: self.legal_country_limit_json.0,
            max_hourly_rate: Money { amount: self.rate_amount, currency: self.rate_currency },
            hours_per_week: self.hours_per_week,
            starts_on: self.starts_on,
            duration_weeks: self.duration_weeks,
            time_zone: self.time_zone,
            working_hours: working_hours(self.works_from, self.works_to),
            overlap_hours: self.overlap_hours,
            languages: self.languages_json.0,
            seats: self.seats,
            published: self.published,
        };
        JobRequest {
            id: self.id,
            organization: self.organization_id,
            created_by: self.created_by,
            state: self.state,
            fields,
            seats_taken: self.seats_taken,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

fn working_hours(from: Option<i64>, to: Option<i64>) -> Option<WorkingHours> {
    let time = |minutes: Option<i64>| TimeOfDay::new(u32::try_from(minutes?).ok()?);
    Some(WorkingHours { from: time(from)?, to: time(to)? })
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = job_request_skills)]
struct SkillRow {
    job_request_id: JobRequestId,
    position: i64,
    slug: String,
    min_level: i64,
    min_years: Option<f64>,
    must: bool,
    weight: i64,
    allow_adjacent: bool,
}

impl From<SkillRow> for RequestedSkill {
    fn from(row: SkillRow) -> Self {
        let SkillRow { slug, min_level, min_years, must, weight, allow_adjacent, .. } = row;
        // The table holds levels from 1 to 5 only.
        let min_level = u8::try_from(min_level).ok().and_then(SkillLevel::new).unwrap_or(SkillLevel::MAX);
        Self { slug, min_level, min_years, must, weight, allow_adjacent }
    }
}

/// Which job requests to list; what is `None` does not narrow.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Whose.
    pub organization: Option<OrganizationId>,
    /// In which state.
    pub state: Option<JobRequestState>,
    /// Only those older than this one.
    pub before: Option<JobRequestId>,
}

/// The job request with this id, whoever owns it.
///
/// # Errors
/// 404 when there is none.
pub fn get(conn: &mut Conn, id: JobRequestId) -> Result<JobRequest> {
    let row: Option<Row> = job_requests::table.find(id).select(Row::as_select()).first(conn).optional()?;
    only(conn, row)
}

/// The job request with this id of this organisation.
///
/// # Errors
/// 404 when there is none, or it is another organisation's.
pub fn find_for(conn: &mut Conn, organization: OrganizationId, id: JobRequestId) -> Result<JobRequest> {
    let own = job_requests::table.find(id).filter(job_requests::organization_id.eq(organization));
    let row: Option<Row> = own.select(Row::as_select()).first(conn).optional()?;
    only(conn, row)
}

/// The job requests with these ids, whoever owns them, in no order; those that do not exist are left out. Two queries.
///
/// # Errors
/// 503 when the database is down.
pub fn find(conn: &mut Conn, ids: &[JobRequestId]) -> Result<Vec<JobRequest>> {
    let rows: Vec<Row> = job_requests::table.filter(job_requests::id.one_of(ids)).select(Row::as_select()).load(conn)?;
    with_skills(conn, rows)
}

/// Job requests, newest first, at most `limit`.
///
/// # Errors
/// 503 when the database is down.
pub fn list(conn: &mut Conn, filter: Filter, limit: i64) -> Result<Vec<JobRequest>> {
    let mut query = job_requests::table.select(Row::as_select()).into_boxed();
    if let Some(organization) = filter.organization {
        query = query.filter(job_requests::organization_id.eq(organization));
    }
    // An organisation's own are few; everybody's in one state are not.
    query = match (filter.state, filter.organization) {
        (Some(state), Some(_)) => query.filter(unindexed(job_requests::state).eq(state)),
        (Some(state), None) => query.filter(job_requests::state.eq(state)),
        (None, _) => query,
    };
    if let Some(before) = filter.before {
        query = query.filter(job_requests::id.lt(before));
    }
    let rows: Vec<Row> = query.order(job_requests::id.desc()).limit(limit).load(conn)?;
    with_skills(conn, rows)
}

/// How many of its seats trials hold, as [`follow_seats`] was last told.
///
/// # Errors
/// 404 when there is no such job request.
pub fn seats_taken(conn: &mut Conn, id: JobRequestId) -> Result<i64> {
    let taken: Option<i64> = job_requests::table.find(id).select(job_requests::seats_taken).first(conn).optional()?;
    taken.ok_or_else(Error::not_found)
}

/// Notes that trials hold `taken` of its seats: an open request fills with its last seat, a filled one opens when a seat
/// is free again; the version grows with every change. Locks the row; the order of locks is developer, job request, trial.
///
/// # Errors
/// 404 when there is no such job request.
pub fn follow_seats(conn: &mut Conn, id: JobRequestId, taken: i64, now: Instant) -> Result<JobRequest> {
    lock::job_request(conn, id)?;
    let current = get(conn, id)?;
    if current.seats_taken == taken && current.state.with_seats(taken, current.fields.seats) == current.state {
        return Ok(current);
    }
    let state = current.state;
    let changed = JobRequest { seats_taken: taken, ..current }.next(state, now);
    update_row(conn, &changed)?;
    if changed.state != state {
        let action = if changed.state == JobRequestState::Filled { JobRequestAction::Fill } else { JobRequestAction::Reopen };
        record(conn, &Entry::step((Actor::System, None), format!("job_request.{action}"), id, None, now))?;
        publish(conn, &changed, action, now)?;
    }
    Ok(changed)
}

/// Tells the organisation outside of a step.
///
/// # Errors
/// 503 when the database is down.
pub fn publish(conn: &mut Conn, request: &JobRequest, action: impl Display, now: Instant) -> Result<()> {
    let data = json!({ "job_request_id": request.id, "state": request.state, "version": request.version });
    events::publish(conn, NewEvent::new("job_request", action, data, now).concerning(request.organization), now)
}

/// Adds a job request as it is, in whatever state: a new one, or one of the demo's.
///
/// # Errors
/// 409 when the id is taken, or a skill or the organisation does not exist.
pub fn insert(conn: &mut Conn, request: &JobRequest) -> Result<()> {
    diesel::insert_into(job_requests::table).values(Row::from(request)).execute(conn)?;
    insert_skills(conn, request)?;
    note(conn, ChangeKind::JobRequest, &request.id, request.updated_at)
}

/// Replaces the version before this one.
///
/// # Errors
/// 412 when that version is no longer current.
pub fn update(conn: &mut Conn, request: &JobRequest) -> Result<()> {
    update_row(conn, request)?;
    diesel::delete(job_request_skills::table.filter(job_request_skills::job_request_id.eq(request.id))).execute(conn)?;
    insert_skills(conn, request)
}

fn update_row(conn: &mut Conn, request: &JobRequest) -> Result<()> {
    let before = job_requests::table.find(request.id).filter(job_requests::version.eq(request.version - 1));
    let changed = diesel::update(before).set(Row::from(request)).execute(conn)?;
    if changed == 0 {
        return Err(Error::stale());
    }
    note(conn, ChangeKind::JobRequest, &request.id, request.updated_at)
}

fn insert_skills(conn: &mut Conn, request: &JobRequest) -> Result<()> {
    for (position, skill) in (0_i64..).zip(request.fields.skills.clone()) {
        let RequestedSkill { slug, min_level, min_years, must, weight, allow_adjacent } = skill;
        let min_level = i64::from(min_level.number());
        let row = SkillRow { job_request_id: request.id, position, slug, min_level, min_years, must, weight, allow_adjacent };
        diesel::insert_into(job_request_skills::table).values(row).execute(conn)?;
    }
    Ok(())
}

fn only(conn: &mut Conn, row: Option<Row>) -> Result<JobRequest> {
    with_skills(conn, row.into_iter().collect())?.pop().ok_or_else(Error::not_found)
}

/// The requests of `rows`, in their order.
fn with_skills(conn: &mut Conn, rows: Vec<Row>) -> Result<Vec<JobRequest>> {
    let ids: Vec<JobRequestId> = rows.iter().map(|row| row.id).collect();
    let asked: Vec<SkillRow> = job_request_skills::table
        .filter(job_request_skills::job_request_id.one_of(ids))
        .order((job_request_skills::job_request_id, job_request_skills::position))
        .select(SkillRow::as_select())
        .load(conn)?;
    let mut skills: HashMap<JobRequestId, Vec<RequestedSkill>> = HashMap::new();
    for row in asked {
        skills.entry(row.job_request_id).or_default().push(row.into());
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let skills = skills.remove(&row.id).unwrap_or_default();
            row.request(skills)
        })
        .collect())
}
