//! To whom mails of an organisation go.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::accounts::domain::MemberRole;
use crate::accounts::store::{UserRow, recipient_of};
use crate::db::Conn;
use crate::db::schema::{members, users};
use crate::db::support::IsOneOf as _;
use crate::kernel::error::Result;
use crate::kernel::ids::OrganizationId;
use crate::notifications::recipient::Recipient;

/// Everybody who acts for an organisation, to be told something.
///
/// # Errors
/// 503 when the database is down.
pub fn recipients_of(conn: &mut Conn, organization: OrganizationId) -> Result<Vec<Recipient>> {
    Ok(recipients_of_all(conn, &[organization])?.remove(&organization).unwrap_or_default())
}

/// Everybody who acts for these organisations, to be told something.
///
/// # Errors
/// 503 when the database is down.
pub fn recipients_of_all(conn: &mut Conn, organizations: &[OrganizationId]) -> Result<HashMap<OrganizationId, Vec<Recipient>>> {
    let rows: Vec<(OrganizationId, UserRow)> = members::table
        .inner_join(users::table)
        .filter(members::organization_id.one_of(organizations))
        .select((members::organization_id, UserRow::as_select()))
        .order(users::id)
        .load(conn)?;
    let mut recipients: HashMap<_, Vec<Recipient>> = HashMap::new();
    for (organization, row) in rows {
        recipients.entry(organization).or_default().push(recipient_of(&row.into()));
    }
    Ok(recipients)
}

/// Those who own an organisation, to be told something.
///
/// # Errors
/// 503 when the database is down.
pub fn owners_of(conn: &mut Conn, organization: OrganizationId) -> Result<Vec<Recipient>> {
    let rows: Vec<UserRow> = members::table
        .inner_join(users::table)
        .filter(members::organization_id.eq(organization))
        .filter(members::role.eq(MemberRole::Owner))
        .select(UserRow::as_select())
        .order(users::id)
        .load(conn)?;
    Ok(rows.into_iter().map(|row| recipient_of(&row.into())).collect())
}
