//! The route of the house's description of itself.

use actix_web::{HttpResponse, get};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::kernel::error::Result;
use crate::meta::processes::Processes;
use crate::web::answer;

/// Read the lifecycles.
///
/// Every state, and every step with who takes it, what must hold, where it leads and which mails it sends. Role: anybody.
#[utoipa::path(tag = "system", responses((status = 200, body = Processes, description = "The lifecycles")))]
#[get("/v1/meta/processes")]
async fn read_processes() -> Result<HttpResponse> {
    answer::json(&Processes::all())
}

/// Mounts the room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(read_processes);
}
