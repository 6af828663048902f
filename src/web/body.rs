//! The body of a request: strict JSON, checked against its schema.

use std::io::ErrorKind;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::kernel::error::{Code, Error, Result};
use crate::kernel::schema;
use crate::web::arrival::BodyLimits;
use crate::web::json;

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
    let bytes = bytes(request, payload).await?;
    check_media_type(request, bytes.is_empty())?;
    let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
    Ok((schema::read(json::parse(text)?)?, bytes))
}

/// The bytes that have arrived, in one piece (`src/web/arrival.rs`), or why they have not.
async fn bytes(request: &HttpRequest, mut payload: Payload) -> Result<Bytes> {
    let arrived = payload.next().await.unwrap_or_else(|| Ok(Bytes::new()));
    arrived.map_err(|error| {
        let limits = request.app_data::<BodyLimits>().copied().unwrap_or_default();
        match error {
            PayloadError::Overflow => {
                Error::new(Code::TooLarge, format!("The body may have at most {} bytes.", limits.bytes(request.path())))
            }
            PayloadError::Io(error) if error.kind() == ErrorKind::TimedOut => {
                let seconds = limits.deadline.as_secs();
                Error::new(Code::RequestTimeout, format!("The body did not arrive within {seconds} seconds. Send it again."))
            }
            _ => Error::new(Code::MalformedRequest, "The body could not be read to its end."),
        }
    })
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
