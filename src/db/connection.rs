//! One connection type over both engines; a module of its own because the derive generates further public types.

use diesel::{MultiConnection, PgConnection, SqliteConnection};

/// A connection to whichever database the configuration names.
#[derive(MultiConnection)]
pub enum AnyConnection {
    /// Embedded.
    Sqlite(SqliteConnection),
    /// For more than one node.
    Postgres(PgConnection),
}
