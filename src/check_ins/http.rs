//! `/v1/trials/{id}/check-ins`.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::check_ins::domain::{CheckIn, CheckInAnswer, CheckIns};
use crate::check_ins::service::CheckInRoom;
use crate::kernel::error::Result;
use crate::kernel::ids::TrialId;
use crate::web::answer;
use crate::web::ask::{Ask, Signed};
use crate::web::path::Path;

/// Answer a check-in, once, from its day on; a no reaches the admins at once. Role: the two parties.
#[utoipa::path(tag = "trials", params(("id" = TrialId, Path, description = "The trial"), ("day" = i64, Path, minimum = 1, maximum = 366, description = "Calendar days after the start: 3, 7, 14 or 21")), request_body = CheckInAnswer, responses((status = 200, body = CheckIn, description = "The answer")), security(("bearer" = [])))]
#[post("/v1/trials/{id}/check-ins/{day}")]
async fn answer_check_in(path: Path<(TrialId, i64)>, ask: Ask<CheckInAnswer>, room: Data<CheckInRoom>) -> Result<HttpResponse> {
    let (id, day) = path.0;
    Ok(answer::ok(room.answer(ask.call, id, day, ask.body).await?))
}

/// Read the check-ins of a trial: one's own side's. Role: the two parties, admin (both sides').
#[utoipa::path(tag = "trials", params(("id" = TrialId, Path, description = "The trial")), responses((status = 200, body = CheckIns, description = "The check-ins")), security(("bearer" = [])))]
#[get("/v1/trials/{id}/check-ins")]
async fn list_check_ins(Signed(principal): Signed, id: Path<TrialId>, room: Data<CheckInRoom>) -> Result<HttpResponse> {
    answer::json(&room.list(principal, id.0).await?)
}

/// Mounts the room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(answer_check_in).service(list_check_ins);
}
