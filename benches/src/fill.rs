//! Fills a SQLite file with generated developers, through the server's own schema: for the time that a node takes to load them,
//! and for load tests over HTTP.
//!
//! The vetted ones are there with everything that matching reads except ended trials and answered offers (which would need
//! clients, requests and trials); the others as bare profiles with three skills, so that the tables have their real size.

use std::path::Path;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use serde_json::json;

use guildhall::db::Conn;
use guildhall::db::migrate;
use guildhall::db::schema::{commitments, developer_skills, developers, skills, users, verified_skills, vetted_developers};
use guildhall::kernel::clock::Instant;
use guildhall::kernel::ids::{CommitmentId, TrialId, UserId};
use guildhall::kernel::words::Word as _;
use guildhall::matching::domain::{Candidate, Preferences};
use guildhall::skills::catalogue;

use crate::developers::{developer, is_vetted, user_of, version_7};
use crate::world::World;

/// Developers a transaction.
const CHUNK: u64 = 20_000;
/// Speed over safety while the file is filled: whoever loses power begins again.
const FAST: &str = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -400000; \
     PRAGMA locking_mode = EXCLUSIVE;";
/// The indexes that grow in random order; built at the end instead.
const LATER: [(&str, &str); 2] = [
    ("developer_skills_slug", "CREATE INDEX developer_skills_slug ON developer_skills (slug, developer_id)"),
    ("verified_skills_slug", "CREATE INDEX verified_skills_slug ON verified_skills (slug, developer_id)"),
];

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Opens the SQLite file at `path` and applies the migrations.
///
/// # Errors
/// When it cannot be opened or is no database of ours.
pub fn open(path: &Path) -> Outcome<Conn> {
    let mut conn = Conn::Sqlite(SqliteConnection::establish(&path.to_string_lossy())?);
    migrate::run(&mut conn)?;
    Ok(conn)
}

/// Puts the first `count` developers of `world` into the database, as of `now`; it has no developers yet.
///
/// # Errors
/// When it cannot be written.
pub fn fill(conn: &mut Conn, world: &World, count: u64, now: Instant) -> Outcome<()> {
    catalogue::load_if_empty(conn, now)?;
    let Conn::Sqlite(conn) = conn else { return Err("only SQLite files are filled".into()) };
    conn.batch_execute(FAST)?;
    for (index, _) in LATER {
        conn.batch_execute(&format!("DROP INDEX {index}"))?;
    }
    rare_skills(conn, world, now)?;
    for first in (0..count).step_by(CHUNK as usize) {
        conn.transaction(|conn| (first..count.min(first + CHUNK)).try_for_each(|number| insert(conn, world, number, now)))?;
    }
    for (_, create) in LATER {
        conn.batch_execute(create)?;
    }
    conn.batch_execute("PRAGMA journal_mode = WAL; PRAGMA locking_mode = NORMAL;")?;
    Ok(())
}

/// Skills that the catalogue does not have.
fn rare_skills(conn: &mut SqliteConnection, world: &World, now: Instant) -> QueryResult<()> {
    conn.transaction(|conn| {
        for slug in &world.skills {
            let row = (skills::slug.eq(slug), skills::name.eq(slug), skills::category.eq("rare"), skills::created_at.eq(now));
            diesel::insert_or_ignore_into(skills::table).values(row).execute(conn)?;
        }
        Ok(())
    })
}

fn insert(conn: &mut SqliteConnection, world: &World, number: u64, now: Instant) -> QueryResult<()> {
    let candidate = developer(world, number);
    let user = user_of(number);
    account(conn, user, number, &candidate, now)?;
    profile(conn, user, number, &candidate, now)?;
    let vetted = is_vetted(number);
    claims(conn, &candidate, if vetted { usize::MAX } else { 3 })?;
    if vetted { vetting(conn, &candidate, number, now) } else { Ok(()) }
}

fn account(conn: &mut SqliteConnection, user: UserId, number: u64, candidate: &Candidate, now: Instant) -> QueryResult<()> {
    let email = format!("developer-{number}@load.example");
    let row = (
        users::id.eq(user),
        users::email.eq(&email),
        users::email_key.eq(&email),
        users::name.eq(format!("Developer {number}")),
        users::role.eq("developer"),
        users::status.eq("active"),
        users::time_zone.eq(candidate.time_zone),
        users::verified_at.eq(Some(now)),
        users::created_at.eq(now),
    );
    diesel::insert_into(users::table).values(row).execute(conn).map(drop)
}

fn profile(conn: &mut SqliteConnection, user: UserId, number: u64, candidate: &Candidate, now: Instant) -> QueryResult<()> {
    let text = |list: &[String]| json!(list).to_string();
    let hours = candidate.working_hours;
    let row = (
        (
            developers::id.eq(candidate.developer_id),
            developers::user_id.eq(user),
            developers::headline.eq(Some(format!("Go engineer {number}"))),
            developers::seniority.eq(candidate.seniority.map(|seniority| seniority.as_str())),
            developers::rate_amount.eq(Some(candidate.rate.amount)),
            developers::rate_currency.eq(Some(candidate.rate.currency)),
            developers::hours_per_week.eq(Some(i64::from(candidate.hours_per_week))),
            developers::available_from.eq(candidate.available_from),
        ),
        (
            developers::time_zone.eq(Some(candidate.time_zone)),
            developers::works_from.eq(hours.map(|hours| i64::from(hours.from))),
            developers::works_to.eq(hours.map(|hours| i64::from(hours.to))),
            developers::country.eq(candidate.country.as_deref()),
            developers::languages_json.eq(text(&candidate.languages)),
            developers::domains_json.eq(text(&candidate.domains)),
            developers::experience_json.eq("[]"),
            developers::links_json.eq("[]"),
            developers::preferences_json.eq(preferences(&candidate.preferences)),
            developers::synthetic.eq(true),
            developers::created_at.eq(now),
            developers::updated_at.eq(now),
        ),
    );
    diesel::insert_into(developers::table).values(row).execute(conn).map(drop)
}

fn preferences(stated: &Preferences) -> String {
    let lengths: Vec<&str> = stated.lengths.iter().flatten().map(|length| length.as_str()).collect();
    let domains = stated.domains.as_deref().unwrap_or_default();
    json!({ "domains": domains, "lengths": lengths, "min_hours": stated.min_hours, "max_hours": stated.max_hours }).to_string()
}

fn claims(conn: &mut SqliteConnection, candidate: &Candidate, most: usize) -> QueryResult<()> {
    for (slug, claim) in candidate.skills.iter().take(most) {
        let row = (
            developer_skills::developer_id.eq(candidate.developer_id),
            developer_skills::slug.eq(slug),
            developer_skills::level.eq(i64::from(claim.level.number())),
            developer_skills::years.eq(claim.years),
        );
        diesel::insert_into(developer_skills::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// Approval, what vetting found, what trials hold.
fn vetting(conn: &mut SqliteConnection, candidate: &Candidate, number: u64, now: Instant) -> QueryResult<()> {
    let verdict = candidate.verified.values().next();
    let row = (
        vetted_developers::developer_id.eq(candidate.developer_id),
        vetted_developers::status.eq("approved"),
        vetted_developers::approved_at.eq(verdict.map_or(now, |verified| verified.verified_at)),
        vetted_developers::valid_until.eq(verdict.map_or(now.plus(chrono::TimeDelta::days(200)), |verified| verified.expires_at)),
    );
    diesel::insert_into(vetted_developers::table).values(row).execute(conn)?;
    for (slug, verified) in &candidate.verified {
        let row = (
            verified_skills::developer_id.eq(candidate.developer_id),
            verified_skills::slug.eq(slug),
            verified_skills::level.eq(i64::from(verified.level.number())),
            verified_skills::verified_at.eq(verified.verified_at),
            verified_skills::expires_at.eq(verified.expires_at),
        );
        diesel::insert_into(verified_skills::table).values(row).execute(conn)?;
    }
    for (place, held) in (0_u64..).zip(&candidate.commitments) {
        let row = (
            commitments::id.eq(CommitmentId::from_u128(version_7(5 + place, number))),
            commitments::developer_id.eq(candidate.developer_id),
            commitments::trial_id.eq(TrialId::from_u128(version_7(7 + place, number))),
            commitments::hours_per_week.eq(i64::from(held.hours)),
            commitments::starts_at.eq(held.from),
            commitments::ends_at.eq(held.until),
        );
        diesel::insert_into(commitments::table).values(row).execute(conn)?;
    }
    Ok(())
}
