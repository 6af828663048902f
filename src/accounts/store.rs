//! Rows of people, organisations, members and the tokens that mails carry.

use std::collections::HashMap;

use chrono::TimeDelta;
use diesel::prelude::*;

use crate::accounts::domain::{AccountStatus, MemberRole, MemberView, Membership, OrganizationView, TokenPurpose, User};
use crate::accounts::{store_admin, store_erasures};
use crate::db::Conn;
use crate::db::changes::{ChangeKind, note};
use crate::db::schema::{developers, mail_tokens, members, organizations, users};
use crate::db::support::{IsOneOf as _, unindexed};
use crate::db::types::Json;
use crate::kernel::clock::Instant;
use crate::kernel::email::Email;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{DeveloperId, MailTokenId, OrganizationId, UserId};
use crate::kernel::page::PageQuery;
use crate::kernel::principal::Role;
use crate::kernel::zone::TimeZone;
use crate::notifications::recipient::Recipient;
use crate::sql_words;

sql_words!(Role, AccountStatus, MemberRole, TokenPurpose);

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
pub(super) struct UserRow {
    id: UserId,
    email: Email,
    name: String,
    role: Role,
    status: AccountStatus,
    time_zone: TimeZone,
    password_hash: Option<String>,
    verified_at: Option<Instant>,
    version: i64,
    created_at: Instant,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        let UserRow { id, email, name, role, status, time_zone, password_hash, verified_at, version, created_at } = row;
        Self { id, email, name, role, status, time_zone, password_hash, verified_at, version, created_at }
    }
}

/// The person with this id.
///
/// # Errors
/// 404 when there is none.
pub fn user(conn: &mut Conn, id: UserId) -> Result<User> {
    let row: Option<UserRow> = users::table.find(id).select(UserRow::as_select()).first(conn).optional()?;
    row.map(User::from).ok_or_else(Error::not_found)
}

/// The person with this address, whatever its case.
///
/// # Errors
/// 503 when the database is down.
pub fn user_by_email(conn: &mut Conn, email: &Email) -> Result<Option<User>> {
    let row: Option<UserRow> = users::table.filter(users::email_key.eq(email.key())).select(UserRow::as_select()).first(conn).optional()?;
    Ok(row.map(User::from))
}

/// The person as somebody mail goes to.
///
/// # Errors
/// 404 when there is none.
pub fn recipient(conn: &mut Conn, id: UserId) -> Result<Recipient> {
    user(conn, id).map(|user| recipient_of(&user))
}

/// The person as somebody mail goes to.
pub fn recipient_of(user: &User) -> Recipient {
    Recipient { key: user.id.to_string(), email: user.email.clone(), name: user.name.clone(), time_zone: user.time_zone }
}

/// Adds a person.
///
/// # Errors
/// 409 when the address is taken.
pub fn insert_user(conn: &mut Conn, user: &User) -> Result<()> {
    diesel::insert_into(users::table)
        .values((
            users::id.eq(user.id),
            users::email.eq(&user.email),
            users::email_key.eq(user.email.key()),
            users::name.eq(&user.name),
            users::role.eq(user.role),
            users::status.eq(user.status),
            users::time_zone.eq(user.time_zone),
            users::password_hash.eq(&user.password_hash),
            users::verified_at.eq(user.verified_at),
            users::version.eq(user.version),
            users::created_at.eq(user.created_at),
        ))
        .execute(conn)?;
    Ok(())
}

/// Changes name and zone of a person whose version is still `version`.
///
/// # Errors
/// 412 when it is not.
pub fn update_user(conn: &mut Conn, id: UserId, version: i64, name: &str, time_zone: TimeZone) -> Result<()> {
    let changed = diesel::update(users::table.find(id).filter(users::version.eq(version)))
        .set((users::name.eq(name), users::time_zone.eq(time_zone), users::version.eq(version + 1)))
        .execute(conn)?;
    if changed == 1 { Ok(()) } else { Err(Error::stale()) }
}

/// Notes that the address is the person's own.
///
/// # Errors
/// 503 when the database is down.
pub fn set_verified(conn: &mut Conn, id: UserId, now: Instant) -> Result<()> {
    diesel::update(users::table.find(id).filter(users::verified_at.is_null())).set(users::verified_at.eq(now)).execute(conn)?;
    Ok(())
}

/// Replaces the password's hash.
///
/// # Errors
/// 503 when the database is down.
pub fn set_password(conn: &mut Conn, id: UserId, hash: &str, now: Instant) -> Result<()> {
    diesel::update(users::table.find(id)).set(users::password_hash.eq(hash)).execute(conn)?;
    note(conn, ChangeKind::User, &id, now)
}

/// Lets a person in, or keeps them out; a developer who is kept out is no match either.
///
/// # Errors
/// 409 when a person who is let in has asked to be erased.
pub fn set_status(conn: &mut Conn, id: UserId, status: AccountStatus, now: Instant) -> Result<()> {
    if status == AccountStatus::Active && store_erasures::is_leaving(conn, id)? {
        return Err(Error::conflict("This person has asked to be erased: the account stays closed."));
    }
    diesel::update(users::table.find(id)).set(users::status.eq(status)).execute(conn)?;
    note(conn, ChangeKind::User, &id, now)?;
    let person = user(conn, id)?;
    store_admin::remind(conn, &person, now)?;
    let profile = developers::table.filter(developers::user_id.eq(id)).select(developers::id);
    let developer: Option<DeveloperId> = profile.first(conn).optional()?;
    developer.map_or(Ok(()), |developer| note(conn, ChangeKind::Developer, &developer, now))
}

/// How many active admins there are.
///
/// # Errors
/// 503 when the database is down.
pub fn count_admins(conn: &mut Conn) -> Result<i64> {
    let admins = users::table.filter(users::role.eq(Role::Admin)).filter(unindexed(users::status).eq(AccountStatus::Active));
    Ok(admins.count().get_result(conn)?)
}

/// The active admins, to be told something.
///
/// # Errors
/// 503 when the database is down.
pub fn admins(conn: &mut Conn) -> Result<Vec<Recipient>> {
    let admins = users::table.filter(users::role.eq(Role::Admin)).filter(unindexed(users::status).eq(AccountStatus::Active));
    let rows: Vec<UserRow> = admins.select(UserRow::as_select()).order(users::id).load(conn)?;
    Ok(rows.into_iter().map(|row| recipient_of(&row.into())).collect())
}

/// Adds an organisation.
///
/// # Errors
/// 503 when the database is down.
pub fn insert_organization(conn: &mut Conn, id: OrganizationId, name: &str, now: Instant) -> Result<()> {
    diesel::insert_into(organizations::table)
        .values((organizations::id.eq(id), organizations::name.eq(name), organizations::created_at.eq(now)))
        .execute(conn)?;
    Ok(())
}

/// The organisation with this id.
///
/// # Errors
/// 404 when there is none.
pub fn organization(conn: &mut Conn, id: OrganizationId) -> Result<OrganizationView> {
    let row: Option<(String, i64)> =
        organizations::table.find(id).select((organizations::name, organizations::version)).first(conn).optional()?;
    row.map(|(name, version)| OrganizationView { id, name, version }).ok_or_else(Error::not_found)
}

/// What these organisations are called.
///
/// # Errors
/// 503 when the database is down.
pub fn organization_names(conn: &mut Conn, ids: &[OrganizationId]) -> Result<HashMap<OrganizationId, String>> {
    let rows = organizations::table.filter(organizations::id.one_of(ids)).select((organizations::id, organizations::name));
    Ok(rows.load::<(OrganizationId, String)>(conn)?.into_iter().collect())
}

/// Renames an organisation whose version is still `version`.
///
/// # Errors
/// 412 when it is not.
pub fn rename_organization(conn: &mut Conn, id: OrganizationId, version: i64, name: &str) -> Result<()> {
    let changed = diesel::update(organizations::table.find(id).filter(organizations::version.eq(version)))
        .set((organizations::name.eq(name), organizations::version.eq(version + 1)))
        .execute(conn)?;
    if changed == 1 { Ok(()) } else { Err(Error::stale()) }
}

/// Makes a person a member.
///
/// # Errors
/// 409 when they already are one somewhere.
pub fn insert_member(conn: &mut Conn, organization: OrganizationId, user: UserId, role: MemberRole, now: Instant) -> Result<()> {
    diesel::insert_into(members::table)
        .values((members::organization_id.eq(organization), members::user_id.eq(user), members::role.eq(role), members::joined_at.eq(now)))
        .execute(conn)?;
    note(conn, ChangeKind::User, &user, now)
}

/// Changes what a member may do to the organisation.
///
/// # Errors
/// 503 when the database is down.
pub fn set_member_role(conn: &mut Conn, user: UserId, role: MemberRole, now: Instant) -> Result<()> {
    diesel::update(members::table.find(user)).set(members::role.eq(role)).execute(conn)?;
    note(conn, ChangeKind::User, &user, now)
}

/// Ends a membership; false when there was none.
///
/// # Errors
/// 503 when the database is down.
pub fn delete_member(conn: &mut Conn, organization: OrganizationId, user: UserId, now: Instant) -> Result<bool> {
    let row = members::table.find(user).filter(members::organization_id.eq(organization));
    let deleted = diesel::delete(row).execute(conn)? == 1;
    if deleted {
        note(conn, ChangeKind::User, &user, now)?;
    }
    Ok(deleted)
}

/// The organisation that a person acts for.
///
/// # Errors
/// 503 when the database is down.
pub fn membership(conn: &mut Conn, user: UserId) -> Result<Option<Membership>> {
    let row: Option<(OrganizationId, String, MemberRole)> = members::table
        .inner_join(organizations::table)
        .filter(members::user_id.eq(user))
        .select((organizations::id, organizations::name, members::role))
        .first(conn)
        .optional()?;
    Ok(row.map(|(id, name, role)| Membership { id, name, role }))
}

/// A page of members, by person; one more than asked for.
///
/// # Errors
/// 400 for a broken cursor.
pub fn members(conn: &mut Conn, organization: OrganizationId, page: &PageQuery) -> Result<Vec<MemberView>> {
    let mut query = members::table
        .inner_join(users::table)
        .filter(members::organization_id.eq(organization))
        .select((users::id, users::name, users::email, members::role, members::joined_at))
        .order(users::id)
        .limit(page.rows_to_read())
        .into_boxed();
    if let Some(after) = page.after_as::<UserId>()? {
        query = query.filter(members::user_id.gt(after));
    }
    let rows: Vec<(UserId, String, Email, MemberRole, Instant)> = query.load(conn)?;
    Ok(rows.into_iter().map(|(id, name, email, role, joined_at)| MemberView { id, name, email, role, joined_at }).collect())
}

/// A code that a mail carries.
#[derive(Debug, Clone)]
pub struct MailTokenRow {
    /// Whose it is; for an invitation, who invited.
    pub user: UserId,
    /// For an invitation: who is invited, and whereto.
    pub invitation: Option<InvitationDetail>,
}

/// Who is invited, and whereto.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct InvitationDetail {
    /// The invited address.
    pub email: Email,
    /// The inviting organisation; none for those who become admins.
    pub organization: Option<OrganizationId>,
}

/// Makes a token; older unused ones of the same person, purpose and detail are dead from now on.
///
/// # Errors
/// 503 when the database is down.
pub fn new_token(
    conn: &mut Conn,
    user: UserId,
    purpose: TokenPurpose,
    detail: Option<InvitationDetail>,
    lifetime: TimeDelta,
    now: Instant,
) -> Result<MailTokenId> {
    let detail = Json(detail);
    kill_tokens_like(conn, user, purpose, &detail, now)?;
    let id = MailTokenId::new(now);
    diesel::insert_into(mail_tokens::table)
        .values((
            mail_tokens::id.eq(id),
            mail_tokens::user_id.eq(user),
            mail_tokens::purpose.eq(purpose),
            mail_tokens::detail_json.eq(detail),
            mail_tokens::created_at.eq(now),
            mail_tokens::expires_at.eq(now.plus(lifetime)),
        ))
        .execute(conn)?;
    Ok(id)
}

fn kill_tokens_like(
    conn: &mut Conn,
    user: UserId,
    purpose: TokenPurpose,
    detail: &Json<Option<InvitationDetail>>,
    now: Instant,
) -> Result<()> {
    let same = mail_tokens::table
        .filter(mail_tokens::user_id.eq(user))
        .filter(mail_tokens::purpose.eq(purpose))
        .filter(mail_tokens::detail_json.eq(detail))
        .filter(mail_tokens::used_at.is_null());
    diesel::update(same).set(mail_tokens::used_at.eq(now)).execute(conn)?;
    Ok(())
}

/// Kills all unused tokens of a person and purpose.
///
/// # Errors
/// 503 when the database is down.
pub fn kill_tokens(conn: &mut Conn, user: UserId, purpose: TokenPurpose, now: Instant) -> Result<()> {
    kill_tokens_like(conn, user, purpose, &Json(None), now)
}

/// A token that is still good, without using it.
///
/// # Errors
/// 503 when the database is down.
pub fn live_token(conn: &mut Conn, id: MailTokenId, purpose: TokenPurpose, now: Instant) -> Result<Option<MailTokenRow>> {
    let row: Option<(UserId, Json<Option<InvitationDetail>>)> = mail_tokens::table
        .find(id)
        .filter(mail_tokens::purpose.eq(purpose))
        .filter(mail_tokens::used_at.is_null())
        .filter(mail_tokens::expires_at.gt(now))
        .select((mail_tokens::user_id, mail_tokens::detail_json))
        .first(conn)
        .optional()?;
    Ok(row.map(|(user, Json(invitation))| MailTokenRow { user, invitation }))
}

/// Uses a token up; false when somebody was faster.
///
/// # Errors
/// 503 when the database is down.
pub fn use_token(conn: &mut Conn, id: MailTokenId, now: Instant) -> Result<bool> {
    let row = mail_tokens::table.find(id).filter(mail_tokens::used_at.is_null()).filter(mail_tokens::expires_at.gt(now));
    Ok(diesel::update(row).set(mail_tokens::used_at.eq(now)).execute(conn)? == 1)
}
