//! `guildhall webhook`.

use std::process::ExitCode;

use anyhow::Context as _;
use guildhall::webhooks::listen;
use guildhall::webhooks::signature::SigningSecret;

use crate::commands::plain;

/// Prints what is delivered to this machine until it is stopped.
///
/// # Errors
/// When `secret` is none, or the port cannot be listened on.
pub async fn listen(port: u16, secret: &str) -> anyhow::Result<ExitCode> {
    let secret = SigningSecret::parse(secret).context("--secret must be a webhook's, such as whsec_…")?;
    listen::listen(port, secret).await.map_err(plain)?;
    Ok(ExitCode::SUCCESS)
}
