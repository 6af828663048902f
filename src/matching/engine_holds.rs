//! Whose hours trials hold. The gates ask it of everybody with [`HOLDS`](crate::matching::engine_record::HOLDS), so it is a small
//! table of its own that stays in the processor's caches, not a list behind two other columns.

use hashbrown::HashMap;

use crate::matching::domain::Commitment;

/// The commitments of the slots that have any: 40 bytes a place, and a list for those with several.
#[derive(Debug, Clone, Default)]
pub struct Holds(HashMap<u32, Held>);

/// Most hold one.
#[derive(Debug, Clone)]
enum Held {
    One(Commitment),
    Several(Box<[Commitment]>),
}

impl Holds {
    /// What is held in `slot`.
    #[inline]
    pub fn of(&self, slot: u32) -> &[Commitment] {
        match self.0.get(&slot) {
            None => &[],
            Some(Held::One(commitment)) => std::slice::from_ref(commitment),
            Some(Held::Several(commitments)) => commitments,
        }
    }

    /// From now on exactly `commitments` are held in `slot`.
    pub fn put(&mut self, slot: u32, commitments: &[Commitment]) {
        match commitments {
            [] => drop(self.0.remove(&slot)),
            [one] => drop(self.0.insert(slot, Held::One(*one))),
            several => drop(self.0.insert(slot, Held::Several(several.into()))),
        }
    }

    /// Bytes of the table and its lists.
    pub fn bytes(&self) -> usize {
        let list = |held: &Held| if let Held::Several(list) = held { size_of_val(&**list) } else { 0 };
        self.0.allocation_size() + self.0.values().map(list).sum::<usize>()
    }
}
