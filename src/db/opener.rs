//! Opens connections, with every setting that one has.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::r2d2::{Error as ManagerError, ManageConnection, R2D2Connection as _};
use diesel::{Connection as _, PgConnection, QueryResult, SqliteConnection};
use secrecy::ExposeSecret as _;

use crate::db::Conn;
use crate::db::url::{DatabaseUrl, patiently};

/// How long a file that another process holds is waited for, and how often it is looked at.
const FOR_A_LOCK: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(10);

/// SQLite: write-ahead log, every commit on disk, foreign keys enforced, deleted data overwritten. A file is read where the system maps it,
/// which all connections share; the pages that each keeps for itself beside it are SQLite's usual two megabytes.
const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA mmap_size = 1073741824;";
/// PostgreSQL: UTC, and no statement, lock or idle transaction that outlives the person who waits for it.
const POSTGRES_SETTINGS: &str = "SET TIME ZONE 'UTC'; SET statement_timeout = '10s'; SET lock_timeout = '2s'; \
     SET idle_in_transaction_session_timeout = '10s';";

/// Opens connections: the scheme has decided which, and every setting is made once per connection.
#[derive(Debug, Clone)]
pub struct Opener(pub DatabaseUrl);

impl ManageConnection for Opener {
    type Connection = Conn;
    type Error = ManagerError;

    fn connect(&self) -> Result<Conn, ManagerError> {
        match &self.0 {
            DatabaseUrl::Sqlite(path) => {
                let mut conn = SqliteConnection::establish(&path.to_string_lossy()).map_err(ManagerError::ConnectionError)?;
                set_up(&mut conn).map_err(ManagerError::QueryError)?;
                Ok(Conn::Sqlite(conn))
            }
            DatabaseUrl::Postgres(url) => {
                let mut conn = PgConnection::establish(&patiently(url.expose_secret())).map_err(ManagerError::ConnectionError)?;
                conn.batch_execute(POSTGRES_SETTINGS).map_err(ManagerError::QueryError)?;
                Ok(Conn::Postgres(conn))
            }
        }
    }

    fn is_valid(&self, conn: &mut Conn) -> Result<(), ManagerError> {
        conn.ping().map_err(ManagerError::QueryError)
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        std::thread::panicking() || conn.is_broken()
    }
}

/// Two processes that make a file at once may be in each other's way when they turn its log on, which SQLite says without waiting.
fn set_up(conn: &mut SqliteConnection) -> QueryResult<()> {
    let begun = Instant::now();
    loop {
        match conn.batch_execute(SQLITE_SETTINGS) {
            Err(refusal) if refusal.to_string().contains("locked") && begun.elapsed() < FOR_A_LOCK => std::thread::sleep(PAUSE),
            done => return done,
        }
    }
}
