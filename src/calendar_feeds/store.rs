//! Rows of calendar feeds.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::calendar_feeds;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::UserId;

/// Since when the person has a feed, if there is one.
///
/// # Errors
/// 503 when the database is down.
pub fn find(conn: &mut Conn, user: UserId) -> Result<Option<Instant>> {
    Ok(calendar_feeds::table.find(user).select(calendar_feeds::created_at).first(conn).optional()?)
}

/// Whose feed has the secret with this hash.
///
/// # Errors
/// 503 when the database is down.
pub fn user_of(conn: &mut Conn, secret_hash: &str) -> Result<Option<UserId>> {
    let feed = calendar_feeds::table.filter(calendar_feeds::secret_hash.eq(secret_hash));
    Ok(feed.select(calendar_feeds::user_id).first(conn).optional()?)
}

/// Adds the feed of a person who has none.
///
/// # Errors
/// 409 when there is one.
pub fn insert(conn: &mut Conn, user: UserId, secret_hash: &str, now: Instant) -> Result<()> {
    let row = (calendar_feeds::user_id.eq(user), calendar_feeds::secret_hash.eq(secret_hash), calendar_feeds::created_at.eq(now));
    diesel::insert_into(calendar_feeds::table).values(row).execute(conn)?;
    Ok(())
}

/// Takes the person's feed away; whether there was one.
///
/// # Errors
/// 503 when the database is down.
pub fn delete(conn: &mut Conn, user: UserId) -> Result<bool> {
    Ok(diesel::delete(calendar_feeds::table.find(user)).execute(conn)? > 0)
}
