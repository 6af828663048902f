//! Killed at any moment (reliability R60, R74, R78, R81, R87): the real binary under load, `kill -9`, a new start, again and again. What
//! was acknowledged is there after each start; what was not is there whole or not at all, and asking again under the same key makes
//! it true once. Each step has told of itself once, by mail and in the audit log, which is whole. On PostgreSQL the server itself
//! crashes now and then as well.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant as Moment};

use chrono::{Days, Utc};
use diesel::prelude::*;
use futures_util::future::join_all;
use guildhall::db::Conn;
use guildhall::db::schema::{job_requests, trials};
use guildhall::kernel::clock::Instant;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::crashes_told::{end_of_the_audit_log, insist_on_mails, insist_on_the_audit_log};
use crate::faults::insist_on_integrity;
use crate::support::answer::Answer;
use crate::support::cluster::Cluster;
use crate::support::database::TestDatabase;
use crate::support::person::Person;
use crate::support::process::{Launch, Process};
use crate::support::seeds::{approve_at, job_body, offer_body, profile, with};
use crate::support::smtp::SmtpServer;

/// The most mails that a process is sending when it dies, as `src/notifications/tasks.rs` has it.
const SENT_AT_ONCE: usize = 8;

/// How much of it.
struct Plan {
    kills: usize,
    workers: usize,
    /// Every so many kills, PostgreSQL crashes as well.
    crash_database_every: usize,
}

#[actix_web::test]
async fn killed_now_and_then_it_forgets_nothing() {
    run(Plan { kills: 4, workers: 4, crash_database_every: 2 }).await;
}

mod long {
    use super::{Plan, run};

    #[actix_web::test]
    async fn killed_two_hundred_times_it_forgets_nothing() {
        run(Plan { kills: 200, workers: 16, crash_database_every: 10 }).await;
    }
}

/// Where the house is, while it is up.
type Site = watch::Receiver<Option<String>>;

/// Two people who work with each other without end, and what they know.
struct Pair {
    number: usize,
    site: Site,
    stop: Arc<AtomicBool>,
    client: Person,
    developer: Person,
    developer_id: String,
    job: String,
    /// The number in the request's title: the last one that was acknowledged.
    edits: u64,
    /// The requests that were made.
    jobs: Vec<String>,
    /// The trials, all of which were accepted and then cancelled.
    trials: Vec<String>,
    acknowledged: usize,
    /// Which were acknowledged only when they were asked for again.
    again: usize,
}

impl Pair {
    async fn sign_up(
        process: &Process,
        smtp: &SmtpServer,
        database: &TestDatabase,
        site: Site,
        stop: Arc<AtomicBool>,
        number: usize,
    ) -> Self {
        let (client, developer) = (process.person(smtp, "client").await, process.person(smtp, "developer").await);
        let developer_id = developer.put("/v1/developers/me", profile()).await.expect(200).text_at("/id");
        let id = developer_id.parse().expect("an id");
        database.db().write(move |conn| approve_at(conn, id, Instant::new(Utc::now()))).await.expect("an approval");
        let job = client.post("/v1/job-requests", with(with(job_body(), soon()), title(0))).await.expect(201).text_at("/id");
        client.post(&format!("/v1/job-requests/{job}/open"), json!({})).await.expect(200);
        let (edits, acknowledged, again) = (0, 0, 0);
        Self { number, site, stop, client, developer, developer_id, job, edits, jobs: Vec::new(), trials: Vec::new(), acknowledged, again }
    }

    /// Works until told to stop; every round is finished.
    async fn work(mut self) -> Self {
        while !self.stop.load(Ordering::SeqCst) {
            let edits = self.edits + 1;
            self.edit(title(edits)).await;
            self.edits = edits;
            let key = format!("{}-{edits}", self.number);
            let made = self.insist(true, "/v1/job-requests", with(job_body(), soon()), &format!("job-{key}")).await;
            self.jobs.push(made.text_at("/id"));
            let offer = with(offer_body(&self.job, &self.developer_id), soon());
            let trial = self.insist(true, "/v1/trials", offer, &format!("offer-{key}")).await.text_at("/id");
            self.trials.push(trial.clone());
            self.insist(false, &format!("/v1/trials/{trial}/accept"), json!({}), &format!("accept-{key}")).await;
            let reason = json!({ "reason_code": "other" });
            self.insist(true, &format!("/v1/trials/{trial}/cancel"), reason, &format!("cancel-{key}")).await;
        }
        self
    }

    async fn edit(&mut self, body: Value) {
        let path = format!("/v1/job-requests/{}", self.job);
        self.until_acknowledged(true, Method::PATCH, &path, body, None).await;
    }

    async fn insist(&mut self, client: bool, path: &str, body: Value, key: &str) -> Answer {
        self.until_acknowledged(client, Method::POST, path, body, Some(key)).await
    }

    /// Asks until it is acknowledged; whenever the house was down, first looks whether all that was acknowledged is there.
    async fn until_acknowledged(&mut self, client: bool, method: Method, path: &str, body: Value, key: Option<&str>) -> Answer {
        let mut repeated = false;
        loop {
            let base = self.site.wait_for(Option::is_some).await.expect("a site").clone().expect("its address");
            let person = if client { &self.client } else { &self.developer };
            let person = person.at(&base);
            let person = key.map_or(person.clone(), |key| person.with("idempotency-key", key));
            match person.try_send(method.clone(), path, Some(body.clone())).await {
                Some(answer) if matches!(answer.status, 200 | 201) => {
                    self.acknowledged += 1;
                    self.again += usize::from(repeated);
                    return answer;
                }
                Some(answer) if answer.status == 401 => self.sign_in(&base).await,
                Some(answer) => drop(answer.problem(503, "unavailable")),
                None => self.look(&base).await,
            }
            repeated = true;
        }
    }

    async fn sign_in(&mut self, base: &str) {
        for person in [&mut self.client, &mut self.developer] {
            let there = person.at(base).anonymous();
            let body = json!({ "email": there.email, "password": there.password });
            if let Some(answer) = there.try_post("/v1/auth/login", body).await.filter(|answer| answer.status == 200) {
                *person = person.with_pair(&answer);
            }
        }
    }

    /// After the house was away.
    async fn look(&mut self, gone: &str) {
        let another = self.site.wait_for(|site| site.as_ref().is_some_and(|base| base != gone));
        // A connection may also be lost while the house stands.
        drop(tokio::time::timeout(Duration::from_secs(1), another).await);
        let Some(base) = self.site.borrow().clone() else { return };
        let client = self.client.at(&base);
        if let Some(job) = client.try_get(&format!("/v1/job-requests/{}", self.job)).await.filter(|answer| answer.status == 200) {
            let title = job.text_at("/title");
            let edits: u64 = title.strip_prefix("Edit ").and_then(|number| number.parse().ok()).expect("a title of ours");
            assert!((self.edits..=self.edits + 1).contains(&edits), "acknowledged {}, there is {edits}", self.edits);
        }
        for path in self
            .jobs
            .last()
            .map(|id| format!("/v1/job-requests/{id}"))
            .into_iter()
            .chain(self.trials.last().map(|id| format!("/v1/trials/{id}")))
        {
            if let Some(answer) = client.try_get(&path).await {
                assert!(matches!(answer.status, 200 | 401 | 503), "acknowledged and not there: {} {}", answer.request, answer.text);
            }
        }
    }
}

/// What tells how many edits there were.
fn title(edits: u64) -> Value {
    json!({ "title": format!("Edit {edits}") })
}

/// A start that is ahead, whatever day it is.
fn soon() -> Value {
    let day = Utc::now().date_naive().checked_add_days(Days::new(14)).expect("a day");
    json!({ "starts_on": day.to_string() })
}

async fn run(plan: Plan) {
    let cluster = Cluster::start().map(Arc::new);
    let database = match &cluster {
        Some(cluster) => TestDatabase::prepared_on(cluster.url.clone()).await,
        None => TestDatabase::prepared().await,
    };
    let smtp = SmtpServer::start().await;
    let launch = Launch::new(&database.url(), &smtp.url());
    let mut process = launch.start_ready().await;
    let (up, stop) = (watch::Sender::new(Some(process.base())), Arc::new(AtomicBool::new(false)));
    let pairs = (0..plan.workers).map(|number| Pair::sign_up(&process, &smtp, &database, up.subscribe(), stop.clone(), number));
    let pairs = join_all(pairs).await;
    let slowest = AtomicUsize::new(0);
    let mut anchor: Option<String> = None;
    let killing = async {
        for kill in 1..=plan.kills {
            tokio::time::sleep(Duration::from_millis(rand::random_range(20..=1000))).await;
            process.kill();
            up.send_replace(None);
            if let Some(cluster) = cluster.clone().filter(|_| kill % plan.crash_database_every == 0) {
                let crashing = tokio::task::spawn_blocking(move || (cluster.stop(), cluster.start_again()));
                crashing.await.expect("a crash of the database");
            }
            let begun = Moment::now();
            process = launch.start_ready().await;
            slowest.fetch_max(usize::try_from(begun.elapsed().as_millis()).expect("milliseconds"), Ordering::SeqCst);
            let mut conn = database.connect();
            insist_on_invariants(&mut conn);
            if anchor.is_none() {
                anchor = end_of_the_audit_log(&mut conn);
            }
            up.send_replace(Some(process.base()));
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        stop.store(true, Ordering::SeqCst);
    };
    let (pairs, ()) = futures_util::future::join(join_all(pairs.into_iter().map(Pair::work)), killing).await;
    let mut conn = database.connect();
    insist_on_what_was_acknowledged(&mut conn, &pairs);
    insist_on_integrity(&mut conn);
    let trials: Vec<&str> = pairs.iter().flat_map(|pair| &pair.trials).map(String::as_str).collect();
    let duplicates = insist_on_mails(&mut conn, &smtp, &trials).await;
    assert!(duplicates <= plan.kills * SENT_AT_ONCE, "{duplicates} mails came again after {} kills", plan.kills);
    insist_on_the_audit_log(&mut conn, &launch, anchor.as_deref()).await;
    let sum = |count: fn(&Pair) -> usize| pairs.iter().map(count).sum::<usize>();
    println!(
        "{} kills, {} crashes of the database: {} acknowledged, {} of them when asked for again; 0 lost; {} mails, {duplicates} of them \
         again; slowest start {} ms",
        plan.kills,
        cluster.as_ref().map_or(0, |_| plan.kills / plan.crash_database_every),
        sum(|pair| pair.acknowledged),
        sum(|pair| pair.again),
        smtp.received().len(),
        slowest.load(Ordering::SeqCst),
    );
}

/// What no moment may show: half of a step.
fn insist_on_invariants(conn: &mut Conn) {
    for (nothing, query) in [
        ("an answer that was promised and not made", "SELECT count(*) AS count FROM idempotency_keys WHERE answer_body = ''"),
        (
            "a trial that was agreed and holds no hours",
            "SELECT count(*) AS count FROM trials t WHERE t.state = 'scheduled' \
             AND NOT EXISTS (SELECT 1 FROM commitments c WHERE c.trial_id = t.id)",
        ),
        (
            "hours held for a trial that is over",
            "SELECT count(*) AS count FROM trials t JOIN commitments c ON c.trial_id = t.id WHERE t.state = 'void'",
        ),
        (
            "a step without its event",
            "SELECT count(*) AS count FROM trials t \
             WHERE (SELECT count(*) FROM trial_events e WHERE e.trial_id = t.id) <> t.version",
        ),
        (
            // Nobody takes a step of one trial twice here.
            "a step without its one entry in the audit log",
            "SELECT count(*) AS count FROM trial_events e \
             WHERE (SELECT count(*) FROM audit_entries a WHERE a.subject = e.trial_id AND a.action = 'trial.' || e.action) <> 1",
        ),
        (
            "an entry in the audit log of a step that was not taken",
            "SELECT count(*) AS count FROM audit_entries a WHERE a.action LIKE 'trial.%' \
             AND NOT EXISTS (SELECT 1 FROM trial_events e WHERE e.trial_id = a.subject AND a.action = 'trial.' || e.action)",
        ),
        (
            "an offer without its mail",
            "SELECT count(*) AS count FROM trials t WHERE NOT EXISTS (SELECT 1 FROM outbox o WHERE o.subject = t.id AND o.kind = 'trial_offer')",
        ),
        (
            "an agreement without its mail",
            "SELECT count(*) AS count FROM trials t WHERE EXISTS (SELECT 1 FROM trial_events e WHERE e.trial_id = t.id AND e.action = 'accept') \
             AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.subject = t.id AND o.kind = 'trial_accepted')",
        ),
        (
            "a reminder of a trial that is over",
            "SELECT count(*) AS count FROM trials t JOIN outbox o ON o.subject = t.id WHERE t.state = 'void' AND o.state = 'pending' \
             AND o.kind NOT IN ('trial_offer', 'trial_accepted', 'trial_scheduled', 'trial_cancelled')",
        ),
        (
            "an alarm for a trial that is over",
            "SELECT count(*) AS count FROM trials t JOIN timers i ON i.subject = t.id AND i.room = 'trials' WHERE t.state = 'void'",
        ),
    ] {
        let Count { count } = diesel::sql_query(query).get_result(conn).unwrap_or_else(|error| panic!("{query}: {error}"));
        assert_eq!(count, 0, "{nothing}");
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

/// Each thing that was acknowledged is there, and nothing is there twice.
fn insist_on_what_was_acknowledged(conn: &mut Conn, pairs: &[Pair]) {
    insist_on_invariants(conn);
    let mut told: Vec<&str> = pairs.iter().flat_map(|pair| pair.jobs.iter().chain([&pair.job])).map(String::as_str).collect();
    let there: Vec<String> = job_requests::table.select(job_requests::id).order(job_requests::id).load(conn).expect("requests");
    told.sort_unstable();
    assert_eq!(told, there);
    let mut told: Vec<&str> = pairs.iter().flat_map(|pair| &pair.trials).map(String::as_str).collect();
    let there: Vec<(String, String)> = trials::table.select((trials::id, trials::state)).order(trials::id).load(conn).expect("trials");
    told.sort_unstable();
    assert_eq!(told, there.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>());
    assert!(there.iter().all(|(_, state)| state == "void"), "{there:?}");
    for pair in pairs {
        let title: String = job_requests::table.find(&pair.job).select(job_requests::title).first(conn).expect("a request");
        assert_eq!(title, format!("Edit {}", pair.edits));
    }
}
