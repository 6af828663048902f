//! Sign-ins alone; what people ask for all day, one kind after the other, against a bare actix handler that returns the same bytes; then
//! slow clients, everything at once on 200 connections, and guesses at a password.
//!
//!     benches/http surface                        # on SQLite
//!     .ci/postgres benches/http surface           # on PostgreSQL

use std::sync::Arc;
use std::time::{Duration, Instant};

use guildhall::auth::password::Passwords;
use guildhall::config::load::load_from;

use crate::processes::{Folder, Limits, Process};
use crate::town::Town;
use crate::watch::{Watched, during};
use crate::wrk::{CONNECTIONS, Load, Measured, Question};
use crate::{USAGE, WARM_UP, bar, bare, guesses, option, requests, slow, town, wrk};
use guildhall_benches::client::{Connection, Outcome};

/// The least share of the bare handler's rate: for reads on SQLite, for durable writes through its database layer, and for reads on
/// PostgreSQL.
const READS: f64 = 0.3;
const WRITES: f64 = 0.25;
const POSTGRES_READS: f64 = 0.17;
/// The most that a read on PostgreSQL may take at p99, in milliseconds.
const POSTGRES_WAIT: f64 = 50.0;
/// The least share of the rate at which this machine can do nothing but hash passwords.
const SIGN_INS: f64 = 0.8;
/// The most that `GET /healthz` may take at p99, in milliseconds: during sign-ins, and with slow clients.
const HEALTH: [f64; 2] = [100.0, 200.0];
/// The memory that one password may take while it is hashed, in MiB.
const PASSWORD: f64 = 32.0;
/// How much more memory and how many more descriptors there may be at the end of the mix than after its beginning.
const GROWTH: f64 = 1.1;
/// Connections of the mix, and of the crowd that signs in at once.
const CROWD: usize = 200;

/// How long everything at once may last, in seconds: an access token is good for a quarter of an hour.
const LONGEST_MIX: u64 = 800;

pub struct Options {
    /// Of each measurement.
    seconds: u64,
    /// Of everything at once.
    mixed: u64,
}

impl Options {
    pub fn of(arguments: &[String]) -> Outcome<Self> {
        let mut options = Self { seconds: 10, mixed: 30 };
        for pair in arguments.get(1..).unwrap_or_default().chunks(2) {
            let (name, number) = option(pair)?;
            *match name {
                "--seconds" => &mut options.seconds,
                "--mixed" => &mut options.mixed,
                _ => return Err(USAGE.into()),
            } = number;
        }
        if options.mixed > LONGEST_MIX {
            return Err(format!("--mixed is at most {LONGEST_MIX} seconds: then the client's access token has run out").into());
        }
        Ok(options)
    }
}

/// What is measured, with everything that it needs.
struct Surface {
    folder: Folder,
    guildhall: Process,
    bare: Process,
    town: Town,
    time: Duration,
}

/// Measures and prints; whether every bar is reached.
pub fn run(options: &Options) -> Outcome<bool> {
    wrk::is_there()?;
    let folder = Folder::new()?;
    let database = town::build(&folder)?;
    let (guildhall, _) = Process::guildhall(&folder, &database, Limits::Off)?;
    let town = town::visit(guildhall.address)?;
    keep_answers(&guildhall, &town, &folder)?;
    let bare = Process::bare(&folder)?;
    let surface = Surface { folder, guildhall, bare, town, time: Duration::from_secs(options.seconds) };
    let sqlite = database.starts_with("sqlite:");
    println!("{}, {CONNECTIONS} connections, {} s each", if sqlite { "SQLite" } else { "PostgreSQL" }, options.seconds);
    println!("{:24}{:>12}{:>12}{:>12}{:>12}", "", "requests/s", "p50 in ms", "p99 in ms", "µs of CPU");
    // Sign-ins first, whose memory is held against that of a house at rest: what writes leave to be done takes some, too.
    let reached = surface.sign_ins()?
        & surface.reads_and_writes(sqlite)?
        & surface.slow_clients()?
        & surface.everything(Duration::from_secs(options.mixed))?;
    let Surface { folder, guildhall, town, .. } = surface;
    drop(guildhall);
    Ok(reached & guesses::run(&folder, &database, &town.sign_in)?)
}

/// One answer of each kind, for the bare handler.
fn keep_answers(guildhall: &Process, town: &Town, folder: &Folder) -> Outcome<()> {
    let mut connection = Connection::open(guildhall.address)?;
    let mut keep = |name: &str, question: &Question| -> Outcome<()> {
        let reply = connection.call(question.method, &question.path, &town.client, question.body.as_ref())?;
        if reply.status >= 300 {
            return Err(format!("{question:?}: {} {}", reply.status, String::from_utf8_lossy(&reply.body)).into());
        }
        requests::keep_one(name, &reply.body, folder)
    };
    keep(&town.request, &matches(town))?;
    keep("job-requests", &Question::post("/v1/job-requests", town.job_request.clone()))?;
    keep("login", &Question::post("/v1/auth/login", town.sign_in.clone()))?;
    town.developers.iter().zip(developers(town)).try_for_each(|(id, question)| keep(id, &question))
}

fn matches(town: &Town) -> Question {
    Question::get(format!("/v1/job-requests/{}/matches?limit=20", town.request))
}

fn developers(town: &Town) -> Vec<Question> {
    town.developers.iter().map(|id| Question::get(format!("/v1/developers/{id}"))).collect()
}

impl Surface {
    fn load(&self, name: &str, questions: &[Question], connections: usize) -> Outcome<Load> {
        Load::new(&self.folder, name, &self.town.client, questions, connections)
    }

    /// The server's and the bare handler's answers to the same questions: the share of the rate, and the server's measurement.
    fn share(&self, name: &str, questions: &[Question]) -> Outcome<(f64, Measured)> {
        let load = self.load("share", questions, CONNECTIONS)?;
        [&self.bare, &self.guildhall].into_iter().try_for_each(|server| load.run(server, WARM_UP).map(drop))?;
        let of_bare = load.run(&self.bare, self.time)?.told("bare handler");
        let measured = load.run(&self.guildhall, self.time)?.told(name);
        Ok((measured.rate / of_bare.rate, measured))
    }

    fn reads_and_writes(&self, sqlite: bool) -> Outcome<bool> {
        let least = if sqlite { READS } else { POSTGRES_READS };
        let mut reached = true;
        for (name, questions) in [("GET /v1/developers/{id}", developers(&self.town)), ("GET …/matches", vec![matches(&self.town)])] {
            let (share, measured) = self.share(name, &questions)?;
            reached &= bar(share >= least, format!("{name}: {share:.3} of the bare handler's rate, at least {least}"));
            if !sqlite {
                reached &= bar(measured.p99 < POSTGRES_WAIT, format!("{name}: p99 {:.1} ms, below {POSTGRES_WAIT}", measured.p99));
            }
        }
        let (of_bare, of_layer) = (self.job_requests("/v1/job-requests", &self.bare)?, self.job_requests(bare::ROWS, &self.bare)?);
        let measured = self.job_requests("/v1/job-requests", &self.guildhall)?;
        println!("     POST /v1/job-requests: {:.3} of the bare handler's rate", measured.rate / of_bare.rate);
        let share = of_layer.rate / of_bare.rate;
        Ok(reached & (!sqlite || bar(share >= WRITES, format!("durable writes: {share:.3} of the bare handler's rate, at least {WRITES}"))))
    }

    /// Job requests sent there, to whoever takes them.
    fn job_requests(&self, path: &str, to: &Process) -> Outcome<Measured> {
        let load = self.load("written", &[Question::post(path, self.town.job_request.clone())], CONNECTIONS)?;
        load.run(to, WARM_UP)?;
        Ok(load.run(to, self.time)?.told(path))
    }

    /// Sign-ins, bounded by nothing but the hashing of passwords; then more people at once than can be served.
    fn sign_ins(&self) -> Outcome<bool> {
        let question = [Question::post("/v1/auth/login", self.town.sign_in.clone())];
        let (permits, alone) = hashing()?;
        let before = self.guildhall.memory();
        let load = self.load("sign-in", &question, CONNECTIONS)?;
        let (measured, watched) = during(&self.guildhall, || load.run(&self.guildhall, self.time))?;
        measured.told("POST /v1/auth/login");
        let crowd = self.load("crowd", &question, CROWD)?;
        let (crowded, seen) = during(&self.guildhall, || crowd.crowd(&self.guildhall, self.time))?;
        crowded.told("of a crowd of 200");
        let share = measured.rate / alone;
        let peak = seen.peak().max(watched.peak());
        let most = before + permits * PASSWORD;
        let health = |watched: &Watched, whom: &str| {
            bar(watched.p99() < HEALTH[0], format!("GET /healthz during {whom}: p99 {:.1} ms, below {}", watched.p99(), HEALTH[0]))
        };
        println!("     {:.0} % of the crowd were told to come back", crowded.refused * 100.0);
        Ok(bar(
            share >= SIGN_INS,
            format!("sign-ins: {share:.2} of the {alone:.0} passwords a second that can be hashed, at least {SIGN_INS}"),
        ) & health(&watched, "sign-ins")
            & health(&seen, "the crowd")
            & bar(peak <= most, format!("memory {before:.0} MiB before, {peak:.0} MiB at most, at most {most:.0}")))
    }

    fn slow_clients(&self) -> Outcome<bool> {
        let time = self.time.max(Duration::from_secs(10));
        let (thrown_out, watched) = during(&self.guildhall, || slow::clients(self.guildhall.address, time))?;
        println!("     slow clients were thrown out {thrown_out} times");
        Ok(bar(
            watched.p99() < HEALTH[1],
            format!("GET /healthz with 1,000 slow clients: p99 {:.1} ms, below {}", watched.p99(), HEALTH[1]),
        ))
    }

    /// Of 1,000 questions: 600 read a developer, 250 ask for matches, 95 write a job request, 54 search skills, 1 signs in.
    fn everything(&self, time: Duration) -> Outcome<bool> {
        let (developers, skills) = (developers(&self.town), Question::get("/v1/skills?q=post"));
        let kinds = [
            (600, None),
            (250, Some(matches(&self.town))),
            (95, Some(Question::post("/v1/job-requests", self.town.job_request.clone()))),
            (54, Some(skills)),
            (1, Some(Question::post("/v1/auth/login", self.town.sign_in.clone()))),
        ];
        // Evenly mixed: each kind comes at its own pace.
        let mut mixed: Vec<(usize, Question)> = Vec::new();
        for (count, question) in kinds {
            let place = |number: usize| (2 * number + 1) * CROWD * 1000 / (2 * count);
            let mut some = developers.iter().cycle();
            mixed.extend((0..count).filter_map(|number| Some((place(number), question.clone().or_else(|| some.next().cloned())?))));
        }
        mixed.sort_by_key(|(place, _)| *place);
        let questions: Vec<Question> = mixed.into_iter().map(|(_, question)| question).collect();
        let load = self.load("everything", &questions, CROWD)?;
        let (measured, watched) = during(&self.guildhall, || load.run(&self.guildhall, time))?;
        measured.told("everything at once");
        println!("     {} s on {CROWD} connections, every answer a success; GET /healthz p99 {:.1} ms", time.as_secs(), watched.p99());
        let [memory, descriptors] = watched.growth();
        println!("     {:.0} MiB at most", watched.peak());
        Ok(bar(memory <= GROWTH, format!("memory {memory:.3} times as much at the end, at most {GROWTH}"))
            & bar(descriptors <= GROWTH, format!("descriptors {descriptors:.3} times as many at the end, at most {GROWTH}")))
    }
}

/// How many passwords are hashed at once by default, and how many a second this machine can hash when it does nothing else.
fn hashing() -> Outcome<(f64, f64)> {
    const TIMES: usize = 20;
    let settings = load_from(None, Default::default())?;
    let permits = std::thread::available_parallelism().map_or(1, usize::from);
    actix_web::rt::System::new().block_on(async {
        let passwords = Arc::new(Passwords::new(&settings.auth)?);
        let began = Instant::now();
        let hashing: Vec<_> = (0..permits)
            .map(|_| {
                let passwords = passwords.clone();
                actix_web::rt::spawn(async move {
                    for _ in 0..TIMES {
                        passwords.hash("the password of a load test".to_owned().into()).await?;
                    }
                    Ok::<_, guildhall::kernel::error::Error>(())
                })
            })
            .collect();
        for each in hashing {
            each.await??;
        }
        Ok((permits as f64, (TIMES * permits) as f64 / began.elapsed().as_secs_f64()))
    })
}
