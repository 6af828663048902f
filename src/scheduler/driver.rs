//! Runs every task until told to stop; lets a running piece of work finish.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::Instrument as _;
use tracing::field::Empty;

use crate::kernel::traces::TRACES;
use crate::scheduler::{Progress, Task};

/// How long a task rests after a failure, at the least.
const REST: Duration = Duration::from_secs(1);
/// How long a task rests between two pieces of work, at the most.
const BREATH: Duration = Duration::from_millis(100);

/// Runs `tasks` until `stop` says so; returns when each has finished the piece it was at.
pub async fn run(tasks: Vec<Arc<dyn Task>>, stop: watch::Receiver<bool>) {
    let mut running = JoinSet::new();
    for task in tasks {
        running.spawn(drive(task, stop.clone()));
    }
    while running.join_next().await.is_some() {}
}

async fn drive(task: Arc<dyn Task>, mut stop: watch::Receiver<bool>) {
    let nudge = task.nudge();
    while !*stop.borrow() {
        let began = Instant::now();
        let name = task.name();
        let span = tracing::trace_span!(target: TRACES, parent: None, "task", otel.name = name, otel.status_code = Empty, task = name);
        let pause = match task.run().instrument(span.clone()).await {
            // After much work at once, as after a midnight, requests need the database as well.
            Ok(Progress::More) => began.elapsed().min(BREATH),
            Ok(Progress::Idle) => task.every(),
            Err(error) => {
                span.record("otel.status_code", "ERROR");
                tracing::error!(task = name, %error, "a task failed; it will be tried again");
                metrics::counter!("guildhall_task_failures_total", "task" => name).increment(1);
                task.every().max(REST)
            }
        };
        drop(span);
        tokio::select! {
            () = nudge.wait() => {}
            () = tokio::time::sleep(pause) => {}
            _ = stop.changed() => {}
        }
    }
}
