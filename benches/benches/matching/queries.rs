//! The same requests to every peer: first that all give the same answer, then how long each takes, in rounds that take turns.

use std::time::{Duration, Instant};

use guildhall::matching::domain::Request;

use crate::measure::Samples;
use crate::peers::Peer;
use crate::touch::Touch;

/// The name of the kernel among the peers.
pub const TOUCH: &str = "touch-only kernel";

/// How a peer did.
pub struct Timing {
    /// Which.
    pub name: &'static str,
    /// Of every request of every round.
    pub samples: Samples,
    spent: Duration,
}

/// What of the answers of `peers` differs from those of the first.
pub fn differences(peers: &mut [Box<dyn Peer + '_>], requests: &[Request]) -> Vec<String> {
    let mut differences = Vec::new();
    let (mut matches, mut empty) = (0, 0);
    for request in requests {
        let [first, others @ ..] = &mut *peers else { break };
        let expected = first.find(request);
        matches += expected.total;
        empty += usize::from(expected.total == 0);
        for peer in others {
            let answer = peer.find(request);
            if answer != expected {
                let place = answer.best.iter().zip(&expected.best).position(|(left, right)| left != right);
                let (total, right) = (answer.total, expected.total);
                differences.push(format!("{} at {:?}: total {total} for {right}, first other place {place:?}", peer.name(), request.id));
            }
        }
    }
    let (count, all) = (requests.len(), peers.len());
    println!("  answers    {count} requests × {all} engines, {matches} matches, {empty} without any: {} differences", differences.len());
    differences
}

/// Times all `requests` in up to `rounds` rounds; one that has used up its `budget` sits out the rest.
pub fn time(peers: &mut [Box<dyn Peer + '_>], touch: &Touch, requests: &[Request], rounds: usize, budget: Duration) -> Vec<Timing> {
    let names = peers.iter().map(|peer| peer.name()).chain([TOUCH]);
    let mut timings: Vec<Timing> = names.map(|name| Timing { name, samples: Samples::default(), spent: Duration::ZERO }).collect();
    for _ in 0..rounds {
        for (place, timing) in timings.iter_mut().enumerate().filter(|(_, timing)| timing.spent < budget) {
            let began = Instant::now();
            for (index, request) in requests.iter().enumerate() {
                if let Some(peer) = peers.get_mut(place) {
                    timing.samples.time(|| peer.find(request));
                } else {
                    timing.samples.time(|| touch.sum(index));
                }
            }
            timing.spent += began.elapsed();
        }
    }
    timings
}

/// A table of the timings, as multiples of the engine's.
pub fn print(timings: &[Timing]) {
    let engine = p50(timings, "engine").unwrap_or(f64::NAN);
    println!("  {:<26} {:>12} {:>12} {:>10}", "", "p50 µs", "p99 µs", "× engine");
    for timing in timings {
        let (p50, p99) = (timing.samples.p50(), timing.samples.p99());
        println!("  {:<26} {p50:>12.1} {p99:>12.1} {:>10.2}", timing.name, p50 / engine);
    }
}

/// The median of one of them, in microseconds.
pub fn p50(timings: &[Timing], name: &str) -> Option<f64> {
    timings.iter().find(|timing| timing.name == name).map(|timing| timing.samples.p50())
}
