//! Problem details (RFC 9457): the only file that knows status codes of errors.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Map, Value, json};

use crate::kernel::error::{Code, Error, Fault};
use crate::kernel::request;

/// Status and title of every problem.
pub fn status(code: Code) -> (StatusCode, &'static str) {
    match code {
        Code::MalformedRequest => (StatusCode::BAD_REQUEST, "The request cannot be read"),
        Code::NotSignedIn => (StatusCode::UNAUTHORIZED, "Not signed in"),
        Code::NotAllowed => (StatusCode::FORBIDDEN, "Not allowed"),
        Code::SecondFactorRequired => (StatusCode::UNAUTHORIZED, "A second factor is needed"),
        Code::SecondFactorWrong => (StatusCode::UNAUTHORIZED, "The second factor is wrong"),
        Code::SecondFactorNotEnrolled => (StatusCode::FORBIDDEN, "A second factor must be set up"),
        Code::SignInTooOld => (StatusCode::FORBIDDEN, "The sign-in is too long ago"),
        Code::AddressNotVerified => (StatusCode::FORBIDDEN, "The e-mail address is not verified"),
        Code::NotFound => (StatusCode::NOT_FOUND, "Not found"),
        Code::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
        Code::InvalidTransition => (StatusCode::CONFLICT, "Not possible in this state"),
        Code::Conflict => (StatusCode::CONFLICT, "In conflict with something else"),
        Code::StaleVersion => (StatusCode::PRECONDITION_FAILED, "Changed since you read it"),
        Code::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Too large"),
        Code::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Media type not understood"),
        Code::ValidationFailed => (StatusCode::UNPROCESSABLE_ENTITY, "Not acceptable as it is"),
        Code::KeyReused => (StatusCode::UNPROCESSABLE_ENTITY, "Idempotency-Key used for another request"),
        Code::AccountExists => (StatusCode::CONFLICT, "The address has an account"),
        Code::RegistrationRequired => (StatusCode::CONFLICT, "There is no account yet"),
        Code::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
        Code::RequestTimeout => (StatusCode::REQUEST_TIMEOUT, "The request took too long to arrive"),
        Code::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Not available right now"),
        Code::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong on our side"),
    }
}

/// A problem answer, as the OpenAPI document shows it.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// Names the kind of problem: `/problems/` and a stable word.
    #[serde(rename = "type")]
    #[schema(examples("/problems/validation-failed"))]
    pub kind: String,
    /// The kind of problem in words.
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What happened and what to do about it.
    pub detail: String,
    /// Names this request in our log.
    pub request_id: String,
    /// Every fault of the input.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<Fault>,
    /// Such as `state` and `allowed_actions`.
    #[serde(flatten)]
    #[schema(ignore)]
    pub extra: Map<String, Value>,
}

impl Problem {
    /// What whoever asked is told of `error`.
    pub fn of(error: &Error, request_id: String) -> Self {
        let (status, title) = status(error.code);
        Self {
            kind: format!("/problems/{}", error.code),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: error.detail.clone(),
            request_id,
            errors: error.faults.clone(),
            extra: error.extra.clone(),
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        status(self.code).0
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let request_id = request::current().unwrap_or_default();
        if status.is_server_error() && !self.expected {
            metrics::counter!("guildhall_server_errors_total", "code" => self.code.to_string()).increment(1);
            tracing::error!(%request_id, code = %self.code, cause = self.cause.as_deref().unwrap_or_default(), "a request failed");
        }
        let problem = Problem::of(self, request_id.clone());
        let mut response = HttpResponse::build(status).content_type("application/problem+json").body(json!(problem).to_string());
        let headers = response.headers_mut();
        secure(headers);
        if let Ok(value) = HeaderValue::from_str(&request_id) {
            headers.insert(HeaderName::from_static("x-request-id"), value);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Headers of every answer (OWASP ASVS 5.0 §3.4); a handler that set one of them keeps its own.
pub fn secure(headers: &mut HeaderMap) {
    const HEADERS: [(HeaderName, &str); 5] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains"),
    ];
    for (name, value) in HEADERS {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}
