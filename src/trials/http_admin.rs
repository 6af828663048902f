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
use crate::web::ask::Signed;
use crate::web::csv::{Listing, Sheet, listed};
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

/// Everybody's trials as a file.
const TRIALS: Sheet = Sheet {
    name: "trials",
    columns: &[
        "id",
        "state",
        "outcome",
        "risks",
        "job_request_id",
        "developer_id",
        "developer.name",
        "organization.id",
        "organization.name",
        "starts_on",
        "starts_at",
        "decision_opens_at",
        "ends_at",
        "grace_until",
        "extension_days",
        "paused_days",
        "last_day",
        "answer_by",
        "terms.hourly_rate.amount",
        "terms.hourly_rate.currency",
        "terms.hours_per_week",
        "terms.billing.rule",
        "terms_version",
        "reason_code",
        "message",
        "replaces",
        "version",
        "created_at",
        "changed_at",
    ],
};

/// List everybody's trials, newest first, with why they may go wrong. Role: admin.
///
/// As `text/csv` all of them from the cursor on.
#[utoipa::path(tag = "admin", params(AdminTrialQuery), responses((status = 200, content((Page<AdminTrial> = "application/json"), (String = "text/csv", example = json!(TRIALS.heading()))), description = "The trials")), security(("bearer" = [])))]
#[get("/v1/admin/trials")]
async fn list_all_trials(
    Signed(principal): Signed,
    form: Listing,
    query: Query<AdminTrialQuery>,
    trials: Data<Trials>,
) -> Result<HttpResponse> {
    let AdminTrialQuery { state, at_risk, limit, cursor } = query.0;
    let read = move |page| {
        let (trials, principal) = (trials.clone(), principal.clone());
        async move { trials.overview(principal, state, at_risk, page).await }
    };
    listed(form, &TRIALS, PageQuery { limit, cursor }, read).await
}

/// Mounts it.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_all_trials);
}
