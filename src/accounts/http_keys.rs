//! `/v1/api-keys`.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, post};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::accounts::keys::{ApiKeyView, ApiKeyWithSecret, NewApiKey};
use crate::accounts::service::Accounts;
use crate::kernel::error::Result;
use crate::kernel::ids::ApiKeyId;
use crate::kernel::page::{Page, PageQuery};
use crate::web::answer;
use crate::web::ask::{Ask, Signed};
use crate::web::path::Path;
use crate::web::query::Query;

/// Make a key for your organisation's own programs, within 15 minutes of a sign-in. Role: client.
///
/// Send it as `Authorization: Bearer ghk_…`. It acts for you as far as its scopes go, and ends with your membership; what only a person
/// does, such as signing, is refused (403). The key is shown this once. An organisation has twenty at most. A mail tells its owners, and
/// you, of each.
#[utoipa::path(tag = "api keys", request_body = NewApiKey, responses((status = 201, body = ApiKeyWithSecret, description = "Made")), security(("bearer" = [])))]
#[post("/v1/api-keys")]
async fn create_api_key(ask: Ask<NewApiKey>, accounts: Data<Accounts>) -> Result<HttpResponse> {
    Ok(answer::created(accounts.create_api_key(ask.call, ask.body).await?, "/v1/api-keys"))
}

/// The keys of your organisation, newest first. Role: client.
#[utoipa::path(tag = "api keys", params(PageQuery), responses((status = 200, body = Page<ApiKeyView>, description = "Keys")), security(("bearer" = [])))]
#[get("/v1/api-keys")]
async fn list_api_keys(Signed(principal): Signed, page: Query<PageQuery>, accounts: Data<Accounts>) -> Result<HttpResponse> {
    answer::json(&accounts.api_keys(principal, page.0).await?)
}

/// Take a key away: it opens nothing from the next request on. Role: client.
#[utoipa::path(tag = "api keys", params(("id" = ApiKeyId, Path, description = "The key")), responses((status = 204, description = "Gone")), security(("bearer" = [])))]
#[delete("/v1/api-keys/{id}")]
async fn remove_api_key(Signed(principal): Signed, id: Path<ApiKeyId>, accounts: Data<Accounts>) -> Result<HttpResponse> {
    accounts.remove_api_key(principal, id.0).await?;
    Ok(answer::nothing())
}

/// Mounts these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(create_api_key).service(list_api_keys).service(remove_api_key);
}
