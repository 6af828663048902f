//! `guildhall migrate`.

use guildhall::app::App;
use guildhall::db::migrate;

use crate::commands::plain;

/// Applies what is pending, or only says what is.
pub async fn migrations(app: &App, status: bool) -> anyhow::Result<()> {
    let named = |names: Vec<String>, none: &str| if names.is_empty() { none.to_owned() } else { names.join(", ") };
    if !status {
        let names = app.db.read(migrate::run).await.map_err(plain)?;
        println!("applied: {}", named(names, "nothing was pending"));
        return Ok(());
    }
    let (applied, pending) = app.db.read(|conn| Ok((migrate::applied(conn)?, migrate::pending(conn)?))).await.map_err(plain)?;
    println!("applied: {}\npending: {}", named(applied, "none"), named(pending, "none"));
    Ok(())
}
