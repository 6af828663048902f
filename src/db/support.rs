//! The little that the two dialects do not share by themselves: upserts, RETURNING, batches.

use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{Bool, HasSqlType, Text};
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, RunQueryDsl, TextExpressionMethods as _};

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

/// A statement that a connection plans once and keeps, although Diesel would not: an `UPDATE … RETURNING`, or text of our own. Its text
/// must be the same each time, as every other one is kept as well. Only for `load`: for `execute` Diesel asks a reference to the
/// statement, which knows nothing of this.
pub struct Kept<T>(T);

impl<T: QueryFragment<MultiBackend>> QueryFragment<MultiBackend> for Kept<T> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _: &MultiBackend) -> QueryResult<bool> {
        Ok(true)
    }
}

/// By its text.
impl<T> QueryId for Kept<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T: Query> Query for Kept<T> {
    type SqlType = T::SqlType;
}

impl<T> RunQueryDsl<AnyConnection> for Kept<T> {}

/// Adds [`Kept`] to every statement.
pub trait IntoKept: Sized {
    /// This statement, planned once.
    fn kept(self) -> Kept<Self> {
        Kept(self)
    }
}

impl<T> IntoKept for T {}

/// `column IN (…)` for a list of words or ids. Unlike `eq_any` it is a statement that a connection prepares once and keeps: the
/// list is filled up with its last value to a power of two, so that there are a dozen lengths and not thousands.
pub struct OneOf<C, T> {
    column: C,
    values: Vec<T>,
}

/// Adds [`OneOf`] to every column of text.
pub trait IsOneOf: Expression + Sized {
    /// Whether this is one of `values`; of none, it never is.
    fn one_of<T: Clone>(self, values: impl IntoIterator<Item = T>) -> OneOf<Self, T> {
        let mut values: Vec<T> = values.into_iter().collect();
        if let Some(last) = values.last().cloned() {
            values.resize(values.len().next_power_of_two(), last);
        }
        OneOf { column: self, values }
    }
}

impl<C: Expression> IsOneOf for C {}

impl<C: Expression, T> Expression for OneOf<C, T> {
    type SqlType = Bool;
}

impl<C: AppearsOnTable<From>, T, From> AppearsOnTable<From> for OneOf<C, T> {}
impl<C: SelectableExpression<From>, T, From> SelectableExpression<From> for OneOf<C, T> {}

impl<C, T> ValidGrouping<()> for OneOf<C, T> {
    type IsAggregate = is_aggregate::No;
}

/// By its text: it depends on the length of the list.
impl<C, T> QueryId for OneOf<C, T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C: QueryFragment<DB>, T: ToSql<Text, DB>, DB: Backend + HasSqlType<Text>> QueryFragment<DB> for OneOf<C, T> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let Some((first, others)) = self.values.split_first() else {
            pass.push_sql("1 = 0");
            return Ok(());
        };
        self.column.walk_ast(pass.reborrow())?;
        pass.push_sql(" IN (");
        pass.push_bind_param::<Text, _>(first)?;
        for value in others {
            pass.push_sql(", ");
            pass.push_bind_param::<Text, _>(value)?;
        }
        pass.push_sql(")");
        Ok(())
    }
}

/// `column` as a condition that no index is searched for. SQLite, which keeps no statistics here, takes a word that nearly every
/// row has for as good a key as an id, and would read by it.
pub fn unindexed<C: Expression<SqlType = Text>>(column: C) -> diesel::dsl::Concat<C, &'static str> {
    column.concat("")
}

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

/// The most rows of one `INSERT`: PostgreSQL takes 65,535 values, and a row of ours has some twenty at the most.
pub const ROWS: usize = 1000;

/// Inserts rows, however many there are: where each statement is a journey, several with one; else with one that is planned already.
/// What is to follow the values is named last: `insert_rows!(conn, outbox::table, rows, on_conflict_do_nothing)`.
#[macro_export]
macro_rules! insert_rows {
    ($conn:expr, $table:expr, $rows:expr $(, $then:ident)?) => {
        match (&mut *$conn, $rows.as_slice()) {
            ($crate::db::connection::AnyConnection::Postgres(conn), rows @ [_, _, ..]) => rows
                .chunks($crate::db::support::ROWS)
                .try_for_each(|rows| diesel::insert_into($table).values(rows)$(.$then())?.execute(conn).map(drop)),
            (conn, rows) => rows.iter().try_for_each(|row| {
                $crate::each!(&mut *conn, conn => diesel::insert_into($table).values(row)$(.$then())?.execute(conn)).map(drop)
            }),
        }
    };
}
