//! `/v1/admin/stats`.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::kernel::error::Result;
use crate::kernel::week::Week;
use crate::statistics::service::StatisticsRoom;
use crate::statistics::view::Statistics;
use crate::web::answer;
use crate::web::ask::Signed;
use crate::web::query::Query;

/// Over which weeks.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatisticsQuery {
    /// The first week, such as `2026-W40`; eleven weeks before `to` where left out.
    #[param(inline)]
    pub from: Option<Week>,
    /// The last week, at most 105 weeks after the first; the current one where left out.
    #[param(inline)]
    pub to: Option<Week>,
}

/// How the house does. Role: admin.
///
/// The vetting funnel with the time in each state, time to match and fill rate, how trials end, and the health of mails; in all, by
/// week and by skill. The figures are rolled up every ten minutes from what is committed.
#[utoipa::path(tag = "admin", params(StatisticsQuery), responses((status = 200, body = Statistics, description = "The figures")), security(("bearer" = [])))]
#[get("/v1/admin/stats")]
async fn read_statistics(signed: Signed, query: Query<StatisticsQuery>, statistics: Data<StatisticsRoom>) -> Result<HttpResponse> {
    answer::json(&statistics.tell(signed.0, query.0.from, query.0.to).await?)
}

/// Mounts the room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(read_statistics);
}
