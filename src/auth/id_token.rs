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

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jsonwebtoken::EncodingKey;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;
    const EXPECTED: Expected<'static> = Expected { issuer: "https://id.example", client_id: "the-house", nonce: "a nonce" };

    fn private() -> EncodingKey {
        let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &ring::rand::SystemRandom::new()).expect("a key");
        EncodingKey::from_ec_der(pair.as_ref())
    }

    /// What the provider publishes of a key.
    fn public(private: &EncodingKey) -> Vec<Jwk> {
        let mut public = Jwk::from_encoding_key(private, Algorithm::ES256).expect("a public key");
        public.common.key_id = Some("one".to_owned());
        vec![public]
    }

    fn header(algorithm: Algorithm, kid: Option<&str>) -> Header {
        Header { kid: kid.map(ToOwned::to_owned), ..Header::new(algorithm) }
    }

    /// `base` with some members replaced.
    fn changed(base: &Value, changes: &Value) -> Value {
        let mut all = base.clone();
        for (name, value) in changes.as_object().expect("an object") {
            all[name] = value.clone();
        }
        all
    }

    fn claims(changes: &Value) -> Value {
        let good = json!({
            "iss": "https://id.example", "aud": "the-house", "sub": "jo-1", "iat": NOW, "exp": NOW + 300, "nonce": "a nonce",
            "email": "jo@example.com", "email_verified": true,
        });
        changed(&good, changes)
    }

    fn signed(header: &Header, changes: &Value, key: &EncodingKey) -> String {
        jsonwebtoken::encode(header, &claims(changes), key).expect("a token")
    }

    /// Issuer, subject and address of whom it is about.
    fn believed(token: &str, keys: &[Jwk]) -> Result<(String, String, Option<String>), Disbelief> {
        let identity = read(token, keys, EXPECTED, Instant::from_micros(NOW * 1_000_000))?;
        Ok((identity.issuer, identity.subject, identity.email.map(|email| email.to_string())))
    }

    #[test]
    fn what_is_said_for_us_and_now_is_believed() {
        let (key, longest) = (private(), "s".repeat(255));
        let (header, keys) = (header(Algorithm::ES256, Some("one")), public(&key));
        for (changes, subject, email) in [
            (json!({}), "jo-1", Some("jo@example.com")),
            (json!({ "exp": NOW - 9 }), "jo-1", Some("jo@example.com")),
            (json!({ "iat": NOW + 10 }), "jo-1", Some("jo@example.com")),
            (json!({ "nbf": NOW + 10 }), "jo-1", Some("jo@example.com")),
            (json!({ "azp": "the-house" }), "jo-1", Some("jo@example.com")),
            (json!({ "aud": ["the-house"] }), "jo-1", Some("jo@example.com")),
            (json!({ "aud": ["another", "the-house"], "azp": "the-house" }), "jo-1", Some("jo@example.com")),
            (json!({ "sub": longest }), longest.as_str(), Some("jo@example.com")),
            (json!({ "email_verified": false }), "jo-1", None),
            (json!({ "email_verified": "true" }), "jo-1", None),
            (json!({ "email_verified": null }), "jo-1", None),
            (json!({ "email": "no address" }), "jo-1", None),
            (json!({ "email": null }), "jo-1", None),
        ] {
            let expected = ("https://id.example".to_owned(), subject.to_owned(), email.map(ToOwned::to_owned));
            assert_eq!(believed(&signed(&header, &changes, &key), &keys), Ok(expected), "{changes}");
        }
    }

    #[test]
    fn what_is_said_to_others_or_at_another_time_is_not_believed() {
        let key = private();
        let (header, keys) = (header(Algorithm::ES256, Some("one")), public(&key));
        for (changes, wrong) in [
            (json!({ "nonce": "another nonce" }), "is an answer to another sign-in"),
            (json!({ "nonce": null }), "is an answer to another sign-in"),
            (json!({ "azp": "another" }), "was made for another party"),
            (json!({ "aud": ["the-house", "another"], "azp": "another" }), "was made for another party"),
            (json!({ "aud": ["the-house", "another"] }), "was made for another party"),
            (json!({ "exp": NOW - 10 }), "has run out"),
            (json!({ "iat": NOW + 11 }), "is from the future"),
            (json!({ "nbf": NOW + 11 }), "is from the future"),
            (json!({ "iat": NOW + 11, "nbf": NOW }), "is from the future"),
            (json!({ "sub": "" }), "names nobody"),
            (json!({ "sub": "s".repeat(256) }), "names nobody"),
            (json!({ "iss": "https://another.example" }), "is of another issuer"),
            (json!({ "aud": "another" }), "is for somebody else"),
            (json!({ "aud": ["another"] }), "is for somebody else"),
            (json!({ "aud": null }), "cannot be read"),
            (json!({ "exp": null }), "cannot be read"),
            (json!({ "iss": null }), "cannot be read"),
            (json!({ "sub": null }), "cannot be read"),
        ] {
            assert_eq!(believed(&signed(&header, &changes, &key), &keys), Err(Content(wrong)), "{changes}");
        }
    }

    #[test]
    fn what_the_provider_has_not_signed_is_not_believed() {
        let (key, forger) = (private(), private());
        let (good, keys) = (header(Algorithm::ES256, Some("one")), public(&key));
        // Only this one is worth a look at newer keys.
        assert_eq!(believed(&signed(&good, &json!({}), &forger), &keys), Err(Disbelief::Key));
        assert_eq!(believed(&signed(&good, &json!({}), &key), &[]), Err(Disbelief::Key));
        let not_allowed = Err(Content("is signed in a way that is not allowed"));
        let secret = EncodingKey::from_secret(b"what everybody knows");
        assert_eq!(believed(&signed(&header(Algorithm::HS256, Some("one")), &json!({}), &secret), &keys), not_allowed);
        let critical = Header { crit: Some(vec!["exp".to_owned()]), ..good.clone() };
        assert_eq!(believed(&signed(&critical, &json!({}), &key), &keys), not_allowed);
        assert_eq!(believed("nonsense", &keys), Err(Content("is no signed token")));
        // The longest is looked at, one byte more is not.
        let head = URL_SAFE_NO_PAD.encode(json!(good).to_string());
        let long = |bytes: usize| format!("{head}.{}.", "A".repeat(bytes - head.len() - 2));
        assert_eq!(believed(&long(16_384), &keys), Err(Disbelief::Key));
        assert_eq!(believed(&long(16_385), &keys), Err(Content("is no signed token")));
    }

    fn jwk(base: &Value, changes: &Value) -> Jwk {
        serde_json::from_value(changed(base, changes)).expect("a key")
    }

    #[test]
    fn a_key_must_fit_in_every_respect() {
        let ec = json!({ "kty": "EC", "crv": "P-256", "x": "x", "y": "y", "use": "sig", "alg": "ES256", "kid": "one" });
        let rsa = json!({ "kty": "RSA", "n": "n".repeat(342), "e": "AQAB", "use": "sig", "alg": "RS256", "kid": "one" });
        let oct = json!({ "kty": "oct", "k": "k", "kid": "one" });
        for (algorithm, base, changes, fits) in [
            (Algorithm::ES256, &ec, json!({}), true),
            (Algorithm::ES256, &ec, json!({ "use": null, "alg": null }), true),
            (Algorithm::ES256, &ec, json!({ "use": "enc" }), false),
            (Algorithm::ES256, &ec, json!({ "alg": "ES384" }), false),
            (Algorithm::ES256, &ec, json!({ "crv": "P-384" }), false),
            (Algorithm::ES256, &ec, json!({ "kid": "two" }), false),
            (Algorithm::ES256, &ec, json!({ "kid": null }), false),
            (Algorithm::RS256, &ec, json!({ "alg": null }), false),
            (Algorithm::RS256, &rsa, json!({}), true),
            (Algorithm::RS256, &rsa, json!({ "n": "n".repeat(341) }), false),
            (Algorithm::ES256, &rsa, json!({ "alg": null }), false),
            (Algorithm::ES256, &oct, json!({}), false),
        ] {
            let keys = [jwk(base, &changes)];
            let found = fitting(&keys, &header(algorithm, Some("one")));
            assert_eq!(found.is_some(), fits, "{algorithm:?} with {base} and {changes}");
        }
    }

    #[test]
    fn a_header_must_mean_one_key() {
        let base = json!({ "kty": "EC", "crv": "P-256", "x": "x", "y": "y" });
        let [one, two] = ["one", "two"].map(|kid| jwk(&base, &json!({ "kid": kid })));
        for (keys, kid, found) in [
            (vec![one.clone(), two.clone()], Some("two"), Some(&two)),
            (vec![one.clone(), two.clone()], Some("three"), None),
            (vec![one.clone(), two.clone()], None, None),
            (vec![one.clone(), one.clone()], Some("one"), None),
            (vec![one.clone()], None, Some(&one)),
        ] {
            assert_eq!(fitting(&keys, &header(Algorithm::ES256, kid)), found, "{kid:?}");
        }
    }
}
