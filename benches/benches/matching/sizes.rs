//! One size after the other: build, compare, time, change; then what the sizes say together.

use std::time::Duration;

use guildhall::matching::domain::{Candidate, Request};
use guildhall::matching::engine::Engine;
use guildhall_benches::developers::pool;
use guildhall_benches::records::Table;
use guildhall_benches::requests::request;
use guildhall_benches::survey;
use guildhall_benches::world::World;

use crate::bitmaps::Bitmaps;
use crate::changes::{self, Changes, Percolation};
use crate::load;
use crate::measure::timed;
use crate::peers::{Naive, Ours, Peer};
use crate::postgres::{Cluster, Postgres};
use crate::queries::{self, TOUCH, Timing};
use crate::report::Report;
use crate::text::Text;
use crate::touch::Touch;

/// Requests asked of every engine.
const REQUESTS: u64 = 300;
/// Rounds of them, unless an engine has used up its time.
const ROUNDS: usize = 9;
const BUDGET: Duration = Duration::from_secs(8);
/// The size that most bars are stated for.
const MILLION: u64 = 1_000_000;
/// From the smallest to the largest size an update or a percolation may take so many times as long and still counts as
/// independent of the number of developers: what is left of a hundredfold is cache misses.
const FLAT: f64 = 4.0;

/// What was measured at a size.
pub struct Size {
    developers: u64,
    timings: Vec<Timing>,
    bytes: f64,
    changes: Changes,
    percolation: Percolation,
    sqlite: f64,
}

/// What every size needs.
pub struct Run<'a> {
    /// Whence developers and requests come.
    pub world: &'a World,
    /// Where PostgreSQL is installed.
    pub cluster: Option<&'a Cluster>,
}

impl Run<'_> {
    /// The survey's developers: answers and times, no bars but equality.
    pub fn survey(&self, report: &mut Report) {
        let candidates = survey::pool(self.world);
        println!("\n== The survey's {} developers, all taken as vetted", candidates.len());
        let engine = self.engine(candidates.iter().cloned());
        let table = Table::new(self.world.rules.clone(), candidates, self.world.today);
        self.questions(&engine, &table, &self.requests(), "the survey's developers", report);
    }

    /// `developers` generated ones.
    pub fn size(&self, developers: u64, report: &mut Report) -> Size {
        let world = self.world;
        let (count, generating) = timed(|| pool(world, developers).count());
        println!("\n== {developers} developers, {count} of them vetted");
        let (mut engine, building) = timed(|| self.engine(pool(world, developers)));
        let bytes = engine.memory_bytes() as f64 / count as f64;
        let (generating, building) = (generating.as_secs_f64(), building.as_secs_f64());
        println!(
            "  build      {building:.2} s one by one from generated developers ({generating:.2} s of it to generate them); {bytes:.0} bytes each"
        );
        let requests = self.requests();
        let mut table = Table::new(world.rules.clone(), pool(world, developers), world.today);
        let timings = self.questions(&engine, &table, &requests, &format!("{developers} developers"), report);
        let percolation = changes::percolation(world, &engine, &table);
        report.equal("percolation", &percolation.differences);
        let changes = changes::updates(world, &mut engine, &mut table, &requests);
        report.equal("answers after updates", &changes.differences);
        drop((engine, table));
        let sqlite = load::seconds(world, developers, count).unwrap_or_else(|error| {
            println!("  SQLite     failed: {error}");
            f64::INFINITY
        });
        Size { developers, timings, bytes, changes, percolation, sqlite }
    }

    fn engine(&self, candidates: impl IntoIterator<Item = Candidate>) -> Engine {
        Engine::build(self.world.rules.clone(), candidates, self.world.today).expect("room for everybody")
    }

    fn requests(&self) -> Vec<Request> {
        (0..REQUESTS).map(|number| request(self.world, number)).collect()
    }

    fn questions(&self, engine: &Engine, table: &Table, requests: &[Request], name: &str, report: &mut Report) -> Vec<Timing> {
        let mut peers = self.peers(engine, table);
        report.equal(&format!("answers, {name}"), &queries::differences(&mut peers, requests));
        let touch = Touch::new(table, requests);
        let timings = queries::time(&mut peers, &touch, requests, ROUNDS, BUDGET);
        queries::print(&timings);
        timings
    }

    /// All of them, the naive scan first: the others are compared with it.
    fn peers<'a>(&self, engine: &'a Engine, table: &'a Table) -> Vec<Box<dyn Peer + 'a>> {
        let today = self.world.today;
        let ours = |gates, facets| Box::new(Ours { engine, today, gates, facets }) as Box<dyn Peer>;
        let mut peers: Vec<Box<dyn Peer>> = vec![Box::new(Naive(table)), ours(false, false), ours(true, false), ours(true, true)];
        let (bitmaps, of_bitmaps) = timed(|| Bitmaps::new(table));
        let (text, of_text) = timed(|| Text::new(table).expect("an index in memory"));
        let (postgres, of_postgres) = timed(|| self.cluster.map(|cluster| Postgres::new(table, cluster).expect("a table")));
        let seconds = |took: Duration| took.as_secs_f64();
        let (of_bitmaps, of_text, of_postgres) = (seconds(of_bitmaps), seconds(of_text), seconds(of_postgres));
        println!("  peers      built in {of_bitmaps:.1} s (bitmaps), {of_text:.1} s (tantivy), {of_postgres:.1} s (PostgreSQL)");
        peers.push(Box::new(bitmaps));
        peers.push(Box::new(text));
        peers.extend(postgres.map(|postgres| Box::new(postgres) as Box<dyn Peer>));
        peers
    }
}

impl Size {
    fn p50(&self, name: &str) -> f64 {
        queries::p50(&self.timings, name).unwrap_or(f64::NAN)
    }
}

/// Every bar of the design, at the largest size.
pub fn bars(sizes: &[Size], report: &mut Report) {
    let (Some(first), Some(last)) = (sizes.first(), sizes.last()) else { return };
    let counts = last.developers >= MILLION;
    let engine = last.p50("engine");
    report.at_most("p50 against tantivy", engine / last.p50("tantivy"), 0.25, "of it", counts);
    report.at_least("p50 against the naive scan", last.p50("naive scan") / engine, 60.0, "times faster", counts);
    report.at_most("p50 against the touch-only kernel", engine / last.p50(TOUCH), 5.0, "times it", counts);
    for pair in sizes.windows(2) {
        let [small, large] = pair else { continue };
        let name = format!("p50 from {} to {} developers", small.developers, large.developers);
        let limit = 1.1 * large.developers as f64 / small.developers as f64;
        report.at_most(&name, large.p50("engine") / small.p50("engine"), limit, "times it", large.developers >= MILLION);
    }
    report.at_most("gates and facets against the pruned top 20", last.p50("engine, gates and facets") / engine, 1.5, "times it", counts);
    report.at_most("memory of a vetted developer", last.bytes, 256.0, "bytes", counts);
    report.at_most("rebuild from memory", last.changes.rebuild, 1.0, "s", counts);
    report.at_most("load from SQLite", last.sqlite, 15.0, "s", counts);
    let updates = |size: &Size| [size.changes.edit, size.changes.learn];
    for (name, (large, small)) in ["unchanged", "changed"].iter().zip(updates(last).into_iter().zip(updates(first))) {
        let name = format!("update with {name} skills, largest against smallest size");
        report.at_most(&name, large / small, FLAT, "times it", sizes.len() > 1);
    }
    let percolation = &last.percolation;
    report.at_least("percolation against testing every open request", percolation.brute / percolation.p50, 15.0, "times faster", true);
    report.at_most(
        "percolation, largest against smallest size",
        percolation.p50 / first.percolation.p50,
        FLAT,
        "times it",
        sizes.len() > 1,
    );
}
