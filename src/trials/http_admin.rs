//! `/v1/admin/trials`.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::kernel::error::Result;
use crate::kernel::page::{Page, PageQuery, default_limit};
use crate::trials::overview::AdminTrial;
use crate::trials::process::TrialState;
use crate::trials::service::Trials;
use crate::web::answer;
use crate::web::ask::Signed;
use crate::web::query::Query;

/// Which trials.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AdminTrialQuery {
    /// Only those in this state.
    #[param(inline)]
    pub state: Option<TrialState>,
    /// Only those that may go wrong: undecided, a no at a check-in, or silent.
    #[serde(default)]
    pub at_risk: bool,
    /// How many rows at most.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: i64,
    /// Where the previous page ended: its `next_cursor`.
    #[param(max_length = 400)]
    pub cursor: Option<String>,
}

/// List everybody's trials, newest first, with why they may go wrong. Role: admin.
#[utoipa::path(tag = "admin", params(AdminTrialQuery), responses((status = 200, body = Page<AdminTrial>, description = "The trials")), security(("bearer" = [])))]
#[get("/v1/admin/trials")]
async fn list_all_trials(Signed(principal): Signed, query: Query<AdminTrialQuery>, trials: Data<Trials>) -> Result<HttpResponse> {
    let AdminTrialQuery { state, at_risk, limit, cursor } = query.0;
    answer::json(&trials.overview(principal, state, at_risk, PageQuery { limit, cursor }).await?)
}

/// Mounts it.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_all_trials);
}
