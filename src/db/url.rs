//! Which database: the URL's scheme decides, an unknown one is refused.

use std::fmt;
use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};

/// Where the data is.
#[derive(Debug, Clone)]
pub enum DatabaseUrl {
    /// An SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL server; the URL carries a password.
    Postgres(SecretString),
}

/// Why a URL names no database we can use.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongUrl {
    /// Neither SQLite nor PostgreSQL.
    #[error("the scheme must be `sqlite:` (a file, such as sqlite:var/guildhall.db) or `postgres://`")]
    Scheme,
    /// SQLite without a file.
    #[error("`sqlite:` needs a file, such as sqlite:var/guildhall.db; a database in memory would be lost")]
    NoFile,
    /// TLS asked of a build that has none.
    #[error("this build cannot speak TLS to PostgreSQL: build with `--features postgres-tls`, or leave `sslmode` out of the URL")]
    NoTls,
}

/// How long libpq waits for a server that does not answer: seconds to connect, and until a peer that does not even acknowledge
/// what it is sent counts as gone (`tcp_user_timeout` in milliseconds; keepalives while nothing is sent): within the five seconds
/// after which all is to be well again.
const DIALLING: [(&str, u32); 5] =
    [("connect_timeout", 2), ("keepalives_idle", 2), ("keepalives_interval", 1), ("keepalives_count", 2), ("tcp_user_timeout", 4000)];

/// A PostgreSQL URL with our timeouts, where it has none of its own.
pub(crate) fn patiently(url: &str) -> String {
    let missing = DIALLING.iter().filter(|(key, _)| !url.contains(&format!("{key}=")));
    missing.fold(url.to_owned(), |url, (key, value)| format!("{url}{}{key}={value}", if url.contains('?') { '&' } else { '?' }))
}

impl DatabaseUrl {
    /// Reads a URL such as `sqlite:var/guildhall.db` or `postgres://user:password@host/name`.
    ///
    /// # Errors
    /// An unknown scheme, SQLite without a file, or `sslmode=require` (and stricter) on a build without TLS.
    pub fn parse(url: &SecretString) -> Result<Self, WrongUrl> {
        let text = url.expose_secret();
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            let in_memory = path.is_empty() || path.contains(":memory:") || path.contains("mode=memory");
            return if in_memory { Err(WrongUrl::NoFile) } else { Ok(Self::Sqlite(path.into())) };
        }
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(WrongUrl::Scheme);
        }
        let wants_tls = ["sslmode=require", "sslmode=verify-ca", "sslmode=verify-full"].iter().any(|mode| text.contains(mode));
        if wants_tls && !cfg!(feature = "postgres-tls") { Err(WrongUrl::NoTls) } else { Ok(Self::Postgres(url.clone())) }
    }

    /// Whether this is the embedded database.
    pub fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }
}

impl fmt::Display for DatabaseUrl {
    /// Without the password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(formatter, "sqlite:{}", path.display()),
            Self::Postgres(url) => {
                let place = url.expose_secret().rsplit_once('@').map_or("…", |(_, place)| place);
                write!(formatter, "postgres://…@{}", place.split('?').next().unwrap_or_default())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_url_keeps_its_own_timeouts() {
        let url = patiently("postgres://u@%2Ftmp%2Fsocket/d?connect_timeout=9&application_name=a");
        assert_eq!(
            url,
            "postgres://u@%2Ftmp%2Fsocket/d?connect_timeout=9&application_name=a&keepalives_idle=2&keepalives_interval=1&\
             keepalives_count=2&tcp_user_timeout=4000"
        );
        assert!(patiently("postgres://h/d").starts_with("postgres://h/d?connect_timeout=2&keepalives_idle=2&"));
    }

    #[test]
    fn the_scheme_decides() {
        let parse = |text: &str| DatabaseUrl::parse(&text.into());
        assert!(matches!(parse("sqlite:var/a.db"), Ok(DatabaseUrl::Sqlite(path)) if path == Path::new("var/a.db")));
        assert!(matches!(parse("postgres://u:p@h/d"), Ok(url) if url.to_string() == "postgres://…@h/d"));
        assert_eq!(parse("mysql://h/d").err(), Some(WrongUrl::Scheme));
        assert_eq!(parse("host=127.0.0.1 port=5432").err(), Some(WrongUrl::Scheme));
        assert_eq!(parse("sqlite::memory:").err(), Some(WrongUrl::NoFile));
        if !cfg!(feature = "postgres-tls") {
            assert_eq!(parse("postgres://h/d?sslmode=require").err(), Some(WrongUrl::NoTls));
        }
    }
}
