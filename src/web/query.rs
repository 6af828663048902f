//! Query parameters: checked against the document like bodies; an unknown or repeated one is refused.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use unicode_normalization::UnicodeNormalization as _;
use utoipa::IntoParams;

use crate::kernel::error::{Code, Error, Result};
use crate::kernel::schema;
use crate::kernel::text::is_storable;

/// Parsed query parameters.
pub struct Query<T>(pub T);

impl<T: IntoParams + DeserializeOwned + 'static> FromRequest for Query<T> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(pairs(request.query_string()).and_then(|pairs| schema::read_query(pairs)).map(Self))
    }
}

fn pairs(query: &str) -> Result<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let broken = value.contains('\u{fffd}') || name.contains('\u{fffd}') || !is_storable(&value);
        if broken {
            return Err(Error::new(Code::MalformedRequest, "The query holds bytes that are not UTF-8, or control characters."));
        }
        pairs.push((name.into_owned(), value.nfc().collect()));
    }
    Ok(pairs)
}
