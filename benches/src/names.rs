//! Words as small numbers.

use std::collections::HashMap;

/// Numbers words in the order in which they come.
#[derive(Debug, Default)]
pub struct Names {
    numbers: HashMap<String, u16>,
    words: Vec<String>,
}

impl Names {
    /// The number of `word`, a new one if need be.
    ///
    /// # Panics
    /// Beyond 65,535 words.
    pub fn add(&mut self, word: &str) -> u16 {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        let number = u16::try_from(self.words.len()).expect("fewer words than numbers");
        self.numbers.insert(word.to_owned(), number);
        self.words.push(word.to_owned());
        number
    }

    /// The number of `word`, if it has one.
    pub fn get(&self, word: &str) -> Option<u16> {
        self.numbers.get(word).copied()
    }

    /// All words, by their numbers.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// The bit of `word` in a set of at most 32.
    ///
    /// # Panics
    /// At the 33rd word.
    pub fn add_bit(&mut self, word: &str) -> u32 {
        1_u32.checked_shl(self.add(word).into()).expect("at most 32 words")
    }

    /// The bits of those words that `wanted` accepts.
    pub fn bits(&self, wanted: impl Fn(&str) -> bool) -> u128 {
        self.words.iter().enumerate().filter(|(_, word)| wanted(word)).map(|(place, _)| 1_u128 << place).sum()
    }
}
