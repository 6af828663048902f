//! What the engine counts: the gates' tally from verdicts, facets from the slots that pass.

use std::collections::HashMap;

use crate::kernel::craft::Seniority;
use crate::kernel::words::Word as _;
use crate::matching::engine_columns::Columns;
use crate::matching::engine_dictionary::Dictionary;
use crate::matching::engine_plan::seniority_bit;
use crate::matching::engine_record::Entry;
use crate::matching::engine_sweep::Verdicts;
use crate::matching::facets::Facets;
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
        let zeros = |words: usize| vec![0; words + 1];
        Self {
            columns,
            words,
            skills: zeros(words.skills.all().len()),
            seniority: [0; 256],
            schedules: zeros(words.schedules.all().len()),
            domains: zeros(words.domains.all().len()),
        }
    }

    /// Counts what stands in slots.
    pub fn count_all(&mut self, slots: &[u32]) {
        self.columns.fetch_merits(slots);
        slots.iter().for_each(|slot| self.count(*slot));
    }

    /// Counts what stands in a slot.
    pub fn count(&mut self, slot: u32) {
        let Some(packed) = self.columns.packed(slot) else { return };
        // Empty places count for skill 0, which has no word.
        let beside = if packed.line.has_more() { packed.beside() } else { None };
        for entry in packed.line.places().iter().chain(beside.iter().flat_map(|beside| &beside.skills)) {
            add(&mut self.skills, Entry(*entry).skill());
        }
        add(&mut self.seniority, u16::from(packed.record.seniority));
        add(&mut self.schedules, packed.record.schedule);
        for domain in packed.domains().iter().take_while(|domain| **domain != 0) {
            add(&mut self.domains, *domain);
        }
    }

    /// The facets.
    pub fn facets(self) -> Facets {
        let words = self.words;
        let skills = named(&self.skills, |number| words.skills.word(number).map(String::as_str));
        let domains = named(&self.domains, |number| words.domains.word(number).map(String::as_str));
        let of = |seniority: &Seniority| self.seniority.get(usize::from(seniority_bit(*seniority))).map_or(0, |count| u64::from(*count));
        let seniority = Seniority::ALL.iter().map(|each| (each.as_str(), of(each))).filter(|(_, count)| *count > 0);
        // Many schedules are in one zone.
        let mut zones: HashMap<&str, u64> = HashMap::new();
        for (zone, count) in named(&self.schedules, |number| words.schedules.word(number).map(|(zone, _)| zone.name())) {
            *zones.entry(zone).or_default() += count;
        }
        Facets { skills: ranked(skills), seniority: ranked(seniority), time_zones: ranked(zones), domains: ranked(domains) }
    }
}

fn add(counts: &mut [u32], number: u16) {
    if let Some(count) = counts.get_mut(usize::from(number)) {
        *count += 1;
    }
}

fn named<'a>(counts: &[u32], word: impl Fn(u16) -> Option<&'a str>) -> impl Iterator<Item = (&'a str, u64)> {
    let counted = (0..=u16::MAX).zip(counts).filter(|(_, count)| **count > 0);
    counted.filter_map(move |(number, count)| Some((word(number)?, u64::from(*count))))
}
