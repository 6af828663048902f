//! Rows of timesheets.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::timesheets;
use crate::db::types::Json;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::TrialId;
use crate::kernel::week::Week;
use crate::sql_words;
use crate::timesheets::domain::{Day, Sheet};
use crate::timesheets::process::SheetState;

sql_words!(SheetState);

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

/// Begins a timesheet.
///
/// # Errors
/// 409 when there is one for this week.
pub fn insert(conn: &mut Conn, sheet: &Sheet) -> Result<()> {
    diesel::insert_into(timesheets::table).values(Row::from(sheet.clone())).execute(conn)?;
    Ok(())
}

/// Writes `sheet` over the row whose version is still `version`.
///
/// # Errors
/// 409 when it is not: somebody else was faster.
pub fn update(conn: &mut Conn, version: i64, sheet: &Sheet) -> Result<()> {
    let same = timesheets::table.find((sheet.trial_id, sheet.week.to_string())).filter(timesheets::version.eq(version));
    let changed = diesel::update(same).set(Row::from(sheet.clone())).execute(conn)?;
    if changed == 0 {
        return Err(Error::conflict("The timesheet has just changed: read it again, then repeat your step."));
    }
    Ok(())
}
