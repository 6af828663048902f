//! Pseudo-random numbers: SplitMix64, because a generator for each developer has to begin in a nanosecond.

/// A stream of numbers that its seed and its place decide.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The stream of the thing number `place` of the kind `kind`.
    pub fn of(kind: u64, place: u64) -> Self {
        let mut random = Self(kind.wrapping_mul(0xd6e8_feb8_6659_fd93) ^ place.wrapping_mul(0xa076_1d64_78bd_642f));
        random.draw();
        random
    }

    /// 64 random bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to just below `end`, which is at least 1.
    pub fn below(&mut self, end: u64) -> u64 {
        u64::try_from((u128::from(self.draw()) * u128::from(end)) >> 64).unwrap_or_default()
    }

    /// From `first` to `last`.
    pub fn between(&mut self, first: i64, last: i64) -> i64 {
        first + i64::try_from(self.below(u64::try_from(last - first + 1).unwrap_or(1))).unwrap_or_default()
    }

    /// Likewise, small.
    pub fn small(&mut self, first: u32, last: u32) -> u32 {
        u32::try_from(self.between(first.into(), last.into())).unwrap_or(first)
    }

    /// True so many times of a hundred.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of `list`, which is not empty.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.index(list.len())]
    }

    /// A place of a list of so many.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(u64::try_from(length).unwrap_or(1))).unwrap_or_default()
    }

    /// A place, by cumulative weights (each the sum of its own and all before).
    pub fn weighted(&mut self, cumulative: &[u64]) -> usize {
        let at = self.below(cumulative.last().copied().unwrap_or(1));
        cumulative.partition_point(|sum| *sum <= at)
    }
}
