//! What only a look can tell of the database: connections in use, and how late the clock's work is. Every process looks, also one
//! without a worker: that nobody works is what there is to be seen.

use std::time::Duration;

use async_trait::async_trait;

use crate::db::pool::Db;
use crate::db::timers;
use crate::kernel::clock::SharedClock;
use crate::kernel::error::Result;
use crate::scheduler::{Nudge, Progress, Task};

/// How often to look: more often than anybody asks.
const EVERY: Duration = Duration::from_secs(5);

/// Looks, and says it in metrics.
pub struct Gauges {
    db: Db,
    clock: SharedClock,
    nudge: Nudge,
}

impl Gauges {
    /// Looks at `db`.
    pub fn new(db: Db, clock: SharedClock) -> Self {
        Self { db, clock, nudge: Nudge::default() }
    }
}

#[async_trait]
impl Task for Gauges {
    fn name(&self) -> &'static str {
        "gauges"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn nudge(&self) -> Nudge {
        self.nudge.clone()
    }

    async fn run(&self) -> Result<Progress> {
        let (open, idle) = self.db.connections();
        metrics::gauge!("guildhall_database_connections", "state" => "used").set(f64::from(open.saturating_sub(idle)));
        metrics::gauge!("guildhall_database_connections", "state" => "idle").set(f64::from(idle));
        let now = self.clock.now();
        for room in self.db.read(move |conn| timers::rooms(conn, now)).await? {
            let late = room.overdue_since.map_or(0.0, |since| now.since(since).as_seconds_f64());
            metrics::gauge!("guildhall_work_late_seconds", "room" => room.room).set(late);
        }
        Ok(Progress::Idle)
    }
}
