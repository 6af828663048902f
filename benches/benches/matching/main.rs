//! `cargo bench --bench matching` measures the matching engine and its peers on the same questions, in one run.
//!
//! `-- --quick` takes 10,000 developers only; `-- --sizes 10k,1M` others. Exits with an error when a bar fails or any two
//! engines differ in an answer.

mod bitmaps;
mod changes;
mod load;
mod measure;
mod oracle;
mod peers;
mod postgres;
mod queries;
mod report;
mod sizes;
mod text;
mod touch;

use std::process::ExitCode;

use chrono::NaiveDate;

use guildhall_benches::world::World;

use crate::postgres::Cluster;
use crate::report::Report;
use crate::sizes::{Run, Size};

/// The server's allocator, for everybody.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The day of every question: fixed, so that every run asks the same.
const TODAY: (i32, u32, u32) = (2026, 11, 23);
const QUICK: &str = "10k";
const ALL: &str = "10k,100k,1M";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|each| each != "--bench").collect();
    let sizes = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => ALL,
        ["--quick"] => QUICK,
        ["--sizes", sizes] => sizes,
        _ => return usage(),
    };
    let Some(sizes) = sizes.split(',').map(number).collect::<Option<Vec<u64>>>() else { return usage() };
    let began = std::time::Instant::now();
    let (year, month, day) = TODAY;
    let world = World::new(NaiveDate::from_ymd_opt(year, month, day).expect("a date"));
    println!("Matching, on {}: three of ten generated developers are vetted, and only they are in any engine.", world.today);
    measure::print_floor();
    let mut report = Report::default();
    report.equal("reference matcher", &oracle::differences(&world));
    let cluster = Cluster::start();
    if cluster.is_none() {
        println!("SKIPPED   PostgreSQL: its binaries (initdb, pg_ctl, postgres) are not installed");
    }
    let run = Run { world: &world, cluster: cluster.as_ref() };
    run.survey(&mut report);
    let measured: Vec<Size> = sizes.into_iter().map(|developers| run.size(developers, &mut report)).collect();
    sizes::bars(&measured, &mut report);
    let holds = report.finish();
    println!("{:.0} s in all", began.elapsed().as_secs_f64());
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn usage() -> ExitCode {
    eprintln!("usage: cargo bench --bench matching [-- --quick | --sizes 10k,100k,1M]");
    ExitCode::from(2)
}

/// 10k, 1M, 5000.
fn number(text: &str) -> Option<u64> {
    let (digits, unit) = match text.chars().last()? {
        'k' => (text.trim_end_matches('k'), 1000),
        'M' => (text.trim_end_matches('M'), 1_000_000),
        _ => (text, 1),
    };
    digits.parse().ok().map(|number: u64| number * unit).filter(|number| *number >= 1000)
}
