//! Rolls figures up.

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;

use crate::kernel::error::Result;
use crate::scheduler::{Nudge, Progress, Task};
use crate::statistics::domain::Signs;
use crate::statistics::service::StatisticsRoom;

/// How often to look.
const EVERY: Duration = Duration::from_secs(60);
/// Weeks of one run.
const WEEKS: usize = 8;

/// Keeps the figures of all weeks.
pub struct RollUp {
    statistics: StatisticsRoom,
    /// What there was to count in the weeks that were rolled up last: while it stays so, they are not counted again.
    seen: Mutex<Option<Signs>>,
}

impl RollUp {
    /// The figures of `statistics`.
    pub fn new(statistics: StatisticsRoom) -> Self {
        Self { statistics, seen: Mutex::default() }
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
        let mut seen = self.seen.lock().await;
        let weeks = self.statistics.behind(WEEKS).await?;
        let (Some(first), Some(last)) = (weeks.first(), weeks.last()) else { return Ok(Progress::Idle) };
        // Before they are counted: what comes meanwhile is seen the next time.
        let signs = self.statistics.signs(*first, *last).await?;
        if seen.as_ref() == Some(&signs) {
            self.statistics.confirm().await?;
            return Ok(Progress::Idle);
        }
        for week in &weeks {
            self.statistics.roll_up(*week).await?;
        }
        *seen = Some(signs);
        Ok(if weeks.len() == WEEKS { Progress::More } else { Progress::Idle })
    }
}
