//! The clock of timesheets: hours that nobody has queried in time count.

use std::time::Duration;

use async_trait::async_trait;

use crate::kernel::error::Result;
use crate::scheduler::{Nudge, Progress, Task};
use crate::timesheets::service::Timesheets;

/// The most timers of one run.
const BATCH: i64 = 64;
/// How often the timers are looked at: hours are counted here, not seconds.
const EVERY: Duration = Duration::from_secs(10);

/// Lets time pass for timesheets.
pub struct TimesheetClock(pub Timesheets);

#[async_trait]
impl Task for TimesheetClock {
    fn name(&self) -> &'static str {
        "timesheet-clock"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn nudge(&self) -> Nudge {
        self.0.timers.clone()
    }

    async fn run(&self) -> Result<Progress> {
        Ok(if self.0.ring_timers(BATCH).await? == 0 { Progress::Idle } else { Progress::More })
    }
}
