//! A server inside the benchmark's own process, on a database of its own: what is measured can be asked over HTTP and be called.

use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use chrono::TimeDelta;
use diesel::connection::SimpleConnection as _;
use guildhall::accounts::domain::{AccountStatus, User};
use guildhall::accounts::store_sessions;
use guildhall::app::App;
use guildhall::auth::token::Tokens;
use guildhall::config::load::load_from;
use guildhall::db::Conn;
use guildhall::kernel::clock::{Instant, ManualClock};
use guildhall::kernel::error::{Error, Result};
use guildhall::kernel::ids::{SessionId, UserId};
use guildhall::kernel::principal::Role;
use guildhall::kernel::zone::TimeZone;
use guildhall::server::{self, Readiness};

use crate::client::{Connection, Outcome};

/// How long a node may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(120);
const SECRET: &str = "the secret of a benchmark, which guards nothing at all";

/// A server whose background work has not begun.
pub struct Node {
    /// What it serves.
    pub app: App,
    /// Where it listens.
    pub address: SocketAddr,
}

/// Where a benchmark keeps what it makes.
pub struct Place {
    /// The database's URL: the first one of the cluster that `.ci/postgres` has started, or else a new SQLite file.
    pub database: String,
    /// Where mails go.
    pub mails: String,
    /// Whether it is PostgreSQL.
    pub postgres: bool,
}

/// Runs a benchmark in a folder of its own, which is gone afterwards; 1 when a bar was missed, 2 when nothing could be measured.
pub fn run(name: &str, measure: impl AsyncFnOnce(Place) -> Outcome<bool>) -> ExitCode {
    match actix_web::rt::System::new().block_on(in_a_folder(name, measure)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

async fn in_a_folder(name: &str, measure: impl AsyncFnOnce(Place) -> Outcome<bool>) -> Outcome<bool> {
    let folder = std::env::temp_dir().join(format!("guildhall-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let postgres = std::env::var("GUILDHALL_TEST_DATABASE").ok().map(|cluster| format!("{cluster}/postgres"));
    let place = Place {
        postgres: postgres.is_some(),
        database: postgres.unwrap_or_else(|| format!("sqlite:{}", folder.join("bench.db").display())),
        mails: format!("file:{}", folder.join("mails").display()),
    };
    let done = measure(place).await;
    std::fs::remove_dir_all(&folder)?;
    done
}

impl Node {
    /// A node on `place`, with so many threads for requests.
    ///
    /// # Errors
    /// When it cannot start.
    pub async fn start(place: &Place, clock: &Arc<ManualClock>, workers: u8) -> Outcome<Self> {
        let settings = [
            ("AUTH__SECRET", SECRET),
            ("AUTH__ACCESS_MINUTES", "15"),
            ("DATABASE__URL", &place.database),
            ("LIMITS__ENABLED", "false"),
            ("MAIL__URL", &place.mails),
            ("SERVER__WORKERS", &workers.to_string()),
        ];
        let variables = settings.into_iter().map(|(key, value)| (format!("GUILDHALL_{key}"), value.to_owned()));
        let app = App::build(load_from(None, variables.collect())?, clock.clone())?;
        app.prepare(true).await?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        actix_web::rt::spawn(server::start(&app, listener, Readiness::new(app.db.clone(), app.feed.clone()), None)?);
        Ok(Self { app, address })
    }

    /// Waits, as a balancer does, until it has in its memory what was there before it began to follow.
    ///
    /// # Errors
    /// When nobody listens, or it takes longer than two minutes.
    pub async fn ready(&self) -> Outcome<()> {
        let (address, began) = (self.address, Stopwatch::now());
        let asking = move || -> Outcome<bool> { Ok(Connection::open(address)?.call("GET", "/readyz", "", None)?.status == 200) };
        while !tokio::task::spawn_blocking(asking).await?? {
            if began.elapsed() > PATIENCE {
                return Err("the node does not become ready".into());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// What autovacuum does within minutes, which a new cluster has not had: statistics.
    ///
    /// # Errors
    /// When the database is down.
    pub async fn analyze(&self) -> Outcome<()> {
        let work = |conn: &mut Conn| if let Conn::Postgres(conn) = conn { Ok(conn.batch_execute("ANALYZE")?) } else { Ok(()) };
        Ok(self.app.db.write(work).await?)
    }
}

/// Somebody who never signs in by a password.
///
/// # Errors
/// When the address is none.
pub fn account(place: &str, number: usize, role: Role, now: Instant) -> Result<User> {
    let email = format!("{role}{number}@{place}.example").parse().map_err(Error::internal)?;
    let (id, status, time_zone) = (UserId::new(now), AccountStatus::Active, TimeZone::UTC);
    let name = format!("{role} {number}");
    Ok(User { id, email, name, role, status, time_zone, password_hash: None, verified_at: Some(now), version: 1, created_at: now })
}

/// Signs somebody in: the session, in the caller's transaction, and its access token.
///
/// # Errors
/// When the database cannot be written.
pub fn sign_in(conn: &mut Conn, user: UserId, now: Instant) -> Result<(SessionId, String)> {
    let session = SessionId::new(now);
    store_sessions::insert(conn, session, user, "benchmark", now, now.plus(TimeDelta::days(1)))?;
    Ok((session, Tokens::new(&SECRET.into(), &[], 15)?.access(user, session, now)?.0))
}

/// The number that follows `name` on the command line.
pub fn argument<T: std::str::FromStr>(name: &str, otherwise: T) -> T {
    std::env::args().skip_while(|word| word != name).nth(1).and_then(|number| number.parse().ok()).unwrap_or(otherwise)
}

/// Prints a bar, and whether it was reached.
pub fn bar(reached: bool, says: String) -> bool {
    println!("{} {says}", if reached { "PASS" } else { "FAIL" });
    reached
}
