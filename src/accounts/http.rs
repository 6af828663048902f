//! Routes of accounts, sessions and organisations.

use actix_web::http::header;
use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::accounts::domain::{Me, MeBody, MemberView, OrganizationBody, OrganizationView, Register, SessionView, TokenPair};
use crate::accounts::service::Accounts;
use crate::accounts::sign_in::SignIn;
use crate::kernel::email::Email;
use crate::kernel::error::Result;
use crate::kernel::ids::SessionId;
use crate::kernel::page::{Page, PageQuery};
use crate::kernel::schema::Patch;
use crate::web::answer;
use crate::web::answer::Message;
use crate::web::ask::{Ask, Enrolling, Nothing, Signed};
use crate::web::body::Body;
use crate::web::middleware::ClientAddress;
use crate::web::path::Path;
use crate::web::query::Query;

/// A change of oneself.
pub type MePatch = Patch<MeBody>;
/// A change of an organisation.
pub type OrganizationPatch = Patch<OrganizationBody>;

/// The code from a mail's link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// As the link carries it.
    #[schema(min_length = 1, max_length = 300)]
    pub token: String,
}

/// An address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Where mail goes.
    pub email: Email,
}

/// A sign-in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The verified address.
    pub email: Email,
    /// The password.
    #[schema(value_type = String, min_length = 1, max_length = 128)]
    pub password: SecretString,
    /// For accounts that have a second factor: the six digits of the authenticator app, or a recovery code.
    #[schema(value_type = Option<String>, max_length = 32)]
    pub totp: Option<SecretString>,
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// As the last sign-in or refresh gave it.
    #[schema(value_type = String, min_length = 1, max_length = 300)]
    pub refresh_token: SecretString,
}

/// A new password, with the code from a mail.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    /// As the mail's link carries it.
    #[schema(min_length = 1, max_length = 300)]
    pub token: String,
    /// 8 to 128 characters of any kind, not easy to guess.
    #[schema(value_type = String, min_length = 8, max_length = 128)]
    pub password: SecretString,
}

/// A new password in place of the current one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The password so far.
    #[schema(value_type = String, min_length = 1, max_length = 128)]
    pub current_password: SecretString,
    /// 8 to 128 characters of any kind, not easy to guess.
    #[schema(value_type = String, min_length = 8, max_length = 128)]
    pub new_password: SecretString,
}

/// An accepted invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Redeem {
    /// As the mail's link carries it.
    #[schema(min_length = 1, max_length = 300)]
    pub token: String,
    /// How the person is called.
    #[schema(format = "line", max_length = 120)]
    pub name: String,
    /// 8 to 128 characters of any kind, not easy to guess.
    #[schema(value_type = String, min_length = 8, max_length = 128)]
    pub password: SecretString,
}

/// Sign up as a client or a developer. Role: anybody.
///
/// The answer is the same whether or not the address is known; the mail says which.
#[utoipa::path(tag = "accounts", request_body = Register, responses((status = 202, body = Message, description = "A mail is on its way")))]
#[post("/v1/auth/register")]
async fn register(body: Body<Register>, accounts: Data<Accounts>) -> Result<HttpResponse> {
    accounts.register(body.0).await?;
    answer::accepted("We have sent you a mail. Open its link to verify your address.")
}

/// Prove an address with the code from its mail. Role: anybody.
#[utoipa::path(tag = "accounts", request_body = Code, responses((status = 200, body = Message, description = "Verified")))]
#[post("/v1/auth/verify-email")]
async fn verify_email(body: Body<Code>, from: ReqData<ClientAddress>, accounts: Data<Accounts>) -> Result<HttpResponse> {
    accounts.verify_email(body.0.token, **from).await?;
    answer::message("Your address is verified. You can sign in now.")
}

/// Mail another verification link. Role: anybody.
#[utoipa::path(tag = "accounts", request_body = Address, responses((status = 202, body = Message, description = "If it is needed, a mail is on its way")))]
#[post("/v1/auth/verify-email/resend")]
async fn resend_verification(body: Body<Address>, accounts: Data<Accounts>) -> Result<HttpResponse> {
    accounts.resend_verification(body.0.email).await?;
    answer::accepted("If this address waits to be verified, a mail is on its way.")
}

/// Sign in. Role: anybody.
///
/// An account with a second factor answers the password alone with `/problems/second-factor-required`: send both together then.
#[utoipa::path(tag = "accounts", request_body = Credentials, responses((status = 200, body = TokenPair, description = "Signed in"), (status = 401, body = crate::web::problem::Problem, content_type = "application/problem+json", description = "Not signed in: `not-signed-in`, or `second-factor-required` or `second-factor-wrong` when the password is right")))]
#[post("/v1/auth/login")]
async fn login(
    request: HttpRequest,
    body: Body<Credentials>,
    from: ReqData<ClientAddress>,
    accounts: Data<Accounts>,
) -> Result<HttpResponse> {
    let Credentials { email, password, totp } = body.0;
    let attempt = SignIn { email, password, totp, address: **from, client: client_of(&request) };
    answer::json(&accounts.sign_in(attempt).await?)
}

/// Exchange a refresh token for a new pair. Role: anybody.
#[utoipa::path(tag = "accounts", request_body = Refresh, responses((status = 200, body = TokenPair, description = "A new pair"), (status = 401, body = crate::web::problem::Problem, content_type = "application/problem+json", description = "Not signed in")))]
#[post("/v1/auth/refresh")]
async fn refresh(body: Body<Refresh>, from: ReqData<ClientAddress>, accounts: Data<Accounts>) -> Result<HttpResponse> {
    use secrecy::ExposeSecret as _;
    answer::json(&accounts.refresh(body.0.refresh_token.expose_secret(), **from).await?)
}

/// End this session, its access and its refresh token, at once. Role: anybody signed in.
#[utoipa::path(tag = "accounts", request_body = Nothing, responses((status = 204, description = "Signed out")), security(("bearer" = [])))]
#[post("/v1/auth/logout")]
async fn logout(ask: Enrolling, accounts: Data<Accounts>) -> Result<HttpResponse> {
    accounts.sign_out(ask.principal).await?;
    Ok(answer::nothing())
}

/// Ask for a link to choose a new password. Role: anybody.
#[utoipa::path(tag = "accounts", request_body = Address, responses((status = 202, body = Message, description = "If there is an account, a mail is on its way")))]
#[post("/v1/auth/password/forgot")]
async fn forgot_password(body: Body<Address>, accounts: Data<Accounts>) -> Result<HttpResponse> {
    accounts.forgot_password(body.0.email).await?;
    answer::accepted("If this address has an account, a mail is on its way.")
}

/// Choose a new password with the code from a mail; ends every session. Role: anybody.
#[utoipa::path(tag = "accounts", request_body = Reset, responses((status = 200, body = Message, description = "Changed")))]
#[post("/v1/auth/password/reset")]
async fn reset_password(body: Body<Reset>, from: ReqData<ClientAddress>, accounts: Data<Accounts>) -> Result<HttpResponse> {
    accounts.reset_password(body.0.token, body.0.password, **from).await?;
    answer::message("Your password is changed. You can sign in with it now.")
}

/// Change one's own password; ends all other sessions. Role: anybody signed in.
#[utoipa::path(tag = "accounts", request_body = ChangePassword, responses((status = 204, description = "Changed")), security(("bearer" = [])))]
#[post("/v1/auth/password/change")]
async fn change_password(ask: Ask<ChangePassword>, accounts: Data<Accounts>) -> Result<HttpResponse> {
    let ChangePassword { current_password, new_password } = ask.body;
    accounts.change_password(ask.call.principal, current_password, new_password).await?;
    Ok(answer::nothing())
}

/// Accept an invitation to act for an organisation, or to be an admin. Role: anybody.
#[utoipa::path(tag = "accounts", request_body = Redeem, responses((status = 200, body = Message, description = "Now a member")))]
#[post("/v1/auth/redeem-invitation")]
async fn redeem_invitation(body: Body<Redeem>, from: ReqData<ClientAddress>, accounts: Data<Accounts>) -> Result<HttpResponse> {
    let Redeem { token, name, password } = body.0;
    accounts.redeem_invitation(token, name, password, **from).await?;
    answer::message("Welcome. You can sign in now.")
}

/// Oneself. Role: anybody signed in.
#[utoipa::path(tag = "accounts", responses((status = 200, body = Me, description = "Oneself")), security(("bearer" = [])))]
#[get("/v1/me")]
async fn read_me(ask: Enrolling, accounts: Data<Accounts>) -> Result<HttpResponse> {
    let me = accounts.me(ask.principal).await?;
    answer::versioned(me.version, &me)
}

/// Change one's name or time zone. Role: anybody signed in.
#[utoipa::path(tag = "accounts", request_body = MePatch, responses((status = 200, body = Me, description = "Changed")), security(("bearer" = [])))]
#[patch("/v1/me")]
async fn change_me(ask: Ask<MePatch>, accounts: Data<Accounts>) -> Result<HttpResponse> {
    Ok(answer::ok(accounts.change_me(ask.call, ask.body).await?))
}

/// One's own live sessions, newest first. Role: anybody signed in.
#[utoipa::path(tag = "accounts", params(PageQuery), responses((status = 200, body = Page<SessionView>, description = "Sessions")), security(("bearer" = [])))]
#[get("/v1/me/sessions")]
async fn list_sessions(signed: Signed, page: Query<PageQuery>, accounts: Data<Accounts>) -> Result<HttpResponse> {
    answer::json(&accounts.sessions(signed.0, page.0).await?)
}

/// End one of one's own sessions. Role: anybody signed in.
#[utoipa::path(tag = "accounts", params(("id" = SessionId, Path, description = "The session")), responses((status = 204, description = "Ended")), security(("bearer" = [])))]
#[delete("/v1/me/sessions/{id}")]
async fn end_session(id: Path<SessionId>, signed: Signed, accounts: Data<Accounts>) -> Result<HttpResponse> {
    accounts.end_session(signed.0, id.0).await?;
    Ok(answer::nothing())
}

/// One's own organisation. Role: client.
#[utoipa::path(tag = "organizations", responses((status = 200, body = OrganizationView, description = "The organisation")), security(("bearer" = [])))]
#[get("/v1/organization")]
async fn read_organization(signed: Signed, accounts: Data<Accounts>) -> Result<HttpResponse> {
    let view = accounts.organization(signed.0).await?;
    answer::versioned(view.version, &view)
}

/// Rename one's own organisation. Role: client, owner.
#[utoipa::path(tag = "organizations", request_body = OrganizationPatch, responses((status = 200, body = OrganizationView, description = "Changed")), security(("bearer" = [])))]
#[patch("/v1/organization")]
async fn change_organization(ask: Ask<OrganizationPatch>, accounts: Data<Accounts>) -> Result<HttpResponse> {
    Ok(answer::ok(accounts.change_organization(ask.call, ask.body).await?))
}

/// Who acts for one's own organisation. Role: client.
#[utoipa::path(tag = "organizations", params(PageQuery), responses((status = 200, body = Page<MemberView>, description = "Members")), security(("bearer" = [])))]
#[get("/v1/organization/members")]
async fn list_members(signed: Signed, page: Query<PageQuery>, accounts: Data<Accounts>) -> Result<HttpResponse> {
    answer::json(&accounts.members(signed.0, page.0).await?)
}

/// Invite somebody by mail to act for one's own organisation. Role: client, owner.
#[utoipa::path(tag = "organizations", request_body = Address, responses((status = 202, body = Message, description = "The invitation is on its way")), security(("bearer" = [])))]
#[post("/v1/organization/members")]
async fn invite_member(ask: Ask<Address>, accounts: Data<Accounts>) -> Result<HttpResponse> {
    Ok(answer::accepted_answer(accounts.invite(ask.call, ask.body.email).await?))
}

/// The browser or program, as it names itself.
pub(crate) fn client_of(request: &HttpRequest) -> String {
    let client = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or("unknown");
    client.chars().take(120).collect()
}

/// Mounts the room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(register).service(verify_email).service(resend_verification).service(login).service(refresh).service(logout);
    config.service(forgot_password).service(reset_password).service(change_password).service(redeem_invitation);
    config.service(read_me).service(change_me).service(list_sessions).service(end_session);
    config.service(read_organization).service(change_organization).service(list_members).service(invite_member);
}
