//! Match runs: what was answered is saved off the request's path, once for the same answer, for six months.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, VecDeque};
use std::hash::{Hash as _, Hasher as _};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{Months, NaiveDate};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::db::pool::Db;
use crate::db::types::Json;
use crate::developers::store as developers;
use crate::kernel::clock::{Instant, SharedClock};
use crate::kernel::digest::hex;
use crate::kernel::error::Result;
use crate::kernel::ids::{DeveloperId, JobRequestId, MatchRunId, OrganizationId, UserId};
use crate::kernel::page::{Page, PageQuery};
use crate::kernel::principal::Principal;
use crate::matching::explanation::FactorPoints;
use crate::matching::gates::GateCount;
use crate::matching::ratio::Points;
use crate::matching::run_views::{MatchRunDetail, MatchRunResult, MatchRunView, OwnMatchRun};
use crate::matching::runs_store as store;
use crate::matching::runs_store::{Filter, ResultRow, RunRow};
use crate::scheduler::Nudge;

/// How many answers wait to be saved at most; more are not saved, and counted.
const MOST_WAITING: usize = 1024;
/// How many are saved in one transaction.
const BATCH: usize = 16;
/// Of how many requests the latest answer is remembered.
const REMEMBERED: usize = 10_000;
/// How long they are kept.
const KEPT: Months = Months::new(6);
/// How many old ones go in one transaction.
const FORGOTTEN_AT_ONCE: i64 = 200;
/// The least time between two warnings, in microseconds.
const WARN_EVERY: i64 = 60_000_000;

/// Who asked what.
#[derive(Debug, Clone, Copy)]
pub struct RunOf {
    /// For which request.
    pub job_request: JobRequestId,
    /// In which version.
    pub request_version: i64,
    /// Whose request.
    pub organization: OrganizationId,
    /// Who asked.
    pub asked_by: UserId,
}

/// What was asked, and what came of it but for the results.
#[derive(Debug, Clone)]
pub struct RunHead {
    /// Who asked what.
    pub of: RunOf,
    /// By which weights and rules.
    pub scoring_version: String,
    /// The UTC day as of which it was computed.
    pub day: NaiveDate,
    /// The version of this node's index.
    pub index_version: u64,
    /// Vetted developers whom nothing blocked.
    pub pool: u64,
    /// How many passed all gates.
    pub total: u64,
    /// What each gate removed, where that was asked for.
    pub gates: Option<Vec<GateCount>>,
}

struct Waiting {
    head: RunHead,
    at: Instant,
    scored: Vec<(DeveloperId, Points)>,
    factors: Vec<Vec<FactorPoints>>,
}

/// Saves answers, and shows them to those who may see them.
pub struct MatchRuns {
    db: Db,
    clock: SharedClock,
    waiting: Mutex<VecDeque<Waiting>>,
    /// Of each request the latest answer that was taken in, hashed.
    latest: Mutex<HashMap<JobRequestId, u64>>,
    warned_at: AtomicI64,
    nudge: Nudge,
    /// One saves at a time.
    turn: tokio::sync::Mutex<()>,
}

impl MatchRuns {
    /// Saved in `db`.
    pub fn new(db: Db, clock: SharedClock) -> Self {
        let (waiting, latest, warned_at) = (Mutex::default(), Mutex::default(), AtomicI64::new(i64::MIN));
        Self { db, clock, waiting, latest, warned_at, nudge: Nudge::default(), turn: tokio::sync::Mutex::default() }
    }

    /// Takes an answer in to be saved: never waits, never fails. `scored` are those shown, the best first; `factors` makes
    /// their explanations and is called only when the answer is another than the last one.
    pub fn record(&self, head: RunHead, scored: &[(DeveloperId, Points)], factors: impl FnOnce() -> Vec<Vec<FactorPoints>>) {
        let hash = quick_hash(&head, scored);
        if held(&self.latest).get(&head.of.job_request) == Some(&hash) {
            return;
        }
        let (request, at) = (head.of.job_request, self.clock.now());
        {
            let mut waiting = held(&self.waiting);
            if waiting.len() >= MOST_WAITING {
                drop(waiting);
                return self.dropped(at);
            }
            waiting.push_back(Waiting { head, at, scored: scored.to_vec(), factors: factors() });
        }
        let mut latest = held(&self.latest);
        if latest.len() >= REMEMBERED {
            latest.clear();
        }
        latest.insert(request, hash);
        self.nudge.wake();
    }

    fn dropped(&self, at: Instant) {
        metrics::counter!("guildhall_match_runs_dropped_total").increment(1);
        let (now, before) = (at.micros(), self.warned_at.load(Ordering::Relaxed));
        if now.saturating_sub(before) >= WARN_EVERY
            && self.warned_at.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            tracing::warn!("more answers of matching than can be saved: some are not");
        }
    }

    /// What wakes whoever saves.
    pub fn nudge(&self) -> Nudge {
        self.nudge.clone()
    }

    /// Saves a batch of what waits; says whether there is more.
    ///
    /// # Errors
    /// 503 when the database is down: what waits goes on waiting.
    pub async fn save(&self) -> Result<bool> {
        let _turn = self.turn.lock().await;
        let batch: Vec<(RunRow, Vec<ResultRow>)> = held(&self.waiting).iter().take(BATCH).map(rows).collect();
        if batch.is_empty() {
            return Ok(false);
        }
        let count = batch.len();
        self.db.write(move |conn| batch.iter().try_for_each(|(run, results)| store::save(conn, run, results).map(drop))).await?;
        let mut waiting = held(&self.waiting);
        let saved = count.min(waiting.len());
        waiting.drain(..saved);
        Ok(!waiting.is_empty())
    }

    /// Forgets a batch of what is older than six months; says whether there may be more.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn forget_old(&self) -> Result<bool> {
        let Some(before) = self.clock.now().utc().checked_sub_months(KEPT) else { return Ok(false) };
        let forgotten = self.db.write(move |conn| store::forget(conn, Instant::new(before), FORGOTTEN_AT_ONCE)).await?;
        Ok(i64::try_from(forgotten).unwrap_or_default() >= FORGOTTEN_AT_ONCE)
    }

    /// Saved answers, newest first.
    ///
    /// # Errors
    /// 403 for others than admins; 400 for a cursor that is not one of ours.
    pub async fn list(
        &self,
        principal: &Principal,
        job_request: Option<JobRequestId>,
        developer: Option<DeveloperId>,
        page: PageQuery,
    ) -> Result<Page<MatchRunView>> {
        principal.admin()?;
        let filter = Filter { job_request, developer };
        self.db
            .read(move |conn| {
                let rows = store::list(conn, filter, &page)?;
                Ok(Page::cut(rows, page.limit, |run| run.id.to_string()).map(run_view))
            })
            .await
    }

    /// A saved answer with its results.
    ///
    /// # Errors
    /// 403 for others than admins; 404.
    pub async fn show(&self, principal: &Principal, id: MatchRunId) -> Result<MatchRunDetail> {
        principal.admin()?;
        let (run, results) = self.db.read(move |conn| store::find(conn, id)).await?;
        Ok(MatchRunDetail { run: run_view(run), results: results.into_iter().map(result_view).collect() })
    }

    /// The saved answers in which the developer appears, newest first.
    ///
    /// # Errors
    /// 403 for others than developers; 400 for a cursor that is not one of ours.
    pub async fn own(&self, principal: &Principal, page: PageQuery) -> Result<Page<OwnMatchRun>> {
        let user = principal.developer()?;
        self.db
            .read(move |conn| {
                let rows = match developers::find_by_user(conn, user)? {
                    Some(developer) => store::own(conn, developer, &page)?,
                    None => Vec::new(),
                };
                Ok(Page::cut(rows, page.limit, |(run, ..)| run.id.to_string()).map(own_view))
            })
            .await
    }
}

/// Enough to know the same answer again within this process.
fn quick_hash(head: &RunHead, scored: &[(DeveloperId, Points)]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (head.of.request_version, &head.scoring_version, head.day, scored).hash(&mut hasher);
    hasher.finish()
}

/// The SHA-256 of who was shown with which score, in hex.
fn result_hash(scored: &[(DeveloperId, Points)]) -> String {
    let mut hasher = Sha256::new();
    for (developer, score) in scored {
        hasher.update(developer.as_bytes());
        hasher.update(score.hundredths().to_be_bytes());
    }
    hex(&hasher.finalize())
}

fn rows(waiting: &Waiting) -> (RunRow, Vec<ResultRow>) {
    let Waiting { head, at, scored, factors } = waiting;
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let id = MatchRunId::new(*at);
    let run = RunRow {
        id,
        job_request_id: head.of.job_request,
        request_version: head.of.request_version,
        organization_id: head.of.organization,
        asked_by: head.of.asked_by,
        scoring_version: head.scoring_version.clone(),
        day: head.day,
        index_version: number(head.index_version),
        pool: number(head.pool),
        total: number(head.total),
        gates_json: Json(json!(head.gates)),
        result_hash: result_hash(scored),
        asked_at: *at,
    };
    let results = scored.iter().zip(factors).zip(1..).map(|(((developer, score), factors), rank)| ResultRow {
        run_id: id,
        rank,
        developer_id: *developer,
        score_hundredths: score.hundredths().into(),
        factors_json: Json(json!(factors)),
    });
    (run, results.collect())
}

fn points(hundredths: i64) -> Points {
    Points::from_hundredths(u32::try_from(hundredths).unwrap_or_default())
}

fn run_view(row: RunRow) -> MatchRunView {
    MatchRunView {
        id: row.id,
        job_request_id: row.job_request_id,
        request_version: row.request_version,
        organization_id: row.organization_id,
        asked_by: row.asked_by,
        scoring_version: row.scoring_version,
        day: row.day,
        index_version: row.index_version,
        pool: row.pool,
        total: row.total,
        gates: row.gates_json.0,
        result_hash: row.result_hash,
        asked_at: row.asked_at,
    }
}

fn result_view(row: ResultRow) -> MatchRunResult {
    let factors: Value = row.factors_json.0;
    MatchRunResult { rank: row.rank, developer_id: row.developer_id, score: points(row.score_hundredths), factors }
}

fn own_view((run, result, title): (RunRow, ResultRow, String)) -> OwnMatchRun {
    OwnMatchRun {
        id: run.id,
        job_request_id: run.job_request_id,
        title,
        asked_at: run.asked_at,
        scoring_version: run.scoring_version,
        total: run.total,
        rank: result.rank,
        score: points(result.score_hundredths),
        factors: result.factors_json.0,
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
