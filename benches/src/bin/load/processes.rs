//! What runs beside: the server, the bare handler, and the folder of both; all gone at the end.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::database::SECRET;
use crate::{Outcome, bare};
use guildhall_benches::client::Connection;

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Of processor time a second, as `/proc` counts it.
const TICKS: f64 = 100.0;
/// Of memory, as `/proc` counts it, in bytes.
const PAGE: f64 = 4096.0;
const MIB: f64 = 1_048_576.0;

/// A temporary folder.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Outcome<Self> {
        let path = std::env::temp_dir().join(format!("guildhall-load-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// Whether the server refuses whoever asks too often.
#[derive(Debug, Clone, Copy)]
pub enum Limits {
    On,
    Off,
}

/// A server in a process of its own.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Process {
    /// `guildhall serve`, which lies beside this program, and how long it took until it was ready. Defaults but for what a
    /// load test needs; the log goes to a file.
    pub fn guildhall(folder: &Folder, database: &str, limits: Limits) -> Outcome<(Self, Duration)> {
        let mut command = Command::new(std::env::current_exe()?.with_file_name("guildhall"));
        command.arg("serve").current_dir(folder.path()).env_remove("GUILDHALL_ENV").envs([
            ("GUILDHALL_SERVER__LISTEN", "127.0.0.1:0"),
            ("GUILDHALL_LIMITS__ENABLED", if matches!(limits, Limits::On) { "true" } else { "false" }),
            ("GUILDHALL_AUTH__SECRET", SECRET),
            ("DATABASE_URL", database),
        ]);
        let began = Instant::now();
        let process = Self::start(command, &folder.path().join("guildhall.log"))?;
        let mut connection = Connection::open(process.address)?;
        while connection.call("GET", "/readyz", "", None)?.status != 200 {
            if began.elapsed() > PATIENCE {
                return Err("the server does not become ready".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok((process, began.elapsed()))
    }

    /// The processor time that it has taken so far, in seconds; not a number where `/proc` does not tell.
    pub fn cpu(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        let fields = text.rsplit_once(") ").map_or("", |(_, fields)| fields);
        let ticks: Vec<f64> = fields.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse().ok()).collect();
        if ticks.len() == 2 { ticks.iter().sum::<f64>() / TICKS } else { f64::NAN }
    }

    /// The memory that it holds at this moment, in MiB, without what it shows of files, such as the database's; not a number where
    /// `/proc` does not tell.
    pub fn memory(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/statm", self.child.id())).unwrap_or_default();
        let pages: Vec<f64> = text.split(' ').filter_map(|pages| pages.parse().ok()).collect();
        if let [_, resident, shared, ..] = pages[..] { (resident - shared) * PAGE / MIB } else { f64::NAN }
    }

    /// How many files and sockets it has open; not a number where `/proc` does not tell.
    pub fn descriptors(&self) -> f64 {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).map_or(f64::NAN, |open| open.count() as f64)
    }

    /// This program again, as the bare handler of the answers in the folder.
    pub fn bare(folder: &Folder) -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("bare").arg(folder.path());
        Self::start(command, &folder.path().join("bare.log"))
    }

    /// Starts it and waits until its log names the address.
    fn start(mut command: Command, log: &Path) -> Outcome<Self> {
        let file = File::create(log)?;
        let mut child = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn()?;
        let began = Instant::now();
        while began.elapsed() < PATIENCE && child.try_wait()?.is_none() {
            let text = std::fs::read_to_string(log)?;
            let address = text.split_once(bare::LISTENING).and_then(|(_, rest)| rest.split(['"', '\n']).next()?.parse().ok());
            match address {
                Some(address) => return Ok(Self { child, address }),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
        drop(child.kill());
        Err(format!("{command:?} does not start: {}", std::fs::read_to_string(log)?).into())
    }
}
