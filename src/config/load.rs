//! Reads the layers, and names file, line and key of whatever is wrong.

use std::collections::HashMap;
use std::path::Path;

use crate::config::layers::Layers;
use crate::config::{Environment, Settings};

const DEVELOPMENT: &str = include_str!("../../config/development.toml");
const PRODUCTION: &str = include_str!("../../config/production.toml");

/// The settings of this process.
///
/// # Errors
/// A line for each fault, which names the key and where it stands.
pub fn load(file: Option<&Path>) -> Result<Settings, String> {
    load_from(file, variables())
}

/// The same with a given environment.
///
/// # Errors
/// As [`load`].
pub fn load_from(file: Option<&Path>, variables: HashMap<String, String>) -> Result<Settings, String> {
    settings(&layers(file, &variables)?, environment(&variables)?)
}

/// The settings of this process, and where each of them stands.
///
/// # Errors
/// As [`load`].
pub fn load_layers(file: Option<&Path>) -> Result<(Settings, Layers), String> {
    let variables = variables();
    let layers = layers(file, &variables)?;
    Ok((settings(&layers, environment(&variables)?)?, layers))
}

/// The variables that can be read; one whose name or text is no Unicode is none of ours.
fn variables() -> HashMap<String, String> {
    std::env::vars_os().filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?))).collect()
}

fn layers(file: Option<&Path>, variables: &HashMap<String, String>) -> Result<Layers, String> {
    let mut layers = Layers::defaults()?;
    match environment(variables)? {
        Environment::Development => layers.built_in("development", DEVELOPMENT)?,
        Environment::Production => layers.built_in("production", PRODUCTION)?,
    }
    if let Some(file) = file {
        layers.file(file)?;
    }
    layers.environment(variables);
    layers.all_known()?;
    Ok(layers)
}

fn settings(layers: &Layers, environment: Environment) -> Result<Settings, String> {
    let read = serde_path_to_error::deserialize::<_, Settings>(toml::Value::Table(layers.table()));
    let refusal = |error: serde_path_to_error::Error<toml::de::Error>| format!("{}: {}", error.path(), error.inner().message());
    let checked = read.map_err(refusal).and_then(|settings| {
        let settings = Settings { environment, ..settings };
        crate::config::check::check(&settings).map(|()| settings)
    });
    checked.map_err(|refusal| match layers.origin_of(&refusal) {
        Some(origin) => format!("{refusal} ({origin})"),
        None => refusal,
    })
}

fn environment(variables: &HashMap<String, String>) -> Result<Environment, String> {
    match variables.get("GUILDHALL_ENV").map_or("development", String::as_str) {
        "development" => Ok(Environment::Development),
        "production" => Ok(Environment::Production),
        other => Err(format!("GUILDHALL_ENV must be `development` or `production`, not `{other}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<Settings, String> {
        load_from(None, variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn the_environment_wins_and_a_wrong_key_is_named() {
        let settings =
            with(&[("GUILDHALL_SERVER__LISTEN", "127.0.0.1:0"), ("GUILDHALL_SERVER__CORS_ORIGINS", "https://a.example,https://b.example")]);
        let settings = settings.expect("settings");
        assert_eq!(settings.server.listen.port(), 0);
        assert_eq!(settings.server.cors_origins, ["https://a.example", "https://b.example"]);
        let error = with(&[("GUILDHALL_SERVER__LISTNE", "x")]).expect_err("a wrong key");
        assert_eq!(error, "`server.listne` (GUILDHALL_SERVER__LISTNE) is no setting; did you mean `server.listen`?");
        let error = with(&[("GUILDHALL_SERVER__BODY_LIMIT", "x")]).expect_err("a wrong value");
        assert!(error.starts_with("server.body_limit: ") && error.ends_with(" (GUILDHALL_SERVER__BODY_LIMIT)"), "{error}");
        let error = with(&[("GUILDHALL_AUTH__SECRET", "too short")]).expect_err("a value that makes no sense");
        assert_eq!(error, "auth.secret must have at least 32 bytes (GUILDHALL_AUTH__SECRET)");
        assert!(with(&[("GUILDHALL_PLAIN", "ignored")]).is_ok());
        // Where a build sends traces it wants a URL; where it does not, nobody is to believe so.
        let traces = with(&[("GUILDHALL_TELEMETRY__OTLP_ENDPOINT", "localhost:4318")]).expect_err("no URL");
        assert!(traces.contains(if cfg!(feature = "otel") { "must be a URL" } else { "--features otel" }), "{traces}");
    }

    #[test]
    fn production_refuses_what_is_unsafe() {
        let production = ("GUILDHALL_ENV", "production");
        let secret = ("GUILDHALL_AUTH__SECRET", "0123456789012345678901234567890123456789");
        let url = ("GUILDHALL_SERVER__PUBLIC_URL", "https://guildhall.example");
        let mail = ("GUILDHALL_MAIL__URL", "smtps://u:p@mail.example");
        assert_eq!(with(&[production, secret, url, mail]).map(|_| ()), Ok(()));
        for missing in 1..4 {
            let mut all = vec![production, secret, url, mail];
            all.remove(missing);
            assert!(with(&all).is_err(), "without {missing}");
        }
        assert!(with(&[production, ("GUILDHALL_AUTH__SECRET", "short"), url, mail]).is_err());
        assert!(with(&[production, secret, url, ("GUILDHALL_MAIL__URL", "smtp://mail.example:25")]).is_err());
    }

    #[test]
    fn a_variable_is_read_as_what_its_default_is() {
        let digits = "1234567890123456789012345678901234567890";
        let read = with(&[
            ("GUILDHALL_AUTH__SECRET", digits),
            ("GUILDHALL_LIMITS__ENABLED", "False"),
            ("GUILDHALL_MONEY__RATES__EUR", "2"),
            ("GUILDHALL_SERVER__TRUSTED_PROXIES", ""),
            ("GUILDHALL_TRIALS__REMINDERS__CHECK_IN", "2, 5"),
        ]);
        let settings = read.expect("settings");
        assert_eq!(secrecy::ExposeSecret::expose_secret(&settings.auth.secret), digits, "no digit of a secret is lost to a number");
        assert!(!settings.limits.enabled && settings.server.trusted_proxies.is_empty());
        assert_eq!((settings.money.rates.get("EUR"), settings.trials.reminders.check_in), (Some(&2.0), vec![2, 5]));
    }

    #[test]
    fn a_file_is_named_with_its_line() {
        let path = std::env::temp_dir().join(format!("guildhall-settings-{}.toml", std::process::id()));
        let load = |text: &str| {
            std::fs::write(&path, text).expect("a file");
            load_from(Some(&path), HashMap::new()).map(|settings| settings.server.listen.port())
        };
        let (name, word) = (path.display(), "[server]\nlisten");
        assert_eq!(load("server.listen = '127.0.0.1:81'"), Ok(81));
        let error = load("# two faults\n[sever]\nlisten = 1\n[limits]\nbrust = 2\n").expect_err("unknown keys");
        let expected = [
            format!("`limits.brust` ({name}, line 5) is no setting; did you mean `limits.burst`?"),
            format!("`sever.listen` ({name}, line 3) is no setting; did you mean `server.listen`?"),
        ];
        assert_eq!(error, expected.join("\n"));
        let error = load(&format!("\n{word} = 'nowhere'")).expect_err("a wrong value");
        assert!(error.starts_with("server.listen: ") && error.ends_with(&format!(" ({name}, line 3)")), "{error}");
        let error = load("[trials]\ntrial_days = 0").expect_err("no trial");
        assert!(error.ends_with(&format!("not 0 ({name}, line 2)")), "{error}");
        let error = load(&format!("{word} = ")).expect_err("no TOML");
        assert!(error.starts_with(&name.to_string()) && error.contains("line 2"), "{error}");
        std::fs::remove_file(&path).expect("the file");
    }
}
