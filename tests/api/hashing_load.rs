//! What many sign-ins at once cost: the house stays reachable, its memory bounded, and what was taken is given back (reliability R67).

mod long {
    use std::io::{BufRead as _, BufReader};
    use std::path::PathBuf;
    use std::process::{Child, Command, Stdio};
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    use futures_util::future::{join, join_all};

    use crate::support::person::Person;

    const CLIENTS: usize = 200;
    const LOAD: Duration = Duration::from_secs(60);
    const REST: Duration = Duration::from_secs(30);
    /// As many as there are cores on the machine that the promise was made for.
    const PERMITS: u64 = 2;
    const MIB_PER_PERMIT: u64 = 32;

    /// The binary itself, as an operator starts it.
    struct House {
        child: Child,
        folder: PathBuf,
        base: String,
    }

    impl House {
        fn start() -> Self {
            let folder = std::env::temp_dir().join(format!("guildhall-hashing-{}", std::process::id()));
            std::fs::create_dir_all(&folder).expect("a folder");
            let place = |name: &str| folder.join(name).display().to_string();
            let mut child = Command::new(env!("CARGO_BIN_EXE_guildhall"))
                .arg("serve")
                .current_dir(&folder)
                .env("GUILDHALL_SERVER__LISTEN", "127.0.0.1:0")
                .env("GUILDHALL_DATABASE__URL", format!("sqlite:{}", place("guildhall.db")))
                .env("GUILDHALL_MAIL__URL", format!("file:{}", place("mail")))
                .env("GUILDHALL_LIMITS__ENABLED", "false")
                .env("GUILDHALL_AUTH__HASHING_PERMITS", PERMITS.to_string())
                .stderr(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .expect("the binary");
            let mut lines = BufReader::new(child.stderr.take().expect("its log")).lines();
            let first = lines.find_map(|line| line.ok()?.split_once("http://").map(|(_, rest)| rest.to_owned())).expect("an address");
            std::thread::spawn(move || lines.for_each(drop));
            let address = first.split(|each: char| !each.is_ascii_digit() && each != '.' && each != ':').next().unwrap_or_default();
            let base = format!("http://{address}");
            Self { child, folder, base }
        }

        /// A figure of the process in MiB, such as `VmRSS`.
        fn memory(&self, name: &str) -> u64 {
            let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a process");
            let line = status.lines().find(|line| line.starts_with(name)).expect("a figure");
            let kib: u64 = line.split_whitespace().nth(1).and_then(|figure| figure.parse().ok()).expect("a number");
            kib / 1024
        }

        fn nobody(&self) -> Person {
            Person::new(reqwest::Client::builder().no_proxy().build().expect("a client"), self.base.clone(), "nobody@example.com")
        }
    }

    impl Drop for House {
        fn drop(&mut self) {
            drop(self.child.kill());
            drop(self.child.wait());
            drop(std::fs::remove_dir_all(&self.folder));
        }
    }

    /// How long `/healthz` took, the slowest of a hundred left out.
    async fn probe(house: &House, over: &AtomicBool) -> Duration {
        let person = house.nobody();
        let mut times = Vec::new();
        while !over.load(Ordering::Relaxed) {
            let began = Instant::now();
            person.get("/healthz").await.expect(200);
            times.push(began.elapsed());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        times.sort();
        times[times.len() * 99 / 100]
    }

    #[actix_web::test]
    async fn two_hundred_clients_who_sign_in_leave_the_house_reachable_and_its_memory_bounded() {
        let house = House::start();
        house.nobody().get("/readyz").await;
        house.nobody().login("not the password").await;
        let before = house.memory("VmRSS");
        let (began, over) = (Instant::now(), AtomicBool::new(false));
        let client = async || {
            let (person, mut statuses) = (house.nobody(), Vec::new());
            while began.elapsed() < LOAD {
                statuses.push(person.login("not the password").await.status);
            }
            statuses
        };
        let load = async {
            let statuses: Vec<u16> = join_all((0..CLIENTS).map(|_| client())).await.concat();
            over.store(true, Ordering::Relaxed);
            statuses
        };
        let (statuses, slowest) = join(load, probe(&house, &over)).await;
        let peak = house.memory("VmHWM");
        tokio::time::sleep(REST).await;
        let after = house.memory("VmRSS");
        let count = |status: u16| statuses.iter().filter(|each| **each == status).count();
        println!(
            "{} sign-ins hashed, {} told to come back; /healthz p99 {slowest:?}; memory {before} MiB before, {peak} at most, {after} after",
            count(401),
            count(503)
        );
        assert_eq!(count(401) + count(503), statuses.len());
        assert!(slowest < Duration::from_millis(100), "{slowest:?}");
        assert!(peak < before + PERMITS * MIB_PER_PERMIT, "{before} {peak}");
        assert!(after < before * 3 / 2, "{before} {after}");
    }
}
