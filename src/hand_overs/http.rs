//! `/v1/trials/{id}/hand-over`.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, put};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::hand_overs::domain::{HandOver, HandOverList};
use crate::hand_overs::service::HandOvers;
use crate::kernel::error::Result;
use crate::kernel::ids::TrialId;
use crate::web::answer;
use crate::web::ask::{Ask, Signed};
use crate::web::path::Path;

/// Read what is to be given back and passed on after a trial. Role: the two parties, admin.
#[utoipa::path(tag = "trials", params(("id" = TrialId, Path, description = "The trial")), responses((status = 200, body = HandOver, description = "The list")), security(("bearer" = [])))]
#[get("/v1/trials/{id}/hand-over")]
async fn read_hand_over(Signed(principal): Signed, id: Path<TrialId>, room: Data<HandOvers>) -> Result<HttpResponse> {
    let list = room.get(principal, id.0).await?;
    answer::versioned(list.version, &list)
}

/// Keep the list, within 21 days after the last day of work: what is to be done, and what is. Role: the two parties.
#[utoipa::path(tag = "trials", params(("id" = TrialId, Path, description = "The trial")), request_body = HandOverList, responses((status = 200, body = HandOver, description = "The list")), security(("bearer" = [])))]
#[put("/v1/trials/{id}/hand-over")]
async fn keep_hand_over(id: Path<TrialId>, ask: Ask<HandOverList>, room: Data<HandOvers>) -> Result<HttpResponse> {
    Ok(answer::ok(room.put(ask.call, id.0, ask.body).await?))
}

/// Mounts the room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(read_hand_over).service(keep_hand_over);
}
