//! Which mails people have switched off.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::notification_preferences::dsl;
use crate::kernel::error::Result;
use crate::kernel::ids::UserId;
use crate::notifications::preferences::{OptionalMail, Preference};
use crate::sql_words;

sql_words!(OptionalMail);

/// What the person has chosen; a kind without a row is on.
///
/// # Errors
/// 503 when the database is down.
pub fn of(conn: &mut Conn, user: UserId) -> Result<Vec<Preference>> {
    let rows: Vec<(OptionalMail, bool)> =
        dsl::notification_preferences.filter(dsl::user_id.eq(user)).order(dsl::kind).select((dsl::kind, dsl::enabled)).load(conn)?;
    Ok(rows.into_iter().map(|(kind, enabled)| Preference { kind, enabled }).collect())
}

/// Whether the person with this key gets mails of this kind.
///
/// # Errors
/// 503 when the database is down.
pub fn is_on(conn: &mut Conn, recipient_key: &str, kind: OptionalMail) -> Result<bool> {
    let row = dsl::notification_preferences.find((recipient_key, kind)).select(dsl::enabled);
    Ok(row.first(conn).optional()?.unwrap_or(true))
}

/// Switches a kind on or off. What waits in the outbox is sent or not as it is when its time has come.
///
/// # Errors
/// 409 when there is no such person.
pub fn set(conn: &mut Conn, user: UserId, preference: Preference) -> Result<()> {
    let Preference { kind, enabled } = preference;
    diesel::delete(dsl::notification_preferences.find((user, kind))).execute(conn)?;
    diesel::insert_into(dsl::notification_preferences)
        .values((dsl::user_id.eq(user), dsl::kind.eq(kind), dsl::enabled.eq(enabled)))
        .execute(conn)?;
    Ok(())
}
