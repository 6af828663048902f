//! Routes of matching for developers, and of saved answers.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::kernel::error::Result;
use crate::kernel::ids::{DeveloperId, JobRequestId, MatchRunId};
use crate::kernel::page::{Page, PageQuery, default_limit};
use crate::matching::offered::{FittingRequests, WhyMatched};
use crate::matching::own::OwnMatches;
use crate::matching::run_views::{MatchRunDetail, MatchRunView, OwnMatchRun};
use crate::matching::runs::MatchRuns;
use crate::web::answer;
use crate::web::ask::Signed;
use crate::web::csv::{Listing, Sheet, listed};
use crate::web::path::Path;
use crate::web::query::Query;

/// Which saved answers.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MatchRunQuery {
    /// Only those for this request.
    #[param(inline)]
    pub job_request_id: Option<JobRequestId>,
    /// Only those in which this developer appears.
    #[param(inline)]
    pub developer_id: Option<DeveloperId>,
    /// How many rows at most.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: i64,
    /// Where the previous page ended: its `next_cursor`.
    #[param(max_length = 400)]
    pub cursor: Option<String>,
}

/// The open job requests that fit oneself, newest first, each with the whole reason. Role: developer.
///
/// Empty, with a `reason`, for somebody whom clients cannot find. Who asks is not shown before an offer.
#[utoipa::path(tag = "matching", params(PageQuery), responses((status = 200, body = FittingRequests, description = "Requests")), security(("bearer" = [])))]
#[get("/v1/developers/me/job-requests")]
async fn list_fitting_requests(signed: Signed, page: Query<PageQuery>, own: Data<OwnMatches>) -> Result<HttpResponse> {
    answer::json(&own.list(&signed.0, page.0).await?)
}

/// Why an open job request fits oneself or does not, gate by gate, with what would change it. Role: developer.
#[utoipa::path(tag = "matching", params(("id" = JobRequestId, Path, description = "The job request")), responses((status = 200, body = WhyMatched, description = "Why")), security(("bearer" = [])))]
#[get("/v1/developers/me/job-requests/{id}")]
async fn read_why_matched(id: Path<JobRequestId>, signed: Signed, own: Data<OwnMatches>) -> Result<HttpResponse> {
    answer::json(&own.why(&signed.0, id.0).await?)
}

/// The answers of the last six months in which oneself appeared, newest first, with one's own row only. Role: developer.
#[utoipa::path(tag = "matching", params(PageQuery), responses((status = 200, body = Page<OwnMatchRun>, description = "Answers")), security(("bearer" = [])))]
#[get("/v1/developers/me/match-runs")]
async fn list_own_match_runs(signed: Signed, page: Query<PageQuery>, runs: Data<MatchRuns>) -> Result<HttpResponse> {
    answer::json(&runs.own(&signed.0, page.0).await?)
}

/// Saved answers as a file.
const MATCH_RUNS: Sheet = Sheet {
    name: "match-runs",
    columns: &[
        "id",
        "job_request_id",
        "request_version",
        "organization_id",
        "asked_by",
        "scoring_version",
        "day",
        "index_version",
        "pool",
        "total",
        "gates",
        "result_hash",
        "asked_at",
    ],
};

/// The saved answers of the last six months, newest first. Role: admin.
///
/// As `text/csv` all of them from the cursor on.
#[utoipa::path(tag = "admin", params(MatchRunQuery), responses((status = 200, content((Page<MatchRunView> = "application/json"), (String = "text/csv", example = json!(MATCH_RUNS.heading()))), description = "Answers")), security(("bearer" = [])))]
#[get("/v1/admin/match-runs")]
async fn list_match_runs(signed: Signed, form: Listing, query: Query<MatchRunQuery>, runs: Data<MatchRuns>) -> Result<HttpResponse> {
    let MatchRunQuery { job_request_id, developer_id, limit, cursor } = query.0;
    let read = move |page| {
        let (runs, signed) = (runs.clone(), signed.0.clone());
        async move { runs.list(&signed, job_request_id, developer_id, page).await }
    };
    listed(form, &MATCH_RUNS, PageQuery { limit, cursor }, read).await
}

/// A saved answer with its results. Role: admin.
#[utoipa::path(tag = "admin", params(("id" = MatchRunId, Path, description = "The answer")), responses((status = 200, body = MatchRunDetail, description = "The answer")), security(("bearer" = [])))]
#[get("/v1/admin/match-runs/{id}")]
async fn read_match_run(id: Path<MatchRunId>, signed: Signed, runs: Data<MatchRuns>) -> Result<HttpResponse> {
    answer::json(&runs.show(&signed.0, id.0).await?)
}

/// Mounts the routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_fitting_requests).service(read_why_matched).service(list_own_match_runs);
    config.service(list_match_runs).service(read_match_run);
}
