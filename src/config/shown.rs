//! Settings as an operator may show them to others: secrets are masked.

use toml::Value;

use crate::config::layers::{Layers, Setting};

/// Settings that open something.
const SECRET: [&str; 2] = ["auth.secret", "auth.previous_secrets"];
/// Settings of each provider of identities, of which this one opens something.
const OF_PROVIDERS: (&str, &str) = ("auth.providers.", ".client_secret");
/// Settings whose URL may carry a password.
const WITH_PASSWORD: [&str; 3] = ["database.url", "mail.url", "telemetry.otlp_endpoint"];

/// Every setting with where it stands: TOML, a line each.
pub fn document(layers: &Layers) -> String {
    let lines: Vec<(String, String)> = layers.settings().map(|(key, setting)| line(key, setting)).collect();
    let width = lines.iter().map(|(left, _)| left.chars().count()).filter(|width| *width < 60).max().unwrap_or_default();
    lines.into_iter().map(|(left, origin)| format!("{left:<width$}  # {origin}\n")).collect()
}

fn line(key: &str, Setting { value, origin }: &Setting) -> (String, String) {
    let (begin, end) = OF_PROVIDERS;
    let shown = if SECRET.contains(&key) || (key.starts_with(begin) && key.ends_with(end)) {
        masked(value)
    } else if WITH_PASSWORD.contains(&key) {
        Value::String(without_password(value.as_str().unwrap_or_default()))
    } else {
        value.clone()
    };
    (format!("{key} = {shown}"), origin.to_string())
}

/// Only how long it is.
fn masked(value: &Value) -> Value {
    match value {
        Value::String(text) if text.is_empty() => value.clone(),
        Value::String(text) => Value::String(format!("… {} bytes", text.len())),
        Value::Array(list) => Value::Array(list.iter().map(masked).collect()),
        _ => Value::String("…".to_owned()),
    }
}

/// Whoever signs in, and all parameters, may tell a password.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://").filter(|(scheme, _)| !matches!(*scheme, "file" | "sqlite")) else {
        return url.to_owned();
    };
    let (place, parameters) = rest.split_once('?').map_or((rest, ""), |(place, parameters)| (place, parameters));
    let place = place.rsplit_once('@').map_or(place.to_owned(), |(_, host)| format!("…@{host}"));
    let end = if parameters.to_lowercase().contains("pass") { "?…".to_owned() } else { format!("?{parameters}") };
    format!("{scheme}://{place}{}", if parameters.is_empty() { "" } else { &end })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn what_opens_something_is_masked() {
        let variables = [
            ("GUILDHALL_AUTH__SECRET", "a hidden secret that is long enough to sign with"),
            ("GUILDHALL_AUTH__PREVIOUS_SECRETS", "a hidden earlier one"),
            ("GUILDHALL_AUTH__PROVIDERS__OWN__CLIENT_SECRET", "a hidden word"),
            ("GUILDHALL_MAIL__URL", "smtp://user:hid@den@mail.example:25?tls=required"),
            ("DATABASE_URL", "postgres://user:hidden@db.example/name?sslmode=verify-full"),
        ];
        let mut layers = Layers::defaults().expect("defaults");
        let given: HashMap<String, String> = variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        layers.environment(&given);
        let document = document(&layers);
        assert!(!document.contains("hid") && !document.contains("user"), "{document}");
        let shown = |text: &str| document.lines().any(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") == text);
        for expected in [
            "auth.secret = \"… 48 bytes\" # GUILDHALL_AUTH__SECRET",
            "auth.providers.own.client_secret = \"… 13 bytes\" # GUILDHALL_AUTH__PROVIDERS__OWN__CLIENT_SECRET",
            "auth.previous_secrets = [\"… 20 bytes\"] # GUILDHALL_AUTH__PREVIOUS_SECRETS",
            "mail.url = \"smtp://…@mail.example:25?tls=required\" # GUILDHALL_MAIL__URL",
            "database.url = \"postgres://…@db.example/name?sslmode=verify-full\" # DATABASE_URL",
            "server.listen = \"127.0.0.1:8080\" # default",
        ] {
            assert!(shown(expected), "{expected} is not in {document}");
        }
        assert!(document.parse::<toml::Table>().is_ok(), "it is TOML");
        assert!(!without_password("postgres://h/d?password=hidden").contains("hidden"));
        assert_eq!(without_password("sqlite:var/guildhall.db"), "sqlite:var/guildhall.db");
    }

    #[test]
    fn every_secret_is_known_as_one() {
        let source = [include_str!("mod.rs"), include_str!("told.rs")].concat();
        let (mut section, mut found) = (String::new(), Vec::new());
        for line in source.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix("/// `[").and_then(|rest| rest.split(']').next()) {
                section = name.to_owned();
            } else if let Some((name, _)) =
                line.strip_prefix("pub ").and_then(|rest| rest.split_once(": ")).filter(|(_, kind)| kind.contains("SecretString"))
            {
                found.push(format!("{section}.{name}"));
            }
        }
        assert_eq!(found.len(), SECRET.len() + WITH_PASSWORD.len());
        assert!(found.iter().all(|key| SECRET.contains(&key.as_str()) || WITH_PASSWORD.contains(&key.as_str())), "{found:?}");
    }
}
