//! `guildhall backup` and `guildhall restore`.

use std::path::Path;
use std::process::ExitCode;

use guildhall::config::Settings;
use guildhall::db::backup;
use guildhall::db::url::DatabaseUrl;
use guildhall::kernel::clock::{Clock as _, SystemClock};
use secrecy::ExposeSecret as _;

use crate::commands::plain;

/// Copies the database to a new file.
pub fn back_up(settings: &Settings, file: &Path) -> anyhow::Result<ExitCode> {
    let url = DatabaseUrl::parse(&settings.database.url)?;
    let from = backup::only_sqlite(&url, "`pg_dump --format=custom --file=FILE URL`").map_err(plain)?;
    let copied = backup::back_up(from, file).map_err(plain)?;
    println!("{} holds {} bytes, looked through and whole, of schema {}", file.display(), copied.bytes, copied.schema);
    println!("{}", about_the_secret(settings));
    Ok(ExitCode::SUCCESS)
}

/// Puts a copy in the place of the database.
pub fn restore(settings: &Settings, file: &Path) -> anyhow::Result<ExitCode> {
    let url = DatabaseUrl::parse(&settings.database.url)?;
    let to = backup::only_sqlite(&url, "`pg_restore --clean --if-exists --dbname=URL FILE`").map_err(plain)?;
    let copied = backup::restore(file, to, SystemClock.now()).map_err(plain)?;
    println!("{} holds {} bytes, looked through and whole, of schema {}", to.display(), copied.bytes, copied.schema);
    if let Some(before) = &copied.before {
        println!("what was there is in {}: delete it when you are content", before.display());
    }
    println!("{}", about_the_secret(settings));
    Ok(ExitCode::SUCCESS)
}

/// A copy without it has lost second factors, sessions and the links in mails.
fn about_the_secret(settings: &Settings) -> String {
    let secret = if settings.auth.secret.expose_secret().is_empty() { &settings.auth.secret_file } else { "auth.secret" };
    format!("what signs tokens and seals second factors is not in it: keep {secret} as well, in another place")
}
