//! The generator: `wrk`, one thread, 32 connections that are kept alive.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::processes::{Folder, Process};
use guildhall_benches::client::Outcome;

const CONNECTIONS: &str = "-c32";
/// Asks for the given paths in turns, and prints: requests, microseconds in all, p50, p99, errors of every kind.
const SCRIPT: &str = r#"
local requests, turn = {}, 0
init = function(paths)
  for _, path in ipairs(paths) do requests[#requests + 1] = wrk.format("GET", path) end
end
request = function()
  turn = turn % #requests + 1
  return requests[turn]
end
done = function(summary, latency)
  local errors = summary.errors
  local bad = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format("\nmeasured %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), bad))
end
"#;

/// What to ask for, and by whom.
pub struct Load {
    script: PathBuf,
    header: String,
    paths: Vec<String>,
}

/// What a load found.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// Requests a second.
    pub rate: f64,
    /// In milliseconds.
    pub p50: f64,
    /// In milliseconds.
    pub p99: f64,
    /// Processor time of the server a request, in microseconds: says more than the rate on a machine that is shared.
    pub cpu: f64,
}

/// # Errors
/// When `wrk` is not installed.
pub fn is_there() -> Outcome<()> {
    Command::new("wrk").arg("-v").output().map(drop).map_err(|error| format!("wrk is needed (apt-get install wrk): {error}").into())
}

impl Load {
    pub fn new(folder: &Folder, token: &str, paths: Vec<String>) -> Outcome<Self> {
        let script = folder.path().join("load.lua");
        std::fs::write(&script, SCRIPT)?;
        Ok(Self { script, header: format!("Authorization: Bearer {token}"), paths })
    }

    /// Asks the server for so long; an error of whatever kind is one of this measurement.
    pub fn run(&self, server: &Process, time: Duration) -> Outcome<Measured> {
        let (seconds, url) = (format!("-d{}s", time.as_secs()), format!("http://{}", server.address));
        let mut command = Command::new("wrk");
        command.args(["-t1", CONNECTIONS, &seconds, "-H", &self.header, "-s"]).arg(&self.script).args([&url, "--"]).args(&self.paths);
        let before = server.cpu();
        let output = command.output()?;
        let cpu = server.cpu() - before;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().find_map(|line| line.strip_prefix("measured ")).ok_or_else(|| format!("wrk says: {text}"))?;
        let numbers = line.split(' ').map(str::parse).collect::<Result<Vec<f64>, _>>()?;
        match numbers[..] {
            [requests, micros, p50, p99, 0.0] if requests > 0.0 => {
                Ok(Measured { rate: requests * 1e6 / micros, p50: p50 / 1000.0, p99: p99 / 1000.0, cpu: cpu * 1e6 / requests })
            }
            _ => Err(format!("not every answer was good: {text}").into()),
        }
    }
}

impl Measured {
    pub fn told(self, name: &str) -> Self {
        println!("{name:24}{:>12.0}{:>12.2}{:>12.2}{:>12.0}", self.rate, self.p50, self.p99, self.cpu);
        self
    }
}

/// Of numbers in any order.
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    percentile(&numbers, 50.0)
}

/// Of numbers in order.
pub fn percentile(sorted: &[f64], percent: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * percent / 100.0).round() as usize).copied().unwrap_or(f64::NAN)
}
