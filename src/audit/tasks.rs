//! Seals the audit log's new entries into its chain.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use crate::audit::service::Audit;
use crate::kernel::clock::SharedClock;
use crate::kernel::error::Result;
use crate::scheduler::{Nudge, Progress, Task};

/// How long an entry waits at most.
const EVERY: Duration = Duration::from_secs(1);
/// How often the log says where the chain ends, in microseconds.
const TELL_EVERY: i64 = 3_600_000_000;

/// Follows the audit log.
pub struct Sealer {
    audit: Audit,
    clock: SharedClock,
    nudge: Nudge,
    told_at: AtomicI64,
}

impl Sealer {
    /// Seals what is in `audit`.
    pub fn new(audit: Audit, clock: SharedClock) -> Self {
        Self { audit, clock, nudge: Nudge::default(), told_at: AtomicI64::new(0) }
    }
}

#[async_trait]
impl Task for Sealer {
    fn name(&self) -> &'static str {
        "audit-sealer"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn nudge(&self) -> Nudge {
        self.nudge.clone()
    }

    /// Now and then the chain's end goes into the log, which is kept elsewhere: `guildhall audit verify --expect` takes it.
    async fn run(&self) -> Result<Progress> {
        let Some((more, head)) = self.audit.seal().await? else { return Ok(Progress::Idle) };
        let now = self.clock.now().micros();
        if now.saturating_sub(self.told_at.load(Ordering::Relaxed)) >= TELL_EVERY {
            self.told_at.store(now, Ordering::Relaxed);
            tracing::info!(anchor = %head, "the audit log is sealed up to here");
        }
        Ok(if more { Progress::More } else { Progress::Idle })
    }
}
