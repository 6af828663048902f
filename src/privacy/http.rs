//! `GET /v1/me/export` and `DELETE /v1/me`.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::kernel::error::Result;
use crate::privacy::service::{PersonalData, PrivacyRoom};
use crate::web::answer;
use crate::web::answer::Message;
use crate::web::ask::{Ask, Signed};

/// That it is oneself indeed who leaves.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Leave {
    /// One's password.
    #[schema(value_type = String, min_length = 1, max_length = 128)]
    pub password: SecretString,
}

/// Everything that is one's own, and a developer's profile as JSON Resume. Role: anybody signed in.
#[utoipa::path(tag = "accounts", responses((status = 200, body = PersonalData, description = "Everything")), security(("bearer" = [])))]
#[get("/v1/me/export")]
async fn export_me(signed: Signed, privacy: Data<PrivacyRoom>) -> Result<HttpResponse> {
    answer::json(&privacy.export(signed.0).await?)
}

/// Leave: the account is closed at once, and everything erased within days. Role: anybody signed in.
///
/// Trials that are agreed or running must end first (409 names them). What the other parties of trials have stays, without
/// one's name.
#[utoipa::path(tag = "accounts", request_body = Leave, responses((status = 202, body = Message, description = "Closed; the data is being erased")), security(("bearer" = [])))]
#[delete("/v1/me")]
async fn leave(ask: Ask<Leave>, privacy: Data<PrivacyRoom>) -> Result<HttpResponse> {
    let erased_by = privacy.leave(ask.call.principal, ask.body.password).await?;
    answer::accepted(&format!("Your account is closed. Everything is erased by {erased_by}."))
}

/// Mounts the room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(export_me).service(leave);
}
