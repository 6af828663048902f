//! A PostgreSQL cluster of one test's own, which it may stop and start.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::support::database::cluster;

/// A running cluster; ends with this.
pub struct Cluster {
    script: Child,
    /// Its URL, without a database's name.
    pub url: String,
}

impl Cluster {
    /// Starts one; none where the tests run on SQLite.
    pub fn start() -> Option<Self> {
        cluster()?;
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/postgres");
        // Says where it is, then runs until nobody holds the other end of its input.
        let mut script = Command::new(script)
            .args(["sh", "-c", "echo $GUILDHALL_TEST_DATABASE; cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the script that starts clusters");
        let mut url = String::new();
        BufReader::new(script.stdout.take().expect("its output")).read_line(&mut url).expect("a line");
        Some(Self { script, url: url.trim().to_owned() })
    }

    /// Stops it as a crash does, without a checkpoint.
    pub fn stop(&self) {
        self.control(&["stop", "-m", "immediate"]);
    }

    /// Starts it again; it recovers from its log.
    pub fn start_again(&self) {
        self.control(&["start"]);
    }

    fn control(&self, arguments: &[&str]) {
        let (_, folder) = self.url.rsplit_once('@').expect("a folder");
        let control = PathBuf::from(folder.replace("%2F", "/")).join("control");
        let done = Command::new(control).args(arguments).status().expect("the cluster's control");
        assert!(done.success(), "{arguments:?}: {done}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.script.stdin.take());
        drop(self.script.wait());
    }
}
