//! `/v1/skills`.

use std::str::FromStr;

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, patch, post, put};
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::kernel::error::Result;
use crate::kernel::page::{Page, PageQuery, default_limit};
use crate::kernel::schema::Patch;
use crate::skills::edit::{MergeInto, NewSkill, SkillFields, SubstituteList};
use crate::skills::service::Skills;
use crate::skills::view::{SkillDetail, SkillView};
use crate::web::answer;
use crate::web::ask::{Ask, Nothing};
use crate::web::path::{Path, Segment};
use crate::web::query::Query;

/// What to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SkillQuery {
    /// A name, an alias or the beginning of one; small typos are forgiven. Without it, every skill by slug.
    #[serde(default)]
    #[param(max_length = 60, required = false, example = "golang")]
    q: String,
    /// Only skills of this category.
    #[param(max_length = 32, example = "database")]
    category: Option<String>,
    /// How many rows at most.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: i64,
    /// Where the previous page ended: its `next_cursor`.
    #[param(max_length = 400)]
    cursor: Option<String>,
}

/// Any of the fields that can change; named, because the document's macro knows no generic bodies.
type SkillPatch = Patch<SkillFields>;

/// A slug or an alias in a path. The framework leaves `%2B`, `%2F` and `%25` as they came.
struct Named(String);

impl FromStr for Named {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        // PostgreSQL's text holds no NUL.
        if text.contains(char::is_control) {
            return Err("a name has no control characters");
        }
        let plain = [("%2B", "+"), ("%2b", "+"), ("%2F", "/"), ("%2f", "/"), ("%25", "%")];
        Ok(Self(plain.iter().fold(text.to_owned(), |text, (code, each)| text.replace(code, each))))
    }
}
impl Segment for Named {}

/// List skills by name, alias and small typos. Role: anybody.
///
/// Exact names come first, then aliases, then names that begin so; small typos are forgiven where nothing else fits.
#[utoipa::path(tag = "skills", params(SkillQuery), responses((status = 200, body = Page<SkillView>, description = "The skills, best first")))]
#[get("/v1/skills")]
async fn list_skills(query: Query<SkillQuery>, skills: Data<Skills>) -> Result<HttpResponse> {
    let SkillQuery { q, category, limit, cursor } = query.0;
    answer::json(&skills.list(&q, category.as_deref(), &PageQuery { limit, cursor }).await?)
}

/// Show a skill. Role: anybody.
///
/// Its aliases name it too. Substitutes count in a match; what it is often used with is a suggestion.
#[utoipa::path(tag = "skills", params(("slug" = String, Path, description = "The skill's slug, or an alias", max_length = 60)), responses((status = 200, body = SkillDetail, description = "The skill")))]
#[get("/v1/skills/{slug}")]
async fn show_skill(slug: Path<Named>, skills: Data<Skills>) -> Result<HttpResponse> {
    let (version, skill) = skills.show(&slug.0.0).await?;
    answer::versioned(version, &skill)
}

/// Add a skill.
///
/// Role: admin.
#[utoipa::path(tag = "skills", request_body = NewSkill, responses((status = 201, body = SkillDetail, description = "The new skill")), security(("bearer" = [])))]
#[post("/v1/skills")]
async fn create_skill(ask: Ask<NewSkill>, skills: Data<Skills>) -> Result<HttpResponse> {
    Ok(answer::created(skills.create(ask.call, ask.body).await?, "/v1/skills"))
}

/// Change a skill's name, category or aliases.
///
/// Role: admin.
#[utoipa::path(tag = "skills", params(("slug" = String, Path, description = "The skill's slug, or an alias", max_length = 60)), request_body = SkillPatch, responses((status = 200, body = SkillDetail, description = "The changed skill")), security(("bearer" = [])))]
#[patch("/v1/skills/{slug}")]
async fn change_skill(slug: Path<Named>, ask: Ask<SkillPatch>, skills: Data<Skills>) -> Result<HttpResponse> {
    Ok(answer::ok(skills.edit(ask.call, slug.0.0, ask.body).await?))
}

/// Remove a skill that nobody uses.
///
/// 409 while a developer or a job request uses it: merge it into another one instead. Role: admin.
#[utoipa::path(tag = "skills", params(("slug" = String, Path, description = "The skill's slug, or an alias", max_length = 60)), responses((status = 204, description = "The skill is gone")), security(("bearer" = [])))]
#[delete("/v1/skills/{slug}")]
async fn delete_skill(slug: Path<Named>, ask: Ask<Nothing>, skills: Data<Skills>) -> Result<HttpResponse> {
    skills.remove(ask.call, slug.0.0).await.map(|_| answer::nothing())
}

/// Say what can stand in for a skill in a match, and it for them.
///
/// Replaces all substitutes of the skill, in both directions. Role: admin.
#[utoipa::path(tag = "skills", params(("slug" = String, Path, description = "The skill's slug, or an alias", max_length = 60)), request_body = SubstituteList, responses((status = 200, body = SkillDetail, description = "The changed skill")), security(("bearer" = [])))]
#[put("/v1/skills/{slug}/substitutes")]
async fn set_skill_substitutes(slug: Path<Named>, ask: Ask<SubstituteList>, skills: Data<Skills>) -> Result<HttpResponse> {
    Ok(answer::ok(skills.set_substitutes(ask.call, slug.0.0, ask.body).await?))
}

/// Merge a skill into another.
///
/// Developers and job requests that use it use the other one from now on, with the higher level and more years where they had both;
/// its spellings become aliases of the other. Role: admin.
#[utoipa::path(tag = "skills", params(("slug" = String, Path, description = "The slug of the skill that goes, or an alias", max_length = 60)), request_body = MergeInto, responses((status = 200, body = SkillDetail, description = "The skill that stays")), security(("bearer" = [])))]
#[post("/v1/skills/{slug}/merge")]
async fn merge_skill(slug: Path<Named>, ask: Ask<MergeInto>, skills: Data<Skills>) -> Result<HttpResponse> {
    Ok(answer::ok(skills.merge(ask.call, slug.0.0, ask.body).await?))
}

/// Mounts the room.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_skills)
        .service(show_skill)
        .service(create_skill)
        .service(change_skill)
        .service(delete_skill)
        .service(set_skill_substitutes)
        .service(merge_skill);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_framework_leaves_encoded_is_decoded() {
        for (sent, meant) in [("c%2B%2B", "c++"), ("bash%2fshell", "bash/shell"), ("100%25", "100%"), ("%252B", "%2B"), ("go", "go")] {
            assert_eq!(sent.parse::<Named>().map(|named| named.0), Ok(meant.to_owned()));
        }
    }
}
