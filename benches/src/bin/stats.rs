//! A million rows of two years from which admins' figures are made: how long `GET /v1/admin/stats` takes over HTTP, and what it
//! costs to keep its roll-ups. Everything runs in this process: the server, the roll-up (the product's own), the reader.
//!
//!     cargo run -p guildhall-benches --release --bin stats
//!     .ci/postgres cargo run -p guildhall-benches --release --bin stats

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant as Stopwatch;

use chrono::{DateTime, TimeDelta};
use guildhall::accounts::domain::MemberRole;
use guildhall::accounts::store;
use guildhall::app::App;
use guildhall::db::Conn;
use guildhall::db::feed::FeedTask;
use guildhall::demo::sample;
use guildhall::developers::store as developer_store;
use guildhall::kernel::clock::{Clock as _, Instant, ManualClock};
use guildhall::kernel::ids::{OrganizationId, UserId};
use guildhall::kernel::principal::Role;
use guildhall::kernel::week::Week;
use guildhall::scheduler::{Progress, Task as _, driver};
use guildhall::statistics::tasks::RollUp;
use guildhall_benches::client::{Connection, Outcome};
use guildhall_benches::node::{self, Node, Place, bar};
use guildhall_benches::years::{self, Parties, Piece};
use serde_json::Value;
use tokio::sync::watch;

/// The server's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rows, unless `--rows` says otherwise.
const ROWS: u64 = 1_000_000;
/// Developers who share the applications and trials.
const DEVELOPERS: usize = 1000;
/// When the two years are over: near the end of a week, which has then most rows to count.
const NOW: &str = "2026-11-28T12:00:00Z";
/// The two years, in days.
const DAYS: i64 = 728;
/// Days that come afterwards, one at a time.
const MORE_DAYS: i64 = 3;
/// How often each question is asked.
const ASKED: usize = 300;
/// What an answer may take, in milliseconds, at the 99th percentile.
const ANSWER: f64 = 50.0;
/// What a roll-up of a day's changes may take, in milliseconds.
const ROLL_UP: f64 = 1000.0;
/// What is asked, and from how many weeks ago until how many weeks ago; none for what is told where nobody says.
const QUESTIONS: [(&str, Option<(i64, i64)>); 7] = [
    ("the usual twelve weeks", None),
    ("this week", Some((0, 0))),
    ("a week of last year", Some((60, 60))),
    ("a year", Some((51, 0))),
    ("forty weeks of long ago", Some((100, 61))),
    ("two years", Some((105, 0))),
    ("weeks to come", Some((0, -20))),
];

fn main() -> ExitCode {
    node::run("stats", measure)
}

async fn measure(place: Place) -> Outcome<bool> {
    let now = Instant::new(DateTime::parse_from_rfc3339(NOW)?.to_utc());
    let began = now.plus(TimeDelta::days(-DAYS));
    let clock = Arc::new(ManualClock::new(now));
    let node = Node::start(&place, &clock, 1).await?;
    let app = &node.app;
    let (parties, admin) = people(app, began).await?;
    let parties = Arc::new(parties);

    let pieces = rows() / years::ROWS;
    let filling = Stopwatch::now();
    fill(app, &parties, Piece::all(0..pieces, began, now)).await?;
    println!("{} rows in {:.1} s", pieces * years::ROWS, filling.elapsed().as_secs_f64());
    vacuum(&node).await?;

    let task = RollUp::new(app.statistics.clone());
    println!("{:>9.1} ms  roll-up of all {} weeks, once", rolled_up(&task).await?, DAYS / 7 + 1);
    println!("{:>9.1} ms  roll-up of the last two weeks", later(&task, &clock, TimeDelta::minutes(10)).await?);
    let (a_day, mut worst, mut all) = (pieces / DAYS.unsigned_abs(), 0.0_f64, pieces);
    for _ in 0..MORE_DAYS {
        let today = clock.now();
        fill(app, &parties, Piece::all(all..all + a_day, today, today.plus(TimeDelta::days(1)))).await?;
        all += a_day;
        let took = later(&task, &clock, TimeDelta::days(1)).await?;
        println!("{took:>9.1} ms  roll-up of a day's changes, {} rows", a_day * years::ROWS);
        worst = worst.max(took);
    }
    println!("{:>9.1} ms  roll-up where nothing has happened since", later(&task, &clock, TimeDelta::minutes(10)).await?);

    let now = clock.now();
    let (_, token) = app.db.write(move |conn| node::sign_in(conn, admin, now)).await?;
    let _following = follow(&node).await?;
    let (address, this_week) = (node.address, Week::of(now.date()));
    let answers = tokio::task::spawn_blocking(move || ask(address, &token, this_week)).await??;
    let slowest = answers.iter().map(|answer| answer.p99).fold(0.0, f64::max);
    for answer in &answers {
        println!("p50 {:>7.2} ms  p99 {:>7.2} ms  worst {:>7.2} ms  {}", answer.p50, answer.p99, answer.worst, answer.asked);
    }
    let counted = answers.iter().find(|answer| answer.asked == "two years").and_then(|answer| answer.counted).ok_or("no answer")?;
    Ok(bar(slowest <= ANSWER, format!("p99 of the slowest answer {slowest:.1} ms, at most {ANSWER}"))
        & bar(worst <= ROLL_UP, format!("roll-up of a day's changes {worst:.0} ms, at most {ROLL_UP}"))
        & bar(counted == (all, all), format!("{counted:?} requests and offers counted, of {all} each")))
}

/// Has the node follow the changes, as every node does all the time, and waits until it answers; it does until what is returned goes.
async fn follow(node: &Node) -> Outcome<watch::Sender<bool>> {
    let app = &node.app;
    app.feed.forget_old().await?;
    let (stop, stopping) = watch::channel(false);
    actix_web::rt::spawn(driver::run(vec![Arc::new(FeedTask(app.feed.clone()))], stopping));
    node.ready().await?;
    Ok(stop)
}

fn rows() -> u64 {
    node::argument("--rows", ROWS)
}

/// Moves the clock, and rolls up; how many milliseconds that took.
async fn later(task: &RollUp, clock: &ManualClock, delta: TimeDelta) -> Outcome<f64> {
    clock.advance(delta);
    rolled_up(task).await
}

async fn rolled_up(task: &RollUp) -> Outcome<f64> {
    let began = Stopwatch::now();
    while task.run().await? == Progress::More {}
    Ok(began.elapsed().as_secs_f64() * 1000.0)
}

/// What autovacuum does within minutes, which a new cluster has not had: statistics, and the map of what everybody can see.
async fn vacuum(node: &Node) -> Outcome<()> {
    if !node.app.db.url().is_sqlite() {
        node.app.db.wipe().await?;
    }
    node.analyze().await
}

/// Whoever the rows belong to, and an admin.
async fn people(app: &App, began: Instant) -> Outcome<(Parties, UserId)> {
    let (_, profile) = sample::profiles(1, began.date())?.into_iter().next().ok_or("no sample")?;
    let skills = app.db.read(|conn| Ok(years::skills(conn)?)).await?;
    let add = move |conn: &mut Conn| {
        let account = |number, role| node::account("stats", number, role, began);
        let (client, admin) = (account(0, Role::Client)?, account(0, Role::Admin)?);
        let organization = OrganizationId::new(began);
        store::insert_user(conn, &client)?;
        store::insert_user(conn, &admin)?;
        store::insert_organization(conn, organization, "Two years", began)?;
        store::insert_member(conn, organization, client.id, MemberRole::Owner, began)?;
        let mut developers = Vec::with_capacity(DEVELOPERS);
        for number in 0..DEVELOPERS {
            let user = account(number, Role::Developer)?;
            store::insert_user(conn, &user)?;
            developers.push(developer_store::insert_seeded(conn, user.id, profile.clone(), began)?);
        }
        Ok((Parties { client: client.id, organization, developers, skills: skills.clone() }, admin.id))
    };
    Ok(app.db.write(add).await?)
}

/// Adds what happened, some hundred pieces a transaction.
async fn fill(app: &App, parties: &Arc<Parties>, pieces: Vec<Piece>) -> Outcome<()> {
    for pieces in pieces.chunks(100) {
        let (parties, pieces) = (parties.clone(), pieces.to_vec());
        app.db.write(move |conn| Ok(years::insert(conn, &parties, &pieces)?)).await?;
    }
    Ok(())
}

/// How long a question's answers took, in milliseconds.
struct Answers {
    asked: &'static str,
    p50: f64,
    p99: f64,
    worst: f64,
    /// Requests and offers that the last one told of.
    counted: Option<(u64, u64)>,
}

/// Asks everything in turns.
fn ask(address: SocketAddr, token: &str, this_week: Week) -> Outcome<Vec<Answers>> {
    let mut connection = Connection::open(address)?;
    let paths = QUESTIONS.map(|(_, span)| path(span, this_week));
    let mut took = QUESTIONS.map(|_| Vec::with_capacity(ASKED));
    let mut last = QUESTIONS.map(|_| Value::Null);
    for _ in 0..ASKED {
        for ((path, took), last) in paths.iter().zip(&mut took).zip(&mut last) {
            let began = Stopwatch::now();
            *last = connection.ask("GET", path, token, None)?;
            took.push(began.elapsed().as_secs_f64() * 1000.0);
        }
    }
    let answers = QUESTIONS.into_iter().zip(took).zip(last).map(|(((asked, _), mut took), last)| {
        took.sort_by(f64::total_cmp);
        let at = |share: usize| took.get(took.len() * share / 100).copied().unwrap_or(f64::NAN);
        let counted =
            last.pointer("/matching/requests").and_then(Value::as_u64).zip(last.pointer("/trials/offered").and_then(Value::as_u64));
        Answers { asked, p50: at(50), p99: at(99), worst: took.last().copied().unwrap_or(f64::NAN), counted }
    });
    Ok(answers.collect())
}

fn path(span: Option<(i64, i64)>, this_week: Week) -> String {
    let week = |ago: i64| Week::of(this_week.day(-7 * ago));
    match span {
        None => "/v1/admin/stats".to_owned(),
        Some((from, to)) => format!("/v1/admin/stats?from={}&to={}", week(from), week(to)),
    }
}
