//! Who is vetted, until when, and for which levels.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::changes::{ChangeKind, note};
use crate::db::schema::{verified_skills, vetted_developers};
use crate::developers::card::VettedStatus;
use crate::developers::card_store;
use crate::each;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::{ApplicationId, DeveloperId};
use crate::vetting::domain::SkillVerdict;

#[derive(Insertable)]
#[diesel(table_name = vetted_developers)]
struct VettedRow {
    developer_id: DeveloperId,
    application_id: Option<ApplicationId>,
    status: VettedStatus,
    approved_at: Instant,
    valid_until: Instant,
    version: i64,
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

/// The developer's vetted status and until when it holds; `None` before the first approval.
///
/// # Errors
/// 503 when the database is down.
pub fn vetted_status(conn: &mut Conn, developer: DeveloperId) -> Result<Option<(VettedStatus, Instant)>> {
    Ok(card_store::standing(conn, developer)?.map(|standing| (standing.status, standing.valid_until)))
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
    let row = VettedRow { developer_id: developer, application_id: application, status, approved_at: at, valid_until, version };
    diesel::delete(vetted_developers::table.find(developer)).execute(conn)?;
    diesel::insert_into(vetted_developers::table).values(row).execute(conn)?;
    diesel::delete(verified_skills::table.filter(verified_skills::developer_id.eq(developer))).execute(conn)?;
    insert_skills(conn, developer, skills, at, valid_until)?;
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
