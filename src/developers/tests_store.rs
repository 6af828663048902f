//! The stores and the service of this room on a fresh SQLite file.

use std::sync::Arc;

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::r2d2::ManageConnection as _;
use serde_json::json;

use crate::db::Conn;
use crate::db::feed::Feed;
use crate::db::migrate;
use crate::db::opener::Opener;
use crate::db::pool::Db;
use crate::db::schema::users;
use crate::db::schema::{organizations, skills as catalogue, verified_skills, vetted_developers};
use crate::db::url::DatabaseUrl;
use crate::developers::access::Side;
use crate::developers::access_store;
use crate::developers::card::{Standing, VettedStatus};
use crate::developers::card_cache::CardCache;
use crate::developers::card_store;
use crate::developers::draft::Draft;
use crate::developers::hours_store;
use crate::developers::profile::Profile;
use crate::developers::service::{Developers, LiveCards};
use crate::developers::store::{find_by_user, insert, insert_seeded, owner, profile, replace};
use crate::kernel::answer::{Call, Expected};
use crate::kernel::clock::{Instant, ManualClock, SharedClock};
use crate::kernel::error::Code;
use crate::kernel::ids::{DeveloperId, SessionId, UserId};
use crate::kernel::ids::{OrganizationId, TrialId};
use crate::kernel::money::{Currency, Rates};
use crate::kernel::principal::{Principal, Role};
use crate::skills::service::Skills;

const USER: u128 = 1;

/// A fresh file with one developer's account, one organisation and three skills.
struct Scratch(std::path::PathBuf, Conn);

impl Drop for Scratch {
    fn drop(&mut self) {
        for beside in ["", "-wal", "-shm"] {
            drop(std::fs::remove_file(format!("{}{beside}", self.0.display())));
        }
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
    hours_store::hold_hours(conn, one, id, 20, at(10), Some(at(20)), at(0)).unwrap();
    hours_store::hold_hours(conn, one, id, 25, at(10), Some(at(30)), at(0)).unwrap();
    hours_store::hold_hours(conn, other, id, 10, at(40), None, at(0)).unwrap();
    let seen = |conn: &mut Conn| -> Vec<(i64, Option<Instant>)> {
        hours_store::commitments(conn, id).unwrap().iter().map(|each| (each.hours_per_week, each.ends_at)).collect()
    };
    assert_eq!(seen(conn), [(25, Some(at(30))), (10, None)]);
    hours_store::release_hours(conn, one, id, at(15), at(0)).unwrap();
    hours_store::release_hours(conn, other, id, at(40), at(0)).unwrap();
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
    access_store::unblock(conn, id, organization, Side::Client, at(0)).unwrap();
    assert!(access_store::is_blocked(conn, id, organization).unwrap());
    access_store::unblock(conn, id, organization, Side::Developer, at(0)).unwrap();
    access_store::unblock(conn, id, organization, Side::Developer, at(0)).unwrap();
    assert!(!access_store::is_blocked(conn, id, organization).unwrap());
    let unknown = access_store::block(conn, id, OrganizationId::from_u128(9), Side::Developer, at(5));
    assert_eq!(unknown.unwrap_err().code, Code::NotFound);
}

fn developer() -> Principal {
    Principal { user: UserId::from_u128(USER), session: SessionId::from_u128(1), role: Role::Developer, organization: None }
}

fn asking(version: Option<i64>) -> Call {
    Call { expected: Expected(version), ..Call::by(developer()) }
}

fn shown(answer: crate::kernel::answer::Answer) -> serde_json::Value {
    serde_json::from_str(&answer.body).unwrap()
}

#[tokio::test]
async fn a_profile_is_written_and_changed() {
    let Scratch(path, conn) = &mut scratch("service");
    diesel::delete(catalogue::table).execute(conn).unwrap();
    let db = Db::open(DatabaseUrl::Sqlite(path.clone()), 2).unwrap();
    let clock: SharedClock = Arc::new(ManualClock::new(at(1)));
    let skills = Arc::new(Skills::new(db.clone(), clock.clone()));
    skills.install().await.unwrap();
    let rates = Arc::new(Rates::new([(Currency::parse("USD").unwrap(), 1_000_000)]));
    let cache = Arc::new(CardCache::default());
    let feed = Feed::new(db.clone(), clock.clone(), vec![cache.clone()], TimeDelta::days(1));
    let developers = Developers::new(db, clock, skills, rates, LiveCards { cache, feed });
    assert_eq!(developers.mine(&developer()).await.unwrap_err().code, Code::NotFound);
    assert_eq!(developers.put(asking(Some(1)), Draft(json!({}))).await.unwrap_err().code, Code::StaleVersion);

    let body = json!({"headline": "Go engineer", "hours_per_week": 40, "working_hours": {"from": "09:00", "to": "17:00"},
        "skills": [{"slug": "golang", "level": 5, "years": 8}, {"slug": "gprc", "level": 1, "years": 1}]});
    let refused = developers.put(asking(None), Draft(body.clone())).await.unwrap_err();
    assert_eq!(refused.faults.len(), 1);
    assert!(refused.faults[0].detail.contains("did you mean grpc"), "{:?}", refused.faults);

    let mut body = body;
    body["skills"][1]["slug"] = json!("grpc");
    let first = shown(developers.put(asking(None), Draft(body)).await.unwrap());
    assert_eq!((&first["version"], &first["skills"][0]["slug"], &first["free_hours"]), (&json!(1), &json!("go"), &json!(40)));
    let patch = || serde_json::from_value(json!({"headline": null, "working_hours": {"to": "18:00"}})).unwrap();
    assert_eq!(developers.patch(asking(Some(7)), patch()).await.unwrap_err().code, Code::StaleVersion);
    let second = shown(developers.patch(asking(Some(1)), patch()).await.unwrap());
    assert_eq!((&second["id"], &second["version"], &second["headline"]), (&first["id"], &json!(2), &json!(null)));
    assert_eq!(second["working_hours"], json!({"from": "09:00", "to": "18:00"}));

    let id: DeveloperId = first["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(developers.card(None, id).await.unwrap_err().code, Code::NotFound);
    let own: serde_json::Value = serde_json::from_str(developers.card(Some(developer()), id).await.unwrap().get()).unwrap();
    assert_eq!(own["name"], "Jo");
    assert_eq!(developers.my_card(&developer()).await.unwrap().id, id);
}
