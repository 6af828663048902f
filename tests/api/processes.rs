//! The life of the real binary: two starts at once, starts that must fail, a stop under load, another zone (reliability R84, R87–R89).

use std::time::Duration;

use chrono::{Days, TimeDelta, Utc};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use futures_util::future::{join, join_all};
use guildhall::db::schema::{outbox, timers};
use guildhall::db::{Conn, durability, migrate};
use guildhall::kernel::clock::Instant;
use serde_json::json;

use crate::support::database::TestDatabase;
use crate::support::process::{Launch, Process};
use crate::support::proxy::{Fault, Proxy};
use crate::support::raw::Raw;
use crate::support::seeds::{act, approve_at, job_body, offer_body, profile, with};
use crate::support::smtp::{Mode, Point, SmtpServer};

/// How long an orchestrator waits before it kills.
const DRAINED: Duration = Duration::from_secs(10);

async fn two_starts_at_once(rounds: usize) {
    let smtp = SmtpServer::start().await;
    for _ in 0..rounds {
        let database = TestDatabase::empty();
        let launch = Launch::new(&database.url(), &smtp.url());
        let (mut first, mut second) = join(launch.start_ready(), launch.start_ready()).await;
        let mut conn = database.connect();
        let mut applied = migrate::applied(&mut conn).expect("migrations");
        let count = applied.len();
        applied.dedup();
        assert!(count > 0 && applied.len() == count && migrate::pending(&mut conn).expect("migrations").is_empty());
        first.terminate();
        second.terminate();
        let (one, two) = join(first.ended(), second.ended()).await;
        assert!(one.0.success() && two.0.success(), "{} {}: {:#?}", one.0, two.0, [&first, &second].map(Process::log));
    }
}

#[actix_web::test]
async fn two_that_start_at_once_migrate_once() {
    two_starts_at_once(2).await;
}

mod long {
    #[actix_web::test]
    async fn twenty_times_two_that_start_at_once_migrate_once() {
        super::two_starts_at_once(20).await;
    }
}

/// The names of all tables and indexes.
fn objects(conn: &mut Conn) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Object {
        #[diesel(sql_type = diesel::sql_types::Text)]
        name: String,
    }
    let query = match conn {
        Conn::Sqlite(_) => "SELECT name FROM sqlite_schema ORDER BY name",
        Conn::Postgres(_) => "SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1",
    };
    let objects: Vec<Object> = diesel::sql_query(query).load(conn).expect("a catalogue");
    objects.into_iter().map(|object| object.name).collect()
}

#[actix_web::test]
async fn a_migration_that_fails_leaves_the_schema_as_it_was() {
    let (database, smtp) = (TestDatabase::empty(), SmtpServer::start().await);
    let launch = Launch::new(&database.url(), &smtp.url());
    // In the way of the last migration that makes this table.
    database.connect().batch_execute("CREATE TABLE match_runs (id TEXT)").expect("a table");
    let (status, said) = launch.run().await;
    assert!(!status.success() && said.contains("match_runs"), "{status}: {said}");
    let before = objects(&mut database.connect());
    for _ in 0..2 {
        let (status, _) = launch.run().await;
        assert!(!status.success());
        assert_eq!(objects(&mut database.connect()), before);
    }
    database.connect().batch_execute("DROP TABLE match_runs").expect("to make way");
    let mut process = launch.start_ready().await;
    assert!(migrate::pending(&mut database.connect()).expect("migrations").is_empty());
    process.terminate();
    assert!(process.ended().await.0.success());
}

#[actix_web::test]
async fn a_database_that_may_forget_is_refused() {
    let mut fickle = Conn::Sqlite(SqliteConnection::establish(":memory:").expect("a database"));
    let why = durability::check(&mut fickle).expect_err("a refusal").to_string();
    assert!(["journal_mode = memory", "busy_timeout = 0"].iter().all(|setting| why.contains(setting)), "{why}");
    let (database, smtp) = (TestDatabase::prepared().await, SmtpServer::start().await);
    durability::check(&mut database.connect()).expect("settings of ours");
    let Conn::Postgres(mut conn) = database.connect() else { return };
    let name = database.url().rsplit('/').next().map(ToOwned::to_owned).expect("a name");
    conn.batch_execute(&format!("ALTER DATABASE {name} SET synchronous_commit = off")).expect("a setting");
    let (status, said) = Launch::new(&database.url(), &smtp.url()).run().await;
    assert!(!status.success() && said.contains("synchronous_commit = off"), "{status}: {said}");
}

#[actix_web::test]
async fn a_stop_under_load_finishes_what_was_begun() {
    let (database, smtp) = (TestDatabase::prepared().await, SmtpServer::start().await);
    let launch = Launch::new(&database.url(), &smtp.url()).with("GUILDHALL_SERVER__SHUTDOWN_GRACE", "3");
    let mut process = launch.start_ready().await;
    let client = process.person(&smtp, "client").await;
    // A mail server that stalls, and an upload that does.
    smtp.set_mode(Mode::Stall(Point::Data));
    process.somebody("stalled").register("client").await.expect(202);
    let mut upload = Raw::connect(process.address).await;
    upload.send(b"POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 200\r\n\r\n{\"em").await;
    // Passwords take their time: all of these are under way when it is asked to stop.
    let signing_in = join_all((0..8).map(|_| client.login(&client.password)));
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        process.terminate();
        loop {
            let ready = client.get("/readyz").await;
            if ready.status == 503 {
                break ready.problem(503, "unavailable");
            }
        }
    };
    let (answers, _) = join(signing_in, stopping).await;
    answers.into_iter().for_each(|answer| drop(answer.expect(200)));
    let (status, took) = process.ended().await;
    assert!(status.success() && took < DRAINED, "{status} after {took:?}: {:#?}", process.log());
    assert!(client.try_get("/healthz").await.is_none(), "new work is refused");
    assert!(!process.said().contains("ERROR"), "neither a start nor a stop is an error: {:#?}", process.log());
}

#[actix_web::test]
async fn a_database_that_is_silent_does_not_hold_up_a_stop() {
    let (database, smtp) = (TestDatabase::prepared().await, SmtpServer::start().await);
    let Some(target) = database.target() else { return };
    let proxy = Proxy::start(target);
    let launch = Launch::new(&database.url_through(&proxy), &smtp.url());
    let launch = launch.with("GUILDHALL_SERVER__SHUTDOWN_GRACE", "3").with("GUILDHALL_DATABASE__PATIENCE", "2500");
    let mut process = launch.start_ready().await;
    proxy.set(Fault::Silence);
    let client = process.somebody("client");
    let asked = join_all((0..8).map(|_| client.login("some password of theirs")));
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        process.terminate();
    };
    let (answers, ()) = join(asked, stopping).await;
    answers.into_iter().for_each(|answer| drop(answer.problem(503, "unavailable")));
    let (status, took) = process.ended().await;
    assert!(status.success() && took < DRAINED, "{status} after {took:?}: {:#?}", process.log());
}

/// When each step of a trial is due, and each mail that reminds of it.
fn alarms(conn: &mut Conn, trial: &str) -> Vec<(String, Instant)> {
    let of_it = timers::table.filter(timers::subject.eq(trial)).order((timers::due_at, timers::step));
    let mut all: Vec<(String, Instant)> = of_it.select((timers::step, timers::due_at)).load(conn).expect("timers");
    let ahead =
        outbox::table.filter(outbox::subject.eq(trial)).filter(outbox::due_at.gt(Instant::new(Utc::now()).plus(TimeDelta::days(1))));
    let ahead = ahead.filter(outbox::state.eq("pending")).order((outbox::due_at, outbox::kind));
    all.extend(ahead.select((outbox::kind, outbox::due_at)).load::<(String, Instant)>(conn).expect("mails"));
    all
}

/// Neither the zone of the machine nor that of the database's sessions moves an instant.
#[actix_web::test]
async fn the_zone_of_a_machine_means_nothing() {
    let (database, smtp) = (TestDatabase::prepared().await, SmtpServer::start().await);
    let here = Launch::new(&database.url(), &smtp.url()).with("TZ", "UTC").start_ready().await;
    if let Conn::Postgres(mut conn) = database.connect() {
        let name = database.url().rsplit('/').next().map(ToOwned::to_owned).expect("a name");
        conn.batch_execute(&format!("ALTER DATABASE {name} SET timezone = 'America/Santiago'")).expect("a setting");
    }
    let elsewhere = Launch::new(&database.url(), &smtp.url()).with("TZ", "Pacific/Apia").start_ready().await;
    let start = Utc::now().date_naive().checked_add_days(Days::new(14)).expect("a day").to_string();
    type Seen = (Vec<String>, Vec<(String, Instant)>);
    let mut seen: Vec<Seen> = Vec::new();
    for node in [&here, &elsewhere] {
        let (client, developer) = (node.person(&smtp, "client").await, node.person(&smtp, "developer").await);
        let id = developer.put("/v1/developers/me", profile()).await.expect(200).text_at("/id");
        let key = id.parse().expect("an id");
        database.db().write(move |conn| approve_at(conn, key, Instant::new(Utc::now()))).await.expect("an approval");
        let job = client.post("/v1/job-requests", with(job_body(), json!({ "starts_on": start }))).await.expect(201).text_at("/id");
        client.post(&format!("/v1/job-requests/{job}/open"), json!({})).await.expect(200);
        let offer = with(offer_body(&job, &id), json!({ "starts_on": start }));
        let trial = client.post("/v1/trials", offer).await.expect(201).text_at("/id");
        act(&developer, &trial, "accept", json!({})).await.expect(200);
        let path = format!("/v1/trials/{trial}");
        let views = [client.at(&here.base()).get(&path).await, client.at(&elsewhere.base()).get(&path).await];
        assert_eq!((views[0].status, &views[0].text), (200, &views[1].text));
        let view = &views[0].json;
        let dates = ["starts_on", "ends_at", "decision_opens_at", "grace_until"].map(|name| view[name].to_string());
        seen.push((dates.to_vec(), alarms(&mut database.connect(), &trial)));
    }
    assert_eq!(seen[0], seen[1]);
    assert!(seen[0].1.len() > 2);
}

/// What a node's metrics show, and its log keeps, of what happens.
#[actix_web::test]
async fn a_node_says_how_it_stands_and_goes_on_in_a_trace() {
    let (database, smtp) = (TestDatabase::prepared().await, SmtpServer::start().await);
    let late = Instant::new(Utc::now()).plus(TimeDelta::minutes(-10));
    diesel::insert_into(timers::table)
        .values((timers::subject.eq("a thing"), timers::step.eq("go"), timers::room.eq("a room without a worker"), timers::due_at.eq(late)))
        .execute(&mut database.connect())
        .expect("a timer");
    let limits = [("ENABLED", "true"), ("SEARCH_PER_SECOND", "1"), ("SEARCH_BURST", "1")];
    let launch = limits
        .iter()
        .fold(Launch::new(&database.url(), &smtp.url()), |launch, (name, value)| launch.with(&format!("GUILDHALL_LIMITS__{name}"), value));
    let process = launch.start_ready().await;
    let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let nobody = process.somebody("nobody").with("traceparent", &format!("00-{trace}-{parent}-01"));
    while nobody.get("/v1/developers").await.status != 429 {}
    let shows = |shown: &str, series: &str| shown.lines().find_map(|line| line.strip_prefix(series)?.trim().parse::<f64>().ok());
    let series = "guildhall_work_late_seconds{room=\"a room without a worker\"}";
    let shown = loop {
        let shown = nobody.try_get("/metrics").await.map(|answer| answer.text).unwrap_or_default();
        if shows(&shown, series).is_some() && shown.contains("guildhall_outbox_dead") {
            break shown;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert!((600.0..3600.0).contains(&shows(&shown, series).expect("a number")), "{shown}");
    for (series, value) in [
        (format!("guildhall_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION")), 1.0),
        ("guildhall_outbox_dead".to_owned(), 0.0),
        ("guildhall_outbox_waiting_seconds".to_owned(), 0.0),
    ] {
        assert_eq!(shows(&shown, &series), Some(value), "{series} in {shown}");
    }
    assert!(shows(&shown, "guildhall_throttled_total{limit=\"search\"}").is_some_and(|value| value > 0.0), "{shown}");
    for series in ["guildhall_database_connections{state=\"idle\"}", "guildhall_database_waiting"] {
        assert!(shows(&shown, series).is_some(), "{series} in {shown}");
    }
    assert!(shown.contains("guildhall_http_request_seconds_bucket") && shown.contains("le=\"30\""), "{shown}");
    let told = process.said();
    let line = told.lines().find(|line| line.contains("answered") && line.contains(trace)).expect("a line in this trace");
    let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
    assert_eq!((&line["span"]["trace_id"], &line["span"]["parent_id"]), (&json!(trace), &json!(parent)));
    assert!(line["span"]["request_id"].is_string() && line["span"]["span_id"] != json!(parent), "{line}");
}
