//! `/v1/trials/{id}/timesheets/{iso_week}` and `/v1/trials/{id}/billing`.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post, put};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::kernel::error::Result;
use crate::kernel::ids::TrialId;
use crate::kernel::week::Week;
use crate::timesheets::process::SheetAction;
use crate::timesheets::service::Timesheets;
use crate::timesheets::views::{BillingView, SheetNote, SheetQuery, SheetReply, SheetView, WeekOfHours};
use crate::web::answer;
use crate::web::ask::{Ask, Signed};
use crate::web::path::Path;

/// Read the hours of a week, Monday to Sunday in the contract's zone; an empty timesheet where nobody has written any.
/// Role: the two parties, admin.
#[utoipa::path(tag = "trials", params(("id" = TrialId, Path, description = "The trial"), ("iso_week" = Week, Path, description = "The week, as ISO 8601 names it")), responses((status = 200, body = SheetView, description = "The timesheet")), security(("bearer" = [])))]
#[get("/v1/trials/{id}/timesheets/{iso_week}")]
async fn read_timesheet(Signed(principal): Signed, path: Path<(TrialId, Week)>, room: Data<Timesheets>) -> Result<HttpResponse> {
    let view = room.get(principal, path.0.0, path.0.1).await?;
    answer::versioned(view.version, &view)
}

/// Declares the handler of one step; all of them answer with the timesheet as it is then.
macro_rules! step {
    ($(#[doc = $doc:literal])+ $name:ident, $method:ident $path:literal, $body:ty, $action:ident) => {
        $(#[doc = $doc])+
        #[utoipa::path(tag = "trials", params(("id" = TrialId, Path, description = "The trial"), ("iso_week" = Week, Path, description = "The week, as ISO 8601 names it")),
            request_body = $body, responses((status = 200, body = SheetView, description = "The timesheet after the step")), security(("bearer" = [])))]
        #[$method($path)]
        async fn $name(path: Path<(TrialId, Week)>, ask: Ask<$body>, room: Data<Timesheets>) -> Result<HttpResponse> {
            let (id, week) = path.0;
            Ok(answer::ok(room.step(ask.call, id, week, SheetAction::$action, ask.body.into()).await?))
        }
    };
}

step!(
    /// Write the hours of a week down, as often as you like until they are handed in: days of the trial that have come and
    /// on which it does not rest. Role: developer.
    fill_timesheet, put "/v1/trials/{id}/timesheets/{iso_week}", WeekOfHours, Fill
);
step!(
    /// Hand the hours in, until Monday 12:00 after the week; later is possible, and noted. Without an answer until Thursday
    /// 23:59 they count. Role: developer.
    submit_timesheet, post "/v1/trials/{id}/timesheets/{iso_week}/submit", SheetNote, Submit
);
step!(
    /// Agree to the hours: they count. Role: client.
    approve_timesheet, post "/v1/trials/{id}/timesheets/{iso_week}/approve", SheetNote, Approve
);
step!(
    /// Doubt hours, never quality; the developer has 3 days to answer, then an admin decides. Role: client.
    query_timesheet, post "/v1/trials/{id}/timesheets/{iso_week}/query", SheetQuery, Query
);
step!(
    /// Answer a query, with other hours or without. Role: developer.
    answer_timesheet, post "/v1/trials/{id}/timesheets/{iso_week}/answer", SheetReply, Answer
);
step!(
    /// Settle what the parties could not: which hours count, with the reason in words. Role: admin.
    decide_timesheet, post "/v1/trials/{id}/timesheets/{iso_week}/decide", SheetReply, Decide
);

/// Read what the hours of a trial cost, by week and in all: what the developer is due, what the client owes, what the
/// platform pays. Role: the two parties, admin.
#[utoipa::path(tag = "trials", params(("id" = TrialId, Path, description = "The trial")), responses((status = 200, body = BillingView, description = "The money")), security(("bearer" = [])))]
#[get("/v1/trials/{id}/billing")]
async fn read_billing(Signed(principal): Signed, id: Path<TrialId>, room: Data<Timesheets>) -> Result<HttpResponse> {
    answer::json(&room.billing(principal, id.0).await?)
}

/// Mounts the room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(read_timesheet).service(fill_timesheet).service(submit_timesheet).service(approve_timesheet);
    config.service(query_timesheet).service(answer_timesheet).service(decide_timesheet).service(read_billing);
}
