//! Who is vetted, until when, and for which levels.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::changes::{ChangeKind, note};
use crate::db::schema::{verified_skills, vetted_developers, vetted_events};
use crate::db::timers;
use crate::developers::card::VettedStatus;
use crate::developers::card_store;
use crate::each;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{ApplicationId, DeveloperId, EventId, UserId};
use crate::kernel::process::Actor;
use crate::kernel::words::Word as _;
use crate::sql_words;
use crate::vetting::domain::{EXPIRING_DAYS, ROOM, SkillVerdict, days_after};
use crate::vetting::standing::{Pass, StandingAction, VettedEvent};

sql_words!(StandingAction);

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = vetted_developers)]
struct VettedRow {
    developer_id: DeveloperId,
    application_id: Option<ApplicationId>,
    status: VettedStatus,
    approved_at: Instant,
    valid_until: Instant,
    version: i64,
    changed_at: Option<Instant>,
}

impl From<VettedRow> for Pass {
    fn from(row: VettedRow) -> Self {
        let VettedRow { developer_id, application_id, status, approved_at, valid_until, version, changed_at } = row;
        Self { developer_id, application_id, status, approved_at, valid_until, version, changed_at: changed_at.unwrap_or(approved_at) }
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = vetted_events)]
struct EventRow {
    id: EventId,
    developer_id: DeveloperId,
    version: i64,
    action: StandingAction,
    actor: Actor,
    user_id: Option<UserId>,
    from_status: Option<VettedStatus>,
    to_status: VettedStatus,
    reason_code: Option<String>,
    message: Option<String>,
    occurred_at: Instant,
}

impl From<VettedEvent> for EventRow {
    fn from(event: VettedEvent) -> Self {
        let VettedEvent { id, developer_id, version, action, actor, user_id, from_status, to_status, .. } = event;
        let VettedEvent { reason_code, message, occurred_at, .. } = event;
        Self { id, developer_id, version, action, actor, user_id, from_status, to_status, reason_code, message, occurred_at }
    }
}

impl From<EventRow> for VettedEvent {
    fn from(row: EventRow) -> Self {
        let EventRow { id, developer_id, version, action, actor, user_id, from_status, to_status, .. } = row;
        let EventRow { reason_code, message, occurred_at, .. } = row;
        Self { id, developer_id, version, action, actor, user_id, from_status, to_status, reason_code, message, occurred_at }
    }
}

#[derive(Insertable)]
#[diesel(table_name = verified_skills)]
struct SkillRow {
    developer_id: DeveloperId,
    slug: String,
    level: i64,
    verified_at: Instant,
    expires_at: Instant,
}

/// The developer's approval; `None` before the first.
///
/// # Errors
/// 503 when the database is down.
pub fn pass(conn: &mut Conn, developer: DeveloperId) -> Result<Option<Pass>> {
    let row: Option<VettedRow> = vetted_developers::table.find(developer).select(VettedRow::as_select()).first(conn).optional()?;
    Ok(row.map(Pass::from))
}

/// Makes `next` of an approval whose version is still `version`: where it stands. Whoever matches hears of it.
///
/// # Errors
/// 412 when somebody was faster.
pub fn update(conn: &mut Conn, version: i64, next: &Pass) -> Result<()> {
    let same = vetted_developers::table.find(next.developer_id).filter(vetted_developers::version.eq(version));
    let changes = (
        vetted_developers::status.eq(next.status),
        vetted_developers::version.eq(next.version),
        vetted_developers::changed_at.eq(next.changed_at),
    );
    if diesel::update(same).set(changes).execute(conn)? != 1 {
        return Err(Error::stale());
    }
    note(conn, ChangeKind::Developer, &next.developer_id, next.changed_at)
}

/// Adds an event.
///
/// # Errors
/// 409 when there is one of this version already.
pub fn insert_event(conn: &mut Conn, event: VettedEvent) -> Result<()> {
    diesel::insert_into(vetted_events::table).values(EventRow::from(event)).execute(conn)?;
    Ok(())
}

/// What happened to a developer's approval, in order.
///
/// # Errors
/// 503 when the database is down.
pub fn events(conn: &mut Conn, developer: DeveloperId) -> Result<Vec<VettedEvent>> {
    let rows: Vec<EventRow> = vetted_events::table
        .filter(vetted_events::developer_id.eq(developer))
        .order(vetted_events::version)
        .select(EventRow::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(VettedEvent::from).collect())
}

/// Whether clients may find the developer and offer trials at `now`.
///
/// # Errors
/// 503 when the database is down.
pub fn is_matchable(conn: &mut Conn, developer: DeveloperId, now: Instant) -> Result<bool> {
    Ok(card_store::standing(conn, developer)?.is_some_and(|standing| standing.is_matchable(now)))
}

/// Approves a developer, for the first time or anew: `skills` (by slug) replace what was verified before. Without an
/// application for seeded developers.
///
/// # Errors
/// 409 when a skill is no longer in the catalogue.
pub fn approve(
    conn: &mut Conn,
    developer: DeveloperId,
    application: Option<ApplicationId>,
    skills: &[SkillVerdict],
    at: Instant,
    valid_until: Instant,
) -> Result<()> {
    let before: Option<i64> = vetted_developers::table.find(developer).select(vetted_developers::version).first(conn).optional()?;
    let version = before.unwrap_or_default() + 1;
    let status = VettedStatus::Approved;
    let (developer_id, changed_at) = (developer, Some(at));
    let row = VettedRow { developer_id, application_id: application, status, approved_at: at, valid_until, version, changed_at };
    diesel::delete(vetted_developers::table.find(developer)).execute(conn)?;
    diesel::insert_into(vetted_developers::table).values(row).execute(conn)?;
    diesel::delete(verified_skills::table.filter(verified_skills::developer_id.eq(developer))).execute(conn)?;
    insert_skills(conn, developer, skills, at, valid_until)?;
    let expiring = (StandingAction::Expire.as_str(), days_after(valid_until, -EXPIRING_DAYS));
    timers::plan(conn, ROOM, &developer.to_string(), [expiring])?;
    note(conn, ChangeKind::Developer, &developer, at)
}

fn insert_skills(conn: &mut Conn, developer_id: DeveloperId, skills: &[SkillVerdict], at: Instant, until: Instant) -> Result<()> {
    let row = |skill: &SkillVerdict| SkillRow {
        developer_id,
        slug: skill.slug.clone(),
        level: i64::from(skill.level.number()),
        verified_at: at,
        expires_at: until,
    };
    let rows: Vec<SkillRow> = skills.iter().map(row).collect();
    if !rows.is_empty() {
        each!(conn, conn => diesel::insert_into(verified_skills::table).values(&rows).execute(conn))?;
    }
    Ok(())
}
