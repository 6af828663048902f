//! The generator: `wrk`, one thread, connections that are kept alive.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::processes::{Folder, Process};
use guildhall_benches::client::Outcome;

/// Unless a load says otherwise.
pub const CONNECTIONS: usize = 32;
/// Asks the questions in turns, and prints: requests, microseconds in all, p50, p99, answers that were no success, and broken
/// or late connections.
const SCRIPT: &str = r#"
local requests, turn = {}, 0
init = function()
  for _, each in ipairs(questions) do requests[#requests + 1] = wrk.format(each[1], each[2], nil, each[3]) end
end
request = function()
  turn = turn % #requests + 1
  return requests[turn]
end
done = function(summary, latency)
  local errors = summary.errors
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("\nmeasured %d %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors.status, broken))
end
"#;

/// One request.
#[derive(Debug, Clone)]
pub struct Question {
    pub method: &'static str,
    pub path: String,
    pub body: Option<Value>,
}

impl Question {
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), body: None }
    }

    pub fn post(path: &str, body: Value) -> Self {
        Self { method: "POST", path: path.to_owned(), body: Some(body) }
    }
}

/// What to ask, by whom, and on how many connections.
pub struct Load {
    script: PathBuf,
    headers: Vec<String>,
    connections: usize,
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
    /// The share of answers that were no success.
    pub refused: f64,
}

/// # Errors
/// When `wrk` is not installed.
pub fn is_there() -> Outcome<()> {
    Command::new("wrk").arg("-v").output().map(drop).map_err(|error| format!("wrk is needed (apt-get install wrk): {error}").into())
}

impl Load {
    /// `name` is the script's, which is kept in the folder.
    pub fn new(folder: &Folder, name: &str, token: &str, questions: &[Question], connections: usize) -> Outcome<Self> {
        let script = folder.path().join(format!("{name}.lua"));
        let mut text = "questions = {\n".to_owned();
        for Question { method, path, body } in questions {
            let body = body.as_ref().map_or_else(|| "nil".to_owned(), |body| format!("[==[{body}]==]"));
            writeln!(text, "  {{[==[{method}]==], [==[{path}]==], {body}}},")?;
        }
        std::fs::write(&script, format!("{text}}}\n{SCRIPT}"))?;
        let headers = vec![format!("Authorization: Bearer {token}"), "Content-Type: application/json".to_owned()];
        Ok(Self { script, headers, connections })
    }

    /// Asks the server for so long.
    ///
    /// # Errors
    /// When an answer was no success, or a connection broke.
    pub fn run(&self, server: &Process, time: Duration) -> Outcome<Measured> {
        let measured = self.crowd(server, time)?;
        if measured.refused > 0.0 { Err(format!("not every answer was good: {measured:?}").into()) } else { Ok(measured) }
    }

    /// The same where the server may refuse.
    ///
    /// # Errors
    /// When a connection broke or an answer did not come in time.
    pub fn crowd(&self, server: &Process, time: Duration) -> Outcome<Measured> {
        let (seconds, connections, url) =
            (format!("-d{}s", time.as_secs()), format!("-c{}", self.connections), format!("http://{}", server.address));
        let mut command = Command::new("wrk");
        command.args(["-t1", "--timeout", "10s", &connections, &seconds]);
        for header in &self.headers {
            command.args(["-H", header]);
        }
        command.arg("-s").arg(&self.script).arg(&url);
        let before = server.cpu();
        let output = command.output()?;
        let cpu = server.cpu() - before;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().find_map(|line| line.strip_prefix("measured ")).ok_or_else(|| format!("wrk says: {text}"))?;
        let numbers = line.split(' ').map(str::parse).collect::<Result<Vec<f64>, _>>()?;
        match numbers[..] {
            [requests, micros, p50, p99, refused, 0.0] if requests > 0.0 => Ok(Measured {
                rate: requests * 1e6 / micros,
                p50: p50 / 1000.0,
                p99: p99 / 1000.0,
                cpu: cpu * 1e6 / requests,
                refused: refused / requests,
            }),
            _ => Err(format!("connections broke: {text}").into()),
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
