//! To whom developers are disclosed, and who has blocked whom.

use std::collections::HashSet;

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::changes::{ChangeKind, note};
use crate::db::schema::blocks::dsl as block;
use crate::db::schema::disclosures::dsl as disclosure;
use crate::db::schema::{developers, organizations};
use crate::db::support::{IntoBoth as _, IsOneOf as _};
use crate::developers::access::Side;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{DeveloperId, OrganizationId};
use crate::sql_words;

sql_words!(Side);

/// Discloses the developer to the organisation, for good; the first time counts.
///
/// # Errors
/// 503 when the database is down.
pub fn disclose(conn: &mut Conn, developer: DeveloperId, organization: OrganizationId, now: Instant) -> Result<()> {
    let row = (disclosure::developer_id.eq(developer), disclosure::organization_id.eq(organization), disclosure::disclosed_at.eq(now));
    diesel::insert_into(disclosure::disclosures).values(row).on_conflict_do_nothing().both().execute(conn)?;
    note(conn, ChangeKind::Developer, &developer, now)
}

/// Whether the organisation may know who the developer is.
///
/// # Errors
/// 503 when the database is down.
pub fn is_disclosed(conn: &mut Conn, developer: DeveloperId, organization: OrganizationId) -> Result<bool> {
    let row = disclosure::disclosures.find((developer, organization)).select(disclosure::disclosed_at);
    Ok(row.first::<Instant>(conn).optional()?.is_some())
}

/// Which of these developers are disclosed to which of these organisations.
///
/// # Errors
/// 503 when the database is down.
pub fn disclosed_among(
    conn: &mut Conn,
    developers: &[DeveloperId],
    organizations: &[OrganizationId],
) -> Result<HashSet<(DeveloperId, OrganizationId)>> {
    let rows = disclosure::disclosures
        .filter(disclosure::developer_id.one_of(developers))
        .filter(disclosure::organization_id.one_of(organizations))
        .select((disclosure::developer_id, disclosure::organization_id));
    Ok(rows.load::<(DeveloperId, OrganizationId)>(conn)?.into_iter().collect())
}

/// Whether one of the two has blocked the other.
///
/// # Errors
/// 503 when the database is down.
pub fn is_blocked(conn: &mut Conn, developer: DeveloperId, organization: OrganizationId) -> Result<bool> {
    let rows = block::blocks.filter(block::developer_id.eq(developer)).filter(block::organization_id.eq(organization));
    Ok(rows.select(block::blocked_at).first::<Instant>(conn).optional()?.is_some())
}

/// Blocks, as `side`; again changes nothing.
///
/// # Errors
/// 404 when either of the two does not exist.
pub fn block(conn: &mut Conn, developer: DeveloperId, organization: OrganizationId, side: Side, now: Instant) -> Result<()> {
    check_both(conn, developer, organization)?;
    let row =
        (block::developer_id.eq(developer), block::organization_id.eq(organization), block::blocked_by.eq(side), block::blocked_at.eq(now));
    diesel::insert_into(block::blocks).values(row).on_conflict_do_nothing().both().execute(conn)?;
    note(conn, ChangeKind::Blocks, &organization, now)
}

/// Takes the block of `side` back; the other side's stays.
///
/// # Errors
/// 404 when either of the two does not exist.
pub fn unblock(conn: &mut Conn, developer: DeveloperId, organization: OrganizationId, side: Side, now: Instant) -> Result<()> {
    check_both(conn, developer, organization)?;
    diesel::delete(block::blocks.find((developer, organization, side))).execute(conn)?;
    note(conn, ChangeKind::Blocks, &organization, now)
}

fn check_both(conn: &mut Conn, developer: DeveloperId, organization: OrganizationId) -> Result<()> {
    let one = developers::table.find(developer).select(developers::id).first::<DeveloperId>(conn).optional()?;
    let other = organizations::table.find(organization).select(organizations::id).first::<OrganizationId>(conn).optional()?;
    one.and(other.map(drop)).ok_or_else(Error::not_found)
}
