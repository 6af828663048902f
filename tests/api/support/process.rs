//! The real binary, as an operator runs it: what only a process of its own can show, from its start to its end, by whatever signal.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::redirect::Policy;
use serde_json::json;

use crate::support::app::SECRET;
use crate::support::person::Person;
use crate::support::smtp::SmtpServer;

/// How long a start, or an end, may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many lines of the log are kept.
const KEPT: usize = 200;

/// A running process of the house.
pub struct Process {
    child: Child,
    log: Arc<Mutex<VecDeque<String>>>,
    /// Where it listens.
    pub address: SocketAddr,
}

/// How to start one.
#[derive(Clone)]
pub struct Launch {
    variables: Vec<(String, String)>,
    folder: Arc<Folder>,
}

/// Where it runs; goes with the last launch that uses it.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

impl Launch {
    /// `guildhall serve --migrate` on a database and a mail server, without limits.
    pub fn new(database: &str, mail: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("guildhall-process-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        let launch = Self { variables: Vec::new(), folder: Arc::new(Folder(folder)) };
        let settings = [
            ("AUTH__HASHING_PERMITS", "32"),
            ("AUTH__SECRET", SECRET),
            ("DATABASE__PATIENCE", "20000"),
            ("DATABASE__URL", database),
            ("LIMITS__ENABLED", "false"),
            ("MAIL__DEADLINE", "5"),
            ("MAIL__URL", mail),
            ("SERVER__LISTEN", "127.0.0.1:0"),
            ("SERVER__WORKERS", "2"),
        ];
        settings.into_iter().fold(launch, |launch, (name, value)| launch.with(&format!("GUILDHALL_{name}"), value))
    }

    /// With a variable of the environment.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guildhall"));
        let inherited = std::env::vars().filter(|(name, _)| matches!(name.as_str(), "PATH" | "HOME" | "TMPDIR"));
        command.env_clear().envs(inherited).envs(self.variables.iter().cloned());
        command.args(["serve", "--migrate"]).current_dir(&self.folder.0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// Runs to the end; how it ended, and what it said.
    pub async fn run(&self) -> (ExitStatus, String) {
        let mut command = self.command();
        let ended = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread").expect("the binary");
        (ended.status, String::from_utf8_lossy(&ended.stderr).into_owned())
    }

    /// Starts, and waits until it says where it listens.
    pub async fn start(&self) -> Process {
        let mut child = self.command().spawn().expect("the binary");
        let lines = BufReader::new(child.stderr.take().expect("its log")).lines();
        let (log, (said, listening)) = (Arc::new(Mutex::new(VecDeque::new())), tokio::sync::oneshot::channel());
        let kept = log.clone();
        std::thread::spawn(move || {
            let mut said = Some(said);
            for line in lines.map_while(Result::ok) {
                if let Some(address) = address_in(&line).filter(|_| said.is_some()) {
                    assert!(said.take().is_none_or(|said| said.send(address).is_ok()), "nobody waits any more");
                }
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.push_back(line);
                if kept.len() > KEPT {
                    kept.pop_front();
                }
            }
        });
        match tokio::time::timeout(PATIENCE, listening).await {
            Ok(Ok(address)) => Process { child, log, address },
            _ => panic!("it does not listen: {:#?}", log.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    /// Starts, and waits until it can do its work.
    pub async fn start_ready(&self) -> Process {
        let process = self.start().await;
        process.until_ready(PATIENCE).await;
        process
    }
}

impl Process {
    /// What URLs begin with.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Somebody with an address that nobody else has.
    pub fn somebody(&self, word: &str) -> Person {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).timeout(Duration::from_secs(60));
        let email = format!("{word}{}@example.com", NEXT.fetch_add(1, Ordering::Relaxed));
        Person::new(http.build().expect("an HTTP client"), self.base(), &email)
    }

    /// Somebody in a role whose address is verified, signed in.
    pub async fn person(&self, smtp: &SmtpServer, role: &str) -> Person {
        let person = self.somebody(role);
        person.register(role).await.expect(202);
        let token = smtp.wait_for(&person.email, |mail| mail.subject() == "Verify your e-mail").await.token();
        person.post("/v1/auth/verify-email", json!({ "token": token })).await.expect(200);
        person.sign_in().await
    }

    /// Waits until `/readyz` says so; how long that took.
    pub async fn until_ready(&self, patience: Duration) -> Duration {
        let (begun, nobody) = (Instant::now(), self.somebody("nobody"));
        while !nobody.try_get("/readyz").await.is_some_and(|answer| answer.status == 200) {
            assert!(begun.elapsed() < patience, "not ready after {patience:?}: {:#?}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        begun.elapsed()
    }

    /// Kills it as nothing can be caught: SIGKILL.
    pub fn kill(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// Asks it to stop, as an orchestrator does.
    pub fn terminate(&self) {
        let done = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill");
        assert!(done.success(), "no such process");
    }

    /// Waits for its end: how it ended, and how long that took.
    pub async fn ended(&mut self) -> (ExitStatus, Duration) {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return (status, begun.elapsed());
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end: {:#?}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The end of its log.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("listening on http://")?;
    rest.split(|each: char| each == '"' || each.is_whitespace()).next()?.parse().ok()
}
