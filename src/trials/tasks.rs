//! The clock of trials: takes the steps that are due, oldest first, each in a transaction of its own.

use std::time::Duration;

use async_trait::async_trait;

use crate::kernel::error::Result;
use crate::scheduler::{Nudge, Progress, Task};
use crate::trials::service::Trials;

/// The most timers of one run.
const BATCH: i64 = 512;
/// How often the timers are looked at when nobody nudges.
const EVERY: Duration = Duration::from_secs(1);

/// How often it is looked whether an offer's mail was given up.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// Tells whoever sent an offer that it reaches nobody.
pub struct UndeliveredOffers(pub Trials);

#[async_trait]
impl Task for UndeliveredOffers {
    fn name(&self) -> &'static str {
        "undelivered-offers"
    }

    fn every(&self) -> Duration {
        LOOK_EVERY
    }

    fn nudge(&self) -> Nudge {
        Nudge::default()
    }

    async fn run(&self) -> Result<Progress> {
        self.0.tell_undelivered().await?;
        Ok(Progress::Idle)
    }
}

/// Lets time pass for trials.
pub struct TrialClock(pub Trials);

#[async_trait]
impl Task for TrialClock {
    fn name(&self) -> &'static str {
        "trial-clock"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn nudge(&self) -> Nudge {
        self.0.timers.clone()
    }

    /// After a step, the trial's next one may be due as well: there is more until nothing is.
    async fn run(&self) -> Result<Progress> {
        let rung = self.0.ring_timers(BATCH).await?;
        Ok(if rung == 0 { Progress::Idle } else { Progress::More })
    }
}
