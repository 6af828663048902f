//! Somebody who asks `GET /healthz` on a new connection again and again, and looks at the server's memory and descriptors, while
//! others load it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::processes::Process;
use crate::wrk::percentile;
use guildhall_benches::client::{Connection, Outcome};

const PAUSE: Duration = Duration::from_millis(50);

/// What was seen.
pub struct Watched {
    /// How long each answer took, in milliseconds, in order.
    waited: Vec<f64>,
    /// The server's memory at each, in MiB, as time went on.
    memory: Vec<f64>,
    /// Its open files and sockets, likewise.
    descriptors: Vec<f64>,
}

impl Watched {
    /// In milliseconds.
    pub fn p99(&self) -> f64 {
        percentile(&self.waited, 99.0)
    }

    /// The most memory, in MiB.
    pub fn peak(&self) -> f64 {
        self.memory.iter().copied().fold(0.0, f64::max)
    }

    /// By how much memory and descriptors have grown from the second fifth of the time to the last one: 1 is not at all.
    pub fn growth(&self) -> [f64; 2] {
        [&self.memory, &self.descriptors].map(|seen| growth(seen))
    }
}

fn growth(seen: &[f64]) -> f64 {
    let fifth = (seen.len() / 5).max(1);
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let parts: Vec<f64> = seen.chunks(fifth).map(mean).collect();
    parts.get(4).zip(parts.get(1)).map_or(f64::NAN, |(last, second)| last / second)
}

/// Watches the server during `load`.
pub fn during<T: Send>(server: &Process, load: impl FnOnce() -> Outcome<T> + Send) -> Outcome<(T, Watched)> {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(server, &over).map_err(|error| error.to_string()));
        let done = load();
        over.store(true, Ordering::SeqCst);
        let watched = watcher.join().map_err(|_| "the watcher panicked")??;
        Ok((done?, watched))
    })
}

fn watch(server: &Process, over: &AtomicBool) -> Outcome<Watched> {
    let mut watched = Watched { waited: Vec::new(), memory: Vec::new(), descriptors: Vec::new() };
    while !over.load(Ordering::SeqCst) {
        let asked = Instant::now();
        Connection::open(server.address)?.ask("GET", "/healthz", "", None)?;
        watched.waited.push(asked.elapsed().as_secs_f64() * 1000.0);
        watched.memory.push(server.memory());
        watched.descriptors.push(server.descriptors());
        std::thread::sleep(PAUSE);
    }
    watched.waited.sort_by(f64::total_cmp);
    Ok(watched)
}
