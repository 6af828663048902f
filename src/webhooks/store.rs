//! Rows of webhooks.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::webhooks;
use crate::db::support::IsOneOf as _;
use crate::db::types::Json;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{OrganizationId, UserId, WebhookId};
use crate::kernel::page::PageQuery;
use crate::sql_words;
use crate::webhooks::domain::{DisabledBecause, SealedSecret, Webhook};
use crate::webhooks::owner::Owner;

sql_words!(DisabledBecause);

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = webhooks, treat_none_as_null = true)]
struct Row {
    id: WebhookId,
    /// None: the house's.
    organization_id: Option<OrganizationId>,
    created_by: UserId,
    url: String,
    description: Option<String>,
    event_types_json: Json<Option<Vec<String>>>,
    enabled: bool,
    disabled_because: Option<DisabledBecause>,
    failing_since: Option<Instant>,
    sealed_by: String,
    sealed_secret: String,
    former_sealed_by: Option<String>,
    former_sealed_secret: Option<String>,
    former_until: Option<Instant>,
    version: i64,
    created_at: Instant,
    changed_at: Instant,
}

impl From<Webhook> for Row {
    fn from(webhook: Webhook) -> Self {
        let (former, former_until) = webhook.former.unzip();
        let (former_sealed_by, former_sealed_secret) = former.map(|secret| (secret.by, secret.text)).unzip();
        Self {
            id: webhook.id,
            organization_id: webhook.owner.organization(),
            created_by: webhook.created_by,
            url: webhook.url,
            description: webhook.description,
            event_types_json: Json(webhook.event_types),
            enabled: webhook.enabled,
            disabled_because: webhook.disabled_because,
            failing_since: webhook.failing_since,
            sealed_by: webhook.secret.by,
            sealed_secret: webhook.secret.text,
            former_sealed_by,
            former_sealed_secret,
            former_until,
            version: webhook.version,
            created_at: webhook.created_at,
            changed_at: webhook.changed_at,
        }
    }
}

impl From<Row> for Webhook {
    fn from(row: Row) -> Self {
        let former = row.former_sealed_by.zip(row.former_sealed_secret).map(|(by, text)| SealedSecret { by, text });
        Self {
            id: row.id,
            owner: row.organization_id.into(),
            created_by: row.created_by,
            url: row.url,
            description: row.description,
            event_types: row.event_types_json.0,
            enabled: row.enabled,
            disabled_because: row.disabled_because,
            failing_since: row.failing_since,
            secret: SealedSecret { by: row.sealed_by, text: row.sealed_secret },
            former: former.zip(row.former_until),
            version: row.version,
            created_at: row.created_at,
            changed_at: row.changed_at,
        }
    }
}

/// Adds a webhook.
///
/// # Errors
/// 503 when the database is down.
pub fn insert(conn: &mut Conn, webhook: Webhook) -> Result<()> {
    diesel::insert_into(webhooks::table).values(Row::from(webhook)).execute(conn)?;
    Ok(())
}

/// Replaces the version before this one.
///
/// # Errors
/// 412 when that version is no longer current.
pub fn update(conn: &mut Conn, webhook: Webhook) -> Result<()> {
    let before = webhooks::table.filter(webhooks::id.eq(webhook.id)).filter(webhooks::version.eq(webhook.version - 1));
    let changed = diesel::update(before).set(Row::from(webhook)).execute(conn)?;
    if changed == 1 { Ok(()) } else { Err(Error::stale()) }
}

/// Takes a webhook away, with its deliveries.
///
/// # Errors
/// 503 when the database is down.
pub fn delete(conn: &mut Conn, id: WebhookId) -> Result<()> {
    diesel::delete(webhooks::table.find(id)).execute(conn)?;
    Ok(())
}

/// A webhook of an owner.
///
/// # Errors
/// 404, also for another's.
pub fn find(conn: &mut Conn, owner: Owner, id: WebhookId) -> Result<Webhook> {
    get(conn, id)?.filter(|webhook| webhook.owner == owner).ok_or_else(Error::not_found)
}

/// A webhook, whosever it is.
///
/// # Errors
/// 503 when the database is down.
pub fn get(conn: &mut Conn, id: WebhookId) -> Result<Option<Webhook>> {
    let row: Option<Row> = webhooks::table.find(id).select(Row::as_select()).first(conn).optional()?;
    Ok(row.map(Webhook::from))
}

/// How many webhooks an owner has.
///
/// # Errors
/// 503 when the database is down.
pub fn count(conn: &mut Conn, owner: Owner) -> Result<i64> {
    Ok(match owner {
        Owner::Organization(organization) => webhooks::table.filter(webhooks::organization_id.eq(organization)).count().get_result(conn)?,
        Owner::House => webhooks::table.filter(webhooks::organization_id.is_null()).count().get_result(conn)?,
    })
}

/// The webhooks of an owner, newest first, one more than asked for.
///
/// # Errors
/// 400 for a cursor that is not one of ours; 503 when the database is down.
pub fn list(conn: &mut Conn, owner: Owner, page: &PageQuery) -> Result<Vec<Webhook>> {
    let rows = webhooks::table.order(webhooks::id.desc()).limit(page.rows_to_read()).select(Row::as_select()).into_boxed();
    let mut rows = match owner {
        Owner::Organization(organization) => rows.filter(webhooks::organization_id.eq(organization)),
        Owner::House => rows.filter(webhooks::organization_id.is_null()),
    };
    if let Some(after) = page.after_as::<WebhookId>()? {
        rows = rows.filter(webhooks::id.lt(after));
    }
    Ok(rows.load(conn)?.into_iter().map(Webhook::from).collect())
}

/// The webhooks of these organisations that are switched on.
///
/// # Errors
/// 503 when the database is down.
pub fn enabled(conn: &mut Conn, organizations: impl IntoIterator<Item = OrganizationId>) -> Result<Vec<Webhook>> {
    let rows = webhooks::table.filter(webhooks::organization_id.one_of(organizations)).filter(webhooks::enabled.eq(true));
    Ok(rows.select(Row::as_select()).order(webhooks::id).load(conn)?.into_iter().map(Webhook::from).collect())
}

/// The house's webhooks that are switched on.
///
/// # Errors
/// 503 when the database is down.
pub fn enabled_of_house(conn: &mut Conn) -> Result<Vec<Webhook>> {
    let rows = webhooks::table.filter(webhooks::organization_id.is_null()).filter(webhooks::enabled.eq(true));
    Ok(rows.select(Row::as_select()).order(webhooks::id).load(conn)?.into_iter().map(Webhook::from).collect())
}

/// Notes that something went through.
///
/// # Errors
/// 503 when the database is down.
pub fn note_success(conn: &mut Conn, id: WebhookId) -> Result<()> {
    let failing = webhooks::table.find(id).filter(webhooks::failing_since.is_not_null());
    diesel::update(failing).set(webhooks::failing_since.eq(None::<Instant>)).execute(conn)?;
    Ok(())
}

/// Notes that something did not go through; gives since when nothing does.
///
/// # Errors
/// 503 when the database is down.
pub fn note_failure(conn: &mut Conn, id: WebhookId, now: Instant) -> Result<Option<Instant>> {
    let well = webhooks::table.find(id).filter(webhooks::failing_since.is_null());
    diesel::update(well).set(webhooks::failing_since.eq(now)).execute(conn)?;
    let since: Option<Option<Instant>> = webhooks::table.find(id).select(webhooks::failing_since).first(conn).optional()?;
    Ok(since.flatten())
}

/// Up to `limit` webhooks whose newest secret is sealed with one of these of the house.
///
/// # Errors
/// 503 when the database is down.
pub fn sealed_by(conn: &mut Conn, secrets: &[String], limit: i64) -> Result<Vec<Webhook>> {
    let rows = webhooks::table.filter(webhooks::sealed_by.one_of(secrets)).limit(limit).select(Row::as_select());
    Ok(rows.load(conn)?.into_iter().map(Webhook::from).collect())
}

/// Replaces the seals of a webhook's secrets by others of the same secrets, unless they were replaced meanwhile.
///
/// # Errors
/// 503 when the database is down.
pub fn reseal(conn: &mut Conn, before: &Webhook, secret: SealedSecret, former: Option<SealedSecret>) -> Result<()> {
    let row = webhooks::table.find(before.id).filter(webhooks::sealed_secret.eq(&before.secret.text));
    let (by, text) = former.map(|secret| (secret.by, secret.text)).unzip();
    let seals = (
        webhooks::sealed_by.eq(secret.by),
        webhooks::sealed_secret.eq(secret.text),
        webhooks::former_sealed_by.eq(by),
        webhooks::former_sealed_secret.eq(text),
    );
    diesel::update(row).set(seals).execute(conn)?;
    Ok(())
}
