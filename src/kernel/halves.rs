//! A bounded memory of what was asked for lately: two halves; when the young one is full it becomes the old one, and what nobody
//! has asked for since is let go with it.

use std::hash::Hash;

use hashbrown::HashMap;

/// Values by key, of the keys that were asked for last.
#[derive(Debug)]
pub struct Halves<K, V> {
    half: usize,
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Copy + Eq + Hash, V> Halves<K, V> {
    /// For at most so many.
    pub fn new(most: usize) -> Self {
        Self { half: (most / 2).max(1), young: HashMap::new(), old: HashMap::new() }
    }

    /// What there is under `key`, which is young from now on.
    pub fn get(&mut self, key: K) -> Option<&mut V> {
        if let Some(value) = self.old.remove(&key) {
            self.put(key, value);
        }
        self.young.get_mut(&key)
    }

    /// Puts `value` in place of what was there.
    pub fn put(&mut self, key: K, value: V) {
        if self.young.len() >= self.half && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, value);
    }

    /// Lets go of `key`.
    pub fn forget(&mut self, key: K) {
        self.young.remove(&key);
        self.old.remove(&key);
    }

    /// Lets go of everything.
    pub fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let mut halves = Halves::new(4);
        (0..4).for_each(|key| halves.put(key, key * 10));
        assert_eq!(halves.get(0).copied(), Some(0));
        (4..6).for_each(|key| halves.put(key, key * 10));
        assert_eq!([0, 1, 5].map(|key| halves.get(key).copied()), [Some(0), None, Some(50)]);
        halves.put(0, 7);
        assert_eq!(halves.get(0).copied(), Some(7));
        halves.forget(0);
        assert_eq!(halves.get(0).copied(), None);
        halves.clear();
        assert_eq!(halves.get(5).copied(), None);
    }
}
