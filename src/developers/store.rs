//! Profiles in the database, each with its skills.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{developer_skills, developers, users};
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
        developers::table.filter(developers::id.eq_any(ids)).select((HeadRow::as_select(), ProfileRow::as_select())).load(conn)?;
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
        .filter(developer_skills::developer_id.eq_any(ids))
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
    let (user_id, name, email, time_zone, status): (UserId, String, Email, TimeZone, String) = developers::table
        .inner_join(users::table)
        .filter(developers::id.eq(id))
        .select((users::id, users::name, users::email, users::time_zone, users::status))
        .first(conn)?;
    Ok(Contact { user_id, name, email, time_zone, active: status == "active" })
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
    self::profile(conn, id)
}

/// Replaces the profile of `stored` unless somebody else has changed it since.
///
/// # Errors
/// 409 when the profile has changed meanwhile, or a skill is no longer in the catalogue.
pub fn replace(conn: &mut Conn, stored: &StoredProfile, profile: Profile, now: Instant) -> Result<StoredProfile> {
    let skills = skill_rows(stored.id, &profile);
    let same = developers::table.filter(developers::id.eq(stored.id)).filter(developers::version.eq(stored.version));
    let moved = (developers::version.eq(stored.version + 1), developers::updated_at.eq(now));
    let changed = diesel::update(same).set((ProfileRow::from(profile), moved)).execute(conn)?;
    if changed == 0 {
        return Err(Error::conflict("Your profile has just changed: read it again, then repeat your change."));
    }
    diesel::delete(developer_skills::table.filter(developer_skills::developer_id.eq(stored.id))).execute(conn)?;
    insert_skills(conn, &skills)?;
    self::profile(conn, stored.id)
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

#[cfg(test)]
mod tests {
    use diesel::r2d2::ManageConnection as _;
    use serde_json::json;

    use super::*;
    use crate::db::migrate;
    use crate::db::pool::Opener;
    use crate::db::schema::{organizations, skills as catalogue, verified_skills, vetted_developers};
    use crate::db::url::DatabaseUrl;
    use crate::developers::access::Side;
    use crate::developers::access_store;
    use crate::developers::card::{Standing, VettedStatus};
    use crate::developers::card_store;
    use crate::developers::hours_store;
    use crate::kernel::error::Code;
    use crate::kernel::ids::{OrganizationId, TrialId};

    const USER: u128 = 1;

    /// A fresh file with one developer's account, one organisation and three skills.
    struct Scratch(std::path::PathBuf, Conn);

    impl Drop for Scratch {
        fn drop(&mut self) {
            drop(std::fs::remove_file(&self.0));
        }
    }

    fn at(second: i64) -> Instant {
        Instant::from_micros(1_764_000_000_000_000 + second * 1_000_000)
    }

    fn scratch(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("guildhall-developers-{name}-{}.db", std::process::id()));
        drop(std::fs::remove_file(&path));
        let mut conn = Opener(DatabaseUrl::Sqlite(path.clone())).connect().unwrap();
        migrate::run(&mut conn).unwrap();
        let user = (
            users::id.eq(UserId::from_u128(USER)),
            users::email.eq("jo@example.com"),
            users::email_key.eq("jo@example.com"),
            users::name.eq("Jo"),
            users::role.eq("developer"),
            users::status.eq("active"),
            users::time_zone.eq("Europe/London"),
            users::created_at.eq(at(0)),
        );
        diesel::insert_into(users::table).values(user).execute(&mut conn).unwrap();
        let organization =
            (organizations::id.eq(OrganizationId::from_u128(1)), organizations::name.eq("A client"), organizations::created_at.eq(at(0)));
        diesel::insert_into(organizations::table).values(organization).execute(&mut conn).unwrap();
        for slug in ["go", "grpc", "kafka"] {
            let skill = (catalogue::slug.eq(slug), catalogue::name.eq(slug), catalogue::category.eq("x"), catalogue::created_at.eq(at(0)));
            diesel::insert_into(catalogue::table).values(skill).execute(&mut conn).unwrap();
        }
        Scratch(path, conn)
    }

    fn whole() -> Profile {
        serde_json::from_value(json!({
            "headline": "Go engineer", "summary": "Ledgers.", "seniority": "senior", "hourly_rate": {"amount": 8500, "currency": "USD"},
            "hours_per_week": 40, "available_from": "2026-12-01", "time_zone": "Europe/London",
            "working_hours": {"from": "00:00", "to": "23:59"}, "country": "GB", "languages": ["en"], "domains": ["payments"],
            "skills": [{"slug": "go", "level": 5, "years": 8.5}, {"slug": "grpc", "level": 3, "years": 0.0}],
            "experience": [{"title": "Engineer", "employer": "A bank", "from": "1999-03-01"}],
            "links": [{"label": "Code", "url": "https://example.com"}], "preferences": {"lengths": ["long"], "min_hours": 10}
        }))
        .unwrap()
    }

    #[test]
    fn a_profile_comes_back_as_it_was_written() {
        let Scratch(_, conn) = &mut scratch("profile");
        let user = UserId::from_u128(USER);
        assert_eq!(find_by_user(conn, user).unwrap(), None);
        let first = insert(conn, user, whole(), at(1)).unwrap();
        assert_eq!((first.version, &first.profile, first.synthetic), (1, &whole(), false));
        assert_eq!(find_by_user(conn, user).unwrap(), Some(first.id));
        assert_eq!(insert(conn, user, whole(), at(1)).unwrap_err().code, Code::Conflict);

        let emptied = replace(conn, &first, Profile::default(), at(2)).unwrap();
        assert_eq!((emptied.version, &emptied.profile, emptied.updated_at), (2, &Profile::default(), at(2)));
        assert_eq!(replace(conn, &first, whole(), at(3)).unwrap_err().code, Code::Conflict);
        assert_eq!(profile(conn, first.id).unwrap(), emptied);
        assert_eq!(profile(conn, DeveloperId::from_u128(9)).unwrap_err().code, Code::NotFound);

        let contact = owner(conn, first.id).unwrap();
        assert_eq!((contact.user_id, contact.email.as_str(), contact.active), (user, "jo@example.com", true));
        assert_eq!(contact.time_zone.name(), "Europe/London");
    }

    #[test]
    fn what_stands_beside_a_profile() {
        let Scratch(_, conn) = &mut scratch("beside");
        let id = insert_seeded(conn, UserId::from_u128(USER), whole(), at(1)).unwrap();
        assert!(profile(conn, id).unwrap().synthetic);
        assert_eq!(card_store::standing(conn, id).unwrap(), None);

        let vetted = (
            vetted_developers::developer_id.eq(id),
            vetted_developers::status.eq(VettedStatus::Approved),
            vetted_developers::approved_at.eq(at(1)),
            vetted_developers::valid_until.eq(at(99)),
        );
        diesel::insert_into(vetted_developers::table).values(vetted).execute(conn).unwrap();
        let verified = (
            verified_skills::developer_id.eq(id),
            verified_skills::slug.eq("go"),
            verified_skills::level.eq(4_i64),
            verified_skills::verified_at.eq(at(1)),
            verified_skills::expires_at.eq(at(99)),
        );
        diesel::insert_into(verified_skills::table).values(verified).execute(conn).unwrap();
        assert_eq!(card_store::standing(conn, id).unwrap(), Some(Standing { status: VettedStatus::Approved, valid_until: at(99) }));
        let cards = card_store::cards(conn, &[DeveloperId::from_u128(9), id]).unwrap();
        assert_eq!(cards.iter().map(|card| (card.id, card.skills.len(), card.verified_skills.len())).collect::<Vec<_>>(), [(id, 2, 1)]);
    }

    #[test]
    fn hours_are_held_moved_and_released() {
        let Scratch(_, conn) = &mut scratch("hours");
        let id = insert(conn, UserId::from_u128(USER), whole(), at(1)).unwrap().id;
        let (one, other) = (TrialId::from_u128(1), TrialId::from_u128(2));
        hours_store::hold_hours(conn, one, id, 20, at(10), Some(at(20))).unwrap();
        hours_store::hold_hours(conn, one, id, 25, at(10), Some(at(30))).unwrap();
        hours_store::hold_hours(conn, other, id, 10, at(40), None).unwrap();
        let seen = |conn: &mut Conn| -> Vec<(i64, Option<Instant>)> {
            hours_store::commitments(conn, id).unwrap().iter().map(|each| (each.hours_per_week, each.ends_at)).collect()
        };
        assert_eq!(seen(conn), [(25, Some(at(30))), (10, None)]);
        hours_store::release_hours(conn, one, at(15)).unwrap();
        hours_store::release_hours(conn, other, at(40)).unwrap();
        assert_eq!(seen(conn), [(25, Some(at(15)))]);
    }

    #[test]
    fn disclosures_and_blocks_are_kept_per_side() {
        let Scratch(_, conn) = &mut scratch("access");
        let id = insert(conn, UserId::from_u128(USER), whole(), at(1)).unwrap().id;
        let organization = OrganizationId::from_u128(1);
        assert!(!access_store::is_disclosed(conn, id, organization).unwrap());
        access_store::disclose(conn, id, organization, at(2)).unwrap();
        access_store::disclose(conn, id, organization, at(3)).unwrap();
        assert!(access_store::is_disclosed(conn, id, organization).unwrap());

        for side in [Side::Client, Side::Developer, Side::Client] {
            access_store::block(conn, id, organization, side, at(4)).unwrap();
        }
        access_store::unblock(conn, id, organization, Side::Client).unwrap();
        assert!(access_store::is_blocked(conn, id, organization).unwrap());
        access_store::unblock(conn, id, organization, Side::Developer).unwrap();
        access_store::unblock(conn, id, organization, Side::Developer).unwrap();
        assert!(!access_store::is_blocked(conn, id, organization).unwrap());
        let unknown = access_store::block(conn, id, OrganizationId::from_u128(9), Side::Developer, at(5));
        assert_eq!(unknown.unwrap_err().code, Code::NotFound);
    }
}
