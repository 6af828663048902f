//! The clock of reviews: shows them when their days are over.

use std::time::Duration;

use async_trait::async_trait;

use crate::kernel::error::Result;
use crate::reviews::service::Reviews;
use crate::scheduler::{Nudge, Progress, Task};

/// The most timers of one run.
const BATCH: i64 = 64;
/// How often the timers are looked at: days are counted here, not seconds.
const EVERY: Duration = Duration::from_secs(10);

/// Lets time pass for reviews.
pub struct ReviewClock(pub Reviews);

#[async_trait]
impl Task for ReviewClock {
    fn name(&self) -> &'static str {
        "review-clock"
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
