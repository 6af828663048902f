//! What happens to an index between questions: updates, rebuilds, and the question asked the other way round.

use chrono::NaiveDate;

use guildhall::kernel::ids::JobRequestId;
use guildhall::matching::domain::{Candidate, Request};
use guildhall::matching::engine::Engine;
use guildhall::matching::percolation::Percolator;
use guildhall_benches::developers::{developer, edited, learned, number_of};
use guildhall_benches::question::Question;
use guildhall_benches::random::Random;
use guildhall_benches::records::Table;
use guildhall_benches::requests::{organization, request};
use guildhall_benches::world::World;

use crate::measure::{Samples, timed};
use crate::peers::{Naive, Ours, Peer};
use crate::queries;

/// Open requests that are percolated.
const OPEN: u64 = 10_000;
/// Numbers of requests that nothing else asks.
const FIRST_OPEN: u64 = 1_000_000;
/// Developers who become matchable, for the percolator and for the far slower brute force.
const PERCOLATED: usize = 1000;
const BRUTE: usize = 40;
/// Updates of each kind, and at most this part of the pool.
const UPDATES: usize = 2000;
const AT_MOST_ONE_OF: usize = 4;
/// Requests that are compared again after the updates.
const COMPARED: usize = 60;

/// Medians in microseconds, and a rebuild in seconds.
pub struct Changes {
    /// Of an update that leaves the skills alone.
    pub edit: f64,
    /// Of one that does not.
    pub learn: f64,
    /// Of a rebuild beside.
    pub rebuild: f64,
    /// What differed afterwards.
    pub differences: Vec<String>,
}

/// Updates many developers in `engine` and in `table` alike, then compares the answers, then rebuilds and compares again.
pub fn updates(world: &World, engine: &mut Engine, table: &mut Table, requests: &[Request]) -> Changes {
    let count = UPDATES.min(table.records.len() / AT_MOST_ONE_OF);
    let random = &mut Random::of(8, 8);
    let slots: Vec<usize> = (0..count).map(|_| random.index(table.records.len())).collect();
    let change = |slot: usize| (slot, edited(world, developer(world, number_of(slot)), slot as u64));
    let edits: Vec<(usize, Candidate)> = slots.into_iter().map(change).collect();
    let edit = apply(&edits, engine, table, world.today);
    let learning = |(slot, candidate): (usize, Candidate)| (slot, learned(world, candidate, slot as u64));
    let lessons: Vec<(usize, Candidate)> = edits.into_iter().map(learning).collect();
    let learn = apply(&lessons, engine, table, world.today);
    let compared = &requests[..COMPARED.min(requests.len())];
    let mut differences = compare(engine, table, compared);
    let (rebuilt, took) = timed(|| engine.rebuilt().expect("as much room as before"));
    differences.extend(compare(&rebuilt, table, compared));
    println!(
        "  updates    p50 {:.2} µs, p99 {:.2} µs with unchanged skills; p50 {:.2} µs, p99 {:.2} µs with changed ones ({count} each)",
        edit.p50(),
        edit.p99(),
        learn.p50(),
        learn.p99()
    );
    println!("  rebuild    {:.3} s from memory", took.as_secs_f64());
    Changes { edit: edit.p50(), learn: learn.p50(), rebuild: took.as_secs_f64(), differences }
}

fn apply(changes: &[(usize, Candidate)], engine: &mut Engine, table: &mut Table, today: NaiveDate) -> Samples {
    let mut samples = Samples::default();
    for (slot, candidate) in changes {
        samples.time(|| engine.put(candidate, today)).expect("room for a change");
        table.replace(*slot, candidate);
    }
    samples
}

fn compare(engine: &Engine, table: &Table, requests: &[Request]) -> Vec<String> {
    let today = table.today;
    queries::differences(
        &mut [Box::new(Naive(table)) as Box<dyn Peer>, Box::new(Ours { engine, today, gates: false, facets: false })],
        requests,
    )
}

/// How percolation did.
pub struct Percolation {
    /// The median, in microseconds.
    pub p50: f64,
    /// The median of testing every open request, in microseconds.
    pub brute: f64,
    /// Developers for whom they differ.
    pub differences: Vec<String>,
}

/// Which of 10,000 open requests fit a developer: the percolator against the prepared requests tested one by one.
pub fn percolation(world: &World, engine: &Engine, table: &Table) -> Percolation {
    let open: Vec<Request> = (FIRST_OPEN..FIRST_OPEN + OPEN).map(|number| request(world, number)).collect();
    let mut percolator = Percolator::default();
    for request in &open {
        percolator.put(request.id.expect("saved requests"), organization(), request.clone(), engine);
    }
    let questions: Vec<(JobRequestId, Question<'_>)> =
        open.iter().map(|request| (request.id.expect("saved requests"), Question::new(request, table))).collect();
    let random = &mut Random::of(7, 7);
    let slots: Vec<usize> = (0..PERCOLATED).map(|_| random.index(table.records.len())).collect();
    let (mut fast, mut brute, mut differences, mut fits) = (Samples::default(), Samples::default(), Vec::new(), 0);
    for slot in &slots[..BRUTE] {
        let record = &table.records[*slot];
        let test = || questions.iter().filter(|(_, question)| question.passes(record)).map(|(id, _)| *id).collect();
        let mut expected: Vec<JobRequestId> = brute.time(test);
        expected.sort_unstable_by(|left, right| right.cmp(left));
        if percolator.fits(engine, record.developer) != expected {
            differences.push(format!("percolation of {}", record.developer));
        }
    }
    let began = std::time::Instant::now();
    for slot in slots {
        let developer = table.records[slot].developer;
        fits += fast.time(|| percolator.fits(engine, developer)).len();
        if began.elapsed().as_secs() > 5 {
            break;
        }
    }
    println!(
        "  percolate  p50 {:.2} µs, p99 {:.2} µs over {OPEN} open requests ({fits} fits); one by one p50 {:.1} µs",
        fast.p50(),
        fast.p99(),
        brute.p50()
    );
    Percolation { p50: fast.p50(), brute: brute.p50(), differences }
}
