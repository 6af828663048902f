//! Wiping what was deleted from the database's files.

use std::time::Duration;

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

/// Whether somebody sees the database as it was before `$1`, or will: whoever begins while a transaction runs that is older, in any database
/// of the server. `VACUUM` keeps for them what is gone since.
const IS_SEEN: &str = "SELECT pg_snapshot_xmin(pg_current_snapshot()) < $1::xid8 \
                       OR EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() \
                       AND pid <> pg_backend_pid() AND age(backend_xmin) > age($1::xid8::xid)) AS yes";

#[derive(QueryableByName)]
struct Now {
    #[diesel(sql_type = Text)]
    xid: String,
}

#[derive(QueryableByName)]
struct IsSeen {
    #[diesel(sql_type = Bool)]
    yes: bool,
}

/// Waits until nobody sees what was there before; five seconds at the most.
fn wait_for_readers(conn: &mut PgConnection) -> Result<()> {
    let now: Now = diesel::sql_query("SELECT pg_current_xact_id()::text AS xid").get_result(conn)?;
    for _ in 0..50 {
        let seen: IsSeen = diesel::sql_query(IS_SEEN).bind::<Text, _>(&now.xid).get_result(conn)?;
        if !seen.yes {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Err(Error::unavailable("somebody still reads what was there before"))
}

/// Table by table. The planner's samples of their values are taken anew, and the old ones written over with the table that holds them.
fn postgres(conn: &mut PgConnection) -> Result<()> {
    conn.batch_execute("SET statement_timeout = 0; SET lock_timeout = '2s'")?;
    wait_for_readers(conn)?;
    let tables = "SELECT format('%I', relname) AS name, pg_table_size(oid) <= $1 AS rewritten FROM pg_class \
                  WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace ORDER BY relname";
    let tables: Vec<Table> = diesel::sql_query(tables).bind::<BigInt, _>(REWRITTEN).load(conn)?;
    for Table { name, rewritten } in tables {
        conn.batch_execute(&format!("VACUUM ({}ANALYZE) {name}", if rewritten { "FULL, " } else { "" }))?;
    }
    wait_for_readers(conn)?;
    Ok(conn.batch_execute("VACUUM (FULL) pg_statistic")?)
}
