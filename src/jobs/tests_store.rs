//! Job requests against a database, through the use cases.

use std::sync::Arc;

use diesel::connection::SimpleConnection as _;
use diesel::r2d2::ManageConnection as _;
use serde_json::{Value, json};

use crate::config::Settings;
use crate::config::load::load_from;
use crate::db::Conn;
use crate::db::migrate;
use crate::db::opener::Opener;
use crate::db::pool::Db;
use crate::db::url::DatabaseUrl;
use crate::jobs::draft::JobRequestDraft;
use crate::jobs::process::{JobRequestAction as Action, JobRequestState as State};
use crate::jobs::samples::{body, now, rates};
use crate::jobs::service::Jobs;
use crate::jobs::store;
use crate::kernel::answer::{Answer, Call, Expected, Once};
use crate::kernel::clock::ManualClock;
use crate::kernel::error::Code;
use crate::kernel::ids::{JobRequestId, OrganizationId, SessionId, UserId};
use crate::kernel::page::PageQuery;
use crate::kernel::principal::{Principal, Role};
use crate::kernel::schema::Patch;
use crate::scheduler::Nudge;
use crate::skills::service::Skills;

/// A fresh database that goes with its folder, with two organisations and the shipped catalogue.
struct Fresh {
    folder: std::path::PathBuf,
    url: DatabaseUrl,
    jobs: Jobs,
}

impl Fresh {
    async fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("guildhall-jobs-{}", uuid::Uuid::now_v7()));
        let url = DatabaseUrl::Sqlite(folder.join("test.db"));
        let db = Db::open(url.clone(), 2).unwrap();
        let mut conn = Opener(url.clone()).connect().unwrap();
        migrate::run(&mut conn).unwrap();
        people(&mut conn);
        let clock = Arc::new(ManualClock::new(now()));
        let skills = Arc::new(Skills::new(db.clone(), clock.clone()));
        skills.install().await.unwrap();
        let jobs = Jobs::new(db, clock, skills, rates().into(), limits(), Nudge::default());
        Self { folder, url, jobs }
    }

    fn conn(&self) -> Conn {
        Opener(self.url.clone()).connect().unwrap()
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

fn limits() -> crate::config::Limits {
    let settings: Settings = load_from(None, std::collections::HashMap::default()).unwrap();
    crate::config::Limits { job_requests_per_day: 3, ..settings.limits }
}

const PEOPLE: &str = "
    INSERT INTO users (id, email, email_key, name, role, status, time_zone, created_at) VALUES
        ('USER', 'a@example.com', 'a@example.com', 'A', 'client', 'active', 'UTC', 0);
    INSERT INTO organizations (id, name, created_at) VALUES ('ONE', 'One', 0), ('TWO', 'Two', 0);
";

fn people(conn: &mut Conn) {
    let names = [("USER", UserId::from_u128(1).to_string()), ("ONE", organization(1).to_string()), ("TWO", organization(2).to_string())];
    let sql = names.iter().fold(PEOPLE.to_owned(), |sql, (name, id)| sql.replace(name, id));
    conn.batch_execute(&sql).unwrap();
}

fn organization(number: u128) -> OrganizationId {
    OrganizationId::from_u128(number)
}

fn principal(role: Role, number: u128) -> Principal {
    let organization = (role == Role::Client).then(|| organization(number));
    Principal { user: UserId::from_u128(1), session: SessionId::from_u128(1), role, organization }
}

fn client() -> Call {
    Call::by(principal(Role::Client, 1))
}

fn stranger() -> Call {
    Call::by(principal(Role::Client, 2))
}

fn shown(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

fn patch(value: Value) -> Patch<JobRequestDraft> {
    serde_json::from_value(value).unwrap()
}

async fn written(jobs: &Jobs) -> JobRequestId {
    let answer = jobs.create(client(), JobRequestDraft(body())).await.unwrap();
    assert_eq!((answer.version, &shown(&answer)["state"]), (Some(1), &json!("draft")));
    serde_json::from_value(shown(&answer)["id"].clone()).unwrap()
}

#[tokio::test]
async fn everything_that_is_asked_for_is_kept() {
    let fresh = Fresh::new().await;
    let mut whole = body();
    let more = json!({
        "seniority": ["senior", "staff"], "domains": ["payments"], "duration_weeks": 26, "overlap_hours": 4.5, "languages": ["en", "pt-BR"],
        "legal_country_limit": {"countries": ["DE", "AT"], "reason": "The law."}, "working_hours": {"from": "22:00", "to": "06:30"}, "seats": 2,
        "skills": [{"slug": "postgresql", "min_level": 3, "min_years": 2.5, "must": true, "weight": 7, "allow_adjacent": true},
            {"slug": "go", "min_level": 4, "min_years": null, "must": false, "weight": 1, "allow_adjacent": false}],
    });
    whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = fresh.jobs.create(client(), JobRequestDraft(whole.clone())).await.unwrap();
    let id: JobRequestId = serde_json::from_value(shown(&answer)["id"].clone()).unwrap();
    let read = serde_json::to_value(fresh.jobs.show(client().principal, id).await.unwrap()).unwrap();
    assert_eq!(read, shown(&answer));
    for (field, value) in whole.as_object().unwrap() {
        assert_eq!(&read[field], value, "{field}");
    }
    assert_eq!(read["allowed_actions"], json!(["open", "close"]));

    let change = json!({"working_hours": null, "duration_weeks": null, "legal_country_limit": null, "skills": [{"slug": "golang", "min_level": 5, "must": true}]});
    let changed = shown(&fresh.jobs.change(client(), id, patch(change)).await.unwrap());
    assert_eq!((&changed["version"], &changed["working_hours"], &changed["skills"][0]["slug"]), (&json!(2), &Value::Null, &json!("go")));
    assert_eq!(serde_json::to_value(fresh.jobs.show(client().principal, id).await.unwrap()).unwrap(), changed);
}

#[tokio::test]
async fn only_the_organisation_acts_and_admins_look() {
    let fresh = Fresh::new().await;
    let id = written(&fresh.jobs).await;
    let jobs = &fresh.jobs;
    assert_eq!(jobs.show(stranger().principal, id).await.unwrap_err().code, Code::NotFound);
    assert_eq!(jobs.step(stranger(), id, Action::Open).await.unwrap_err().code, Code::NotFound);
    assert_eq!(jobs.change(stranger(), id, patch(json!({"seats": 2}))).await.unwrap_err().code, Code::NotFound);
    assert!(jobs.list(stranger().principal, None, PageQuery::default()).await.unwrap().data.is_empty());
    let (admin, developer) = (principal(Role::Admin, 0), principal(Role::Developer, 0));
    assert!(jobs.show(admin.clone(), id).await.unwrap().allowed_actions.is_empty());
    assert_eq!(jobs.list_all(admin.clone(), Some(State::Draft), PageQuery::default()).await.unwrap().data.len(), 1);
    assert_eq!(jobs.list_all(client().principal, None, PageQuery::default()).await.unwrap_err().code, Code::NotAllowed);
    for other in [admin, developer] {
        assert_eq!(jobs.create(Call::by(other.clone()), JobRequestDraft(body())).await.unwrap_err().code, Code::NotAllowed);
        assert_eq!(jobs.step(Call::by(other), id, Action::Open).await.unwrap_err().code, Code::NotAllowed);
    }
}

#[tokio::test]
async fn steps_follow_the_table_once_per_key() {
    let fresh = Fresh::new().await;
    let (jobs, id) = (&fresh.jobs, written(&fresh.jobs).await);
    let refused = jobs.step(client(), id, Action::Pause).await.unwrap_err();
    assert_eq!((refused.code, &refused.extra["state"]), (Code::InvalidTransition, &json!("draft")));
    assert_eq!(refused.extra["allowed_actions"], json!(["open", "close"]));
    let once = Once { user: UserId::from_u128(1), route: "POST".to_owned(), key: "k".to_owned(), fingerprint: "f".to_owned() };
    let keyed = Call { once: Some(once), ..client() };
    let opened = jobs.step(keyed.clone(), id, Action::Open).await.unwrap();
    assert_eq!(jobs.step(keyed, id, Action::Open).await.unwrap(), opened);
    assert_eq!((opened.version, &shown(&opened)["state"]), (Some(2), &json!("open")));
    let stale = Call { expected: Expected(Some(1)), ..client() };
    assert_eq!(jobs.step(stale.clone(), id, Action::Close).await.unwrap_err().code, Code::StaleVersion);
    assert_eq!(jobs.change(stale, id, patch(json!({"seats": 2}))).await.unwrap_err().code, Code::StaleVersion);
    jobs.step(client(), id, Action::Close).await.unwrap();
    let refused = jobs.change(client(), id, patch(json!({"seats": 2}))).await.unwrap_err();
    assert_eq!((refused.code, &refused.extra["allowed_actions"]), (Code::InvalidTransition, &json!([])));
}

#[tokio::test]
async fn filled_and_open_follow_the_seats() {
    let fresh = Fresh::new().await;
    let (jobs, id, conn) = (&fresh.jobs, written(&fresh.jobs).await, &mut fresh.conn());
    jobs.step(client(), id, Action::Open).await.unwrap();
    let filled = store::follow_seats(conn, id, 1, now()).unwrap();
    assert_eq!((filled.state, filled.version), (State::Filled, 3));
    assert_eq!(store::follow_seats(conn, id, 1, now()).unwrap().version, 3);
    assert_eq!((store::get(conn, id).unwrap(), store::seats_taken(conn, id).unwrap()), (filled, 1));
    let wider = jobs.change(client(), id, patch(json!({"seats": 2}))).await.unwrap();
    assert_eq!((&shown(&wider)["state"], &shown(&wider)["seats_taken"]), (&json!("open"), &json!(1)));
    jobs.step(client(), id, Action::Pause).await.unwrap();
    assert_eq!(store::follow_seats(conn, id, 2, now()).unwrap().state, State::Paused);
    assert_eq!(jobs.change(client(), id, patch(json!({"seats": 1}))).await.unwrap_err().faults[0].pointer, "/seats");
    assert_eq!(shown(&jobs.step(client(), id, Action::Open).await.unwrap())["state"], "filled");
    assert_eq!(store::follow_seats(conn, id, 0, now()).unwrap().state, State::Open);
}

#[tokio::test]
async fn lists_go_page_by_page_and_days_have_a_limit() {
    let fresh = Fresh::new().await;
    let jobs = &fresh.jobs;
    let ids = [written(jobs).await, written(jobs).await, written(jobs).await];
    let refused = jobs.create(client(), JobRequestDraft(body())).await.unwrap_err();
    assert!(refused.code == Code::TooManyRequests && refused.retry_after.is_some());
    assert!(jobs.create(stranger(), JobRequestDraft(body())).await.is_ok());

    let list = |state, cursor| jobs.list(client().principal, state, PageQuery { limit: 2, cursor });
    let first = list(None, None).await.unwrap();
    let second = list(None, first.next_cursor.clone()).await.unwrap();
    let seen: Vec<_> = first.data.iter().chain(&second.data).map(|view| view.id).collect();
    assert_eq!((seen, second.next_cursor), (vec![ids[2], ids[1], ids[0]], None));
    jobs.step(client(), ids[1], Action::Open).await.unwrap();
    assert_eq!(list(Some(State::Open), None).await.unwrap().data[0].id, ids[1]);
    assert_eq!(list(None, Some("x".to_owned())).await.unwrap_err().code, Code::MalformedRequest);
}
