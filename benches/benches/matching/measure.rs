//! Times, their percentiles, and what the machine itself can do.

use std::hint::black_box;
use std::time::{Duration, Instant};

use guildhall_benches::random::Random;

/// What something took, again and again, in nanoseconds.
#[derive(Debug, Default)]
pub struct Samples(Vec<u64>);

impl Samples {
    /// Runs `work` once and keeps its time.
    pub fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (result, took) = timed(work);
        self.0.push(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
        result
    }

    /// Microseconds that so many of a hundred stay below.
    pub fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(place).copied().unwrap_or_default() as f64 / 1000.0
    }

    /// The median, in microseconds.
    pub fn p50(&self) -> f64 {
        self.percentile(50)
    }

    /// In microseconds.
    pub fn p99(&self) -> f64 {
        self.percentile(99)
    }
}

/// The result of `work` and how long it took.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let result = black_box(work());
    (result, began.elapsed())
}

/// Prints what no engine can beat here: bytes copied, a cache line fetched from far away, the clock read around nothing.
pub fn print_floor() {
    const WORDS: usize = 1 << 24;
    let from = vec![1_u64; WORDS];
    let mut to = vec![0_u64; WORDS];
    let copies = (0..5).map(|_| timed(|| black_box(&mut to).copy_from_slice(black_box(&from))).1);
    let copy = copies.min().unwrap_or_default().as_secs_f64();
    let gigabytes = (WORDS * 8) as f64 / copy / 1e9;
    let hop = random_access(WORDS);
    let mut empty = Samples::default();
    (0..100_000).for_each(|_| empty.time(|| ()));
    println!(
        "machine   {} cores | copy {gigabytes:.1} GB/s | dependent random read {hop:.0} ns | empty call {:.0} ns",
        std::thread::available_parallelism().map_or(1, usize::from),
        empty.p50() * 1000.0
    );
}

/// Nanoseconds from one random place of 128 MB to the next that it names.
fn random_access(words: usize) -> f64 {
    const HOPS: usize = 1_000_000;
    let random = &mut Random::of(9, 9);
    let mut next: Vec<u64> = (0..words as u64).collect();
    // Sattolo's shuffle: one single cycle.
    for place in (1..words).rev() {
        next.swap(place, random.index(place));
    }
    let (at, took) = timed(|| (0..HOPS).fold(0, |at: u64, _| next[at as usize]));
    black_box(at);
    took.as_nanos() as f64 / HOPS as f64
}
