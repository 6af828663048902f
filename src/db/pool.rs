//! Connections, and the two ways to use one: [`Db::read`] and [`Db::write`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, SimpleConnection as _, TransactionManager as _};
use diesel::r2d2::{Error as ManagerError, ManageConnection, Pool, R2D2Connection as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::db::Conn;
use crate::db::changes::{self, Commits};
use crate::db::opener::Opener;
use crate::db::patience;
use crate::db::url::DatabaseUrl;
use crate::db::wipe;
use crate::db::writer::Committed;
use crate::db::writer::Writer;
use crate::kernel::error::{Code, Error, Result};
use crate::kernel::request;

/// How long a request waits for the database in all, unless the settings say otherwise.
const PATIENCE: Duration = Duration::from_millis(2500);
/// How often a transaction is run again after a deadlock, a serialization failure, or the loss of its connection.
const RETRIES: u32 = 3;

/// A connection of the pool, and what is known of it.
struct Pooled {
    conn: Conn,
    /// Its peer is gone.
    lost: bool,
    /// How many connections had been lost when this one was last known to live.
    outages: u64,
}

impl Pooled {
    /// After a 503: whether the connection is why.
    fn notice(&mut self, error: &Error) {
        self.lost = self.lost || (error.code == Code::Unavailable && self.conn.ping().is_err());
    }
}

/// How long a connection may take to be opened.
const TO_CONNECT: Duration = Duration::from_secs(2);

/// How long anybody waits for their turn, or for a row that another holds, before they are told to come back: less than their
/// patience, so that nobody waits on for somebody who has left.
fn one_wait(patience: Duration) -> Duration {
    patience.mul_f32(0.8)
}

/// Opens connections for the pool, and has it drop those that are dead. When one is lost, as all are when the database
/// restarts, the others are tested before their next use: a test before every use would cost a round trip each.
struct Keeper {
    opener: Opener,
    /// How long a statement waits for a lock.
    for_a_lock: Duration,
    outages: AtomicU64,
}

impl ManageConnection for Keeper {
    type Connection = Pooled;
    type Error = ManagerError;

    fn connect(&self) -> Result<Pooled, ManagerError> {
        let outages = self.outages.load(Ordering::SeqCst);
        let mut conn = self.opener.connect()?;
        if let Conn::Postgres(conn) = &mut conn {
            // Nought would be: without end.
            let milliseconds = self.for_a_lock.as_millis().max(1);
            conn.batch_execute(&format!("SET lock_timeout = {milliseconds}")).map_err(ManagerError::QueryError)?;
        }
        Ok(Pooled { conn, lost: false, outages })
    }

    fn is_valid(&self, pooled: &mut Pooled) -> Result<(), ManagerError> {
        let outages = self.outages.load(Ordering::SeqCst);
        if pooled.outages != outages {
            self.opener.is_valid(&mut pooled.conn)?;
            pooled.outages = outages;
        }
        Ok(())
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        let broken = pooled.lost || self.opener.has_broken(&mut pooled.conn);
        if broken {
            self.outages.fetch_add(1, Ordering::SeqCst);
            metrics::counter!("guildhall_database_connections_lost_total").increment(1);
        }
        broken
    }
}

/// The background writes that share a commit on SQLite; each takes about a millisecond.
const SHARE_A_COMMIT: usize = 16;

/// The database, shared by everything in the process.
#[derive(Clone)]
pub struct Db {
    url: DatabaseUrl,
    pool: Pool<Keeper>,
    turns: Arc<Semaphore>,
    writer: Option<Writer>,
    commits: Commits,
    patience: Duration,
}

impl Db {
    /// Opens the database with at most `connections` connections for reading (and on PostgreSQL for writing).
    ///
    /// # Errors
    /// When the file cannot be opened. A PostgreSQL that is down is no error here: requests answer 503 until it is back.
    pub fn open(url: DatabaseUrl, connections: u32) -> Result<Self> {
        let opener = Opener(url.clone());
        let commits = Commits::default();
        let writer = match &url {
            DatabaseUrl::Sqlite(path) => {
                if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                    std::fs::create_dir_all(folder).map_err(Error::unavailable)?;
                }
                Some(Writer::spawn(opener.clone(), commits.clone())?)
            }
            DatabaseUrl::Postgres(_) => None,
        };
        let pool = pool(opener, connections, PATIENCE);
        let turns = Arc::new(Semaphore::new(usize::try_from(connections).unwrap_or(1)));
        Ok(Self { url, pool, turns, writer, commits, patience: PATIENCE })
    }

    /// The same, with another patience for each request.
    pub fn with_patience(self, patience: Duration) -> Self {
        let pool = pool(Opener(self.url.clone()), self.pool.max_size(), patience);
        Self { pool, patience, ..self }
    }

    /// How long a request waits for the database in all.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// Where the data is.
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// How many writes the background work has in flight at the same time: on SQLite as many as share a commit without making
    /// a request wait for long, on PostgreSQL half of the connections, so that requests keep the other half.
    pub fn side_by_side(&self) -> usize {
        match self.writer {
            Some(_) => SHARE_A_COMMIT,
            None => usize::try_from(self.pool.max_size() / 2).unwrap_or(1).max(1),
        }
    }

    /// How many connections are open, and how many of them nobody uses: at most as many as configured. SQLite's writer is not among them.
    pub fn connections(&self) -> (u32, u32) {
        let state = self.pool.state();
        (state.connections, state.idle_connections)
    }

    /// The commits of this process that noted a change.
    pub fn commits(&self) -> &Commits {
        &self.commits
    }

    /// A connection beside the pool, for work that must not take one from requests. Blocks.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub(crate) fn connect(&self) -> Result<Conn> {
        Opener(self.url.clone()).connect().map_err(Error::unavailable)
    }

    /// Runs `work` on a connection, off the async threads. For queries only.
    ///
    /// # Errors
    /// What `work` refuses; 503 when the database is down, or slower than a request's patience.
    pub async fn read<T: Send + 'static>(&self, work: impl FnOnce(&mut Conn) -> Result<T> + Send + 'static) -> Result<T> {
        patience::bounded(self.patience, async {
            let turn = self.turn().await?;
            let pool = self.pool.clone();
            off_thread(turn, move || {
                let mut pooled = pool.get()?;
                work(&mut pooled.conn).inspect_err(|error| pooled.notice(error))
            })
            .await
        })
        .await
    }

    /// Runs `work` in one transaction; when this returns `Ok`, it is committed and on disk, and what this process holds in
    /// memory is true to it: whoever is told of a change can count on it, and nobody who reads has to wait for it. Where the
    /// memory takes longer than two seconds, this returns all the same, and whoever reads next waits.
    ///
    /// On SQLite, transactions of many callers share one commit; on PostgreSQL, `work` is run again after a deadlock, or when its
    /// connection is lost before its commit was asked for.
    ///
    /// # Errors
    /// What `work` refuses (then nothing has changed); 503 when the database is down, overloaded, or slower than a request's
    /// patience. Then the change may still have been made, or may be made in a moment.
    pub async fn write<T: Send + 'static>(&self, work: impl Fn(&mut Conn) -> Result<T> + Send + 'static) -> Result<T> {
        let (done, number) = self.commit(work).await?;
        if let Some(number) = number {
            // It is done, whether or not the memory catches up in time.
            self.commits.caught_up(number).await;
            self.commits.tell(number);
        }
        Ok(done)
    }

    /// As [`Self::write`], but without waiting for the memory: for the clock's work, of which there may be much at once. Whoever
    /// reads next waits for it instead.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub async fn write_behind<T: Send + 'static>(&self, work: impl Fn(&mut Conn) -> Result<T> + Send + 'static) -> Result<T> {
        let (done, number) = self.commit(work).await?;
        number.into_iter().for_each(|number| self.commits.tell(number));
        Ok(done)
    }

    async fn commit<T: Send + 'static>(&self, work: impl Fn(&mut Conn) -> Result<T> + Send + 'static) -> Result<Committed<T>> {
        patience::bounded(self.patience, async {
            if let Some(writer) = &self.writer {
                return writer.write(work).await;
            }
            let turn = self.turn().await?;
            let (pool, commits, patience) = (self.pool.clone(), self.commits.clone(), self.patience);
            off_thread(turn, move || again_and_again(&pool, &commits, patience, &work)).await
        })
        .await
    }

    /// Wipes what was deleted from the database's files. Takes as long as it takes, on a connection of its own; on SQLite writes wait
    /// meanwhile, and after five seconds are told to come back; on PostgreSQL whoever needs the table that is written anew.
    ///
    /// # Errors
    /// 503 when the database is down or somebody reads for too long: try again.
    pub async fn wipe(&self) -> Result<()> {
        let this = self.clone();
        tokio::task::spawn_blocking(move || wipe::wipe(&mut this.connect()?)).await.map_err(Error::internal)?
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit> {
        let (begun, _waiting) = (Instant::now(), Waiting::new());
        let turn = tokio::time::timeout(one_wait(self.patience), self.turns.clone().acquire_owned()).await;
        metrics::histogram!("guildhall_database_wait_seconds").record(begun.elapsed().as_secs_f64());
        match turn {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(Error::unavailable("no database connection became free in time")),
        }
    }
}

/// Opens no connection before somebody needs one.
fn pool(opener: Opener, connections: u32, patience: Duration) -> Pool<Keeper> {
    Pool::builder()
        .max_size(connections)
        .min_idle(Some(0))
        .test_on_check_out(true)
        .connection_timeout(TO_CONNECT)
        .error_handler(Box::new(diesel::r2d2::NopErrorHandler))
        .build_unchecked(Keeper { opener, for_a_lock: one_wait(patience), outages: AtomicU64::new(0) })
}

/// Somebody who waits for a connection: counted until they have it, or leave.
struct Waiting;

impl Waiting {
    fn new() -> Self {
        metrics::gauge!("guildhall_database_waiting").increment(1.0);
        Self
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        metrics::gauge!("guildhall_database_waiting").decrement(1.0);
    }
}

/// One transaction on PostgreSQL, run again where that may well help and somebody may still be waiting for it.
fn again_and_again<T>(
    pool: &Pool<Keeper>,
    commits: &Commits,
    patience: Duration,
    work: &impl Fn(&mut Conn) -> Result<T>,
) -> Result<Committed<T>> {
    let (begun, mut attempt) = (Instant::now(), 0_u32);
    loop {
        let mut pooled = pool.get()?;
        let (done, noted) = changes::watched(|| transaction(&mut pooled, work));
        let number = noted.then(|| commits.count_one());
        match done {
            Err(error) if error.transient && attempt < RETRIES && begun.elapsed() < patience => attempt = attempt.saturating_add(1),
            done => return done.map(|done| (done, number)),
        }
        metrics::counter!("guildhall_database_retries_total").increment(1);
        // Without the connection, which somebody else can use meanwhile or which is lost.
        drop(pooled);
        std::thread::sleep(Duration::from_millis(u64::from(rand::random_range(1..=8_u32) << attempt)));
    }
}

/// Runs `work` on the blocking threads; the turn goes with it, so that a caller who leaves does not free it early.
async fn off_thread<T: Send + 'static>(turn: OwnedSemaphorePermit, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let id = request::current();
    let work = move || {
        let done = request::on_behalf(id, work);
        drop(turn);
        done
    };
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

/// One transaction on PostgreSQL, READ COMMITTED: rows that decide are locked by `db::lock`. Whatever is lost before the commit is
/// asked for has not happened, and can be run again; what comes of a commit that is not answered is not known.
fn transaction<T>(pooled: &mut Pooled, work: &impl Fn(&mut Conn) -> Result<T>) -> Result<T> {
    match begin(&mut pooled.conn).and_then(|()| work(&mut pooled.conn)) {
        Ok(done) => commit(&mut pooled.conn).map(|()| done).inspect_err(|error| pooled.notice(error)),
        Err(error) => {
            roll_back(&mut pooled.conn);
            pooled.notice(&error);
            Err(Error { transient: error.transient || pooled.lost, ..error })
        }
    }
}

/// Runs `work` in one transaction that reads one moment of the database, however long that takes.
pub(crate) fn snapshot<T>(conn: &mut Conn, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    match conn {
        Conn::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN DEFERRED")?,
        Conn::Postgres(conn) => {
            AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
            conn.batch_execute("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")?;
        }
    }
    let done = work(conn);
    match done {
        Ok(done) => commit(conn).map(|()| done),
        Err(error) => {
            roll_back(conn);
            Err(error)
        }
    }
}

/// Begins a transaction that may write: `BEGIN IMMEDIATE` on SQLite, so that reading first cannot end in "busy".
pub(crate) fn begin(conn: &mut Conn) -> Result<()> {
    Ok(match conn {
        Conn::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE"),
        Conn::Postgres(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN ISOLATION LEVEL READ COMMITTED"),
    }?)
}

/// Commits what [`begin`] began.
pub(crate) fn commit(conn: &mut Conn) -> Result<()> {
    Ok(match conn {
        Conn::Sqlite(conn) => AnsiTransactionManager::commit_transaction(conn),
        Conn::Postgres(conn) => AnsiTransactionManager::commit_transaction(conn),
    }?)
}

/// Rolls back what [`begin`] began; if even that fails, the connection is broken and the pool drops it.
pub(crate) fn roll_back(conn: &mut Conn) {
    let done = match conn {
        Conn::Sqlite(conn) => AnsiTransactionManager::rollback_transaction(conn),
        Conn::Postgres(conn) => AnsiTransactionManager::rollback_transaction(conn),
    };
    if let Err(error) = done {
        tracing::warn!(%error, "a transaction could not be rolled back; its connection is dropped");
    }
}
