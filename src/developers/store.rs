//! Profiles in the database, each with its skills.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::changes::{ChangeKind, note};
use crate::db::schema::{developer_skills, developers, users};
use crate::db::support::IsOneOf as _;
use crate::db::types::Json;
use crate::developers::card::Contact;
use crate::developers::card::StoredProfile;
use crate::developers::profile::ClaimedSkill;
use crate::developers::profile::EngagementPreferences;
use crate::developers::profile::Experience;
use crate::developers::profile::Profile;
use crate::developers::profile::ProfileLink;
use crate::developers::profile::TimeOfDay;
use crate::developers::profile::WorkingHours;
use crate::each;
use crate::kernel::clock::Instant;
use crate::kernel::craft::{Seniority, SkillLevel};
use crate::kernel::email::Email;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{DeveloperId, UserId};
use crate::kernel::money::{Currency, Money};
use crate::kernel::zone::TimeZone;
use crate::sql_words;

sql_words!(Seniority);

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = developers)]
struct HeadRow {
    id: DeveloperId,
    user_id: UserId,
    synthetic: bool,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = developers, treat_none_as_null = true)]
struct ProfileRow {
    headline: Option<String>,
    summary: Option<String>,
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
    experience_json: Json<Vec<Experience>>,
    links_json: Json<Vec<ProfileLink>>,
    preferences_json: Json<EngagementPreferences>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = developer_skills)]
struct SkillRow {
    developer_id: DeveloperId,
    slug: String,
    level: i64,
    years: f64,
}

impl From<Profile> for ProfileRow {
    fn from(profile: Profile) -> Self {
        Self {
            headline: profile.headline,
            summary: profile.summary,
            seniority: profile.seniority,
            rate_amount: profile.hourly_rate.map(|rate| rate.amount),
            rate_currency: profile.hourly_rate.map(|rate| rate.currency),
            hours_per_week: profile.hours_per_week,
            available_from: profile.available_from,
            time_zone: profile.time_zone,
            works_from: profile.working_hours.map(|hours| i64::from(hours.from.minutes())),
            works_to: profile.working_hours.map(|hours| i64::from(hours.to.minutes())),
            country: profile.country,
            languages_json: Json(profile.languages),
            domains_json: Json(profile.domains),
            experience_json: Json(profile.experience),
            links_json: Json(profile.links),
            preferences_json: Json(profile.preferences),
        }
    }
}

impl ProfileRow {
    fn profile(self, skills: Vec<ClaimedSkill>) -> Profile {
        let rate = self.rate_amount.zip(self.rate_currency);
        let hours = time_of_day(self.works_from).zip(time_of_day(self.works_to));
        Profile {
            headline: self.headline,
            summary: self.summary,
            seniority: self.seniority,
            hourly_rate: rate.map(|(amount, currency)| Money { amount, currency }),
            hours_per_week: self.hours_per_week,
            available_from: self.available_from,
            time_zone: self.time_zone,
            working_hours: hours.map(|(from, to)| WorkingHours { from, to }),
            country: self.country,
            languages: self.languages_json.0,
            domains: self.domains_json.0,
            skills,
            experience: self.experience_json.0,
            links: self.links_json.0,
            preferences: self.preferences_json.0,
        }
    }
}

fn time_of_day(minutes: Option<i64>) -> Option<TimeOfDay> {
    minutes.and_then(|minutes| u32::try_from(minutes).ok()).and_then(TimeOfDay::new)
}

/// A level as the database keeps it.
pub(crate) fn level(number: i64) -> Result<SkillLevel> {
    u8::try_from(number).ok().and_then(SkillLevel::new).ok_or_else(|| Error::internal(format!("a skill level of {number}")))
}

/// The developer that the person is, if the person has written a profile.
///
/// # Errors
/// 503 when the database is down.
pub fn find_by_user(conn: &mut Conn, user: UserId) -> Result<Option<DeveloperId>> {
    Ok(developers::table.filter(developers::user_id.eq(user)).select(developers::id).first(conn).optional()?)
}

/// The profile of one developer.
///
/// # Errors
/// 404.
pub fn profile(conn: &mut Conn, id: DeveloperId) -> Result<StoredProfile> {
    profiles(conn, &[id])?.pop().ok_or_else(Error::not_found)
}

/// The profiles of many developers, in the order of `ids`; those that do not exist are left out. Two queries.
///
/// # Errors
/// 503 when the database is down.
pub fn profiles(conn: &mut Conn, ids: &[DeveloperId]) -> Result<Vec<StoredProfile>> {
    let rows: Vec<(HeadRow, ProfileRow)> =
        developers::table.filter(developers::id.one_of(ids)).select((HeadRow::as_select(), ProfileRow::as_select())).load(conn)?;
    let mut skills = skills(conn, ids)?;
    let mut found: HashMap<DeveloperId, StoredProfile> = HashMap::with_capacity(rows.len());
    for (head, row) in rows {
        let profile = row.profile(skills.remove(&head.id).unwrap_or_default());
        found.insert(head.id, stored(head, profile));
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

fn stored(head: HeadRow, profile: Profile) -> StoredProfile {
    let HeadRow { id, user_id, synthetic, version, created_at, updated_at } = head;
    StoredProfile { id, user_id, profile, synthetic, version, created_at, updated_at }
}

/// What each developer says to know: the best first, then by slug.
fn skills(conn: &mut Conn, ids: &[DeveloperId]) -> Result<HashMap<DeveloperId, Vec<ClaimedSkill>>> {
    let rows: Vec<SkillRow> = developer_skills::table
        .filter(developer_skills::developer_id.one_of(ids))
        .order((developer_skills::level.desc(), developer_skills::slug))
        .select(SkillRow::as_select())
        .load(conn)?;
    let mut found: HashMap<DeveloperId, Vec<ClaimedSkill>> = HashMap::new();
    for row in rows {
        let skill = ClaimedSkill { slug: row.slug, level: level(row.level)?, years: row.years };
        found.entry(row.developer_id).or_default().push(skill);
    }
    Ok(found)
}

/// Who the developer is and how to reach them.
///
/// # Errors
/// 404.
pub fn owner(conn: &mut Conn, id: DeveloperId) -> Result<Contact> {
    owners(conn, &[id])?.remove(&id).ok_or_else(Error::not_found)
}

/// Who the developers are; those who do not exist are left out.
///
/// # Errors
/// 503 when the database is down.
pub fn owners(conn: &mut Conn, ids: &[DeveloperId]) -> Result<HashMap<DeveloperId, Contact>> {
    type Found = (DeveloperId, UserId, String, Option<String>, Email, TimeZone, String);
    let rows: Vec<Found> = developers::table
        .inner_join(users::table)
        .filter(developers::id.one_of(ids))
        .select((developers::id, users::id, users::name, developers::headline, users::email, users::time_zone, users::status))
        .load(conn)?;
    let contact = |(id, user_id, name, headline, email, time_zone, status): Found| {
        (id, Contact { user_id, name, headline, email, time_zone, active: status == "active" })
    };
    Ok(rows.into_iter().map(contact).collect())
}

/// Creates the profile of a person who has none.
///
/// # Errors
/// 409 when the person has one by now, or a skill is no longer in the catalogue.
pub fn insert(conn: &mut Conn, user: UserId, profile: Profile, now: Instant) -> Result<StoredProfile> {
    insert_as(conn, user, profile, false, now)
}

/// Creates a profile that is marked as made for demonstration; `profile` names its skills by slug.
///
/// # Errors
/// 409 when the person has one, or a skill is not in the catalogue.
pub fn insert_seeded(conn: &mut Conn, user: UserId, profile: Profile, now: Instant) -> Result<DeveloperId> {
    Ok(insert_as(conn, user, profile, true, now)?.id)
}

fn insert_as(conn: &mut Conn, user: UserId, profile: Profile, synthetic: bool, now: Instant) -> Result<StoredProfile> {
    let id = DeveloperId::new(now);
    let head = HeadRow { id, user_id: user, synthetic, version: 1, created_at: now, updated_at: now };
    let skills = skill_rows(id, &profile);
    diesel::insert_into(developers::table).values((head, ProfileRow::from(profile))).execute(conn)?;
    insert_skills(conn, &skills)?;
    note(conn, ChangeKind::Developer, &id, now)?;
    self::profile(conn, id)
}

/// Replaces the profile of `stored` unless somebody else has changed it since.
///
/// # Errors
/// 409 when the profile has changed meanwhile, or a skill is no longer in the catalogue.
pub fn replace(conn: &mut Conn, stored: &StoredProfile, mut profile: Profile, now: Instant) -> Result<StoredProfile> {
    profile.skills.sort_by(|left, right| right.level.cmp(&left.level).then_with(|| left.slug.cmp(&right.slug)));
    let same = developers::table.filter(developers::id.eq(stored.id)).filter(developers::version.eq(stored.version));
    let moved = (developers::version.eq(stored.version + 1), developers::updated_at.eq(now));
    let changed = diesel::update(same).set((ProfileRow::from(profile.clone()), moved)).execute(conn)?;
    if changed == 0 {
        return Err(Error::conflict("Your profile has just changed: read it again, then repeat your change."));
    }
    // Most changes leave the skills alone, and their rows are the most to write.
    if profile.skills != stored.profile.skills {
        diesel::delete(developer_skills::table.filter(developer_skills::developer_id.eq(stored.id))).execute(conn)?;
        insert_skills(conn, &skill_rows(stored.id, &profile))?;
    }
    note(conn, ChangeKind::Developer, &stored.id, now)?;
    Ok(StoredProfile { profile, version: stored.version + 1, updated_at: now, ..stored.clone() })
}

fn skill_rows(id: DeveloperId, profile: &Profile) -> Vec<SkillRow> {
    let row = |skill: &ClaimedSkill| SkillRow {
        developer_id: id,
        slug: skill.slug.clone(),
        level: i64::from(u8::from(skill.level)),
        years: skill.years,
    };
    profile.skills.iter().map(row).collect()
}

fn insert_skills(conn: &mut Conn, rows: &[SkillRow]) -> Result<()> {
    if !rows.is_empty() {
        each!(conn, conn => diesel::insert_into(developer_skills::table).values(rows).execute(conn))?;
    }
    Ok(())
}
