//! The routes of vetting.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post, put};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::kernel::error::Result;
use crate::kernel::ids::{ApplicationId, UserId};
use crate::kernel::page::{PageQuery, default_limit};
use crate::vetting::application::{Filter, Input};
use crate::vetting::domain::{Scorecard, SkillVerdict};
use crate::vetting::process::{Action, ApplicationState, Stage};
use crate::vetting::service::Vetting;
use crate::vetting::view::{ApplicationPage, ReviewedApplication, ScorecardView, Shown};
use crate::vetting::view_own::{OwnApplication, OwnVetting};
use crate::web::answer;
use crate::web::ask::{Ask, Nothing, Signed};
use crate::web::csv::{Listing, Sheet, listed};
use crate::web::path::{Path, Segment};
use crate::web::query::Query;

impl Segment for Stage {}

/// Which applications to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ApplicationQuery {
    /// Only those in this state.
    #[param(inline)]
    pub state: Option<ApplicationState>,
    /// Only those in this stage, also while they wait for an answer or rest.
    #[param(inline)]
    pub stage: Option<Stage>,
    /// Only those that this admin took.
    #[param(inline)]
    pub assigned_to: Option<UserId>,
    /// Only undecided ones in which nothing has happened for so many days.
    #[param(minimum = 0, maximum = 3650)]
    pub idle_days: Option<i64>,
    /// What to read along, in `included`: `developer`.
    #[param(pattern = "^developer$", max_length = 9)]
    pub expand: Option<String>,
    /// How many rows at most.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: i64,
    /// Where the previous page ended: its `next_cursor`.
    #[param(max_length = 400)]
    pub cursor: Option<String>,
}

/// Why, for a step that may need no reason at all.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StepReason {
    /// The reason, as a word; needed to reject.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 100, examples("skills_below_bar"))]
    pub reason_code: Option<String>,
    /// The reason, in words; needed of admins to waive, hold, release and reject.
    #[schema(format = "prose", max_length = 4000)]
    pub message: Option<String>,
}

/// Questions to the developer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Questions {
    /// What the reviewer needs to know; always needed.
    #[schema(format = "prose", max_length = 4000)]
    pub questions: Option<String>,
    /// A reason, as a word.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 100)]
    pub reason_code: Option<String>,
    /// For the events.
    #[schema(format = "prose", max_length = 4000)]
    pub message: Option<String>,
}

/// The developer's answers.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// What the reviewer asked for; always needed.
    #[schema(format = "prose", max_length = 10000)]
    pub answers: Option<String>,
    /// A reason, as a word.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 100)]
    pub reason_code: Option<String>,
    /// For the events.
    #[schema(format = "prose", max_length = 4000)]
    pub message: Option<String>,
}

/// A stage that is passed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Passed {
    /// The stage that is passed, so that nobody passes two by accident; always needed.
    pub from_stage: Option<Stage>,
    /// A reason, as a word.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 100)]
    pub reason_code: Option<String>,
    /// For the events.
    #[schema(format = "prose", max_length = 4000)]
    pub message: Option<String>,
}

/// An approval.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The levels that are verified from now on, by slug or alias; a core skill among them.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub skills: Vec<SkillVerdict>,
    /// A reason, as a word.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 100)]
    pub reason_code: Option<String>,
    /// For the events.
    #[schema(format = "prose", max_length = 4000)]
    pub message: Option<String>,
}

impl From<ApplicationQuery> for Filter {
    fn from(query: ApplicationQuery) -> Self {
        let ApplicationQuery { state, stage, assigned_to, idle_days, limit, cursor, expand: _ } = query;
        Self { state, stage, assigned_to, idle_days, page: PageQuery { limit, cursor } }
    }
}

impl From<StepReason> for Input {
    fn from(StepReason { reason_code, message }: StepReason) -> Self {
        Self { reason_code, message, ..Self::default() }
    }
}

impl From<Questions> for Input {
    fn from(Questions { questions, reason_code, message }: Questions) -> Self {
        Self { questions, reason_code, message, ..Self::default() }
    }
}

impl From<Answers> for Input {
    fn from(Answers { answers, reason_code, message }: Answers) -> Self {
        Self { answers, reason_code, message, ..Self::default() }
    }
}

impl From<Passed> for Input {
    fn from(Passed { from_stage, reason_code, message }: Passed) -> Self {
        Self { from_stage, reason_code, message, ..Self::default() }
    }
}

impl From<Approval> for Input {
    fn from(Approval { skills, reason_code, message }: Approval) -> Self {
        Self { skills, reason_code, message, ..Self::default() }
    }
}

/// Where I stand in vetting.
///
/// What happens next and by whom, a line of feedback per passed stage, the reason and the retry date of a rejection, and
/// the levels that are verified. Never notes, names or scores of reviewers. Role: developer.
#[utoipa::path(tag = "vetting", responses((status = 200, body = OwnVetting, description = "Where I stand")), security(("bearer" = [])))]
#[get("/v1/developers/me/vetting")]
async fn read_my_vetting(Signed(principal): Signed, vetting: Data<Vetting>) -> Result<HttpResponse> {
    answer::json(&vetting.mine(principal).await?)
}

/// Begin an application.
///
/// Needs a profile. One at a time; after a rejection from the retry date on. Stages passed lately are kept, but the profile
/// is read anew. Role: developer.
#[utoipa::path(tag = "vetting", request_body = Nothing, responses((status = 201, body = OwnApplication, description = "A draft")), security(("bearer" = [])))]
#[post("/v1/vetting/applications")]
async fn begin_application(ask: Ask<Nothing>, vetting: Data<Vetting>) -> Result<HttpResponse> {
    Ok(answer::created(vetting.apply(ask.call).await?, "/v1/vetting/applications"))
}

/// Applications as a file.
const APPLICATIONS: Sheet = Sheet {
    name: "applications",
    columns: &["id", "developer_id", "state", "stage", "reviewer_id", "idle_days", "version", "created_at", "changed_at"],
};

/// List applications, oldest first.
///
/// `expand=developer` adds the developers; each look is audited. As `text/csv` all of them from the cursor on, without what `expand`
/// adds. Role: admin.
#[utoipa::path(tag = "vetting", params(ApplicationQuery), responses((status = 200, content((ApplicationPage = "application/json"), (String = "text/csv", example = json!(APPLICATIONS.heading()))), description = "The applications")), security(("bearer" = [])))]
#[get("/v1/vetting/applications")]
async fn list_applications(
    Signed(principal): Signed,
    form: Listing,
    query: Query<ApplicationQuery>,
    vetting: Data<Vetting>,
) -> Result<HttpResponse> {
    let expand = query.0.expand.is_some();
    let filter = Filter::from(query.0);
    if form == Listing::Json {
        return answer::json(&vetting.list_with(principal, filter, expand).await?);
    }
    let page = filter.page.clone();
    let read = move |page| {
        let (vetting, principal, filter) = (vetting.clone(), principal.clone(), Filter { page, ..filter.clone() });
        async move { vetting.list(principal, filter).await }
    };
    listed(form, &APPLICATIONS, page, read).await
}

/// Read an application.
///
/// Admins see all of it, but other reviewers' cards of the current stage only once their own is in; the developer sees the
/// developer's view. Roles: admin, developer (one's own).
#[utoipa::path(tag = "vetting", params(("id" = ApplicationId, Path, description = "The application")), responses((status = 200, body = Shown, description = "The application")), security(("bearer" = [])))]
#[get("/v1/vetting/applications/{id}")]
async fn read_application(Signed(principal): Signed, id: Path<ApplicationId>, vetting: Data<Vetting>) -> Result<HttpResponse> {
    let (version, application) = vetting.show(principal, id.0).await?;
    answer::versioned(version, &application)
}

/// Write my scorecard of the current stage.
///
/// For the first time or anew, after a reviewer has taken the application. Role: admin.
#[utoipa::path(tag = "vetting", params(("id" = ApplicationId, Path, description = "The application"), ("stage" = Stage, Path, description = "The stage")), request_body = Scorecard, responses((status = 200, body = ScorecardView, description = "The card")), security(("bearer" = [])))]
#[put("/v1/vetting/applications/{id}/scorecards/{stage}")]
async fn write_scorecard(path: Path<(ApplicationId, Stage)>, ask: Ask<Scorecard>, vetting: Data<Vetting>) -> Result<HttpResponse> {
    let (id, stage) = path.0;
    Ok(answer::ok(vetting.write_scorecard(ask.call, id, stage, ask.body).await?))
}

/// Hand in an application.
///
/// The profile must be complete. Role: developer.
#[utoipa::path(tag = "vetting", params(("id" = ApplicationId, Path, description = "The application")), request_body = StepReason, responses((status = 200, body = OwnApplication, description = "Submitted")), security(("bearer" = [])))]
#[post("/v1/vetting/applications/{id}/submit")]
async fn submit_application(id: Path<ApplicationId>, ask: Ask<StepReason>, vetting: Data<Vetting>) -> Result<HttpResponse> {
    Ok(answer::ok(vetting.step(ask.call, id.0, Action::Submit, ask.body.into()).await?))
}

/// Take an application back.
///
/// Role: developer.
#[utoipa::path(tag = "vetting", params(("id" = ApplicationId, Path, description = "The application")), request_body = StepReason, responses((status = 200, body = OwnApplication, description = "Withdrawn")), security(("bearer" = [])))]
#[post("/v1/vetting/applications/{id}/withdraw")]
async fn withdraw_application(id: Path<ApplicationId>, ask: Ask<StepReason>, vetting: Data<Vetting>) -> Result<HttpResponse> {
    Ok(answer::ok(vetting.step(ask.call, id.0, Action::Withdraw, ask.body.into()).await?))
}

/// Answer the reviewer's questions.
///
/// Role: developer.
#[utoipa::path(tag = "vetting", params(("id" = ApplicationId, Path, description = "The application")), request_body = Answers, responses((status = 200, body = OwnApplication, description = "Back in its stage")), security(("bearer" = [])))]
#[post("/v1/vetting/applications/{id}/answer")]
async fn answer_questions(id: Path<ApplicationId>, ask: Ask<Answers>, vetting: Data<Vetting>) -> Result<HttpResponse> {
    Ok(answer::ok(vetting.step(ask.call, id.0, Action::Answer, ask.body.into()).await?))
}

/// Go on without the technical assessment.
///
/// Without any penalty. Roles: developer, admin (with a reason).
#[utoipa::path(tag = "vetting", params(("id" = ApplicationId, Path, description = "The application")), request_body = StepReason, responses((status = 200, body = Shown, description = "In the next stage")), security(("bearer" = [])))]
#[post("/v1/vetting/applications/{id}/waive")]
async fn waive_assessment(id: Path<ApplicationId>, ask: Ask<StepReason>, vetting: Data<Vetting>) -> Result<HttpResponse> {
    Ok(answer::ok(vetting.step(ask.call, id.0, Action::Waive, ask.body.into()).await?))
}

/// Take an application as its reviewer.
///
/// Role: admin.
#[utoipa::path(tag = "vetting", params(("id" = ApplicationId, Path, description = "The application")), request_body = StepReason, responses((status = 200, body = ReviewedApplication, description = "Taken")), security(("bearer" = [])))]
#[post("/v1/vetting/applications/{id}/claim")]
async fn claim_application(id: Path<ApplicationId>, ask: Ask<StepReason>, vetting: Data<Vetting>) -> Result<HttpResponse> {
    Ok(answer::ok(vetting.step(ask.call, id.0, Action::Claim, ask.body.into()).await?))
}

/// Ask the developer something.
///
/// The application goes on from its stage once the developer has answered. Role: admin.
#[utoipa::path(tag = "vetting", params(("id" = ApplicationId, Path, description = "The application")), request_body = Questions, responses((status = 200, body = ReviewedApplication, description = "Waits for the developer")), security(("bearer" = [])))]
#[post("/v1/vetting/applications/{id}/ask")]
async fn ask_developer(id: Path<ApplicationId>, ask: Ask<Questions>, vetting: Data<Vetting>) -> Result<HttpResponse> {
    Ok(answer::ok(vetting.step(ask.call, id.0, Action::Ask, ask.body.into()).await?))
}

/// Pass a stage.
///
/// Its scorecard must be in. Role: admin.
#[utoipa::path(tag = "vetting", params(("id" = ApplicationId, Path, description = "The application")), request_body = Passed, responses((status = 200, body = ReviewedApplication, description = "In the next stage")), security(("bearer" = [])))]
#[post("/v1/vetting/applications/{id}/advance")]
async fn advance_application(id: Path<ApplicationId>, ask: Ask<Passed>, vetting: Data<Vetting>) -> Result<HttpResponse> {
    Ok(answer::ok(vetting.step(ask.call, id.0, Action::Advance, ask.body.into()).await?))
}

/// Let an application rest.
///
/// Needs a reason. Role: admin.
#[utoipa::path(tag = "vetting", params(("id" = ApplicationId, Path, description = "The application")), request_body = StepReason, responses((status = 200, body = ReviewedApplication, description = "Rests")), security(("bearer" = [])))]
#[post("/v1/vetting/applications/{id}/hold")]
async fn hold_application(id: Path<ApplicationId>, ask: Ask<StepReason>, vetting: Data<Vetting>) -> Result<HttpResponse> {
    Ok(answer::ok(vetting.step(ask.call, id.0, Action::Hold, ask.body.into()).await?))
}

/// Go on with an application that rests.
///
/// Needs a reason. Role: admin.
#[utoipa::path(tag = "vetting", params(("id" = ApplicationId, Path, description = "The application")), request_body = StepReason, responses((status = 200, body = ReviewedApplication, description = "Back in its stage")), security(("bearer" = [])))]
#[post("/v1/vetting/applications/{id}/release")]
async fn release_application(id: Path<ApplicationId>, ask: Ask<StepReason>, vetting: Data<Vetting>) -> Result<HttpResponse> {
    Ok(answer::ok(vetting.step(ask.call, id.0, Action::Release, ask.body.into()).await?))
}

/// Approve a developer.
///
/// The levels become verified skills, and clients can find the developer at once. By another admin than the one who scored
/// the technical interview. Role: admin.
#[utoipa::path(tag = "vetting", params(("id" = ApplicationId, Path, description = "The application")), request_body = Approval, responses((status = 200, body = ReviewedApplication, description = "Approved")), security(("bearer" = [])))]
#[post("/v1/vetting/applications/{id}/approve")]
async fn approve_application(id: Path<ApplicationId>, ask: Ask<Approval>, vetting: Data<Vetting>) -> Result<HttpResponse> {
    Ok(answer::ok(vetting.step(ask.call, id.0, Action::Approve, ask.body.into()).await?))
}

/// Reject an application.
///
/// With a reason code and a text that the developer reads. Role: admin.
#[utoipa::path(tag = "vetting", params(("id" = ApplicationId, Path, description = "The application")), request_body = StepReason, responses((status = 200, body = ReviewedApplication, description = "Rejected")), security(("bearer" = [])))]
#[post("/v1/vetting/applications/{id}/reject")]
async fn reject_application(id: Path<ApplicationId>, ask: Ask<StepReason>, vetting: Data<Vetting>) -> Result<HttpResponse> {
    Ok(answer::ok(vetting.step(ask.call, id.0, Action::Reject, ask.body.into()).await?))
}

/// Mounts the room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(read_my_vetting).service(begin_application).service(list_applications).service(read_application);
    config.service(submit_application).service(withdraw_application).service(answer_questions).service(waive_assessment);
    config.service(claim_application).service(ask_developer).service(advance_application).service(hold_application);
    config.service(release_application).service(approve_application).service(reject_application).service(write_scorecard);
}
