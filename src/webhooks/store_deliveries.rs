//! Rows of deliveries: added with their event's spreading, claimed like mails, kept for 30 days.

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::db::Conn;
use crate::db::schema::webhook_deliveries as deliveries;
use crate::db::schema::webhook_deliveries::dsl;
use crate::db::support::IntoKept as _;
use crate::db::types::InstantSql;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{DeliveryId, EventId, WebhookId};
use crate::kernel::page::PageQuery;
use crate::sql_words;
use crate::webhooks::delivery::{Delivery, DeliveryState, Settled};

sql_words!(DeliveryState);

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = deliveries, treat_none_as_null = true)]
struct Row {
    id: DeliveryId,
    webhook_id: WebhookId,
    event_id: EventId,
    kind: String,
    body: String,
    state: DeliveryState,
    attempts: i64,
    due_at: Instant,
    give_up_at: Instant,
    answered: Option<i64>,
    last_error: Option<String>,
    created_at: Instant,
    ended_at: Option<Instant>,
}

impl From<Delivery> for Row {
    fn from(delivery: Delivery) -> Self {
        let Delivery { id, webhook, event, kind, body, state, attempts, due_at, give_up_at, answered, last_error, created_at, ended_at } =
            delivery;
        let (webhook_id, event_id) = (webhook, event);
        Self { id, webhook_id, event_id, kind, body, state, attempts, due_at, give_up_at, answered, last_error, created_at, ended_at }
    }
}

impl From<Row> for Delivery {
    fn from(row: Row) -> Self {
        let Row { id, webhook_id, event_id, kind, body, state, attempts, due_at, give_up_at, answered, last_error, created_at, ended_at } =
            row;
        let (webhook, event) = (webhook_id, event_id);
        Self { id, webhook, event, kind, body, state, attempts, due_at, give_up_at, answered, last_error, created_at, ended_at }
    }
}

/// Adds a delivery.
///
/// # Errors
/// 503 when the database is down.
pub fn insert(conn: &mut Conn, delivery: Delivery) -> Result<()> {
    diesel::insert_into(deliveries::table).values(Row::from(delivery)).execute(conn)?;
    Ok(())
}

/// A delivery to a webhook.
///
/// # Errors
/// 404, also for another webhook's.
pub fn find(conn: &mut Conn, webhook: WebhookId, id: DeliveryId) -> Result<Delivery> {
    let row: Option<Row> = dsl::webhook_deliveries.find(id).select(Row::as_select()).first(conn).optional()?;
    row.map(Delivery::from).filter(|delivery| delivery.webhook == webhook).ok_or_else(Error::not_found)
}

/// The deliveries to a webhook, newest first, one more than asked for.
///
/// # Errors
/// 400 for a cursor that is not one of ours; 503 when the database is down.
pub fn list(conn: &mut Conn, webhook: WebhookId, state: Option<DeliveryState>, page: &PageQuery) -> Result<Vec<Delivery>> {
    let mut rows = dsl::webhook_deliveries
        .filter(dsl::webhook_id.eq(webhook))
        .order(dsl::id.desc())
        .limit(page.rows_to_read())
        .select(Row::as_select())
        .into_boxed();
    if let Some(state) = state {
        rows = rows.filter(dsl::state.eq(state));
    }
    if let Some(after) = page.after_as::<DeliveryId>()? {
        rows = rows.filter(dsl::id.lt(after));
    }
    Ok(rows.load(conn)?.into_iter().map(Delivery::from).collect())
}

/// Writes a delivery that is to be sent again. One that is being sent at this moment stays as it is.
///
/// # Errors
/// 503 when the database is down.
pub fn send_again(conn: &mut Conn, delivery: Delivery, now: Instant) -> Result<()> {
    let free = dsl::leased_until.is_null().or(dsl::leased_until.le(now));
    diesel::update(dsl::webhook_deliveries.filter(dsl::id.eq(delivery.id)).filter(free)).set(Row::from(delivery)).execute(conn)?;
    Ok(())
}

/// A delivery that this process may send now.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Claimed {
    /// Its id.
    #[diesel(sql_type = Text)]
    pub id: DeliveryId,
    /// To which webhook.
    #[diesel(sql_type = Text)]
    pub webhook_id: WebhookId,
    /// Of which event.
    #[diesel(sql_type = Text)]
    pub event_id: EventId,
    /// The event's type, for the log.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// What is sent.
    #[diesel(sql_type = Text)]
    pub body: String,
    /// How many attempts there were, this one included.
    #[diesel(sql_type = BigInt)]
    pub attempts: i64,
    /// When to stop trying.
    #[diesel(sql_type = InstantSql)]
    pub give_up_at: Instant,
    /// The lease, by which this process is known.
    #[diesel(sql_type = InstantSql)]
    pub leased_until: Instant,
}

/// Claims due deliveries, oldest first, one for each webhook, so that other nodes leave them alone for `lease`: an endpoint that stalls
/// holds up itself alone.
///
/// # Errors
/// 503 when the database is down.
pub fn claim(conn: &mut Conn, now: Instant, lease: TimeDelta, limit: i64) -> Result<Vec<Claimed>> {
    // SQLite numbers parameters by their first appearance, so $1 must stand first.
    const DUE: &str = "WITH due AS MATERIALIZED (SELECT mine.id FROM webhook_deliveries mine \
         WHERE mine.state = 'pending' AND mine.due_at <= $1 AND (mine.leased_until IS NULL OR mine.leased_until <= $1) \
         AND NOT EXISTS (SELECT 1 FROM webhook_deliveries other WHERE other.webhook_id = mine.webhook_id AND other.state = 'pending' \
         AND other.due_at <= $1 AND (other.leased_until > $1 OR (other.due_at, other.id) < (mine.due_at, mine.id))) \
         ORDER BY mine.due_at, mine.id LIMIT $2";
    const TAKE: &str = ") UPDATE webhook_deliveries SET leased_until = $3, attempts = attempts + 1 WHERE id IN (SELECT id FROM due) \
         RETURNING id, webhook_id, event_id, kind, body, attempts, give_up_at, leased_until";
    let skip = if matches!(conn, Conn::Postgres(_)) { " FOR UPDATE OF mine SKIP LOCKED" } else { "" };
    let claimed = diesel::sql_query(format!("{DUE}{skip}{TAKE}"))
        .bind::<InstantSql, _>(now)
        .bind::<BigInt, _>(limit)
        .bind::<InstantSql, _>(now.plus(lease))
        .kept()
        .load(conn)?;
    Ok(claimed)
}

/// Records what came of an attempt; false when the delivery was taken over, or given up, meanwhile.
///
/// # Errors
/// 503 when the database is down.
pub fn settle(conn: &mut Conn, now: Instant, claimed: &Claimed, settled: &Settled) -> Result<bool> {
    let ours = dsl::webhook_deliveries
        .filter(dsl::id.eq(claimed.id))
        .filter(dsl::state.eq(DeliveryState::Pending))
        .filter(dsl::leased_until.eq(claimed.leased_until));
    let changes = (
        dsl::state.eq(settled.state),
        dsl::due_at.eq(settled.due_at.unwrap_or(now)),
        dsl::answered.eq(settled.answered),
        dsl::last_error.eq(&settled.error),
        dsl::leased_until.eq(None::<Instant>),
        dsl::ended_at.eq(Some(now).filter(|_| settled.state != DeliveryState::Pending)),
    );
    Ok(diesel::update(ours).set(changes).execute(conn)? == 1)
}

/// Gives up everything that is still to be sent to a webhook.
///
/// # Errors
/// 503 when the database is down.
pub fn give_up(conn: &mut Conn, webhook: WebhookId, now: Instant) -> Result<()> {
    let pending = dsl::webhook_deliveries.filter(dsl::webhook_id.eq(webhook)).filter(dsl::state.eq(DeliveryState::Pending));
    let over = (
        dsl::state.eq(DeliveryState::Failed),
        dsl::last_error.eq("the webhook was switched off"),
        dsl::leased_until.eq(None::<Instant>),
        dsl::ended_at.eq(now),
    );
    diesel::update(pending).set(over).execute(conn)?;
    Ok(())
}

/// Forgets at most `limit` deliveries that are over and older than `before`; gives their number. Ids begin with their time.
///
/// # Errors
/// 503 when the database is down.
pub fn forget(conn: &mut Conn, before: Instant, limit: i64) -> Result<usize> {
    let old = dsl::webhook_deliveries.filter(dsl::id.lt(DeliveryId::first_at(before))).order(dsl::id).limit(limit);
    let old: Vec<(DeliveryId, DeliveryState)> = old.select((dsl::id, dsl::state)).load(conn)?;
    let Some((last, _)) = old.last() else { return Ok(0) };
    let over = dsl::webhook_deliveries.filter(dsl::id.le(*last)).filter(dsl::ended_at.is_not_null());
    Ok(diesel::delete(over).execute(conn)?)
}
