//! `/v1/trials/{id}/reviews`.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::kernel::error::Result;
use crate::kernel::ids::TrialId;
use crate::reviews::domain::{NewReview, ReviewView, ReviewsView};
use crate::reviews::service::Reviews;
use crate::web::answer;
use crate::web::ask::{Ask, Signed};
use crate::web::path::Path;

/// Review the other party, once, within 21 days after the last day of work. Role: the two parties.
#[utoipa::path(tag = "trials", params(("id" = TrialId, Path, description = "The trial")), request_body = NewReview, responses((status = 200, body = ReviewView, description = "The review")), security(("bearer" = [])))]
#[post("/v1/trials/{id}/reviews")]
async fn write_review(id: Path<TrialId>, ask: Ask<NewReview>, reviews: Data<Reviews>) -> Result<HttpResponse> {
    Ok(answer::ok(reviews.write(ask.call, id.0, ask.body).await?))
}

/// Read the reviews of a trial: one's own, and the other's when both are in or 7 days have passed. Role: the two parties, admin.
#[utoipa::path(tag = "trials", params(("id" = TrialId, Path, description = "The trial")), responses((status = 200, body = ReviewsView, description = "The reviews")), security(("bearer" = [])))]
#[get("/v1/trials/{id}/reviews")]
async fn list_reviews(Signed(principal): Signed, id: Path<TrialId>, reviews: Data<Reviews>) -> Result<HttpResponse> {
    answer::json(&reviews.list(principal, id.0).await?)
}

/// Mounts the room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(write_review).service(list_reviews);
}
