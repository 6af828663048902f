//! What a database says of itself when an operator asks.

use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use diesel::{QueryableByName, sql_query};

use crate::db::Conn;
use crate::db::schema::changes;
use crate::db::types::InstantSql;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;

/// The engine, and what time it is there.
#[derive(Debug, Clone, QueryableByName)]
pub struct Server {
    /// Its version.
    #[diesel(sql_type = Text)]
    pub version: String,
    /// Its clock; an embedded database has that of this machine.
    #[diesel(sql_type = Nullable<InstantSql>)]
    pub now: Option<Instant>,
}

/// A line of one column.
#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Who is there, and what time.
///
/// # Errors
/// 503 when the database is down.
pub fn server(conn: &mut Conn) -> Result<Server> {
    let statement = match conn {
        Conn::Sqlite(_) => "SELECT 'SQLite ' || sqlite_version() AS version, NULL AS now",
        Conn::Postgres(_) => "SELECT 'PostgreSQL ' || current_setting('server_version') AS version, clock_timestamp() AS now",
    };
    Ok(sql_query(statement).get_result(conn)?)
}

/// When the newest change was written, by the clock of whoever wrote it.
///
/// # Errors
/// 503 when the database is down.
pub fn newest_change(conn: &mut Conn) -> Result<Option<Instant>> {
    Ok(changes::table.order(changes::id.desc()).select(changes::at).first(conn).optional()?)
}

/// The first faults of an SQLite file, a few of them; PostgreSQL looks after its own.
///
/// # Errors
/// 503 when the database is down.
pub fn faults(conn: &mut Conn) -> Result<Vec<String>> {
    if matches!(conn, Conn::Postgres(_)) {
        return Ok(Vec::new());
    }
    let lines: Vec<Line> = sql_query("SELECT quick_check AS line FROM pragma_quick_check").load(conn)?;
    Ok(lines.into_iter().map(|line| line.line).filter(|line| line != "ok").take(5).collect())
}
