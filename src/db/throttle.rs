//! Counters in fixed windows that survive a restart and are shared by all nodes: failed sign-ins, mails per hour, offers per day.

use chrono::TimeDelta;
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::throttles::dsl;
use crate::db::support::IntoBoth as _;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};

/// Takes one of the `limit` hits that `bucket` has in a window of length `window`, which begins with its first hit; or else the
/// seconds until there are more. Of many at once no more than `limit` get one.
///
/// # Errors
/// 503 when the database is down.
pub fn take(conn: &mut Conn, bucket: &str, limit: i64, window: TimeDelta, now: Instant) -> Result<Option<u64>> {
    diesel::delete(dsl::throttles.find(bucket).filter(dsl::window_ends_at.le(now))).execute(conn)?;
    diesel::insert_into(dsl::throttles)
        .values((dsl::bucket.eq(bucket), dsl::hits.eq(0), dsl::window_ends_at.eq(now.plus(window))))
        .on_conflict_do_nothing()
        .both()
        .execute(conn)?;
    let open = dsl::throttles.find(bucket).filter(dsl::hits.lt(limit));
    #[expect(clippy::arithmetic_side_effects, reason = "the database adds")]
    let one_more = dsl::hits + 1;
    let taken = diesel::update(open).set(dsl::hits.eq(one_more)).execute(conn)? == 1;
    if taken { Ok(None) } else { closed_for(conn, bucket, limit, now) }
}

/// One of the `limit` things that may be done in a day; without a limit nothing is counted.
///
/// # Errors
/// 429 when all are done.
pub fn take_of_day(conn: &mut Conn, bucket: &str, limit: Option<i64>, now: Instant) -> Result<()> {
    let Some(limit) = limit else { return Ok(()) };
    take(conn, bucket, limit, TimeDelta::days(1), now)?.map_or(Ok(()), |seconds| Err(refused(bucket, seconds)))
}

/// The refusal of whoever found `bucket` full, counted under the word that it begins with.
pub fn refused(bucket: &str, seconds: u64) -> Error {
    let limit = bucket.split(':').next().unwrap_or_default().to_owned();
    metrics::counter!("guildhall_throttled_total", "limit" => limit).increment(1);
    Error::too_many(seconds)
}

/// Gives a hit back that turned out to be none.
///
/// # Errors
/// 503 when the database is down.
pub fn give_back(conn: &mut Conn, bucket: &str) -> Result<()> {
    #[expect(clippy::arithmetic_side_effects, reason = "the database subtracts")]
    let one_less = dsl::hits - 1;
    diesel::update(dsl::throttles.find(bucket).filter(dsl::hits.gt(0))).set(dsl::hits.eq(one_less)).execute(conn)?;
    Ok(())
}

/// Seconds until `bucket` is open again, when it has had `limit` hits in its window.
///
/// # Errors
/// 503 when the database is down.
pub fn closed_for(conn: &mut Conn, bucket: &str, limit: i64, now: Instant) -> Result<Option<u64>> {
    let full = dsl::throttles.find(bucket).filter(dsl::hits.ge(limit)).filter(dsl::window_ends_at.gt(now));
    let ends: Option<Instant> = full.select(dsl::window_ends_at).first(conn).optional()?;
    Ok(ends.map(|ends| u64::try_from(ends.since(now).num_seconds()).unwrap_or_default().saturating_add(1)))
}

/// Opens `bucket` again.
///
/// # Errors
/// 503 when the database is down.
pub fn clear(conn: &mut Conn, bucket: &str) -> Result<()> {
    diesel::delete(dsl::throttles.find(bucket)).execute(conn)?;
    Ok(())
}

/// Forgets windows that have ended.
///
/// # Errors
/// 503 when the database is down.
pub fn forget(conn: &mut Conn, now: Instant) -> Result<usize> {
    Ok(diesel::delete(dsl::throttles.filter(dsl::window_ends_at.le(now))).execute(conn)?)
}
