//! What happens around every request: its id, its limits, its span and metrics, its headers; and an answer even when a handler panics.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage as _, ResponseError as _};
use futures_util::FutureExt as _;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::db::patience;
use crate::kernel::error::{Code, Error};
use crate::kernel::request::{answering, on_behalf};
#[cfg(feature = "otel")]
use crate::telemetry::traces;
use crate::web::address::TrustedProxies;
use crate::web::limits::{AddressLimits, Left};
use crate::web::problem::secure;
use crate::web::trace::Trace;

const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Marks a request whose answer goes without its body; in the request's extensions.
#[derive(Debug, Clone, Copy)]
pub struct HeadersOnly;

/// The address that a request is counted for; in the request's extensions.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(pub std::net::IpAddr);

impl std::ops::Deref for ClientAddress {
    type Target = std::net::IpAddr;
    fn deref(&self) -> &std::net::IpAddr {
        &self.0
    }
}

/// Outermost: gives the request its id, opens its span, counts and times it.
///
/// # Errors
/// None of its own.
pub async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let id = request_id(&request);
    let method = word(request.method());
    let trace = Trace::of(request.headers());
    #[cfg(feature = "otel")]
    let exported = traces::request(&id, trace.position());
    let Trace { trace_id, span_id, parent_id, .. } = trace;
    let span = tracing::info_span!("request", request_id = %id, method, trace_id, span_id, parent_id);
    let started = Instant::now();
    let scoped = answering(id.clone(), patience::of_a_request(guarded(request, next)));
    let answered = scoped.instrument(span.clone()).await;
    let (route, status) = match &answered {
        Ok(response) => (response.request().match_pattern().unwrap_or_else(|| "none".to_owned()), response.status()),
        Err(error) => ("none".to_owned(), error.as_response_error().status_code()),
    };
    let (status, elapsed) = (status.as_u16(), started.elapsed());
    let labels = [("route", route.clone()), ("method", method.to_owned()), ("status", status.to_string())];
    metrics::histogram!("guildhall_http_request_seconds", &labels).record(elapsed.as_secs_f64());
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    span.in_scope(|| tracing::info!(%route, status, micros, "answered"));
    #[cfg(feature = "otel")]
    traces::answered(&exported, method, &route, status);
    let mut response = answered.map_err(|error| {
        // Made here, where the request's id is known: there is no request left to answer.
        let response = on_behalf(Some(id.clone()), || error.error_response());
        InternalError::from_response("answered", response)
    })?;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID_HEADER, value);
    }
    secure(response.headers_mut());
    Ok(response)
}

/// The method as logs and metrics name it. What a client makes up is one word to them all: each new one would be a series of its own.
fn word(method: &Method) -> &'static str {
    const WORDS: [(Method, &str); 7] = [
        (Method::GET, "GET"),
        (Method::HEAD, "HEAD"),
        (Method::POST, "POST"),
        (Method::PUT, "PUT"),
        (Method::PATCH, "PATCH"),
        (Method::DELETE, "DELETE"),
        (Method::OPTIONS, "OPTIONS"),
    ];
    WORDS.iter().find(|(known, _)| known == method).map_or("other", |(_, word)| word)
}

/// A panic becomes a 500 and a counter; an error that the framework made becomes a problem answer like all others.
async fn guarded(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    // HEAD is GET without the body, which the protocol layer leaves out by itself.
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
        request.extensions_mut().insert(HeadersOnly);
    }
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(Ok(response)) => Ok(as_problem(response.map_into_boxed_body())),
        Ok(Err(error)) => Err(error),
        Err(_) => {
            metrics::counter!("guildhall_panics_total").increment(1);
            Err(Error::internal("a handler panicked").into())
        }
    }
}

fn as_problem(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let status = response.status();
    let typed = response.headers().get(header::CONTENT_TYPE).is_some();
    if typed || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let error = match status.as_u16() {
        404 => Error::not_found(),
        405 => Error::new(Code::MethodNotAllowed, "This path does not know that method; Allow lists those it knows."),
        413 => Error::new(Code::TooLarge, "The request is too large."),
        400..=499 => Error::new(Code::MalformedRequest, "The request cannot be read."),
        _ => Error::internal(format!("the framework answered {status}")),
    };
    response.into_response(error.error_response())
}

/// Counts the request for its address.
///
/// # Errors
/// 429 with `Retry-After`.
pub async fn limit(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let peer = request.peer_addr().map(|peer| peer.ip());
    let address = request.app_data::<TrustedProxies>().cloned().unwrap_or_default().client(peer, request.headers());
    request.extensions_mut().insert(ClientAddress(address));
    let Some(limits) = request.app_data::<Data<AddressLimits>>().cloned() else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    match limits.take(address) {
        Ok(left) => {
            let mut response = next.call(request).await?.map_into_boxed_body();
            if let Some(left) = left {
                limits.describe(left, response.headers_mut());
            }
            Ok(response)
        }
        Err(error) => {
            let mut response = error.error_response();
            limits.describe(Left::NONE, response.headers_mut());
            Ok(request.into_response(response))
        }
    }
}

/// The client's own id where it is harmless, otherwise a new one.
fn request_id(request: &ServiceRequest) -> String {
    let given = request.headers().get(REQUEST_ID_HEADER).and_then(|value| value.to_str().ok());
    let harmless =
        |id: &&str| (1..=64).contains(&id.len()) && id.bytes().all(|each| each.is_ascii_alphanumeric() || b"-_.".contains(&each));
    given.filter(harmless).map_or_else(|| Uuid::now_v7().to_string(), ToOwned::to_owned)
}
