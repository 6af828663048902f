//! How a developer is packed: 16 bytes that the gates read, 64 bytes of skills, 28 bytes that only the score reads, and,
//! for the few who need it, a place beside.

use chrono::NaiveDate;

/// What the gates read, one slot after the other: four records to a cache line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Record {
    /// Minor units per hour.
    pub rate: u32,
    /// Zone and working hours, as the dictionary numbers them.
    pub schedule: u16,
    /// The set of spoken languages, as the dictionary numbers it.
    pub languages: u16,
    /// The first free [`day`]; 0 where none is stated.
    pub starts: u16,
    /// [`country`]; 0 where none is stated.
    pub country: u16,
    /// Hours per week in all.
    pub hours: u8,
    /// One bit: 1 << its place among the seniorities; [`UNSTATED`] where none is stated.
    pub seniority: u8,
    /// As the dictionary numbers it.
    pub currency: u8,
    /// [`DEAD`], [`HOLDS`].
    pub flags: u8,
}
const _: () = assert!(size_of::<Record>() == 16);

/// The seniority's bit of those who state none.
pub const UNSTATED: u8 = 1 << 7;
/// Nobody stands here any more; the lowest bit, so that it is also the lowest of a verdict.
pub const DEAD: u8 = 1;
/// Trials hold hours: see [`Holds`](crate::matching::engine_holds::Holds).
pub const HOLDS: u8 = 2;

/// The skills, in one cache line: up to fifteen entries (see [`entry`]) and a header. More stand beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C, align(64))]
pub struct Line {
    entries: [u32; Self::ENTRIES],
    header: u32,
}
const _: () = assert!(size_of::<Line>() == 64);

/// That more skills stand beside.
const MORE: u32 = 1 << 31;

impl Line {
    /// How many skills a line holds.
    pub const ENTRIES: usize = 15;

    /// A line of the first entries; `steady` are the hundredths of points that depend on no request.
    pub fn new(entries: &[u32], steady: u32) -> Self {
        let more = if entries.len() > Self::ENTRIES { MORE } else { 0 };
        let mut line = Self { entries: [0; Self::ENTRIES], header: steady | more };
        for (place, entry) in line.entries.iter_mut().zip(entries) {
            *place = *entry;
        }
        line
    }

    /// The entry of a skill, 0 where it has none. All fifteen are compared without a branch: four vector instructions.
    #[inline]
    pub fn find(&self, skill: u16) -> u32 {
        self.entries.iter().fold(0, |found, entry| found | if entry >> 16 == u32::from(skill) { *entry } else { 0 })
    }

    /// The entries, without the empty places.
    pub fn entries(&self) -> impl Iterator<Item = u32> {
        self.entries.iter().copied().take_while(|entry| *entry != 0)
    }

    /// All places, the empty ones (skill 0) included: a loop over them has no branch.
    #[inline]
    pub fn places(&self) -> &[u32; Self::ENTRIES] {
        &self.entries
    }

    /// Hundredths of points that depend on no request: track record and responsiveness.
    #[inline]
    pub fn steady(&self) -> u32 {
        self.header & !MORE
    }

    /// The highest skill of a full line.
    #[inline]
    pub fn last_skill(&self) -> u16 {
        let [.., last] = self.entries;
        Entry(last).skill()
    }

    /// Whether more skills stand beside.
    #[inline]
    pub fn has_more(&self) -> bool {
        self.header & MORE != 0
    }
}

/// A skill in a line: 16 bits skill (from 1), 3 bits level, 10 bits tenths of years, 1 bit whether the level is verified.
#[inline]
pub fn entry(skill: u16, level: u8, tenths: u32, verified: bool) -> u32 {
    u32::from(skill) << 16 | u32::from(level) << 13 | tenths.min(0x3ff) << 3 | u32::from(verified) << 2
}

/// An entry taken apart.
#[derive(Debug, Clone, Copy)]
pub struct Entry(pub u32);

impl Entry {
    /// Which skill; 0 is none.
    #[inline]
    pub fn skill(self) -> u16 {
        (self.0 >> 16) as u16
    }

    /// The level, 0 for a skill that is not there.
    #[inline]
    pub fn level(self) -> u32 {
        self.0 >> 13 & 7
    }

    /// Whether level and tenths of years are at least these; they stand side by side, but each counts by itself.
    #[inline]
    pub fn meets(self, level: u32, tenths: u32) -> bool {
        self.level() >= level && (self.0 >> 3 & 0x3ff) >= tenths
    }

    /// Whether vetting verified the level.
    #[inline]
    pub fn is_verified(self) -> bool {
        self.0 & 4 != 0
    }

    /// What a posting of this skill says of the developer in `slot`.
    pub fn posting(self, slot: u32) -> u32 {
        slot << 8 | self.level() << 5 | ((self.0 >> 3 & 0x3ff) / 10).min(31)
    }
}

/// What only the score reads, of those who pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Merit {
    /// Business domains, as the dictionary numbers them; 0 is an empty place.
    pub domains: [u16; 4],
    /// Domains that the developer would like.
    pub wishes: [u16; 4],
    /// The [`day`] on which the skills were verified …
    pub verified_on: u16,
    /// … and for how many days that counts, at least 1; 0 where the skills differ: then they stand beside.
    pub valid_days: u16,
    /// Hours per week that the developer would like at least and at most.
    pub least_hours: u8,
    /// At most; 255 is no limit.
    pub most_hours: u8,
    /// One bit for each length that the developer would like; 0 states none.
    pub lengths: u8,
    /// [`HOURS_WISHED`], [`MORE_DOMAINS`].
    pub flags: u8,
    /// The place in the list of what stands beside, from 1; 0 is nowhere.
    pub beside: u32,
}
const _: () = assert!(size_of::<Merit>() == 28);

/// The developer states how many hours are liked.
pub const HOURS_WISHED: u8 = 1;
/// Domains or liked domains did not fit and stand beside, all of them.
pub const MORE_DOMAINS: u8 = 2;

/// What does not fit the packed form.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Beside {
    /// Entries beyond the line's.
    pub skills: Box<[u32]>,
    /// Skill, day of verification, valid days: where not all skills were verified at once.
    pub verifications: Box<[(u16, u16, u16)]>,
    /// All domains, where they are too many.
    pub domains: Box<[u16]>,
    /// All liked domains, where they are too many.
    pub wishes: Box<[u16]>,
}

impl Beside {
    /// Whether nothing stands here.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Bytes of the lists.
    pub fn bytes(&self) -> usize {
        size_of::<Self>()
            + size_of_val(&*self.skills)
            + size_of_val(&*self.verifications)
            + size_of_val(&*self.domains)
            + size_of_val(&*self.wishes)
    }
}

/// Days since the end of 1999, so that 0 stays free for "not stated": up to 2179. What lies outside counts as the nearest.
pub fn day(date: NaiveDate) -> u16 {
    let days = date.signed_duration_since(NaiveDate::from_ymd_opt(1999, 12, 31).unwrap_or_default()).num_days();
    u16::try_from(days.clamp(1, i64::from(u16::MAX))).unwrap_or(u16::MAX)
}

/// The two letters of a country as a number from 1 to 676; 0 for what are no two letters.
pub fn country(code: &str) -> u16 {
    let letter = |byte: &u8| byte.is_ascii_uppercase().then(|| u16::from(byte - b'A'));
    match code.as_bytes() {
        [first, second] => letter(first).zip(letter(second)).map_or(0, |(first, second)| 1 + first * 26 + second),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_keeps_what_it_is_given() {
        let packed = Entry(entry(65_535, 5, 1_000, true));
        assert_eq!((packed.skill(), packed.level(), packed.is_verified()), (65_535, 5, true));
        assert!(packed.meets(5, 1_000) && !packed.meets(5, 1_001));
        let plain = Entry(entry(1, 3, 25, false));
        assert!(plain.meets(3, 25) && !plain.meets(4, 0) && !plain.meets(1, 26) && !plain.is_verified());
        assert_eq!(plain.posting(7), 7 << 8 | 3 << 5 | 2, "two whole years");
        assert_eq!(packed.posting(0xff_ffff) >> 8, 0xff_ffff);
    }

    #[test]
    fn a_line_finds_its_skills() {
        let entries: Vec<u32> = (1..=17).map(|skill| entry(skill, 3, 10, false)).collect();
        let line = Line::new(&entries, 800);
        assert_eq!((line.find(15), line.find(16), line.find(99)), (entries[14], 0, 0));
        assert!(line.has_more() && line.steady() == 800 && line.entries().count() == 15);
        assert!(!Line::new(&entries[..15], 10_000).has_more());
    }

    #[test]
    fn days_and_countries() {
        assert_eq!(day("2000-01-01".parse().unwrap()), 1);
        assert_eq!(day("1990-01-01".parse().unwrap()), 1);
        assert_eq!(day("2999-01-01".parse().unwrap()), u16::MAX);
        assert_eq!((country("AA"), country("ZZ"), country("gb"), country("")), (1, 676, 0, 0));
    }
}
