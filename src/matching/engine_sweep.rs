//! The sweep: from the postings of the rarest must to the slots that pass everything, in chunks that stay in the first
//! cache, each step a loop of its own over independent slots, so that the processor waits for many of them at once.

use crate::matching::engine_columns::Columns;
use crate::matching::engine_plan::HOURS_FAIL;
use crate::matching::engine_plan::Plan;
use crate::matching::engine_plan::Wanted;
use crate::matching::engine_record::DEAD;
use crate::matching::engine_record::HOLDS;

/// Slots per chunk: a kilobyte, beside the 24 kilobytes of their records and lines.
const CHUNK: usize = 256;

/// How many slots that meet the musts had each verdict of the gates; see [`Plan::verdict`].
pub type Verdicts = [u64; 256];

/// Slots on their way through the sieve.
struct Chunk {
    slots: [u32; CHUNK],
    count: usize,
}

impl Chunk {
    const EMPTY: Self = Self { slots: [0; CHUNK], count: 0 };

    /// Writes a slot, and keeps it only if it is to be kept: no branch to guess wrongly.
    #[inline]
    fn put(&mut self, slot: u32, keep: bool) {
        if let Some(place) = self.slots.get_mut(self.count) {
            *place = slot;
        }
        self.count += usize::from(keep);
    }

    fn slots(&self) -> &[u32] {
        self.slots.get(..self.count).unwrap_or(&[])
    }

    /// Keeps those for which `keep` holds.
    #[inline]
    fn sift(&mut self, mut keep: impl FnMut(u32) -> bool) {
        let mut kept = 0;
        for place in 0..self.count {
            let Some(slot) = self.slots.get(place).copied() else { break };
            if let Some(target) = self.slots.get_mut(kept) {
                *target = slot;
            }
            kept += usize::from(keep(slot));
        }
        self.count = kept;
    }
}

/// A plan's way through the columns.
pub struct Sweep<'a> {
    /// Where.
    pub columns: &'a Columns,
    /// What is asked.
    pub plan: &'a Plan,
    /// Slots that are out whatever they hold, sorted.
    pub excluded: &'a [u32],
    /// Which bits of a verdict count.
    pub relevant: u8,
}

/// The must whose postings are walked.
#[derive(Clone, Copy)]
struct Driver<'a> {
    place: usize,
    must: &'a Wanted,
    /// Which of its choices is walked.
    choice: usize,
}

impl Driver<'_> {
    /// Whether a posting says all that the must asks: one choice, and whole years that a posting can hold.
    fn is_exact(self) -> bool {
        self.must.choices.len() == 1 && self.must.tenths.is_multiple_of(10) && self.must.tenths <= 310
    }
}

impl Sweep<'_> {
    /// Hands the slots that pass to `each`, chunk by chunk. Every slot that meets the musts is given a verdict and counted when
    /// `counted`; else the gates are asked before the musts, which read more memory, and only those who pass are counted.
    pub fn run(&self, counted: bool, mut each: impl FnMut(&[u32])) -> Verdicts {
        let mut verdicts = [0; 256];
        let mut chunk = Chunk::EMPTY;
        let rarest = self.plan.musts.iter().enumerate().min_by_key(|(_, must)| self.length(must));
        let Some((place, must)) = rarest else {
            let slots = u32::try_from(self.columns.slots()).unwrap_or(u32::MAX);
            for first in (0..slots).step_by(CHUNK) {
                chunk.count = 0;
                (first..slots).take(CHUNK).for_each(|slot| chunk.put(slot, true));
                self.sieve(&mut chunk, None, counted, &mut verdicts, &mut each);
            }
            return verdicts;
        };
        for (choice, way) in must.choices.iter().enumerate() {
            let driver = Driver { place, must, choice };
            let years = (must.tenths / 10).min(31);
            for postings in self.columns.postings(way.skill).chunks(CHUNK) {
                chunk.count = 0;
                for posting in postings {
                    chunk.put(posting >> 8, (posting >> 5 & 7 >= must.level) & (posting & 31 >= years));
                }
                self.sieve(&mut chunk, Some(driver), counted, &mut verdicts, &mut each);
            }
        }
        verdicts
    }

    fn length(&self, must: &Wanted) -> usize {
        must.choices.iter().map(|choice| self.columns.postings(choice.skill).len()).sum()
    }

    fn sieve(&self, chunk: &mut Chunk, driver: Option<Driver<'_>>, counted: bool, verdicts: &mut Verdicts, each: &mut impl FnMut(&[u32])) {
        if !self.excluded.is_empty() {
            chunk.sift(|slot| self.excluded.binary_search(&slot).is_err());
        }
        let more_musts = self.plan.musts.len() > 1 || driver.is_some_and(|driver| !driver.is_exact());
        if counted && more_musts {
            chunk.sift(|slot| self.meets_musts(slot, driver));
        }
        chunk.sift(|slot| {
            let verdict = self.verdict(slot);
            if let Some(count) = verdicts.get_mut(usize::from(verdict)) {
                *count += u64::from(counted);
            }
            verdict == 0
        });
        if !counted && more_musts {
            chunk.sift(|slot| self.meets_musts(slot, driver));
        }
        if let Some(passing) = verdicts.first_mut().filter(|_| !counted) {
            *passing += chunk.count as u64;
        }
        if chunk.count > 0 {
            each(chunk.slots());
        }
    }

    #[inline]
    fn verdict(&self, slot: u32) -> u8 {
        let Some(record) = self.columns.records().get(slot as usize) else { return DEAD };
        let verdict = self.plan.verdict(record) & self.relevant;
        let holds = record.flags & HOLDS != 0 && (verdict | !self.relevant) & HOURS_FAIL == 0;
        if holds && self.columns.packed(slot).is_some_and(|packed| !packed.has_free_hours(self.plan)) {
            verdict | HOURS_FAIL
        } else {
            verdict
        }
    }

    /// Whether a slot meets every must. Who meets the driver by several choices is taken only where the best of them is walked.
    fn meets_musts(&self, slot: u32, driver: Option<Driver<'_>>) -> bool {
        let Some(packed) = self.columns.packed(slot) else { return false };
        self.plan.musts.iter().enumerate().all(|(place, must)| match driver.filter(|driver| driver.place == place) {
            Some(driver) if driver.is_exact() => true,
            Some(driver) => packed.best_must(must).is_some_and(|(choice, ..)| choice == driver.choice),
            None => packed.best_must(must).is_some(),
        })
    }
}
