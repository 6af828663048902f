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
/// How often the database's files are wiped at the most of people who were erased, in microseconds: on SQLite nobody writes
/// meanwhile, and whoever leaves must not be able to keep the house busy.
const WIPE_ERASED_EVERY: i64 = LET_GO_EVERY;
/// How often of what was let go of.
const WIPE_LET_GO_EVERY: i64 = 24 * LET_GO_EVERY;

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
        let (mut done, now) = (self.privacy.erase_due().await?, self.clock.now().micros());
        if is_over(&self.let_go_at, LET_GO_EVERY, now) {
            self.touched.fetch_add(self.privacy.let_go().await?, Ordering::Relaxed);
            let asked = self.privacy.ask_idle().await?;
            done += asked;
            if asked == 0 {
                self.let_go_at.store(now, Ordering::Relaxed);
            }
        }
        if done > 0 {
            return Ok(Progress::More);
        }
        self.wipe(now).await?;
        Ok(Progress::Idle)
    }
}

impl Keeper {
    async fn wipe(&self, now: i64) -> Result<()> {
        let erased = is_over(&self.wiped_at, WIPE_ERASED_EVERY, now) && self.privacy.is_untidy().await?;
        let let_go = is_over(&self.wiped_at, WIPE_LET_GO_EVERY, now) && self.touched.load(Ordering::Relaxed) > 0;
        if erased || let_go {
            self.privacy.wipe().await?;
            self.touched.store(0, Ordering::Relaxed);
            self.wiped_at.store(now, Ordering::Relaxed);
        }
        Ok(())
    }
}

fn is_over(since: &AtomicI64, period: i64, now: i64) -> bool {
    now.saturating_sub(since.load(Ordering::Relaxed)) >= period
}
