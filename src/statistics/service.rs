//! The use cases of figures: rolling them up, and telling them.

use chrono::{Days, TimeDelta};

use crate::db::Conn;
use crate::db::pool::Db;
use crate::kernel::clock::SharedClock;
use crate::kernel::error::{Faults, Result};
use crate::kernel::principal::Principal;
use crate::kernel::week::Week;
use crate::statistics::domain::Signs;
use crate::statistics::view::Statistics;
use crate::statistics::{store, store_sources};

/// Over so many weeks figures are told where nobody says over how many.
const USUAL: u64 = 12;
/// Over so many at the most.
const MOST: i64 = 106;
/// How old the newest figures grow.
const GROWN_OLD: TimeDelta = TimeDelta::minutes(10);

/// The room of figures.
#[derive(Clone)]
pub struct StatisticsRoom {
    db: Db,
    clock: SharedClock,
}

impl StatisticsRoom {
    /// Figures of `db`.
    pub fn new(db: Db, clock: SharedClock) -> Self {
        Self { db, clock }
    }

    /// How the house did from the week `from` to the week `to`; the last twelve weeks where nothing is said.
    ///
    /// # Errors
    /// 403 for others than admins; 422 for weeks in the wrong order, or too many.
    pub async fn tell(&self, principal: Principal, from: Option<Week>, to: Option<Week>) -> Result<Statistics> {
        principal.admin()?;
        let to = to.unwrap_or_else(|| Week::of(self.clock.now().date()));
        let usual = to.monday().checked_sub_days(Days::new(7 * (USUAL - 1))).map_or(to, Week::of);
        let from = from.unwrap_or(usual);
        let days = to.monday().signed_duration_since(from.monday()).num_days();
        let mut faults = Faults::default();
        faults.check(days >= 0, "?from", "must not be after `to`");
        faults.check(days < 7 * MOST, "?from", &format!("must be less than {MOST} weeks before `to`"));
        faults.finish()?;
        let read = move |conn: &mut Conn| {
            let rolled_at = store::head(conn)?.rolled_at;
            let (before, until) = (store::standing(conn, from.previous())?, store::standing(conn, to)?);
            Ok(Statistics::of(from, to, rolled_at, (&before, &until), store::by_week(conn, from, to)?))
        };
        self.db.read(read).await
    }

    /// The weeks to be rolled up now: the one before the last that was rolled up, in which something may have been committed late, and
    /// all since; at most `limit` of them, and none before the figures are ten minutes old. Steps that were due while no worker ran are
    /// counted where they were due, so they too may come late.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn behind(&self, limit: usize) -> Result<Vec<Week>> {
        let now = self.clock.now();
        let current = Week::of(now.date());
        let read = |conn: &mut Conn| Ok((store::head(conn)?, store_sources::first_week(conn)?));
        let (head, first) = self.db.read(read).await?;
        let is_new = head.week >= Some(current) && head.rolled_at.is_some_and(|at| now.since(at) < GROWN_OLD);
        let Some(first) = first.filter(|_| !is_new) else { return Ok(Vec::new()) };
        let again = head.week.map_or(first, |week| week.previous().max(first));
        Ok(std::iter::successors(Some(again), |week| Some(week.next())).take_while(|week| *week <= current).take(limit).collect())
    }

    /// By what it shows that the weeks from `first` to `last` are to be rolled up again.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn signs(&self, first: Week, last: Week) -> Result<Signs> {
        self.db.read(move |conn| store_sources::signs(conn, first, last)).await
    }

    /// Notes that nothing is to be rolled up.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn confirm(&self) -> Result<()> {
        let now = self.clock.now();
        self.db.write(move |conn| store::confirm(conn, now)).await
    }

    /// Rolls up a week, upon what stands at the end of the one before. It is read beside the writes, and written at once.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn roll_up(&self, week: Week) -> Result<()> {
        let now = self.clock.now();
        let count = move |conn: &mut Conn| {
            let mut tally = store::standing(conn, week.previous())?;
            store_sources::count(conn, week, &mut tally)?;
            Ok(tally.figures().collect::<Vec<_>>())
        };
        let figures = self.db.read(count).await?;
        self.db.write(move |conn| store::replace(conn, week, figures.clone(), now)).await
    }
}
