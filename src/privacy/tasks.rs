//! Erases who has left, asks who is long gone, and lets go of what is too old.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use crate::kernel::clock::SharedClock;
use crate::kernel::error::Result;
use crate::privacy::service::PrivacyRoom;
use crate::scheduler::{Nudge, Progress, Task};

/// How often to look who is due.
const EVERY: Duration = Duration::from_secs(60);
/// How often old things are let go of, in microseconds.
const LET_GO_EVERY: i64 = 3_600_000_000;

/// How often the database's files are wiped of it at the most, in microseconds.
const WIPE_EVERY: i64 = 24 * LET_GO_EVERY;

/// Keeps what is promised about people's data.
pub struct Keeper {
    privacy: PrivacyRoom,
    clock: SharedClock,
    let_go_at: AtomicI64,
    /// Rows that were let go of since the files were wiped.
    touched: AtomicUsize,
    wiped_at: AtomicI64,
}

impl Keeper {
    /// Of the data of `privacy`.
    pub fn new(privacy: PrivacyRoom, clock: SharedClock) -> Self {
        Self { privacy, clock, let_go_at: AtomicI64::new(0), touched: AtomicUsize::new(0), wiped_at: AtomicI64::new(0) }
    }
}

#[async_trait]
impl Task for Keeper {
    fn name(&self) -> &'static str {
        "privacy"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn nudge(&self) -> Nudge {
        self.privacy.due.clone()
    }

    async fn run(&self) -> Result<Progress> {
        let mut done = self.privacy.erase_due().await?;
        let now = self.clock.now().micros();
        if now.saturating_sub(self.let_go_at.load(Ordering::Relaxed)) >= LET_GO_EVERY {
            let touched = self.privacy.let_go().await? + self.touched.load(Ordering::Relaxed);
            let wipe = touched > 0 && now.saturating_sub(self.wiped_at.load(Ordering::Relaxed)) >= WIPE_EVERY;
            self.touched.store(if wipe { 0 } else { touched }, Ordering::Relaxed);
            if wipe {
                self.wiped_at.store(now, Ordering::Relaxed);
                self.privacy.wipe().await?;
            }
            let asked = self.privacy.ask_idle().await?;
            done += asked;
            if asked == 0 {
                self.let_go_at.store(now, Ordering::Relaxed);
            }
        }
        Ok(if done > 0 { Progress::More } else { Progress::Idle })
    }
}
