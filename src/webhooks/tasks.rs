//! The courier: spreads events and sends what is due, several deliveries at a time; an endpoint that stalls holds up itself alone.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use crate::kernel::clock::SharedClock;
use crate::kernel::error::Result;
use crate::scheduler::{Nudge, Progress, Task};
use crate::webhooks::service::Webhooks;

/// The most deliveries on their way at once.
const AT_ONCE: usize = 16;
/// The most deliveries of one run.
const BATCH: usize = 256;
/// How often events and deliveries are looked for when nobody nudges.
const EVERY: Duration = Duration::from_secs(1);
/// How often what is old is forgotten, in microseconds.
const TIDY_EVERY: i64 = 3_600_000_000;

/// Delivers to webhooks.
pub struct Courier {
    webhooks: Webhooks,
    clock: SharedClock,
    tidied_at: AtomicI64,
}

impl Courier {
    /// Of these webhooks.
    pub fn new(webhooks: Webhooks, clock: SharedClock) -> Self {
        Self { webhooks, clock, tidied_at: AtomicI64::new(0) }
    }

    async fn tidy(&self) -> Result<()> {
        let now = self.clock.now().micros();
        if now.saturating_sub(self.tidied_at.load(Ordering::Relaxed)) >= TIDY_EVERY {
            self.webhooks.tidy().await?;
            self.tidied_at.store(now, Ordering::Relaxed);
        }
        Ok(())
    }
}

#[async_trait]
impl Task for Courier {
    fn name(&self) -> &'static str {
        "courier"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn nudge(&self) -> Nudge {
        self.webhooks.nudge()
    }

    /// Fills places as they become free; a failure ends the claiming, never the sending of what is claimed.
    async fn run(&self) -> Result<Progress> {
        let (mut sending, mut left, mut done) = (FuturesUnordered::new(), BATCH, Ok(()));
        loop {
            let free = AT_ONCE.saturating_sub(sending.len()).min(left);
            if free > 0 && done.is_ok() {
                let claimed = async {
                    while self.webhooks.spread().await? {}
                    self.webhooks.claim(i64::try_from(free).unwrap_or(1)).await
                };
                match claimed.await {
                    Ok(claimed) => {
                        left = left.saturating_sub(claimed.len());
                        sending.extend(claimed.into_iter().map(|delivery| self.webhooks.deliver(delivery)));
                    }
                    Err(error) => done = Err(error),
                }
            }
            if sending.is_empty() {
                break;
            }
            tokio::select! {
                Some(sent) = sending.next() => done = done.and(sent),
                () = tokio::time::sleep(EVERY) => {}
            }
        }
        done?;
        self.tidy().await?;
        Ok(if left == 0 { Progress::More } else { Progress::Idle })
    }
}
