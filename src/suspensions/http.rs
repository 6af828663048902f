//! `/v1/admin/users/{id}/suspend` and `…/reinstate`, and the end of a membership.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, post};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::accounts::domain::UserView;
use crate::audit::domain::WrittenReason;
use crate::kernel::error::Result;
use crate::kernel::ids::UserId;
use crate::suspensions::service::Suspensions;
use crate::web::answer;
use crate::web::ask::{Ask, Signed};
use crate::web::path::Path;

/// Keep a person out. Role: admin.
///
/// Every session ends. A developer leaves matching and open offers end; webhooks that a client has made are switched off; once nobody
/// is left to act for an organisation, its open offers end and its open job requests rest. Trials that are agreed or run go on: decide
/// about each.
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

/// End somebody's membership. Role: client, owner.
///
/// Their API keys open nothing any more, and the webhooks that they have made, or led elsewhere, are switched off: a mail tells the owners
/// which.
#[utoipa::path(tag = "organizations", params(("id" = UserId, Path, description = "The member")), responses((status = 204, description = "Removed")), security(("bearer" = [])))]
#[delete("/v1/organization/members/{id}")]
async fn remove_member(id: Path<UserId>, signed: Signed, suspensions: Data<Suspensions>) -> Result<HttpResponse> {
    suspensions.remove_member(signed.0, id.0).await?;
    Ok(answer::nothing())
}

/// Mounts the room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(suspend_user).service(reinstate_user).service(remove_member);
}
