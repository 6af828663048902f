//! Wiping what was deleted from the database's files.

use diesel::connection::SimpleConnection as _;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel::{PgConnection, QueryableByName, RunQueryDsl as _, SqliteConnection};

use crate::db::Conn;
use crate::kernel::error::{Error, Result};

/// Bytes of the largest PostgreSQL table that is written anew. Whoever needs it waits meanwhile: a second or two for so much.
const REWRITTEN: i64 = 256 * 1024 * 1024;

/// Writes anew what may hold copies of deleted rows: `secure_delete` alone leaves some where SQLite's pages were split, and PostgreSQL's
/// plain `VACUUM` only forgets where they are.
///
/// # Errors
/// 503 when somebody reads for too long: try again.
pub(super) fn wipe(conn: &mut Conn) -> Result<()> {
    match conn {
        Conn::Sqlite(conn) => sqlite(conn),
        Conn::Postgres(conn) => postgres(conn),
    }
}

/// How a checkpoint ended.
#[derive(QueryableByName)]
struct WalLeft {
    #[diesel(sql_type = diesel::sql_types::Integer)]
    busy: i32,
}

/// The file is written anew, and its log emptied.
fn sqlite(conn: &mut SqliteConnection) -> Result<()> {
    conn.batch_execute("VACUUM")?;
    let left: WalLeft = diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(conn)?;
    if left.busy == 0 { Ok(()) } else { Err(Error::unavailable("the database's log is in use")) }
}

#[derive(QueryableByName)]
struct Table {
    /// Quoted.
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    rewritten: bool,
}

/// Table by table. The planner's samples of their values are taken anew, and the old ones written over with the table that holds them.
fn postgres(conn: &mut PgConnection) -> Result<()> {
    conn.batch_execute("SET statement_timeout = 0; SET lock_timeout = '2s'")?;
    let tables = "SELECT format('%I', relname) AS name, pg_table_size(oid) <= $1 AS rewritten FROM pg_class \
                  WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace ORDER BY relname";
    let tables: Vec<Table> = diesel::sql_query(tables).bind::<BigInt, _>(REWRITTEN).load(conn)?;
    for Table { name, rewritten } in tables {
        conn.batch_execute(&format!("VACUUM ({}ANALYZE) {name}", if rewritten { "FULL, " } else { "" }))?;
    }
    Ok(conn.batch_execute("VACUUM (FULL) pg_statistic")?)
}
