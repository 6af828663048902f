//! Idempotency: the answer under an `Idempotency-Key` is stored in the transaction of its effect, for 24 hours.
//! A repeat with the same body gets the stored answer; a concurrent repeat waits for the row and then gets it.

use chrono::TimeDelta;
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::idempotency_keys::dsl;
use crate::db::support::IntoBoth as _;
use crate::kernel::answer::{Answer, Once};
use crate::kernel::clock::Instant;
use crate::kernel::error::{Code, Error, Result};

/// How long an answer can be replayed.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// The row of a key, as a filtered table.
macro_rules! row {
    ($key:expr) => {
        dsl::idempotency_keys.find(($key.user.to_string(), &$key.route, &$key.key))
    };
}

/// Runs `effect` unless its answer under this key is already there. A refusal stores nothing.
///
/// # Errors
/// What `effect` refuses; 422 when the key came with another body before.
pub fn once(conn: &mut Conn, key: Option<&Once>, now: Instant, effect: impl FnOnce(&mut Conn) -> Result<Answer>) -> Result<Answer> {
    let Some(key) = key else { return effect(conn) };
    if !claim(conn, key, now)? {
        return replay(conn, key);
    }
    let answer = effect(conn)?;
    diesel::update(row!(key)).set((dsl::answer_version.eq(answer.version), dsl::answer_body.eq(&answer.body))).execute(conn)?;
    Ok(answer)
}

/// Takes the key for this transaction; a concurrent taker waits here until we have committed or rolled back.
fn claim(conn: &mut Conn, key: &Once, now: Instant) -> Result<bool> {
    let expired = row!(key).filter(dsl::created_at.le(now.minus(KEPT)));
    diesel::delete(expired).execute(conn)?;
    let inserted = diesel::insert_into(dsl::idempotency_keys)
        .values((
            dsl::user_id.eq(key.user),
            dsl::route.eq(&key.route),
            dsl::idempotency_key.eq(&key.key),
            dsl::fingerprint.eq(&key.fingerprint),
            dsl::answer_body.eq(""),
            dsl::created_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .both()
        .execute(conn)
        .map_err(|refusal| still_running(refusal.into()))?;
    Ok(inserted == 1)
}

/// Past the lock timeout, whoever repeats a request that is still being worked on is told so.
fn still_running(error: Error) -> Error {
    if error.cause.as_ref().is_some_and(|cause| cause.contains("lock timeout")) {
        return Error {
            retry_after: error.retry_after,
            ..Error::conflict("A request with this Idempotency-Key is still being worked on.")
        };
    }
    error
}

fn replay(conn: &mut Conn, key: &Once) -> Result<Answer> {
    let (fingerprint, version, body): (String, Option<i64>, String) =
        row!(key).select((dsl::fingerprint, dsl::answer_version, dsl::answer_body)).first(conn)?;
    if fingerprint != key.fingerprint {
        return Err(Error::new(Code::KeyReused, "This Idempotency-Key was used for another body: use a new key for a new request."));
    }
    Ok(Answer { version, body })
}

/// Forgets answers older than a day.
///
/// # Errors
/// 503 when the database is down.
pub fn forget(conn: &mut Conn, now: Instant) -> Result<usize> {
    Ok(diesel::delete(dsl::idempotency_keys.filter(dsl::created_at.le(now.minus(KEPT)))).execute(conn)?)
}
