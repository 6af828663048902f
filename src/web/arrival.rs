//! The body of a request, read before anything looks at it: bounded in size and time, so that nobody holds a connection by sending
//! slowly, whichever handler answers, and whether or not that reads bodies.

use std::future::ready;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpMessage as _;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::web::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};

/// So many times the limit is read and thrown away, so that the connection stays usable for the next request.
const DRAIN: usize = 16;

/// How large bodies may be and how long they may take; app data.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// Bytes, for everything else.
    pub plain: usize,
    /// Bytes, for `/v1/auth/`.
    pub auth: usize,
    /// From the first byte to the last.
    pub deadline: Duration,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { plain: 65_536, auth: 4096, deadline: Duration::from_secs(30) }
    }
}

impl BodyLimits {
    /// The most bytes for a path, without its escapes: `/v%31/auth/` is `/v1/auth/` to the router as well.
    pub fn bytes(&self, path: &str) -> usize {
        if path.starts_with("/v1/auth/") { self.auth } else { self.plain }
    }
}

/// Reads the body, and hands on what came: the bytes, or why they did not.
///
/// # Errors
/// None of its own.
pub async fn arrive(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let mut payload = request.take_payload();
    if matches!(payload, Payload::None) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let limits = request.app_data::<BodyLimits>().copied().unwrap_or_default();
    // A request that only asks to speak another protocol has no body, but the connection looks as if it had one without an end.
    let announced = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING].iter().any(|name| request.headers().contains_key(name));
    let arrived = if announced {
        let collected = tokio::time::timeout(limits.deadline, collect(&mut payload, limits.bytes(request.match_info().as_str())));
        collected.await.unwrap_or_else(|_| Err(PayloadError::Io(io::ErrorKind::TimedOut.into())))
    } else {
        Ok(Bytes::new())
    };
    let unread = !announced || arrived.is_err();
    request.set_payload(Payload::Stream { payload: Box::pin(stream::once(ready(arrived))) });
    let response = next.call(request).await?;
    if unread {
        // What is still to come would be read for as long as it comes, if nobody held it: so it is held until the answer is out,
        // and then the connection is closed.
        return Ok(response.map_body(|_, body| BoxBody::new(Holding { body: body.boxed(), _unread: payload })));
    }
    Ok(response.map_into_boxed_body())
}

async fn collect(payload: &mut Payload, limit: usize) -> Result<Bytes, PayloadError> {
    let mut bytes = BytesMut::new();
    let mut size = 0_usize;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk?;
        size = size.saturating_add(chunk.len());
        if size <= limit {
            bytes.extend_from_slice(&chunk);
        } else if size > limit.saturating_mul(DRAIN) {
            break;
        }
    }
    if size > limit { Err(PayloadError::Overflow) } else { Ok(bytes.freeze()) }
}

/// The body of an answer that holds what was not read of the request.
struct Holding {
    body: BoxBody,
    _unread: Payload,
}

impl MessageBody for Holding {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}
