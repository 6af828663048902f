//! Which request a piece of work belongs to: the id that links the log, the audit log and the outbox.

use std::cell::RefCell;

tokio::task_local! {
    static OF_TASK: String;
}

thread_local! {
    /// Work on a blocking thread has no task: the id goes with it.
    static OF_THREAD: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs what answers the request with this id.
pub async fn answering<F: Future>(id: String, work: F) -> F::Output {
    OF_TASK.scope(id, work).await
}

/// The id of the request that is being answered; none for the clock's work and the command line's.
pub fn current() -> Option<String> {
    OF_TASK.try_with(Clone::clone).ok().or_else(|| OF_THREAD.with_borrow(Clone::clone))
}

/// Runs `work` on this thread on behalf of the request with this id.
pub fn on_behalf<T>(id: Option<String>, work: impl FnOnce() -> T) -> T {
    let before = OF_THREAD.replace(id);
    let done = work();
    OF_THREAD.set(before);
    done
}
