//! `/v1/admin/users`, their sessions, and `/v1/admin/invitations`.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::accounts::domain::{AccountStatus, UserFilter, UserView};
use crate::accounts::service::Accounts;
use crate::audit::domain::WrittenReason;
use crate::kernel::email::Email;
use crate::kernel::error::Result;
use crate::kernel::ids::UserId;
use crate::kernel::page::{Page, PageQuery, default_limit};
use crate::kernel::principal::Role;
use crate::web::answer;
use crate::web::answer::Message;
use crate::web::ask::{Ask, Signed};
use crate::web::csv::{Listing, Sheet, listed};
use crate::web::path::Path;
use crate::web::query::Query;

/// Which people.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UserQuery {
    /// Only those who are here for this.
    #[param(inline)]
    pub role: Option<Role>,
    /// Only those who may, or may not, sign in.
    #[param(inline)]
    pub status: Option<AccountStatus>,
    /// Only whoever has this address.
    #[param(inline)]
    pub email: Option<Email>,
    /// How many rows at most.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: i64,
    /// Where the previous page ended: its `next_cursor`.
    #[param(max_length = 400)]
    pub cursor: Option<String>,
}

/// Who is to become an admin.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAdmin {
    /// Where the invitation goes.
    pub email: Email,
    /// Why; it goes into the audit log.
    #[schema(format = "prose", min_length = 1, max_length = 4000)]
    pub message: Option<String>,
}

/// People as a file.
const USERS: Sheet = Sheet {
    name: "users",
    columns: &["id", "email", "name", "role", "status", "verified_at", "organization_id", "developer_id", "created_at"],
};

/// People, newest first. Role: admin; the look is written into the audit log.
///
/// As `text/csv` all of them from the cursor on.
#[utoipa::path(tag = "admin", params(UserQuery), responses((status = 200, content((Page<UserView> = "application/json"), (String = "text/csv", example = json!(USERS.heading()))), description = "People")), security(("bearer" = [])))]
#[get("/v1/admin/users")]
async fn list_users(signed: Signed, form: Listing, query: Query<UserQuery>, accounts: Data<Accounts>) -> Result<HttpResponse> {
    let UserQuery { role, status, email, limit, cursor } = query.0;
    let filter = UserFilter { role, status, email };
    let read = move |page| {
        let (accounts, signed, filter) = (accounts.clone(), signed.0.clone(), filter.clone());
        async move { accounts.users(signed, filter, page).await }
    };
    listed(form, &USERS, PageQuery { limit, cursor }, read).await
}

/// Sign a person out everywhere, at once. Role: admin, with a reason for the audit log.
#[utoipa::path(tag = "admin", params(("id" = UserId, Path, description = "The person")), request_body = WrittenReason, responses((status = 200, body = UserView, description = "Signed out")), security(("bearer" = [])))]
#[post("/v1/admin/users/{id}/end-sessions")]
async fn end_sessions(id: Path<UserId>, ask: Ask<WrittenReason>, accounts: Data<Accounts>) -> Result<HttpResponse> {
    Ok(answer::ok(accounts.end_sessions(ask.call, id.0, ask.body).await?))
}

/// Invite another admin by mail. Role: admin.
#[utoipa::path(tag = "admin", request_body = NewAdmin, responses((status = 202, body = Message, description = "The invitation is on its way")), security(("bearer" = [])))]
#[post("/v1/admin/invitations")]
async fn invite_admin(ask: Ask<NewAdmin>, accounts: Data<Accounts>) -> Result<HttpResponse> {
    let NewAdmin { email, message } = ask.body;
    Ok(answer::accepted_answer(accounts.invite_admin(ask.call, email, message).await?))
}

/// Mounts these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_users).service(end_sessions).service(invite_admin);
}
