//! Rows of reports.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::reports;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{ReportId, UserId};
use crate::kernel::page::PageQuery;
use crate::reports::domain::{Report, ReportCategory, ReportState};
use crate::sql_words;

sql_words!(ReportCategory, ReportState);

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = reports, treat_none_as_null = true)]
struct Row {
    id: ReportId,
    reporter_id: UserId,
    subject: String,
    category: ReportCategory,
    message: String,
    state: ReportState,
    note: Option<String>,
    handled_by: Option<UserId>,
    handled_at: Option<Instant>,
    version: i64,
    created_at: Instant,
}

impl From<Report> for Row {
    fn from(report: Report) -> Self {
        let Report { id, reporter, subject, category, message, state, note, handled_by, handled_at, version, created_at } = report;
        Self { id, reporter_id: reporter, subject, category, message, state, note, handled_by, handled_at, version, created_at }
    }
}

impl From<Row> for Report {
    fn from(row: Row) -> Self {
        let Row { id, reporter_id, subject, category, message, state, note, handled_by, handled_at, version, created_at } = row;
        Self { id, reporter: reporter_id, subject, category, message, state, note, handled_by, handled_at, version, created_at }
    }
}

/// Adds a report.
///
/// # Errors
/// 503 when the database is down.
pub fn insert(conn: &mut Conn, report: &Report) -> Result<()> {
    diesel::insert_into(reports::table).values(Row::from(report.clone())).execute(conn)?;
    Ok(())
}

/// The report with this id.
///
/// # Errors
/// 404 when there is none.
pub fn get(conn: &mut Conn, id: ReportId) -> Result<Report> {
    let row: Option<Row> = reports::table.find(id).select(Row::as_select()).first(conn).optional()?;
    row.map(Report::from).ok_or_else(Error::not_found)
}

/// Replaces the version before this one.
///
/// # Errors
/// 412 when that version is no longer current.
pub fn update(conn: &mut Conn, report: &Report) -> Result<()> {
    let before = reports::table.filter(reports::id.eq(report.id)).filter(reports::version.eq(report.version - 1));
    let changed = diesel::update(before).set(Row::from(report.clone())).execute(conn)?;
    if changed == 1 { Ok(()) } else { Err(Error::stale()) }
}

/// Reports, newest first, in one state or any; one more than asked for.
///
/// # Errors
/// 400 for a cursor that is not one of ours.
pub fn list(conn: &mut Conn, state: Option<ReportState>, page: &PageQuery) -> Result<Vec<Report>> {
    let mut rows = reports::table.select(Row::as_select()).order(reports::id.desc()).limit(page.rows_to_read()).into_boxed();
    if let Some(state) = state {
        rows = rows.filter(reports::state.eq(state));
    }
    if let Some(after) = page.after_as::<ReportId>()? {
        rows = rows.filter(reports::id.lt(after));
    }
    Ok(rows.load::<Row>(conn)?.into_iter().map(Report::from).collect())
}
