//! The best so many, in the order of the reference matcher: score, lot, id.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use guildhall::kernel::ids::{DeveloperId, JobRequestId};
use guildhall::matching::ranking::lot;

/// What every peer returns: the best developers with their scores in hundredths, and how many passed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// The best first.
    pub best: Vec<(DeveloperId, u32)>,
    /// All who passed.
    pub total: u64,
}

/// A bounded heap whose top is the worst of the best.
pub struct Best {
    request: Option<JobRequestId>,
    limit: usize,
    heap: BinaryHeap<(Reverse<u32>, u64, DeveloperId)>,
    total: u64,
}

impl Best {
    /// At most `limit`.
    pub fn new(request: Option<JobRequestId>, limit: usize) -> Self {
        Self { request, limit, heap: BinaryHeap::with_capacity(limit + 1), total: 0 }
    }

    /// One who passed. The lot is only drawn for those who may stay.
    pub fn offer(&mut self, developer: DeveloperId, score: u32) {
        self.total += 1;
        let full = self.heap.len() >= self.limit;
        if full && self.heap.peek().is_some_and(|(worst, ..)| score < worst.0) {
            return;
        }
        self.heap.push((Reverse(score), lot(self.request, developer), developer));
        if full {
            self.heap.pop();
        }
    }

    /// The best first.
    pub fn answer(self) -> Answer {
        let best = self.heap.into_sorted_vec().into_iter().map(|(score, _, developer)| (developer, score.0)).collect();
        Answer { best, total: self.total }
    }
}
