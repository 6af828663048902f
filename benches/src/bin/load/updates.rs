//! Vetted developers change their rates and their first free days, at a fixed pace.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use guildhall_benches::developers::{developer, edited};
use guildhall_benches::world::World;
use serde_json::json;

use crate::wrk::percentile;
use guildhall_benches::client::Connection;
use guildhall_benches::client::Outcome;

/// So many on the way at once, at most: enough that the pace does not wait for the answers.
const CONNECTIONS: u64 = 128;

/// What became of the changes.
pub struct Written {
    /// A second.
    pub pace: f64,
    /// From asking to the answer, in seconds, in order.
    waited: Vec<f64>,
}

impl Written {
    pub fn told(self) -> Self {
        let [median, high] = [50.0, 99.0].map(|percent| percentile(&self.waited, percent) * 1000.0);
        println!("{:24}{:>12.0}{median:>12.2}{high:>12.2}", "    of these updates", self.pace);
        self
    }
}

/// `pace` changes a second until `stop`, by `people` in turns.
pub fn write(address: SocketAddr, people: &[(u64, String)], world: &World, pace: u64, stop: &AtomicBool) -> Result<Written, String> {
    let begin = Instant::now();
    let each = |first: u64| -> Outcome<Vec<f64>> { one(address, people, world, pace, stop, (begin, first)) };
    let waited = std::thread::scope(|scope| {
        let each = &each;
        let writers: Vec<_> = (0..CONNECTIONS).map(|first| scope.spawn(move || each(first).map_err(|error| error.to_string()))).collect();
        let done = writers.into_iter().map(|writer| writer.join().unwrap_or_else(|_| Err("a writer panicked".to_owned())));
        done.collect::<Result<Vec<_>, _>>()
    })?;
    let mut waited = waited.concat();
    waited.sort_by(f64::total_cmp);
    Ok(Written { pace: waited.len() as f64 / begin.elapsed().as_secs_f64(), waited })
}

/// Every so manieth change, each at its time or, when the one before took longer, at once.
fn one(
    address: SocketAddr,
    people: &[(u64, String)],
    world: &World,
    pace: u64,
    stop: &AtomicBool,
    (begin, first): (Instant, u64),
) -> Outcome<Vec<f64>> {
    let (mut connection, mut waited) = (Connection::open(address)?, Vec::new());
    for turn in (first..).step_by(CONNECTIONS as usize) {
        let due = begin + Duration::from_secs_f64(turn as f64 / pace as f64);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let (number, token) = &people[turn as usize % people.len()];
        let changed = edited(world, developer(world, *number), turn);
        let body = json!({ "hourly_rate": changed.rate, "available_from": changed.available_from });
        let asked = Instant::now();
        connection.ask("PATCH", "/v1/developers/me", token, Some(&body))?;
        waited.push(asked.elapsed().as_secs_f64());
    }
    Ok(waited)
}
