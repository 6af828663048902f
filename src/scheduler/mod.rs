//! Background work: a [`Task`] reads state and reconciles, a [`Nudge`] wakes it early, the [`driver`] runs it. Knows no task.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod driver;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;

use crate::kernel::error::Result;

/// Background work without input: reads what is due and does a bounded piece of it. Idempotent.
#[async_trait]
pub trait Task: Send + Sync + 'static {
    /// The name in logs and metrics.
    fn name(&self) -> &'static str;

    /// How often to look when nobody nudges.
    fn every(&self) -> Duration;

    /// What wakes it early.
    fn nudge(&self) -> Nudge;

    /// Does one bounded piece of work.
    ///
    /// # Errors
    /// What failed; the driver logs it and tries again at the next turn.
    async fn run(&self) -> Result<Progress>;
}

/// Whether a task should be run again at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// There is more to do.
    More,
    /// Nothing is left that is due.
    Idle,
}

/// Wakes a task early; without data, so that losing one costs only latency.
#[derive(Debug, Clone, Default)]
pub struct Nudge(Arc<Notify>);

impl Nudge {
    /// Wakes the task, now or as soon as it waits.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    /// Waits for the next nudge.
    pub async fn wait(&self) {
        self.0.notified().await;
    }
}
