//! Rows of sessions: each is a family of refresh tokens of which only the newest generation is good.

use diesel::prelude::*;

use crate::accounts::domain::{AccountStatus, SessionView};
use crate::db::Conn;
use crate::db::changes::{ChangeKind, note};
use crate::db::schema::{members, second_factors, sessions, users};
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{OrganizationId, SessionId, UserId};
use crate::kernel::page::PageQuery;
use crate::kernel::principal::{Principal, Role};

/// What a refresh must know of a session that is alive.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub struct LiveSession {
    /// The session.
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// The newest generation of its refresh tokens.
    pub generation: i64,
    /// When that was given out.
    pub rotated_at: Instant,
}

/// Begins a session.
///
/// # Errors
/// 503 when the database is down.
pub fn insert(conn: &mut Conn, id: SessionId, user: UserId, client: &str, now: Instant, ends_at: Instant) -> Result<()> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(id),
            sessions::user_id.eq(user),
            sessions::client.eq(client),
            sessions::generation.eq(1_i64),
            sessions::created_at.eq(now),
            sessions::rotated_at.eq(now),
            sessions::ends_at.eq(ends_at),
        ))
        .execute(conn)?;
    Ok(())
}

/// Who is behind a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The person, with the rights of this moment.
    pub principal: Principal,
    /// Whether the person's sign-ins ask for a second factor.
    pub has_second_factor: bool,
    /// When the session ends.
    pub ends_at: Instant,
}

/// Who is behind a session that is not over, of a person who may sign in.
///
/// # Errors
/// 401, or 503 when the database is down.
pub fn holder(conn: &mut Conn, id: SessionId, user: UserId, now: Instant) -> Result<Holder> {
    let row: Option<(Role, Option<OrganizationId>, Option<Instant>, Instant)> = sessions::table
        .inner_join(users::table.left_join(members::table).left_join(second_factors::table))
        .filter(sessions::id.eq(id))
        .filter(sessions::user_id.eq(user))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::ends_at.gt(now))
        .filter(users::status.eq(AccountStatus::Active))
        .filter(users::verified_at.is_not_null())
        .select((users::role, members::organization_id.nullable(), second_factors::confirmed_at.nullable(), sessions::ends_at))
        .first(conn)
        .optional()?;
    let (role, organization, second_factor, ends_at) = row.ok_or_else(Error::not_signed_in)?;
    let principal = Principal { user, session: id, role, organization };
    Ok(Holder { principal, has_second_factor: second_factor.is_some(), ends_at })
}

/// Whether a session began at `since` or later.
///
/// # Errors
/// 503 when the database is down.
pub fn began_since(conn: &mut Conn, id: SessionId, since: Instant) -> Result<bool> {
    let alive = sessions::table.find(id).filter(sessions::revoked_at.is_null());
    let begun = alive.filter(sessions::created_at.ge(since)).select(sessions::id);
    Ok(begun.first::<SessionId>(conn).optional()?.is_some())
}

/// A session that is neither over nor revoked.
///
/// # Errors
/// 503 when the database is down.
pub fn live(conn: &mut Conn, id: SessionId, now: Instant) -> Result<Option<LiveSession>> {
    let alive = sessions::table.find(id).filter(sessions::revoked_at.is_null()).filter(sessions::ends_at.gt(now));
    Ok(alive.select(LiveSession::as_select()).first(conn).optional()?)
}

/// Gives out the next generation; false when somebody was faster.
///
/// # Errors
/// 503 when the database is down.
pub fn rotate(conn: &mut Conn, id: SessionId, from: i64, now: Instant) -> Result<bool> {
    let row = sessions::table.find(id).filter(sessions::generation.eq(from)).filter(sessions::revoked_at.is_null());
    Ok(diesel::update(row).set((sessions::generation.eq(from + 1), sessions::rotated_at.eq(now))).execute(conn)? == 1)
}

/// Ends one session of a person; false when it is not theirs or already over.
///
/// # Errors
/// 503 when the database is down.
pub fn revoke(conn: &mut Conn, id: SessionId, user: UserId, now: Instant) -> Result<bool> {
    let row = sessions::table.find(id).filter(sessions::user_id.eq(user)).filter(sessions::revoked_at.is_null());
    let revoked = diesel::update(row).set(sessions::revoked_at.eq(now)).execute(conn)? == 1;
    if revoked {
        note(conn, ChangeKind::User, &user, now)?;
    }
    Ok(revoked)
}

/// Ends all sessions of a person, but for `except`.
///
/// # Errors
/// 503 when the database is down.
pub fn revoke_all(conn: &mut Conn, user: UserId, except: Option<SessionId>, now: Instant) -> Result<()> {
    let mut rows = diesel::update(sessions::table).filter(sessions::user_id.eq(user)).filter(sessions::revoked_at.is_null()).into_boxed();
    if let Some(except) = except {
        rows = rows.filter(sessions::id.ne(except));
    }
    if rows.set(sessions::revoked_at.eq(now)).execute(conn)? > 0 {
        note(conn, ChangeKind::User, &user, now)?;
    }
    Ok(())
}

/// A page of a person's live sessions, newest first; one more than asked for.
///
/// # Errors
/// 400 for a broken cursor.
pub fn list(conn: &mut Conn, user: UserId, current: SessionId, page: &PageQuery, now: Instant) -> Result<Vec<SessionView>> {
    let mut query = sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::ends_at.gt(now))
        .select((sessions::id, sessions::client, sessions::created_at, sessions::rotated_at, sessions::ends_at))
        .order(sessions::id.desc())
        .limit(page.rows_to_read())
        .into_boxed();
    if let Some(after) = page.after_as::<SessionId>()? {
        query = query.filter(sessions::id.lt(after));
    }
    let rows: Vec<(SessionId, String, Instant, Instant, Instant)> = query.load(conn)?;
    let view = |(id, client, created_at, last_used_at, ends_at)| SessionView {
        id,
        client,
        created_at,
        last_used_at,
        ends_at,
        current: id == current,
    };
    Ok(rows.into_iter().map(view).collect())
}

/// Forgets sessions that were over before `before`.
///
/// # Errors
/// 503 when the database is down.
pub fn forget(conn: &mut Conn, before: Instant) -> Result<usize> {
    Ok(diesel::delete(sessions::table.filter(sessions::ends_at.lt(before).or(sessions::revoked_at.lt(before)))).execute(conn)?)
}
