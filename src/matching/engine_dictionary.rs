//! The engine's dictionary: words become small numbers, so that a record compares numbers only.

use std::collections::HashMap;
use std::hash::Hash;

use crate::kernel::error::Error;
use crate::kernel::error::Result;
use crate::kernel::money::Currency;
use crate::kernel::text::language_satisfies;
use crate::kernel::zone::TimeZone;
use crate::matching::domain::WorkingHours;

/// Numbers for words of one kind, from 1 on; 0 is no word.
#[derive(Debug, Clone)]
pub struct Words<W> {
    kind: &'static str,
    most: usize,
    numbers: HashMap<W, u16>,
    words: Vec<W>,
}

impl<W: Hash + Eq + Clone> Words<W> {
    fn new(kind: &'static str, most: u16) -> Self {
        Self { kind, most: usize::from(most), numbers: HashMap::new(), words: Vec::new() }
    }

    /// The number of `word`, new or known.
    ///
    /// # Errors
    /// When there are as many words as numbers: the engine does not wrap around.
    fn number(&mut self, word: &W) -> Result<u16> {
        if let Some(number) = self.numbers.get(word) {
            return Ok(*number);
        }
        let number = u16::try_from(self.words.len() + 1).ok().filter(|_| self.words.len() < self.most);
        let number = number.ok_or_else(|| Error::internal(format!("the matching engine holds at most {} {}", self.most, self.kind)))?;
        self.numbers.insert(word.clone(), number);
        self.words.push(word.clone());
        Ok(number)
    }

    /// The number of a known word.
    pub fn known<Q: Hash + Eq + ?Sized>(&self, word: &Q) -> Option<u16>
    where
        W: std::borrow::Borrow<Q>,
    {
        self.numbers.get(word).copied()
    }

    /// The word with this number.
    pub fn word(&self, number: u16) -> Option<&W> {
        self.words.get(usize::from(number).checked_sub(1)?)
    }

    /// All words, in the order of their numbers, the first of which is 1.
    pub fn all(&self) -> &[W] {
        &self.words
    }
}

/// A zone and the working hours in it.
pub type Schedule = (TimeZone, WorkingHours);

/// Every word that records are made of.
#[derive(Debug, Clone)]
pub struct Dictionary {
    /// Slugs.
    pub skills: Words<String>,
    /// Zones with working hours.
    pub schedules: Words<Schedule>,
    /// Zones.
    pub zones: Words<TimeZone>,
    /// The zone of every schedule, by its number; the first is that of no schedule.
    zone_of: Vec<u16>,
    /// Sets of language tags, sorted.
    pub languages: Words<Vec<String>>,
    /// Business domains in lower case.
    pub domains: Words<String>,
    /// Currencies.
    pub currencies: Words<Currency>,
    /// For every language tag, the sets that have it.
    sets: HashMap<String, Vec<u16>>,
    edition: u64,
}

impl Default for Dictionary {
    fn default() -> Self {
        Self {
            skills: Words::new("skills", u16::MAX - 1),
            schedules: Words::new("combinations of zone and working hours", u16::MAX - 1),
            zones: Words::new("time zones", u16::MAX - 1),
            zone_of: vec![0],
            languages: Words::new("combinations of languages", u16::MAX - 1),
            domains: Words::new("business domains", u16::MAX - 1),
            currencies: Words::new("currencies", u16::from(u8::MAX)),
            sets: HashMap::new(),
            edition: 0,
        }
    }
}

/// The number of nothing that anybody has: for asked words that the dictionary lacks.
pub const NOBODYS: u16 = u16::MAX;

impl Dictionary {
    /// Changes whenever a word is added, so that whatever was made with an older edition can be made again.
    pub fn edition(&self) -> u64 {
        self.edition
    }

    /// Whatever was made with this edition must be made again: the rules behind it have changed.
    pub fn renew(&mut self) {
        self.edition += 1;
    }

    /// The number of a skill.
    ///
    /// # Errors
    /// When there are too many.
    pub fn skill(&mut self, slug: &String) -> Result<u16> {
        self.grown(|words| words.skills.number(slug))
    }

    /// The number of a schedule.
    ///
    /// # Errors
    /// When there are too many.
    pub fn schedule(&mut self, zone: TimeZone, hours: Option<WorkingHours>) -> Result<u16> {
        let known = self.schedules.all().len();
        let number = self.grown(|words| words.schedules.number(&(zone, hours.unwrap_or(WorkingHours::DEFAULT))))?;
        if self.schedules.all().len() > known {
            self.zone_of.push(self.zones.number(&zone)?);
        }
        Ok(number)
    }

    /// The number of the zone of a schedule; 0 where there is no such schedule.
    pub fn zone_of(&self, schedule: u16) -> u16 {
        self.zone_of.get(usize::from(schedule)).copied().unwrap_or(0)
    }

    /// The number of a business domain.
    ///
    /// # Errors
    /// When there are too many.
    pub fn domain(&mut self, domain: &str) -> Result<u16> {
        self.grown(|words| words.domains.number(&domain.to_ascii_lowercase()))
    }

    /// The number of a domain that somebody asks for: [`NOBODYS`] where nobody has it.
    pub fn asked_domain(&self, domain: &str) -> u16 {
        self.domains.known(domain.to_ascii_lowercase().as_str()).unwrap_or(NOBODYS)
    }

    /// The number of a currency.
    ///
    /// # Errors
    /// When there are too many.
    pub fn currency(&mut self, currency: Currency) -> Result<u8> {
        let number = self.grown(|words| words.currencies.number(&currency))?;
        u8::try_from(number).map_err(Error::internal)
    }

    /// The number of a set of languages.
    ///
    /// # Errors
    /// When there are too many.
    pub fn language_set(&mut self, languages: &[String]) -> Result<u16> {
        let mut set: Vec<String> = languages.iter().map(|tag| tag.to_ascii_lowercase()).collect();
        set.sort_unstable();
        set.dedup();
        let known = self.languages.all().len();
        let number = self.grown(|words| words.languages.number(&set))?;
        if self.languages.all().len() > known {
            for tag in set {
                self.sets.entry(tag).or_default().push(number);
            }
        }
        Ok(number)
    }

    /// For every set of languages (by its number) whether it has all of `asked`.
    pub fn speaking(&self, asked: &[String]) -> Vec<bool> {
        let mut missing = vec![asked.len(); self.languages.all().len() + 1];
        for asked in asked {
            let mut sets: Vec<u16> = Vec::new();
            for (tag, having) in &self.sets {
                if language_satisfies(tag, asked) {
                    sets.extend(having);
                }
            }
            sets.sort_unstable();
            sets.dedup();
            for set in sets {
                if let Some(missing) = missing.get_mut(usize::from(set)) {
                    *missing -= 1;
                }
            }
        }
        missing.into_iter().map(|missing| missing == 0).collect()
    }

    fn grown<T>(&mut self, number: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let before = self.size();
        let number = number(self)?;
        self.edition += u64::from(self.size() != before);
        Ok(number)
    }

    fn size(&self) -> usize {
        self.skills.words.len()
            + self.schedules.words.len()
            + self.languages.words.len()
            + self.domains.words.len()
            + self.currencies.words.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_keeps_its_number_and_a_full_dictionary_says_so() {
        let mut words: Words<String> = Words::new("skills", 2);
        let number =
            |words: &mut Words<String>, word: &str| words.number(&word.to_owned()).map_err(|error| error.cause.unwrap_or_default());
        assert_eq!(number(&mut words, "go"), Ok(1));
        assert_eq!(number(&mut words, "grpc"), Ok(2));
        assert_eq!(number(&mut words, "go"), Ok(1));
        assert_eq!((words.known("grpc"), words.known("rust"), words.word(2)), (Some(2), None, Some(&"grpc".to_owned())));
        assert_eq!(number(&mut words, "rust"), Err("the matching engine holds at most 2 skills".to_owned()));
    }

    #[test]
    fn a_set_speaks_what_one_of_its_tags_satisfies() {
        let texts = |tags: &[&str]| tags.iter().map(|&tag| tag.to_owned()).collect::<Vec<_>>();
        let mut dictionary = Dictionary::default();
        let british = dictionary.language_set(&texts(&["en-GB", "de"])).unwrap();
        let spanish = dictionary.language_set(&texts(&["es"])).unwrap();
        assert_eq!(dictionary.language_set(&texts(&["DE", "en-gb", "de"])).unwrap(), british);
        let speaks = |asked: &[&str], set: u16| dictionary.speaking(&texts(asked))[usize::from(set)];
        assert!(speaks(&["en"], british) && speaks(&["en", "DE"], british) && !speaks(&["en-US"], british));
        assert!(!speaks(&["en"], spanish) && speaks(&[], spanish));
    }
}
