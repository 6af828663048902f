//! The real binary, as an operator runs it: what only a process of its own can show, from its start to its end, by whatever signal.

use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use reqwest::redirect::Policy;
use serde_json::json;

use crate::support::app::SECRET;
use crate::support::person::Person;
use crate::support::smtp::SmtpServer;

/// How long a start, or an end, may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often to look whether it has come so far.
const LOOK: Duration = Duration::from_millis(10);
/// How many lines of the log are shown when something goes wrong.
const SHOWN: usize = 200;

/// A running process of the house.
pub struct Process {
    child: Child,
    /// What it prints, and its log: in a folder that goes with the process.
    files: [PathBuf; 2],
    _folder: Arc<Folder>,
    /// Where it listens.
    pub address: SocketAddr,
}

/// How to start one.
#[derive(Clone)]
pub struct Launch {
    variables: Vec<(String, String)>,
    folder: Arc<Folder>,
}

/// How a command ended.
pub struct Ended {
    pub status: ExitStatus,
    pub printed: String,
    pub said: String,
}

impl Ended {
    /// What it printed, after it has done what it should.
    #[track_caller]
    pub fn fine(self) -> String {
        assert!(self.status.success(), "{}: {}{}", self.status, self.printed, self.said);
        self.printed
    }

    /// All that it said, after it has refused.
    #[track_caller]
    pub fn refused(self) -> String {
        assert_eq!(self.status.code(), Some(1), "{}{}", self.printed, self.said);
        self.printed + &self.said
    }
}

/// Where it runs; goes with the last who uses it.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// A number that nobody else has.
fn next() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Launch {
    /// `guildhall serve --migrate` on a database and a mail server, without limits.
    pub fn new(database: &str, mail: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("guildhall-process-{}-{}", std::process::id(), next()));
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

    /// With a variable of the environment, in place of an earlier one of that name.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guildhall"));
        let inherited = std::env::vars()
            .filter(|(name, _)| matches!(name.as_str(), "PATH" | "HOME" | "TMPDIR" | "LLVM_PROFILE_FILE" | "MUTANT" | "MUTANTS_REACHED"));
        command.env_clear().envs(inherited).envs(self.variables.iter().cloned());
        command.args(arguments).current_dir(&self.folder.0).stdin(Stdio::null());
        command
    }

    /// The folder in which it runs.
    pub fn folder(&self) -> &Path {
        &self.folder.0
    }

    /// Whether its database is an SQLite file.
    pub fn uses_sqlite(&self) -> bool {
        self.variables.iter().any(|(name, value)| name == "GUILDHALL_DATABASE__URL" && value.starts_with("sqlite:"))
    }

    /// Begins a command, and does not wait for it.
    pub fn begin(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary")
    }

    /// Has a command done; how it ended, what it printed and what it said beside that.
    pub async fn command_ends(&self, arguments: &[&str]) -> Ended {
        let mut command = self.command(arguments);
        let ended = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread").expect("the binary");
        let [printed, said] = [ended.stdout, ended.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        Ended { status: ended.status, printed, said }
    }

    /// Runs to the end; how it ended, and what it said.
    pub async fn run(&self) -> (ExitStatus, String) {
        let mut command = self.command(&["serve", "--migrate"]);
        let ended = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread").expect("the binary");
        (ended.status, String::from_utf8_lossy(&ended.stderr).into_owned())
    }

    /// Makes an admin by the command line; gives what that said.
    pub fn make_admin(&self, email: &str, password: &str) -> String {
        let mut command = self.command(&["admin", "create", "--email", email, "--name", "An admin", "--password-stdin"]);
        let mut made = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary");
        writeln!(made.stdin.take().expect("its input"), "{password}").expect("a line");
        let ended = made.wait_with_output().expect("an end");
        let said = [ended.stdout, ended.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        assert!(ended.status.success(), "{said}");
        said
    }

    /// Starts, and waits until it says where it listens.
    pub async fn start(&self) -> Process {
        let number = next();
        let files = ["out", "log"].map(|word| self.folder.0.join(format!("{word}-{number}")));
        let [out, log] = files.each_ref().map(|path| File::create(path).expect("a file"));
        let child = self.command(&["serve", "--migrate"]).stdout(out).stderr(log).spawn().expect("the binary");
        let mut process = Process { child, files, _folder: self.folder.clone(), address: SocketAddr::from(([0; 4], 0)) };
        let begun = Instant::now();
        loop {
            if let Some(address) = address_in(&process.said()) {
                process.address = address;
                return process;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not listen: {:#?}", process.log());
            tokio::time::sleep(LOOK).await;
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
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).timeout(Duration::from_secs(60));
        let email = format!("{word}{}@example.com", next());
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
        while nobody.try_get("/readyz").await.is_none_or(|answer| answer.status != 200) {
            assert!(begun.elapsed() < patience, "not ready after {patience:?}: {:#?}", self.log());
            tokio::time::sleep(LOOK).await;
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
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Everything that it has written into its log.
    pub fn said(&self) -> String {
        text(&self.files[1])
    }

    /// Everything that it has printed.
    pub fn printed(&self) -> String {
        text(&self.files[0])
    }

    /// The end of its log.
    pub fn log(&self) -> Vec<String> {
        let said = self.said();
        let lines: Vec<&str> = said.lines().collect();
        lines[lines.len().saturating_sub(SHOWN)..].iter().map(|line| (*line).to_owned()).collect()
    }

    /// How others on this machine see it.
    pub fn command_line(&self) -> String {
        text(Path::new(&format!("/proc/{}/cmdline", self.child.id())))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn text(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).expect("a file")).into_owned()
}

fn address_in(said: &str) -> Option<SocketAddr> {
    let (_, rest) = said.split_once("listening on http://")?;
    rest.split(|each: char| each == '"' || each.is_whitespace()).next()?.parse().ok()
}
