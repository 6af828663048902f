//! The mailroom: sends what is due, several mails at a time, while a stalled one holds up nobody but its recipient.

use std::pin::pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use crate::kernel::clock::SharedClock;
use crate::kernel::error::Result;
use crate::notifications::service::Notifications;
use crate::scheduler::{Nudge, Progress, Task};

/// The most mails that are being sent at once.
const AT_ONCE: usize = 8;
/// The most mails of one run.
const BATCH: usize = 64;
/// How often the outbox is looked at when nobody nudges.
const EVERY: Duration = Duration::from_secs(1);
/// How long after one look the next one waits, so that a look finds more than the one place that has just become free.
const BREATH: Duration = Duration::from_millis(40);
/// How often old mails are forgotten, in microseconds.
const FORGET_EVERY: i64 = 3_600_000_000;

/// Sends the mails that are due.
pub struct Mailroom {
    notifications: Notifications,
    clock: SharedClock,
    forgot_at: AtomicI64,
}

impl Mailroom {
    /// A mailroom that sends the mails of `notifications`.
    pub fn new(notifications: Notifications, clock: SharedClock) -> Self {
        Self { notifications, clock, forgot_at: AtomicI64::new(0) }
    }

    /// Waits for places that become free or, if more may be claimed, for more that is due.
    async fn until_there_is_more_to_do<S>(&self, sending: &mut FuturesUnordered<S>, claiming: bool) -> Result<()>
    where
        S: Future<Output = Result<()>>,
    {
        let (nudge, mut breath) = (self.nudge(), pin!(tokio::time::sleep(BREATH)));
        let mut done = tokio::select! {
            Some(sent) = sending.next() => sent,
            () = nudge.wait(), if claiming => Ok(()),
            () = tokio::time::sleep(EVERY), if claiming => Ok(()),
        };
        loop {
            tokio::select! {
                Some(sent) = sending.next() => done = done.and(sent),
                () = &mut breath => return done,
            }
        }
    }

    async fn forget_old(&self) -> Result<()> {
        let now = self.clock.now().micros();
        if now.saturating_sub(self.forgot_at.load(Ordering::Relaxed)) >= FORGET_EVERY {
            self.notifications.forget_old().await?;
            self.forgot_at.store(now, Ordering::Relaxed);
        }
        Ok(())
    }
}

#[async_trait]
impl Task for Mailroom {
    fn name(&self) -> &'static str {
        "mailroom"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn nudge(&self) -> Nudge {
        self.notifications.nudge()
    }

    /// Fills free places as they come, all that are free at a time; a failure ends the claiming, never the sending of what is claimed.
    async fn run(&self) -> Result<Progress> {
        let mut sending = FuturesUnordered::new();
        let mut left = BATCH;
        let mut done = Ok(());
        loop {
            let free = AT_ONCE.saturating_sub(sending.len()).min(left);
            if free > 0 && done.is_ok() {
                match self.notifications.claim(i64::try_from(free).unwrap_or(1)).await {
                    Ok(claimed) => {
                        left = left.saturating_sub(claimed.len());
                        sending.extend(claimed.into_iter().map(|mail| self.notifications.deliver(mail)));
                    }
                    Err(error) => done = Err(error),
                }
            }
            if sending.is_empty() {
                break;
            }
            let sent = self.until_there_is_more_to_do(&mut sending, left > 0 && done.is_ok()).await;
            done = done.and(sent);
        }
        done?;
        self.forget_old().await?;
        Ok(if left == 0 { Progress::More } else { Progress::Idle })
    }
}

/// How often the outbox is looked at as a whole.
const MEASURED_EVERY: Duration = Duration::from_secs(5);

/// Says how the outbox stands, in every process: also where nobody sends.
pub struct OutboxGauges {
    notifications: Notifications,
    nudge: Nudge,
}

impl OutboxGauges {
    /// Of the outbox of `notifications`.
    pub fn new(notifications: Notifications) -> Self {
        Self { notifications, nudge: Nudge::default() }
    }
}

#[async_trait]
impl Task for OutboxGauges {
    fn name(&self) -> &'static str {
        "outbox gauges"
    }

    fn every(&self) -> Duration {
        MEASURED_EVERY
    }

    fn nudge(&self) -> Nudge {
        self.nudge.clone()
    }

    async fn run(&self) -> Result<Progress> {
        self.notifications.measure().await?;
        Ok(Progress::Idle)
    }
}
