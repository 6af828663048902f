//! The one door to SQL. [`Db::read`](pool::Db::read) and [`Db::write`](pool::Db::write) run plain functions over a [`Conn`] off the async threads;
//! the same Diesel queries serve SQLite and PostgreSQL.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod backup;
pub mod changes;
#[expect(missing_docs, reason = "the derive generates public types without docs")]
pub mod connection;
pub mod durability;
pub mod errors;
pub mod feed;
pub mod gauges;
pub mod health;
pub mod lock;
pub mod migrate;
pub mod once;
pub mod opener;
pub mod patience;
pub mod pool;
#[expect(missing_docs, reason = "Diesel's table! generates public types; the migrations explain every column")]
pub mod schema;
pub mod support;
pub mod throttle;
pub mod timers;
pub mod types;
pub mod url;
mod wipe;
pub mod writer;

/// The connection that every store function takes.
pub type Conn = connection::AnyConnection;
