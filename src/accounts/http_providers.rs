//! `/v1/auth/providers` and `/v1/me/identities`: signing in with GitHub and the like.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::accounts::domain::{SignUpRole, TokenPair};
use crate::accounts::http::client_of;
use crate::accounts::identities::{CameBack, Finish, IdentityView, ProviderView, Registration, StartedSignIn};
use crate::accounts::service::Accounts;
use crate::kernel::error::Result;
use crate::kernel::ids::IdentityId;
use crate::kernel::page::{Page, PageQuery};
use crate::web::answer;
use crate::web::ask::{Ask, Nothing, Signed};
use crate::web::body::Body;
use crate::web::middleware::ClientAddress;
use crate::web::path::Path;
use crate::web::problem::Problem;
use crate::web::query::Query;

/// What a browser came back with, and what else a sign-in takes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinishSignIn {
    /// As the provider gave it to the browser.
    #[schema(value_type = String, min_length = 1, max_length = 3000, examples("7d1b5c0f2a"))]
    pub code: SecretString,
    /// Likewise.
    #[schema(min_length = 1, max_length = 300, examples("start_01j8000000e008000000000001.c2lnbmF0dXJl"))]
    pub state: String,
    /// As the start gave it.
    #[schema(value_type = String, min_length = 1, max_length = 300, examples("vJ0nqZmM1kKXz3bq2l7p1sYyQb5cVwJtGkq9x8oH2uA"))]
    pub browser_token: SecretString,
    /// For accounts that have a second factor: the six digits of the authenticator app, or a recovery code.
    #[schema(value_type = Option<String>, max_length = 32)]
    pub totp: Option<SecretString>,
    /// The password of the account that has the address already: links the identity to it.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128)]
    pub password: Option<SecretString>,
    /// To register, together with `name`: what the person is here for.
    pub role: Option<SignUpRole>,
    /// To register: how the person is called.
    #[schema(format = "line", max_length = 120)]
    pub name: Option<String>,
    /// For clients who register: the name of the organisation; the person's own where absent.
    #[schema(format = "line", max_length = 120)]
    pub organization_name: Option<String>,
}

/// What a browser came back with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkIdentity {
    /// As the provider gave it to the browser.
    #[schema(value_type = String, min_length = 1, max_length = 3000, examples("7d1b5c0f2a"))]
    pub code: SecretString,
    /// Likewise.
    #[schema(min_length = 1, max_length = 300, examples("start_01j8000000e008000000000001.c2lnbmF0dXJl"))]
    pub state: String,
    /// As the start gave it.
    #[schema(value_type = String, min_length = 1, max_length = 300, examples("vJ0nqZmM1kKXz3bq2l7p1sYyQb5cVwJtGkq9x8oH2uA"))]
    pub browser_token: SecretString,
}

/// Whom one can sign in with besides a password. Role: anybody.
#[utoipa::path(tag = "accounts", responses((status = 200, body = Page<ProviderView>, description = "Providers; all on one page")))]
#[get("/v1/auth/providers")]
async fn list_providers(accounts: Data<Accounts>) -> Result<HttpResponse> {
    answer::json(&accounts.sign_in_providers())
}

/// Begin a sign-in with a provider. Role: anybody.
///
/// Keep `browser_token` in the browser and send it to `authorization_url`. The provider sends it back to the frontend's page
/// `/sign-in/{name}` with `code` and `state`, or with `error`: finish with the former within ten minutes.
#[utoipa::path(tag = "accounts", params(("name" = String, Path, description = "The provider", max_length = 32)), request_body = Nothing, responses((status = 200, body = StartedSignIn, description = "Begun")))]
#[post("/v1/auth/providers/{name}/start")]
async fn start_with_provider(
    name: Path<String>,
    _body: Body<Nothing>,
    from: ReqData<ClientAddress>,
    accounts: Data<Accounts>,
) -> Result<HttpResponse> {
    answer::json(&accounts.start_with_provider(&name.0, **from).await?)
}

/// Sign in, or register, with what a provider's browser came back with. Role: anybody.
///
/// Whoever is linked is signed in. Otherwise the answer says what else to send, together with the same `code`, `state` and
/// `browser_token`, within the ten minutes: `second-factor-required` asks for `totp`; `registration-required` for `role` and `name`;
/// `account-exists` for the `password` of the account that has the address, which links the two. An identity signs in to no account
/// that it was not linked to.
#[utoipa::path(tag = "accounts", params(("name" = String, Path, description = "The provider", max_length = 32)), request_body = FinishSignIn, responses((status = 200, body = TokenPair, description = "Signed in"), (status = 401, body = Problem, content_type = "application/problem+json", description = "Not signed in: `not-signed-in`, `second-factor-required` or `second-factor-wrong`"), (status = 403, body = Problem, content_type = "application/problem+json", description = "`address-not-verified`: the provider vouches for no address"), (status = 409, body = Problem, content_type = "application/problem+json", description = "More is needed: `account-exists` or `registration-required`")))]
#[post("/v1/auth/providers/{name}/finish")]
async fn finish_with_provider(
    request: HttpRequest,
    name: Path<String>,
    body: Body<FinishSignIn>,
    from: ReqData<ClientAddress>,
    accounts: Data<Accounts>,
) -> Result<HttpResponse> {
    let client = client_of(&request);
    let FinishSignIn { code, state, browser_token, totp, password, role, name: own, organization_name } = body.0;
    let registration = role.zip(own).map(|(role, name)| Registration { role, name, organization_name });
    let came_back = CameBack { code, state, browser_token };
    let finish = Finish { came_back, totp, password, registration, address: **from, client };
    answer::json(&accounts.finish_with_provider(&name.0, finish).await?)
}

/// Link an identity to one's own account, within 15 minutes of a sign-in: from then on it signs in. Role: anybody signed in.
///
/// Begin as for a sign-in, and finish here. A mail tells of it. An account has one identity of each provider at most.
#[utoipa::path(tag = "accounts", params(("name" = String, Path, description = "The provider", max_length = 32)), request_body = LinkIdentity, responses((status = 200, body = IdentityView, description = "Linked")), security(("bearer" = [])))]
#[post("/v1/auth/providers/{name}/link")]
async fn link_identity(
    name: Path<String>,
    ask: Ask<LinkIdentity>,
    from: ReqData<ClientAddress>,
    accounts: Data<Accounts>,
) -> Result<HttpResponse> {
    let LinkIdentity { code, state, browser_token } = ask.body;
    let came_back = CameBack { code, state, browser_token };
    answer::json(&accounts.link_identity(ask.call.principal, &name.0, came_back, **from).await?)
}

/// One's own identities at providers, newest first. Role: anybody signed in.
#[utoipa::path(tag = "accounts", params(PageQuery), responses((status = 200, body = Page<IdentityView>, description = "Identities")), security(("bearer" = [])))]
#[get("/v1/me/identities")]
async fn list_identities(Signed(principal): Signed, page: Query<PageQuery>, accounts: Data<Accounts>) -> Result<HttpResponse> {
    answer::json(&accounts.identities(principal, page.0).await?)
}

/// Take an identity off one's own account, within 15 minutes of a sign-in; never the last way in. Role: anybody signed in.
#[utoipa::path(tag = "accounts", params(("id" = IdentityId, Path, description = "The identity")), responses((status = 204, description = "Taken off")), security(("bearer" = [])))]
#[delete("/v1/me/identities/{id}")]
async fn unlink_identity(id: Path<IdentityId>, Signed(principal): Signed, accounts: Data<Accounts>) -> Result<HttpResponse> {
    accounts.unlink_identity(principal, id.0).await?;
    Ok(answer::nothing())
}

/// Mounts these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_providers).service(start_with_provider).service(finish_with_provider).service(link_identity);
    config.service(list_identities).service(unlink_identity);
}
