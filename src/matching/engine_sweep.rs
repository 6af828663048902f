//! The sweep: from the postings or bits of the rarest must to the slots that pass everything, in chunks that stay in the first
//! cache, each step a loop of its own over independent slots, so that the processor waits for many of them at once.

use crate::matching::engine_columns::Columns;
use crate::matching::engine_plan::HOURS_FAIL;
use crate::matching::engine_plan::Plan;
use crate::matching::engine_plan::Wanted;
use crate::matching::engine_record::DEAD;
use crate::matching::engine_record::HOLDS;
use crate::matching::engine_skills::Having;
use crate::matching::engine_skills::SkillIndex;
use crate::matching::engine_skills::is_set;

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

/// A must, and who may meet it.
struct Must<'a> {
    wanted: &'a Wanted,
    /// For every choice those who have it.
    having: Vec<Having<'a>>,
    /// If all its choices are common: for each the bits of those at the asked level; else empty.
    bits: Vec<&'a [u64]>,
}

impl<'a> Must<'a> {
    fn new(wanted: &'a Wanted, skills: &'a SkillIndex) -> Self {
        let having: Vec<Having<'a>> = wanted.choices.iter().map(|choice| skills.having(choice.skill)).collect();
        let bits = having.iter().map(|having| match having {
            Having::Many(common) => Some(common.at_least(wanted.level)),
            Having::Few(_) => None,
        });
        Self { wanted, bits: bits.collect::<Option<_>>().unwrap_or_default(), having }
    }

    /// Whether all its choices are common, so that bits tell who meets its level.
    fn is_common(&self) -> bool {
        !self.bits.is_empty()
    }

    /// Whether bits tell all: no years are asked.
    fn is_told_by_bits(&self) -> bool {
        self.is_common() && self.wanted.tenths == 0
    }

    /// Whether a posting tells all: one choice, and whole years that a posting can hold.
    fn is_told_by_postings(&self) -> bool {
        matches!(self.having.as_slice(), [Having::Few(_)]) && self.wanted.tenths.is_multiple_of(10) && self.wanted.tenths <= 310
    }

    /// Keeps in a block of words, of which the first is word `first`, those who meet its level by a common choice.
    fn narrow(&self, block: &mut Block, first: usize) {
        let mut any: Block = [0; BLOCK];
        for words in self.bits.iter().filter_map(|words| words.get(first..)) {
            any.iter_mut().zip(words).for_each(|(any, word)| *any |= word);
        }
        block.iter_mut().zip(&any).for_each(|(all, any)| *all &= any);
    }

    /// Keeps in a chunk those who meet its level.
    fn sift(&self, chunk: &mut Chunk) {
        match self.bits.as_slice() {
            [words] => chunk.sift(|slot| is_set(words, slot)),
            several => chunk.sift(|slot| several.iter().fold(false, |any, words| any | is_set(words, slot))),
        }
    }
}

/// Words that are combined at a time.
const BLOCK: usize = 32;
type Block = [u64; BLOCK];

/// A plan's way through the columns.
pub struct Sweep<'a> {
    columns: &'a Columns,
    plan: &'a Plan,
    /// Slots that are out whatever they hold, sorted.
    excluded: &'a [u32],
    /// Which bits of a verdict count.
    relevant: u8,
    /// The one that the fewest developers have first: it leads.
    musts: Vec<Must<'a>>,
}

impl<'a> Sweep<'a> {
    /// The way of `plan`, past the slots of `excluded` (sorted), with the bits of a verdict that count.
    pub fn new(columns: &'a Columns, plan: &'a Plan, excluded: &'a [u32], relevant: u8) -> Self {
        let mut musts: Vec<Must<'a>> = plan.musts.iter().map(|wanted| Must::new(wanted, columns.skills())).collect();
        musts.sort_by_key(|must| must.wanted.choices.iter().map(|choice| columns.skills().count(choice.skill)).sum::<usize>());
        Self { columns, plan, excluded, relevant, musts }
    }

    /// Hands the slots that pass to `each`, chunk by chunk. Every slot that meets the musts is given a verdict and counted when
    /// `counted`; else the gates are asked before the lines, which are more to read, and only those who pass are counted.
    pub fn run(&self, counted: bool, each: impl FnMut(&[u32])) -> Verdicts {
        let mut sieve = Sieve { sweep: self, counted, verdicts: [0; 256], chunk: Chunk::EMPTY, each };
        match self.musts.first() {
            Some(leading) if !leading.is_common() => {
                for (choice, having) in leading.having.iter().enumerate() {
                    match having {
                        Having::Few(postings) => sieve.walk(leading, choice, postings),
                        Having::Many(common) => sieve.scan(Some((choice, common.at_least(leading.wanted.level)))),
                    }
                }
            }
            _ => sieve.scan(None),
        }
        sieve.verdicts
    }

    /// The musts but the first that bits can tell of.
    fn common_others(&self) -> impl Iterator<Item = &Must<'a>> {
        self.musts.iter().skip(1).filter(|must| must.is_common())
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

/// What a sweep does with the slots that it comes by.
struct Sieve<'s, 'a, Each> {
    sweep: &'s Sweep<'a>,
    counted: bool,
    verdicts: Verdicts,
    chunk: Chunk,
    each: Each,
}

impl<Each: FnMut(&[u32])> Sieve<'_, '_, Each> {
    /// Walks the postings of a choice of the leading must.
    fn walk(&mut self, leading: &Must<'_>, choice: usize, postings: &[u32]) {
        let (level, years) = (leading.wanted.level, (leading.wanted.tenths / 10).min(31));
        for postings in postings.chunks(CHUNK) {
            self.chunk.count = 0;
            for posting in postings {
                self.chunk.put(posting >> 8, (posting >> 5 & 7 >= level) & (posting & 31 >= years));
            }
            for must in self.sweep.common_others() {
                must.sift(&mut self.chunk);
            }
            self.sieve(Some(choice));
        }
    }

    /// Scans bits, block by block: those of a choice of the leading must, if one is given, and those of all common musts.
    fn scan(&mut self, led: Option<(usize, &[u64])>) {
        let (sweep, slots) = (self.sweep, self.sweep.columns.slots());
        let choice = led.map(|(choice, _)| choice);
        self.chunk.count = 0;
        for first in (0..slots.div_ceil(64)).step_by(BLOCK) {
            let mut block: Block = [u64::MAX; BLOCK];
            if let Some((_, words)) = led {
                let words = words.get(first..).unwrap_or(&[]).iter().copied().chain(std::iter::repeat(0));
                block.iter_mut().zip(words).for_each(|(all, word)| *all = word);
            }
            sweep.musts.iter().filter(|must| must.is_common()).for_each(|must| must.narrow(&mut block, first));
            for (place, bits) in (first..).zip(block) {
                self.take(place * 64, bits & below(slots.saturating_sub(place * 64)));
                if self.chunk.count > CHUNK - 64 {
                    self.sieve(choice);
                    self.chunk.count = 0;
                }
            }
        }
        self.sieve(choice);
    }

    /// Puts the slots of one word's bits into the chunk.
    #[inline]
    fn take(&mut self, base: usize, mut bits: u64) {
        let base = u32::try_from(base).unwrap_or(u32::MAX);
        while bits != 0 {
            self.chunk.put(base + bits.trailing_zeros(), true);
            bits &= bits - 1;
        }
    }

    /// From cheap to dear, records and lines; `walked` is the choice of the leading must that led here, if it was one.
    fn sieve(&mut self, walked: Option<usize>) {
        let excluded = self.sweep.excluded;
        if !excluded.is_empty() {
            self.chunk.sift(|slot| excluded.binary_search(&slot).is_err());
        }
        if self.counted {
            self.sift_lines(walked);
        }
        self.sift_records();
        if !self.counted {
            self.sift_lines(walked);
            let [passing, ..] = &mut self.verdicts;
            *passing += self.chunk.count as u64;
        }
        if self.chunk.count > 0 {
            (self.each)(self.chunk.slots());
        }
    }

    /// Keeps those who meet the musts of which postings and bits have not told all. Who meets the leading one by several of its
    /// choices is kept only where the best of them led here.
    fn sift_lines(&mut self, walked: Option<usize>) {
        let told = |must: &&Must<'_>| match walked {
            Some(_) => must.is_told_by_postings(),
            None => must.is_told_by_bits(),
        };
        let leading = self.sweep.musts.first().filter(|must| !told(must));
        let others: Vec<&Must<'_>> = self.sweep.musts.iter().skip(1).filter(|must| !must.is_told_by_bits()).collect();
        if leading.is_none() && others.is_empty() {
            return;
        }
        let columns = self.sweep.columns;
        columns.fetch_lines(self.chunk.slots());
        self.chunk.sift(|slot| {
            let Some(packed) = columns.packed(slot) else { return false };
            let led = |choice: usize| walked.is_none_or(|walked| walked == choice);
            leading.is_none_or(|must| packed.best_must(must.wanted).is_some_and(|(choice, ..)| led(choice)))
                && others.iter().all(|must| packed.best_must(must.wanted).is_some())
        });
    }

    fn sift_records(&mut self) {
        let (sweep, counted, verdicts) = (self.sweep, self.counted, &mut self.verdicts);
        sweep.columns.fetch_records(self.chunk.slots());
        self.chunk.sift(|slot| {
            let verdict = sweep.verdict(slot);
            if let Some(count) = verdicts.get_mut(usize::from(verdict)) {
                *count += u64::from(counted);
            }
            verdict == 0
        });
    }
}

/// The lowest `count` bits.
#[inline]
fn below(count: usize) -> u64 {
    if count >= 64 { u64::MAX } else { (1 << count) - 1 }
}
