//! Who leaves: rows that outlive the person, without telling who it was.

use diesel::prelude::*;

use crate::accounts::domain::{ErasureCause, LeavingPerson};
use crate::db::Conn;
use crate::db::schema::erasures;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::{MailTokenId, UserId};
use crate::sql_words;

sql_words!(ErasureCause);

#[derive(Queryable, Selectable)]
#[diesel(table_name = erasures)]
struct Row {
    user_id: UserId,
    cause: ErasureCause,
    asked_at: Instant,
    due_at: Instant,
}

impl From<Row> for LeavingPerson {
    fn from(Row { user_id, cause, asked_at, due_at }: Row) -> Self {
        Self { user: user_id, cause, asked_at, due_at }
    }
}

/// Plans that a person's data is erased; a plan for the same person is replaced, unless it is carried out.
///
/// # Errors
/// 503 when the database is down.
pub fn plan(conn: &mut Conn, leaving: LeavingPerson, keep: Option<MailTokenId>) -> Result<()> {
    let LeavingPerson { user, cause, asked_at, due_at } = leaving;
    call_off(conn, user)?;
    diesel::insert_into(erasures::table)
        .values((
            erasures::user_id.eq(user),
            erasures::cause.eq(cause),
            erasures::asked_at.eq(asked_at),
            erasures::due_at.eq(due_at),
            erasures::keep_token.eq(keep),
        ))
        .execute(conn)?;
    Ok(())
}

/// The person stays.
///
/// # Errors
/// 503 when the database is down.
pub fn call_off(conn: &mut Conn, user: UserId) -> Result<()> {
    diesel::delete(erasures::table.find(user).filter(erasures::erased_at.is_null())).execute(conn)?;
    Ok(())
}

/// Whether the person has asked to be erased, or is.
///
/// # Errors
/// 503 when the database is down.
pub fn is_leaving(conn: &mut Conn, user: UserId) -> Result<bool> {
    let cause = erasures::table.find(user).select((erasures::cause, erasures::erased_at)).first::<(ErasureCause, Option<Instant>)>(conn);
    Ok(cause.optional()?.is_some_and(|(cause, erased_at)| cause == ErasureCause::Asked || erased_at.is_some()))
}

/// Whose data the code of a mail keeps; nobody's any more once it is erased.
///
/// # Errors
/// 503 when the database is down.
pub fn kept_by(conn: &mut Conn, token: MailTokenId) -> Result<Option<UserId>> {
    let row = erasures::table.filter(erasures::keep_token.eq(token)).filter(erasures::erased_at.is_null());
    Ok(row.select(erasures::user_id).first(conn).optional()?)
}

/// Whose time has come, at most `limit`.
///
/// # Errors
/// 503 when the database is down.
pub fn due(conn: &mut Conn, now: Instant, limit: i64) -> Result<Vec<LeavingPerson>> {
    let due = erasures::table.filter(erasures::erased_at.is_null()).filter(erasures::due_at.le(now));
    let rows: Vec<Row> = due.select(Row::as_select()).order(erasures::due_at).limit(limit).load(conn)?;
    Ok(rows.into_iter().map(LeavingPerson::from).collect())
}

/// Notes that everything is erased; false when somebody else was faster.
///
/// # Errors
/// 503 when the database is down.
pub fn carry_out(conn: &mut Conn, user: UserId, now: Instant) -> Result<bool> {
    let row = erasures::table.find(user).filter(erasures::erased_at.is_null());
    Ok(diesel::update(row).set((erasures::erased_at.eq(now), erasures::keep_token.eq(None::<MailTokenId>))).execute(conn)? == 1)
}

/// Whether anything was erased and not yet wiped from the database's files.
///
/// # Errors
/// 503 when the database is down.
pub fn is_untidy(conn: &mut Conn) -> Result<bool> {
    let untidy = erasures::table.filter(erasures::erased_at.is_not_null()).filter(erasures::tidied_at.is_null());
    Ok(untidy.select(erasures::user_id).first::<UserId>(conn).optional()?.is_some())
}

/// Notes that what was erased until `at` is wiped.
///
/// # Errors
/// 503 when the database is down.
pub fn tidied(conn: &mut Conn, at: Instant) -> Result<()> {
    let untidy = erasures::table.filter(erasures::erased_at.le(at)).filter(erasures::tidied_at.is_null());
    diesel::update(untidy).set(erasures::tidied_at.eq(at)).execute(conn)?;
    Ok(())
}
