//! Forgets what is over: answers kept for repeats, windows of throttles, sessions that ended long ago, old changes.

use std::time::Duration;

use async_trait::async_trait;

use crate::accounts::service::Accounts;
use crate::kernel::error::Result;
use crate::scheduler::{Nudge, Progress, Task};

/// How often.
const EVERY: Duration = Duration::from_secs(15 * 60);

/// Keeps tables that only ever grow from growing for ever.
pub struct Housekeeping {
    accounts: Accounts,
    nudge: Nudge,
}

impl Housekeeping {
    /// Of the database of `accounts`.
    pub fn new(accounts: Accounts) -> Self {
        Self { accounts, nudge: Nudge::default() }
    }
}

#[async_trait]
impl Task for Housekeeping {
    fn name(&self) -> &'static str {
        "housekeeping"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn nudge(&self) -> Nudge {
        self.nudge.clone()
    }

    async fn run(&self) -> Result<Progress> {
        self.accounts.forget_what_is_over().await?;
        Ok(Progress::Idle)
    }
}
