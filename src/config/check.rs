//! What a type cannot say: settings that would be unsafe or make no sense are refused at the start, with the key's name.

use secrecy::{ExposeSecret as _, SecretString};

use crate::config::{Environment, Server, Settings, Trials, bounds, providers};

/// The shortest secret that may sign tokens, in bytes (RFC 7518 §3.2).
pub const SECRET_BYTES: usize = 32;

/// Refuses settings that cannot work or would be unsafe.
///
/// # Errors
/// One line that names the key.
pub fn check(settings: &Settings) -> Result<(), String> {
    let production = settings.environment == Environment::Production;
    scheme(settings)?;
    secret(&settings.auth.secret, production || !is_sqlite(settings))?;
    urls(settings, production)?;
    providers::check(settings, production)?;
    if production {
        [&settings.auth.secret].into_iter().chain(&settings.auth.previous_secrets).try_for_each(random)?;
        origins(&settings.server)?;
        encrypted(settings)?;
        guarded(settings)?;
    }
    bounds::check(settings)?;
    traces(settings.telemetry.otlp_endpoint.expose_secret())?;
    if settings.invitations.lapse_days.saturating_mul(24) <= settings.invitations.answer_hours {
        return Err("invitations.answer_hours must end before invitations.lapse_days".to_owned());
    }
    reminders(&settings.trials)?;
    weights(settings)?;
    rates(settings)
}

/// Before anything that depends on the engine: a wrong scheme is the fault to be named first.
fn scheme(settings: &Settings) -> Result<(), String> {
    let url = settings.database.url.expose_secret();
    let known = ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
    if known { Ok(()) } else { Err("database.url must begin with `sqlite:` (a file) or `postgres://`".to_owned()) }
}

fn is_sqlite(settings: &Settings) -> bool {
    settings.database.url.expose_secret().starts_with("sqlite:")
}

fn secret(secret: &SecretString, required: bool) -> Result<(), String> {
    let length = secret.expose_secret().len();
    match (length, required) {
        (0, true) => {
            Err("auth.secret is required in production and with PostgreSQL: set GUILDHALL_AUTH__SECRET to at least 32 random bytes"
                .to_owned())
        }
        (1..SECRET_BYTES, _) => Err(format!("auth.secret must have at least {SECRET_BYTES} bytes")),
        _ => Ok(()),
    }
}

/// Neither fewer than eight different characters nor the words of an example come from chance.
fn random(secret: &SecretString) -> Result<(), String> {
    let secret = secret.expose_secret().to_lowercase();
    let different: std::collections::BTreeSet<char> = secret.chars().collect();
    if different.len() < 8 || ["changeme", "change-me", "change_me"].iter().any(|word| secret.contains(word)) {
        return Err(
            "auth.secret or one of auth.previous_secrets is no random text: set GUILDHALL_AUTH__SECRET to at least 32 random bytes"
                .to_owned(),
        );
    }
    Ok(())
}

fn urls(settings: &Settings, production: bool) -> Result<(), String> {
    let public = &settings.server.public_url;
    if url::Url::parse(public).is_err() {
        return Err("server.public_url must be a URL such as https://guildhall.example".to_owned());
    }
    if !production {
        return Ok(());
    }
    if !public.starts_with("https://") {
        return Err("server.public_url must begin with https:// in production".to_owned());
    }
    let mail = settings.mail.url.expose_secret();
    let local = ["smtp://localhost", "smtp://127.0.0.1", "smtp://[::1]"].iter().any(|prefix| mail.starts_with(prefix));
    let safe = mail.starts_with("smtps://") || (mail.starts_with("smtp://") && (local || mail.contains("tls=required")));
    if safe { Ok(()) } else { Err("mail.url must be smtps://… or smtp://…?tls=required in production".to_owned()) }
}

/// Whoever is believed or let in without being named is everybody.
fn origins(server: &Server) -> Result<(), String> {
    if let Some(origin) = server.cors_origins.iter().find(|origin| !origin.starts_with("https://")) {
        return Err(format!("server.cors_origins must be origins such as https://app.example.com in production, not `{origin}`"));
    }
    if !server.frontend_url.is_empty() && !server.frontend_url.starts_with("https://") {
        return Err("server.frontend_url must begin with https:// in production".to_owned());
    }
    match server.trusted_proxies.iter().find(|network| network.prefix_len() == 0) {
        Some(everybody) => Err(format!("server.trusted_proxies must name the proxies' networks, not everybody ({everybody})")),
        None => Ok(()),
    }
}

/// What leaves this machine for the database is encrypted, and the server's certificate is checked.
fn encrypted(settings: &Settings) -> Result<(), String> {
    let url = settings.database.url.expose_secret();
    if is_sqlite(settings) || is_local(url) || url.contains("sslmode=verify-full") {
        return Ok(());
    }
    Err("database.url of another host must carry sslmode=verify-full in production".to_owned())
}

/// What clients name as their endpoints never leads into networks that only the house reaches.
fn guarded(settings: &Settings) -> Result<(), String> {
    if settings.webhooks.anywhere { Err("webhooks.anywhere must be false in production".to_owned()) } else { Ok(()) }
}

/// Whether the URL of a database names this machine: by address, by name, or by the folder of a socket.
fn is_local(url: &str) -> bool {
    let Ok(url) = url::Url::parse(url) else { return false };
    let elsewhere = url.query_pairs().any(|(name, value)| matches!(&*name, "host" | "hostaddr") && !value.starts_with('/'));
    let host = url.host_str().unwrap_or_default();
    !elsewhere && (host.is_empty() || host.to_lowercase().starts_with("%2f") || ["localhost", "127.0.0.1", "[::1]"].contains(&host))
}

/// Reminders that come in no order.
fn reminders(trials: &Trials) -> Result<(), String> {
    let rises = |days: &[i64]| days.is_sorted_by(|one, next| one < next) && days.iter().all(|day| (-365..=365).contains(day));
    match trials.reminders.lists().into_iter().find(|(_, days)| !rises(days)) {
        Some((key, days)) => Err(format!("trials.reminders.{key} must list days from -365 to 365, each once and rising, not {days:?}")),
        None => Ok(()),
    }
}

/// A build that cannot send traces does not let anybody believe that it does.
fn traces(endpoint: &str) -> Result<(), String> {
    if endpoint.is_empty() {
        return Ok(());
    }
    if !cfg!(feature = "otel") {
        return Err("telemetry.otlp_endpoint needs a build with `--features otel`; leave it empty".to_owned());
    }
    match url::Url::parse(endpoint) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(()),
        _ => Err("telemetry.otlp_endpoint must be a URL such as http://localhost:4318".to_owned()),
    }
}

fn weights(settings: &Settings) -> Result<(), String> {
    let sum: u32 = settings.matching.weights.values().sum();
    if sum == 100 { Ok(()) } else { Err(format!("matching.weights must sum to 100; they sum to {sum}")) }
}

fn rates(settings: &Settings) -> Result<(), String> {
    for (code, rate) in &settings.money.rates {
        let known = crate::kernel::money::Currency::parse(&code.to_uppercase()).is_some();
        if !known || !(0.000_001..=1_000_000.0).contains(rate) {
            return Err(format!("money.rates.{code} must be an ISO 4217 currency with a positive rate"));
        }
    }
    Ok(())
}
