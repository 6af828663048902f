//! Logs, one event a line, metrics for Prometheus and, with the feature `otel`, traces. Nobody's address, name or token is ever logged.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

#[cfg(feature = "otel")]
pub mod traces;

#[cfg(not(feature = "otel"))]
use std::io::IsTerminal as _;
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::kernel::error::{Error, Result};

/// How often what was measured is counted.
const UPKEEP: Duration = Duration::from_secs(5);

/// What is logged: as `RUST_LOG` chooses.
fn chosen() -> EnvFilter {
    EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,lettre=warn,rustls=warn"))
}

/// Starts logging to stderr: plain on a terminal, JSON otherwise; `RUST_LOG` chooses what.
#[cfg(not(feature = "otel"))]
pub fn start_logs() {
    let subscriber = tracing_subscriber::fmt().with_env_filter(chosen()).with_writer(std::io::stderr);
    let set = if std::io::stderr().is_terminal() { subscriber.try_init() } else { subscriber.json().flatten_event(true).try_init() };
    if let Err(error) = set {
        // Somebody set a subscriber before us: then that one is used.
        tracing::debug!(%error, "logs were started before");
    }
}

/// Starts counting; the handle renders what `/metrics` shows.
///
/// # Errors
/// When a recorder is there already.
pub fn start_metrics() -> Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new()
        .set_buckets(&[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0])
        .map_err(Error::internal)?
        .install_recorder()
        .map_err(Error::internal)?;
    // Samples of histograms wait to be counted until somebody asks: where nobody does, they would fill the memory.
    let upkeep = handle.clone();
    let count = move || {
        loop {
            std::thread::sleep(UPKEEP);
            upkeep.run_upkeep();
        }
    };
    std::thread::Builder::new().name("metrics".to_owned()).spawn(count).map_err(Error::internal)?;
    metrics::gauge!("guildhall_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(handle)
}
