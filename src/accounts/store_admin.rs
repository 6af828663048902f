//! People as admins list them.

use diesel::prelude::*;

use crate::accounts::domain::{AccountStatus, AdminLine, User, UserFilter, UserView};
use crate::accounts::store::{admins, recipient_of};
use crate::db::Conn;
use crate::db::schema::{developers, members, second_factors, users};
use crate::kernel::clock::Instant;
use crate::kernel::email::Email;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{DeveloperId, OrganizationId, UserId};
use crate::kernel::page::PageQuery;
use crate::kernel::principal::Role;
use crate::notifications::store_planned::{cancel_pending_to, join};

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
struct Row {
    id: UserId,
    email: Email,
    name: String,
    role: Role,
    status: AccountStatus,
    verified_at: Option<Instant>,
    created_at: Instant,
}

fn view((row, organization, developer): (Row, Option<OrganizationId>, Option<DeveloperId>)) -> UserView {
    let Row { id, email, name, role, status, verified_at, created_at } = row;
    UserView { id, email, name, role, status, verified_at, organization_id: organization, developer_id: developer, created_at }
}

/// People, newest first; one more than asked for.
///
/// # Errors
/// 400 for a cursor that is not one of ours.
pub fn list(conn: &mut Conn, filter: &UserFilter, page: &PageQuery) -> Result<Vec<UserView>> {
    let mut rows = users::table
        .left_join(members::table)
        .left_join(developers::table)
        .select((Row::as_select(), members::organization_id.nullable(), developers::id.nullable()))
        .order(users::id.desc())
        .limit(page.rows_to_read())
        .into_boxed();
    if let Some(role) = filter.role {
        rows = rows.filter(users::role.eq(role));
    }
    if let Some(status) = filter.status {
        rows = rows.filter(users::status.eq(status));
    }
    if let Some(email) = &filter.email {
        rows = rows.filter(users::email_key.eq(email.key()));
    }
    if let Some(after) = page.after_as::<UserId>()? {
        rows = rows.filter(users::id.lt(after));
    }
    Ok(rows.load(conn)?.into_iter().map(view).collect())
}

/// One person.
///
/// # Errors
/// 404 when there is none.
pub fn find(conn: &mut Conn, id: UserId) -> Result<UserView> {
    let row = users::table.left_join(members::table).left_join(developers::table).filter(users::id.eq(id)).select((
        Row::as_select(),
        members::organization_id.nullable(),
        developers::id.nullable(),
    ));
    row.first(conn).optional()?.map(view).ok_or_else(Error::not_found)
}

/// Every admin, in the order in which they came: they are few.
///
/// # Errors
/// 503 when the database is down.
pub fn all_admins(conn: &mut Conn) -> Result<Vec<AdminLine>> {
    let rows: Vec<(Row, Option<Instant>)> = users::table
        .left_join(second_factors::table)
        .filter(users::role.eq(Role::Admin))
        .select((Row::as_select(), second_factors::confirmed_at.nullable()))
        .order(users::id)
        .load(conn)?;
    let line = |(row, confirmed_at): (Row, Option<Instant>)| {
        let Row { email, name, status, created_at, .. } = row;
        AdminLine { email, name, status, second_factor: confirmed_at.is_some(), created_at }
    };
    Ok(rows.into_iter().map(line).collect())
}

/// Whether somebody who may sign in acts for the organisation.
///
/// # Errors
/// 503 when the database is down.
pub fn has_active_member(conn: &mut Conn, organization: OrganizationId) -> Result<bool> {
    let active = members::table
        .inner_join(users::table)
        .filter(members::organization_id.eq(organization))
        .filter(users::status.eq(AccountStatus::Active))
        .select(users::id);
    Ok(active.first::<UserId>(conn).optional()?.is_some())
}

/// An admin who may sign in is reminded of what the others are; one who may not is told nothing any more.
///
/// # Errors
/// 503 when the database is down.
pub fn remind(conn: &mut Conn, user: &User, now: Instant) -> Result<()> {
    if user.role != Role::Admin {
        return Ok(());
    }
    if user.status != AccountStatus::Active {
        return cancel_pending_to(conn, &user.id.to_string());
    }
    let newcomer = recipient_of(user);
    let colleague = admins(conn)?.into_iter().find(|admin| admin.key != newcomer.key);
    colleague.map_or(Ok(()), |colleague| join(conn, now, &colleague, &newcomer))
}
