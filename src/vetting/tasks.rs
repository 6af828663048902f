//! The clock of vetting: takes the steps that are due, oldest first, each in a transaction of its own.

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;

use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::scheduler::{Nudge, Progress, Task};
use crate::vetting::service::Vetting;

/// The most timers of one run.
const BATCH: i64 = 64;
/// How often the timers are looked at: days are counted here, not seconds.
const EVERY: Duration = Duration::from_secs(10);

/// How often it is looked whether it is 09:00 anywhere.
const DIGEST_EVERY: Duration = Duration::from_secs(60);

/// Lets time pass for vetting.
pub struct VettingClock(pub Vetting);

#[async_trait]
impl Task for VettingClock {
    fn name(&self) -> &'static str {
        "vetting-clock"
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

/// Writes the admins' daily digest.
pub struct IdleDigest {
    vetting: Vetting,
    /// Up to when it has looked.
    seen: Mutex<Option<Instant>>,
}

impl IdleDigest {
    /// Has not looked yet.
    pub fn new(vetting: Vetting) -> Self {
        Self { vetting, seen: Mutex::default() }
    }
}

#[async_trait]
impl Task for IdleDigest {
    fn name(&self) -> &'static str {
        "vetting-digest"
    }

    fn every(&self) -> Duration {
        DIGEST_EVERY
    }

    fn nudge(&self) -> Nudge {
        Nudge::default()
    }

    async fn run(&self) -> Result<Progress> {
        let mut seen = self.seen.lock().await;
        *seen = Some(self.vetting.send_digests(*seen).await?);
        Ok(Progress::Idle)
    }
}
