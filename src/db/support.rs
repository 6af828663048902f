//! The little that the two dialects do not share by themselves: upserts, RETURNING, batches.

use diesel::expression::Selectable;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, RunQueryDsl};

use crate::db::connection::{AnyConnection, MultiBackend};

/// A whole statement rendered in the dialect of the live database: opens what both support but `MultiBackend` does not
/// declare, above all `ON CONFLICT`. `insert_into(…).on_conflict(…).do_nothing().both().execute(conn)`.
pub struct Both<T>(T);

impl<T: QueryFragment<Sqlite> + QueryFragment<Pg>> QueryFragment<MultiBackend> for Both<T> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        MultiBackend::walk_variant_ast(&self.0, pass)
    }
}

impl<T: QueryId> QueryId for Both<T> {
    type QueryId = T::QueryId;
    const HAS_STATIC_QUERY_ID: bool = T::HAS_STATIC_QUERY_ID;
}

impl<T: Query> Query for Both<T> {
    type SqlType = T::SqlType;
}

impl<T> RunQueryDsl<AnyConnection> for Both<T> {}

/// Adds [`Both`] to every statement.
pub trait IntoBoth: Sized {
    /// This statement, for both dialects.
    fn both(self) -> Both<Self> {
        Both(self)
    }
}

impl<T> IntoBoth for T {}

/// The columns of a row struct as a plain tuple, for `RETURNING`; the struct's fields must stand in the same order.
pub trait Columns: Selectable<MultiBackend> {
    /// The tuple.
    fn columns() -> Self::SelectExpression {
        Self::construct_selection()
    }
}

impl<T: Selectable<MultiBackend>> Columns for T {}

/// One body checked against both concrete connections: batch inserts, and what only one engine can do.
#[macro_export]
macro_rules! each {
    ($conn:expr, $each:ident => $body:expr) => {
        match $conn {
            $crate::db::connection::AnyConnection::Sqlite($each) => $body,
            $crate::db::connection::AnyConnection::Postgres($each) => $body,
        }
    };
}
