//! Who asks: the bearer token, checked against the session as it is now; and with it the conditions of the request.

use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use crate::auth::gate::{Gate, KEY_PREFIX};
use crate::kernel::answer::{Call, Expected, Once};
use crate::kernel::error::{Code, Error, Result};
use crate::kernel::principal::Principal;
use crate::web::body;
use crate::web::rights;

/// A header that a change may carry.
pub struct Condition {
    /// Its name.
    pub name: &'static str,
    /// The most characters of its value.
    pub longest: usize,
    /// What the value is like, as a regular expression.
    pub pattern: &'static str,
    /// The same of each byte.
    fits: fn(u8) -> bool,
}

/// The version that is to be changed; HTTP knows lists of them.
pub const IF_MATCH: Condition =
    Condition { name: "If-Match", longest: 64, pattern: "^[!-~]([ -~]*[!-~])?$", fits: |byte| byte == b' ' || byte.is_ascii_graphic() };
/// The name of a request, for its repeats.
pub const IDEMPOTENCY_KEY: Condition =
    Condition { name: "Idempotency-Key", longest: 255, pattern: "^[!-~]*$", fits: |byte| byte.is_ascii_graphic() };

/// A signed-in person.
pub struct Signed(pub Principal);

/// A signed-in person, or nobody: for what everybody may read and some may read more of. A token that is no longer good is refused.
pub struct MaybeSigned(pub Option<Principal>);

/// A signed-in person who changes something: the body, and the conditions from the headers.
pub struct Ask<T> {
    /// Who, and under which conditions.
    pub call: Call,
    /// What.
    pub body: T,
}

/// A signed-in person, who may also be an admin who has yet to set up a second factor: for that, and for leaving. Its answers
/// carry secrets, so none is kept for a repeat under an `Idempotency-Key`.
pub struct Enrolling<T = Nothing> {
    /// Who.
    pub principal: Principal,
    /// What.
    pub body: T,
}

/// A body without members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

impl FromRequest for Signed {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(Self(principal(&request).await?)) })
    }
}

impl FromRequest for MaybeSigned {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let anonymous = !request.headers().contains_key(header::AUTHORIZATION);
            Ok(Self(if anonymous { None } else { Some(principal(&request).await?) }))
        })
    }
}

impl<T: ToSchema + DeserializeOwned + 'static> FromRequest for Ask<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    /// The person first: who is not signed in learns nothing about the body.
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let principal = principal(&request).await?;
            let expected = expected(request.headers())?;
            let key = idempotency_key(request.headers())?;
            let (body, bytes) = body::read(&request, payload).await?;
            let once = key.map(|key| Once {
                user: principal.user,
                route: format!("{} {}", request.method(), request.path()),
                key,
                fingerprint: fingerprint(request.query_string(), &bytes),
            });
            Ok(Self { call: Call { principal, once, expected }, body })
        })
    }
}

impl<T: ToSchema + DeserializeOwned + 'static> FromRequest for Enrolling<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            if token(&request)?.starts_with(KEY_PREFIX) {
                // Whose it is, for whoever writes the refusal down.
                known(&request).await?;
                return Err(rights::only_a_person());
            }
            let principal = admit(&request, gate(&request)?.enrolling(token(&request)?).await?)?;
            Ok(Self { principal, body: body::read(&request, payload).await?.0 })
        })
    }
}

/// The person, whose role the matrix of rights lets in.
async fn principal(request: &HttpRequest) -> Result<Principal> {
    let principal = known(request).await?;
    admit(request, principal)
}

/// Whoever the token is of; an API key opens what its scopes say.
async fn known(request: &HttpRequest) -> Result<Principal> {
    let (gate, token) = (gate(request)?, token(request)?);
    if !token.starts_with(KEY_PREFIX) {
        return gate.principal(token).await;
    }
    let (principal, scopes) = gate.key(token).await?;
    note(request, &principal);
    rights::admit_key(request, &scopes)?;
    Ok(principal)
}

/// Whether whoever asked is signed in still: for an answer that lasts.
pub async fn still_signed(request: &HttpRequest) -> bool {
    known(request).await.is_ok()
}

/// Notes who asks, and refuses whom the matrix does; also conditions that are none, wherever a change may carry them.
fn admit(request: &HttpRequest, principal: Principal) -> Result<Principal> {
    note(request, &principal);
    rights::admit(request, &principal)?;
    if !request.method().is_safe() {
        [IF_MATCH, IDEMPOTENCY_KEY].iter().try_for_each(|condition| condition.of(request.headers()).map(drop))?;
    }
    Ok(principal)
}

/// Notes who asks, before anything is refused, for whoever stands around the handler and wants to know who was answered.
fn note(request: &HttpRequest, principal: &Principal) {
    request.extensions_mut().insert(principal.clone());
}

fn gate(request: &HttpRequest) -> Result<Arc<dyn Gate>> {
    request.app_data::<Arc<dyn Gate>>().cloned().ok_or_else(|| Error::internal("no gate is mounted"))
}

fn token(request: &HttpRequest) -> Result<&str> {
    bearer(request.headers()).ok_or_else(Error::not_signed_in)
}

/// The token of exactly one `Authorization: Bearer …` header.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION);
    let value = values.next()?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    (values.next().is_none() && scheme.eq_ignore_ascii_case("bearer")).then_some(token)
}

/// `If-Match: "7"` means version 7; `*` means any.
fn expected(headers: &HeaderMap) -> Result<Expected> {
    let Some(text) = IF_MATCH.of(headers)? else { return Ok(Expected(None)) };
    if text == "*" {
        return Ok(Expected(None));
    }
    let version = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    // Any other strong or weak tag is one that we never gave: it cannot match.
    Ok(Expected(Some(version.and_then(|digits| digits.parse().ok()).unwrap_or(-1))))
}

/// What tells a repeat from another request: the body, and the query where there is one.
fn fingerprint(query: &str, body: &[u8]) -> String {
    let mut digest = Sha256::new();
    if !query.is_empty() {
        digest.update(query);
        digest.update(b"\n");
    }
    digest.update(body);
    URL_SAFE_NO_PAD.encode(digest.finalize())
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>> {
    Ok(IDEMPOTENCY_KEY.of(headers)?.map(ToOwned::to_owned))
}

impl Condition {
    /// Its value, if there is one.
    fn of<'a>(&self, headers: &'a HeaderMap) -> Result<Option<&'a str>> {
        let Self { name, longest, fits, .. } = self;
        let Some(value) = headers.get(*name) else { return Ok(None) };
        let text = value.to_str().unwrap_or_default();
        if (1..=*longest).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Some(text))
        } else {
            Err(Error::new(Code::MalformedRequest, format!("{name} must be 1 to {longest} visible ASCII characters.")))
        }
    }
}
