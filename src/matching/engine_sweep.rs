//! The sweep: from the postings of the rarest must to the slots that pass everything, in chunks that stay in the first
//! cache, each step a loop of its own over independent slots, so that the processor waits for many of them at once.

use crate::matching::engine_columns::Columns;
use crate::matching::engine_plan::HOURS_FAIL;
use crate::matching::engine_plan::Plan;
use crate::matching::engine_plan::Wanted;
use crate::matching::engine_record::DEAD;
use crate::matching::engine_record::HOLDS;
use crate::matching::engine_record::Line;

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

    /// Reads one number from every slot's place in a column, so that the whole chunk is fetched at once instead of slot by slot:
    /// a loop of nothing but loads keeps as many under way as the processor can.
    #[inline]
    fn fetch<T>(&self, column: &[T], number: impl Fn(&T) -> u32) {
        let places = self.slots().iter().filter_map(|slot| column.get(*slot as usize));
        std::hint::black_box(places.fold(0, |all, place| all ^ number(place)));
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

/// A must, and how much of it can be told without its line.
struct Must<'a> {
    wanted: &'a Wanted,
    /// The levels by slot, of a common skill that nothing else can stand in for; else empty.
    levels: &'a [u8],
    /// Whole years that are asked, as far as postings and levels can say.
    years: u32,
    /// Whether a posting or a level says all: one choice, and whole years that fit.
    is_exact: bool,
}

impl<'a> Must<'a> {
    fn new(wanted: &'a Wanted, columns: &'a Columns) -> Self {
        let only = if let [only] = wanted.choices.as_slice() { Some(only.skill) } else { None };
        Self {
            wanted,
            levels: only.map_or(&[], |skill| columns.levels(skill)),
            years: (wanted.tenths / 10).min(31),
            is_exact: only.is_some() && wanted.tenths.is_multiple_of(10) && wanted.tenths <= 310,
        }
    }

    /// Whether the lowest byte of a posting, or a level, shows enough.
    #[inline]
    fn is_met_by(&self, byte: u32) -> bool {
        (byte >> 5 & 7 >= self.wanted.level) & (byte & 31 >= self.years)
    }
}

/// A plan's way through the columns.
pub struct Sweep<'a> {
    columns: &'a Columns,
    plan: &'a Plan,
    /// Slots that are out whatever they hold, sorted.
    excluded: &'a [u32],
    /// Which bits of a verdict count.
    relevant: u8,
    /// The one that the fewest developers have first: its postings are walked.
    musts: Vec<Must<'a>>,
}

impl<'a> Sweep<'a> {
    /// The way of `plan`, past the slots of `excluded` (sorted), with the bits of a verdict that count.
    pub fn new(columns: &'a Columns, plan: &'a Plan, excluded: &'a [u32], relevant: u8) -> Self {
        let mut musts: Vec<Must<'a>> = plan.musts.iter().map(|wanted| Must::new(wanted, columns)).collect();
        musts.sort_by_key(|must| must.wanted.choices.iter().map(|choice| columns.postings(choice.skill).len()).sum::<usize>());
        Self { columns, plan, excluded, relevant, musts }
    }

    /// Hands the slots that pass to `each`, chunk by chunk. Every slot that meets the musts is given a verdict and counted when
    /// `counted`; else the gates are asked before the lines, which are more to read, and only those who pass are counted.
    pub fn run(&self, counted: bool, mut each: impl FnMut(&[u32])) -> Verdicts {
        let (mut verdicts, mut chunk) = ([0; 256], Chunk::EMPTY);
        let Some(rarest) = self.musts.first() else {
            let slots = u32::try_from(self.columns.slots()).unwrap_or(u32::MAX);
            for first in (0..slots).step_by(CHUNK) {
                chunk.count = 0;
                (first..slots).take(CHUNK).for_each(|slot| chunk.put(slot, true));
                self.sieve(&mut chunk, 0, counted, &mut verdicts, &mut each);
            }
            return verdicts;
        };
        for (walked, choice) in rarest.wanted.choices.iter().enumerate() {
            for postings in self.columns.postings(choice.skill).chunks(CHUNK) {
                chunk.count = 0;
                postings.iter().for_each(|posting| chunk.put(posting >> 8, rarest.is_met_by(*posting)));
                self.sieve(&mut chunk, walked, counted, &mut verdicts, &mut each);
            }
        }
        verdicts
    }

    /// From cheap to dear: levels by slot, then records and lines; `walked` is the choice of the rarest must that led here.
    fn sieve(&self, chunk: &mut Chunk, walked: usize, counted: bool, verdicts: &mut Verdicts, each: &mut impl FnMut(&[u32])) {
        if !self.excluded.is_empty() {
            chunk.sift(|slot| self.excluded.binary_search(&slot).is_err());
        }
        for must in self.musts.iter().skip(1).filter(|must| !must.levels.is_empty()) {
            chunk.sift(|slot| must.is_met_by(u32::from(must.levels.get(slot as usize).copied().unwrap_or(0))));
        }
        if counted {
            self.sift_lines(chunk, walked);
        }
        self.sift_records(chunk, verdicts, counted);
        if !counted {
            self.sift_lines(chunk, walked);
            let [passing, ..] = verdicts;
            *passing += chunk.count as u64;
        }
        if chunk.count > 0 {
            each(chunk.slots());
        }
    }

    /// Keeps those who meet the musts of which postings and levels have not told all. Who meets the rarest by several of its
    /// choices is kept only where the best of them is walked.
    fn sift_lines(&self, chunk: &mut Chunk, walked: usize) {
        let rarest = self.musts.first().filter(|must| !must.is_exact);
        let others = || self.musts.iter().skip(1).filter(|must| !must.is_exact || must.levels.is_empty());
        if rarest.is_none() && others().next().is_none() {
            return;
        }
        chunk.fetch(self.columns.lines(), Line::steady);
        chunk.sift(|slot| {
            let Some(packed) = self.columns.packed(slot) else { return false };
            rarest.is_none_or(|must| packed.best_must(must.wanted).is_some_and(|(choice, ..)| choice == walked))
                && others().all(|must| packed.best_must(must.wanted).is_some())
        });
    }

    fn sift_records(&self, chunk: &mut Chunk, verdicts: &mut Verdicts, counted: bool) {
        chunk.fetch(self.columns.records(), |record| record.rate);
        chunk.sift(|slot| {
            let verdict = self.verdict(slot);
            if let Some(count) = verdicts.get_mut(usize::from(verdict)) {
                *count += u64::from(counted);
            }
            verdict == 0
        });
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
}
