//! Candidates, straight from the database's rows: vetted developers with everything that matching reads.
//! Seven queries a call whatever its size, each over an index.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{NaiveDate, TimeDelta};
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{
    blocks, commitments, developer_skills, developers, invitations, reviews, trial_events, trials, users, verified_skills,
    vetted_developers,
};
use crate::db::support::{IsOneOf as _, unindexed};
use crate::db::types::Json;
use crate::developers::profile::EngagementPreferences;
use crate::kernel::clock::Instant;
use crate::kernel::craft::{Seniority, SkillLevel};
use crate::kernel::error::Result;
use crate::kernel::ids::{DeveloperId, JobRequestId, OrganizationId, TrialId};
use crate::kernel::money::{Currency, Money};
use crate::kernel::zone::{TimeZone, add_days};
use crate::matching::domain::{Candidate, ClaimedSkill, Commitment, Preferences, Responsiveness, TrackRecord, VerifiedSkill, WorkingHours};

/// The most developers that one call reads: bounds memory, and the values that a statement may bind.
pub const CHUNK: usize = 2_000;

/// How far back offers count for responsiveness.
const OFFERS_COUNT_FOR: TimeDelta = TimeDelta::days(90);
/// How quickly an offer is answered in time.
const IN_TIME: TimeDelta = TimeDelta::hours(48);
/// What instants are counted in.
const ONE_STEP: TimeDelta = TimeDelta::microseconds(1);
/// Words of other rooms' states, as their rows hold them.
const MATCHABLE: [&str; 2] = ["approved", "expiring"];
/// From this rating on a review is a good one (the design of matching: a review of at least 4).
const GOOD_RATING: i64 = 4;
const ENDED_WELL: [&str; 2] = ["converted", "ended_mutually"];
const ANSWERS: [&str; 3] = ["accept", "decline", "counter"];

/// Which developers to read; whoever is not matchable is left out.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'a> {
    /// These, at most [`CHUNK`].
    Ids(&'a [DeveloperId]),
    /// The next by id, at most [`CHUNK`]; after the last one there are none.
    After(Option<DeveloperId>),
}

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

/// The matchable developers of `scope` by id, each with the first instant at which the row is not right any more although
/// nothing was written: until then this function gives the same. A developer who has taken rate, hours or zone out of the
/// profile again cannot be hired and is left out until they are back.
///
/// # Errors
/// 503 when the database is down.
pub fn candidates(conn: &mut Conn, scope: Scope<'_>, now: Instant) -> Result<Vec<Candidate>> {
    let mut found = Found::new(heads(conn, scope, now)?);
    let ids: Vec<DeveloperId> = found.candidates.iter().map(|candidate| candidate.developer_id).collect();
    claims(conn, &ids, &mut found)?;
    verifications(conn, &ids, &mut found, now)?;
    held_hours(conn, &ids, &mut found, now)?;
    let mut asked = asked_to_talk(conn, &ids, &mut found, now)?;
    asked.extend(offers(conn, &ids, &mut found, now)?);
    answers_count(asked, &mut found, now);
    Ok(found.candidates)
}

fn heads(conn: &mut Conn, scope: Scope<'_>, now: Instant) -> Result<Vec<(DeveloperRow, Instant)>> {
    let mut query = vetted_developers::table
        .inner_join(developers::table.inner_join(users::table))
        .filter(unindexed(vetted_developers::status).one_of(MATCHABLE))
        .filter(vetted_developers::valid_until.gt(now))
        .filter(unindexed(users::status).eq("active"))
        .filter(developers::rate_amount.is_not_null())
        .filter(developers::rate_currency.is_not_null())
        .filter(developers::hours_per_week.is_not_null())
        .filter(developers::time_zone.is_not_null())
        .select((DeveloperRow::as_select(), vetted_developers::valid_until))
        .into_boxed();
    query = match scope {
        Scope::Ids(ids) => query.filter(vetted_developers::developer_id.one_of(ids)),
        Scope::After(Some(last)) => query.filter(vetted_developers::developer_id.gt(last)),
        Scope::After(None) => query,
    };
    // Order and limit do no harm where ids are named: those are no more than a chunk.
    let limit = i64::try_from(CHUNK).unwrap_or(i64::MAX);
    Ok(query.order(vetted_developers::developer_id).limit(limit).load(conn)?)
}

/// Candidates by id, with the place of the one that was found last: rows of one developer come together.
struct Found {
    candidates: Vec<Candidate>,
    last: usize,
}

impl Found {
    fn new(rows: Vec<(DeveloperRow, Instant)>) -> Self {
        let mut candidates: Vec<Candidate> = rows.into_iter().filter_map(|(row, valid_until)| candidate(row, valid_until)).collect();
        candidates.sort_unstable_by_key(|candidate| candidate.developer_id);
        Self { candidates, last: 0 }
    }

    fn of(&mut self, id: DeveloperId) -> Option<&mut Candidate> {
        if self.candidates.get(self.last).is_none_or(|candidate| candidate.developer_id != id) {
            self.last = self.candidates.binary_search_by_key(&id, |candidate| candidate.developer_id).ok()?;
        }
        self.candidates.get_mut(self.last)
    }
}

fn candidate(row: DeveloperRow, valid_until: Instant) -> Option<Candidate> {
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
        accepted_invitations: Vec::new(),
        right_until: Some(valid_until),
    })
}

/// Notes that `candidate` is right until `at` at the latest.
fn until(candidate: &mut Candidate, at: Instant) {
    candidate.right_until = Some(candidate.right_until.map_or(at, |before| before.min(at)));
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

fn claims(conn: &mut Conn, ids: &[DeveloperId], found: &mut Found) -> Result<()> {
    let rows: Vec<(DeveloperId, String, i64, f64)> = developer_skills::table
        .filter(developer_skills::developer_id.one_of(ids))
        .select((developer_skills::developer_id, developer_skills::slug, developer_skills::level, developer_skills::years))
        .load(conn)?;
    for (developer, slug, number, years) in rows {
        if let Some(candidate) = found.of(developer) {
            candidate.skills.insert(slug, ClaimedSkill { level: level(number), years });
        }
    }
    Ok(())
}

/// A verification counts until the end of the UTC day on which it expires.
fn verifications(conn: &mut Conn, ids: &[DeveloperId], found: &mut Found, now: Instant) -> Result<()> {
    let rows: Vec<(DeveloperId, String, i64, Instant, Instant)> = verified_skills::table
        .filter(verified_skills::developer_id.one_of(ids))
        .select((
            verified_skills::developer_id,
            verified_skills::slug,
            verified_skills::level,
            verified_skills::verified_at,
            verified_skills::expires_at,
        ))
        .load(conn)?;
    for (developer, slug, number, verified_at, expires_at) in rows {
        if let Some(candidate) = found.of(developer) {
            let counts_until = TimeZone::UTC.start_of(add_days(expires_at.date(), 1));
            if now < counts_until {
                until(candidate, counts_until);
            }
            candidate.verified.insert(slug, VerifiedSkill { level: level(number), verified_at, expires_at });
        }
    }
    Ok(())
}

/// The hours that are held now or later; what has ended holds nothing, also not of the day on which it ended.
fn held_hours(conn: &mut Conn, ids: &[DeveloperId], found: &mut Found, now: Instant) -> Result<()> {
    let rows: Vec<(DeveloperId, i64, Instant, Instant)> = commitments::table
        .filter(commitments::developer_id.one_of(ids))
        .filter(commitments::ends_at.gt(now))
        .order((commitments::starts_at, commitments::id))
        .select((commitments::developer_id, commitments::hours_per_week, commitments::starts_at, commitments::ends_at))
        .load(conn)?;
    for (developer, hours, from, ends_at) in rows {
        if let Some(candidate) = found.of(developer) {
            candidate.commitments.push(Commitment { hours: small(hours), from, until: ends_at });
            until(candidate, ends_at);
        }
    }
    Ok(())
}

/// The invitations that were accepted, and those of the last 90 days as what somebody was asked.
fn asked_to_talk(conn: &mut Conn, ids: &[DeveloperId], found: &mut Found, now: Instant) -> Result<Vec<(DeveloperId, Offer)>> {
    let since = now.minus(OFFERS_COUNT_FOR);
    let rows: Vec<(DeveloperId, JobRequestId, Instant, String, Option<Instant>)> = invitations::table
        .filter(invitations::developer_id.one_of(ids))
        .filter(invitations::state.eq("accepted").or(invitations::created_at.gt(since)))
        .order(invitations::id)
        .select((
            invitations::developer_id,
            invitations::job_request_id,
            invitations::created_at,
            invitations::state,
            invitations::answered_at,
        ))
        .load(conn)?;
    let mut asked = Vec::new();
    for (developer, request, offered_at, state, answered_at) in rows {
        if let Some(candidate) = found.of(developer).filter(|_| state == "accepted") {
            candidate.accepted_invitations.push(request);
        }
        if offered_at > since {
            asked.push((developer, Offer { offered_at, answered_at, taken_back: false }));
        }
    }
    Ok(asked)
}

/// How quickly the latest of what was asked was answered.
fn answers_count(mut asked: Vec<(DeveloperId, Offer)>, found: &mut Found, now: Instant) {
    asked.sort_by_key(|(developer, offer)| (*developer, Reverse(offer.offered_at)));
    for (developer, offer) in asked {
        if let Some(candidate) = found.of(developer) {
            offer.count(candidate, now);
        }
    }
}

/// How trials ended, and the latest offers.
fn offers(conn: &mut Conn, ids: &[DeveloperId], found: &mut Found, now: Instant) -> Result<Vec<(DeveloperId, Offer)>> {
    let mut latest = Vec::new();
    let since = now.minus(OFFERS_COUNT_FOR);
    let answered = answers(conn, ids, since)?;
    let praised = praised(conn, ids)?;
    let rows: Vec<(DeveloperId, TrialId, Instant, String, Option<String>)> = trials::table
        .filter(trials::developer_id.one_of(ids))
        .filter(trials::state.eq("ended").or(trials::created_at.gt(since)))
        .order((trials::created_at.desc(), trials::id.desc()))
        .select((trials::developer_id, trials::id, trials::created_at, trials::state, trials::outcome))
        .load(conn)?;
    for (developer, trial, offered_at, state, outcome) in rows {
        let (Some(candidate), outcome) = (found.of(developer), outcome.as_deref().unwrap_or_default()) else { continue };
        if state == "ended" {
            candidate.track_record.ended += 1;
            candidate.track_record.good += u32::from(ENDED_WELL.contains(&outcome) || praised.contains(&trial));
        }
        if offered_at > since {
            let offer = Offer { offered_at, answered_at: answered.get(&trial).copied(), taken_back: outcome == "withdrawn" };
            latest.push((developer, offer));
        }
    }
    Ok(latest)
}

/// The trials of which the client's review, which everybody whom it concerns sees by now, is a good one.
fn praised(conn: &mut Conn, ids: &[DeveloperId]) -> Result<HashSet<TrialId>> {
    let good = reviews::table
        .filter(reviews::developer_id.one_of(ids))
        .filter(reviews::party.eq("client"))
        .filter(reviews::rating.ge(GOOD_RATING))
        .filter(reviews::visible_at.is_not_null());
    Ok(good.select(reviews::trial_id).load::<TrialId>(conn)?.into_iter().collect())
}

/// The first answer to each offer that was made after `since`.
fn answers(conn: &mut Conn, ids: &[DeveloperId], since: Instant) -> Result<HashMap<TrialId, Instant>> {
    let rows: Vec<(TrialId, Instant)> = trial_events::table
        .inner_join(trials::table.on(trials::id.eq(trial_events::trial_id)))
        .filter(trials::developer_id.one_of(ids))
        .filter(trials::created_at.gt(since))
        .filter(trial_events::actor.eq("developer"))
        .filter(trial_events::action.one_of(ANSWERS))
        .select((trial_events::trial_id, trial_events::occurred_at))
        .load(conn)?;
    let mut first: HashMap<TrialId, Instant> = HashMap::new();
    for (trial, at) in rows {
        first.entry(trial).and_modify(|earlier| *earlier = at.min(*earlier)).or_insert(at);
    }
    Ok(first)
}

/// An offer of the last 90 days.
struct Offer {
    offered_at: Instant,
    answered_at: Option<Instant>,
    taken_back: bool,
}

impl Offer {
    /// Counts it unless ten later ones count already; one that the client took back unanswered never does, one that may
    /// still be answered in time not yet.
    fn count(&self, candidate: &mut Candidate, now: Instant) {
        if candidate.responsiveness.asked == Responsiveness::COUNTED {
            return;
        }
        let counts_from = self.offered_at.plus(IN_TIME).plus(ONE_STEP);
        let in_time = match self.answered_at {
            Some(at) => at < counts_from,
            None if self.taken_back => return,
            None if now < counts_from => return until(candidate, counts_from),
            None => false,
        };
        candidate.responsiveness.asked += 1;
        candidate.responsiveness.answered_within_48h += u32::from(in_time);
        until(candidate, self.offered_at.plus(OFFERS_COUNT_FOR));
    }
}

/// Whom `organizations`, or all of them, are never matched with.
///
/// # Errors
/// 503 when the database is down.
pub fn blocked(conn: &mut Conn, organizations: Option<&[OrganizationId]>) -> Result<HashMap<OrganizationId, Vec<DeveloperId>>> {
    let mut query = blocks::table.select((blocks::organization_id, blocks::developer_id)).into_boxed();
    if let Some(organizations) = organizations {
        query = query.filter(blocks::organization_id.one_of(organizations));
    }
    let rows: Vec<(OrganizationId, DeveloperId)> = query.load(conn)?;
    let mut blocked: HashMap<OrganizationId, Vec<DeveloperId>> = HashMap::new();
    for (organization, developer) in rows {
        blocked.entry(organization).or_default().push(developer);
    }
    Ok(blocked)
}
