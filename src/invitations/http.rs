//! `/v1/invitations` and the invitations of a job request.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::invitations::domain::{AcceptInvitation, DeclineInvitation, Message, NewInvitation, NewMessage};
use crate::invitations::process::{InvitationAction, InvitationState};
use crate::invitations::service::Invitations;
use crate::invitations::view::InvitationView;
use crate::kernel::error::Result;
use crate::kernel::ids::{InvitationId, JobRequestId};
use crate::kernel::page::{Page, PageQuery, default_limit};
use crate::web::answer;
use crate::web::ask::{Ask, Signed};
use crate::web::path::Path;
use crate::web::query::Query;

/// Which invitations.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InvitationQuery {
    /// Only those in this state.
    #[param(inline)]
    pub state: Option<InvitationState>,
    /// How many rows at most.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: i64,
    /// Where the previous page ended: its `next_cursor`.
    #[param(max_length = 400)]
    pub cursor: Option<String>,
}

impl InvitationQuery {
    fn parts(self) -> (Option<InvitationState>, PageQuery) {
        (self.state, PageQuery { limit: self.limit, cursor: self.cursor })
    }
}

/// Ask a developer to talk about an open job request, once. Role: client.
///
/// An answer is expected within 48 hours; after 14 days the invitation lapses. Both numbers are configured.
#[utoipa::path(tag = "invitations", params(("id" = JobRequestId, Path, description = "The job request")), request_body = NewInvitation, responses((status = 201, body = InvitationView, description = "Invited")), security(("bearer" = [])))]
#[post("/v1/job-requests/{id}/invitations")]
async fn invite_developer(id: Path<JobRequestId>, ask: Ask<NewInvitation>, invitations: Data<Invitations>) -> Result<HttpResponse> {
    Ok(answer::created(invitations.invite(ask.call, id.0, ask.body).await?, "/v1/invitations"))
}

/// Whom one has invited to a job request, newest first. Role: client.
#[utoipa::path(tag = "invitations", params(("id" = JobRequestId, Path, description = "The job request"), InvitationQuery), responses((status = 200, body = Page<InvitationView>, description = "Invitations")), security(("bearer" = [])))]
#[get("/v1/job-requests/{id}/invitations")]
async fn list_request_invitations(
    id: Path<JobRequestId>,
    signed: Signed,
    query: Query<InvitationQuery>,
    invitations: Data<Invitations>,
) -> Result<HttpResponse> {
    let (state, page) = query.0.parts();
    answer::json(&invitations.of_request(signed.0, id.0, state, page).await?)
}

/// The invitations that one got, newest first. Role: developer.
#[utoipa::path(tag = "invitations", params(InvitationQuery), responses((status = 200, body = Page<InvitationView>, description = "Invitations")), security(("bearer" = [])))]
#[get("/v1/developers/me/invitations")]
async fn list_my_invitations(signed: Signed, query: Query<InvitationQuery>, invitations: Data<Invitations>) -> Result<HttpResponse> {
    let (state, page) = query.0.parts();
    answer::json(&invitations.mine(signed.0, state, page).await?)
}

/// An invitation. Role: client who invited, developer who is invited.
#[utoipa::path(tag = "invitations", params(("id" = InvitationId, Path, description = "The invitation")), responses((status = 200, body = InvitationView, description = "The invitation")), security(("bearer" = [])))]
#[get("/v1/invitations/{id}")]
async fn read_invitation(id: Path<InvitationId>, signed: Signed, invitations: Data<Invitations>) -> Result<HttpResponse> {
    let (version, view) = invitations.show(signed.0, id.0).await?;
    answer::versioned(version, &view)
}

/// Say yes, and when one could talk. Role: developer who is invited.
#[utoipa::path(tag = "invitations", params(("id" = InvitationId, Path, description = "The invitation")), request_body = AcceptInvitation, responses((status = 200, body = InvitationView, description = "Accepted")), security(("bearer" = [])))]
#[post("/v1/invitations/{id}/accept")]
async fn accept_invitation(id: Path<InvitationId>, ask: Ask<AcceptInvitation>, invitations: Data<Invitations>) -> Result<HttpResponse> {
    Ok(answer::ok(invitations.answer(ask.call, id.0, InvitationAction::Accept, ask.body.into()).await?))
}

/// Say no. Role: developer who is invited.
#[utoipa::path(tag = "invitations", params(("id" = InvitationId, Path, description = "The invitation")), request_body = DeclineInvitation, responses((status = 200, body = InvitationView, description = "Declined")), security(("bearer" = [])))]
#[post("/v1/invitations/{id}/decline")]
async fn decline_invitation(id: Path<InvitationId>, ask: Ask<DeclineInvitation>, invitations: Data<Invitations>) -> Result<HttpResponse> {
    Ok(answer::ok(invitations.answer(ask.call, id.0, InvitationAction::Decline, ask.body.into()).await?))
}

/// What was written about an invitation, oldest first. Role: client who invited, developer who is invited.
#[utoipa::path(tag = "invitations", params(("id" = InvitationId, Path, description = "The invitation"), PageQuery), responses((status = 200, body = Page<Message>, description = "Messages")), security(("bearer" = [])))]
#[get("/v1/invitations/{id}/messages")]
async fn list_messages(
    id: Path<InvitationId>,
    signed: Signed,
    page: Query<PageQuery>,
    invitations: Data<Invitations>,
) -> Result<HttpResponse> {
    answer::json(&invitations.messages(signed.0, id.0, page.0).await?)
}

/// Write to the other side, before or after the answer. Role: client who invited, developer who is invited.
#[utoipa::path(tag = "invitations", params(("id" = InvitationId, Path, description = "The invitation")), request_body = NewMessage, responses((status = 201, body = Message, description = "Written")), security(("bearer" = [])))]
#[post("/v1/invitations/{id}/messages")]
async fn write_message(id: Path<InvitationId>, ask: Ask<NewMessage>, invitations: Data<Invitations>) -> Result<HttpResponse> {
    let collection = format!("/v1/invitations/{}/messages", id.0);
    Ok(answer::created(invitations.write(ask.call, id.0, ask.body).await?, &collection))
}

/// Mounts the room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(invite_developer).service(list_request_invitations).service(list_my_invitations).service(read_invitation);
    config.service(accept_invitation).service(decline_invitation).service(list_messages).service(write_message);
}
