//! Routes of résumés.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::developers::resume_import::ResumeImport;
use crate::developers::resume_words::{JsonResume, ResumeField};
use crate::developers::service::Developers;
use crate::kernel::error::Result;
use crate::kernel::ids::DeveloperId;
use crate::web::answer;
use crate::web::ask::{Ask, Signed};
use crate::web::path::Path;
use crate::web::query::Query;

/// What to do with a résumé.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// Whether to change the profile; otherwise the answer shows what would become of it.
    #[serde(default)]
    #[param(default = false)]
    pub apply: bool,
    /// A field that the résumé's words replace although it says something already; repeat it for more.
    #[serde(default)]
    #[param(inline, required = false, max_items = 7)]
    pub replace: Vec<ResumeField>,
}

/// Take a JSON Resume over into my profile.
///
/// A preview, unless `apply=true`. What is empty is filled; what says something already is kept, unless `replace` names it. The answer
/// says of each field what becomes of it, what was read as something else (aliases of skills, months), and what was not understood.
/// Sections that no profile has, such as schools, are left out. Send the preview's `ETag` as `If-Match` to apply what you saw.
/// Role: developer.
#[utoipa::path(tag = "developers", params(ImportQuery), request_body = JsonResume, responses((status = 200, body = ResumeImport, description = "What was done, or would be")), security(("bearer" = [])))]
#[post("/v1/developers/me/import")]
async fn import_my_resume(query: Query<ImportQuery>, ask: Ask<JsonResume>, developers: Data<Developers>) -> Result<HttpResponse> {
    let ImportQuery { apply, replace } = query.0;
    Ok(answer::ok(developers.import_resume(ask.call, ask.body, apply, replace).await?))
}

/// Read a developer's profile as a JSON Resume.
///
/// Version 1.0 of <https://jsonresume.org/schema>; the years of a skill are an addition that the schema allows. Looks of others are
/// audited. Role: the developer, client to whom the developer is disclosed, admin.
#[utoipa::path(tag = "developers", params(("id" = DeveloperId, Path, description = "The developer")), responses((status = 200, body = JsonResume, description = "The résumé")), security(("bearer" = [])))]
#[get("/v1/developers/{id}/resume")]
async fn read_resume(id: Path<DeveloperId>, Signed(principal): Signed, developers: Data<Developers>) -> Result<HttpResponse> {
    answer::json(&developers.resume(principal, id.0).await?)
}

/// Mounts these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(import_my_resume).service(read_resume);
}
