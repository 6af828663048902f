//! The audit log's rows: added, sealed once, read.

use diesel::prelude::*;
use serde_json::Value;

use crate::audit::chain::Reason;
use crate::audit::domain::{AuditEntry, Entry, Wanted};
use crate::db::Conn;
use crate::db::schema::{audit_entries, audit_reasons};
use crate::db::types::Json;
use crate::insert_rows;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::{AuditId, UserId};
use crate::kernel::page::PageQuery;
use crate::kernel::principal::{Principal, Role};
use crate::kernel::process::Actor;
use crate::kernel::request;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_entries, treat_none_as_default_value = false)]
struct Row {
    id: AuditId,
    at: Instant,
    actor_id: Option<UserId>,
    role: Actor,
    action: String,
    subject: String,
    details_json: Json<Value>,
    request_id: Option<String>,
}

impl From<&Entry> for Row {
    fn from(entry: &Entry) -> Self {
        let Entry { at, actor, role, action, subject, details, reason: _ } = entry.clone();
        let (id, request_id) = (AuditId::new(at), request::current());
        Self { id, at, actor_id: actor, role, action, subject, details_json: Json(details), request_id }
    }
}

fn view((row, reason): (Row, Option<String>)) -> AuditEntry {
    let Row { id, at, actor_id, role, action, subject, details_json, request_id } = row;
    AuditEntry { id, at, actor: actor_id, role, action, subject, reason, details: details_json.0, request_id }
}

/// Writes an entry, in the transaction of what it tells of.
///
/// # Errors
/// 503 when the database is down.
pub fn record(conn: &mut Conn, entry: &Entry) -> Result<()> {
    record_all(conn, std::slice::from_ref(entry))
}

/// Writes entries, in the transaction of what they tell of.
///
/// # Errors
/// 503 when the database is down.
pub fn record_all(conn: &mut Conn, entries: &[Entry]) -> Result<()> {
    let rows: Vec<Row> = entries.iter().map(Row::from).collect();
    insert_rows!(conn, audit_entries::table, rows)?;
    for (row, entry) in rows.iter().zip(entries) {
        if let Some(text) = entry.reason.clone() {
            let Reason { salt, text } = Reason { salt: format!("{:032x}", rand::random::<u128>()), text };
            let reason = (audit_reasons::entry_id.eq(row.id), audit_reasons::salt.eq(salt), audit_reasons::reason.eq(text));
            diesel::insert_into(audit_reasons::table).values(reason).execute(conn)?;
        }
    }
    Ok(())
}

/// Writes down an admin's look; what others look at here is their own.
///
/// # Errors
/// 503 when the database is down.
pub fn record_look(conn: &mut Conn, principal: &Principal, action: impl ToString, subject: impl ToString, at: Instant) -> Result<()> {
    if principal.role == Role::Admin { record(conn, &Entry::admin(principal.user, action, subject, at)) } else { Ok(()) }
}

/// The log, newest first; one more than asked for.
///
/// # Errors
/// 400 for a cursor that is not one of ours; 503 when the database is down.
pub fn list(conn: &mut Conn, filter: &Wanted, page: &PageQuery) -> Result<Vec<AuditEntry>> {
    let mut rows = audit_entries::table
        .left_join(audit_reasons::table)
        .select((Row::as_select(), audit_reasons::reason.nullable()))
        .order(audit_entries::id.desc())
        .limit(page.rows_to_read())
        .into_boxed();
    if let Some(actor) = filter.actor {
        rows = rows.filter(audit_entries::actor_id.eq(actor));
    }
    if let Some(subject) = &filter.subject {
        rows = rows.filter(audit_entries::subject.eq(subject.clone()));
    }
    if let Some(since) = filter.since {
        // Ids begin with their time: the primary key finds where to stop.
        rows = rows.filter(audit_entries::id.ge(AuditId::first_at(since))).filter(audit_entries::at.ge(since));
    }
    if let Some(after) = page.after_as::<AuditId>()? {
        rows = rows.filter(audit_entries::id.lt(after));
    }
    Ok(rows.load(conn)?.into_iter().map(view).collect())
}
