//! The pool, straight from the database's rows: vetted developers whom nothing blocks, with everything that matching reads.
//! Seven queries whatever the pool's size, each over an index.

use std::collections::{BTreeMap, HashMap};

use chrono::{NaiveDate, TimeDelta};
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{
    blocks, commitments, developer_skills, developers, trial_events, trials, users, verified_skills, vetted_developers,
};
use crate::db::types::Json;
use crate::developers::profile::EngagementPreferences;
use crate::kernel::clock::Instant;
use crate::kernel::craft::{Seniority, SkillLevel};
use crate::kernel::error::Result;
use crate::kernel::ids::{DeveloperId, OrganizationId, TrialId};
use crate::kernel::money::{Currency, Money};
use crate::kernel::zone::TimeZone;
use crate::matching::domain::{Candidate, ClaimedSkill, Commitment, Preferences, Responsiveness, TrackRecord, VerifiedSkill, WorkingHours};

/// How far back offers count for responsiveness.
const OFFERS_COUNT_FOR: TimeDelta = TimeDelta::days(90);
/// How quickly an offer is answered in time.
const IN_TIME: TimeDelta = TimeDelta::hours(48);
/// Words of other rooms' states, as their rows hold them.
const MATCHABLE: [&str; 2] = ["approved", "expiring"];
const ENDED_WELL: [&str; 2] = ["converted", "ended_mutually"];
const ANSWERS: [&str; 3] = ["accept", "decline", "counter"];

#[derive(Queryable, Selectable)]
#[diesel(table_name = developers)]
struct DeveloperRow {
    id: DeveloperId,
    headline: Option<String>,
    seniority: Option<Seniority>,
    rate_amount: Option<i64>,
    rate_currency: Option<Currency>,
    hours_per_week: Option<i64>,
    available_from: Option<NaiveDate>,
    time_zone: Option<TimeZone>,
    works_from: Option<i64>,
    works_to: Option<i64>,
    country: Option<String>,
    languages_json: Json<Vec<String>>,
    domains_json: Json<Vec<String>>,
    preferences_json: Json<EngagementPreferences>,
}

/// The rows of the pool, for `organization` where one asks. A developer who has taken rate, hours or zone out of the profile
/// again cannot be hired and is not in the pool until they are back.
///
/// # Errors
/// 503 when the database is down.
pub fn pool(conn: &mut Conn, organization: Option<OrganizationId>, now: Instant) -> Result<Vec<Candidate>> {
    let rows: Vec<DeveloperRow> = developers::table
        .inner_join(vetted_developers::table)
        .inner_join(users::table)
        .filter(vetted_developers::status.eq_any(MATCHABLE))
        .filter(vetted_developers::valid_until.gt(now))
        .filter(users::status.eq("active"))
        .select(DeveloperRow::as_select())
        .load(conn)?;
    let blocked = blocked(conn, organization)?;
    let mut pool: HashMap<DeveloperId, Candidate> =
        rows.into_iter().filter(|row| !blocked.contains(&row.id)).filter_map(candidate).map(|each| (each.developer_id, each)).collect();
    claims(conn, &mut pool)?;
    verifications(conn, &mut pool)?;
    held_hours(conn, &mut pool, now)?;
    track_records(conn, &mut pool)?;
    answers(conn, &mut pool, now)?;
    Ok(pool.into_values().collect())
}

fn blocked(conn: &mut Conn, organization: Option<OrganizationId>) -> Result<Vec<DeveloperId>> {
    let Some(organization) = organization else { return Ok(Vec::new()) };
    Ok(blocks::table.filter(blocks::organization_id.eq(organization)).select(blocks::developer_id).load(conn)?)
}

fn candidate(row: DeveloperRow) -> Option<Candidate> {
    let working_hours = row.works_from.zip(row.works_to).map(|(from, to)| WorkingHours { from: small(from), to: small(to) });
    Some(Candidate {
        developer_id: row.id,
        headline: row.headline,
        seniority: row.seniority,
        rate: Money { amount: row.rate_amount?, currency: row.rate_currency? },
        hours_per_week: small(row.hours_per_week?),
        available_from: row.available_from,
        time_zone: row.time_zone?,
        working_hours,
        country: row.country,
        languages: row.languages_json.0,
        domains: row.domains_json.0,
        skills: BTreeMap::new(),
        verified: BTreeMap::new(),
        preferences: preferences(row.preferences_json.0),
        commitments: Vec::new(),
        track_record: TrackRecord::default(),
        responsiveness: Responsiveness::default(),
        accepted_invitation: false,
        right_until: None,
    })
}

fn preferences(stated: EngagementPreferences) -> Preferences {
    Preferences {
        domains: Some(stated.domains).filter(|list| !list.is_empty()),
        lengths: Some(stated.lengths).filter(|list| !list.is_empty()),
        min_hours: stated.min_hours.map(small),
        max_hours: stated.max_hours.map(small),
    }
}

/// Hours and minutes are small and never negative: the database's checks and the profile's limits see to it.
fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

fn level(number: i64) -> SkillLevel {
    u8::try_from(number).ok().and_then(SkillLevel::new).unwrap_or(SkillLevel::MIN)
}

fn claims(conn: &mut Conn, pool: &mut HashMap<DeveloperId, Candidate>) -> Result<()> {
    let rows: Vec<(DeveloperId, String, i64, f64)> = developer_skills::table
        .filter(developer_skills::developer_id.eq_any(vetted_developers::table.select(vetted_developers::developer_id)))
        .select((developer_skills::developer_id, developer_skills::slug, developer_skills::level, developer_skills::years))
        .load(conn)?;
    for (developer, slug, number, years) in rows {
        if let Some(candidate) = pool.get_mut(&developer) {
            candidate.skills.insert(slug, ClaimedSkill { level: level(number), years });
        }
    }
    Ok(())
}

fn verifications(conn: &mut Conn, pool: &mut HashMap<DeveloperId, Candidate>) -> Result<()> {
    let rows: Vec<(DeveloperId, String, i64, Instant, Instant)> = verified_skills::table
        .select((
            verified_skills::developer_id,
            verified_skills::slug,
            verified_skills::level,
            verified_skills::verified_at,
            verified_skills::expires_at,
        ))
        .load(conn)?;
    for (developer, slug, number, verified_at, expires_at) in rows {
        if let Some(candidate) = pool.get_mut(&developer) {
            candidate.verified.insert(slug, VerifiedSkill { level: level(number), verified_at, expires_at });
        }
    }
    Ok(())
}

fn held_hours(conn: &mut Conn, pool: &mut HashMap<DeveloperId, Candidate>, now: Instant) -> Result<()> {
    let rows: Vec<(DeveloperId, i64, Instant, Instant)> = commitments::table
        .filter(commitments::ends_at.gt(now))
        .select((commitments::developer_id, commitments::hours_per_week, commitments::starts_at, commitments::ends_at))
        .load(conn)?;
    for (developer, hours, from, until) in rows {
        if let Some(candidate) = pool.get_mut(&developer) {
            candidate.commitments.push(Commitment { hours: small(hours), from, until });
        }
    }
    Ok(())
}

fn track_records(conn: &mut Conn, pool: &mut HashMap<DeveloperId, Candidate>) -> Result<()> {
    let rows: Vec<(DeveloperId, Option<String>)> =
        trials::table.filter(trials::state.eq("ended")).select((trials::developer_id, trials::outcome)).load(conn)?;
    for (developer, outcome) in rows {
        if let Some(candidate) = pool.get_mut(&developer) {
            candidate.track_record.ended += 1;
            candidate.track_record.good += u32::from(outcome.is_some_and(|outcome| ENDED_WELL.contains(&outcome.as_str())));
        }
    }
    Ok(())
}

/// The latest offers of 90 days, at most ten a developer: how many were answered within 48 hours. One that the client took
/// back unanswered does not count.
fn answers(conn: &mut Conn, pool: &mut HashMap<DeveloperId, Candidate>, now: Instant) -> Result<()> {
    let since = now.plus(-OFFERS_COUNT_FOR);
    let answered: Vec<(TrialId, Instant)> = trial_events::table
        .filter(trial_events::actor.eq("developer"))
        .filter(trial_events::action.eq_any(ANSWERS))
        .filter(trial_events::occurred_at.gt(since))
        .order(trial_events::occurred_at.desc())
        .select((trial_events::trial_id, trial_events::occurred_at))
        .load(conn)?;
    // Later ones come first, so that collecting keeps the first answer of each trial.
    let answered: HashMap<TrialId, Instant> = answered.into_iter().collect();
    let offers: Vec<(DeveloperId, TrialId, Instant, Option<String>)> = trials::table
        .filter(trials::created_at.gt(since))
        .order(trials::created_at.desc())
        .select((trials::developer_id, trials::id, trials::created_at, trials::outcome))
        .load(conn)?;
    for (developer, trial, offered_at, outcome) in offers {
        let Some(candidate) = pool.get_mut(&developer) else { continue };
        let answer = answered.get(&trial).map(|at| at.since(offered_at) <= IN_TIME);
        let taken_back = outcome.as_deref() == Some("withdrawn");
        let overdue = (now.since(offered_at) > IN_TIME && !taken_back).then_some(false);
        count(&mut candidate.responsiveness, answer.or(overdue));
    }
    Ok(())
}

fn count(responsiveness: &mut Responsiveness, in_time: Option<bool>) {
    if let Some(in_time) = in_time.filter(|_| responsiveness.asked < Responsiveness::COUNTED) {
        responsiveness.asked += 1;
        responsiveness.answered_within_48h += u32::from(in_time);
    }
}
