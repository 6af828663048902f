//! The house, started for one test.

use std::collections::HashSet;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use chrono::{DateTime, TimeDelta};
use diesel::prelude::*;
use guildhall::accounts::domain::AccountStatus;
use guildhall::app::App;
use guildhall::config::load::load_from;
use guildhall::db::Conn;
use guildhall::db::schema::{outbox, webhook_deliveries};
use guildhall::kernel::clock::{Clock as _, Instant, ManualClock};
use guildhall::scheduler::{Progress, driver};
use guildhall::server::{self, Readiness};
use reqwest::redirect::Policy;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::support::database::TestDatabase;
use crate::support::person::Person;
use crate::support::smtp::{Received, SmtpServer};

/// The moment at which every test begins.
const START: &str = "2026-11-23T10:00:00Z";
/// What signs tokens in tests.
pub const SECRET: &str = "a secret of the tests that is long enough to sign";
/// How long background work may take until it is idle.
const PATIENCE: Duration = Duration::from_secs(30);

/// Passwords hashed with the memory of the defaults.
pub const DEAR_HASHES: (&str, &str) = ("auth.memory_kib", "19456");

/// One node of the house, with all that belongs to it.
pub struct TestApp {
    /// Where it listens.
    pub address: SocketAddr,
    /// The time, which stands still until a test moves it.
    pub clock: Arc<ManualClock>,
    /// Where its mail goes.
    pub smtp: SmtpServer,
    /// The house itself, for what no request can do.
    pub house: App,
    http: reqwest::Client,
    database: Arc<TestDatabase>,
    settings: Vec<(String, String)>,
    server: ServerHandle,
    stop: watch::Sender<bool>,
    work: Option<JoinHandle<()>>,
}

impl TestApp {
    /// Starts the house without limits.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Starts the house with settings such as `("limits.enabled", "true")`.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        Self::on(TestDatabase::prepared().await, settings).await
    }

    /// The same on a database that is there already.
    pub async fn on(database: TestDatabase, settings: &[(&str, &str)]) -> Self {
        let settings = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let start = DateTime::parse_from_rfc3339(START).expect("an instant").to_utc();
        let clock = Arc::new(ManualClock::new(Instant::new(start)));
        Self::node(clock, SmtpServer::start().await, Arc::new(database), settings).await
    }

    /// Another node on the same database, with the same clock and mail server.
    pub async fn another_node(&self) -> Self {
        self.another_node_with(&[]).await
    }

    /// The same with settings of its own.
    pub async fn another_node_with(&self, settings: &[(&str, &str)]) -> Self {
        let own = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let settings = self.settings.iter().cloned().chain(own).collect();
        Self::node(self.clock.clone(), self.smtp.clone(), self.database.clone(), settings).await
    }

    /// Stops this node and starts a new one on its database.
    pub async fn restart(mut self) -> Self {
        self.server.stop(true).await;
        self.stop.send_replace(true);
        let (clock, smtp, database, settings) = (self.clock.clone(), self.smtp.clone(), self.database.clone(), self.settings.clone());
        if let Some(work) = self.work.take() {
            work.await.expect("the work ends");
        }
        Self::node(clock, smtp, database, settings).await
    }

    /// Ends its background work at once, in the middle of whatever it is at, as a node that dies does.
    pub async fn die(&mut self) {
        if let Some(work) = self.work.take() {
            work.abort();
            drop(work.await);
        }
    }

    async fn node(clock: Arc<ManualClock>, smtp: SmtpServer, database: Arc<TestDatabase>, settings: Vec<(String, String)>) -> Self {
        let defaults = [
            ("auth.hashing_permits", "32"),
            ("auth.secret", SECRET),
            // A machine that runs many tests is slow; what a database that is slow does to a request is tested where it is shortened.
            ("database.patience", "20000"),
            ("database.url", &database.url()),
            ("limits.enabled", "false"),
            ("mail.url", &smtp.url()),
            ("mail.deadline", "5"),
            ("webhooks.anywhere", "true"),
            ("webhooks.deadline", "5"),
            ("server.shutdown_grace", "1"),
            ("server.workers", "2"),
        ];
        let chosen = settings.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let variables = defaults.into_iter().chain(chosen).map(|(key, value)| (variable(key), value.to_owned()));
        let mut loaded = load_from(None, variables.collect()).expect("settings");
        // A fifth of the suite's time went into hashing as dearly as in earnest; a test that is about it names the key.
        if !settings.iter().any(|(key, _)| key == DEAR_HASHES.0) {
            loaded.auth.memory_kib = 64;
        }
        let house = App::build(loaded, clock.clone()).expect("a house");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let running = server::start(&house, listener, Readiness::new(house.db.clone(), house.feed.clone()), None).expect("a server");
        let (server, (stop, stopping)) = (running.handle(), watch::channel(false));
        tokio::spawn(running);
        let work = Some(tokio::spawn(driver::run(house.tasks(), stopping)));
        house.feed.fresh().await.expect("a house that is ready");
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).timeout(Duration::from_secs(60));
        let http = http.build().expect("an HTTP client");
        Self { address, clock, smtp, house, http, database, settings, server, stop, work }
    }

    /// What URLs of this node begin with.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Somebody who is not signed in, with an address that nobody else has.
    pub fn anonymous(&self) -> Person {
        self.somebody("somebody")
    }

    /// Somebody with an address that begins with a word and that nobody else has.
    pub fn somebody(&self, word: &str) -> Person {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let email = format!("{word}{}@example.com", NEXT.fetch_add(1, Ordering::Relaxed));
        Person::new(self.http.clone(), self.base(), &email)
    }

    /// A client, signed in; the owner of a new organisation.
    pub async fn client(&self) -> Person {
        self.verified("client").await.sign_in().await
    }

    /// A developer, signed in.
    pub async fn developer(&self) -> Person {
        self.verified("developer").await.sign_in().await
    }

    /// An admin, signed in.
    pub async fn admin(&self) -> Person {
        let person = self.somebody("admin");
        let email = person.email.parse().expect("an address");
        let made = self.house.accounts.create_admin(email, "An admin".to_owned(), Some(person.password.clone().into())).await;
        made.expect("an admin");
        person.sign_in().await
    }

    /// Somebody who has registered in a role, but not verified the address.
    pub async fn registered(&self, role: &str) -> Person {
        let person = self.somebody(role);
        person.register(role).await.expect(202);
        person
    }

    /// Somebody who has registered and verified the address, but not signed in.
    pub async fn verified(&self, role: &str) -> Person {
        let person = self.registered(role).await;
        let token = self.mail(&person, "Verify your e-mail").await.token();
        person.post("/v1/auth/verify-email", json!({ "token": token })).await.expect(200);
        person
    }

    /// The first mail to somebody whose subject begins so, now or as soon as it comes.
    pub async fn mail(&self, person: &Person, subject: &str) -> Received {
        self.smtp.wait_for(&person.email, |mail| mail.subject().starts_with(subject)).await
    }

    /// The mails to somebody whose subject begins so, after everything that is due was sent; oldest first.
    pub async fn mails(&self, person: &Person, subject: &str) -> Vec<Received> {
        self.settle().await;
        self.smtp.received_by(&person.email).into_iter().filter(|mail| mail.subject().starts_with(subject)).collect()
    }

    /// The newest of these mails.
    pub async fn newest_mail(&self, person: &Person, subject: &str) -> Received {
        self.mails(person, subject).await.pop().unwrap_or_else(|| panic!("no mail `{subject}` to {}", person.email))
    }

    /// Finishes what is under way, moves the clock on, then does everything that is due: a lease never runs out meanwhile.
    pub async fn advance(&self, delta: TimeDelta) {
        self.settle().await;
        self.clock.advance(delta);
        self.settle().await;
    }

    /// Keeps somebody out, as the command line does.
    pub async fn suspend(&self, person: &Person) {
        let email = person.email.parse().expect("an address");
        self.house.accounts.set_status(email, AccountStatus::Suspended).await.expect("a suspension");
    }

    /// Does background work until nothing is due and nothing is under way.
    pub async fn settle(&self) {
        let settled = tokio::time::timeout(PATIENCE, async {
            loop {
                for task in self.house.tasks() {
                    while task.run().await.expect("work that goes well") == Progress::More {}
                }
                if self.mails_due().await == 0 && self.deliveries_due().await == 0 {
                    return;
                }
                // The driver has claimed a mail or a delivery and is sending it.
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
        settled.await.expect("background work comes to an end");
    }

    /// Mails that can be sent now: of those to one person, none while an older one waits for its next attempt.
    async fn mails_due(&self) -> usize {
        let now = self.clock.now();
        let columns = (outbox::recipient_key, outbox::due_at, outbox::attempts);
        let pending: Vec<(String, Instant, i64)> =
            self.read(move |conn| outbox::table.filter(outbox::state.eq("pending")).order(outbox::id).select(columns).load(conn)).await;
        let (mut waiting, mut due) = (HashSet::new(), 0);
        for (to, due_at, attempts) in &pending {
            if *due_at > now && *attempts > 0 {
                waiting.insert(to);
            }
            due += usize::from(*due_at <= now && !waiting.contains(to));
        }
        due
    }

    /// Deliveries to webhooks that can be sent now.
    async fn deliveries_due(&self) -> i64 {
        let now = self.clock.now();
        // Literally: a partial index serves no parameter.
        let pending = diesel::dsl::sql::<diesel::sql_types::Bool>("state = 'pending'");
        let due = webhook_deliveries::table.filter(webhook_deliveries::due_at.le(now)).filter(pending).count();
        self.read(move |conn| due.get_result(conn)).await
    }

    /// A connection to its database beside the house's own, and beside any proxy.
    pub fn connect(&self) -> Conn {
        self.database.connect()
    }

    /// Reads from the database.
    pub async fn read<T: Send + 'static>(&self, query: impl FnOnce(&mut Conn) -> QueryResult<T> + Send + 'static) -> T {
        self.house.db.read(move |conn| Ok(query(conn)?)).await.expect("a query that works")
    }

    /// Runs a statement; gives the number of rows it touched.
    pub async fn sql(&self, statement: impl Into<String>) -> usize {
        let statement = statement.into();
        self.house.db.write(move |conn| Ok(diesel::sql_query(&statement).execute(conn)?)).await.expect("a statement that works")
    }

    /// Everything that the database holds, as text.
    pub fn dump(&self) -> String {
        self.database.dump()
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        drop(self.server.stop(false));
    }
}

/// `limits.enabled` is `GUILDHALL_LIMITS__ENABLED` in the environment.
fn variable(key: &str) -> String {
    format!("GUILDHALL_{}", key.replace('.', "__").to_uppercase())
}
