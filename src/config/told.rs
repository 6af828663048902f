//! What is told outside while it happens: to programs, and to pages that are open.

use serde::Deserialize;

/// `[events]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Events {
    /// Seconds.
    pub heartbeat: u64,
    /// At most.
    pub streams_per_account: usize,
}

/// `[webhooks]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// Seconds.
    pub deadline: u64,
    /// Also over plain HTTP and to private addresses.
    pub anywhere: bool,
}
