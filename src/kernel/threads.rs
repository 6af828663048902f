//! Threads beside those that answer and that the database needs, for work that would hold those up: a bounded number, and nobody waits
//! for one for long.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

use crate::kernel::error::{Error, Result};

/// How long anybody waits for their turn before they are told to come back.
const PATIENCE: Duration = Duration::from_secs(2);

/// Threads that do one kind of work and nothing else: there are no more than work at once, and they end after ten idle seconds.
pub struct Threads {
    work: &'static str,
    turns: Arc<Semaphore>,
    runtime: Option<Runtime>,
}

impl Threads {
    /// At most `count` of them; `work` says what they are at, as in "too many passwords at once".
    ///
    /// # Errors
    /// When there can be none.
    pub fn new(work: &'static str, count: usize) -> Result<Self> {
        let runtime = Builder::new_current_thread().max_blocking_threads(count).thread_name(work).build().map_err(Error::internal)?;
        Ok(Self { work, turns: Arc::new(Semaphore::new(count)), runtime: Some(runtime) })
    }

    /// Runs `work`, which may block. The turn goes with it: whoever leaves drops the future, not the work.
    ///
    /// # Errors
    /// What `work` refuses; 503 when all threads are at work.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let turn = tokio::time::timeout(PATIENCE, self.turns.clone().acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(Error::unavailable(format!("too many {} at once", self.work))) };
        let Some(runtime) = &self.runtime else { return Err(Error::internal(format!("the threads for {} are gone", self.work))) };
        let work = move || {
            let done = work();
            drop(turn);
            done
        };
        runtime.spawn_blocking(work).await.map_err(Error::internal)?
    }
}

/// Nobody waits for what is still at work: it may be dropped where nobody may wait.
impl Drop for Threads {
    fn drop(&mut self) {
        self.runtime.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Instant;

    use futures_util::FutureExt as _;

    use super::*;
    use crate::kernel::error::Code;

    #[tokio::test]
    async fn whoever_leaves_keeps_their_turn_until_the_work_is_done_and_nobody_waits_for_long() {
        let threads = Threads::new("tests", 1).expect("threads");
        let (finish, finished) = mpsc::channel::<()>();
        let work = threads.run(move || finished.recv().map_err(Error::internal));
        assert!(work.now_or_never().is_none());
        assert_eq!(threads.turns.available_permits(), 0, "the work goes on");
        let waited = Instant::now();
        let refused = threads.run(|| Ok(())).await.expect_err("too busy");
        assert_eq!((refused.code, refused.retry_after), (Code::Unavailable, Some(2)));
        assert!((PATIENCE..PATIENCE * 2).contains(&waited.elapsed()));
        finish.send(()).expect("somebody who waits for it");
        threads.run(|| Ok(())).await.expect("a turn");
    }
}
