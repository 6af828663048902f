//! How long a node takes from a SQLite file to an engine that answers.

use std::path::{Path, PathBuf};

use guildhall::db::Conn;
use guildhall::db::feed::Follower as _;
use guildhall::kernel::clock::Instant;
use guildhall::kernel::zone::TimeZone;
use guildhall::matching::index::MatchIndex;
use guildhall::matching::rules::Rules;
use guildhall_benches::fill;
use guildhall_benches::world::World;

use crate::measure::timed;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Everything that a node does between opening the database and its first answer.
fn load(conn: &mut Conn, rules: Rules, now: Instant) -> Outcome<MatchIndex> {
    let index = MatchIndex::new(rules);
    index.load(conn, now)?;
    Ok(index)
}

/// Seconds from a file with `count` developers to an engine.
///
/// # Errors
/// When the file cannot be written or read, or the engine misses somebody.
pub fn seconds(world: &World, count: u64, pool: usize) -> Outcome<f64> {
    let folder = Folder::new()?;
    let file = folder.0.join("guildhall.db");
    let now = TimeZone::UTC.at(world.today, 12 * 60);
    let (filled, filling) = timed(|| fill::fill(&mut fill::open(&file)?, world, count, now));
    filled?;
    let megabytes = std::fs::metadata(&file)?.len() / 1_000_000;
    let (index, took) = timed(|| load(&mut fill::open(&file)?, (*world.rules).clone(), now));
    let loaded = index?.live().engine.len();
    println!(
        "  SQLite     {:.2} s to load {} vetted of {count} developers (the file: {megabytes} MB, filled in {:.1} s)",
        took.as_secs_f64(),
        loaded,
        filling.as_secs_f64()
    );
    if loaded == pool { Ok(took.as_secs_f64()) } else { Err(format!("{loaded} of {pool} were loaded").into()) }
}

/// A temporary folder that is gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("guildhall-bench-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(Path::new(&self.0)));
    }
}
