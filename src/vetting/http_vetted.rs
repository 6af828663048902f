//! The routes of a developer's vetted status, and of appeals.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::kernel::error::Result;
use crate::kernel::ids::{ApplicationId, DeveloperId};
use crate::vetting::appeal::AppealOutcome;
use crate::vetting::application::Input;
use crate::vetting::http::StepReason;
use crate::vetting::process::Action;
use crate::vetting::service::Vetting;
use crate::vetting::standing::StandingAction;
use crate::vetting::view::ReviewedApplication;
use crate::vetting::view_own::OwnApplication;
use crate::vetting::view_vetted::{OwnVetted, ReviewedVetted};
use crate::web::answer;
use crate::web::ask::Ask;
use crate::web::path::Path;

/// An answer to an appeal.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppealDecision {
    /// Whether the decision stays.
    pub outcome: AppealOutcome,
    /// The reason, as a word.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 60)]
    pub reason_code: Option<String>,
    /// The written answer, which the developer reads.
    #[schema(format = "prose", max_length = 4000)]
    pub message: String,
}

impl From<AppealDecision> for Input {
    fn from(AppealDecision { outcome, reason_code, message }: AppealDecision) -> Self {
        Self { outcome: Some(outcome), reason_code, message: Some(message), ..Self::default() }
    }
}

/// Appeal against a rejection.
///
/// Once, within 30 days, in words (`message`); an admin who was not involved answers. Role: developer.
#[utoipa::path(tag = "vetting", params(("id" = ApplicationId, Path, description = "The application")), request_body = StepReason, responses((status = 200, body = OwnApplication, description = "The appeal waits for an answer")), security(("bearer" = [])))]
#[post("/v1/vetting/applications/{id}/appeal")]
async fn appeal_rejection(id: Path<ApplicationId>, ask: Ask<StepReason>, vetting: Data<Vetting>) -> Result<HttpResponse> {
    Ok(answer::ok(vetting.step(ask.call, id.0, Action::Appeal, ask.body.into()).await?))
}

/// Answer an appeal against a rejection.
///
/// In writing, by an admin who was not involved. Overturned, the application is to be decided anew. Role: admin.
#[utoipa::path(tag = "vetting", params(("id" = ApplicationId, Path, description = "The application")), request_body = AppealDecision, responses((status = 200, body = ReviewedApplication, description = "Decided")), security(("bearer" = [])))]
#[post("/v1/vetting/applications/{id}/decide-appeal")]
async fn decide_rejection_appeal(id: Path<ApplicationId>, ask: Ask<AppealDecision>, vetting: Data<Vetting>) -> Result<HttpResponse> {
    Ok(answer::ok(vetting.step(ask.call, id.0, Action::DecideAppeal, ask.body.into()).await?))
}

/// Take a vetted developer out for a time.
///
/// With a written reason (`message`), which the developer reads. Clients no longer find the developer, from now on; running
/// trials go on. Role: admin.
#[utoipa::path(tag = "vetting", params(("id" = DeveloperId, Path, description = "The developer")), request_body = StepReason, responses((status = 200, body = ReviewedVetted, description = "Suspended")), security(("bearer" = [])))]
#[post("/v1/developers/{id}/suspend")]
async fn suspend_developer(id: Path<DeveloperId>, ask: Ask<StepReason>, vetting: Data<Vetting>) -> Result<HttpResponse> {
    Ok(answer::ok(vetting.standing_step(ask.call, id.0, StandingAction::Suspend, ask.body.into()).await?))
}

/// Take a suspended developer back.
///
/// With a written reason (`message`). Role: admin.
#[utoipa::path(tag = "vetting", params(("id" = DeveloperId, Path, description = "The developer")), request_body = StepReason, responses((status = 200, body = ReviewedVetted, description = "Approved again")), security(("bearer" = [])))]
#[post("/v1/developers/{id}/reinstate")]
async fn reinstate_developer(id: Path<DeveloperId>, ask: Ask<StepReason>, vetting: Data<Vetting>) -> Result<HttpResponse> {
    Ok(answer::ok(vetting.standing_step(ask.call, id.0, StandingAction::Reinstate, ask.body.into()).await?))
}

/// Take a vetted developer out for good.
///
/// With a written reason (`message`), which the developer reads. Running trials go on. Role: admin.
#[utoipa::path(tag = "vetting", params(("id" = DeveloperId, Path, description = "The developer")), request_body = StepReason, responses((status = 200, body = ReviewedVetted, description = "Revoked")), security(("bearer" = [])))]
#[post("/v1/developers/{id}/revoke")]
async fn revoke_developer(id: Path<DeveloperId>, ask: Ask<StepReason>, vetting: Data<Vetting>) -> Result<HttpResponse> {
    Ok(answer::ok(vetting.standing_step(ask.call, id.0, StandingAction::Revoke, ask.body.into()).await?))
}

/// Appeal against my suspension or revocation.
///
/// Once, within 30 days, in words (`message`); an admin who was not involved answers. Role: developer (oneself).
#[utoipa::path(tag = "vetting", params(("id" = DeveloperId, Path, description = "The developer")), request_body = StepReason, responses((status = 200, body = OwnVetted, description = "The appeal waits for an answer")), security(("bearer" = [])))]
#[post("/v1/developers/{id}/appeal")]
async fn appeal_vetted_status(id: Path<DeveloperId>, ask: Ask<StepReason>, vetting: Data<Vetting>) -> Result<HttpResponse> {
    Ok(answer::ok(vetting.standing_step(ask.call, id.0, StandingAction::Appeal, ask.body.into()).await?))
}

/// Answer an appeal against a suspension or a revocation.
///
/// In writing, by an admin who was not involved. Overturned, the developer is approved again. Role: admin.
#[utoipa::path(tag = "vetting", params(("id" = DeveloperId, Path, description = "The developer")), request_body = AppealDecision, responses((status = 200, body = ReviewedVetted, description = "Decided")), security(("bearer" = [])))]
#[post("/v1/developers/{id}/decide-appeal")]
async fn decide_vetted_appeal(id: Path<DeveloperId>, ask: Ask<AppealDecision>, vetting: Data<Vetting>) -> Result<HttpResponse> {
    Ok(answer::ok(vetting.standing_step(ask.call, id.0, StandingAction::DecideAppeal, ask.body.into()).await?))
}

/// Mounts the routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(appeal_rejection).service(decide_rejection_appeal).service(suspend_developer).service(reinstate_developer);
    config.service(revoke_developer).service(appeal_vetted_status).service(decide_vetted_appeal);
}
