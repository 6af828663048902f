//! From a developer's id to the slot: a table of slots only, whose ids stand in the columns already.

use hashbrown::HashTable;

use crate::kernel::ids::DeveloperId;

/// Where each developer stands. Four bytes and a control byte for each place.
#[derive(Debug, Default)]
pub struct Places(HashTable<u32>);

impl Places {
    /// The places of everybody in `ids`, whose first stands in slot 0.
    pub fn of(ids: &[DeveloperId]) -> Self {
        let mut places = HashTable::with_capacity(ids.len());
        for (slot, id) in (0..).zip(ids) {
            places.insert_unique(hash(*id), slot, |slot| rehash(ids, *slot));
        }
        Self(places)
    }

    /// How many developers there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The slot of `id`; `ids` are the columns'.
    pub fn slot(&self, id: DeveloperId, ids: &[DeveloperId]) -> Option<u32> {
        self.0.find(hash(id), |slot| ids.get(*slot as usize) == Some(&id)).copied()
    }

    /// `id`, who stands nowhere yet, stands in `slot`.
    pub fn insert(&mut self, id: DeveloperId, slot: u32, ids: &[DeveloperId]) {
        self.0.insert_unique(hash(id), slot, |slot| rehash(ids, *slot));
    }

    /// Whoever stood in `old` stands in `new`, or nowhere.
    pub fn move_to(&mut self, id: DeveloperId, old: u32, new: Option<u32>) {
        if let Ok(entry) = self.0.find_entry(hash(id), |slot| *slot == old) {
            match new {
                Some(new) => *entry.into_mut() = new,
                None => drop(entry.remove()),
            }
        }
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        self.0.allocation_size()
    }
}

/// The last half of a UUIDv7 is random, so that it needs no more than to be spread over the bits that a table looks at.
/// Nobody chooses an id: they are made by the server.
fn hash(id: DeveloperId) -> u64 {
    let random = id.as_bytes().iter().skip(8).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    random.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn rehash(ids: &[DeveloperId], slot: u32) -> u64 {
    ids.get(slot as usize).map_or(0, |id| hash(*id))
}
