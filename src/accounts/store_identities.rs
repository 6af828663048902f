//! Rows of identities that are linked to people, and of sign-ins at providers that are under way.

use diesel::prelude::*;

use crate::accounts::identities::{LinkedIdentity, UnderWay};
use crate::db::Conn;
use crate::db::schema::{identities, provider_sign_ins, users};
use crate::kernel::clock::Instant;
use crate::kernel::email::Email;
use crate::kernel::error::Result;
use crate::kernel::identity::Identity;
use crate::kernel::ids::{IdentityId, ProviderSignInId, UserId};
use crate::kernel::page::PageQuery;

#[derive(Queryable, Selectable)]
#[diesel(table_name = identities)]
struct Row {
    id: IdentityId,
    user_id: UserId,
    issuer: String,
    provider: String,
    created_at: Instant,
    last_used_at: Option<Instant>,
}

impl From<Row> for LinkedIdentity {
    fn from(row: Row) -> Self {
        let Row { id, user_id: user, issuer, provider, created_at, last_used_at } = row;
        Self { id, user, issuer, provider, created_at, last_used_at }
    }
}

/// Begins a sign-in at a provider.
///
/// # Errors
/// 503 when the database is down.
pub fn begin(conn: &mut Conn, id: ProviderSignInId, provider: &str, now: Instant, expires_at: Instant) -> Result<()> {
    diesel::insert_into(provider_sign_ins::table)
        .values((
            provider_sign_ins::id.eq(id),
            provider_sign_ins::provider.eq(provider),
            provider_sign_ins::created_at.eq(now),
            provider_sign_ins::expires_at.eq(expires_at),
        ))
        .execute(conn)?;
    Ok(())
}

/// The sign-in, while it can be finished.
///
/// # Errors
/// 503 when the database is down.
pub fn under_way(conn: &mut Conn, id: ProviderSignInId, now: Instant) -> Result<Option<UnderWay>> {
    type Known = (String, Option<String>, Option<String>, Option<Email>);
    let row: Option<Known> = provider_sign_ins::table
        .find(id)
        .filter(provider_sign_ins::expires_at.gt(now))
        .select((provider_sign_ins::provider, provider_sign_ins::issuer, provider_sign_ins::subject, provider_sign_ins::email))
        .first(conn)
        .optional()?;
    Ok(row.map(|(provider, issuer, subject, email)| UnderWay {
        provider,
        identity: issuer.zip(subject).map(|(issuer, subject)| Identity { issuer, subject, email }),
    }))
}

/// Claims the one attempt that a sign-in has at its code; false when it was made before.
///
/// # Errors
/// 503 when the database is down.
pub fn claim(conn: &mut Conn, id: ProviderSignInId, now: Instant) -> Result<bool> {
    let row = provider_sign_ins::table.find(id).filter(provider_sign_ins::claimed_at.is_null());
    Ok(diesel::update(row).set(provider_sign_ins::claimed_at.eq(now)).execute(conn)? == 1)
}

/// Notes who came back.
///
/// # Errors
/// 503 when the database is down.
pub fn prove(conn: &mut Conn, id: ProviderSignInId, identity: &Identity) -> Result<()> {
    let known = (
        provider_sign_ins::issuer.eq(&identity.issuer),
        provider_sign_ins::subject.eq(&identity.subject),
        provider_sign_ins::email.eq(&identity.email),
    );
    diesel::update(provider_sign_ins::table.find(id)).set(known).execute(conn)?;
    Ok(())
}

/// Uses a sign-in up; false when somebody was faster, or its time is over.
///
/// # Errors
/// 503 when the database is down.
pub fn use_up(conn: &mut Conn, id: ProviderSignInId, now: Instant) -> Result<bool> {
    let row = provider_sign_ins::table.filter(provider_sign_ins::id.eq(id)).filter(provider_sign_ins::expires_at.gt(now));
    Ok(diesel::delete(row).execute(conn)? == 1)
}

/// Forgets sign-ins that can no longer be finished.
///
/// # Errors
/// 503 when the database is down.
pub fn forget(conn: &mut Conn, now: Instant) -> Result<usize> {
    Ok(diesel::delete(provider_sign_ins::table.filter(provider_sign_ins::expires_at.le(now))).execute(conn)?)
}

/// The linked identity that is this one.
///
/// # Errors
/// 503 when the database is down.
pub fn find(conn: &mut Conn, identity: &Identity) -> Result<Option<LinkedIdentity>> {
    let same = identities::table.filter(identities::issuer.eq(&identity.issuer)).filter(identities::subject.eq(&identity.subject));
    let row: Option<Row> = same.select(Row::as_select()).first(conn).optional()?;
    Ok(row.map(LinkedIdentity::from))
}

/// Links an identity to somebody.
///
/// # Errors
/// 409 when it is linked already, or the person has another one of this issuer.
pub fn insert(conn: &mut Conn, linked: &LinkedIdentity, subject: &str) -> Result<()> {
    diesel::insert_into(identities::table)
        .values((
            identities::id.eq(linked.id),
            identities::user_id.eq(linked.user),
            identities::issuer.eq(&linked.issuer),
            identities::subject.eq(subject),
            identities::provider.eq(&linked.provider),
            identities::created_at.eq(linked.created_at),
            identities::last_used_at.eq(linked.last_used_at),
        ))
        .execute(conn)?;
    Ok(())
}

/// Notes that somebody signed in with it; false when it is no longer linked.
///
/// # Errors
/// 503 when the database is down.
pub fn note_use(conn: &mut Conn, id: IdentityId, now: Instant) -> Result<bool> {
    Ok(diesel::update(identities::table.find(id)).set(identities::last_used_at.eq(now)).execute(conn)? == 1)
}

/// A page of somebody's identities, newest first, one more than asked for.
///
/// # Errors
/// 400 for a broken cursor.
pub fn list(conn: &mut Conn, user: UserId, page: &PageQuery) -> Result<Vec<LinkedIdentity>> {
    let mut rows = identities::table
        .filter(identities::user_id.eq(user))
        .order(identities::id.desc())
        .limit(page.rows_to_read())
        .select(Row::as_select())
        .into_boxed();
    if let Some(after) = page.after_as::<IdentityId>()? {
        rows = rows.filter(identities::id.lt(after));
    }
    Ok(rows.load(conn)?.into_iter().map(LinkedIdentity::from).collect())
}

/// All of somebody's identities.
///
/// # Errors
/// 503 when the database is down.
pub fn all_of(conn: &mut Conn, user: UserId) -> Result<Vec<LinkedIdentity>> {
    let rows = identities::table.filter(identities::user_id.eq(user)).select(Row::as_select());
    Ok(rows.load(conn)?.into_iter().map(LinkedIdentity::from).collect())
}

/// Takes an identity off its account.
///
/// # Errors
/// 503 when the database is down.
pub fn delete(conn: &mut Conn, id: IdentityId) -> Result<()> {
    diesel::delete(identities::table.filter(identities::id.eq(id))).execute(conn)?;
    Ok(())
}

/// Deletes an account whose address nobody has verified.
///
/// # Errors
/// 503 when the database is down.
pub fn drop_unverified(conn: &mut Conn, user: UserId) -> Result<()> {
    diesel::delete(users::table.filter(users::id.eq(user)).filter(users::verified_at.is_null())).execute(conn)?;
    Ok(())
}
