//! Answers that went well.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::kernel::answer::Answer;
use crate::kernel::digest::sha256;
use crate::kernel::error::{Error, Result};

/// The room that an answer is first given, in bytes: a page of most lists, so that it seldom moves while it grows.
const FIRST_ROOM: usize = 8 * 1024;

/// 200 with an answer and its `ETag`.
pub fn ok(answer: Answer) -> HttpResponse {
    with_status(StatusCode::OK, answer)
}

/// 201 with an answer, its `ETag`, and where it is from now on: `collection` followed by the answer's `id` (or `slug`).
pub fn created(answer: Answer, collection: &str) -> HttpResponse {
    #[derive(serde::Deserialize)]
    struct WithId {
        #[serde(alias = "slug")]
        id: String,
    }
    let id = serde_json::from_str::<WithId>(&answer.body).ok();
    let mut response = with_status(StatusCode::CREATED, answer);
    let location = id.and_then(|thing| HeaderValue::from_str(&format!("{collection}/{}", thing.id.replace('#', "%23"))).ok());
    if let Some(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// 200 with a view that has no version.
///
/// # Errors
/// Only when the view cannot become JSON, which would be our fault.
pub fn json(view: &impl Serialize) -> Result<HttpResponse> {
    json_in(FIRST_ROOM, view)
}

/// The same, for an answer of about `room` bytes, so that it does not move while it grows.
///
/// # Errors
/// As [`json`].
pub fn json_in(room: usize, view: &impl Serialize) -> Result<HttpResponse> {
    let mut body = Vec::with_capacity(room);
    serde_json::to_writer(&mut body, view).map_err(Error::internal)?;
    Ok(HttpResponse::Ok().content_type("application/json").body(body))
}

/// 200 with a view as of `version`.
///
/// # Errors
/// Only when the view cannot become JSON, which would be our fault.
pub fn versioned(version: i64, view: &impl Serialize) -> Result<HttpResponse, Error> {
    Ok(ok(Answer::versioned(version, view)?))
}

/// 204.
pub fn nothing() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// 202 with a sentence for the person.
///
/// # Errors
/// Never.
pub fn accepted(message: &str) -> Result<HttpResponse> {
    Ok(with_status(StatusCode::ACCEPTED, Answer::plain(&Message { message: message.to_owned() })?))
}

/// 200 with a sentence for the person.
///
/// # Errors
/// Never.
pub fn message(message: &str) -> Result<HttpResponse> {
    json(&Message { message: message.to_owned() })
}

/// 201 with a view that is shown this once, and so is nowhere to be read again.
///
/// # Errors
/// Only when the view cannot become JSON, which would be our fault.
pub fn created_once(view: &impl Serialize) -> Result<HttpResponse> {
    Ok(with_status(StatusCode::CREATED, Answer::plain(view)?))
}

/// 200 with a text and a tag of its content, for one person's own cache; 304 where that has it already.
pub fn tagged(request: &HttpRequest, media_type: &str, body: String) -> HttpResponse {
    let tag = format!("\"{}\"", sha256(&body));
    let known = request.headers().get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let fresh = known.split(',').any(|each| matches!(each.trim().trim_start_matches("W/"), each if each == tag || each == "*"));
    let mut response = if fresh { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((header::ETAG, tag)).insert_header((header::CACHE_CONTROL, "private, no-cache"));
    if fresh { response.finish() } else { response.content_type(media_type).body(body) }
}

/// 202 with an answer made before.
pub fn accepted_answer(answer: Answer) -> HttpResponse {
    with_status(StatusCode::ACCEPTED, answer)
}

/// A sentence for the person who asked.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Sentence)]
pub struct Message {
    /// What happens next.
    pub message: String,
}

fn with_status(status: StatusCode, answer: Answer) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    response.content_type("application/json");
    if let Some(version) = answer.version {
        response.insert_header((header::ETAG, format!("\"{version}\"")));
    }
    response.body(answer.body)
}
