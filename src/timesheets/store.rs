//! Rows of timesheets.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{timesheet_events, timesheets};
use crate::db::types::Json;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{TrialId, UserId};
use crate::kernel::process::Actor;
use crate::kernel::week::Week;
use crate::kernel::words::Word as _;
use crate::sql_words;
use crate::timesheets::domain::{Day, Sheet, SheetEvent};
use crate::timesheets::process::{SheetAction, SheetState};

sql_words!(SheetState, SheetAction);

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = timesheets, treat_none_as_null = true)]
struct Row {
    trial_id: TrialId,
    iso_week: String,
    state: SheetState,
    days_json: Json<Vec<Day>>,
    submitted_at: Option<Instant>,
    due_at: Option<Instant>,
    version: i64,
    changed_at: Instant,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = timesheet_events)]
struct EventRow {
    version: i64,
    action: SheetAction,
    actor: String,
    user_id: Option<UserId>,
    to_state: SheetState,
    message: Option<String>,
    occurred_at: Instant,
}

impl From<Sheet> for Row {
    fn from(sheet: Sheet) -> Self {
        let Sheet { trial_id, week, state, days, submitted_at, due_at, version, changed_at } = sheet;
        Self { trial_id, iso_week: week.to_string(), state, days_json: Json(days), submitted_at, due_at, version, changed_at }
    }
}

fn sheet(row: Row) -> Result<Sheet> {
    let Row { trial_id, iso_week, state, days_json, submitted_at, due_at, version, changed_at } = row;
    let week = iso_week.parse().map_err(|()| Error::internal(format!("a timesheet of `{iso_week}`")))?;
    Ok(Sheet { trial_id, week, state, days: days_json.0, submitted_at, due_at, version, changed_at })
}

/// The timesheet of a week, if somebody has begun it. Whether the trial may be seen is asked before.
///
/// # Errors
/// 503 when the database is down.
pub fn find(conn: &mut Conn, trial: TrialId, week: Week) -> Result<Option<Sheet>> {
    let row: Option<Row> = timesheets::table.find((trial, week.to_string())).select(Row::as_select()).first(conn).optional()?;
    row.map(sheet).transpose()
}

/// The timesheets of a trial, the first week first.
///
/// # Errors
/// 503 when the database is down.
pub fn of_trial(conn: &mut Conn, trial: TrialId) -> Result<Vec<Sheet>> {
    let rows = timesheets::table.filter(timesheets::trial_id.eq(trial)).order(timesheets::iso_week);
    rows.select(Row::as_select()).load::<Row>(conn)?.into_iter().map(sheet).collect()
}

/// Keeps `sheet` instead of the version before it, whose trial the caller has locked.
///
/// # Errors
/// 409 when somebody else was faster.
pub fn save(conn: &mut Conn, sheet: &Sheet) -> Result<()> {
    let row = Row::from(sheet.clone());
    let changed = if sheet.version == 1 {
        diesel::insert_into(timesheets::table).values(row).execute(conn)?
    } else {
        let before = timesheets::table.find((sheet.trial_id, sheet.week.to_string())).filter(timesheets::version.eq(sheet.version - 1));
        diesel::update(before).set(row).execute(conn)?
    };
    if changed == 1 { Ok(()) } else { Err(Error::conflict("The timesheet has just changed: read it again, then repeat your step.")) }
}

/// Notes a step, for good.
///
/// # Errors
/// 409 when this version of the timesheet has one.
pub fn record(conn: &mut Conn, sheet: &Sheet, event: &SheetEvent) -> Result<()> {
    diesel::insert_into(timesheet_events::table)
        .values((
            timesheet_events::trial_id.eq(sheet.trial_id),
            timesheet_events::iso_week.eq(sheet.week.to_string()),
            timesheet_events::version.eq(event.version),
            timesheet_events::action.eq(event.action),
            timesheet_events::actor.eq(event.actor.to_string()),
            timesheet_events::user_id.eq(event.user_id),
            timesheet_events::to_state.eq(event.to),
            timesheet_events::message.eq(&event.message),
            timesheet_events::occurred_at.eq(event.at),
        ))
        .execute(conn)?;
    Ok(())
}

/// The steps with a timesheet, the first one first.
///
/// # Errors
/// 503 when the database is down.
pub fn events(conn: &mut Conn, trial: TrialId, week: Week) -> Result<Vec<SheetEvent>> {
    let rows = timesheet_events::table
        .filter(timesheet_events::trial_id.eq(trial))
        .filter(timesheet_events::iso_week.eq(week.to_string()))
        .order(timesheet_events::version);
    rows.select(EventRow::as_select()).load::<EventRow>(conn)?.into_iter().map(event).collect()
}

fn event(row: EventRow) -> Result<SheetEvent> {
    let EventRow { version, action, actor, user_id, to_state, message, occurred_at } = row;
    let actor = Actor::parse(&actor).ok_or_else(|| Error::internal(format!("an unknown actor: {actor}")))?;
    Ok(SheetEvent { version, action, actor, user_id, to: to_state, message, at: occurred_at })
}
