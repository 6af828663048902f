//! Background work of matching: fits and their digests on one node at a time, saved answers on each.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;

use crate::kernel::clock::SharedClock;
use crate::kernel::error::Result;
use crate::matching::fits::Fits;
use crate::matching::runs::MatchRuns;
use crate::scheduler::{Nudge, Progress, Task};

/// The most digests of one run.
const BATCH: i64 = 32;
/// How often to look when nobody nudges.
const EVERY: Duration = Duration::from_secs(1);
/// How often old saved answers are forgotten, in microseconds.
const FORGET_EVERY: i64 = 3_600_000_000;

/// Follows open requests, records who has come to fit them, sends digests, and forgets old answers.
pub struct MatchNews {
    fits: Fits,
    runs: Arc<MatchRuns>,
    clock: SharedClock,
    forgot_at: AtomicI64,
    /// One run at a time: what is taken out of the index is recorded by whoever took it.
    turn: Mutex<()>,
}

impl MatchNews {
    /// The news of `fits`.
    pub fn new(fits: Fits, runs: Arc<MatchRuns>, clock: SharedClock) -> Self {
        Self { fits, runs, clock, forgot_at: AtomicI64::new(0), turn: Mutex::default() }
    }

    async fn forget_old(&self) -> Result<()> {
        let now = self.clock.now().micros();
        if now.saturating_sub(self.forgot_at.load(Ordering::Relaxed)) >= FORGET_EVERY {
            while self.runs.forget_old().await? {}
            self.forgot_at.store(now, Ordering::Relaxed);
        }
        Ok(())
    }
}

#[async_trait]
impl Task for MatchNews {
    fn name(&self) -> &'static str {
        "match-news"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn nudge(&self) -> Nudge {
        self.fits.nudge()
    }

    async fn run(&self) -> Result<Progress> {
        let _turn = self.turn.lock().await;
        self.fits.record().await?;
        self.fits.follow_requests().await?;
        self.forget_old().await?;
        let sent = self.fits.send_digests(BATCH).await?;
        Ok(if sent == 0 { Progress::Idle } else { Progress::More })
    }
}

/// Saves what this node has answered.
pub struct RunKeeper(pub Arc<MatchRuns>);

#[async_trait]
impl Task for RunKeeper {
    fn name(&self) -> &'static str {
        "match-runs"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn nudge(&self) -> Nudge {
        self.0.nudge()
    }

    async fn run(&self) -> Result<Progress> {
        Ok(if self.0.save().await? { Progress::More } else { Progress::Idle })
    }
}
