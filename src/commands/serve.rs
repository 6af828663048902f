//! `guildhall serve` and `guildhall worker`.

use guildhall::app::{App, Duties};
use guildhall::telemetry;

use crate::commands::plain;

/// Does its duties until it is asked to stop.
pub async fn serve(app: App, duties: Duties, migrate: bool) -> anyhow::Result<()> {
    let metrics = telemetry::start_metrics().map_err(plain)?;
    app.prepare(migrate).await.map_err(plain)?;
    app.run_until_stopped(duties, Some(metrics)).await.map_err(plain)
}
