//! The engine's seam, for now before the reference matcher.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chrono::NaiveDate;

use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::DeveloperId;
use crate::kernel::ids::OrganizationId;
use crate::matching::domain::Candidate;
use crate::matching::domain::Request;
use crate::matching::facets::Facets;
use crate::matching::gates::Tally;
use crate::matching::gates::Verdict;
use crate::matching::ranking;
use crate::matching::ratio::Points;
use crate::matching::rules::Question;
use crate::matching::rules::Rules;
use crate::matching::search;
use crate::matching::search::Search;
use crate::matching::search::SearchPage;

/// A question to the engine.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// What is looked for.
    pub request: &'a Request,
    /// Whose blocks hold; `None` for nobody's.
    pub organization: Option<OrganizationId>,
    /// Who accepted an invitation to this request.
    pub invited: &'a [DeveloperId],
    /// The UTC day on which parts that depend on time are evaluated.
    pub today: NaiveDate,
    /// How many of the best.
    pub limit: usize,
    /// None below this score.
    pub min_score: Points,
    /// Whether the gates are counted one by one.
    pub gates: bool,
    /// Whether facets are counted.
    pub facets: bool,
}

/// One of the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Best {
    /// Who.
    pub developer: DeveloperId,
    /// How well.
    pub score: Points,
}

/// What the engine found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The best first.
    pub best: Vec<Best>,
    /// Pool and total always; what each gate removed when asked for, else zeros.
    pub tally: Tally,
    /// Of all who pass, when asked for.
    pub facets: Option<Facets>,
}

/// All vetted developers, in memory.
pub struct Engine {
    rules: Arc<Rules>,
    pool: BTreeMap<DeveloperId, Candidate>,
    blocks: HashMap<OrganizationId, HashSet<DeveloperId>>,
}

impl Engine {
    /// Without anybody.
    pub fn new(rules: Arc<Rules>) -> Self {
        Self { rules, pool: BTreeMap::new(), blocks: HashMap::new() }
    }

    /// With `candidates`, as of `today`.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub fn build(rules: Arc<Rules>, candidates: impl IntoIterator<Item = Candidate>, today: NaiveDate) -> Result<Self> {
        let mut engine = Self::new(rules);
        for candidate in candidates {
            engine.put(&candidate, today)?;
        }
        Ok(engine)
    }

    /// Adds `candidate`, or replaces what was known, as of `today`.
    ///
    /// # Errors
    /// When a limit of the layout is reached; the message names it.
    pub fn put(&mut self, candidate: &Candidate, _today: NaiveDate) -> Result<()> {
        self.pool.insert(candidate.developer_id, candidate.clone());
        Ok(())
    }

    /// Takes a developer out; nothing happens where there is none.
    pub fn remove(&mut self, id: DeveloperId) {
        self.pool.remove(&id);
    }

    /// From now on exactly `blocked` and `organization` are never matched.
    pub fn block(&mut self, organization: OrganizationId, blocked: impl IntoIterator<Item = DeveloperId>) {
        self.blocks.insert(organization, blocked.into_iter().collect());
    }

    /// Whether a developer is in the pool.
    pub fn contains(&self, id: DeveloperId) -> bool {
        self.pool.contains_key(&id)
    }

    /// How many developers there are.
    pub fn len(&self) -> usize {
        self.pool.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.pool.is_empty()
    }

    /// Other rules from now on: substitutes, rates, weights.
    pub fn set_rules(&mut self, rules: Arc<Rules>) {
        self.rules = rules;
    }

    /// The first instant at which somebody's record stops being right by itself.
    pub fn due(&self) -> Option<Instant> {
        self.pool.values().filter_map(|candidate| candidate.right_until).min()
    }

    /// Those whose records are not right any more at `now`: to be read again and put, or removed.
    pub fn overdue(&self, now: Instant) -> Vec<DeveloperId> {
        let overdue = self.pool.values().filter(|candidate| candidate.right_until.is_some_and(|until| until <= now));
        overdue.map(|candidate| candidate.developer_id).collect()
    }

    /// Whether so many records are dead that [`Self::rebuilt`] is worth its time.
    pub fn wants_rebuild(&self) -> bool {
        false
    }

    /// A compact copy with the same answers, for whoever holds the only writing end to put in the place of this one.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub fn rebuilt(&self) -> Result<Self> {
        Ok(Self { rules: self.rules.clone(), pool: self.pool.clone(), blocks: self.blocks.clone() })
    }

    /// Bytes of memory that the records take.
    pub fn memory_bytes(&self) -> usize {
        self.pool.len() * size_of::<Candidate>()
    }

    /// The best for a request.
    pub fn find(&self, ask: &Ask<'_>) -> Found {
        let pool: Vec<Candidate> = self
            .pool
            .values()
            .filter(|each| !self.is_blocked(ask.organization, each.developer_id))
            .cloned()
            .map(|each| Candidate { accepted_invitation: ask.invited.contains(&each.developer_id), ..each })
            .collect();
        let ranking = ranking::rank(ask.request, &pool, &self.rules, ask.today);
        let best = ranking.passing.iter().map(|each| Best { developer: each.candidate.developer_id, score: each.score.total() });
        let best = best.filter(|best| best.score >= ask.min_score).take(ask.limit).collect();
        let facets = ask.facets.then(|| Facets::of(ranking.passing.iter().map(|each| each.candidate), ask.today));
        Found { best, tally: ranking.tally, facets }
    }

    /// One page of a search.
    pub fn search(&self, search: &Search, today: NaiveDate) -> SearchPage {
        search::search(search, self.pool.values(), &self.rules, today)
    }

    /// Whether a developer of the pool passes all gates of `request`, which is `organization`'s, on `today`.
    pub fn passes(&self, request: &Request, organization: Option<OrganizationId>, id: DeveloperId, today: NaiveDate) -> bool {
        let question = Question::new(request, &self.rules, today);
        let candidate = self.pool.get(&id).filter(|_| !self.is_blocked(organization, id));
        candidate.is_some_and(|candidate| Verdict::of(&question, candidate) == Verdict::Passes)
    }

    fn is_blocked(&self, organization: Option<OrganizationId>, id: DeveloperId) -> bool {
        organization.and_then(|organization| self.blocks.get(&organization)).is_some_and(|blocked| blocked.contains(&id))
    }
}
