//! What an ID token says, if it is to be believed (OpenID Connect Core 1.0 §3.1.3.7): signed by a key of the provider with one of two
//! algorithms, by this issuer, for us, now, and in answer to this very sign-in.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde::Deserialize;
use serde_json::Value;

use crate::kernel::clock::Instant;
use crate::kernel::identity::Identity;

/// What providers sign with; nothing else is looked at, above all no `none` and no HMAC.
const ALLOWED: [Algorithm; 2] = [Algorithm::RS256, Algorithm::ES256];
/// The provider's clock may differ by so many seconds.
const LEEWAY: i64 = 10;
/// The longest token that is looked at, in bytes.
const LONGEST: usize = 16 * 1024;
/// The longest subject (OpenID Connect Core 1.0 §2).
const LONGEST_SUBJECT: usize = 255;
/// The shortest modulus of an RSA key in Base64: 2048 bits (RFC 7518 §3.3).
const SHORTEST_MODULUS: usize = 342;

/// What a token must say.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Who signs.
    pub issuer: &'a str,
    /// For whom: what the provider calls us.
    pub client_id: &'a str,
    /// In answer to which sign-in.
    pub nonce: &'a str,
}

/// Why a token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Disbelief {
    /// It may be signed by a key that the provider has made since its keys were read.
    #[error("it is signed by no key of the provider")]
    Key,
    /// It is of no use whatever the keys are.
    #[error("it {0}")]
    Content(&'static str),
}

use Disbelief::Content;

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    nonce: Option<String>,
    azp: Option<String>,
    aud: Value,
    email: Option<String>,
    email_verified: Option<Value>,
}

/// Who the token is about.
///
/// # Errors
/// When it is not to be believed.
pub fn read(token: &str, keys: &[Jwk], expected: Expected<'_>, now: Instant) -> Result<Identity, Disbelief> {
    let header = Some(token).filter(|token| token.len() <= LONGEST).and_then(|token| jsonwebtoken::decode_header(token).ok());
    let header = header.ok_or(Content("is no signed token"))?;
    if !ALLOWED.contains(&header.alg) || header.crit.is_some() {
        return Err(Content("is signed in a way that is not allowed"));
    }
    let key = fitting(keys, &header).and_then(|key| DecodingKey::from_jwk(key).ok()).ok_or(Disbelief::Key)?;
    let decoded = jsonwebtoken::decode::<Claims>(token, &key, &validation(header.alg, expected));
    let claims = decoded.map_err(|error| disbelief(error.kind()))?.claims;
    check(&claims, expected, now)?;
    let email = claims.email.filter(|_| claims.email_verified == Some(Value::Bool(true)));
    Ok(Identity { issuer: expected.issuer.to_owned(), subject: claims.sub, email: email.and_then(|email| email.parse().ok()) })
}

/// The one key that the header can mean.
fn fitting<'a>(keys: &'a [Jwk], header: &Header) -> Option<&'a Jwk> {
    let signs = |key: &&Jwk| key.common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
    let with = |key: &&Jwk| key.common.key_algorithm.is_none_or(|algorithm| algorithm == KeyAlgorithm::from(header.alg));
    let kind = |key: &&Jwk| match &key.algorithm {
        AlgorithmParameters::RSA(key) => header.alg == Algorithm::RS256 && key.n.len() >= SHORTEST_MODULUS,
        AlgorithmParameters::EllipticCurve(key) => header.alg == Algorithm::ES256 && key.curve == EllipticCurve::P256,
        _ => false,
    };
    let named = |key: &&Jwk| header.kid.is_none() || key.common.key_id == header.kid;
    let mut fitting = keys.iter().filter(|key| signs(key) && with(key) && kind(key) && named(key));
    let only = fitting.next()?;
    fitting.next().is_none().then_some(only)
}

/// Times are checked against our own clock; the library checks signature, algorithm, issuer, audience and presence.
fn validation(algorithm: Algorithm, expected: Expected<'_>) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.leeway = 0;
    validation.validate_exp = false;
    validation.set_audience(&[expected.client_id]);
    validation.set_issuer(&[expected.issuer]);
    validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    validation
}

fn disbelief(kind: &ErrorKind) -> Disbelief {
    match kind {
        ErrorKind::InvalidSignature => Disbelief::Key,
        ErrorKind::InvalidIssuer => Content("is of another issuer"),
        ErrorKind::InvalidAudience => Content("is for somebody else"),
        _ => Content("cannot be read"),
    }
}

fn check(claims: &Claims, expected: Expected<'_>, now: Instant) -> Result<(), Disbelief> {
    let seconds = now.utc().timestamp();
    let several = claims.aud.as_array().is_some_and(|all| all.len() > 1);
    let party = claims.azp.as_deref().map_or(!several, |party| party == expected.client_id);
    let began = claims.nbf.unwrap_or(claims.iat).max(claims.iat);
    let faults = [
        (claims.nonce.as_deref() != Some(expected.nonce), "is an answer to another sign-in"),
        (!party, "was made for another party"),
        (seconds >= claims.exp.saturating_add(LEEWAY), "has run out"),
        (began > seconds.saturating_add(LEEWAY), "is from the future"),
        (!(1..=LONGEST_SUBJECT).contains(&claims.sub.len()), "names nobody"),
    ];
    faults.into_iter().find(|(is_wrong, _)| *is_wrong).map_or(Ok(()), |(_, wrong)| Err(Content(wrong)))
}
