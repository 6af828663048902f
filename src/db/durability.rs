//! What is committed stays committed, also when the power fails: asserted at the start, because a server's settings or a file
//! system can take it away without a word (reliability R87).

use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl as _, sql_query};

use crate::db::Conn;
use crate::kernel::error::{Error, Result};

/// A setting, as text.
#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    value: String,
}

const SQLITE: &str = "SELECT 'journal_mode' AS name, journal_mode AS value FROM pragma_journal_mode UNION ALL \
    SELECT 'synchronous', CAST(synchronous AS TEXT) FROM pragma_synchronous UNION ALL \
    SELECT 'foreign_keys', CAST(foreign_keys AS TEXT) FROM pragma_foreign_keys UNION ALL \
    SELECT 'busy_timeout', CAST(timeout AS TEXT) FROM pragma_busy_timeout";
const POSTGRES: &str = "SELECT name, setting AS value FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')";

/// Refuses a database that may forget what it has acknowledged.
///
/// # Errors
/// One line that names the settings; 503 when the database is down.
pub fn check(conn: &mut Conn) -> Result<()> {
    let statement = if matches!(conn, Conn::Sqlite(_)) { SQLITE } else { POSTGRES };
    let settings: Vec<Setting> = sql_query(statement).load(conn)?;
    let unsafe_ones: Vec<String> =
        settings.iter().filter(|setting| !is_safe(setting)).map(|Setting { name, value }| format!("{name} = {value}")).collect();
    if unsafe_ones.is_empty() {
        return Ok(());
    }
    let database = if matches!(conn, Conn::Sqlite(_)) { "SQLite (is the file on a network drive?)" } else { "PostgreSQL" };
    Err(Error::internal(format!("the database may lose what it has acknowledged; {database} has {}", unsafe_ones.join(", "))))
}

fn is_safe(Setting { name, value }: &Setting) -> bool {
    match name.as_str() {
        "journal_mode" => value == "wal",
        // FULL; EXTRA is stricter.
        "synchronous" => matches!(value.as_str(), "2" | "3"),
        "busy_timeout" => value != "0",
        "foreign_keys" => value == "1",
        _ => value != "off",
    }
}
