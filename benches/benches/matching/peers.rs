//! What all peers have in common, and the two plain ones: the engine under test in its three moods, and the naive scan.

use chrono::NaiveDate;

use guildhall::matching::domain::Request;
use guildhall::matching::engine::Engine;
use guildhall::matching::engine_ask::{Ask, Found};
use guildhall::matching::ratio::Points;
use guildhall_benches::best::{Answer, Best};
use guildhall_benches::question::Question;
use guildhall_benches::records::Table;

/// How many of the best everybody returns.
pub const LIMIT: usize = 20;

/// Answers requests.
pub trait Peer {
    /// For the report.
    fn name(&self) -> &'static str;
    /// The best for `request`; everything that depends on the request is done in here.
    fn find(&mut self, request: &Request) -> Answer;
}

/// The engine under test.
pub struct Ours<'a> {
    /// The engine.
    pub engine: &'a Engine,
    /// The day.
    pub today: NaiveDate,
    /// Whether gates are counted.
    pub gates: bool,
    /// Whether facets are counted.
    pub facets: bool,
}

impl Ours<'_> {
    /// What the engine finds, in its own words.
    pub fn found(&self, request: &Request) -> Found {
        let (today, gates, facets) = (self.today, self.gates, self.facets);
        let min_score = Points::from_hundredths(0);
        self.engine.find(&Ask { request, organization: None, invited: &[], today, limit: LIMIT, min_score, gates, facets })
    }
}

impl Peer for Ours<'_> {
    fn name(&self) -> &'static str {
        match (self.gates, self.facets) {
            (false, false) => "engine",
            (true, false) => "engine, gates",
            _ => "engine, gates and facets",
        }
    }

    fn find(&mut self, request: &Request) -> Answer {
        let found = self.found(request);
        let best = found.best.iter().map(|best| (best.developer, best.score.hundredths())).collect();
        Answer { best, total: found.tally.total }
    }
}

/// Every record through every gate.
pub struct Naive<'a>(pub &'a Table);

impl Peer for Naive<'_> {
    fn name(&self) -> &'static str {
        "naive scan"
    }

    fn find(&mut self, request: &Request) -> Answer {
        let question = Question::new(request, self.0);
        let mut best = Best::new(request.id, LIMIT);
        for record in &self.0.records {
            if question.passes(record) {
                best.offer(record.developer, question.score(record));
            }
        }
        best.answer()
    }
}
