//! Routes of the outbox, for admins, and of one's own mails.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post, put};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::audit::domain::OptionalReason;
use crate::kernel::error::Result;
use crate::kernel::ids::MailId;
use crate::kernel::page::{Page, PageQuery, default_limit};
use crate::notifications::outbox::{MailState, Notification, OutboxMail};
use crate::notifications::preferences::Preferences;
use crate::notifications::service::Notifications;
use crate::web::answer;
use crate::web::ask::{Ask, Signed};
use crate::web::csv::{Listing, Sheet, listed};
use crate::web::path::Path;
use crate::web::query::Query;

/// Which mails.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OutboxQuery {
    /// Only those in this state.
    #[param(inline)]
    pub state: Option<MailState>,
    /// How many rows at most.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: i64,
    /// Where the previous page ended: its `next_cursor`.
    #[param(max_length = 400)]
    pub cursor: Option<String>,
}

/// One's own mails of the last 90 days, newest first. Role: anybody signed in.
#[utoipa::path(tag = "notifications", params(PageQuery), responses((status = 200, body = Page<Notification>, description = "Mails")), security(("bearer" = [])))]
#[get("/v1/me/notifications")]
async fn list_notifications(signed: Signed, page: Query<PageQuery>, notifications: Data<Notifications>) -> Result<HttpResponse> {
    answer::json(&notifications.mine(&signed.0, page.0).await?)
}

/// The mails that one may switch off, and whether they are on. Role: anybody signed in.
///
/// Mails about contracts, endings, security and privacy cannot be switched off.
#[utoipa::path(tag = "notifications", responses((status = 200, body = Preferences, description = "Preferences")), security(("bearer" = [])))]
#[get("/v1/me/notification-preferences")]
async fn read_notification_preferences(signed: Signed, notifications: Data<Notifications>) -> Result<HttpResponse> {
    answer::json(&notifications.preferences(&signed.0).await?)
}

/// Switch one's own mails on and off; what is left out is on. Role: anybody signed in.
#[utoipa::path(tag = "notifications", request_body = Preferences, responses((status = 200, body = Preferences, description = "As they are now")), security(("bearer" = [])))]
#[put("/v1/me/notification-preferences")]
async fn replace_notification_preferences(ask: Ask<Preferences>, notifications: Data<Notifications>) -> Result<HttpResponse> {
    Ok(answer::ok(notifications.choose(&ask.call, ask.body).await?))
}

/// The outbox as a file.
const OUTBOX: Sheet = Sheet {
    name: "outbox",
    columns: &[
        "id",
        "kind",
        "subject",
        "recipient",
        "state",
        "attempts",
        "due_at",
        "give_up_at",
        "last_error",
        "created_at",
        "sent_at",
        "request_id",
    ],
};

/// The outbox, newest first. Role: admin.
///
/// As `text/csv` all of it from the cursor on.
#[utoipa::path(tag = "admin", params(OutboxQuery), responses((status = 200, content((Page<OutboxMail> = "application/json"), (String = "text/csv", example = json!(OUTBOX.heading()))), description = "Mails")), security(("bearer" = [])))]
#[get("/v1/admin/outbox")]
async fn list_outbox(signed: Signed, form: Listing, query: Query<OutboxQuery>, mails: Data<Notifications>) -> Result<HttpResponse> {
    let OutboxQuery { state, limit, cursor } = query.0;
    let read = move |page| {
        let (mails, signed) = (mails.clone(), signed.0.clone());
        async move { mails.list(&signed, state, page).await }
    };
    listed(form, &OUTBOX, PageQuery { limit, cursor }, read).await
}

/// Send a mail again, from now on for another 48 hours. Role: admin.
#[utoipa::path(tag = "admin", params(("id" = MailId, Path, description = "The mail")), request_body = OptionalReason, responses((status = 200, body = OutboxMail, description = "Due now")), security(("bearer" = [])))]
#[post("/v1/admin/outbox/{id}/retry")]
async fn retry_mail(id: Path<MailId>, ask: Ask<OptionalReason>, notifications: Data<Notifications>) -> Result<HttpResponse> {
    Ok(answer::ok(notifications.retry(ask.call, id.0, ask.body).await?))
}

/// Cancel a mail that is still pending. Role: admin.
#[utoipa::path(tag = "admin", params(("id" = MailId, Path, description = "The mail")), request_body = OptionalReason, responses((status = 200, body = OutboxMail, description = "Cancelled")), security(("bearer" = [])))]
#[post("/v1/admin/outbox/{id}/cancel")]
async fn cancel_mail(id: Path<MailId>, ask: Ask<OptionalReason>, notifications: Data<Notifications>) -> Result<HttpResponse> {
    Ok(answer::ok(notifications.cancel(ask.call, id.0, ask.body).await?))
}

/// Mounts the room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(read_notification_preferences).service(replace_notification_preferences);
    config.service(list_notifications).service(list_outbox).service(retry_mail).service(cancel_mail);
}
