//! The use cases of figures: rolling them up, and telling them.

use chrono::Days;

use crate::db::Conn;
use crate::db::pool::Db;
use crate::kernel::clock::SharedClock;
use crate::kernel::error::{Faults, Result};
use crate::kernel::principal::Principal;
use crate::kernel::week::Week;
use crate::statistics::view::Statistics;
use crate::statistics::{store, store_sources};

/// Over so many weeks figures are told where nobody says over how many.
const USUAL: u64 = 12;
/// Over so many at the most.
const MOST: i64 = 106;

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
            let head = store::head(conn)?;
            Ok(Statistics::of(from, to, head.rolled_at, &store::figures(conn, from, to)?))
        };
        self.db.read(read).await
    }

    /// The weeks to be rolled up now: the one before the last that was rolled up, in which something may have been committed late, and
    /// all since; at most `limit` of them. Steps that were due while no worker ran are counted where they were due, so they too may
    /// come late.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn behind(&self, limit: usize) -> Result<Vec<Week>> {
        let current = Week::of(self.clock.now().date());
        let read = |conn: &mut Conn| Ok((store::head(conn)?.week, store_sources::first_week(conn)?));
        let (rolled, first) = self.db.read(read).await?;
        let Some(first) = first else { return Ok(Vec::new()) };
        let again = rolled.map(|week| Week::of(week.day(-7))).map_or(first, |week| week.max(first));
        Ok(std::iter::successors(Some(again), |week| Some(week.next())).take_while(|week| *week <= current).take(limit).collect())
    }

    /// Rolls up a week. It is read beside the writes, and written at once.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn roll_up(&self, week: Week) -> Result<()> {
        let now = self.clock.now();
        let figures: Vec<_> = self.db.read(move |conn| Ok(store_sources::count(conn, week)?.figures().collect())).await?;
        self.db.write(move |conn| store::replace(conn, week, figures.clone(), now)).await
    }
}
