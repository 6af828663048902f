//! How long somebody who waits for an answer waits for the database: one patience for everything that a request asks of it, so
//! that they hear within three seconds that it is down, slow, or silent. Background work, for which nobody waits, has all the time
//! that the database gives it.
//!
//! Whoever loses patience does not know whether a change was made: an `Idempotency-Key` makes it safe to ask again.

use std::cell::Cell;
use std::future::Future;
use std::time::{Duration, Instant};

use crate::kernel::error::{Error, Result};

tokio::task_local! {
    /// How long the request has waited so far.
    static WAITED: Cell<Duration>;
}

/// Runs a request, which begins with all its patience.
pub async fn of_a_request<T>(request: impl Future<Output = T>) -> T {
    WAITED.scope(Cell::default(), request).await
}

/// Waits for `work` as long as the request that it is a part of has `patience` left.
///
/// # Errors
/// What `work` refuses; 503 when patience ends first.
pub(crate) async fn bounded<T>(patience: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    let Ok(waited) = WAITED.try_with(Cell::get) else { return work.await };
    let begun = Instant::now();
    let done = tokio::time::timeout(patience.saturating_sub(waited), work).await;
    WAITED.with(|waited| waited.set(waited.get().saturating_add(begun.elapsed())));
    done.unwrap_or_else(|_| Err(Error::unavailable("the database did not answer in time")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::error::Code;

    async fn at_once() -> Result<()> {
        bounded(Duration::from_millis(20), async { Ok(()) }).await
    }

    #[tokio::test]
    async fn a_request_has_one_patience_for_all_that_it_asks() {
        let silent = || bounded(Duration::from_millis(20), std::future::pending::<Result<()>>());
        of_a_request(async {
            assert!(at_once().await.is_ok());
            let begun = Instant::now();
            assert_eq!(silent().await.map_err(|error| error.code), Err(Code::Unavailable));
            assert!(begun.elapsed() >= Duration::from_millis(19));
            let begun = Instant::now();
            assert_eq!(silent().await.map_err(|error| error.code), Err(Code::Unavailable), "nothing is left");
            assert!(begun.elapsed() < Duration::from_millis(19));
        })
        .await;
        of_a_request(async { assert!(at_once().await.is_ok(), "the next request has its own") }).await;
    }

    #[tokio::test]
    async fn background_work_is_not_hurried() {
        let late = async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Ok(())
        };
        assert!(bounded(Duration::ZERO, late).await.is_ok());
    }
}
