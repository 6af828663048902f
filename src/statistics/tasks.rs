//! Rolls figures up.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use crate::kernel::clock::SharedClock;
use crate::kernel::error::Result;
use crate::scheduler::{Nudge, Progress, Task};
use crate::statistics::service::StatisticsRoom;

/// How often to look.
const EVERY: Duration = Duration::from_secs(60);
/// How old the newest figures grow, in microseconds.
const ROLL_UP_EVERY: i64 = 600_000_000;
/// Weeks of one run.
const WEEKS: usize = 8;

/// Keeps the figures of all weeks.
pub struct RollUp {
    statistics: StatisticsRoom,
    clock: SharedClock,
    rolled_at: AtomicI64,
}

impl RollUp {
    /// The figures of `statistics`.
    pub fn new(statistics: StatisticsRoom, clock: SharedClock) -> Self {
        Self { statistics, clock, rolled_at: AtomicI64::new(0) }
    }
}

#[async_trait]
impl Task for RollUp {
    fn name(&self) -> &'static str {
        "statistics"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn nudge(&self) -> Nudge {
        Nudge::default()
    }

    async fn run(&self) -> Result<Progress> {
        let now = self.clock.now().micros();
        if now.saturating_sub(self.rolled_at.load(Ordering::Relaxed)) < ROLL_UP_EVERY {
            return Ok(Progress::Idle);
        }
        let weeks = self.statistics.behind(WEEKS).await?;
        for week in &weeks {
            self.statistics.roll_up(*week).await?;
        }
        if weeks.len() == WEEKS {
            return Ok(Progress::More);
        }
        self.rolled_at.store(now, Ordering::Relaxed);
        Ok(Progress::Idle)
    }
}
