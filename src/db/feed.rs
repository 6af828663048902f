//! Follows the log of changes: keeps whatever a node holds in memory true to the database.
//!
//! A [`Feed`] loads its [`Follower`]s once, inside one snapshot, and then hands them what has changed since: every quarter of a
//! second, and when this process has committed something itself. Whoever commits is answered when the followers have caught up, so that
//! whoever reads has nothing to wait for: [`Feed::fresh`] is a few atomics then.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant as Moment};

use async_trait::async_trait;
use chrono::TimeDelta;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::db::Conn;
use crate::db::changes::{self, Batch, CatchUp, Change, Cursor};
use crate::db::patience;
use crate::db::pool::{self, Db};
use crate::kernel::clock::{Instant, SharedClock};
use crate::kernel::error::{Code, Error, Result};
use crate::scheduler::{Nudge, Progress, Task};

/// How old what others committed may be when somebody reads.
const BOUND: Duration = Duration::from_millis(500);
/// How often to look for what others committed.
const EVERY: Duration = Duration::from_millis(250);
/// How long somebody waits to be up to date before they are told to come back.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many changes are read and applied at once.
const BATCH: i64 = 1000;
/// How many changes are forgotten in one transaction.
const FORGOTTEN_AT_ONCE: i64 = 5000;

/// Something in memory that is made from the database and must stay true to it. Called by one thread at a time.
pub trait Follower: Send + Sync {
    /// Everything anew, inside one snapshot of the database; replaces all that was known.
    ///
    /// # Errors
    /// 503 when the database is down; what was known before stays then.
    fn load(&self, conn: &mut Conn, now: Instant) -> Result<()>;

    /// Re-reads what changed, by id. The same change may come again and in any order: idempotent. Also called with no
    /// changes when something is due.
    ///
    /// # Errors
    /// 503 when the database is down; the same changes come again then.
    fn apply(&self, conn: &mut Conn, changes: &[Change], now: Instant) -> Result<()>;

    /// When something it holds stops being right by itself (a validity ends), although no row changes.
    fn due(&self) -> Option<Instant> {
        None
    }
}

/// What all followers of a process share: where they stand, and how to get on.
#[derive(Clone)]
pub struct Feed(Arc<Shared>);

struct Shared {
    db: Db,
    clock: SharedClock,
    followers: Vec<Arc<dyn Follower>>,
    /// How long the log is kept.
    kept: TimeDelta,
    /// What moments below are counted from.
    origin: Moment,
    /// Held by whoever polls: one at a time.
    turn: Arc<Mutex<Turn>>,
    /// How many polls have begun.
    polls: AtomicU64,
    loaded: AtomicBool,
    /// How many commits of this process had been counted when the newest good poll began.
    commits: AtomicU64,
    /// When it began, in microseconds since `origin`.
    begun: AtomicU64,
    /// When a follower is due next, in microseconds since 1970.
    due: AtomicI64,
    /// Whether the last poll failed: an outage is logged once.
    down: AtomicBool,
}

#[derive(Default)]
struct Turn {
    /// A connection of its own, so that requests and the feed do not wait for each other's.
    conn: Option<Conn>,
    standing: Option<Standing>,
    /// The number of the last poll that began, and why it failed, if it did.
    poll: u64,
    failure: Option<String>,
}

/// How far the log has been applied.
#[derive(Default)]
struct Standing {
    /// Everything before this place is applied.
    place: i64,
    /// What is applied from there on, by id, with its place.
    beyond: HashMap<i64, i64>,
}

impl Feed {
    /// Of one process; changes older than `kept` are forgotten.
    pub fn new(db: Db, clock: SharedClock, followers: Vec<Arc<dyn Follower>>, kept: TimeDelta) -> Self {
        let commits = db.commits().clone();
        let shared = Arc::new(Shared {
            db,
            clock,
            followers,
            kept,
            origin: Moment::now(),
            turn: Arc::default(),
            polls: AtomicU64::new(0),
            loaded: AtomicBool::new(false),
            commits: AtomicU64::new(0),
            begun: AtomicU64::new(0),
            due: AtomicI64::new(i64::MAX),
            down: AtomicBool::new(false),
        });
        let follower: Weak<dyn CatchUp> = Arc::downgrade(&(shared.clone() as Arc<dyn CatchUp>));
        commits.followed_by(follower);
        Self(shared)
    }

    /// Returns once the followers are loaded, everything that anybody was told this process committed is applied, everything
    /// that others committed is applied as of at most 500 ms ago, and no follower is overdue. A few atomics when all that
    /// holds; otherwise many callers share one poll.
    ///
    /// # Errors
    /// 503 when the database is down, or loading takes longer than two seconds.
    pub async fn fresh(&self) -> Result<()> {
        if self.0.is_fresh() { Ok(()) } else { patiently(&self.0, Shared::is_fresh).await }
    }

    /// Whether the followers have been loaded once.
    pub fn is_loaded(&self) -> bool {
        self.0.loaded.load(Ordering::SeqCst)
    }

    /// Forgets changes that are older than what is kept.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn forget_old(&self) -> Result<()> {
        let before = self.0.clock.now().minus(self.0.kept);
        while self.0.db.write(move |conn| changes::forget(conn, before, FORGOTTEN_AT_ONCE)).await? == FORGOTTEN_AT_ONCE {}
        Ok(())
    }
}

/// Polls, or joins a poll that begins after this call, unless it is `enough` what was polled; a caller who loses patience does
/// not end it.
async fn patiently(shared: &Arc<Shared>, enough: impl Fn(&Shared) -> bool) -> Result<()> {
    let asked = shared.polls.load(Ordering::SeqCst);
    let joined = async {
        let turn = shared.turn.clone().lock_owned().await;
        if turn.poll > asked {
            return turn.failure.as_ref().map_or(Ok(()), |cause| Err(Error::unavailable(cause)));
        }
        if enough(shared) {
            return Ok(());
        }
        let shared = shared.clone();
        tokio::task::spawn_blocking(move || shared.poll(turn)).await.map_err(Error::internal)?
    };
    let late = || Err(Error::unavailable("the changes are not applied yet"));
    let joined = async { tokio::time::timeout(PATIENCE, joined).await.unwrap_or_else(|_| late()) };
    patience::bounded(shared.db.patience(), joined).await
}

#[async_trait]
impl CatchUp for Shared {
    /// Before the first load there is nothing to catch up with; where it fails, whoever reads next waits, or is refused.
    async fn catch_up(self: Arc<Self>, number: u64) {
        let enough = |shared: &Shared| !shared.loaded.load(Ordering::SeqCst) || shared.commits.load(Ordering::SeqCst) >= number;
        if !enough(&self) {
            drop(patiently(&self, enough).await);
        }
    }
}

impl Shared {
    fn is_fresh(&self) -> bool {
        self.loaded.load(Ordering::SeqCst)
            && self.commits.load(Ordering::SeqCst) >= self.db.commits().told()
            && self.age() <= BOUND
            && self.due.load(Ordering::SeqCst) > self.clock.now().micros()
    }

    /// How long ago the newest good poll began.
    fn age(&self) -> Duration {
        Duration::from_micros(self.elapsed().saturating_sub(self.begun.load(Ordering::SeqCst)))
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// One poll, on a blocking thread. What it says about freshness is as of its begin.
    fn poll(&self, mut turn: OwnedMutexGuard<Turn>) -> Result<()> {
        turn.poll = self.polls.fetch_add(1, Ordering::SeqCst).saturating_add(1);
        // For those who wait, should this thread panic.
        turn.failure = Some("a poll was not finished".to_owned());
        metrics::counter!("guildhall_changes_polls_total").increment(1);
        let (commits, begun) = (self.db.commits().count(), self.elapsed());
        let done = self.catch_up(&mut turn);
        if done.is_ok() {
            let due = self.followers.iter().filter_map(|follower| follower.due()).min();
            self.due.store(due.map_or(i64::MAX, Instant::micros), Ordering::SeqCst);
            self.commits.store(commits, Ordering::SeqCst);
            self.begun.store(begun, Ordering::SeqCst);
            self.loaded.store(true, Ordering::SeqCst);
        }
        self.tell(&done);
        turn.failure = done.as_ref().err().map(ToString::to_string);
        done.map_err(|error| if error.code == Code::Unavailable { error } else { Error::unavailable(error) })
    }

    /// An outage is logged when it begins and when it ends.
    fn tell(&self, done: &Result<()>) {
        let was_down = self.down.swap(done.is_err(), Ordering::SeqCst);
        match done {
            Ok(()) if was_down => tracing::info!("changes are applied again"),
            Err(error) if !was_down => tracing::error!(%error, "changes cannot be applied; trying again until they can"),
            _ => {}
        }
        if done.is_err() {
            metrics::counter!("guildhall_changes_failures_total").increment(1);
        }
    }

    /// A connection that has failed is not used again; one that had been idle may have died meanwhile, which is no failure yet.
    fn catch_up(&self, turn: &mut Turn) -> Result<()> {
        if let Some(mut conn) = turn.conn.take() {
            match self.load_or_follow(&mut conn, &mut turn.standing) {
                Ok(()) => {
                    turn.conn = Some(conn);
                    return Ok(());
                }
                Err(error) if error.code != Code::Unavailable => return Err(error),
                Err(_) => {}
            }
        }
        let mut conn = self.db.connect()?;
        self.load_or_follow(&mut conn, &mut turn.standing)?;
        turn.conn = Some(conn);
        Ok(())
    }

    fn load_or_follow(&self, conn: &mut Conn, standing: &mut Option<Standing>) -> Result<()> {
        let now = self.clock.now();
        if let Some(known) = standing {
            if self.follow(conn, known, now)? {
                return self.remind(conn, now);
            }
            tracing::warn!("changes were forgotten before this process read them: loading everything anew");
            metrics::counter!("guildhall_changes_reloads_total").increment(1);
        }
        *standing = Some(self.load(conn, now)?);
        Ok(())
    }

    /// Everything anew, as of one moment.
    fn load(&self, conn: &mut Conn, now: Instant) -> Result<Standing> {
        let begun = Moment::now();
        let place = pool::snapshot(conn, |conn| {
            let place = changes::position(conn)?;
            self.followers.iter().try_for_each(|follower| follower.load(conn, now))?;
            Ok(place)
        })?;
        metrics::histogram!("guildhall_changes_load_seconds").record(begun.elapsed().as_secs_f64());
        Ok(Standing { place, ..Standing::default() })
    }

    /// Applies what has come since; false when some of it was forgotten.
    fn follow(&self, conn: &mut Conn, standing: &mut Standing, now: Instant) -> Result<bool> {
        let mut cursor = Cursor::before(standing.place);
        let (mut next, mut oldest) = (None, now);
        loop {
            let batch = changes::read(conn, cursor, BATCH)?;
            if batch.forgotten >= standing.place {
                return Ok(false);
            }
            // What commits behind the cursor while the other batches are read was open at the first one.
            let next = *next.get_or_insert(batch.next);
            oldest = self.apply(conn, standing, &batch, next, now)?.map_or(oldest, |at| at.min(oldest));
            let last = batch.rows.last().map(|row| row.cursor);
            match last.filter(|_| i64::try_from(batch.rows.len()) == Ok(BATCH)) {
                Some(last) => cursor = last,
                None => {
                    standing.place = next;
                    standing.beyond.retain(|_, place| *place >= next);
                    break;
                }
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a gauge of seconds")]
        metrics::gauge!("guildhall_changes_lag_seconds").set(now.since(oldest).num_milliseconds() as f64 / 1000.0);
        Ok(true)
    }

    /// Applies what is new in a batch, each thing once, and remembers what will be read again from `next` on; gives when the
    /// oldest of it was noted.
    fn apply(&self, conn: &mut Conn, standing: &mut Standing, batch: &Batch, next: i64, now: Instant) -> Result<Option<Instant>> {
        let new = || batch.rows.iter().filter(|row| !standing.beyond.contains_key(&row.cursor.id));
        let mut once = HashSet::new();
        let changed: Vec<Change> = new().filter_map(|row| row.change.as_ref()).filter(|change| once.insert(*change)).cloned().collect();
        if !changed.is_empty() {
            self.followers.iter().try_for_each(|follower| follower.apply(conn, &changed, now))?;
        }
        for change in &changed {
            metrics::counter!("guildhall_changes_applied_total", "kind" => change.kind.to_string()).increment(1);
        }
        let oldest = new().map(|row| row.at).min();
        let again = batch.rows.iter().map(|row| row.cursor).filter(|cursor| cursor.place >= next);
        standing.beyond.extend(again.map(|cursor| (cursor.id, cursor.place)));
        Ok(oldest)
    }

    /// Calls the followers that something is due for.
    fn remind(&self, conn: &mut Conn, now: Instant) -> Result<()> {
        let mut overdue = self.followers.iter().filter(|follower| follower.due().is_some_and(|due| due <= now));
        overdue.try_for_each(|follower| follower.apply(conn, &[], now))
    }
}

/// Keeps a [`Feed`] going; runs in every process, whether it serves or works.
pub struct FeedTask(pub Feed);

#[async_trait]
impl Task for FeedTask {
    fn name(&self) -> &'static str {
        "changes"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    /// Whoever commits in this process lets the followers catch up by themselves.
    fn nudge(&self) -> Nudge {
        Nudge::default()
    }

    /// A failure is logged where it happens, once; the next turn tries again.
    async fn run(&self) -> Result<Progress> {
        drop(patiently(&self.0.0, |_| false).await);
        Ok(Progress::Idle)
    }
}
