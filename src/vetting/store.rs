//! Applications and their events. Scorecards are in `store_cards`, what an approval leaves behind in `store_vetted`.

use chrono::TimeDelta;
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{vetting_applications, vetting_events};
use crate::db::types::Json;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{ApplicationId, DeveloperId, EventId, UserId};
use crate::kernel::process::{Actor, is_finished};
use crate::kernel::words::Word as _;
use crate::sql_words;
use crate::vetting::application::{Application, Event, Filter};
use crate::vetting::process::{Action, ApplicationState, STEPS, Stage};

/// The most applications that a digest counts.
const MOST_IDLE: i64 = 1000;

sql_words!(ApplicationState, Stage, Action, Actor);

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = vetting_applications, treat_none_as_null = true)]
struct ApplicationRow {
    id: ApplicationId,
    developer_id: DeveloperId,
    state: ApplicationState,
    remembered_stage: Option<Stage>,
    reviewer_id: Option<UserId>,
    questions: Option<String>,
    answers: Option<String>,
    reason_code: Option<String>,
    message: Option<String>,
    retry_after: Option<Instant>,
    answer_by: Option<Instant>,
    skipped_stages_json: Json<Vec<Stage>>,
    version: i64,
    created_at: Instant,
    changed_at: Instant,
}

impl From<Application> for ApplicationRow {
    fn from(application: Application) -> Self {
        Self {
            id: application.id,
            developer_id: application.developer_id,
            state: application.state,
            remembered_stage: application.remembered_stage,
            reviewer_id: application.reviewer_id,
            questions: application.questions,
            answers: application.answers,
            reason_code: application.reason_code,
            message: application.message,
            retry_after: application.retry_after,
            answer_by: application.answer_by,
            skipped_stages_json: Json(application.skipped_stages),
            version: application.version,
            created_at: application.created_at,
            changed_at: application.changed_at,
        }
    }
}

impl From<ApplicationRow> for Application {
    fn from(row: ApplicationRow) -> Self {
        Self {
            id: row.id,
            developer_id: row.developer_id,
            state: row.state,
            remembered_stage: row.remembered_stage,
            reviewer_id: row.reviewer_id,
            questions: row.questions,
            answers: row.answers,
            reason_code: row.reason_code,
            message: row.message,
            retry_after: row.retry_after,
            answer_by: row.answer_by,
            skipped_stages: row.skipped_stages_json.0,
            version: row.version,
            created_at: row.created_at,
            changed_at: row.changed_at,
        }
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = vetting_events)]
struct EventRow {
    id: EventId,
    application_id: ApplicationId,
    version: i64,
    action: Action,
    actor: Actor,
    user_id: Option<UserId>,
    from_state: Option<ApplicationState>,
    to_state: ApplicationState,
    reason_code: Option<String>,
    message: Option<String>,
    occurred_at: Instant,
}

impl From<Event> for EventRow {
    fn from(event: Event) -> Self {
        let Event { id, application_id, version, action, actor, user_id, from_state, to_state, reason_code, message, occurred_at } = event;
        Self { id, application_id, version, action, actor, user_id, from_state, to_state, reason_code, message, occurred_at }
    }
}

impl From<EventRow> for Event {
    fn from(row: EventRow) -> Self {
        let EventRow { id, application_id, version, action, actor, user_id, from_state, to_state, reason_code, message, occurred_at } = row;
        Self { id, application_id, version, action, actor, user_id, from_state, to_state, reason_code, message, occurred_at }
    }
}

/// Adds an application.
///
/// # Errors
/// 503 when the database is down.
pub fn insert(conn: &mut Conn, application: &Application) -> Result<()> {
    diesel::insert_into(vetting_applications::table).values(ApplicationRow::from(application.clone())).execute(conn)?;
    Ok(())
}

/// Makes `next` of an application whose version is still `version`.
///
/// # Errors
/// 412 when somebody was faster.
pub fn update(conn: &mut Conn, version: i64, next: &Application) -> Result<()> {
    let same = vetting_applications::table.filter(vetting_applications::id.eq(next.id)).filter(vetting_applications::version.eq(version));
    let changed = diesel::update(same).set(ApplicationRow::from(next.clone())).execute(conn)?;
    if changed == 1 { Ok(()) } else { Err(Error::stale()) }
}

/// The application with this id.
///
/// # Errors
/// 404 when there is none.
pub fn application(conn: &mut Conn, id: ApplicationId) -> Result<Application> {
    let row: Option<ApplicationRow> = vetting_applications::table.find(id).select(ApplicationRow::as_select()).first(conn).optional()?;
    row.map(Application::from).ok_or_else(Error::not_found)
}

/// All applications of a developer, newest first.
///
/// # Errors
/// 503 when the database is down.
pub fn of_developer(conn: &mut Conn, developer: DeveloperId) -> Result<Vec<Application>> {
    let rows: Vec<ApplicationRow> = vetting_applications::table
        .filter(vetting_applications::developer_id.eq(developer))
        .order(vetting_applications::id.desc())
        .select(ApplicationRow::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(Application::from).collect())
}

/// A page of applications, oldest first; one more than asked for.
///
/// # Errors
/// 400 for a broken cursor.
pub fn list(conn: &mut Conn, filter: &Filter, now: Instant) -> Result<Vec<Application>> {
    let mut query = vetting_applications::table
        .order(vetting_applications::id)
        .limit(filter.page.rows_to_read())
        .select(ApplicationRow::as_select())
        .into_boxed();
    if let Some(after) = filter.page.after_as::<ApplicationId>()? {
        query = query.filter(vetting_applications::id.gt(after));
    }
    if let Some(state) = filter.state {
        query = query.filter(vetting_applications::state.eq(state));
    }
    if let Some(stage) = filter.stage {
        query = query.filter(vetting_applications::state.eq(stage.state()).or(vetting_applications::remembered_stage.eq(stage)));
    }
    if let Some(reviewer) = filter.assigned_to {
        query = query.filter(vetting_applications::reviewer_id.eq(reviewer));
    }
    if let Some(days) = filter.idle_days {
        let unfinished: Vec<ApplicationState> = ApplicationState::ALL.iter().copied().filter(|state| !is_finished(STEPS, state)).collect();
        query = query
            .filter(vetting_applications::changed_at.le(now.minus(TimeDelta::days(days))))
            .filter(vetting_applications::state.eq_any(unfinished));
    }
    let rows: Vec<ApplicationRow> = query.load(conn)?;
    Ok(rows.into_iter().map(Application::from).collect())
}

/// The applications in these states without a step since then, the longest idle first.
///
/// # Errors
/// 503 when the database is down.
pub fn unchanged_since(conn: &mut Conn, states: &[ApplicationState], since: Instant) -> Result<Vec<Application>> {
    let rows: Vec<ApplicationRow> = vetting_applications::table
        .filter(vetting_applications::state.eq_any(states))
        .filter(vetting_applications::changed_at.le(since))
        .order((vetting_applications::changed_at, vetting_applications::id))
        .limit(MOST_IDLE)
        .select(ApplicationRow::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(Application::from).collect())
}

/// Adds an event.
///
/// # Errors
/// 409 when there is one of this version already.
pub fn insert_event(conn: &mut Conn, event: Event) -> Result<()> {
    diesel::insert_into(vetting_events::table).values(EventRow::from(event)).execute(conn)?;
    Ok(())
}

/// What happened to an application, in order.
///
/// # Errors
/// 503 when the database is down.
pub fn events(conn: &mut Conn, id: ApplicationId) -> Result<Vec<Event>> {
    let rows: Vec<EventRow> = vetting_events::table
        .filter(vetting_events::application_id.eq(id))
        .order(vetting_events::version)
        .select(EventRow::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(Event::from).collect())
}

/// The stages that these applications have passed since then, in their order.
///
/// # Errors
/// 503 when the database is down.
pub fn passed_since(conn: &mut Conn, applications: &[ApplicationId], since: Instant) -> Result<Vec<Stage>> {
    let states: Vec<Option<ApplicationState>> = vetting_events::table
        .filter(vetting_events::application_id.eq_any(applications))
        .filter(vetting_events::action.eq(Action::Advance))
        .filter(vetting_events::occurred_at.ge(since))
        .select(vetting_events::from_state)
        .load(conn)?;
    let passed = |stage: &Stage| states.contains(&Some(stage.state()));
    Ok(Stage::ALL.iter().copied().filter(passed).collect())
}
