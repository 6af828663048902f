//! The log of changes and whoever follows it: nothing is lost, nothing that was rolled back is seen, and a session that is
//! over is over everywhere.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant as Moment};

use chrono::TimeDelta;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use futures_util::future::join_all;
use guildhall::db::changes::{self, Change, ChangeKind, Cursor};
use guildhall::db::feed::{Feed, FeedTask, Follower};
use guildhall::db::pool::Db;
use guildhall::db::url::DatabaseUrl;
use guildhall::db::{Conn, schema};
use guildhall::kernel::clock::{Clock as _, Instant, ManualClock};
use guildhall::kernel::error::{Code, Error, Result};
use guildhall::scheduler::Task as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, cluster};
use crate::support::person::Person;
use crate::support::seeds::{approve, offer_body, profile};

/// What a node that is not asked for may be behind, at the most.
const SOON: Duration = Duration::from_secs(1);

/// Writes down what it is told.
#[derive(Default)]
struct Recorder {
    loads: AtomicUsize,
    told: Mutex<Vec<String>>,
    largest: AtomicUsize,
    reminded: AtomicUsize,
    due: Mutex<Option<Instant>>,
    fails: AtomicBool,
}

impl Follower for Recorder {
    fn load(&self, _conn: &mut Conn, _now: Instant) -> Result<()> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn apply(&self, _conn: &mut Conn, changes: &[Change], _now: Instant) -> Result<()> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(Error::internal("this follower fails"));
        }
        self.largest.fetch_max(changes.len(), Ordering::SeqCst);
        self.told.lock().expect("a list").extend(changes.iter().map(|change| change.subject.clone()));
        if changes.is_empty() {
            self.reminded.fetch_add(1, Ordering::SeqCst);
            *self.due.lock().expect("a time") = None;
        }
        Ok(())
    }

    fn due(&self) -> Option<Instant> {
        *self.due.lock().expect("a time")
    }
}

/// A node that does nothing but follow.
struct Node {
    db: Db,
    clock: Arc<ManualClock>,
    feed: Feed,
    recorder: Arc<Recorder>,
}

impl Node {
    async fn start(database: &TestDatabase) -> Self {
        let db = Db::open(DatabaseUrl::parse(&database.url().into()).expect("a database URL"), 4).expect("a database");
        let (clock, recorder) = (Arc::new(ManualClock::new(Instant::from_micros(1_800_000_000_000_000))), Arc::new(Recorder::default()));
        let feed = Feed::new(db.clone(), clock.clone(), vec![recorder.clone()], TimeDelta::days(1));
        let node = Self { db, clock, feed, recorder };
        assert!(!node.feed.is_loaded());
        node.feed.fresh().await.expect("a load");
        assert!(node.feed.is_loaded());
        node
    }

    /// Looks for changes, whether or not that is needed.
    async fn poll(&self) {
        FeedTask(self.feed.clone()).run().await.expect("a poll");
    }

    async fn write(&self, subjects: &[&str]) {
        let (now, subjects) = (self.clock.now(), subjects.iter().map(ToString::to_string).collect::<Vec<_>>());
        let noted =
            self.db.write(move |conn| subjects.iter().try_for_each(|subject| changes::note(conn, ChangeKind::Developer, subject, now)));
        noted.await.expect("notes");
    }

    fn told(&self) -> Vec<String> {
        self.recorder.told.lock().expect("a list").clone()
    }

    fn loads(&self) -> usize {
        self.recorder.loads.load(Ordering::SeqCst)
    }

    /// Forgets everything, when it has read everything: on PostgreSQL when no transaction of the cluster is older, which may
    /// be another test's.
    async fn forget_all(&self) {
        let (before, begun) = (self.clock.now().plus(TimeDelta::days(1)), Moment::now());
        let is_open = |conn: &mut Conn| {
            let batch = changes::read(conn, Cursor::before(0), 1000)?;
            Ok(batch.rows.last().is_some_and(|row| row.cursor.place >= batch.next))
        };
        while self.db.read(is_open).await.expect("a look") {
            assert!(begun.elapsed() < Duration::from_secs(30), "somebody writes and writes");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.poll().await;
        assert!(self.db.write(move |conn| changes::forget(conn, before, 1000)).await.expect("to forget") > 0);
    }
}

#[actix_web::test]
async fn what_this_node_commits_is_applied_at_once() {
    let database = TestDatabase::prepared().await;
    let node = Node::start(&database).await;
    for number in 0..20 {
        node.write(&[&format!("{number}")]).await;
        node.feed.fresh().await.expect("fresh");
        assert_eq!(node.told().len(), number + 1);
    }
    node.write(&["same", "same", "same"]).await;
    node.feed.fresh().await.expect("fresh");
    assert_eq!(node.told()[20..], ["same"]);
    assert_eq!(node.loads(), 1);
}

#[actix_web::test]
async fn what_another_node_commits_is_applied_soon() {
    let database = TestDatabase::prepared().await;
    let (one, other) = (Node::start(&database).await, Node::start(&database).await);
    for number in 0..3 {
        one.write(&[&format!("{number}")]).await;
        let committed = Moment::now();
        while other.told().len() == number {
            other.feed.fresh().await.expect("fresh");
            assert!(committed.elapsed() < SOON);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    assert_eq!(other.told(), ["0", "1", "2"]);
}

#[actix_web::test]
async fn what_is_rolled_back_is_never_seen() {
    let database = TestDatabase::prepared().await;
    let node = Node::start(&database).await;
    let (now, before) = (node.clock.now(), node.db.commits().count());
    let refused = node.db.write(move |conn| {
        changes::note(conn, ChangeKind::Developer, &"undone", now)?;
        Err::<(), _>(Error::conflict("No."))
    });
    assert_eq!(refused.await.expect_err("a refusal").code, Code::Conflict);
    let quiet = node.db.write(|_| Ok(()));
    quiet.await.expect("a transaction");
    assert_eq!(node.db.commits().count(), before);
    node.write(&["done"]).await;
    node.poll().await;
    assert_eq!(node.told(), ["done"]);
}

#[actix_web::test]
async fn who_commits_late_is_not_lost_and_who_was_seen_is_not_seen_again() {
    if cluster().is_none() {
        return;
    }
    let database = TestDatabase::prepared().await;
    let node = Node::start(&database).await;
    let (mut early, mut late, now) = (database.connect(), database.connect(), node.clock.now());
    late.batch_execute("BEGIN").expect("a transaction");
    changes::note(&mut late, ChangeKind::User, &"late", now).expect("a note");
    for number in 0..3 {
        changes::note(&mut early, ChangeKind::User, &format!("early {number}"), now).expect("a note");
        node.poll().await;
        node.poll().await;
    }
    assert_eq!(node.told(), ["early 0", "early 1", "early 2"]);
    late.batch_execute("COMMIT").expect("a commit");
    node.poll().await;
    node.poll().await;
    assert_eq!(node.told(), ["early 0", "early 1", "early 2", "late"]);
    // A node that starts while somebody writes gets what they commit later.
    early.batch_execute("BEGIN").expect("a transaction");
    changes::note(&mut early, ChangeKind::User, &"across the start", now).expect("a note");
    let second = Node::start(&database).await;
    early.batch_execute("COMMIT").expect("a commit");
    second.poll().await;
    assert!(second.told().contains(&"across the start".to_owned()), "{:?}", second.told());
}

#[actix_web::test]
async fn who_was_away_for_longer_than_the_log_is_kept_loads_anew() {
    let database = TestDatabase::prepared().await;
    let (away, writer) = (Node::start(&database).await, Node::start(&database).await);
    writer.write(&["missed"]).await;
    writer.poll().await;
    writer.forget_all().await;
    writer.write(&["after"]).await;
    for _ in 0..2 {
        away.poll().await;
        writer.poll().await;
    }
    assert_eq!((away.loads(), away.told().contains(&"missed".to_owned())), (2, false));
    // Who had read it misses nothing.
    assert_eq!((writer.loads(), writer.told()), (1, vec!["missed".to_owned(), "after".to_owned()]));
    writer.write(&["next"]).await;
    away.poll().await;
    assert_eq!(away.told().last().map(String::as_str), Some("next"));
    assert_eq!(away.loads(), 2);
    // Old is what is older than the log is kept.
    writer.feed.forget_old().await.expect("to forget");
    assert!(writer.db.read(|conn| Ok(schema::changes::table.count().get_result::<i64>(conn)?)).await.expect("a count") > 0);
}

#[actix_web::test]
async fn many_writers_lose_nothing() {
    const WRITERS: usize = 16;
    const NOTES: usize = 50;
    let database = TestDatabase::prepared().await;
    let (one, other, follower) = (Node::start(&database).await, Node::start(&database).await, Node::start(&database).await);
    let writers = join_all((0..WRITERS).map(|writer| {
        let node = [&one, &other][writer % 2];
        async move {
            for number in 0..NOTES {
                node.write(&[&format!("{writer}/{number}")]).await;
            }
        }
    }));
    let writing = AtomicBool::new(true);
    let polls = async {
        while writing.load(Ordering::SeqCst) {
            follower.poll().await;
        }
    };
    let written = async {
        writers.await;
        writing.store(false, Ordering::SeqCst);
    };
    futures_util::future::join(written, polls).await;
    follower.poll().await;
    let told = follower.told();
    let expected: HashSet<String> = (0..WRITERS).flat_map(|writer| (0..NOTES).map(move |number| format!("{writer}/{number}"))).collect();
    assert_eq!(told.iter().cloned().collect::<HashSet<_>>(), expected);
    assert_eq!((told.len(), follower.loads()), (WRITERS * NOTES, 1), "each once");
}

#[actix_web::test]
async fn a_large_transaction_is_applied_in_pieces() {
    let database = TestDatabase::prepared().await;
    let node = Node::start(&database).await;
    let subjects: Vec<String> = (0..2500).map(|number| number.to_string()).collect();
    node.write(&subjects.iter().map(String::as_str).collect::<Vec<_>>()).await;
    node.feed.fresh().await.expect("fresh");
    assert_eq!(node.told(), subjects);
    assert_eq!(node.recorder.largest.load(Ordering::SeqCst), 1000);
}

#[actix_web::test]
async fn a_follower_is_reminded_of_what_is_due() {
    let database = TestDatabase::prepared().await;
    let node = Node::start(&database).await;
    *node.recorder.due.lock().expect("a time") = Some(node.clock.now().plus(TimeDelta::hours(1)));
    node.poll().await;
    node.feed.fresh().await.expect("fresh");
    assert_eq!(node.recorder.reminded.load(Ordering::SeqCst), 0);
    node.clock.advance(TimeDelta::hours(1));
    node.feed.fresh().await.expect("fresh");
    assert_eq!(node.recorder.reminded.load(Ordering::SeqCst), 1);
}

#[actix_web::test]
async fn a_failure_is_told_and_over_when_it_is_over() {
    let database = TestDatabase::prepared().await;
    let node = Node::start(&database).await;
    node.recorder.fails.store(true, Ordering::SeqCst);
    node.write(&["held up"]).await;
    let refused = node.feed.fresh().await.expect_err("a refusal");
    assert_eq!((refused.code, refused.retry_after), (Code::Unavailable, Some(2)));
    node.poll().await;
    node.recorder.fails.store(false, Ordering::SeqCst);
    node.feed.fresh().await.expect("fresh");
    assert_eq!((node.told(), node.loads()), (vec!["held up".to_owned()], 1));
}

#[actix_web::test]
async fn a_session_is_over_with_the_next_request_and_soon_everywhere() {
    let app = TestApp::start().await;
    let other = app.another_node().await;
    for _ in 0..3 {
        let person = app.developer().await;
        let there = person.at(&other.base());
        person.get("/v1/me").await.expect(200);
        there.get("/v1/me").await.expect(200);
        person.post("/v1/auth/logout", json!({})).await.expect(204);
        let over = Moment::now();
        person.get("/v1/me").await.problem(401, "not-signed-in");
        while there.get("/v1/me").await.status != 401 {
            assert!(over.elapsed() < SOON);
        }
    }
}

#[actix_web::test]
async fn a_session_in_memory_ends_when_it_ends() {
    let app = TestApp::with(&[("auth.session_days", "1"), ("auth.access_minutes", "15")]).await;
    let person = app.developer().await;
    app.clock.advance(TimeDelta::days(1) - TimeDelta::minutes(5));
    let late = person.with_pair(&person.renew().await.expect(200));
    late.get("/v1/me").await.expect(200);
    app.clock.advance(TimeDelta::minutes(5) - TimeDelta::microseconds(1));
    late.get("/v1/me").await.expect(200);
    app.clock.advance(TimeDelta::microseconds(1));
    late.get("/v1/me").await.problem(401, "not-signed-in");
}

/// The house, and how far its log has been read.
struct Log {
    app: TestApp,
    read: i64,
}

impl Log {
    /// What was noted since the last look, such as `developer dev_01…`, each once; of an event its type: `event trial.accept`.
    async fn noted(&mut self) -> BTreeSet<String> {
        use schema::changes::dsl;
        let read = self.read;
        let rows: Vec<(i64, String, String)> =
            self.app.read(move |conn| dsl::changes.filter(dsl::id.gt(read)).select((dsl::id, dsl::kind, dsl::subject)).load(conn)).await;
        self.read = rows.iter().map(|row| row.0).max().unwrap_or(read);
        let types: Vec<(String, String)> =
            self.app.read(|conn| schema::events::table.select((schema::events::id, schema::events::kind)).load(conn)).await;
        let types: BTreeMap<String, String> = types.into_iter().collect();
        let named = |subject: String| types.get(&subject).cloned().unwrap_or(subject);
        rows.into_iter().map(|(_, kind, subject)| format!("{kind} {}", named(subject))).collect()
    }

    /// Lets no note in, and so nothing that must be noted in its own transaction.
    async fn refuse_notes(&self, refuse: bool) {
        let statement = match (self.app.house.db.url().is_sqlite(), refuse) {
            (true, true) => "CREATE TRIGGER refused BEFORE INSERT ON changes BEGIN SELECT RAISE(ABORT, 'refused'); END",
            (true, false) => "DROP TRIGGER refused",
            (false, true) => "ALTER TABLE changes ADD CONSTRAINT refused CHECK (id < 0) NOT VALID",
            (false, false) => "ALTER TABLE changes DROP CONSTRAINT refused",
        };
        self.app.sql(statement).await;
    }

    /// Takes a step that fails as long as it cannot be noted, and then has exactly these notes.
    async fn step(&mut self, who: &Person, call: &str, body: Value, notes: &[&str]) -> Answer {
        let (method, path) = call.split_once(' ').expect("a method and a path");
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let body = (method != Method::DELETE).then_some(body);
        self.noted().await;
        self.refuse_notes(true).await;
        who.send(method.clone(), path, body.clone()).await.expect(500);
        self.refuse_notes(false).await;
        let answer = who.send(method, path, body).await;
        assert!((200..300).contains(&answer.status), "{call}: {} {}", answer.status, answer.text);
        let id = answer.json["id"].as_str().unwrap_or_default();
        let expected: BTreeSet<String> = notes.iter().map(|note| note.replace("{id}", id)).collect();
        assert_eq!(self.noted().await, expected, "{call}");
        answer
    }
}

#[actix_web::test]
async fn every_change_is_noted_in_its_own_transaction() {
    let app = TestApp::start().await;
    let (client, developer, admin) = (app.client().await, app.developer().await, app.admin().await);
    let organization = client.get("/v1/me").await.text_at("/organization/id");
    let user = developer.get("/v1/me").await.text_at("/id");
    let mut log = Log { app, read: 0 };

    let skill = |slug: &str| json!({ "slug": slug, "name": slug.to_uppercase(), "category": "tooling", "aliases": [] });
    log.step(&admin, "POST /v1/skills", skill("guildlang"), &["skills guildlang"]).await;
    log.step(&admin, "PATCH /v1/skills/guildlang", json!({ "name": "Guild" }), &["skills guildlang"]).await;
    let list = json!({ "substitutes": [{ "slug": "rust", "weight": 0.7 }] });
    log.step(&admin, "PUT /v1/skills/guildlang/substitutes", list, &["skills guildlang", "skills rust"]).await;
    log.step(&admin, "POST /v1/skills", skill("guildtool"), &["skills guildtool"]).await;
    log.step(&admin, "DELETE /v1/skills/guildtool", json!(null), &["skills guildtool"]).await;

    let id = log.step(&developer, "PUT /v1/developers/me", profile(), &["developer {id}"]).await.text_at("/id");
    let the_developer = format!("developer {id}");
    let mut skills = profile()["skills"].as_array().expect("skills").clone();
    skills.push(json!({ "slug": "guildlang", "level": 3, "years": 1 }));
    log.step(&developer, "PATCH /v1/developers/me", json!({ "skills": skills }), &[&the_developer]).await;
    approve(&log.app, &id).await;
    assert_eq!(log.noted().await, BTreeSet::from([the_developer.clone()]), "an approval");

    let body = json!({ "skills": [{ "slug": "guildlang", "min_level": 2, "must": true }] });
    let job = crate::support::seeds::with(crate::support::seeds::job_body(), body);
    let job = log.step(&client, "POST /v1/job-requests", job, &["job_request {id}", "event job_request.create"]).await.text_at("/id");
    let the_job = format!("job_request {job}");
    log.step(&client, &format!("PATCH /v1/job-requests/{job}"), json!({ "title": "Other work" }), &[&the_job]).await;
    log.step(&client, &format!("POST /v1/job-requests/{job}/open"), json!({}), &[&the_job, "event job_request.open"]).await;
    let merged = ["skills guildlang", "skills rust", &the_developer, &the_job];
    log.step(&admin, "POST /v1/skills/guildlang/merge", json!({ "into": "rust" }), &merged).await;

    let blocks = format!("blocks {organization}");
    log.step(&client, &format!("PUT /v1/blocks/{id}"), json!({}), &[&blocks]).await;
    log.step(&client, &format!("DELETE /v1/blocks/{id}"), json!(null), &[&blocks]).await;

    let trial = log.step(&client, "POST /v1/trials", offer_body(&job, &id), &[&the_developer, "event trial.offer"]).await.text_at("/id");
    let accepted = [&*the_developer, &the_job, "event trial.accept", "event job_request.fill"];
    log.step(&developer, &format!("POST /v1/trials/{trial}/accept"), json!({}), &accepted).await;
    let cancelled = [&*the_developer, &the_job, "event trial.cancel", "event job_request.reopen"];
    let cancel = json!({ "reason_code": "other" });
    log.step(&client, &format!("POST /v1/trials/{trial}/cancel"), cancel, &cancelled).await;

    let the_user = format!("user {user}");
    let other = developer.sign_in().await;
    log.step(&other, "POST /v1/auth/logout", json!({}), &[&the_user]).await;
    let passwords = json!({ "current_password": developer.password, "new_password": "eight blue lanterns" });
    log.step(&developer, "POST /v1/auth/password/change", passwords, &[&the_user]).await;
    let session = developer.get("/v1/me/sessions").await.expect(200).text_at("/data/0/id");
    log.step(&developer, &format!("DELETE /v1/me/sessions/{session}"), json!(null), &[&the_user]).await;
    log.app.suspend(&developer).await;
    assert_eq!(log.noted().await, BTreeSet::from([the_developer, the_user]), "a suspension");
}
