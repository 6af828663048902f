//! Providers of identities that an operator has chosen: whom one can sign in with.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use crate::config::Settings;

/// `[auth.providers.NAME]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// What it speaks.
    #[serde(default)]
    pub kind: ProviderKind,
    /// Its own name, a URL; GitHub's own where it is left out.
    #[serde(default)]
    pub issuer: String,
    /// Who we are there.
    pub client_id: String,
    /// How we prove it.
    pub client_secret: SecretString,
}

/// What a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    /// OpenID Connect 1.0 with discovery.
    #[default]
    Oidc,
    /// GitHub's OAuth 2.0 and its API.
    Github,
}

impl Provider {
    /// Its own name: what was set, or GitHub's.
    pub fn issuer(&self) -> &str {
        if self.issuer.is_empty() && self.kind == ProviderKind::Github { "https://github.com" } else { &self.issuer }
    }
}

/// Refuses providers that nobody could sign in with, or not safely.
///
/// # Errors
/// One line that names the key.
pub fn check(settings: &Settings, production: bool) -> Result<(), String> {
    let Some(any) = settings.auth.providers.keys().next() else { return Ok(()) };
    if settings.server.frontend_url.is_empty() {
        return Err(format!("auth.providers.{any} needs server.frontend_url: the provider sends browsers back to its page /sign-in/{any}"));
    }
    settings.auth.providers.iter().try_for_each(|(name, provider)| one(name, provider, production))?;
    one_kind_each(&settings.auth.providers)
}

/// Whom a number of GitHub's names is somebody else than whom the same word names in OpenID Connect.
fn one_kind_each(providers: &BTreeMap<String, Provider>) -> Result<(), String> {
    let same = |name: &str, provider: &Provider| {
        let mut others = providers.iter().filter(|(_, other)| other.issuer() == provider.issuer() && other.kind != provider.kind);
        others
            .next()
            .map(|(other, _)| format!("auth.providers.{name} and auth.providers.{other} have one issuer and two kinds: keep one of them"))
    };
    providers.iter().find_map(|(name, provider)| same(name, provider)).map_or(Ok(()), Err)
}

fn one(name: &str, provider: &Provider, production: bool) -> Result<(), String> {
    let key = format!("auth.providers.{name}");
    let plain = |each: char| each.is_ascii_lowercase() || each.is_ascii_digit() || matches!(each, '_' | '-');
    if name.len() > 32 || !name.starts_with(|first: char| first.is_ascii_lowercase()) || !name.chars().all(plain) {
        return Err(format!("{key}: a name is 1 to 32 small letters, digits, `_` and `-`, and begins with a letter"));
    }
    let url = Url::parse(provider.issuer()).ok().filter(|url| url.query().is_none() && url.fragment().is_none());
    let scheme = url.as_ref().map(Url::scheme).unwrap_or_default();
    if scheme != "https" && (production || scheme != "http") {
        return Err(format!("{key}.issuer must be a URL such as https://accounts.example.com, exactly as the provider writes it"));
    }
    if provider.client_id.is_empty() || provider.client_secret.expose_secret().is_empty() {
        return Err(format!("{key}.client_id and {key}.client_secret must be what the provider gave you"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use crate::config::load::load_from;
    use crate::config::providers::ProviderKind;

    fn with(variables: &[(&str, &str)]) -> Result<crate::config::Settings, String> {
        let variable = |key: &str| format!("GUILDHALL_{}", key.replace('.', "__").to_uppercase());
        let all = variables.iter().map(|(key, value)| (variable(key), (*value).to_owned()));
        load_from(None, all.collect::<HashMap<_, _>>())
    }

    const FRONTEND: (&str, &str) = ("server.frontend_url", "https://app.example");

    #[test]
    fn a_provider_is_read_from_the_environment_and_its_digits_stay_a_text() {
        let id = ("auth.providers.github.client_id", "0012345");
        let settings = with(&[FRONTEND, ("auth.providers.github.kind", "github"), id, ("auth.providers.github.client_secret", "1.50")]);
        let settings = settings.expect("settings");
        let github = &settings.auth.providers["github"];
        assert_eq!((github.kind, github.issuer(), github.client_id.as_str()), (ProviderKind::Github, "https://github.com", "0012345"));
        assert_eq!(secrecy::ExposeSecret::expose_secret(&github.client_secret), "1.50");
        assert!(!format!("{settings:?}").contains("1.50"), "secrets are in no log");
    }

    #[test]
    fn a_provider_that_cannot_work_is_refused_by_its_key() {
        let own = |name: &'static str, value: &'static str| {
            let fine = [("issuer", "https://id.example"), ("client_id", "us"), ("client_secret", "a secret")];
            let changed = (name, value);
            let own: Vec<(String, &str)> =
                fine.iter().chain([&changed]).map(|(key, value)| (format!("auth.providers.own.{key}"), *value)).collect();
            let own = own.iter().map(|(key, value)| (key.as_str(), *value));
            with(&own.chain([FRONTEND]).collect::<Vec<_>>()).map(|_| ())
        };
        assert_eq!(own("kind", "oidc"), Ok(()));
        assert_eq!(own("issuer", "http://127.0.0.1:5556"), Ok(()), "on one's own machine");
        for (name, value, word) in [
            ("issuer", "id.example", "auth.providers.own.issuer"),
            ("issuer", "https://id.example?x=1", "auth.providers.own.issuer"),
            ("client_id", "", "auth.providers.own.client_id"),
            ("client_secret", "", "auth.providers.own.client_secret"),
            ("kind", "saml", "auth.providers.own"),
            ("secret", "x", "secret"),
        ] {
            let refusal = own(name, value).expect_err(name);
            assert!(refusal.contains(word), "{name}: {refusal}");
        }
        let id = "https://id.example";
        let twins = [("own.issuer", id), ("own.client_id", "us"), ("own.client_secret", "a secret"), ("hub.kind", "github")];
        let twins = twins.into_iter().chain([("hub.issuer", id), ("hub.client_id", "us"), ("hub.client_secret", "a secret")]);
        let twins: Vec<(String, &str)> = twins.map(|(key, value)| (format!("auth.providers.{key}"), value)).collect();
        let twins = twins.iter().map(|(key, value)| (key.as_str(), *value)).chain([FRONTEND]);
        assert!(with(&twins.collect::<Vec<_>>()).map(|_| ()).expect_err("two kinds").contains("one issuer and two kinds"));
        let without = [("auth.providers.own.client_id", "us"), ("auth.providers.own.client_secret", "a secret")];
        assert!(with(&without).expect_err("no page to come back to").contains("server.frontend_url"));
    }
}
