//! The chain's rows: sealed in the order in which they are found, read along it.

use diesel::prelude::*;

use crate::audit::chain::{Anchor, Link, Reason, Sealed};
use crate::db::schema::{audit_entries, audit_head, audit_reasons};
use crate::db::support::{IntoBoth as _, IntoKept as _};
use crate::db::{Conn, lock};
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_entries)]
struct LinkRow {
    id: String,
    at: Instant,
    actor_id: Option<String>,
    role: String,
    action: String,
    subject: String,
    details_json: String,
    request_id: Option<String>,
    position: Option<i64>,
    hash: Option<String>,
    reason_hash: Option<String>,
}

type Found = (LinkRow, Option<String>, Option<String>);

fn sealed((row, salt, text): Found) -> Sealed {
    let LinkRow { id, at, actor_id: actor, role, action, subject, details_json: details, request_id: request, .. } = row;
    let place = Anchor { position: row.position.unwrap_or_default(), hash: row.hash.unwrap_or_default() };
    let reason = salt.zip(text).map(|(salt, text)| Reason { salt, text });
    Sealed { place, link: Link { id, at, actor, role, action, subject, details, request, reason_hash: row.reason_hash }, reason }
}

/// Where the chain ends, as whoever sealed last has noted.
///
/// # Errors
/// 503 when the database is down; 500 when that note is gone.
pub fn head(conn: &mut Conn) -> Result<Anchor> {
    let row: Option<(i64, String)> =
        audit_head::table.find(1_i64).select((audit_head::position, audit_head::hash)).first(conn).optional()?;
    let (position, hash) = row.ok_or_else(|| Error::internal("the audit log's end is not noted any more"))?;
    Ok(Anchor { position, hash })
}

/// Whether entries wait to be sealed.
///
/// # Errors
/// 503 when the database is down.
pub fn is_behind(conn: &mut Conn) -> Result<bool> {
    let waiting = audit_entries::table.filter(audit_entries::position.is_null()).select(audit_entries::id);
    Ok(waiting.order(audit_entries::id).first::<String>(conn).optional()?.is_some())
}

/// Seals at most `limit` entries, oldest first; says how many, and where the chain ends now. Where another node is sealing, this one leaves it to it.
///
/// # Errors
/// 503 when the database is down.
pub fn seal(conn: &mut Conn, limit: i64, now: Instant) -> Result<(usize, Anchor)> {
    let is_ours = lock::audit_head(conn)?;
    let mut end = head(conn)?;
    if !is_ours {
        return Ok((0, end));
    }
    let rows: Vec<Found> = audit_entries::table
        .left_join(audit_reasons::table)
        .filter(audit_entries::position.is_null())
        .select((LinkRow::as_select(), audit_reasons::salt.nullable(), audit_reasons::reason.nullable()))
        .order(audit_entries::id)
        .limit(limit)
        .load(conn)?;
    let count = rows.len();
    for Sealed { mut link, reason, .. } in rows.into_iter().map(sealed) {
        link.reason_hash = reason.map(|reason| reason.hash());
        end = end.next(&link);
        let seal =
            (audit_entries::position.eq(end.position), audit_entries::hash.eq(&end.hash), audit_entries::reason_hash.eq(&link.reason_hash));
        let row = diesel::update(audit_entries::table.find(&link.id)).set(seal).returning(audit_entries::id);
        row.both().kept().load::<String>(conn)?;
    }
    if count > 0 {
        let noted = (audit_head::position.eq(end.position), audit_head::hash.eq(&end.hash), audit_head::sealed_at.eq(now));
        diesel::update(audit_head::table.find(1_i64)).set(noted).execute(conn)?;
    }
    Ok((count, end))
}

/// At most `limit` sealed entries after `position`, along the chain.
///
/// # Errors
/// 503 when the database is down.
pub fn after(conn: &mut Conn, position: i64, limit: i64) -> Result<Vec<Sealed>> {
    let rows: Vec<Found> = audit_entries::table
        .left_join(audit_reasons::table)
        .filter(audit_entries::position.gt(position))
        .select((LinkRow::as_select(), audit_reasons::salt.nullable(), audit_reasons::reason.nullable()))
        .order(audit_entries::position)
        .limit(limit)
        .load(conn)?;
    Ok(rows.into_iter().map(sealed).collect())
}

/// An entry whose place is before the first one: nobody seals there, and nobody who walks along the chain comes past it.
///
/// # Errors
/// 503 when the database is down.
pub fn before_the_first(conn: &mut Conn) -> Result<Option<(String, i64)>> {
    let found = audit_entries::table.filter(audit_entries::position.lt(1)).order(audit_entries::position);
    let found: Vec<(String, Option<i64>)> = found.select((audit_entries::id, audit_entries::position)).limit(1).load(conn)?;
    Ok(found.into_iter().next().map(|(id, position)| (id, position.unwrap_or_default())))
}
