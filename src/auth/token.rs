//! Tokens. Access: a JWT that lives minutes. Refresh tokens and the codes in mails: derived from a row's id with a keyed
//! hash (HMAC-SHA256 under the house's secret), so that the database never holds anything that opens a door, not even a hash of it,
//! and a refresh that is asked for twice at once has one and the same answer.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{MailTokenId, ProviderSignInId, SessionId, UserId};

/// Who made a token, and for whom: both are us.
const ISSUER: &str = "guildhall";
/// Tokens of other kinds are not access tokens (RFC 9068 §2.1).
const TYPE: &str = "at+jwt";
/// Clocks of two nodes may differ by so many seconds.
const LEEWAY: i64 = 5;
/// The longest token that is looked at, in bytes.
const LONGEST: usize = 2048;

/// What an access token says; every claim is required.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The person.
    pub sub: UserId,
    /// The session.
    pub sid: SessionId,
    /// Issuer.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// Seconds since 1970.
    pub iat: i64,
    /// Seconds since 1970.
    pub exp: i64,
    /// Seconds since 1970; absent in ours, respected where present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
}

struct Key {
    id: String,
    decoding: DecodingKey,
    secret: SecretString,
}

/// What a sign-in at a provider of identities takes there and back, all of it derived from its id.
pub struct RoundTrip {
    /// Goes there and comes back with the browser: `<id>.<HMAC-SHA256>`.
    pub state: String,
    /// Goes there and comes back in the ID token.
    pub nonce: String,
    /// What the code is good with (RFC 7636): only its hash goes along with the browser.
    pub verifier: SecretString,
    /// Stays in the browser that began.
    browser_token: String,
}

impl RoundTrip {
    /// What the browser that begins keeps to itself.
    pub fn browser_token(&self) -> &str {
        &self.browser_token
    }

    /// Whether it is the browser that began.
    pub fn is_of(&self, browser_token: &SecretString) -> bool {
        self.browser_token.as_bytes().ct_eq(browser_token.expose_secret().as_bytes()).into()
    }
}

/// Signs and verifies tokens with one algorithm and one or, while keys are rotated, several keys.
pub struct Tokens {
    keys: Vec<Key>,
    signing: EncodingKey,
    lifetime: i64,
}

impl Tokens {
    /// `secret` signs; `previous` still verify. `minutes` is an access token's life.
    ///
    /// # Errors
    /// When a secret has fewer than 32 bytes, or signing does not work in this build.
    pub fn new(secret: &SecretString, previous: &[SecretString], minutes: i64) -> Result<Self> {
        let all = std::iter::once(secret).chain(previous);
        let keys: Vec<Key> = all.map(Key::new).collect::<Result<_>>()?;
        let (signing, lifetime) = (EncodingKey::from_secret(secret.expose_secret().as_bytes()), minutes.saturating_mul(60));
        let tokens = Self { keys, signing, lifetime };
        tokens.probe()?;
        Ok(tokens)
    }

    /// An access token for a session, and its life in seconds.
    ///
    /// # Errors
    /// Only when signing is broken.
    pub fn access(&self, user: UserId, session: SessionId, now: Instant) -> Result<(String, i64)> {
        let iat = now.utc().timestamp();
        let exp = iat.saturating_add(self.lifetime);
        let claims = Claims { sub: user, sid: session, iss: ISSUER.into(), aud: ISSUER.into(), iat, exp, nbf: None };
        let kid = self.keys.first().map(|key| key.id.clone());
        let header = Header { kid, typ: Some(TYPE.into()), ..Header::new(Algorithm::HS256) };
        let token = jsonwebtoken::encode(&header, &claims, &self.signing).map_err(Error::internal)?;
        Ok((token, self.lifetime))
    }

    /// What a token says, if it is an access token of ours that is good at `now`.
    ///
    /// # Errors
    /// 401 whatever is wrong with it.
    pub fn claims(&self, token: &str, now: Instant) -> Result<Claims> {
        self.read(token, now).ok_or_else(Error::not_signed_in)
    }

    fn read(&self, token: &str, now: Instant) -> Option<Claims> {
        let header = Some(token).filter(|token| token.len() <= LONGEST).and_then(|token| jsonwebtoken::decode_header(token).ok())?;
        let key = self.keys.iter().find(|key| Some(&key.id) == header.kid.as_ref())?;
        if header.typ.as_deref() != Some(TYPE) {
            return None;
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation()).ok()?.claims;
        let seconds = now.utc().timestamp();
        // Our own time is moved: what a token claims may be any number.
        let (earliest, latest) = (seconds.saturating_sub(LEEWAY), seconds.saturating_add(LEEWAY));
        let in_time = claims.exp > earliest && claims.iat <= latest && claims.nbf.is_none_or(|from| from <= latest);
        in_time.then_some(claims)
    }

    /// The code that a mail carries for the token row `id`: `<id>.<HMAC-SHA256>`.
    pub fn mail_code(&self, id: MailTokenId) -> String {
        self.sealed("mail", &id.to_string())
    }

    /// The row that a mail's code names, if we made the code.
    pub fn mail_token(&self, code: &str) -> Option<MailTokenId> {
        self.opened("mail", code)?.parse().ok()
    }

    /// The refresh token of a session's `generation`: `<session>.<generation>.<HMAC-SHA256>`.
    pub fn refresh(&self, session: SessionId, generation: i64) -> SecretString {
        self.sealed("refresh", &format!("{session}.{generation}")).into()
    }

    /// Session and generation of a refresh token, if we made it.
    pub fn refreshed(&self, token: &str) -> Option<(SessionId, i64)> {
        let (session, generation) = self.opened("refresh", token)?.split_once('.')?;
        Some((session.parse().ok()?, generation.parse().ok()?))
    }

    /// The code with which a person's mails of a kind are switched off without a sign-in: `<user>.<kind>.<HMAC-SHA256>`.
    pub fn unsubscribe(&self, user: &str, kind: &str) -> String {
        self.sealed("unsubscribe", &format!("{user}.{kind}"))
    }

    /// The person and the kind of mail that such a code names, if we made it.
    pub fn unsubscribed(&self, code: &str) -> Option<(UserId, String)> {
        let (user, kind) = self.opened("unsubscribe", code)?.split_once('.')?;
        Some((user.parse().ok()?, kind.to_owned()))
    }

    /// What the sign-in `id` takes to a provider of identities.
    ///
    /// # Errors
    /// Never: there is a key.
    pub fn round_trip(&self, id: ProviderSignInId) -> Result<RoundTrip> {
        self.keys.first().map(|key| key.round_trip(id)).ok_or_else(|| Error::internal("there is no key"))
    }

    /// The sign-in that came back with `state`, if we made it.
    pub fn came_back(&self, state: &str) -> Option<(ProviderSignInId, RoundTrip)> {
        let id: ProviderSignInId = state.split_once('.')?.0.parse().ok()?;
        let trips = self.keys.iter().map(|key| key.round_trip(id));
        let mut ours = trips.filter(|trip| trip.state.as_bytes().ct_eq(state.as_bytes()).into());
        Some((id, ours.next()?))
    }

    /// A name for `text` that only the house can make, and nobody undo.
    pub fn pseudonym(&self, text: &str) -> String {
        self.keys.first().map(|key| key.mac("pseudonym", text)).unwrap_or_default()
    }

    fn sealed(&self, purpose: &str, text: &str) -> String {
        let mac = self.keys.first().map(|key| key.mac(purpose, text)).unwrap_or_default();
        format!("{text}.{mac}")
    }

    fn opened<'a>(&self, purpose: &str, token: &'a str) -> Option<&'a str> {
        let (text, mac) = token.rsplit_once('.').filter(|_| token.len() <= LONGEST)?;
        let ours = self.keys.iter().any(|key| key.mac(purpose, text).as_bytes().ct_eq(mac.as_bytes()).into());
        ours.then_some(text)
    }

    /// The crypto provider is chosen by features of a dependency: prove at the start that it is there.
    fn probe(&self) -> Result<()> {
        let now = Instant::from_micros(1_800_000_000_000_000);
        let (user, session) = (UserId::from_u128(1), SessionId::from_u128(2));
        let (token, _) = self.access(user, session, now)?;
        self.claims(&token, now).map(|_| ())
    }
}

/// Expiry is checked against our own clock; the library checks signature, algorithm, issuer, audience and presence.
fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.leeway = 0;
    validation.validate_exp = false;
    validation.set_audience(&[ISSUER]);
    validation.set_issuer(&[ISSUER]);
    validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    validation
}

/// What a secret is called where its work must be told from another's: a prefix of its hash.
pub fn key_id(secret: &SecretString) -> String {
    let digest = Sha256::digest([b"kid:", secret.expose_secret().as_bytes()].concat());
    URL_SAFE_NO_PAD.encode(digest.get(..6).unwrap_or_default())
}

impl Key {
    fn new(secret: &SecretString) -> Result<Self> {
        let bytes = secret.expose_secret().as_bytes();
        if bytes.len() < crate::config::check::SECRET_BYTES {
            return Err(Error::internal("a signing secret must have at least 32 bytes"));
        }
        Ok(Self { id: key_id(secret), decoding: DecodingKey::from_secret(bytes), secret: secret.clone() })
    }

    fn round_trip(&self, id: ProviderSignInId) -> RoundTrip {
        let id = id.to_string();
        RoundTrip {
            state: format!("{id}.{}", self.mac("provider state", &id)),
            nonce: self.mac("provider nonce", &id),
            verifier: self.mac("provider verifier", &id).into(),
            browser_token: self.mac("provider browser", &id),
        }
    }

    fn mac(&self, purpose: &str, text: &str) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.secret.expose_secret().as_bytes()) else { return String::new() };
        mac.update(purpose.as_bytes());
        mac.update(b":");
        mac.update(text.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn secret(letter: &str) -> SecretString {
        letter.repeat(32).into()
    }

    /// A house with the secrets of these letters: the first one signs.
    fn house(letters: &[&str]) -> Tokens {
        let all: Vec<SecretString> = letters.iter().map(|letter| secret(letter)).collect();
        Tokens::new(&all[0], &all[1..], 15).expect("tokens")
    }

    fn at(seconds: i64) -> Instant {
        Instant::from_micros(seconds * 1_000_000)
    }

    fn claims() -> Claims {
        let (sub, sid) = (UserId::from_u128(1), SessionId::from_u128(2));
        Claims { sub, sid, iss: "guildhall".into(), aud: "guildhall".into(), iat: NOW, exp: NOW + 900, nbf: None }
    }

    /// As ours are, for the secret of `letter`.
    fn header(letter: &str) -> Header {
        Header { kid: Some(key_id(&secret(letter))), typ: Some("at+jwt".into()), ..Header::new(Algorithm::HS256) }
    }

    fn signed(header: &Header, claims: &Claims, letter: &str) -> String {
        let key = EncodingKey::from_secret(letter.repeat(32).as_bytes());
        jsonwebtoken::encode(header, claims, &key).expect("a token")
    }

    #[test]
    fn a_token_says_who_and_until_when() {
        let house = house(&["a"]);
        let (token, lifetime) = house.access(UserId::from_u128(1), SessionId::from_u128(2), at(NOW)).expect("a token");
        assert_eq!((token.as_str(), lifetime), (signed(&header("a"), &claims(), "a").as_str(), 900));
        assert_eq!(house.claims(&token, at(NOW)).expect("claims"), claims());
    }

    #[test]
    fn a_token_is_good_in_its_time_which_clocks_see_five_seconds_apart() {
        let house = house(&["a"]);
        let good = claims();
        for (iat, exp, nbf, is_good) in [
            (NOW, NOW + 900, None, true),
            (NOW, NOW - 4, None, true),
            (NOW, NOW - 5, None, false),
            (NOW + 5, NOW + 900, None, true),
            (NOW + 6, NOW + 900, None, false),
            (NOW + 6, NOW + 900, Some(NOW), false),
            (NOW, NOW + 900, Some(NOW + 5), true),
            (NOW, NOW + 900, Some(NOW + 6), false),
            (i64::MIN, i64::MAX, Some(i64::MIN), true),
            (i64::MAX, i64::MAX, None, false),
            (NOW, i64::MAX, Some(i64::MAX), false),
        ] {
            let claims = Claims { iat, exp, nbf, ..good.clone() };
            let read = house.read(&signed(&header("a"), &claims, "a"), at(NOW));
            assert_eq!(read, is_good.then_some(claims), "{iat} {exp} {nbf:?}");
        }
    }

    #[test]
    fn only_an_access_token_of_ours_is_one() {
        let house = house(&["b", "a"]);
        let (ours, good) = (header("b"), claims());
        let read = |header: &Header, letter: &str| house.read(&signed(header, &good, letter), at(NOW));
        assert_eq!((read(&ours, "b"), read(&header("a"), "a")), (Some(good.clone()), Some(good.clone())), "also while keys are rotated");
        for (header, letter) in [
            (ours.clone(), "a"),
            (header("c"), "c"),
            (Header { kid: None, ..ours.clone() }, "b"),
            (Header { typ: None, ..ours.clone() }, "b"),
            (Header { typ: Some("JWT".into()), ..ours.clone() }, "b"),
            (Header { alg: Algorithm::HS384, ..ours.clone() }, "b"),
            (Header { alg: Algorithm::HS512, ..ours.clone() }, "b"),
            (Header { cty: Some("x".repeat(2048)), ..ours.clone() }, "b"),
        ] {
            assert_eq!(read(&header, letter), None, "{header:?} signed by {letter}");
        }
        for claims in [Claims { iss: "another".into(), ..good.clone() }, Claims { aud: "another".into(), ..good.clone() }] {
            assert_eq!(house.read(&signed(&ours, &claims, "b"), at(NOW)), None, "{claims:?}");
        }
    }

    #[test]
    fn a_code_is_good_for_one_purpose_and_in_its_own_house() {
        let (house, other) = (house(&["a"]), house(&["b"]));
        let (mail, session) = (MailTokenId::from_u128(1), SessionId::from_u128(2));
        let (code, refresh) = (house.mail_code(mail), house.refresh(session, 7));
        let refresh = refresh.expose_secret();
        assert_eq!((house.mail_token(&code), house.refreshed(refresh)), (Some(mail), Some((session, 7))));
        assert_eq!((house.mail_token(refresh), house.refreshed(&code)), (None, None));
        assert_eq!((other.mail_token(&code), other.refreshed(refresh)), (None, None));
        assert_eq!(self::house(&["b", "a"]).mail_token(&code), Some(mail), "while keys are rotated");
    }

    #[test]
    fn a_code_that_is_too_long_is_not_looked_at() {
        let (house, user) = (house(&["a"]), UserId::from_u128(1));
        let text = user.to_string();
        // Beside the kind: the person, two dots, and 43 characters of a seal.
        let longest = "x".repeat(2048 - text.len() - 2 - 43);
        let code = |kind: &str| house.unsubscribe(&text, kind);
        assert_eq!((code(&longest).len(), house.unsubscribed(&code(&longest))), (2048, Some((user, longest.clone()))));
        assert_eq!(house.unsubscribed(&code(&format!("{longest}x"))), None);
    }

    #[test]
    fn a_pseudonym_is_the_same_for_ever() {
        // HMAC-SHA256 of `pseudonym:jo@example.com`: another one would forget whom it was for.
        assert_eq!(house(&["a"]).pseudonym("jo@example.com"), "7j2YWjcGuAes825kytEMbkxTotTTzuuxJBIW0j-aWYw");
    }

    #[test]
    fn a_house_whose_tokens_are_no_good_does_not_start() {
        let refused = |secret: &SecretString, minutes: i64| Tokens::new(secret, &[], minutes).is_err();
        assert!(!refused(&secret("a"), 1));
        assert!(refused(&secret("a"), -1), "its tokens are over before they begin");
        assert!(!refused(&"a".repeat(32).into(), 15) && refused(&"a".repeat(31).into(), 15), "a secret has 32 bytes");
    }
}
