//! What the engine counts: the gates' tally from verdicts, facets from the slots that pass.

use std::cmp::Reverse;

use crate::kernel::craft::Seniority;
use crate::kernel::words::Word as _;
use crate::matching::engine_columns::Columns;
use crate::matching::engine_dictionary::Dictionary;
use crate::matching::engine_plan::seniority_bit;
use crate::matching::engine_record::Entry;
use crate::matching::engine_sweep::Verdicts;
use crate::matching::facets::FacetCount;
use crate::matching::facets::Facets;
use crate::matching::facets::MOST_VALUES;
use crate::matching::facets::ranked;
use crate::matching::gates::Gate;
use crate::matching::gates::Tally;

/// The tally of `pool` developers: verdict 0 passes, the lowest bit names the gate that removed, a single bit one that alone
/// did; whoever has no verdict did not meet the musts. The dead are nobody.
pub fn tally(pool: u64, verdicts: &Verdicts, counted: bool) -> Tally {
    let total = verdicts.first().copied().unwrap_or(0);
    if !counted {
        return Tally::of(pool, total, [0; 8], [0; 8]);
    }
    let (mut removed, mut only) = ([0; 8], [0; 8]);
    for (verdict, count) in (0..=u8::MAX).zip(verdicts).skip(1).filter(|(verdict, _)| verdict & 1 == 0) {
        let place = verdict.trailing_zeros() as usize;
        if let (Some(removed), Some(only)) = (removed.get_mut(place), only.get_mut(place)) {
            *removed += count;
            *only += if verdict.is_power_of_two() { *count } else { 0 };
        }
    }
    let [musts, ..] = &mut removed;
    *musts = pool.saturating_sub(total + failing(verdicts));
    Tally::of(pool, total, removed, only)
}

/// How many met the musts and failed another gate.
fn failing(verdicts: &Verdicts) -> u64 {
    (0..=u8::MAX).zip(verdicts).skip(1).filter(|(verdict, _)| verdict & 1 == 0).map(|(_, count)| count).sum()
}
const _: () = assert!(Gate::ALL.len() == 8, "a verdict has one bit for each gate but the first, and one for the dead");

/// Counts by number, turned into words at the end.
pub struct FacetCounts<'a> {
    columns: &'a Columns,
    words: &'a Dictionary,
    skills: Vec<u32>,
    seniority: [u32; 256],
    schedules: Vec<u32>,
    domains: Vec<u32>,
}

impl<'a> FacetCounts<'a> {
    /// Nothing counted yet.
    pub fn new(columns: &'a Columns, words: &'a Dictionary) -> Self {
        let zeros = |words: usize| vec![0; EMPTY + words];
        Self {
            columns,
            words,
            skills: zeros(words.skills.all().len()),
            seniority: [0; 256],
            schedules: vec![0; words.schedules.all().len() + 1],
            domains: zeros(words.domains.all().len()),
        }
    }

    /// Counts what stands in slots.
    pub fn count_all(&mut self, slots: &[u32]) {
        self.columns.fetch_more_skills(slots);
        slots.iter().for_each(|slot| self.count(*slot));
    }

    /// Counts what stands in a slot.
    pub fn count(&mut self, slot: u32) {
        let Some(packed) = self.columns.packed(slot) else { return };
        add_places(&mut self.skills, packed.line.places().iter().map(|entry| Entry(*entry).skill()));
        if let Some(more) = packed.more_skills() {
            add_places(&mut self.skills, more.iter().map(|entry| Entry(*entry).skill()));
        }
        add(&mut self.seniority, usize::from(packed.record.seniority));
        add(&mut self.schedules, usize::from(packed.record.schedule));
        add_places(&mut self.domains, packed.domains().iter().copied());
    }

    /// The facets.
    pub fn facets(self) -> Facets {
        let words = self.words;
        let of = |seniority: &Seniority| self.seniority.get(usize::from(seniority_bit(*seniority))).map_or(0, |count| u64::from(*count));
        let seniority = Seniority::ALL.iter().map(|each| (each.as_str(), of(each))).filter(|(_, count)| *count > 0);
        // Many schedules are in one zone.
        let mut zones = vec![0; EMPTY + words.zones.all().len()];
        for (schedule, count) in (0..=u16::MAX).zip(&self.schedules).filter(|(_, count)| **count > 0) {
            let zone = EMPTY - 1 + usize::from(words.zone_of(schedule));
            zones.get_mut(zone).into_iter().for_each(|sum| *sum += count);
        }
        Facets {
            skills: named(&self.skills, |number| words.skills.word(number).map(String::as_str)),
            seniority: ranked(seniority),
            time_zones: named(&zones, |number| words.zones.word(number).map(|zone| zone.name())),
            domains: named(&self.domains, |number| words.domains.word(number).map(String::as_str)),
        }
    }
}

fn add(counts: &mut [u32], place: usize) {
    if let Some(count) = counts.get_mut(place) {
        *count += 1;
    }
}

/// Counters before that of number 1: an empty place (number 0) counts in its own of them, so that many empty places do not
/// wait for one counter, and nothing has to be guessed.
const EMPTY: usize = 16;

/// Counts numbers at [`EMPTY`] − 1 + number.
#[inline]
fn add_places(counts: &mut [u32], numbers: impl Iterator<Item = u16>) {
    for (place, number) in numbers.enumerate() {
        add(counts, if number == 0 { place % EMPTY } else { EMPTY - 1 + usize::from(number) });
    }
}

/// The most frequent values by name, of counters as [`add_places`] keeps them. Numbers are compared first: only those that can stay are looked up in the dictionary.
fn named<'a>(counts: &[u32], word: impl Fn(u16) -> Option<&'a str>) -> Vec<FacetCount> {
    let mut counted: Vec<(u32, u16)> = counts.iter().copied().skip(EMPTY).zip(1..=u16::MAX).filter(|(count, _)| *count > 0).collect();
    if counted.len() > MOST_VALUES {
        let (_, (least, _), _) = counted.select_nth_unstable_by_key(MOST_VALUES - 1, |(count, _)| Reverse(*count));
        let least = *least;
        counted.retain(|(count, _)| *count >= least);
    }
    ranked(counted.into_iter().filter_map(|(count, number)| Some((word(number)?, u64::from(count)))))
}
