//! Rows of second factors and of the recovery codes that stand in for them.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::changes::{ChangeKind, note};
use crate::db::schema::{recovery_codes, second_factors};
use crate::db::support::{IntoBoth as _, IsOneOf as _};
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::UserId;

/// A person's second factor, whose secret is sealed.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = second_factors)]
pub struct SecondFactor {
    /// The id of the house's secret that it is sealed with.
    pub sealed_by: String,
    /// The sealed secret.
    pub sealed_secret: String,
    /// Since when it is asked for; none while it is being set up.
    pub confirmed_at: Option<Instant>,
}

/// The person's second factor, confirmed or not.
///
/// # Errors
/// 503 when the database is down.
pub fn find(conn: &mut Conn, user: UserId) -> Result<Option<SecondFactor>> {
    Ok(second_factors::table.find(user).select(SecondFactor::as_select()).first(conn).optional()?)
}

/// Begins a second factor, in place of one that was begun and never confirmed.
///
/// # Errors
/// 409 when there is a confirmed one.
pub fn begin(conn: &mut Conn, user: UserId, sealed: (&str, &str), now: Instant) -> Result<()> {
    diesel::delete(second_factors::table.find(user).filter(second_factors::confirmed_at.is_null())).execute(conn)?;
    let row = (
        second_factors::user_id.eq(user),
        second_factors::sealed_by.eq(sealed.0),
        second_factors::sealed_secret.eq(sealed.1),
        second_factors::last_step.eq(0_i64),
        second_factors::created_at.eq(now),
    );
    let begun = diesel::insert_into(second_factors::table).values(row).on_conflict_do_nothing().both().execute(conn)?;
    if begun == 1 { Ok(()) } else { Err(Error::conflict("You have a second factor already: switch it off before you set up another.")) }
}

/// From now on the factor is asked for; false when somebody was faster.
///
/// # Errors
/// 503 when the database is down.
pub fn confirm(conn: &mut Conn, user: UserId, now: Instant) -> Result<bool> {
    let row = second_factors::table.find(user).filter(second_factors::confirmed_at.is_null());
    let confirmed = diesel::update(row).set(second_factors::confirmed_at.eq(now)).execute(conn)? == 1;
    note(conn, ChangeKind::User, &user, now)?;
    Ok(confirmed)
}

/// Uses up a step of thirty seconds and all before it; false when it was used before.
///
/// # Errors
/// 503 when the database is down.
pub fn use_step(conn: &mut Conn, user: UserId, step: i64) -> Result<bool> {
    let row = second_factors::table.find(user).filter(second_factors::last_step.lt(step));
    Ok(diesel::update(row).set(second_factors::last_step.eq(step)).execute(conn)? == 1)
}

/// Forgets a person's second factor and its recovery codes; false when there was none that is asked for.
///
/// # Errors
/// 503 when the database is down.
pub fn remove(conn: &mut Conn, user: UserId, now: Instant) -> Result<bool> {
    replace_recovery_codes(conn, user, &[])?;
    let row = second_factors::table.find(user).filter(second_factors::confirmed_at.is_not_null());
    let removed = diesel::delete(row).execute(conn)? == 1;
    note(conn, ChangeKind::User, &user, now)?;
    Ok(removed)
}

/// Keeps these hashes of recovery codes and no others.
///
/// # Errors
/// 503 when the database is down.
pub fn replace_recovery_codes(conn: &mut Conn, user: UserId, hashes: &[String]) -> Result<()> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(user))).execute(conn)?;
    for hash in hashes {
        let row = (recovery_codes::user_id.eq(user), recovery_codes::code_hash.eq(hash));
        diesel::insert_into(recovery_codes::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// Uses a recovery code up; false when there is no such code (any more).
///
/// # Errors
/// 503 when the database is down.
pub fn use_recovery_code(conn: &mut Conn, user: UserId, hash: &str) -> Result<bool> {
    Ok(diesel::delete(recovery_codes::table.find((user.to_string(), hash))).execute(conn)? == 1)
}

/// How many recovery codes a person has left.
///
/// # Errors
/// 503 when the database is down.
pub fn recovery_codes_left(conn: &mut Conn, user: UserId) -> Result<i64> {
    Ok(recovery_codes::table.filter(recovery_codes::user_id.eq(user)).count().get_result(conn)?)
}

/// Up to `limit` factors that are sealed with one of these secrets.
///
/// # Errors
/// 503 when the database is down.
pub fn sealed_by(conn: &mut Conn, secrets: &[String], limit: i64) -> Result<Vec<(UserId, SecondFactor)>> {
    let rows = second_factors::table.filter(second_factors::sealed_by.one_of(secrets));
    Ok(rows.select((second_factors::user_id, SecondFactor::as_select())).limit(limit).load(conn)?)
}

/// Replaces a seal by another of the same secret, unless the factor was replaced meanwhile.
///
/// # Errors
/// 503 when the database is down.
pub fn reseal(conn: &mut Conn, user: UserId, before: &SecondFactor, sealed: (&str, &str)) -> Result<()> {
    let row = second_factors::table.find(user).filter(second_factors::sealed_secret.eq(&before.sealed_secret));
    diesel::update(row).set((second_factors::sealed_by.eq(sealed.0), second_factors::sealed_secret.eq(sealed.1))).execute(conn)?;
    Ok(())
}
