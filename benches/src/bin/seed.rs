//! Fills a new SQLite file with generated developers:
//! `cargo run -p guildhall-benches --release --bin seed -- sqlite:FILE --developers 100000`.

use std::path::Path;
use std::process::ExitCode;

use guildhall::kernel::clock::{Clock as _, SystemClock};
use guildhall_benches::fill;
use guildhall_benches::world::World;

const USAGE: &str = "usage: seed sqlite:FILE [--developers NUMBER]";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (url, count) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [url] => (url, 100_000),
        [url, "--developers", count] | ["--developers", count, url] => (url, count.parse()?),
        _ => return Err(USAGE.into()),
    };
    let path = Path::new(url.strip_prefix("sqlite:").ok_or(USAGE)?);
    if path.exists() {
        return Err(format!("{} is there already: name a new file", path.display()).into());
    }
    let now = SystemClock.now();
    let began = std::time::Instant::now();
    fill::fill(&mut fill::open(path)?, &World::new(now.date()), count, now)?;
    println!("{count} developers in {:.1} s, three of ten vetted: {}", began.elapsed().as_secs_f64(), path.display());
    Ok(())
}
