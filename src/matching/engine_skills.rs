//! Who has which skill: a list of postings for a skill that few have, a bit for each slot and level for one that many have.
//!
//! ```text
//! few    [ slot:24 │ level:3 │ years:5 ] …    sorted by slot, 4 bytes for each who has it
//! many   at least 1 │ 0110…   at least 2 │ 0110…   …   at least 5 │ 0010…     5 bits for each slot
//! ```
//!
//! Bits of several musts are combined 64 slots at a time, and fit the second cache: 300,000 slots are 37 kilobytes. Which
//! skills are common is decided when the columns are made compact; a skill that becomes common later waits until then.

use std::collections::HashMap;

use crate::matching::engine_record::Entry;

/// A skill is common when one in so many slots has it. Bits take as much memory as postings at one in six and a half; below
/// it they buy time, down to here.
const COMMON_SHARE: usize = 24;
/// Levels go from 1 to 5.
const LEVELS: usize = 5;

/// Slots in the bits of a common skill, by level: bit n of word w is slot 64 w + n.
#[derive(Debug, Clone, Default)]
pub struct Common {
    at_least: [Vec<u64>; LEVELS],
    count: usize,
}

impl Common {
    /// The slots with at least this level.
    pub fn at_least(&self, level: u32) -> &[u64] {
        self.at_least.get((level as usize).saturating_sub(1)).map_or(&[], Vec::as_slice)
    }

    fn note(&mut self, slot: u32, level: u32) {
        let (word, bit) = place(slot);
        for words in self.at_least.iter_mut().take(level as usize) {
            if words.len() <= word {
                words.resize(word + 1, 0);
            }
            if let Some(bits) = words.get_mut(word) {
                *bits |= bit;
            }
        }
        self.count += 1;
    }

    fn forget(&mut self, slot: u32) {
        let (word, bit) = place(slot);
        for bits in self.at_least.iter_mut().filter_map(|words| words.get_mut(word)) {
            *bits &= !bit;
        }
    }
}

/// The word and the bit of a slot.
#[inline]
fn place(slot: u32) -> (usize, u64) {
    (slot as usize / 64, 1 << (slot % 64))
}

/// Whether a slot's bit is set.
#[inline]
pub fn is_set(words: &[u64], slot: u32) -> bool {
    let (word, bit) = place(slot);
    words.get(word).copied().unwrap_or(0) & bit != 0
}

/// Those who have a skill.
#[derive(Debug, Clone, Copy)]
pub enum Having<'a> {
    /// Their postings; also of those who have since been buried, whose records say so.
    Few(&'a [u32]),
    /// Their bits.
    Many(&'a Common),
}

/// Who has which skill.
#[derive(Debug, Clone, Default)]
pub struct SkillIndex {
    postings: Vec<Vec<u32>>,
    common: HashMap<u16, Common>,
}

impl SkillIndex {
    /// Those who have a skill.
    pub fn having(&self, skill: u16) -> Having<'_> {
        match self.common.get(&skill) {
            Some(common) => Having::Many(common),
            None => Having::Few(self.postings.get(usize::from(skill)).map_or(&[], Vec::as_slice)),
        }
    }

    /// How many have a skill, the buried of late included.
    pub fn count(&self, skill: u16) -> usize {
        match self.having(skill) {
            Having::Few(postings) => postings.len(),
            Having::Many(common) => common.count,
        }
    }

    /// Notes a skill of the newest slot.
    pub fn note(&mut self, slot: u32, skill: Entry) {
        if let Some(common) = self.common.get_mut(&skill.skill()) {
            return common.note(slot, skill.level());
        }
        let place = usize::from(skill.skill());
        if self.postings.len() <= place {
            self.postings.resize_with(place + 1, Vec::new);
        }
        if let Some(postings) = self.postings.get_mut(place) {
            postings.push(skill.posting(slot));
        }
    }

    /// Forgets a slot's bits; its postings lead to a dead record.
    pub fn forget(&mut self, slot: u32) {
        self.common.values_mut().for_each(|common| common.forget(slot));
    }

    /// Turns the postings of skills that are common among `slots` into bits, and gives back what room is left over.
    pub fn settle(&mut self, slots: usize) {
        for (skill, postings) in (0_u16..).zip(&mut self.postings) {
            if postings.len() > slots / COMMON_SHARE {
                let mut common = Common::default();
                std::mem::take(postings).iter().for_each(|posting| common.note(posting >> 8, posting >> 5 & 7));
                common.at_least.iter_mut().for_each(Vec::shrink_to_fit);
                self.common.insert(skill, common);
            }
            postings.shrink_to_fit();
        }
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        let postings: usize = self.postings.iter().map(|postings| postings.capacity() * size_of::<u32>()).sum();
        let words: usize = self.common.values().flat_map(|common| &common.at_least).map(|words| words.capacity() * size_of::<u64>()).sum();
        self.postings.capacity() * size_of::<Vec<u32>>() + postings + words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::engine_record::entry;

    #[test]
    fn bits_say_what_the_postings_said() {
        let mut index = SkillIndex::default();
        for slot in 0..200 {
            index.note(slot, Entry(entry(7, u8::try_from(slot % 5).unwrap() + 1, 10, false)));
        }
        index.note(150, Entry(entry(8, 3, 10, false)));
        index.settle(200);
        let Having::Many(common) = index.having(7) else { panic!("common") };
        assert!((0..200).all(|slot| (1..=5).all(|level| is_set(common.at_least(level), slot) == (slot % 5 + 1 >= level))));
        assert!(matches!(index.having(8), Having::Few([posting]) if posting >> 8 == 150));
        assert!(matches!(index.having(9), Having::Few([])));
        index.note(200, Entry(entry(7, 2, 0, false)));
        index.forget(3);
        let Having::Many(common) = index.having(7) else { panic!("common") };
        assert!(is_set(common.at_least(2), 200) && !is_set(common.at_least(3), 200) && !is_set(common.at_least(1), 3));
        assert_eq!((index.count(7), index.count(8), index.count(9)), (201, 1, 0));
    }
}
