//! The best, or the newest, so far: a heap that never holds more than are asked for, its worst on top as the threshold to beat.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::kernel::ids::DeveloperId;
use crate::matching::facets::Facets;
use crate::matching::ranking::roll;
use crate::matching::ratio::Points;
use crate::matching::search::Search;
use crate::matching::search::SearchPage;

/// One of the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Best {
    /// Who.
    pub developer: DeveloperId,
    /// How well.
    pub score: Points,
}

/// Hundredths; among equals the smaller lot; should two lots ever be the same, the older profile. The greater is the better.
pub type Rank = (u32, Reverse<u64>, Reverse<DeveloperId>);

/// The rank of a developer with a score in hundredths.
#[inline]
pub fn rank(half_lot: u64, score: u32, developer: DeveloperId) -> Rank {
    (score, Reverse(roll(half_lot, developer)), Reverse(developer))
}

/// Who stands at a rank, and how well.
pub fn best((score, _, Reverse(developer)): Rank) -> Best {
    Best { developer, score: Points::from_hundredths(score) }
}

/// At most so many of the best for one request.
pub struct TopRanks {
    half_lot: u64,
    limit: usize,
    least: u32,
    ranks: BinaryHeap<Reverse<Rank>>,
}

impl TopRanks {
    /// None yet; nobody below `min_score` will be.
    pub fn new(half_lot: u64, limit: usize, min_score: Points) -> Self {
        Self { half_lot, limit, least: min_score.hundredths(), ranks: BinaryHeap::with_capacity(limit + 1) }
    }

    /// Whether as many are found as are asked for, so that there is a worst to beat.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.ranks.len() >= self.limit
    }

    /// Hundredths below which nobody enters any more.
    #[inline]
    pub fn threshold(&self) -> u32 {
        self.least
    }

    /// Offers a developer with a score of at least the threshold.
    pub fn offer(&mut self, score: u32, developer: DeveloperId) {
        if score < self.least || self.limit == 0 {
            return;
        }
        self.ranks.push(Reverse(rank(self.half_lot, score, developer)));
        if self.ranks.len() > self.limit {
            self.ranks.pop();
        }
        if let Some(Reverse((worst, ..))) = self.ranks.peek().filter(|_| self.ranks.len() == self.limit) {
            self.least = self.least.max(*worst);
        }
    }

    /// The best first.
    pub fn into_ranks(self) -> Vec<Rank> {
        self.ranks.into_sorted_vec().into_iter().map(|Reverse(rank)| rank).collect()
    }
}

/// The newest developers of a page, and how many there are on all pages.
pub struct Newest<'a> {
    search: &'a Search,
    total: u64,
    /// The oldest on top; one more than the page holds.
    newest: BinaryHeap<Reverse<DeveloperId>>,
}

impl<'a> Newest<'a> {
    /// None yet.
    pub fn new(search: &'a Search) -> Self {
        Self { search, total: 0, newest: BinaryHeap::new() }
    }

    /// Offers a developer who passes.
    pub fn offer(&mut self, id: DeveloperId) {
        self.total += 1;
        if self.search.before.is_none_or(|before| id < before) {
            self.newest.push(Reverse(id));
            if self.newest.len() > self.search.limit + 1 {
                self.newest.pop();
            }
        }
    }

    /// The page.
    pub fn page(self, facets: Facets) -> SearchPage {
        let mut developers: Vec<DeveloperId> = self.newest.into_sorted_vec().into_iter().map(|Reverse(id)| id).collect();
        let more = developers.len() > self.search.limit;
        developers.truncate(self.search.limit);
        SearchPage { developers, more, total: self.total, facets }
    }
}
