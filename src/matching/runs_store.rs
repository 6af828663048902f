//! Saved answers: rows of match runs and of their results.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde_json::Value;

use crate::db::Conn;
use crate::db::schema::{job_requests, match_run_results, match_runs};
use crate::db::types::Json;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::{DeveloperId, JobRequestId, MatchRunId, OrganizationId, UserId};
use crate::kernel::page::PageQuery;

/// A saved answer, without its results.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = match_runs)]
pub struct RunRow {
    /// Its id.
    pub id: MatchRunId,
    /// For which request.
    pub job_request_id: JobRequestId,
    /// In which version.
    pub request_version: i64,
    /// Whose request.
    pub organization_id: OrganizationId,
    /// Who asked.
    pub asked_by: UserId,
    /// By which weights and rules.
    pub scoring_version: String,
    /// The UTC day as of which it was computed.
    pub day: NaiveDate,
    /// The version of the index of the node that answered.
    pub index_version: i64,
    /// Vetted developers whom nothing blocked.
    pub pool: i64,
    /// How many passed all gates.
    pub total: i64,
    /// What each gate removed; null where that was not asked for.
    pub gates_json: Json<Value>,
    /// SHA-256 over the results' developers and scores, in hex.
    pub result_hash: String,
    /// When.
    pub asked_at: Instant,
}

/// One result of a saved answer.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = match_run_results)]
pub struct ResultRow {
    /// Of which.
    pub run_id: MatchRunId,
    /// From 1.
    pub rank: i64,
    /// Who.
    pub developer_id: DeveloperId,
    /// The score in hundredths.
    pub score_hundredths: i64,
    /// All factors with what they gave.
    pub factors_json: Json<Value>,
}

/// Which saved answers to list; what is `None` does not narrow.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// For this request.
    pub job_request: Option<JobRequestId>,
    /// In which this developer appears.
    pub developer: Option<DeveloperId>,
}

/// Saves an answer, unless the request is gone, or it is the latest of its request already. False where it is not saved.
///
/// # Errors
/// 503 when the database is down.
pub fn save(conn: &mut Conn, run: &RunRow, results: &[ResultRow]) -> Result<bool> {
    let exists: i64 = job_requests::table.find(run.job_request_id).count().get_result(conn)?;
    if exists == 0 || latest(conn, run.job_request_id)?.is_some_and(|latest| says_the_same(&latest, run)) {
        return Ok(false);
    }
    diesel::insert_into(match_runs::table).values(run.clone()).execute(conn)?;
    for result in results {
        diesel::insert_into(match_run_results::table).values(result.clone()).execute(conn)?;
    }
    Ok(true)
}

fn says_the_same(latest: &RunRow, run: &RunRow) -> bool {
    let key = |row: &RunRow| (row.request_version, row.scoring_version.clone(), row.day, row.result_hash.clone());
    key(latest) == key(run)
}

fn latest(conn: &mut Conn, request: JobRequestId) -> Result<Option<RunRow>> {
    let runs = match_runs::table.filter(match_runs::job_request_id.eq(request)).order(match_runs::id.desc());
    Ok(runs.select(RunRow::as_select()).first(conn).optional()?)
}

/// Saved answers, newest first, one more than the page holds.
///
/// # Errors
/// 400 for a cursor that is not one of ours.
pub fn list(conn: &mut Conn, filter: Filter, page: &PageQuery) -> Result<Vec<RunRow>> {
    let mut runs = match_runs::table.order(match_runs::id.desc()).limit(page.rows_to_read()).select(RunRow::as_select()).into_boxed();
    if let Some(request) = filter.job_request {
        runs = runs.filter(match_runs::job_request_id.eq(request));
    }
    if let Some(developer) = filter.developer {
        let theirs = match_run_results::table.filter(match_run_results::developer_id.eq(developer));
        runs = runs.filter(match_runs::id.eq_any(theirs.select(match_run_results::run_id)));
    }
    if let Some(before) = page.after_as::<MatchRunId>()? {
        runs = runs.filter(match_runs::id.lt(before));
    }
    Ok(runs.load(conn)?)
}

/// A saved answer with its results, the best first.
///
/// # Errors
/// 404.
pub fn find(conn: &mut Conn, id: MatchRunId) -> Result<(RunRow, Vec<ResultRow>)> {
    let run = match_runs::table.find(id).select(RunRow::as_select()).first(conn)?;
    let results = match_run_results::table.filter(match_run_results::run_id.eq(id)).order(match_run_results::rank);
    Ok((run, results.select(ResultRow::as_select()).load(conn)?))
}

/// The answers in which a developer appears with the developer's own row and the request's title, newest first, one more
/// than the page holds.
///
/// # Errors
/// 400 for a cursor that is not one of ours.
pub fn own(conn: &mut Conn, developer: DeveloperId, page: &PageQuery) -> Result<Vec<(RunRow, ResultRow, String)>> {
    let mut rows = match_run_results::table
        .inner_join(match_runs::table.inner_join(job_requests::table))
        .filter(match_run_results::developer_id.eq(developer))
        .order(match_run_results::run_id.desc())
        .limit(page.rows_to_read())
        .select((RunRow::as_select(), ResultRow::as_select(), job_requests::title))
        .into_boxed();
    if let Some(before) = page.after_as::<MatchRunId>()? {
        rows = rows.filter(match_run_results::run_id.lt(before));
    }
    Ok(rows.load(conn)?)
}

/// Forgets answers that were asked before `before`, at most `limit`; says how many.
///
/// # Errors
/// 503 when the database is down.
pub fn forget(conn: &mut Conn, before: Instant, limit: i64) -> Result<usize> {
    let old: Vec<MatchRunId> = match_runs::table
        .filter(match_runs::asked_at.lt(before))
        .order(match_runs::asked_at)
        .limit(limit)
        .select(match_runs::id)
        .load(conn)?;
    Ok(diesel::delete(match_runs::table.filter(match_runs::id.eq_any(old))).execute(conn)?)
}
