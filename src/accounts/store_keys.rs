//! Rows of API keys.

use diesel::prelude::*;

use crate::accounts::keys::ApiKey;
use crate::db::Conn;
use crate::db::schema::api_keys;
use crate::db::types::Json;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::{ApiKeyId, OrganizationId, UserId};
use crate::kernel::page::PageQuery;
use crate::kernel::scope::Scope;
use crate::kernel::words::Word as _;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = api_keys)]
struct Row {
    id: ApiKeyId,
    organization_id: OrganizationId,
    created_by: UserId,
    name: String,
    scopes_json: Json<Vec<String>>,
    created_at: Instant,
    expires_at: Instant,
    last_used_at: Option<Instant>,
}

impl From<Row> for ApiKey {
    /// A scope of a newer release opens nothing here.
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            organization: row.organization_id,
            created_by: row.created_by,
            name: row.name,
            scopes: row.scopes_json.0.iter().filter_map(|word| Scope::parse(word)).collect(),
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        }
    }
}

/// Adds a key, by the hash of what signs in.
///
/// # Errors
/// 503 when the database is down.
pub fn insert(conn: &mut Conn, key: &ApiKey, hash: &str) -> Result<()> {
    let row = Row {
        id: key.id,
        organization_id: key.organization,
        created_by: key.created_by,
        name: key.name.clone(),
        scopes_json: Json(key.scopes.iter().map(ToString::to_string).collect()),
        created_at: key.created_at,
        expires_at: key.expires_at,
        last_used_at: key.last_used_at,
    };
    diesel::insert_into(api_keys::table).values((row, api_keys::key_hash.eq(hash))).execute(conn)?;
    Ok(())
}

/// How many keys an organisation has.
///
/// # Errors
/// 503 when the database is down.
pub fn count(conn: &mut Conn, organization: OrganizationId) -> Result<i64> {
    Ok(api_keys::table.filter(api_keys::organization_id.eq(organization)).count().get_result(conn)?)
}

/// The keys of an organisation, newest first, one more than asked for.
///
/// # Errors
/// 400 for a cursor that is not one of ours; 503 when the database is down.
pub fn list(conn: &mut Conn, organization: OrganizationId, page: &PageQuery) -> Result<Vec<ApiKey>> {
    let mut rows = api_keys::table
        .filter(api_keys::organization_id.eq(organization))
        .order(api_keys::id.desc())
        .limit(page.rows_to_read())
        .select(Row::as_select())
        .into_boxed();
    if let Some(after) = page.after_as::<ApiKeyId>()? {
        rows = rows.filter(api_keys::id.lt(after));
    }
    Ok(rows.load(conn)?.into_iter().map(ApiKey::from).collect())
}

/// Takes a key of an organisation away; false when there is none.
///
/// # Errors
/// 503 when the database is down.
pub fn delete(conn: &mut Conn, organization: OrganizationId, id: ApiKeyId) -> Result<bool> {
    let row = api_keys::table.filter(api_keys::id.eq(id)).filter(api_keys::organization_id.eq(organization));
    Ok(diesel::delete(row).execute(conn)? == 1)
}

/// The key with this hash, while it is good.
///
/// # Errors
/// 503 when the database is down.
pub fn find(conn: &mut Conn, hash: &str, now: Instant) -> Result<Option<ApiKey>> {
    let row = api_keys::table.filter(api_keys::key_hash.eq(hash)).filter(api_keys::expires_at.gt(now));
    let row: Option<Row> = row.select(Row::as_select()).first(conn).optional()?;
    Ok(row.map(ApiKey::from))
}

/// Notes that a key was used.
///
/// # Errors
/// 503 when the database is down.
pub fn note_use(conn: &mut Conn, id: ApiKeyId, now: Instant) -> Result<()> {
    diesel::update(api_keys::table.find(id)).set(api_keys::last_used_at.eq(now)).execute(conn)?;
    Ok(())
}
