//! Rows of what is written about invitations.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::invitation_messages;
use crate::db::types::Json;
use crate::invitations::domain::Message;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::{InvitationId, MessageId, UserId};
use crate::kernel::page::PageQuery;
use crate::kernel::process::Actor;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = invitation_messages)]
struct Row {
    id: MessageId,
    invitation_id: InvitationId,
    party: Actor,
    author_id: UserId,
    body: String,
    call_times_json: Json<Vec<Instant>>,
    written_at: Instant,
}

impl From<Row> for Message {
    fn from(row: Row) -> Self {
        let Row { id, party, body, call_times_json, written_at, .. } = row;
        Self { id, from: party, message: body, call_times: call_times_json.0, written_at }
    }
}

/// Adds a message.
///
/// # Errors
/// 503 when the database is down.
pub fn insert(conn: &mut Conn, invitation: InvitationId, author: UserId, message: &Message) -> Result<()> {
    let Message { id, from, message, call_times, written_at } = message.clone();
    let row =
        Row { id, invitation_id: invitation, party: from, author_id: author, body: message, call_times_json: Json(call_times), written_at };
    diesel::insert_into(invitation_messages::table).values(row).execute(conn)?;
    Ok(())
}

/// What was written, the oldest first; one more than asked for.
///
/// # Errors
/// 400 for a cursor that is not one of ours.
pub fn list(conn: &mut Conn, invitation: InvitationId, page: &PageQuery) -> Result<Vec<Message>> {
    let mut rows = invitation_messages::table
        .filter(invitation_messages::invitation_id.eq(invitation))
        .select(Row::as_select())
        .order(invitation_messages::id)
        .limit(page.rows_to_read())
        .into_boxed();
    if let Some(after) = page.after_as::<MessageId>()? {
        rows = rows.filter(invitation_messages::id.gt(after));
    }
    Ok(rows.load::<Row>(conn)?.into_iter().map(Message::from).collect())
}
