//! `/v1/reports` and `/v1/admin/reports`.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::kernel::error::Result;
use crate::kernel::ids::ReportId;
use crate::kernel::page::{Page, PageQuery, default_limit};
use crate::reports::domain::{HandleReport, NewReport, Report, ReportReceipt, ReportState};
use crate::reports::service::Reports;
use crate::web::answer;
use crate::web::ask::{Ask, Signed};
use crate::web::csv::{Listing, Sheet, listed};
use crate::web::path::Path;
use crate::web::query::Query;

/// Which reports.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReportQuery {
    /// Only those in this state.
    #[param(inline)]
    pub state: Option<ReportState>,
    /// How many rows at most.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: i64,
    /// Where the previous page ended: its `next_cursor`.
    #[param(max_length = 400)]
    pub cursor: Option<String>,
}

/// Report abuse to the admins. Role: client, developer.
#[utoipa::path(tag = "reports", request_body = NewReport, responses((status = 201, body = ReportReceipt, description = "The admins will look at it")), security(("bearer" = [])))]
#[post("/v1/reports")]
async fn report_abuse(ask: Ask<NewReport>, reports: Data<Reports>) -> Result<HttpResponse> {
    Ok(answer::created(reports.report(ask.call, ask.body).await?, "/v1/reports"))
}

/// Reports as a file.
const REPORTS: Sheet = Sheet {
    name: "reports",
    columns: &["id", "reporter", "subject", "category", "message", "state", "note", "handled_by", "handled_at", "version", "created_at"],
};

/// Reports of abuse, newest first. Role: admin.
///
/// As `text/csv` all of them from the cursor on.
#[utoipa::path(tag = "admin", params(ReportQuery), responses((status = 200, content((Page<Report> = "application/json"), (String = "text/csv", example = json!(REPORTS.heading()))), description = "Reports")), security(("bearer" = [])))]
#[get("/v1/admin/reports")]
async fn list_reports(signed: Signed, form: Listing, query: Query<ReportQuery>, reports: Data<Reports>) -> Result<HttpResponse> {
    let ReportQuery { state, limit, cursor } = query.0;
    let read = move |page| {
        let (reports, signed) = (reports.clone(), signed.0.clone());
        async move { reports.list(signed, state, page).await }
    };
    listed(form, &REPORTS, PageQuery { limit, cursor }, read).await
}

/// Note what was found and done about a report. Role: admin.
#[utoipa::path(tag = "admin", params(("id" = ReportId, Path, description = "The report")), request_body = HandleReport, responses((status = 200, body = Report, description = "Noted")), security(("bearer" = [])))]
#[post("/v1/admin/reports/{id}/handle")]
async fn handle_report(id: Path<ReportId>, ask: Ask<HandleReport>, reports: Data<Reports>) -> Result<HttpResponse> {
    Ok(answer::ok(reports.handle(ask.call, id.0, ask.body).await?))
}

/// Mounts the room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(report_abuse).service(list_reports).service(handle_report);
}
