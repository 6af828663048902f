//! Reads the layers, and names file and key of whatever is wrong.

use std::path::Path;

use config::{Config, Environment as FromEnvironment, File, FileFormat, Map};

use crate::config::{Environment, Settings};

const DEFAULT: &str = include_str!("../../config/default.toml");
const DEVELOPMENT: &str = include_str!("../../config/development.toml");
const PRODUCTION: &str = include_str!("../../config/production.toml");
/// Settings that are lists, for the environment, where they are written with commas.
const LISTS: [&str; 4] = ["server.trusted_proxies", "server.cors_origins", "auth.previous_secrets", "vetting.core_skills"];

/// The settings of this process.
///
/// # Errors
/// One line that names the key and, where it came from a file, the file.
pub fn load(file: Option<&Path>) -> Result<Settings, String> {
    load_from(file, std::env::vars().collect())
}

/// The same with a given environment.
///
/// # Errors
/// As [`load`].
pub fn load_from(file: Option<&Path>, variables: Map<String, String>) -> Result<Settings, String> {
    let environment = environment(&variables)?;
    let layer = if environment == Environment::Production { PRODUCTION } else { DEVELOPMENT };
    let mut builder =
        Config::builder().add_source(File::from_str(DEFAULT, FileFormat::Toml)).add_source(File::from_str(layer, FileFormat::Toml));
    if let Some(file) = file {
        builder = builder.add_source(File::from(file).format(FileFormat::Toml));
    }
    if let Some(url) = variables.get("DATABASE_URL") {
        builder = builder.set_override("database.url", url.as_str()).map_err(|error| error.to_string())?;
    }
    let known = variables.into_iter().filter(|(name, _)| name.starts_with("GUILDHALL_") && name.contains("__")).collect();
    let mut source = FromEnvironment::with_prefix("GUILDHALL").prefix_separator("_").separator("__").try_parsing(true).list_separator(",");
    for list in LISTS {
        source = source.with_list_parse_key(list);
    }
    let read = builder.add_source(source.source(Some(known))).build().and_then(Config::try_deserialize::<Settings>);
    let mut settings = read.map_err(|error| error.to_string())?;
    settings.environment = environment;
    crate::config::check::check(&settings)?;
    Ok(settings)
}

fn environment(variables: &Map<String, String>) -> Result<Environment, String> {
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
        assert!(error.contains("listne"), "{error}");
        let error = with(&[("GUILDHALL_SERVER__BODY_LIMIT", "x")]).expect_err("a wrong value");
        assert!(error.contains("body_limit"), "{error}");
        assert!(with(&[("GUILDHALL_PLAIN", "ignored")]).is_ok());
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
}
