//! The routes of developers.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, patch, put};

use crate::developers::access::BlockTarget;
use crate::developers::card::DeveloperCard;
use crate::developers::card::DeveloperProfile;
use crate::developers::card::PublicCard;
use crate::developers::draft::Draft;
use crate::developers::profile::Profile;
use crate::developers::service::Developers;
use crate::kernel::error::Result;
use crate::kernel::ids::{DeveloperId, TrialId};
use crate::kernel::schema::Patch;
use crate::web::answer;
use crate::web::ask::{Ask, MaybeSigned, Signed};
use crate::web::path::{Path, Segment};

impl Segment for BlockTarget {}

/// Named for the document, whose macro does not take a generic type here.
type ProfilePatch = Patch<Profile>;

/// Read my profile.
///
/// With where I stand after vetting, my verified skills, and the hours that trials hold. Role: developer.
#[utoipa::path(tag = "developers", responses((status = 200, body = DeveloperProfile, description = "The profile")), security(("bearer" = [])))]
#[get("/v1/developers/me")]
async fn read_my_profile(Signed(principal): Signed, developers: Data<Developers>) -> Result<HttpResponse> {
    let profile = developers.mine(&principal).await?;
    answer::versioned(profile.version, &profile)
}

/// Write my profile.
///
/// Replaces the whole; the first time creates it. A draft may leave out anything: submitting to vetting checks that it is
/// complete. Skills are named by slug or alias and stored by slug. Role: developer.
#[utoipa::path(tag = "developers", request_body = Profile, responses((status = 200, body = DeveloperProfile, description = "The profile as it is now")), security(("bearer" = [])))]
#[put("/v1/developers/me")]
async fn write_my_profile(ask: Ask<Draft>, developers: Data<Developers>) -> Result<HttpResponse> {
    Ok(answer::ok(developers.put(ask.call, ask.body).await?))
}

/// Change parts of my profile.
///
/// A merge patch (RFC 7396): what is left out stays, null clears, lists are replaced as a whole. Role: developer.
#[utoipa::path(tag = "developers", request_body = ProfilePatch, responses((status = 200, body = DeveloperProfile, description = "The profile as it is now")), security(("bearer" = [])))]
#[patch("/v1/developers/me")]
async fn change_my_profile(ask: Ask<Patch<Draft>>, developers: Data<Developers>) -> Result<HttpResponse> {
    Ok(answer::ok(developers.patch(ask.call, ask.body).await?))
}

/// Read my card as clients see it.
///
/// Also before clients can find me. Role: developer.
#[utoipa::path(tag = "developers", responses((status = 200, body = PublicCard, description = "The card")), security(("bearer" = [])))]
#[get("/v1/developers/me/public")]
async fn read_my_public_card(Signed(principal): Signed, developers: Data<Developers>) -> Result<HttpResponse> {
    answer::json(&developers.my_card(&principal).await?)
}

/// Release the hours of a converted trial.
///
/// A conversion holds its hours until I say that they are free again; other trials free theirs by themselves. Role: developer.
#[utoipa::path(tag = "developers", params(("trial_id" = TrialId, Path, description = "The trial that holds the hours")), responses((status = 204, description = "The hours are free")), security(("bearer" = [])))]
#[delete("/v1/developers/me/commitments/{trial_id}")]
async fn release_my_hours(Signed(principal): Signed, trial: Path<TrialId>, developers: Data<Developers>) -> Result<HttpResponse> {
    developers.release_hours(&principal, trial.0).await?;
    Ok(answer::nothing())
}

/// Read a developer's card. Role: anybody.
///
/// Everybody sees vetted developers, without anything that tells who they are. An organisation to which the developer is
/// disclosed (from the moment that a trial is scheduled), admins and the developer also see name, address, employers,
/// links, country and summary. Anybody may ask; a bearer token is optional.
#[utoipa::path(tag = "developers", params(("id" = DeveloperId, Path, description = "The developer")), responses((status = 200, body = DeveloperCard, description = "The card")), security((), ("bearer" = [])))]
#[get("/v1/developers/{id}")]
async fn read_developer(MaybeSigned(viewer): MaybeSigned, id: Path<DeveloperId>, developers: Data<Developers>) -> Result<HttpResponse> {
    answer::json(&developers.card(viewer, id.0).await?.as_ref())
}

/// Block a developer or an organisation.
///
/// The two are never matched or offered to each other again; a running trial goes on. Again changes nothing. Roles:
/// client (a developer's id), developer (an organisation's id).
#[utoipa::path(tag = "developers", params(("organization_or_developer_id" = String, Path, description = "Whom: `dev_…` for clients, `org_…` for developers", max_length = 64)), responses((status = 204, description = "Blocked")), security(("bearer" = [])))]
#[put("/v1/blocks/{organization_or_developer_id}")]
async fn block_party(Signed(principal): Signed, target: Path<BlockTarget>, developers: Data<Developers>) -> Result<HttpResponse> {
    developers.block(&principal, target.0).await?;
    Ok(answer::nothing())
}

/// Take a block back.
///
/// The other side's block stays. Roles: client (a developer's id), developer (an organisation's id).
#[utoipa::path(tag = "developers", params(("organization_or_developer_id" = String, Path, description = "Whom: `dev_…` for clients, `org_…` for developers", max_length = 64)), responses((status = 204, description = "Not blocked by this side")), security(("bearer" = [])))]
#[delete("/v1/blocks/{organization_or_developer_id}")]
async fn unblock_party(Signed(principal): Signed, target: Path<BlockTarget>, developers: Data<Developers>) -> Result<HttpResponse> {
    developers.unblock(&principal, target.0).await?;
    Ok(answer::nothing())
}

/// Mounts the routes; `me` stands before `{id}`.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig) {
    config
        .service(read_my_profile)
        .service(write_my_profile)
        .service(change_my_profile)
        .service(read_my_public_card)
        .service(release_my_hours)
        .service(read_developer)
        .service(block_party)
        .service(unblock_party);
}
