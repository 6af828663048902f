//! `/v1/admin/users/{id}/suspend` and `…/reinstate`.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::accounts::domain::UserView;
use crate::audit::domain::WrittenReason;
use crate::kernel::error::Result;
use crate::kernel::ids::UserId;
use crate::suspensions::service::Suspensions;
use crate::web::answer;
use crate::web::ask::Ask;
use crate::web::path::Path;

/// Keep a person out. Role: admin.
///
/// Every session ends. A developer leaves matching and open offers end; once nobody is left to act for an organisation, its
/// open offers end and its open job requests rest. Trials that are agreed or run go on: decide about each.
#[utoipa::path(tag = "admin", params(("id" = UserId, Path, description = "The person")), request_body = WrittenReason, responses((status = 200, body = UserView, description = "Kept out")), security(("bearer" = [])))]
#[post("/v1/admin/users/{id}/suspend")]
async fn suspend_user(id: Path<UserId>, ask: Ask<WrittenReason>, suspensions: Data<Suspensions>) -> Result<HttpResponse> {
    Ok(answer::ok(suspensions.suspend(ask.call, id.0, ask.body).await?))
}

/// Let a person in again. What the suspension ended stays ended. Role: admin.
#[utoipa::path(tag = "admin", params(("id" = UserId, Path, description = "The person")), request_body = WrittenReason, responses((status = 200, body = UserView, description = "Let in again")), security(("bearer" = [])))]
#[post("/v1/admin/users/{id}/reinstate")]
async fn reinstate_user(id: Path<UserId>, ask: Ask<WrittenReason>, suspensions: Data<Suspensions>) -> Result<HttpResponse> {
    Ok(answer::ok(suspensions.reinstate(ask.call, id.0, ask.body).await?))
}

/// Mounts the room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(suspend_user).service(reinstate_user);
}
