//! Many trials whose timers are due at the same midnight: how many a second the clock works off, and how long a reader waits for
//! `GET /v1/trials/{id}` meanwhile. Everything runs in this process: the server, its background work, the reader.
//!
//!     cargo run -p guildhall-benches --release --bin midnight
//!     .ci/postgres cargo run -p guildhall-benches --release --bin midnight       # two nodes on PostgreSQL

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as Stopwatch};

use chrono::{DateTime, Months, TimeDelta};
use diesel::prelude::*;
use futures_util::stream::{self, StreamExt as _};
use guildhall::accounts::domain::MemberRole;
use guildhall::accounts::store;
use guildhall::app::App;
use guildhall::db::Conn;
use guildhall::db::schema::{audit_entries, events, outbox, timers};
use guildhall::demo::sample;
use guildhall::developers::store as developer_store;
use guildhall::jobs::draft::JobRequestDraft;
use guildhall::jobs::process::JobRequestAction;
use guildhall::kernel::answer::{Answer, Call};
use guildhall::kernel::clock::{Clock as _, Instant, ManualClock};
use guildhall::kernel::error::Error;
use guildhall::kernel::ids::{DeveloperId, JobRequestId, OrganizationId, SessionId, TrialId};
use guildhall::kernel::principal::{Principal, Role};
use guildhall::scheduler::driver;
use guildhall::trials::model::StepBody;
use guildhall::trials::offer::NewTrial;
use guildhall::trials::process::Action;
use guildhall::vetting::domain::SkillVerdict;
use guildhall::vetting::store_vetted;
use guildhall_benches::client::{Connection, Outcome};
use guildhall_benches::node::{self, Node, Place, bar};
use serde_json::{Value, json};
use tokio::sync::watch;

/// The server's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Trials that begin together, unless `--trials` says otherwise.
const TRIALS: usize = 10_000;
/// Trials of one client, all for one job request.
const SEATS: usize = 10;
/// Clients who agree with their developers side by side.
const SIDE_BY_SIDE: usize = 64;
/// A minute before the midnight at which the trials begin.
const EVE: &str = "2026-11-23T23:59:00Z";
/// The reader's pace.
const PAUSE: Duration = Duration::from_millis(5);
/// How long the reader reads while nothing is due.
const IDLE: Duration = Duration::from_secs(10);
/// Steps a second, at the least.
const RATE: f64 = 500.0;
/// What the reader may wait at the most, in milliseconds, or twice as long as while nothing is due.
const WAIT: f64 = 20.0;

fn main() -> ExitCode {
    node::run("midnight", measure)
}

async fn measure(place: Place) -> Outcome<bool> {
    let nodes = if place.postgres { 2 } else { 1 };
    let eve = DateTime::parse_from_rfc3339(EVE)?.to_utc();
    let clock = Arc::new(ManualClock::new(Instant::new(eve)));
    let mut running = Vec::new();
    for _ in 0..nodes {
        running.push(Node::start(&place, &clock, 2).await?);
    }
    let Some(first) = running.first() else { return Err("no node".into()) };
    let began = Stopwatch::now();
    let (trials, token) = agree(first).await?;
    println!("{} trials agreed in {:.1} s, {nodes} node(s)", self::trials(), began.elapsed().as_secs_f64());

    let (stop, stopping) = watch::channel(false);
    for node in &running {
        actix_web::rt::spawn(driver::run(node.app.tasks(), stopping.clone()));
    }
    for node in &running {
        node.ready().await?;
    }
    while left(&first.app).await? > 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let address = first.address;
    let idle = {
        let (trials, token) = (trials.clone(), token.clone());
        let over = Arc::new(AtomicBool::new(false));
        let reader = reader(address, trials, token, over.clone());
        tokio::time::sleep(IDLE).await;
        over.store(true, Ordering::SeqCst);
        p99(told(reader).await?)
    };
    let over = Arc::new(AtomicBool::new(false));
    let reader = reader(address, trials.clone(), token, over.clone());
    clock.advance(TimeDelta::minutes(1));
    let began = Stopwatch::now();
    while due(&first.app, clock.now()).await? > 0 {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let rate = self::trials() as f64 / began.elapsed().as_secs_f64();
    over.store(true, Ordering::SeqCst);
    let busy = p99(told(reader).await?);
    stop.send_replace(true);
    let most = WAIT.max(2.0 * idle);
    println!("p99 of GET /v1/trials/{{id}}: {idle:.2} ms while nothing is due, {busy:.2} ms at midnight");
    Ok(bar(rate >= RATE, format!("{rate:.0} steps a second, at least {RATE}"))
        & bar(busy <= most, format!("p99 of a reader at midnight {busy:.2} ms, at most {most:.2}")))
}

fn trials() -> usize {
    node::argument("--trials", TRIALS)
}

/// What the agreement has left to the background, which has not run meanwhile: entries to be sealed, events to be spread.
async fn left(app: &App) -> Outcome<i64> {
    let count = |conn: &mut Conn| {
        let unsealed: i64 = audit_entries::table.filter(audit_entries::position.is_null()).count().get_result(conn)?;
        let unspread: i64 = events::table.filter(events::spread.eq(false)).count().get_result(conn)?;
        Ok(unsealed + unspread)
    };
    Ok(app.db.read(count).await?)
}

/// Timers of the start that nobody has worked off.
async fn due(app: &App, now: Instant) -> Outcome<i64> {
    let count = move |conn: &mut Conn| Ok(timers::table.filter(timers::due_at.le(now)).count().get_result(conn)?);
    Ok(app.db.read(count).await?)
}

/// Reads one trial after the other until told that it is over; how long each took, in milliseconds.
fn reader(address: SocketAddr, trials: Vec<TrialId>, token: String, over: Arc<AtomicBool>) -> std::thread::JoinHandle<Outcome<Vec<f64>>> {
    std::thread::spawn(move || {
        let mut connection = Connection::open(address)?;
        let mut took = Vec::new();
        for trial in trials.iter().cycle() {
            if over.load(Ordering::SeqCst) {
                break;
            }
            let began = Stopwatch::now();
            connection.ask("GET", &format!("/v1/trials/{trial}"), &token, None)?;
            took.push(began.elapsed().as_secs_f64() * 1000.0);
            std::thread::sleep(PAUSE);
        }
        Ok(took)
    })
}

/// What a reader measured. The wait must not hold up the work that the reader's last answer needs.
async fn told(reader: std::thread::JoinHandle<Outcome<Vec<f64>>>) -> Outcome<Vec<f64>> {
    tokio::task::spawn_blocking(move || reader.join()).await?.map_err(|_| "the reader panicked")?
}

fn p99(mut took: Vec<f64>) -> f64 {
    took.sort_by(f64::total_cmp);
    took.get(took.len() * 99 / 100).copied().unwrap_or(f64::NAN)
}

/// A client with a job request, and the developers for its seats.
struct Team {
    client: Principal,
    developers: Vec<(DeveloperId, Principal)>,
}

/// Lets clients and developers agree on trials that begin at midnight; the trials of one client, and that client's token.
async fn agree(node: &Node) -> Outcome<(Vec<TrialId>, String)> {
    let app = &node.app;
    let now = DateTime::parse_from_rfc3339(EVE)?.to_utc();
    let (teams, token) = people(app, Instant::new(now)).await?;
    // The first ones on tables that were empty, for which PostgreSQL makes plans that do not last.
    let (first, others) = teams.split_at(teams.len().min(SIDE_BY_SIDE));
    let trials = agree_side_by_side(app, first).await?.into_iter().next().ok_or("no trials")?;
    node.analyze().await?;
    agree_side_by_side(app, others).await?;
    // What the agreement itself had to tell is not what is measured; what it has planned ahead stays.
    let told = outbox::due_at.le(Instant::new(now));
    app.db.write(move |conn| Ok(diesel::delete(outbox::table.filter(told)).execute(conn).map(drop)?)).await?;
    node.analyze().await?;
    Ok((trials, token))
}

async fn agree_side_by_side(app: &App, teams: &[Team]) -> Outcome<Vec<Vec<TrialId>>> {
    let agreeing = stream::iter(teams).map(|team| agree_on_seats(app, team)).buffered(SIDE_BY_SIDE);
    agreeing.collect::<Vec<_>>().await.into_iter().collect()
}

async fn agree_on_seats(app: &App, team: &Team) -> Outcome<Vec<TrialId>> {
    let request = open(app, &team.client).await?;
    let mut agreed = Vec::with_capacity(SEATS);
    for (developer, principal) in &team.developers {
        let offer: NewTrial = serde_json::from_value(offer(request, *developer))?;
        let id: TrialId = id(&app.trials.offer(Call::by(team.client.clone()), offer).await?)?.parse()?;
        app.trials.step(Call::by(principal.clone()), id, Action::Accept, StepBody::default()).await?;
        agreed.push(id);
    }
    Ok(agreed)
}

/// A vetted developer for each trial, a client for each few of them, and the token of the first client.
async fn people(app: &App, now: Instant) -> Outcome<(Vec<Team>, String)> {
    let (_, mut profile) = sample::profiles(1, now.date())?.into_iter().next().ok_or("no sample")?;
    profile.hours_per_week = Some(40);
    let add = move |conn: &mut Conn| {
        let until = Instant::new(now.utc() + Months::new(18));
        let verified: Vec<SkillVerdict> = serde_json::from_value(json!([{ "slug": "go", "level": 4 }])).map_err(Error::internal)?;
        let (mut teams, mut signed_in) = (Vec::new(), None);
        for number in 0..trials().div_ceil(SEATS) {
            let client = node::account("midnight", number, Role::Client, now)?;
            let organization = OrganizationId::new(now);
            store::insert_user(conn, &client)?;
            store::insert_organization(conn, organization, "Midnight", now)?;
            store::insert_member(conn, organization, client.id, MemberRole::Owner, now)?;
            let mut developers = Vec::with_capacity(SEATS);
            for seat in 0..SEATS {
                let user = node::account("midnight", number * SEATS + seat, Role::Developer, now)?;
                store::insert_user(conn, &user)?;
                let developer = developer_store::insert_seeded(conn, user.id, profile.clone(), now)?;
                store_vetted::approve(conn, developer, None, &verified, now, until)?;
                let principal = Principal { user: user.id, session: SessionId::new(now), role: Role::Developer, organization: None };
                developers.push((developer, principal));
            }
            let session = match &signed_in {
                Some((session, _)) => *session,
                None => signed_in.insert(node::sign_in(conn, client.id, now)?).0,
            };
            let client = Principal { user: client.id, session, role: Role::Client, organization: Some(organization) };
            teams.push(Team { client, developers });
        }
        Ok((teams, signed_in))
    };
    let (teams, signed_in) = app.db.write(add).await?;
    let (_, token) = signed_in.ok_or("no team")?;
    Ok((teams, token))
}

async fn open(app: &App, client: &Principal) -> Outcome<JobRequestId> {
    let body = json!({
        "title": "Go engineer", "description": "Go.", "skills": [{ "slug": "go", "min_level": 3, "must": true }],
        "max_hourly_rate": { "amount": 20_000, "currency": "USD" }, "hours_per_week": 40, "starts_on": "2026-11-24", "time_zone": "UTC",
        "overlap_hours": 0, "seats": SEATS,
    });
    let request: JobRequestId = id(&app.jobs.create(Call::by(client.clone()), JobRequestDraft(body)).await?)?.parse()?;
    app.jobs.step(Call::by(client.clone()), request, JobRequestAction::Open).await?;
    Ok(request)
}

fn offer(request: JobRequestId, developer: DeveloperId) -> Value {
    json!({
        "job_request_id": request, "developer_id": developer, "starts_on": "2026-11-24",
        "terms": {
            "hourly_rate": { "amount": 8000, "currency": "USD" }, "hours_per_week": 40, "time_zone": "UTC", "overlap_hours": 0,
            "scope": "The core.", "notice_days": 3, "billing": { "rule": "client_pays_all" },
        },
    })
}

fn id(answer: &Answer) -> Outcome<String> {
    let body: Value = serde_json::from_str(&answer.body)?;
    Ok(body.get("id").and_then(Value::as_str).ok_or("no id")?.to_owned())
}
