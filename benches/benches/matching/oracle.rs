//! Before anything is timed: the record table, from which the peers score, and the engine agree with the reference matcher.

use guildhall::matching::domain::{Candidate, Request};
use guildhall::matching::engine::Engine;
use guildhall::matching::facets::Facets;
use guildhall::matching::ranking::{Ranking, rank};
use guildhall_benches::developers::pool;
use guildhall_benches::question::Question;
use guildhall_benches::records::Table;
use guildhall_benches::requests::request;
use guildhall_benches::world::World;

use crate::peers::{LIMIT, Ours};

const DEVELOPERS: usize = 2000;
const REQUESTS: u64 = 50;

/// What differs on 2,000 developers and 50 requests: gates, scores, order, counts, facets.
pub fn differences(world: &World) -> Vec<String> {
    let candidates: Vec<Candidate> = pool(world, u64::MAX).take(DEVELOPERS).collect();
    let table = Table::new(world.rules.clone(), candidates.iter().cloned(), world.today);
    let engine = Engine::build(world.rules.clone(), candidates.iter().cloned(), world.today).expect("room for 2,000");
    let requests = (0..REQUESTS).map(|number| request(world, number));
    let (mut differences, mut passed) = (Vec::new(), 0);
    for request in requests {
        let ranking = rank(&request, &candidates, &world.rules, world.today);
        passed += ranking.tally.total;
        differences.extend(of_table(&request, &table, &ranking));
        differences.extend(of_engine(&request, &engine, &ranking, world));
    }
    println!("oracle    {DEVELOPERS} developers × {REQUESTS} requests, {passed} matches: {} differences", differences.len());
    differences
}

fn of_table(request: &Request, table: &Table, ranking: &Ranking<'_>) -> Option<String> {
    let question = Question::new(request, table);
    let passing = table.records.iter().filter(|record| question.passes(record));
    let mut scored: Vec<_> = passing.map(|record| (record.developer, question.score(record))).collect();
    let mut expected: Vec<_> = ranking.passing.iter().map(|each| (each.candidate.developer_id, each.score.total().hundredths())).collect();
    scored.sort_unstable();
    expected.sort_unstable();
    let first = scored.iter().zip(&expected).find(|(left, right)| left != right);
    (scored != expected).then(|| format!("{:?}: {} of the table, {} expected, {first:?}", request.id, scored.len(), expected.len()))
}

fn of_engine(request: &Request, engine: &Engine, ranking: &Ranking<'_>, world: &World) -> Option<String> {
    let found = Ours { engine, today: world.today, gates: true, facets: true }.found(request);
    let best = found.best.iter().map(|best| (best.developer, best.score));
    let expected = ranking.passing.iter().take(LIMIT).map(|each| (each.candidate.developer_id, each.score.total()));
    let facets = Facets::of(ranking.passing.iter().map(|each| each.candidate), world.today);
    let same = best.eq(expected) && found.tally == ranking.tally && found.facets.as_ref() == Some(&facets);
    (!same).then(|| format!("{:?}: the engine's best, gates or facets are not the reference matcher's", request.id))
}
