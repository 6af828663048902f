//! How the outbox stands as a whole: what waits for too long, and what was given up.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::outbox::dsl;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::MailId;
use crate::notifications::outbox::MailState;

/// The most dead mails that are counted: more is no other news.
const COUNTED: i64 = 1_000;

/// How the outbox stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// When the first mail was due that is due and not sent.
    pub waiting_since: Option<Instant>,
    /// How many mails were given up and not sent again, up to a thousand.
    pub dead: u32,
}

/// How the outbox stands at `now`.
///
/// # Errors
/// 503 when the database is down.
pub fn standing(conn: &mut Conn, now: Instant) -> Result<Standing> {
    let due = dsl::outbox.filter(dsl::state.eq(MailState::Pending)).filter(dsl::due_at.le(now));
    let waiting_since = due.order(dsl::due_at).select(dsl::due_at).first(conn).optional()?;
    let dead = dsl::outbox.filter(dsl::state.eq(MailState::Dead)).select(dsl::id).limit(COUNTED);
    let dead: Vec<MailId> = dead.load(conn)?;
    Ok(Standing { waiting_since, dead: u32::try_from(dead.len()).unwrap_or(u32::MAX) })
}
