//! What is told outside while it happens: to programs, to pages that are open, and to whoever watches over the house.

use secrecy::SecretString;
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
    /// A PEM file.
    pub extra_ca: String,
}

/// `[telemetry]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// Of a collector; empty: none.
    pub otlp_endpoint: SecretString,
}
