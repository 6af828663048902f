//! The body of a request: bounded in size and time, strict JSON, checked against its schema.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::kernel::error::{Code, Error, Result};
use crate::kernel::schema;
use crate::web::json;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);
/// So many times the limit is read and thrown away, so that the connection stays usable for the next request.
const DRAIN: usize = 16;

/// Sizes of bodies, in bytes; app data.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// For everything else.
    pub plain: usize,
    /// For `/v1/auth/`.
    pub auth: usize,
}

/// A JSON body that has passed its schema.
pub struct Body<T>(pub T);

impl<T: ToSchema + DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { Ok(Self(read(&request, payload).await?.0)) })
    }
}

/// Reads a body and parses it; the raw bytes come along for their fingerprint. No body at all is `{}`.
///
/// # Errors
/// 400, 408, 413, 415 or 422, each with what to do.
pub async fn read<T: ToSchema + DeserializeOwned + 'static>(request: &HttpRequest, payload: Payload) -> Result<(T, Bytes)> {
    let limits = request.app_data::<BodyLimits>().copied().unwrap_or(BodyLimits { plain: 65_536, auth: 4096 });
    let limit = if request.path().starts_with("/v1/auth/") { limits.auth } else { limits.plain };
    let collected = tokio::time::timeout(PATIENCE, collect(payload, limit)).await;
    let bytes = collected.map_err(|_| Error::new(Code::RequestTimeout, "The body did not arrive within 30 seconds. Send it again."))??;
    check_media_type(request, bytes.is_empty())?;
    let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
    Ok((schema::read(json::parse(text)?)?, bytes))
}

async fn collect(mut payload: Payload, limit: usize) -> Result<Bytes> {
    let mut bytes = BytesMut::new();
    let mut size = 0_usize;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Error::new(Code::MalformedRequest, "The body could not be read to its end."))?;
        size = size.saturating_add(chunk.len());
        if size <= limit {
            bytes.extend_from_slice(&chunk);
        } else if size > limit.saturating_mul(DRAIN) {
            break;
        }
    }
    if size > limit {
        return Err(Error::new(Code::TooLarge, format!("The body may have at most {limit} bytes.")));
    }
    Ok(bytes.freeze())
}

fn check_media_type(request: &HttpRequest, empty: bool) -> Result<()> {
    let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or_default().to_ascii_lowercase());
    let encoding = header(header::CONTENT_ENCODING).unwrap_or_else(|| "identity".to_owned());
    if encoding != "identity" {
        return Err(Error::new(Code::UnsupportedMediaType, "Send the body without Content-Encoding."));
    }
    let media_type = header(header::CONTENT_TYPE).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let json = matches!(essence, "application/json" | "application/merge-patch+json") || (empty && essence.is_empty());
    if json { Ok(()) } else { Err(Error::new(Code::UnsupportedMediaType, "Send the body as application/json.")) }
}
