//! Routes of matches and of the public search for them.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{IntoParams, PartialSchema, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::developers::card::PublicCard;
use crate::jobs::domain::JobRequestFields;
use crate::kernel::error::Result;
use crate::kernel::ids::JobRequestId;
use crate::matching::explanation::{Match, Matches};
use crate::matching::filters::Filters;
use crate::matching::ratio::Points;
use crate::matching::service::{FoundDevelopers, Matching, Wanted};
use crate::web::answer;
use crate::web::ask::{MaybeSigned, Signed};
use crate::web::body::Body;
use crate::web::limits::AddressLimits;
use crate::web::middleware::ClientAddress;
use crate::web::path::Path;
use crate::web::query::Query;

/// Which part of the matches is wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MatchQuery {
    /// How many at most.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 50, default = 20)]
    pub limit: usize,
    /// None below this score.
    #[serde(default)]
    #[param(minimum = 0, maximum = 100, default = 0)]
    pub min_score: f64,
    /// Comma-separated: `gates` counts what each gate removed, `facets` what those who pass have; empty leaves both out.
    #[serde(default = "gates")]
    #[param(pattern = "^((gates|facets)(,(gates|facets))*)?$", max_length = 40, default = "gates")]
    pub include: String,
}

fn default_limit() -> usize {
    20
}

fn gates() -> String {
    "gates".to_owned()
}

impl From<MatchQuery> for Wanted {
    fn from(query: MatchQuery) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the document keeps it from 0 to 100")]
        let hundredths = (query.min_score * 100.0).ceil() as u32;
        let [gates, facets] = ["gates", "facets"].map(|part| query.include.split(',').any(|each| each == part));
        Self { limit: query.limit, min_score: Points::from_hundredths(hundredths), gates, facets }
    }
}

/// A request that is not saved: the fields of a job request, of which title, description and seats may be left out.
#[derive(Deserialize, Serialize)]
#[serde(transparent)]
pub struct MatchSearch(pub Value);

impl PartialSchema for MatchSearch {
    fn schema() -> RefOr<Schema> {
        match JobRequestFields::schema() {
            RefOr::T(Schema::Object(mut object)) => {
                object.required.retain(|name| name != "title" && name != "description");
                object.into()
            }
            other => other,
        }
    }
}

impl ToSchema for MatchSearch {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        JobRequestFields::schemas(schemas);
    }
}

/// The developers who fit a job request, best first, each with the whole reason. Role: client, own organisation's requests.
///
/// The points of the eight factors sum exactly to the score. The same inputs on the same UTC day give the same order on every node.
#[utoipa::path(tag = "matching", params(("id" = JobRequestId, Path, description = "The job request"), MatchQuery), responses((status = 200, body = Matches<Match<PublicCard>>, description = "Matches")), security(("bearer" = [])))]
#[get("/v1/job-requests/{id}/matches")]
async fn list_matches(id: Path<JobRequestId>, signed: Signed, query: Query<MatchQuery>, matching: Data<Matching>) -> Result<HttpResponse> {
    let matches = matching.matches(signed.0, id.0, query.0.into()).await?;
    answer::json_in(matches.bytes(), &matches)
}

/// The developers who would fit a request that is not saved. Role: anybody; rate limited.
#[utoipa::path(tag = "matching", params(MatchQuery), request_body = MatchSearch, responses((status = 200, body = Matches<Match<PublicCard>>, description = "Matches")), security((), ("bearer" = [])))]
#[post("/v1/matches/search")]
async fn search_matches(
    viewer: MaybeSigned,
    query: Query<MatchQuery>,
    body: Body<MatchSearch>,
    from: ReqData<ClientAddress>,
    limits: Data<AddressLimits>,
    matching: Data<Matching>,
) -> Result<HttpResponse> {
    limits.take_search(from.into_inner().0)?;
    answer::json(&matching.search(viewer.0, body.0.0, query.0.into()).await?)
}

/// Search for developers by skills, rate, hours, zone, languages and domains, newest profile first, with facets. Role: anybody;
/// rate limited.
///
/// Vetted developers only. Pages stay stable while developers come and go; `total` and `facets` are those of all pages.
#[utoipa::path(tag = "matching", params(Filters), responses((status = 200, body = FoundDevelopers<PublicCard>, description = "Developers")))]
#[get("/v1/developers")]
async fn search_developers(
    query: Query<Filters>,
    from: ReqData<ClientAddress>,
    limits: Data<AddressLimits>,
    matching: Data<Matching>,
) -> Result<HttpResponse> {
    limits.take_search(from.into_inner().0)?;
    answer::json(&matching.developers(query.0).await?)
}

/// Mounts the room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_matches).service(search_matches).service(search_developers);
}
