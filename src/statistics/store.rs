//! Rows of weekly figures, and up to which week they are rolled up.

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{statistics_head, weekly_figures};
use crate::each;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::week::Week;
use crate::sql_words;
use crate::statistics::domain::{Figure, Measure};

sql_words!(Measure);

/// The one row of the head.
const HEAD: i64 = 1;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = weekly_figures)]
struct Row {
    week: NaiveDate,
    measure: Measure,
    name: String,
    amount: i64,
    total: i64,
}

/// Up to which week figures are rolled up, and when that was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// The last week; none before the first time.
    pub week: Option<Week>,
    /// When it was rolled up.
    pub rolled_at: Option<Instant>,
}

/// Up to where figures are rolled up.
///
/// # Errors
/// 503 when the database is down.
pub fn head(conn: &mut Conn) -> Result<Head> {
    let row: Option<(Option<NaiveDate>, Option<Instant>)> =
        statistics_head::table.find(HEAD).select((statistics_head::week, statistics_head::rolled_at)).first(conn).optional()?;
    let (week, rolled_at) = row.unwrap_or_default();
    Ok(Head { week: week.map(Week::of), rolled_at })
}

/// Keeps `figures` as those of `week`, instead of what was there. Whoever else rolls up waits.
///
/// # Errors
/// 503 when the database is down.
pub fn replace(conn: &mut Conn, week: Week, figures: Vec<Figure>, now: Instant) -> Result<()> {
    let monday = week.monday();
    // The row's lock comes first.
    diesel::update(statistics_head::table.find(HEAD)).set(statistics_head::rolled_at.eq(now)).execute(conn)?;
    let behind = statistics_head::table.find(HEAD).filter(statistics_head::week.is_null().or(statistics_head::week.lt(monday)));
    diesel::update(behind).set(statistics_head::week.eq(monday)).execute(conn)?;
    diesel::delete(weekly_figures::table.filter(weekly_figures::week.eq(monday))).execute(conn)?;
    let row = |Figure { measure, name, amount, total }| Row { week: monday, measure, name, amount, total };
    let rows: Vec<Row> = figures.into_iter().map(row).collect();
    for rows in rows.chunks(500) {
        each!(conn, conn => diesel::insert_into(weekly_figures::table).values(rows).execute(conn))?;
    }
    Ok(())
}

/// The figures of the weeks from `first` to `last`.
///
/// # Errors
/// 503 when the database is down.
pub fn figures(conn: &mut Conn, first: Week, last: Week) -> Result<Vec<(Week, Figure)>> {
    let rows = weekly_figures::table.filter(weekly_figures::week.ge(first.monday())).filter(weekly_figures::week.le(last.monday()));
    let rows: Vec<Row> =
        rows.order((weekly_figures::week, weekly_figures::measure, weekly_figures::name)).select(Row::as_select()).load(conn)?;
    let figure = |Row { week, measure, name, amount, total }| (Week::of(week), Figure { measure, name, amount, total });
    Ok(rows.into_iter().map(figure).collect())
}
