//! The catalogue against a database: its first load, what admins change, and a merge that moves other rooms' rows.

use std::sync::Arc;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::r2d2::ManageConnection as _;
use serde_json::{Value, json};

use crate::db::Conn;
use crate::db::migrate;
use crate::db::opener::Opener;
use crate::db::pool::Db;
use crate::db::schema::{developer_skills, developers, job_request_skills, verified_skills};
use crate::db::url::DatabaseUrl;
use crate::kernel::answer::{Answer, Call, Expected};
use crate::kernel::clock::{Instant, ManualClock};
use crate::kernel::error::{Code, Result};
use crate::kernel::ids::{SessionId, UserId};
use crate::kernel::page::PageQuery;
use crate::kernel::principal::{Principal, Role};
use crate::kernel::schema;
use crate::skills::service::Skills;

/// A fresh database that goes with its folder.
struct Fresh {
    folder: std::path::PathBuf,
    url: DatabaseUrl,
}

impl Fresh {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("guildhall-skills-{}", uuid::Uuid::now_v7()));
        let url = DatabaseUrl::Sqlite(folder.join("test.db"));
        let fresh = Self { folder, url };
        drop(fresh.node());
        migrate::run(&mut fresh.conn()).unwrap();
        fresh
    }

    fn conn(&self) -> Conn {
        Opener(self.url.clone()).connect().unwrap()
    }

    fn node(&self) -> Skills {
        Skills::new(Db::open(self.url.clone(), 2).unwrap(), Arc::new(ManualClock::new(now())))
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

fn now() -> Instant {
    Instant::from_micros(1_795_000_000_000_000)
}

fn by(role: Role) -> Call {
    let principal = Principal { user: UserId::from_u128(1), session: SessionId::from_u128(1), role, organization: None };
    Call::by(principal)
}

fn admin() -> Call {
    by(Role::Admin)
}

fn body<T: utoipa::ToSchema + serde::de::DeserializeOwned + 'static>(value: Value) -> T {
    schema::read(value).unwrap()
}

fn shown(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

fn refusal<T: std::fmt::Debug>(result: Result<T>) -> (Code, Vec<String>) {
    let error = result.unwrap_err();
    (error.code, error.faults.into_iter().map(|fault| fault.pointer).collect())
}

#[tokio::test]
async fn the_shipped_catalogue_is_loaded_once() {
    let fresh = Fresh::new();
    let node = fresh.node();
    assert!(node.install().await.unwrap());
    assert!(!node.install().await.unwrap());
    let catalogue = node.catalogue().await.unwrap();
    assert!(catalogue.skills().count() >= 500);
    let page = node.list("golang", None, &PageQuery::default()).await.unwrap();
    assert_eq!(page.data[0].slug.as_str(), "go");
    let (version, kubernetes) = node.show("K8s").await.unwrap();
    assert_eq!((version, kubernetes.slug.as_str()), (1, "kubernetes"));
    assert!(!kubernetes.often_used_with.is_empty());
    assert!(kubernetes.often_used_with.iter().all(|other| other.weight > 0.0 && other.weight <= 1.0));
    assert!(kubernetes.often_used_with.is_sorted_by(|left, right| left.weight >= right.weight));
    let (_, rabbit) = node.show("rabbitmq").await.unwrap();
    assert!(rabbit.substitutes.iter().any(|other| other.slug.as_str() == "activemq" && other.weight == 0.8));
    assert_eq!(node.show("no such skill").await.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn admins_change_the_catalogue_and_every_node_sees_it() {
    let fresh = Fresh::new();
    let (node, other) = (fresh.node(), fresh.node());
    node.install().await.unwrap();
    assert!(other.show("weaving").await.is_err());

    let new = json!({"slug": "weaving", "name": "Weaving", "category": "library", "aliases": ["  WEAVE  it ", "weaving", "weave it"]});
    let created = node.create(admin(), body(new.clone())).await.unwrap();
    assert_eq!((created.version, &shown(&created)["aliases"]), (Some(1), &json!(["weave it"])));
    assert_eq!(other.show("Weave It").await.unwrap().1.slug.as_str(), "weaving");
    assert_eq!(refusal(node.create(admin(), body(new.clone())).await).0, Code::Conflict);
    assert_eq!(refusal(node.create(by(Role::Client), body(new)).await).0, Code::NotAllowed);

    let taken = json!({"slug": "k8s", "name": "Golang", "category": "library", "aliases": ["mine", "postgres", "react"]});
    let faults = ["/aliases/1", "/aliases/2", "/name", "/slug"].map(str::to_owned).to_vec();
    assert_eq!(refusal(node.create(admin(), body(taken)).await), (Code::ValidationFailed, faults));

    let patch: schema::Patch<_> = serde_json::from_value(json!({"category": "testing"})).unwrap();
    let changed = node.edit(admin(), "weaving".to_owned(), patch.clone()).await.unwrap();
    assert_eq!(changed.version, Some(2));
    assert_eq!((&shown(&changed)["category"], &shown(&changed)["aliases"]), (&json!("testing"), &json!(["weave it"])));
    let stale = Call { expected: Expected(Some(1)), ..admin() };
    assert_eq!(refusal(node.edit(stale, "weaving".to_owned(), patch).await).0, Code::StaleVersion);

    let list = json!({"substitutes": [{"slug": "golang", "weight": 0.6}, {"slug": "rust", "weight": 0.95}]});
    let changed = node.set_substitutes(admin(), "weaving".to_owned(), body(list)).await.unwrap();
    assert_eq!(shown(&changed)["substitutes"], json!([{"slug": "rust", "weight": 0.95}, {"slug": "go", "weight": 0.6}]));
    let (version, go) = other.show("go").await.unwrap();
    assert!(version == 2 && go.substitutes.iter().any(|other| other.slug.as_str() == "weaving"));
    let wrong = json!({"substitutes": [{"slug": "weaving", "weight": 0.6}, {"slug": "go", "weight": 0.6}, {"slug": "golang", "weight": 0.6}, {"slug": "postgress", "weight": 0.6}]});
    let error = node.set_substitutes(admin(), "weaving".to_owned(), body(wrong)).await.unwrap_err();
    assert_eq!(error.faults.len(), 3);
    assert!(error.faults.iter().any(|fault| fault.detail.contains("did you mean") && fault.detail.contains("postgresql")));

    node.remove(admin(), "weaving".to_owned()).await.unwrap();
    assert_eq!(other.show("weaving").await.unwrap_err().code, Code::NotFound);
    assert!(other.show("go").await.unwrap().1.substitutes.iter().all(|other| other.slug.as_str() != "weaving"));
}

const PEOPLE: &str = "
    INSERT INTO users (id, email, email_key, name, role, status, time_zone, created_at) VALUES
        ('user_1', 'a@example.com', 'a@example.com', 'A', 'developer', 'active', 'UTC', NOW),
        ('user_2', 'b@example.com', 'b@example.com', 'B', 'developer', 'active', 'UTC', NOW),
        ('user_3', 'c@example.com', 'c@example.com', 'C', 'developer', 'active', 'UTC', NOW);
    INSERT INTO organizations (id, name, created_at) VALUES ('org_1', 'O', NOW);
    INSERT INTO developers (id, user_id, languages_json, domains_json, experience_json, links_json, preferences_json, created_at, updated_at) VALUES
        ('dev_1', 'user_1', '[]', '[]', '[]', '[]', '{}', NOW, NOW),
        ('dev_2', 'user_2', '[]', '[]', '[]', '[]', '{}', NOW, NOW),
        ('dev_3', 'user_3', '[]', '[]', '[]', '[]', '{}', NOW, NOW);
    INSERT INTO developer_skills (developer_id, slug, level, years) VALUES
        ('dev_1', 'mysql', 4, 1.5), ('dev_1', 'mariadb', 2, 6.0), ('dev_2', 'mysql', 3, 2.0), ('dev_3', 'mariadb', 1, 0.5);
    INSERT INTO verified_skills (developer_id, slug, level, verified_at, expires_at) VALUES
        ('dev_1', 'mysql', 4, NOW, NOW), ('dev_1', 'mariadb', 2, NOW, NOW), ('dev_2', 'mysql', 3, NOW, NOW);
    INSERT INTO job_requests (id, organization_id, created_by, state, title, description, seniority_json, domains_json,
        legal_country_limit_json, rate_amount, rate_currency, hours_per_week, starts_on, time_zone, overlap_hours, languages_json, seats,
        created_at, updated_at)
        VALUES ('job_1', 'org_1', 'user_1', 'open', 'T', 'D', '[]', '[]', 'null', 1, 'USD', 40, '2026-12-01', 'UTC', 4, '[]', 1, NOW, NOW);
    INSERT INTO job_request_skills (job_request_id, position, slug, min_level, min_years, must, weight, allow_adjacent) VALUES
        ('job_1', 0, 'mysql', 2, 3.0, TRUE, 100, FALSE), ('job_1', 1, 'mariadb', 3, NULL, FALSE, 50, TRUE);
";

fn people(conn: &mut Conn) {
    let now = if matches!(conn, Conn::Sqlite(_)) { "1795000000000000" } else { "TIMESTAMPTZ '2026-11-18 11:06:40Z'" };
    conn.batch_execute(&PEOPLE.replace("NOW", now)).unwrap();
}

#[tokio::test]
async fn a_merge_moves_everything_that_refers_to_the_skill() {
    let fresh = Fresh::new();
    let node = fresh.node();
    node.install().await.unwrap();
    let conn = &mut fresh.conn();
    people(conn);
    assert_eq!(refusal(node.remove(admin(), "mysql".to_owned()).await).0, Code::Conflict);
    assert_eq!(refusal(node.merge(admin(), "mysql".to_owned(), body(json!({"into": "mysql"}))).await).1, ["/into"]);
    assert_eq!(refusal(node.merge(admin(), "mysql".to_owned(), body(json!({"into": "nothing"}))).await).1, ["/into"]);
    let old = node.show("mysql").await.unwrap().1;

    let merged = node.merge(admin(), "mysql".to_owned(), body(json!({"into": "mariadb"}))).await.unwrap();
    let merged = shown(&merged);
    assert_eq!(merged["slug"], "mariadb");
    for alias in old.aliases.iter().map(String::as_str).chain(["mysql"]) {
        assert!(merged["aliases"].as_array().unwrap().contains(&json!(alias)), "{alias}");
    }
    for (field, others) in [("substitutes", old.substitutes), ("often_used_with", old.often_used_with)] {
        let kept = merged[field].as_array().unwrap();
        assert!(kept.iter().all(|other| other["slug"] != "mariadb" && other["slug"] != "mysql"));
        for other in others.iter().filter(|other| other.slug.as_str() != "mariadb") {
            let weight = kept.iter().find(|each| each["slug"] == other.slug.as_str()).and_then(|each| each["weight"].as_f64());
            assert!(weight.unwrap() >= other.weight, "{field} {}", other.slug);
        }
    }
    assert_eq!(node.show("mysql").await.unwrap().1.slug.as_str(), "mariadb");

    let owned: Vec<(String, String, i64, f64)> = developer_skills::table.order(developer_skills::developer_id).load(conn).unwrap();
    let expected = [("dev_1", 4, 6.0), ("dev_2", 3, 2.0), ("dev_3", 1, 0.5)];
    assert_eq!(owned, expected.map(|(id, level, years)| (id.to_owned(), "mariadb".to_owned(), level, years)));
    let columns = (verified_skills::developer_id, verified_skills::slug, verified_skills::level);
    let verified: Vec<(String, String, i64)> =
        verified_skills::table.order(verified_skills::developer_id).select(columns).load(conn).unwrap();
    assert_eq!(verified, [("dev_1", 4), ("dev_2", 3)].map(|(id, level)| (id.to_owned(), "mariadb".to_owned(), level)));
    let asked: (i64, String, i64, Option<f64>, bool, i64, bool) = {
        use job_request_skills::dsl;
        let columns = (dsl::position, dsl::slug, dsl::min_level, dsl::min_years, dsl::must, dsl::weight, dsl::allow_adjacent);
        dsl::job_request_skills.select(columns).get_result(conn).unwrap()
    };
    assert_eq!(asked, (1, "mariadb".to_owned(), 3, Some(3.0), true, 100, false));
    let versions: Vec<i64> = developers::table.order(developers::id).select(developers::version).load(conn).unwrap();
    assert_eq!(versions, [2, 2, 1]);
}
