//! Migrations: what both engines share and what one of them alone has are one story in the order of their names; applied one
//! transaction each, under a lock.

use std::collections::BTreeMap;

use diesel::RunQueryDsl as _;
use diesel::backend::Backend;
use diesel::connection::SimpleConnection as _;
use diesel::migration::{Migration, MigrationSource};
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::db::Conn;
use crate::kernel::error::{Error, Result};

const SHARED: EmbeddedMigrations = embed_migrations!("migrations/shared");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
/// Any constant: what two nodes must agree on to take turns.
const LOCK: &str = "SELECT pg_advisory_lock(7238461920)";
const UNLOCK: &str = "SELECT pg_advisory_unlock(7238461920)";

/// The shared migrations with those of one engine; whoever runs them sorts them by name.
#[derive(Clone, Copy)]
pub struct Story {
    own: &'static EmbeddedMigrations,
}

impl Story {
    /// Of the engine behind `conn`.
    pub fn of(conn: &Conn) -> Self {
        Self { own: if matches!(conn, Conn::Sqlite(_)) { &SQLITE } else { &POSTGRES } }
    }

    /// Each migration's name by its version; they are the same for every backend.
    fn names(self) -> Result<BTreeMap<String, String>> {
        let all: Vec<Box<dyn Migration<Sqlite>>> = self.migrations().map_err(Error::internal)?;
        let names = all.iter().map(|migration| migration.name());
        Ok(names.map(|name| (name.version().to_string(), name.to_string())).collect())
    }
}

impl<DB: Backend> MigrationSource<DB> for Story {
    fn migrations(&self) -> diesel::migration::Result<Vec<Box<dyn Migration<DB>>>> {
        let mut all = SHARED.migrations()?;
        all.extend(MigrationSource::<DB>::migrations(self.own)?);
        Ok(all)
    }
}

/// The names of the migrations that are not yet applied.
///
/// # Errors
/// When the database cannot be read.
pub fn pending(conn: &mut Conn) -> Result<Vec<String>> {
    let story = Story::of(conn);
    let pending = conn.pending_migrations(story).map_err(Error::internal)?;
    Ok(pending.iter().map(|migration| migration.name().to_string()).collect())
}

/// The names of the migrations that are applied, oldest first; of one that this program does not know, its version alone.
///
/// # Errors
/// When the database cannot be read.
pub fn applied(conn: &mut Conn) -> Result<Vec<String>> {
    let mut names = Story::of(conn).names()?;
    let mut versions: Vec<String> = conn.applied_migrations().map_err(Error::internal)?.iter().map(ToString::to_string).collect();
    versions.sort();
    Ok(versions.into_iter().map(|version| names.remove(&version).unwrap_or(version)).collect())
}

/// The versions of all migrations of an SQLite database, as such a database notes them.
///
/// # Errors
/// Never for what is built in.
pub fn versions_on_sqlite() -> Result<Vec<String>> {
    Ok(Story { own: &SQLITE }.names()?.into_keys().collect())
}

/// Applies what is pending and names it. Two nodes that start together apply each migration once.
///
/// # Errors
/// When a migration fails; it leaves the schema as it was.
pub fn run(conn: &mut Conn) -> Result<Vec<String>> {
    let story = Story::of(conn);
    match conn {
        // Begun before looking, so that whoever comes second finds nothing pending; each migration is a savepoint in it.
        Conn::Sqlite(conn) => {
            conn.batch_execute("PRAGMA busy_timeout = 60000")?;
            conn.immediate_transaction(|conn| apply(conn, story))
        }
        Conn::Postgres(conn) => {
            conn.batch_execute("SET statement_timeout = 0; SET lock_timeout = 0")?;
            diesel::sql_query(LOCK).execute(conn)?;
            let done = apply(conn, story);
            diesel::sql_query(UNLOCK).execute(conn)?;
            done
        }
    }
}

fn apply<DB: Backend>(conn: &mut impl MigrationHarness<DB>, story: Story) -> Result<Vec<String>> {
    let pending = conn.pending_migrations(story).map_err(Error::internal)?;
    pending.iter().try_for_each(|migration| conn.run_migration(migration).map(drop)).map_err(Error::internal)?;
    Ok(pending.iter().map(|migration| migration.name().to_string()).collect())
}
