//! A person's own mails, in the order in which they came.

use std::fmt;
use std::str::FromStr;

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::outbox::dsl;
use crate::db::types::InstantSql;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::page::{Page, PageQuery};
use crate::notifications::domain::Letter;
use crate::notifications::outbox::{KEPT, MailState, OutboxMail};
use crate::notifications::store::Row;

/// A mail of a person's own: what is shown of it, and what its subject line is made from.
pub struct Own {
    /// The row.
    pub mail: OutboxMail,
    /// The letter, if it can be read.
    pub letter: Option<Letter>,
}

/// When a mail was sent, or is due until then; the table's index `outbox_own` has it in these words.
fn came_at() -> SqlLiteral<InstantSql> {
    sql("COALESCE(outbox.sent_at, outbox.due_at)")
}

/// A person's own mails of the last 90 days, in the order in which they came, newest first; neither cancelled ones nor reminders
/// that are not yet due.
///
/// # Errors
/// 400 for a cursor that is not one of ours; 503 when the database is down.
pub fn own(conn: &mut Conn, now: Instant, recipient_key: &str, page: &PageQuery) -> Result<Page<Own>> {
    let mut rows = dsl::outbox
        .filter(dsl::recipient_key.eq(recipient_key))
        .filter(dsl::due_at.ge(now.minus(KEPT)))
        .filter(dsl::state.ne(MailState::Cancelled))
        .filter(dsl::due_at.le(now).or(dsl::attempts.gt(0)))
        .order((came_at().desc(), dsl::id.desc()))
        .limit(page.rows_to_read())
        .select(Row::as_select())
        .into_boxed();
    if let Some(Place { came_at: at, id }) = page.after_as()? {
        rows = rows.filter(came_at().lt(at).or(came_at().eq(at).and(dsl::id.lt(id))));
    }
    let rows = rows.load::<Row>(conn)?;
    let own = |row: Row| Own { letter: serde_json::from_str(&row.letter_json).ok(), mail: row.into() };
    Ok(Page::cut(rows.into_iter().map(own).collect(), page.limit, |own| Place::of(&own.mail).to_string()))
}

/// Where a page of a person's own mails ends.
struct Place {
    came_at: Instant,
    id: String,
}

impl Place {
    fn of(mail: &OutboxMail) -> Self {
        Self { came_at: mail.came_at(), id: mail.id.clone() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.came_at.micros(), self.id)
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> std::result::Result<Self, ()> {
        let (micros, id) = text.split_once(' ').ok_or(())?;
        Ok(Self { came_at: Instant::from_micros(micros.parse::<i64>().map_err(drop)?.max(0)), id: id.to_owned() })
    }
}
