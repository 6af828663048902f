//! The clock of invitations: lets those lapse that nobody answered.

use std::time::Duration;

use async_trait::async_trait;

use crate::invitations::service::Invitations;
use crate::kernel::error::Result;
use crate::scheduler::{Nudge, Progress, Task};

/// The most timers of one run.
const BATCH: i64 = 64;
/// How often the timers are looked at: days are counted here, not seconds.
const EVERY: Duration = Duration::from_secs(10);

/// Lets time pass for invitations.
pub struct InvitationClock(pub Invitations);

#[async_trait]
impl Task for InvitationClock {
    fn name(&self) -> &'static str {
        "invitation-clock"
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
