//! `guildhall migrate`.

use guildhall::app::App;
use guildhall::db::migrate;

use crate::commands::plain;

/// Applies what is pending, or only says what is.
pub async fn migrations(app: &App, status: bool) -> anyhow::Result<()> {
    if !status {
        let names = app.db.read(migrate::run).await.map_err(plain)?;
        println!("applied: {}", if names.is_empty() { "nothing was pending".to_owned() } else { names.join(", ") });
        return Ok(());
    }
    let (applied, pending) = app.db.read(|conn| Ok((migrate::applied(conn)?, migrate::pending(conn)?))).await.map_err(plain)?;
    println!("applied: {}\npending: {}", applied.join(", "), if pending.is_empty() { "none".to_owned() } else { pending.join(", ") });
    Ok(())
}
