//! The bars over HTTP: `GET /v1/job-requests/{id}/matches?limit=20` of a release server beside a bare actix handler that
//! returns the same bytes, under one generator (`wrk`), and the same while developers change their profiles.
//!
//! With `surface`: what else is asked for, against the same ceiling (see `surface.rs`).
//!
//! `benches/http` builds what is needed and runs it.

mod bare;
mod database;
mod guesses;
mod processes;
mod requests;
mod slow;
mod surface;
mod town;
mod updates;
mod watch;
mod wrk;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use guildhall::kernel::clock::{Clock as _, SystemClock};
use guildhall_benches::client::Outcome;
use guildhall_benches::world::World;

use crate::processes::{Folder, Limits, Process};
use crate::updates::Written;
use crate::wrk::{Load, Measured, Question, median};

/// The server's allocator, for the bare handler as well.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "usage: benches/http [--developers NUMBER] [--seconds NUMBER] [--rounds NUMBER] [--updates NUMBER_A_SECOND]
       benches/http surface [--seconds NUMBER] [--mixed NUMBER_OF_SECONDS]";
/// The least share of the bare handler's rate: with up to 100,000 developers, and with more.
const SHARES: [f64; 2] = [0.3, 0.12];
/// How much longer p99 may be under updates.
const LONGER: f64 = 3.0;
/// What of the asked pace must be reached for the last bar to say anything.
const PACE: f64 = 0.95;
/// Before the first measurement of each.
const WARM_UP: Duration = Duration::from_secs(2);

struct Options {
    developers: u64,
    seconds: u64,
    rounds: u64,
    updates: u64,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["bare", folder] => bare::serve(folder.as_ref()).map(|()| true),
        ["surface", ..] => surface::Options::of(&arguments).and_then(|options| surface::run(&options)),
        _ => Options::of(&arguments).and_then(|options| run(&options)),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

impl Options {
    fn of(arguments: &[String]) -> Outcome<Self> {
        let mut options = Self { developers: 100_000, seconds: 10, rounds: 3, updates: 500 };
        for pair in arguments.chunks(2) {
            let (name, number) = option(pair)?;
            *match name {
                "--developers" => &mut options.developers,
                "--seconds" => &mut options.seconds,
                "--rounds" => &mut options.rounds,
                "--updates" => &mut options.updates,
                _ => return Err(USAGE.into()),
            } = number;
        }
        Ok(options)
    }
}

/// A name and its number, which is not 0.
fn option(pair: &[String]) -> Outcome<(&str, u64)> {
    let [name, value] = pair else { return Err(USAGE.into()) };
    Ok((name, value.parse().ok().filter(|number| *number > 0).ok_or(USAGE)?))
}

/// Measures and prints; whether every bar is reached.
fn run(options: &Options) -> Outcome<bool> {
    wrk::is_there()?;
    let (folder, now) = (Folder::new()?, SystemClock.now());
    let world = World::new(now.date());
    let file = database::fresh_copy(&folder, &world, options.developers, now)?;
    let people = database::sign_in(&file, options.developers, now)?;
    let (guildhall, took) = Process::guildhall(&folder, &format!("sqlite:{}", file.display()), Limits::Off)?;
    println!("{} developers; ready after {:.1} s", options.developers, took.as_secs_f64());
    let answers = requests::open(guildhall.address, &people.client, &world)?;
    requests::keep(&answers, &folder)?;
    let bytes: Vec<usize> = answers.iter().map(|answer| answer.body.len()).collect();
    println!("{} job requests, each with 20 matches of {bytes:?} bytes in all\n", answers.len());
    let bare = Process::bare(&folder)?;
    let questions: Vec<Question> = answers.iter().map(|answer| Question::get(&answer.path)).collect();
    let load = Load::new(&folder, "matches", &people.client, &questions, wrk::CONNECTIONS)?;

    let time = Duration::from_secs(options.seconds);
    let (mut of_bare, mut quiet, mut busy, mut written) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    [&bare, &guildhall].into_iter().try_for_each(|server| load.run(server, WARM_UP).map(drop))?;
    println!("{:24}{:>12}{:>12}{:>12}{:>12}", "", "requests/s", "p50 in ms", "p99 in ms", "µs of CPU");
    let under_updates = |time| -> Outcome<(Measured, Written)> {
        let stop = AtomicBool::new(false);
        let (measured, done) = std::thread::scope(|scope| {
            let writer = scope.spawn(|| updates::write(guildhall.address, &people.developers, &world, options.updates, &stop));
            let measured = load.run(&guildhall, time);
            stop.store(true, Ordering::SeqCst);
            (measured, writer.join())
        });
        Ok((measured?, done.map_err(|_| "the updates panicked")??))
    };
    under_updates(WARM_UP)?;
    for _ in 0..options.rounds {
        of_bare.push(load.run(&bare, time)?.told("bare handler"));
        quiet.push(load.run(&guildhall, time)?.told("guildhall"));
        let (measured, done) = under_updates(time)?;
        busy.push(measured.told("guildhall, updates"));
        written.push(done.told());
    }
    Ok(verdict(options, &of_bare, &quiet, &busy, &written))
}

fn verdict(options: &Options, bare: &[Measured], quiet: &[Measured], busy: &[Measured], written: &[Written]) -> bool {
    let of = |measured: &[Measured], what: fn(&Measured) -> f64| median(measured.iter().map(what).collect());
    println!("\nmedians of {} rounds of {} s", options.rounds, options.seconds);
    let least = if options.developers <= 100_000 { SHARES[0] } else { SHARES[1] };
    let share = of(quiet, |measured| measured.rate) / of(bare, |measured| measured.rate);
    let longer = of(busy, |measured| measured.p99) / of(quiet, |measured| measured.p99);
    let pace = median(written.iter().map(|written| written.pace).collect());
    bar(share >= least, format!("rate {share:.3} of the bare handler's, at least {least}"))
        & bar(longer <= LONGER, format!("p99 under updates {longer:.2} times the p99 without, at most {LONGER}"))
        & bar(pace >= PACE * options.updates as f64, format!("{pace:.0} updates a second, of {}", options.updates))
}

fn bar(reached: bool, says: String) -> bool {
    println!("{} {says}", if reached { "PASS" } else { "FAIL" });
    reached
}
