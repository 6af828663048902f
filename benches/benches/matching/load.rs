//! How long a node takes from a SQLite file to an engine that answers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use guildhall::db::Conn;
use guildhall::kernel::clock::Instant;
use guildhall::kernel::zone::TimeZone;
use guildhall::matching::engine::Engine;
use guildhall::matching::rules::Rules;
use guildhall::matching::store;
use guildhall_benches::fill;
use guildhall_benches::world::World;

use crate::measure::timed;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The one place to change when the store loads engines itself: everything that a node does between opening the database and
/// its first answer.
fn load(conn: &mut Conn, rules: Arc<Rules>, now: Instant) -> Outcome<Engine> {
    let pool = store::pool(conn, None, now)?;
    Ok(Engine::build(rules, pool, now.date())?)
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
    let (engine, took) = timed(|| load(&mut fill::open(&file)?, world.rules.clone(), now));
    let engine = engine?;
    println!(
        "  SQLite     {:.2} s to load {} vetted of {count} developers (the file: {megabytes} MB, filled in {:.1} s)",
        took.as_secs_f64(),
        engine.len(),
        filling.as_secs_f64()
    );
    if engine.len() == pool { Ok(took.as_secs_f64()) } else { Err(format!("{} of {pool} were loaded", engine.len()).into()) }
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
