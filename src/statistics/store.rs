//! Figures as they stand at the end of each week, and up to which week they are rolled up.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{running_figures, statistics_head};
use crate::db::support::IsOneOf as _;
use crate::each;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::week::Week;
use crate::sql_words;
use crate::statistics::domain::{Figure, Measure, TOLD_BY_WEEK, Tally};

sql_words!(Measure);

/// The one row of the head.
const HEAD: i64 = 1;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = running_figures)]
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

/// Notes that figures say what there is.
///
/// # Errors
/// 503 when the database is down.
pub fn confirm(conn: &mut Conn, now: Instant) -> Result<()> {
    Ok(diesel::update(statistics_head::table.find(HEAD)).set(statistics_head::rolled_at.eq(now)).execute(conn).map(drop)?)
}

/// Keeps `figures` as what stands at the end of `week`, instead of what was there. Whoever else rolls up waits.
///
/// # Errors
/// 503 when the database is down.
pub fn replace(conn: &mut Conn, week: Week, figures: Vec<Figure>, now: Instant) -> Result<()> {
    let monday = week.monday();
    // The row's lock comes first.
    confirm(conn, now)?;
    let behind = statistics_head::table.find(HEAD).filter(statistics_head::week.is_null().or(statistics_head::week.lt(monday)));
    diesel::update(behind).set(statistics_head::week.eq(monday)).execute(conn)?;
    diesel::delete(running_figures::table.filter(running_figures::week.eq(monday))).execute(conn)?;
    let row = |Figure { measure, name, amount, total }| Row { week: monday, measure, name, amount, total };
    let rows: Vec<Row> = figures.into_iter().map(row).collect();
    for rows in rows.chunks(500) {
        each!(conn, conn => diesel::insert_into(running_figures::table).values(rows).execute(conn))?;
    }
    Ok(())
}

/// What stands at the end of `week`, or of the last week before it that is rolled up.
///
/// # Errors
/// 503 when the database is down.
pub fn standing(conn: &mut Conn, week: Week) -> Result<Tally> {
    let until = running_figures::table.filter(running_figures::week.le(week.monday())).order(running_figures::week.desc());
    let last: Option<NaiveDate> = until.select(running_figures::week).first(conn).optional()?;
    let Some(last) = last else { return Ok(Tally::default()) };
    let rows: Vec<Row> = running_figures::table.filter(running_figures::week.eq(last)).select(Row::as_select()).load(conn)?;
    let mut tally = Tally::default();
    rows.into_iter().for_each(|row| tally.many(row.measure, &row.name, row.amount, row.total));
    Ok(tally)
}

/// What stands at the end of each week from `first` to `last`, of what is told week by week; a week in which nothing had been rolled
/// up is not among them.
///
/// # Errors
/// 503 when the database is down.
pub fn by_week(conn: &mut Conn, first: Week, last: Week) -> Result<BTreeMap<Week, Tally>> {
    let rows = running_figures::table
        .filter(running_figures::name.one_of(TOLD_BY_WEEK))
        .filter(running_figures::week.ge(first.monday()))
        .filter(running_figures::week.le(last.monday()));
    let mut weeks = BTreeMap::<Week, Tally>::new();
    for row in rows.select(Row::as_select()).load::<Row>(conn)? {
        weeks.entry(Week::of(row.week)).or_default().many(row.measure, &row.name, row.amount, row.total);
    }
    Ok(weeks)
}
