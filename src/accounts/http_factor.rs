//! `/v1/me/totp`: the second factor.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, post};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::accounts::domain::{NewSecondFactor, RecoveryCodes, SecondFactorView};
use crate::accounts::service::Accounts;
use crate::kernel::error::Result;
use crate::web::answer;
use crate::web::ask::{Enrolling, Nothing};

/// A code of the authenticator app.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// The six digits that the app shows.
    #[schema(min_length = 6, max_length = 16, examples("123456"))]
    pub totp: String,
}

/// Whether one's own sign-ins ask for a second factor. Role: anybody signed in.
#[utoipa::path(tag = "accounts", responses((status = 200, body = SecondFactorView, description = "The second factor")), security(("bearer" = [])))]
#[get("/v1/me/totp")]
async fn read_second_factor(ask: Enrolling, accounts: Data<Accounts>) -> Result<HttpResponse> {
    answer::json(&accounts.second_factor(ask.principal).await?)
}

/// Begin to set up an authenticator app, within 15 minutes of a sign-in. Role: anybody signed in.
///
/// The answer's secret is shown once. Nothing changes until a code of the app confirms it; beginning again makes another secret.
#[utoipa::path(tag = "accounts", request_body = Nothing, responses((status = 200, body = NewSecondFactor, description = "What the app needs")), security(("bearer" = [])))]
#[post("/v1/me/totp")]
async fn begin_second_factor(ask: Enrolling, accounts: Data<Accounts>) -> Result<HttpResponse> {
    answer::json(&accounts.begin_second_factor(ask.principal).await?)
}

/// Confirm the authenticator app with a code of it. Role: anybody signed in.
///
/// From now on every sign-in asks for a code; all other sessions end. The answer's recovery codes are shown once, and each is good once in place of a code.
#[utoipa::path(tag = "accounts", request_body = Confirmation, responses((status = 200, body = RecoveryCodes, description = "Switched on")), security(("bearer" = [])))]
#[post("/v1/me/totp/confirm")]
async fn confirm_second_factor(ask: Enrolling<Confirmation>, accounts: Data<Accounts>) -> Result<HttpResponse> {
    answer::json(&accounts.confirm_second_factor(ask.principal, ask.body.totp).await?)
}

/// Make new recovery codes in place of all earlier ones, within 15 minutes of a sign-in. Role: anybody signed in.
#[utoipa::path(tag = "accounts", request_body = Nothing, responses((status = 200, body = RecoveryCodes, description = "The new codes")), security(("bearer" = [])))]
#[post("/v1/me/totp/recovery-codes")]
async fn renew_recovery_codes(ask: Enrolling, accounts: Data<Accounts>) -> Result<HttpResponse> {
    answer::json(&accounts.renew_recovery_codes(ask.principal).await?)
}

/// Switch one's own second factor off, within 15 minutes of a sign-in. Role: anybody signed in.
#[utoipa::path(tag = "accounts", responses((status = 204, description = "Switched off")), security(("bearer" = [])))]
#[delete("/v1/me/totp")]
async fn remove_second_factor(ask: Enrolling, accounts: Data<Accounts>) -> Result<HttpResponse> {
    accounts.remove_second_factor(ask.principal).await?;
    Ok(answer::nothing())
}

/// Mounts these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(read_second_factor).service(begin_second_factor).service(remove_second_factor);
    config.service(confirm_second_factor).service(renew_recovery_codes);
}
