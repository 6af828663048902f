//! What becomes of requests, of background work and of data while the database breaks (reliability R69, R74, R76, R88). Faults of
//! PostgreSQL are shown where the tests run on PostgreSQL, those of a disk where they run on SQLite.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use futures_util::future::join_all;
use guildhall::db::schema::job_requests;
use guildhall::db::{Conn, lock};
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::cluster::Cluster;
use crate::support::database::{TestDatabase, cluster};
use crate::support::person::Person;
use crate::support::proxy::{Fault, Proxy, Target};
use crate::support::seeds::{job_body, vetted, with};

/// Within how long everybody is answered; the promise is three seconds, the rest is for a machine that runs other tests.
const SOON: Duration = Duration::from_millis(3500);
/// Within how long all is well again.
const RECOVERED: Duration = Duration::from_secs(5);
/// The patience of a real server.
const SETTINGS: [(&str, &str); 1] = [("database.patience", "2500")];

/// A house that reaches PostgreSQL through a proxy.
struct Behind {
    app: TestApp,
    proxy: Proxy,
    client: Person,
}

impl Behind {
    /// None where the tests run on SQLite.
    async fn start() -> Option<Self> {
        let database = TestDatabase::prepared().await;
        let proxy = Proxy::start(database.target()?);
        let url = database.url_through(&proxy);
        let app = TestApp::on(database, &[("database.url", &url), SETTINGS[0]]).await;
        let client = app.client().await;
        Some(Self { app, proxy, client })
    }

    /// Requests of all sorts at the same time; everything but a 503 in time is wrong.
    async fn insist_on_503(&self, fault: Fault) {
        let asked = (0..32).map(|number| async move {
            let begun = Instant::now();
            let answer = match number % 4 {
                0 => self.client.get("/v1/me").await,
                1 => self.client.post("/v1/job-requests", job_body()).await,
                2 => self.client.login("some password of theirs").await,
                _ => self.client.get("/readyz").await,
            };
            (answer, begun.elapsed())
        });
        for (answer, took) in join_all(asked).await {
            let answer = answer.problem(503, "unavailable");
            assert!(!answer.header("retry-after").is_empty(), "{fault:?}: {}", answer.request);
            assert!(took < SOON, "{fault:?}: {} took {took:?}", answer.request);
        }
        let begun = Instant::now();
        self.client.get("/healthz").await.expect(200);
        assert!(begun.elapsed() < Duration::from_millis(500), "{fault:?}: it looks dead");
    }
}

/// Waits until reading, writing and `/readyz` go well; how long that took.
async fn recovery(client: &Person) -> Duration {
    let begun = Instant::now();
    loop {
        let ready = client.get("/readyz").await.status;
        let (read, written) = (client.get("/v1/me").await.status, client.post("/v1/job-requests", job_body()).await.status);
        if (ready, read, written) == (200, 200, 201) {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < RECOVERED, "no recovery: {ready}, {read}, {written}");
    }
}

#[actix_web::test]
async fn a_database_that_does_not_answer_is_a_503_in_time_and_forgotten_at_once() {
    let Some(behind) = Behind::start().await else { return };
    for fault in [Fault::Down, Fault::Silence, Fault::Latency(Duration::from_secs(2)), Fault::Limit(20)] {
        behind.proxy.set(fault);
        behind.insist_on_503(fault).await;
        behind.proxy.set(Fault::None);
        let took = recovery(&behind.client).await;
        assert!(took < RECOVERED, "{fault:?}: recovered after {took:?}");
        // The background work as well: mails go out, and the index hears of changes.
        let person = behind.app.registered("developer").await;
        behind.app.mail(&person, "Verify your e-mail").await;
        let before = behind.client.post("/v1/matches/search", job_body()).await.expect(200).at("/total").as_u64();
        vetted(&behind.app, json!({})).await;
        let after = behind.client.post("/v1/matches/search", job_body()).await.expect(200).at("/total").as_u64();
        assert_eq!(after, before.map(|before| before + 1), "{fault:?}");
    }
}

#[actix_web::test]
async fn connections_that_were_lost_are_not_given_to_anybody_else() {
    let Some(behind) = Behind::start().await else { return };
    // As many as the pool holds, so that all of them are there and lost.
    join_all((0..32).map(|_| behind.client.get("/v1/job-requests"))).await;
    behind.proxy.reset().await;
    tokio::time::timeout(RECOVERED, async { while behind.client.get("/v1/job-requests").await.status != 200 {} }).await.expect("recovery");
    for answer in join_all((0..64).map(|_| behind.client.get("/v1/job-requests"))).await {
        answer.expect(200);
    }
}

fn jobs(conn: &mut Conn) -> Vec<String> {
    job_requests::table.select(job_requests::id).order(job_requests::id).load(conn).expect("job requests")
}

#[actix_web::test]
async fn an_answer_lost_after_the_commit_is_had_by_asking_again() {
    let Some(behind) = Behind::start().await else { return };
    let keyed = behind.client.with("idempotency-key", "the-one-of-today");
    behind.proxy.set(Fault::CutCommitAfter(b"INSERT INTO \"job_requests\""));
    keyed.post("/v1/job-requests", job_body()).await.problem(503, "unavailable");
    behind.proxy.set(Fault::None);
    assert_eq!(behind.proxy.cuts(), 1);
    let committed = jobs(&mut behind.app.connect());
    assert_eq!(committed.len(), 1, "it was committed, and not run again");
    let first = keyed.post("/v1/job-requests", job_body()).await.expect(201);
    let again = keyed.post("/v1/job-requests", job_body()).await.expect(201);
    assert_eq!((first.text_at("/id"), &again.text), (committed[0].clone(), &first.text));
    assert_eq!(jobs(&mut behind.app.connect()), committed);
}

#[actix_web::test]
async fn what_was_lost_before_the_commit_is_run_again() {
    let Some(behind) = Behind::start().await else { return };
    let keyed = behind.client.with("idempotency-key", "the-one-of-today");
    // The connection dies when the insert is answered: nothing has happened, and the next attempt has a connection of its own.
    behind.proxy.set(Fault::CutAfter(b"INSERT INTO \"job_requests\""));
    let asked = keyed.post("/v1/job-requests", job_body());
    let healed = async {
        while behind.proxy.cuts() == 0 {
            tokio::task::yield_now().await;
        }
        behind.proxy.set(Fault::None);
    };
    let (answer, ()) = futures_util::future::join(asked, healed).await;
    let made = answer.expect(201).text_at("/id");
    assert_eq!(jobs(&mut behind.app.connect()), [made]);
}

#[actix_web::test]
async fn an_answer_that_never_arrives_is_had_by_asking_again() {
    let app = TestApp::start().await;
    let client = app.client().await;
    let proxy = Proxy::start(Target::Tcp(app.address.to_string()));
    let keyed = client.at(&format!("http://{}", proxy.address)).with("idempotency-key", "the-one-of-today");
    for bytes in [0, 1, 40, 300] {
        proxy.set(Fault::CutReply(bytes));
        assert!(keyed.try_post("/v1/job-requests", job_body()).await.is_none(), "cut after {bytes}");
    }
    proxy.set(Fault::None);
    let first = keyed.post("/v1/job-requests", job_body()).await.expect(201);
    assert_eq!(jobs(&mut app.connect()), [first.text_at("/id")]);
}

/// Sixteen clients that write while the database breaks, and what they were told.
struct Load {
    stop: Arc<AtomicBool>,
    slowest: Arc<AtomicU64>,
}

impl Load {
    fn new() -> Self {
        Self { stop: Arc::default(), slowest: Arc::default() }
    }

    /// Posts job requests under new keys until it is stopped; the key and the id, which is empty for what was refused.
    async fn write(&self, client: &Person, writer: usize) -> HashMap<String, String> {
        let mut told = HashMap::new();
        while !self.stop.load(Ordering::SeqCst) {
            let (key, begun) = (format!("{writer}-{}", told.len()), Instant::now());
            let answer = client.with("idempotency-key", &key).post("/v1/job-requests", job_body()).await;
            self.slowest.fetch_max(u64::try_from(begun.elapsed().as_millis()).expect("milliseconds"), Ordering::SeqCst);
            let id = match answer.status {
                201 => answer.text_at("/id"),
                _ => {
                    answer.problem(503, "unavailable");
                    String::new()
                }
            };
            told.insert(key, id);
        }
        told
    }
}

#[actix_web::test]
async fn a_database_that_restarts_under_load_loses_nothing() {
    let Some(cluster) = Cluster::start() else { return };
    let cluster = Arc::new(cluster);
    let app = TestApp::on(TestDatabase::prepared_on(cluster.url.clone()).await, &SETTINGS).await;
    let (client, load) = (app.client().await, Load::new());
    let breaking = async {
        for _ in 0..2 {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let stopped = cluster.clone();
            tokio::task::spawn_blocking(move || stopped.stop()).await.expect("a stop");
            client.get("/readyz").await.problem(503, "unavailable");
            let started = cluster.clone();
            tokio::task::spawn_blocking(move || started.start_again()).await.expect("a start");
            recovery(&client).await;
        }
        load.stop.store(true, Ordering::SeqCst);
    };
    let writing = join_all((0..16).map(|writer| load.write(&client, writer)));
    let (told, ()) = futures_util::future::join(writing, breaking).await;
    assert!(load.slowest.load(Ordering::SeqCst) < u64::try_from(SOON.as_millis()).expect("milliseconds"), "{:?} ms", load.slowest);
    let (mut acknowledged, mut ids) = (0, Vec::new());
    for (key, id) in told.into_iter().flatten() {
        let again = client.with("idempotency-key", &key).post("/v1/job-requests", job_body()).await.expect(201).text_at("/id");
        acknowledged += usize::from(!id.is_empty());
        assert!(id.is_empty() || id == again, "{key} was {id} and is {again}");
        ids.push(again);
    }
    assert!(acknowledged > 0);
    ids.sort();
    ids.dedup();
    let there = jobs(&mut app.connect());
    assert!(ids.iter().all(|id| there.contains(id)));
    // What `recovery` asked for has no key, and may have been done although it was told otherwise.
    let keyed: i64 = guildhall::db::schema::idempotency_keys::table.count().get_result(&mut app.connect()).expect("a count");
    assert_eq!(usize::try_from(keyed).ok(), Some(ids.len()));
}

/// Many who want a row that another holds are told so in time, all connections of the house's included, and no wait outlasts them.
#[actix_web::test]
async fn a_row_that_is_held_for_long_is_a_503_in_time() {
    if cluster().is_none() {
        return;
    }
    let app = TestApp::with(&SETTINGS).await;
    let client = app.client().await;
    let job = client.post("/v1/job-requests", job_body()).await.expect(201).text_at("/id");
    let mut holder = app.connect();
    diesel::sql_query("BEGIN").execute(&mut holder).expect("a transaction");
    lock::job_request(&mut holder, job.parse().expect("an id")).expect("the row");
    let path = format!("/v1/job-requests/{job}");
    let edit = |number: usize| client.patch(&path, json!({ "title": format!("Edit {number}") }));
    let begun = Instant::now();
    for answer in join_all((0..16).map(edit)).await {
        assert!(!answer.problem(503, "unavailable").header("retry-after").is_empty());
    }
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    diesel::sql_query("COMMIT").execute(&mut holder).expect("to let go");
    for answer in join_all((0..16).map(edit)).await {
        answer.expect(200);
    }
}

/// Two that lock the same two rows in opposite order: the database ends one of them, and it is run again.
#[actix_web::test]
async fn a_deadlock_is_nobodys_error() {
    if cluster().is_none() {
        return;
    }
    let app = TestApp::start().await;
    let (one, two) = (vetted(&app, json!({})).await.1, vetted(&app, json!({})).await.1);
    let runs = Arc::new(AtomicU64::new(0));
    for _ in 0..2 {
        let both = Arc::new(std::sync::Barrier::new(2));
        let locking = |first: &str, second: &str| {
            let (first, second) = (first.parse().expect("an id"), second.parse().expect("an id"));
            let (both, runs, waited) = (both.clone(), runs.clone(), AtomicBool::new(false));
            app.house.db.write(move |conn| {
                runs.fetch_add(1, Ordering::SeqCst);
                lock::developer(conn, first)?;
                // Only the first time: the other one does not come again.
                if !waited.swap(true, Ordering::SeqCst) {
                    both.wait();
                }
                lock::developer(conn, second)
            })
        };
        let (left, right) = futures_util::future::join(locking(&one, &two), locking(&two, &one)).await;
        left.and(right).expect("both");
    }
    assert_eq!(runs.load(Ordering::SeqCst), 6, "one of each two was run again");
}

/// Writes until the disk is full: those who write are told so, those who read notice nothing, nothing is damaged.
#[actix_web::test]
async fn a_full_disk_refuses_writes_and_nothing_else() {
    if cluster().is_some() {
        return;
    }
    let app = TestApp::start().await;
    let client = app.client().await;
    let long = with(job_body(), json!({ "description": "A double-entry ledger. ".repeat(200) }));
    let mut written = Vec::new();
    for _ in 0..3 {
        app.sql("PRAGMA max_page_count = 1").await;
        let refused = loop {
            let answers: Vec<Answer> = join_all((0..8).map(|_| client.post("/v1/job-requests", long.clone()))).await;
            let (fine, full): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
            written.extend(fine.iter().map(|answer| answer.text_at("/id")));
            if !full.is_empty() {
                break full;
            }
            assert!(written.len() < 2000, "it is never full");
        };
        for answer in refused {
            assert!(!answer.problem(503, "unavailable").header("retry-after").is_empty());
        }
        client.get("/v1/job-requests").await.expect(200);
        client.post("/v1/matches/search", job_body()).await.expect(200);
        client.get("/readyz").await.expect(200);
        // Somebody makes room.
        app.sql("PRAGMA max_page_count = 1000000000").await;
        written.push(client.post("/v1/job-requests", long.clone()).await.expect(201).text_at("/id"));
    }
    written.sort();
    assert_eq!(jobs(&mut app.connect()), written, "what was refused is not there, what was acknowledged is");
    insist_on_integrity(&mut app.connect());
}

#[derive(QueryableByName)]
struct Verdict {
    #[diesel(sql_type = diesel::sql_types::Text)]
    integrity_check: String,
}

/// Insists that an SQLite file is whole; of PostgreSQL its server takes care.
pub fn insist_on_integrity(conn: &mut Conn) {
    if let Conn::Sqlite(_) = conn {
        let verdicts: Vec<Verdict> = diesel::sql_query("PRAGMA integrity_check").load(conn).expect("a verdict");
        assert_eq!(verdicts.iter().map(|verdict| verdict.integrity_check.as_str()).collect::<Vec<_>>(), ["ok"]);
        let dangling = diesel::sql_query("SELECT count(*) AS count FROM pragma_foreign_key_check").get_result::<Count>(conn);
        assert_eq!(dangling.expect("a count").count, 0, "rows that refer to nothing");
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

/// A backup, say, or the command line.
#[actix_web::test]
async fn another_process_that_writes_is_waited_for() {
    if cluster().is_some() {
        return;
    }
    let app = TestApp::start().await;
    let client = app.client().await;
    let (locked, unlock) = (Arc::new(std::sync::Barrier::new(2)), Arc::new(AtomicBool::new(false)));
    let mut conn = app.connect();
    let (held, free) = (locked.clone(), unlock.clone());
    let other = std::thread::spawn(move || {
        diesel::sql_query("BEGIN IMMEDIATE").execute(&mut conn).expect("the lock");
        held.wait();
        while !free.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_millis(300));
        diesel::sql_query("COMMIT").execute(&mut conn).expect("to let go");
    });
    locked.wait();
    let asked = join_all((0..8).map(|_| client.post("/v1/job-requests", job_body())));
    let freed = async { unlock.store(true, Ordering::SeqCst) };
    let (answers, ()) = futures_util::future::join(asked, freed).await;
    answers.into_iter().for_each(|answer| drop(answer.expect(201)));
    other.join().expect("the other one");
    let list: Value = client.get("/v1/job-requests").await.expect(200).json;
    assert_eq!(list["data"].as_array().map(Vec::len), Some(8));
}
