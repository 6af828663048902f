//! `/v1/job-requests`.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, patch, post, put};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::jobs::domain::JobRequestFields;
use crate::jobs::draft::JobRequestDraft;
use crate::jobs::process::{JobRequestAction, JobRequestState};
use crate::jobs::service::Jobs;
use crate::jobs::shortlist::{ShortlistEntry, ShortlistNotes};
use crate::jobs::view::JobRequestView;
use crate::kernel::error::Result;
use crate::kernel::ids::{DeveloperId, JobRequestId};
use crate::kernel::page::{Page, PageQuery, default_limit};
use crate::kernel::schema::Patch;
use crate::web::answer;
use crate::web::ask::{Ask, Signed};
use crate::web::csv::{Listing, Sheet, listed};
use crate::web::path::Path;
use crate::web::query::Query;
use crate::words;

words! {
    /// The order of a list of job requests.
    pub enum JobRequestOrder {
        /// Newest first.
        NewestFirst => "-created_at",
    }
}

/// Which job requests to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct JobRequestQuery {
    /// Only those in this state.
    #[param(inline)]
    pub state: Option<JobRequestState>,
    /// The order: newest first.
    #[param(inline)]
    pub sort: Option<JobRequestOrder>,
    /// How many rows at most.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: i64,
    /// Where the previous page ended: its `next_cursor`.
    #[param(max_length = 400)]
    pub cursor: Option<String>,
}

impl JobRequestQuery {
    fn parts(self) -> (Option<JobRequestState>, PageQuery) {
        (self.state, PageQuery { limit: self.limit, cursor: self.cursor })
    }
}

/// Why a step is taken; for one's own record.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobRequestStep {
    /// A word for the reason.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 60, examples("position_filled"))]
    pub reason_code: Option<String>,
    /// More about it.
    #[schema(format = "prose", min_length = 1, max_length = 4000)]
    pub message: Option<String>,
}

/// Any of the fields of a job request.
type JobRequestPatch = Patch<JobRequestFields>;

/// Write a job request; it stays a draft until it is opened. Role: client.
///
/// An organisation may write a configured number of them a day.
#[utoipa::path(tag = "job requests", request_body = JobRequestFields, responses((status = 201, body = JobRequestView, description = "Written, as a draft")), security(("bearer" = [])))]
#[post("/v1/job-requests")]
async fn create_job_request(ask: Ask<JobRequestDraft>, jobs: Data<Jobs>) -> Result<HttpResponse> {
    Ok(answer::created(jobs.create(ask.call, ask.body).await?, "/v1/job-requests"))
}

/// List one's organisation's job requests, newest first. Role: client.
#[utoipa::path(tag = "job requests", params(JobRequestQuery), responses((status = 200, body = Page<JobRequestView>, description = "The job requests")), security(("bearer" = [])))]
#[get("/v1/job-requests")]
async fn list_job_requests(signed: Signed, query: Query<JobRequestQuery>, jobs: Data<Jobs>) -> Result<HttpResponse> {
    let (state, page) = query.0.parts();
    answer::json(&jobs.list(signed.0, state, page).await?)
}

/// A job request of one's organisation. Role: client; admin for any.
#[utoipa::path(tag = "job requests", params(("id" = JobRequestId, Path, description = "The job request")), responses((status = 200, body = JobRequestView, description = "The job request")), security(("bearer" = [])))]
#[get("/v1/job-requests/{id}")]
async fn read_job_request(id: Path<JobRequestId>, signed: Signed, jobs: Data<Jobs>) -> Result<HttpResponse> {
    let view = jobs.show(signed.0, id.0).await?;
    answer::versioned(view.version, &view)
}

/// Read a published job request as a schema.org JobPosting (JSON-LD). Role: anybody.
///
/// Only while it is open, and only if its client has set `published`: job boards and search engines may take it from here. It names
/// the organisation, and the most that an hour may cost.
#[utoipa::path(tag = "job requests", params(("id" = JobRequestId, Path, description = "The job request")), responses((status = 200, body = Object, content_type = "application/ld+json", description = "The posting", example = json!({ "@context": "https://schema.org/", "@type": "JobPosting", "title": "Go engineer for a payments ledger" }))))]
#[get("/v1/job-requests/{id}/job-posting")]
async fn read_job_posting(id: Path<JobRequestId>, jobs: Data<Jobs>) -> Result<HttpResponse> {
    let posting = jobs.posting(id.0).await?.to_string();
    // So that it can stand in a page's script element as it is.
    Ok(HttpResponse::Ok().content_type("application/ld+json").body(posting.replace('<', "\\u003c")))
}

/// Change what a job request asks for, unless it is closed. Role: client.
#[utoipa::path(tag = "job requests", params(("id" = JobRequestId, Path, description = "The job request")), request_body = JobRequestPatch, responses((status = 200, body = JobRequestView, description = "Changed")), security(("bearer" = [])))]
#[patch("/v1/job-requests/{id}")]
async fn change_job_request(id: Path<JobRequestId>, ask: Ask<Patch<JobRequestDraft>>, jobs: Data<Jobs>) -> Result<HttpResponse> {
    Ok(answer::ok(jobs.change(ask.call, id.0, ask.body).await?))
}

/// Begin to look for developers, or go on after a rest. Role: client.
///
/// A request whose seats are all taken becomes `filled` instead.
#[utoipa::path(tag = "job requests", params(("id" = JobRequestId, Path, description = "The job request")), request_body = JobRequestStep, responses((status = 200, body = JobRequestView, description = "Open, or filled")), security(("bearer" = [])))]
#[post("/v1/job-requests/{id}/open")]
async fn open_job_request(id: Path<JobRequestId>, ask: Ask<JobRequestStep>, jobs: Data<Jobs>) -> Result<HttpResponse> {
    Ok(answer::ok(jobs.step(ask.call, id.0, JobRequestAction::Open).await?))
}

/// Let a job request rest: nobody is matched with it. Role: client.
#[utoipa::path(tag = "job requests", params(("id" = JobRequestId, Path, description = "The job request")), request_body = JobRequestStep, responses((status = 200, body = JobRequestView, description = "Paused")), security(("bearer" = [])))]
#[post("/v1/job-requests/{id}/pause")]
async fn pause_job_request(id: Path<JobRequestId>, ask: Ask<JobRequestStep>, jobs: Data<Jobs>) -> Result<HttpResponse> {
    Ok(answer::ok(jobs.step(ask.call, id.0, JobRequestAction::Pause).await?))
}

/// End a job request for good; its trials go on. Role: client.
#[utoipa::path(tag = "job requests", params(("id" = JobRequestId, Path, description = "The job request")), request_body = JobRequestStep, responses((status = 200, body = JobRequestView, description = "Closed")), security(("bearer" = [])))]
#[post("/v1/job-requests/{id}/close")]
async fn close_job_request(id: Path<JobRequestId>, ask: Ask<JobRequestStep>, jobs: Data<Jobs>) -> Result<HttpResponse> {
    Ok(answer::ok(jobs.step(ask.call, id.0, JobRequestAction::Close).await?))
}

/// Put a developer on the shortlist of a job request, or change the notes, which never leave the organisation. Role: client.
#[utoipa::path(tag = "job requests", params(("id" = JobRequestId, Path, description = "The job request"), ("developer_id" = DeveloperId, Path, description = "The developer")), request_body = ShortlistNotes, responses((status = 200, body = ShortlistEntry, description = "On the shortlist")), security(("bearer" = [])))]
#[put("/v1/job-requests/{id}/shortlist/{developer_id}")]
async fn shortlist_developer(ids: Path<(JobRequestId, DeveloperId)>, ask: Ask<ShortlistNotes>, jobs: Data<Jobs>) -> Result<HttpResponse> {
    let (job, developer) = ids.0;
    Ok(answer::ok(jobs.shortlist(ask.call, job, developer, ask.body).await?))
}

/// Take a developer off the shortlist of a job request. Role: client.
#[utoipa::path(tag = "job requests", params(("id" = JobRequestId, Path, description = "The job request"), ("developer_id" = DeveloperId, Path, description = "The developer")), responses((status = 204, description = "Not on the shortlist")), security(("bearer" = [])))]
#[delete("/v1/job-requests/{id}/shortlist/{developer_id}")]
async fn unshortlist_developer(ids: Path<(JobRequestId, DeveloperId)>, signed: Signed, jobs: Data<Jobs>) -> Result<HttpResponse> {
    let (job, developer) = ids.0;
    jobs.unshortlist(signed.0, job, developer).await?;
    Ok(answer::nothing())
}

/// The shortlist of a job request, with the organisation's notes. Role: client.
#[utoipa::path(tag = "job requests", params(("id" = JobRequestId, Path, description = "The job request"), PageQuery), responses((status = 200, body = Page<ShortlistEntry>, description = "The shortlist")), security(("bearer" = [])))]
#[get("/v1/job-requests/{id}/shortlist")]
async fn list_shortlist(id: Path<JobRequestId>, signed: Signed, page: Query<PageQuery>, jobs: Data<Jobs>) -> Result<HttpResponse> {
    answer::json(&jobs.shortlisted(signed.0, id.0, page.0).await?)
}

/// Everybody's job requests as a file.
const JOB_REQUESTS: Sheet = Sheet {
    name: "job-requests",
    columns: &[
        "id",
        "organization_id",
        "created_by",
        "state",
        "title",
        "description",
        "skills",
        "seniority",
        "domains",
        "legal_country_limit",
        "max_hourly_rate.amount",
        "max_hourly_rate.currency",
        "hours_per_week",
        "starts_on",
        "duration_weeks",
        "time_zone",
        "working_hours",
        "overlap_hours",
        "languages",
        "seats",
        "seats_taken",
        "published",
        "version",
        "created_at",
        "updated_at",
    ],
};

/// List everybody's job requests, newest first. Role: admin.
///
/// As `text/csv` all of them from the cursor on.
#[utoipa::path(tag = "admin", params(JobRequestQuery), responses((status = 200, content((Page<JobRequestView> = "application/json"), (String = "text/csv", example = json!(JOB_REQUESTS.heading()))), description = "The job requests")), security(("bearer" = [])))]
#[get("/v1/admin/job-requests")]
async fn list_all_job_requests(signed: Signed, form: Listing, query: Query<JobRequestQuery>, jobs: Data<Jobs>) -> Result<HttpResponse> {
    let (state, page) = query.0.parts();
    let read = move |page| {
        let (jobs, signed) = (jobs.clone(), signed.0.clone());
        async move { jobs.list_all(signed, state, page).await }
    };
    listed(form, &JOB_REQUESTS, page, read).await
}

/// Mounts the room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(create_job_request).service(list_job_requests).service(read_job_request).service(change_job_request);
    config.service(open_job_request).service(pause_job_request).service(close_job_request).service(list_all_job_requests);
    config.service(read_job_posting).service(shortlist_developer).service(unshortlist_developer).service(list_shortlist);
}
