//! Group commit for SQLite: one thread writes, and the jobs of many callers share one `COMMIT` with `synchronous=FULL`.
//! A caller is answered after the commit, so an answer means "on disk".
//!
//! Each job runs in a savepoint of its own, so that one that refuses undoes only itself. If SQLite has rolled the whole
//! transaction back by itself (disk full, I/O error), the rest of that batch is not run and everybody in it gets 503.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Instant;

use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;
use diesel::r2d2::ManageConnection as _;
use tokio::sync::oneshot;

use crate::db::Conn;
use crate::db::changes::{self, Commits};
use crate::db::opener::Opener;
use crate::db::pool::{begin, commit, roll_back};
use crate::kernel::error::{Error, Result};
use crate::kernel::request;

/// The most jobs that share a commit.
const BATCH: usize = 64;
/// The most jobs that may wait; beyond it callers are told to come back.
const QUEUE: usize = 1024;
/// Proves that the batch's transaction is still open: fails when SQLite has rolled it back.
const PROBE: &str = "RELEASE batch; SAVEPOINT batch";

/// What a transaction gave, and the number of its commit if it noted a change.
pub type Committed<T> = (T, Option<u64>);

type Reply = Box<dyn FnOnce(Result<()>) + Send>;
type Job = Box<dyn FnOnce(&mut Conn) -> (bool, Reply) + Send>;

/// A handle to the writing thread.
#[derive(Clone)]
pub struct Writer {
    jobs: Arc<SyncSender<Job>>,
    commits: Commits,
}

impl Writer {
    /// Starts the writing thread; it ends when the last handle is dropped. Commits that noted a change are counted in `commits`.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn spawn(opener: Opener, commits: Commits) -> Result<Self> {
        let conn = connect(&opener)?;
        let (sender, jobs) = sync_channel::<Job>(QUEUE);
        let run = move || run(&opener, conn, &jobs);
        std::thread::Builder::new().name("sqlite-writer".to_owned()).spawn(run).map_err(Error::internal)?;
        Ok(Self { jobs: Arc::new(sender), commits })
    }

    /// Runs `work` in the next batch and answers after its commit, with the commit's number if it noted a change.
    ///
    /// # Errors
    /// What `work` refuses; 503 when the queue is full or the batch could not be committed.
    pub async fn write<T: Send + 'static>(&self, work: impl FnOnce(&mut Conn) -> Result<T> + Send + 'static) -> Result<Committed<T>> {
        let (answer, answered) = oneshot::channel();
        let (commits, id) = (self.commits.clone(), request::current());
        let job: Job = Box::new(move |conn| {
            // Nobody waits any more: they have been told that it was not done.
            if answer.is_closed() {
                return (true, Box::new(|_| ()));
            }
            let (done, noted) = request::on_behalf(id, || changes::watched(|| in_savepoint(conn, work)));
            let fine = done.is_ok();
            let reply: Reply = Box::new(move |committed| {
                let number = (noted && committed.is_ok()).then(|| commits.count_one());
                // What was refused because of others in a batch that is lost was refused for nothing.
                let done = committed.and(done).map(|value| (value, number));
                // A caller who has left is no problem: the work is done either way.
                drop(answer.send(done));
            });
            (fine, reply)
        });
        let queue = metrics::gauge!("guildhall_write_queue");
        queue.increment(1.0);
        self.jobs.try_send(job).map_err(|refused| {
            queue.decrement(1.0);
            match refused {
                TrySendError::Full(_) => Error::unavailable("the write queue is full"),
                TrySendError::Disconnected(_) => Error::unavailable("the writer has stopped"),
            }
        })?;
        answered.await.map_err(|_| Error::unavailable("the batch was given up"))?
    }
}

/// What a savepoint needs to undo its job stays in memory, a few pages for each: SQLite would write it into a file of its own. So do the
/// pages that a batch changes, in 16 MB at the most.
fn connect(opener: &Opener) -> Result<Conn> {
    let mut conn = opener.connect().map_err(Error::unavailable)?;
    conn.batch_execute("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000")?;
    Ok(conn)
}

fn in_savepoint<T>(conn: &mut Conn, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    conn.transaction(|conn| catch_unwind(AssertUnwindSafe(|| work(conn))).unwrap_or_else(|_| Err(Error::internal("a write job panicked"))))
}

fn run(opener: &Opener, mut conn: Conn, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        if !batch(&mut conn, first, jobs) {
            match connect(opener) {
                Ok(fresh) => conn = fresh,
                Err(error) => tracing::error!(%error, "the database file cannot be reopened; trying again with the next write"),
            }
        }
    }
}

/// Runs one batch; false when the connection can no longer be trusted.
fn batch(conn: &mut Conn, first: Job, jobs: &Receiver<Job>) -> bool {
    let begun = Instant::now();
    if let Err(error) = begin(conn).and_then(|()| Ok(conn.batch_execute("SAVEPOINT batch")?)) {
        roll_back(conn);
        first_unserved(first, &error);
        return false;
    }
    let mut replies: Vec<Reply> = Vec::with_capacity(BATCH);
    let mut intact = run_one(conn, first, &mut replies);
    while intact && replies.len() < BATCH {
        let Ok(job) = jobs.try_recv() else { break };
        intact = run_one(conn, job, &mut replies);
    }
    let committed = if intact { commit(conn) } else { Err(Error::unavailable("SQLite rolled the batch back")) };
    if committed.is_err() {
        roll_back(conn);
    }
    let fine = committed.is_ok();
    metrics::histogram!("guildhall_write_batch_seconds").record(begun.elapsed().as_secs_f64());
    for reply in replies {
        reply(if fine { Ok(()) } else { Err(Error::unavailable("the batch could not be committed")) });
    }
    fine
}

/// Runs one job; false when the batch's transaction is gone.
fn run_one(conn: &mut Conn, job: Job, replies: &mut Vec<Reply>) -> bool {
    metrics::gauge!("guildhall_write_queue").decrement(1.0);
    let (fine, reply) = job(conn);
    replies.push(reply);
    fine || conn.batch_execute(PROBE).is_ok()
}

/// The job of a batch that could not begin is dropped; its caller sees a closed channel, which is a 503.
fn first_unserved(job: Job, error: &Error) {
    metrics::gauge!("guildhall_write_queue").decrement(1.0);
    tracing::error!(%error, "a batch of writes could not begin");
    drop(job);
}
