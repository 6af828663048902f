//! How the kernel's words are kept: instants, ids, closed words, and JSON that no query looks into.

use std::fmt::Debug;
use std::io::Write as _;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql};
use diesel::pg::Pg;
use diesel::query_builder::QueryId;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, HasSqlType, SqlType, Text, Timestamptz};
use diesel::sqlite::Sqlite;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::db::connection::MultiBackend;
use crate::kernel::clock::Instant;
use crate::kernel::email::Email;
use crate::kernel::ids::{Id, Kind};
use crate::kernel::money::Currency;
use crate::kernel::zone::TimeZone;

/// `TIMESTAMPTZ` in PostgreSQL, integer microseconds in SQLite.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185))]
#[diesel(sqlite_type(name = "Long"))]
pub struct InstantSql;

impl HasSqlType<InstantSql> for MultiBackend {
    fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
        MultiBackend::lookup_sql_type::<InstantSql>(lookup)
    }
}

impl ToSql<InstantSql, Sqlite> for Instant {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.micros());
        Ok(IsNull::No)
    }
}

impl FromSql<InstantSql, Sqlite> for Instant {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        <i64 as FromSql<BigInt, Sqlite>>::from_sql(value).map(Self::from_micros)
    }
}

impl ToSql<InstantSql, Pg> for Instant {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<Timestamptz, Pg>::to_sql(&self.utc(), &mut out.reborrow())
    }
}

impl FromSql<InstantSql, Pg> for Instant {
    fn from_sql(value: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        <chrono::DateTime<chrono::Utc> as FromSql<Timestamptz, Pg>>::from_sql(value).map(Self::new)
    }
}

impl ToSql<InstantSql, MultiBackend> for Instant {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
        out.set_value((InstantSql, self));
        Ok(IsNull::No)
    }
}

impl FromSql<InstantSql, MultiBackend> for Instant {
    fn from_sql(value: <MultiBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        value.from_sql::<Self, InstantSql>()
    }
}

/// What Diesel's derives would write on the type itself; here, so that the kernel and the domains know no database.
#[macro_export]
macro_rules! sql_value {
    ([$($generics:tt)*] $type:ty, $sql:ty) => {
        impl<$($generics)* DB: diesel::backend::Backend, ST: diesel::sql_types::SingleValue> diesel::deserialize::Queryable<ST, DB> for $type
        where
            Self: diesel::deserialize::FromSql<ST, DB>,
        {
            type Row = Self;
            fn build(row: Self) -> diesel::deserialize::Result<Self> {
                Ok(row)
            }
        }
        $crate::sql_value!(@expression [$($generics)*] $type, $type, $sql);
        $crate::sql_value!(@expression ['expression, $($generics)*] &'expression $type, $type, $sql);
        impl<$($generics)* DB: diesel::backend::Backend> diesel::serialize::ToSql<diesel::sql_types::Nullable<$sql>, DB> for $type
        where
            Self: diesel::serialize::ToSql<$sql, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
                diesel::serialize::ToSql::<$sql, DB>::to_sql(self, out)
            }
        }
    };
    (@expression [$($generics:tt)*] $as:ty, $type:ty, $sql:ty) => {
        impl<$($generics)*> diesel::expression::AsExpression<$sql> for $as {
            type Expression = diesel::internal::derives::as_expression::Bound<$sql, Self>;
            fn as_expression(self) -> Self::Expression {
                diesel::internal::derives::as_expression::Bound::new(self)
            }
        }
        impl<$($generics)*> diesel::expression::AsExpression<diesel::sql_types::Nullable<$sql>> for $as {
            type Expression = diesel::internal::derives::as_expression::Bound<diesel::sql_types::Nullable<$sql>, Self>;
            fn as_expression(self) -> Self::Expression {
                diesel::internal::derives::as_expression::Bound::new(self)
            }
        }
    };
}

/// Keeps a closed set of words as text: `sql_words!(Role, Status);` in the store that owns the column.
#[macro_export]
macro_rules! sql_words {
    ($($word:ty),+ $(,)?) => { $(
        $crate::sql_value!([] $word, diesel::sql_types::Text);
        impl<DB: diesel::backend::Backend> diesel::serialize::ToSql<diesel::sql_types::Text, DB> for $word
        where
            str: diesel::serialize::ToSql<diesel::sql_types::Text, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
                $crate::kernel::words::Word::as_str(*self).to_sql(out)
            }
        }
        impl<DB: diesel::backend::Backend> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for $word
        where
            String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                let text = String::from_sql(value)?;
                <$word as $crate::kernel::words::Word>::parse(&text).ok_or_else(|| format!("an unknown word: {text}").into())
            }
        }
    )+ };
}

sql_value!([] Instant, InstantSql);
sql_value!([K: Kind,] Id<K>, Text);

macro_rules! sql_via_text {
    ([$($generics:tt)*] $type:ty, $write:expr, $read:expr) => {
        impl<$($generics)*> ToSql<Text, Sqlite> for $type {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                out.set_value($write(self)?);
                Ok(IsNull::No)
            }
        }
        impl<$($generics)*> ToSql<Text, Pg> for $type {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                out.write_all($write(self)?.as_bytes())?;
                Ok(IsNull::No)
            }
        }
        impl<$($generics)*> ToSql<Text, MultiBackend> for $type {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
                out.set_value((Text, self));
                Ok(IsNull::No)
            }
        }
        impl<$($generics)* DB: Backend> FromSql<Text, DB> for $type
        where
            String: FromSql<Text, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                let text = String::from_sql(value)?;
                $read(&text)
            }
        }
    };
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

sql_via_text!([K: Kind,] Id<K>, |id: &Id<K>| Ok::<_, Failure>(id.to_string()), |text: &str| Ok(text.parse()?));
sql_value!([] Email, Text);
sql_via_text!([] Email, |email: &Email| Ok::<_, Failure>(email.to_string()), |text: &str| Ok(text.parse()?));
sql_value!([] TimeZone, Text);
sql_via_text!([] TimeZone, |zone: &TimeZone| Ok::<_, Failure>(zone.to_string()), |text: &str| TimeZone::parse(text).ok_or_else(|| "an unknown time zone".into()));
sql_value!([] Currency, Text);
sql_via_text!([] Currency, |currency: &Currency| Ok::<_, Failure>(currency.code().to_owned()), |text: &str| Currency::parse(text).ok_or_else(|| "an unknown currency".into()));

/// A value kept as JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Json<T>(pub T);

sql_value!([T: Stored,] Json<T>, Text);
sql_via_text!([T: Stored,] Json<T>, |json: &Json<T>| Ok::<_, Failure>(serde_json::to_string(&json.0)?), |text: &str| Ok(Json(serde_json::from_str(text)?)));

/// What [`Json`] can keep.
pub trait Stored: Serialize + DeserializeOwned + Debug + Send + Sync + 'static {}
impl<T: Serialize + DeserializeOwned + Debug + Send + Sync + 'static> Stored for T {}
