//! `/v1/webhooks`.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, patch, post};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::audit::domain::OptionalReason;
use crate::kernel::error::Result;
use crate::kernel::ids::{DeliveryId, WebhookId};
use crate::kernel::page::{Page, PageQuery, default_limit};
use crate::kernel::schema::Patch;
use crate::web::answer;
use crate::web::ask::{Ask, Nothing, Signed};
use crate::web::path::Path;
use crate::web::query::Query;
use crate::webhooks::delivery::{DeliveryState, DeliveryView};
use crate::webhooks::domain::{WebhookDraft, WebhookView, WebhookWithSecret};
use crate::webhooks::service::Webhooks;

/// Which deliveries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveryQuery {
    /// Only those in this state.
    #[param(inline)]
    pub state: Option<DeliveryState>,
    /// How many rows at most.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: i64,
    /// Where the previous page ended: its `next_cursor`.
    #[param(max_length = 400)]
    pub cursor: Option<String>,
}

/// Why a webhook gets another secret, or something is sent to it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookStep {
    /// A word for the reason. For another secret it goes into the audit log; for what is sent it is taken and not kept.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 60)]
    pub reason_code: Option<String>,
    /// The reason, in words; likewise.
    #[schema(format = "prose", min_length = 1, max_length = 4000)]
    pub message: Option<String>,
}

/// What is to be different; null takes `description` and `event_types` back to unset.
pub type WebhookPatch = Patch<WebhookDraft>;

/// Be told of what concerns your organisation, or, as an admin, anybody, by signed posts to a URL of yours. Role: client, admin.
///
/// Messages follow Standard Webhooks: the headers `webhook-id` (the event's id, the same with every attempt), `webhook-timestamp` and
/// `webhook-signature` (`v1,` and the Base64 of HMAC-SHA256 over `id.timestamp.body` under the secret), the body an `EventPayload`.
/// Answer with a 2xx within ten seconds; otherwise it is tried again for three days. The order is not promised, nor that an event comes
/// only once. The secret is shown this once. An organisation has ten webhooks at most, and so has the house, which admins make and share:
/// those hear also of vetting (`vetting.…`, `vetted_status.…`), and not of invitations. An API key needs `events:read` as well: who makes a
/// webhook hears events there.
#[utoipa::path(tag = "webhooks", request_body = WebhookDraft, responses((status = 201, body = WebhookWithSecret, description = "Made")), security(("bearer" = [])))]
#[post("/v1/webhooks")]
async fn create_webhook(ask: Ask<WebhookDraft>, webhooks: Data<Webhooks>) -> Result<HttpResponse> {
    Ok(answer::created(webhooks.create(ask.call, ask.body).await?, "/v1/webhooks"))
}

/// The webhooks of your organisation, or, as an admin, of the house, newest first. Role: client, admin.
#[utoipa::path(tag = "webhooks", params(PageQuery), responses((status = 200, body = Page<WebhookView>, description = "Webhooks")), security(("bearer" = [])))]
#[get("/v1/webhooks")]
async fn list_webhooks(Signed(principal): Signed, page: Query<PageQuery>, webhooks: Data<Webhooks>) -> Result<HttpResponse> {
    answer::json(&webhooks.list(principal, page.0).await?)
}

/// A webhook of your organisation, or, as an admin, of the house. Role: client, admin.
#[utoipa::path(tag = "webhooks", params(("id" = WebhookId, Path, description = "The webhook")), responses((status = 200, body = WebhookView, description = "The webhook")), security(("bearer" = [])))]
#[get("/v1/webhooks/{id}")]
async fn read_webhook(Signed(principal): Signed, id: Path<WebhookId>, webhooks: Data<Webhooks>) -> Result<HttpResponse> {
    let (version, webhook) = webhooks.show(principal, id.0).await?;
    answer::versioned(version, &webhook)
}

/// Change a webhook, or switch it on or off. Role: client, admin.
///
/// What waits for a webhook that is switched off is given up, and can be sent again later. An API key needs `events:read` as well. A
/// webhook ends with the membership of whoever made it, or has led it to another URL since; one of the house when they are no admin any
/// more.
#[utoipa::path(tag = "webhooks", params(("id" = WebhookId, Path, description = "The webhook")), request_body = WebhookPatch, responses((status = 200, body = WebhookView, description = "As it is now")), security(("bearer" = [])))]
#[patch("/v1/webhooks/{id}")]
async fn change_webhook(id: Path<WebhookId>, ask: Ask<WebhookPatch>, webhooks: Data<Webhooks>) -> Result<HttpResponse> {
    Ok(answer::ok(webhooks.change(ask.call, id.0, ask.body).await?))
}

/// Take a webhook away, with the log of its deliveries. Role: client, admin.
#[utoipa::path(tag = "webhooks", params(("id" = WebhookId, Path, description = "The webhook")), responses((status = 204, description = "Gone")), security(("bearer" = [])))]
#[delete("/v1/webhooks/{id}")]
async fn remove_webhook(id: Path<WebhookId>, ask: Ask<Nothing>, webhooks: Data<Webhooks>) -> Result<HttpResponse> {
    webhooks.remove(ask.call, id.0).await?;
    Ok(answer::nothing())
}

/// Give a webhook another secret. Role: client, admin.
///
/// For a day the one before signs as well: `webhook-signature` has two signatures then, apart by a space. The secret is shown this once.
#[utoipa::path(tag = "webhooks", params(("id" = WebhookId, Path, description = "The webhook")), request_body = WebhookStep, responses((status = 200, body = WebhookWithSecret, description = "With its new secret")), security(("bearer" = [])))]
#[post("/v1/webhooks/{id}/rotate-secret")]
async fn rotate_webhook_secret(id: Path<WebhookId>, ask: Ask<WebhookStep>, webhooks: Data<Webhooks>) -> Result<HttpResponse> {
    let WebhookStep { reason_code, message } = ask.body;
    Ok(answer::ok(webhooks.rotate_secret(ask.call, id.0, OptionalReason { reason_code, message }).await?))
}

/// Send a test event of the type `webhook.test`. Role: client, admin.
#[utoipa::path(tag = "webhooks", params(("id" = WebhookId, Path, description = "The webhook")), request_body = WebhookStep, responses((status = 202, body = DeliveryView, description = "On its way")), security(("bearer" = [])))]
#[post("/v1/webhooks/{id}/test")]
async fn test_webhook(id: Path<WebhookId>, ask: Ask<WebhookStep>, webhooks: Data<Webhooks>) -> Result<HttpResponse> {
    Ok(answer::accepted_answer(webhooks.test(ask.call, id.0).await?))
}

/// What was sent to a webhook in the last 30 days, newest first. Role: client, admin.
#[utoipa::path(tag = "webhooks", params(("id" = WebhookId, Path, description = "The webhook"), DeliveryQuery), responses((status = 200, body = Page<DeliveryView>, description = "Deliveries")), security(("bearer" = [])))]
#[get("/v1/webhooks/{id}/deliveries")]
async fn list_webhook_deliveries(
    Signed(principal): Signed,
    id: Path<WebhookId>,
    query: Query<DeliveryQuery>,
    webhooks: Data<Webhooks>,
) -> Result<HttpResponse> {
    let DeliveryQuery { state, limit, cursor } = query.0;
    answer::json(&webhooks.deliveries(principal, id.0, state, PageQuery { limit, cursor }).await?)
}

/// One delivery to a webhook. Role: client, admin.
#[utoipa::path(tag = "webhooks", params(("id" = WebhookId, Path, description = "The webhook"), ("delivery_id" = DeliveryId, Path, description = "The delivery")), responses((status = 200, body = DeliveryView, description = "The delivery")), security(("bearer" = [])))]
#[get("/v1/webhooks/{id}/deliveries/{delivery_id}")]
async fn read_webhook_delivery(
    Signed(principal): Signed,
    ids: Path<(WebhookId, DeliveryId)>,
    webhooks: Data<Webhooks>,
) -> Result<HttpResponse> {
    let (id, delivery) = ids.0;
    answer::json(&webhooks.delivery(principal, id, delivery).await?)
}

/// Send a delivery again, whatever has become of it, and try for three days more. Role: client, admin.
#[utoipa::path(tag = "webhooks", params(("id" = WebhookId, Path, description = "The webhook"), ("delivery_id" = DeliveryId, Path, description = "The delivery")), request_body = WebhookStep, responses((status = 202, body = DeliveryView, description = "On its way")), security(("bearer" = [])))]
#[post("/v1/webhooks/{id}/deliveries/{delivery_id}/redeliver")]
async fn redeliver_webhook(ids: Path<(WebhookId, DeliveryId)>, ask: Ask<WebhookStep>, webhooks: Data<Webhooks>) -> Result<HttpResponse> {
    let (id, delivery) = ids.0;
    Ok(answer::accepted_answer(webhooks.redeliver(ask.call, id, delivery).await?))
}

/// Mounts the room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(create_webhook).service(list_webhooks).service(read_webhook).service(change_webhook).service(remove_webhook);
    config.service(rotate_webhook_secret).service(test_webhook);
    config.service(list_webhook_deliveries).service(read_webhook_delivery).service(redeliver_webhook);
}
