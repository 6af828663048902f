//! Rows of events.

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::db::Conn;
use crate::db::changes::{ChangeKind, note_all};
use crate::db::schema::events;
use crate::db::support::{IntoKept as _, IsOneOf as _};
use crate::db::types::{InstantSql, Json};
use crate::events::domain::{Audience, EventPayload, Heard, NewEvent};
use crate::insert_rows;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{DeveloperId, EventId, OrganizationId};

/// How far an event's id may be behind those that were committed before it: the longest that a transaction is open.
const LATE: TimeDelta = TimeDelta::seconds(10);

/// Tells of an event, in the transaction of the step.
///
/// # Errors
/// 503 when the database is down.
pub fn publish(conn: &mut Conn, event: NewEvent, now: Instant) -> Result<()> {
    publish_all(conn, vec![event], now)
}

/// The same of several.
///
/// # Errors
/// 503 when the database is down.
pub fn publish_all(conn: &mut Conn, told: Vec<NewEvent>, now: Instant) -> Result<()> {
    let ids: Vec<EventId> = told.iter().map(|_| EventId::new(now)).collect();
    let row = |(event, id): (NewEvent, &EventId)| {
        (
            events::id.eq(*id),
            events::kind.eq(event.kind),
            events::organization_id.eq(event.organization),
            events::developer_id.eq(event.developer),
            events::data_json.eq(Json(event.data)),
            events::occurred_at.eq(event.at),
            events::spread.eq(false),
        )
    };
    insert_rows!(conn, events::table, told.into_iter().zip(&ids).map(row).collect::<Vec<_>>())?;
    note_all(conn, ChangeKind::Event, &ids, now)
}

type HeardRow = (EventId, String, Option<OrganizationId>, Option<DeveloperId>, Json<serde_json::Value>, Instant);

/// The columns of a [`HeardRow`].
const HEARD: (events::id, events::kind, events::organization_id, events::developer_id, events::data_json, events::occurred_at) =
    (events::id, events::kind, events::organization_id, events::developer_id, events::data_json, events::occurred_at);

fn heard((id, kind, organization, developer, Json(data), timestamp): HeardRow) -> Result<Heard> {
    let payload = EventPayload { kind, timestamp, data };
    let body = serde_json::to_string(&payload).map_err(Error::internal)?;
    Ok(Heard { id, kind: payload.kind, organization, developer, body })
}

/// These events, in the order of their ids.
///
/// # Errors
/// 503 when the database is down.
pub fn find(conn: &mut Conn, ids: impl IntoIterator<Item = EventId>) -> Result<Vec<Heard>> {
    let rows: Vec<HeardRow> = events::table.filter(events::id.one_of(ids)).order(events::id).select(HEARD).load(conn)?;
    rows.into_iter().map(heard).collect()
}

/// At most `limit` events that concern somebody and that were committed after `last`, in the order of their ids. Some from shortly
/// before it come again: ids are given out before the commit.
///
/// # Errors
/// 503 when the database is down.
pub fn since(conn: &mut Conn, audience: Audience, last: EventId, limit: i64) -> Result<Vec<Heard>> {
    let from = EventId::first_at(last.made_at().minus(LATE));
    let rows =
        events::table.filter(events::id.ge(from)).filter(events::id.ne(last)).order(events::id).limit(limit).select(HEARD).into_boxed();
    let rows = match audience {
        Audience::Organization(organization) => rows.filter(events::organization_id.eq(organization)),
        Audience::Developer(developer) => rows.filter(events::developer_id.eq(developer)),
    };
    rows.load::<HeardRow>(conn)?.into_iter().map(heard).collect()
}

/// An event that was told.
#[derive(Debug, Clone, QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Nullable<Text>)]
    organization_id: Option<String>,
    #[diesel(sql_type = Text)]
    data_json: String,
    #[diesel(sql_type = InstantSql)]
    occurred_at: Instant,
}

/// An event as webhooks are told of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Its id.
    pub id: EventId,
    /// The organisation whom it concerns.
    pub organization: Option<OrganizationId>,
    /// What is said of it.
    pub payload: EventPayload,
}

impl TryFrom<Row> for Told {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let wrong = || Error::internal(format!("event {} cannot be read", row.id));
        let organization = row.organization_id.as_ref().map(|id| id.parse().map_err(|_| wrong())).transpose()?;
        let data = serde_json::from_str(&row.data_json).map_err(|_| wrong())?;
        let id = row.id.parse().map_err(|_| wrong())?;
        Ok(Self { id, organization, payload: EventPayload { kind: row.kind, timestamp: row.occurred_at, data } })
    }
}

/// Takes at most `limit` events that nobody has spread yet, oldest first, in the transaction that does: no two processes get the same.
///
/// # Errors
/// 503 when the database is down.
pub fn take_unspread(conn: &mut Conn, limit: i64) -> Result<Vec<Told>> {
    const NEXT: &str = "WITH next AS MATERIALIZED (SELECT id FROM events WHERE NOT spread ORDER BY id LIMIT $1";
    const TAKE: &str = ") UPDATE events SET spread = TRUE WHERE id IN (SELECT id FROM next) \
         RETURNING id, kind, organization_id, data_json, occurred_at";
    let skip = if matches!(conn, Conn::Postgres(_)) { " FOR UPDATE SKIP LOCKED" } else { "" };
    let rows: Vec<Row> = sql_query(format!("{NEXT}{skip}{TAKE}")).bind::<BigInt, _>(limit).kept().load(conn)?;
    let mut told = rows.into_iter().map(Told::try_from).collect::<Result<Vec<_>>>()?;
    told.sort_by_key(|event| event.id);
    Ok(told)
}

/// Forgets at most `limit` events told before `before`; gives their number. Ids begin with their time.
///
/// # Errors
/// 503 when the database is down.
pub fn forget(conn: &mut Conn, before: Instant, limit: i64) -> Result<usize> {
    let old: Vec<EventId> =
        events::table.filter(events::id.lt(EventId::first_at(before))).order(events::id).limit(limit).select(events::id).load(conn)?;
    let Some(last) = old.last() else { return Ok(0) };
    Ok(diesel::delete(events::table.filter(events::id.le(*last))).execute(conn)?)
}
