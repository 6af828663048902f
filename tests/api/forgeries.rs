//! Forged access tokens: every one is 401, none is a 500 (reliability R8–R11, R18).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use guildhall::kernel::clock::Clock as _;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::support::app::{SECRET, TestApp};
use crate::support::person::Person;
use crate::support::raw;

/// The parts of a good token, to make bad ones of.
struct Good {
    header: Value,
    claims: Value,
    token: String,
}

impl Good {
    fn of(person: &Person) -> Self {
        let mut parts = person.access.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap_or_default());
        let mut next = || serde_json::from_slice(&parts.next().unwrap_or_default()).expect("JSON");
        Self { header: next(), claims: next(), token: person.access.clone() }
    }

    /// Signed with our own key.
    fn sign(&self, header: &Value, claims: &Value) -> String {
        sign_with(SECRET.as_bytes(), header, claims)
    }

    fn with_header(&self, name: &str, value: Value) -> String {
        self.sign(&changed(&self.header, name, value), &self.claims)
    }

    fn with_claim(&self, name: &str, value: Value) -> String {
        self.sign(&self.header, &changed(&self.claims, name, value))
    }

    fn part(&self, index: usize) -> &str {
        self.token.split('.').nth(index).unwrap_or_default()
    }
}

fn changed(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    object[name] = value;
    object
}

fn without(object: &Value, name: &str) -> Value {
    let mut object = object.clone();
    object.as_object_mut().and_then(|members| members.shift_remove(name));
    object
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn sign_with(secret: &[u8], header: &Value, claims: &Value) -> String {
    seal(secret, &format!("{}.{}", encode(header), encode(claims)))
}

fn seal(secret: &[u8], message: &str) -> String {
    let seal = jsonwebtoken::crypto::sign(message.as_bytes(), &EncodingKey::from_secret(secret), Algorithm::HS256).expect("a signature");
    format!("{message}.{seal}")
}

fn other_algorithm(good: &Good, algorithm: Algorithm) -> String {
    let header = Header { kid: good.header["kid"].as_str().map(Into::into), typ: Some("at+jwt".into()), ..Header::new(algorithm) };
    jsonwebtoken::encode(&header, &good.claims, &EncodingKey::from_secret(SECRET.as_bytes())).expect("a token")
}

fn forged_headers(good: &Good) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut add = |name: &str, token: String| all.push((name.to_owned(), token));
    for none in ["none", "None", "NONE", "nOnE", ""] {
        let header = changed(&good.header, "alg", json!(none));
        add(&format!("alg {none:?}, no signature"), format!("{}.{}.", encode(&header), good.part(1)));
        add(&format!("alg {none:?}, our signature"), good.sign(&header, &good.claims));
    }
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        add(&format!("{algorithm:?}"), other_algorithm(good, algorithm));
    }
    for name in ["RS256", "ES256", "PS256", "EdDSA", "hs256", "HS1"] {
        add(&format!("alg {name}"), good.with_header("alg", json!(name)));
    }
    add("no alg", good.sign(&without(&good.header, "alg"), &good.claims));
    add("alg a number", good.with_header("alg", json!(256)));
    add("no kid", good.sign(&without(&good.header, "kid"), &good.claims));
    for kid in
        [json!("unknown"), json!(""), json!("../../../../dev/null"), json!("' OR 1=1 --"), json!("x".repeat(500)), json!(null), json!(7)]
    {
        add(&format!("kid {kid}"), good.with_header("kid", kid));
    }
    let own_kid = changed(&good.header, "kid", json!("attacker"));
    let with_key = |name: &str, value: Value| {
        sign_with(b"another secret that is long enough to be one", &changed(&own_kid, name, value), &good.claims)
    };
    add("jwk", with_key("jwk", json!({ "kty": "oct", "k": URL_SAFE_NO_PAD.encode("another secret that is long enough to be one") })));
    add("jku", with_key("jku", json!("https://attacker.example/keys")));
    add("x5u", with_key("x5u", json!("https://attacker.example/certificate")));
    for typ in [json!("JWT"), json!("jwt"), json!("refresh"), json!(""), json!(null)] {
        add(&format!("typ {typ}"), good.with_header("typ", typ));
    }
    add("no typ", good.sign(&without(&good.header, "typ"), &good.claims));
    all
}

fn forged_claims(good: &Good, now: i64) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut add = |name: &str, token: String| all.push((name.to_owned(), token));
    for name in ["sub", "sid", "iss", "aud", "iat", "exp"] {
        add(&format!("no {name}"), good.sign(&good.header, &without(&good.claims, name)));
        for wrong in [json!(null), json!([]), json!({}), json!(""), json!(true), json!("another")] {
            add(&format!("{name} {wrong}"), good.with_claim(name, wrong));
        }
    }
    for expiry in [json!(now - 30), json!(now - 5), json!(0), json!(-1), json!("9999999999"), json!(1e300), json!(null)] {
        add(&format!("exp {expiry}"), good.with_claim("exp", expiry));
    }
    add("nbf in an hour", good.with_claim("nbf", json!(now + 3600)));
    add("iat in an hour", good.with_claim("iat", json!(now + 3600)));
    add("another issuer", good.with_claim("iss", json!("https://guildhall.example")));
    add("another audience", good.with_claim("aud", json!(["somebody", "else"])));
    add("another person", good.with_claim("sub", json!("user_01h455vb4pex5vsknk084sn02q")));
    add("another session", good.with_claim("sid", json!("sess_01h455vb4pex5vsknk084sn02q")));
    add("a session as person", good.with_claim("sub", good.claims["sid"].clone()));
    let twice = good.claims.to_string().replacen('{', "{\"sub\":\"user_01h455vb4pex5vsknk084sn02q\",", 1);
    add("sub twice", seal(SECRET.as_bytes(), &format!("{}.{}", good.part(0), URL_SAFE_NO_PAD.encode(twice))));
    for claims in ["null", "[]", "7", "\"text\"", "{", ""] {
        add(&format!("claims {claims}"), seal(SECRET.as_bytes(), &format!("{}.{}", good.part(0), URL_SAFE_NO_PAD.encode(claims))));
    }
    all
}

fn forged_shapes(good: &Good) -> Vec<(String, String)> {
    let token = &good.token;
    let (head, claims, seal) = (good.part(0), good.part(1), good.part(2));
    let mut all = vec![
        ("another key".to_owned(), sign_with(b"another secret that is long enough to be one", &good.header, &good.claims)),
        ("an empty key".to_owned(), sign_with(b"", &good.header, &good.claims)),
        ("the kid as key".to_owned(), sign_with(good.header["kid"].to_string().as_bytes(), &good.header, &good.claims)),
        ("no signature".to_owned(), format!("{head}.{claims}.")),
        ("two parts".to_owned(), format!("{head}.{claims}")),
        ("four parts".to_owned(), format!("{token}.{seal}")),
        ("padding".to_owned(), format!("{token}=")),
        ("plain base64".to_owned(), format!("{head}.{claims}.{}", STANDARD.encode(URL_SAFE_NO_PAD.decode(seal).unwrap_or_default()))),
        ("a space inside".to_owned(), format!("{head}. {claims}.{seal}")),
        ("only dots".to_owned(), "..".to_owned()),
        ("nonsense".to_owned(), "nonsense".to_owned()),
        ("six thousand bytes".to_owned(), format!("{token}{}", "A".repeat(6000))),
    ];
    for at in (0..token.len()).step_by(token.len() / 12) {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        all.push((format!("another byte at {at}"), String::from_utf8(bytes).expect("ASCII")));
    }
    let mut last = token.clone();
    let end = last.pop().unwrap_or_default();
    all.push(("another last character".to_owned(), format!("{last}{}", if end == 'Q' { 'R' } else { 'Q' })));
    all
}

#[actix_web::test]
async fn no_forged_token_opens_a_door() {
    let app = TestApp::start().await;
    let person = app.client().await;
    let good = Good::of(&person);
    let now = app.clock.now().utc().timestamp();
    person.with_access(&good.sign(&good.header, &good.claims)).get("/v1/me").await.expect(200);
    let all: Vec<_> = [forged_headers(&good), forged_claims(&good, now), forged_shapes(&good)].concat();
    assert!(all.len() >= 40, "{}", all.len());
    for (name, token) in all {
        if token == good.token {
            continue;
        }
        let answer = person.with_access(&token).get("/v1/me").await;
        assert_eq!(answer.status, 401, "{name}: {token}");
        answer.problem(401, "not-signed-in");
    }
    person.get("/v1/me").await.expect(200);
}

#[actix_web::test]
async fn a_token_comes_in_one_bearer_header_or_not_at_all() {
    let app = TestApp::start().await;
    let person = app.client().await;
    let token = person.access.clone();
    let nobody = person.anonymous();
    for value in [
        token.clone(),
        format!("Basic {token}"),
        format!("Bearer{token}"),
        format!("Bearer  {token}"),
        format!("Bearer {token}, Bearer {token}"),
        format!("Bearer \"{token}\""),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
    ] {
        nobody.with("authorization", &value).get("/v1/me").await.problem(401, "not-signed-in");
    }
    person.with("authorization", &format!("Bearer {token}")).get("/v1/me").await.problem(401, "not-signed-in");
    nobody.with("cookie", &format!("access_token={token}")).get("/v1/me").await.problem(401, "not-signed-in");
    nobody.get(&format!("/v1/me?access_token={token}")).await.problem(401, "not-signed-in");
    nobody.with("authorization", &format!("bearer {token}")).get("/v1/me").await.expect(200);
    let request = format!("GET /v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \u{e9}{token}\r\nConnection: close\r\n\r\n");
    assert_eq!(raw::ask(app.address, request.as_bytes()).await.map(|answer| answer.status), Some(401));
}

#[actix_web::test]
async fn a_clock_may_be_five_seconds_off_and_no_more() {
    let app = TestApp::start().await;
    let person = app.client().await;
    let good = Good::of(&person);
    app.advance(TimeDelta::minutes(15) + TimeDelta::seconds(4)).await;
    person.get("/v1/me").await.expect(200);
    app.advance(TimeDelta::seconds(1)).await;
    person.get("/v1/me").await.problem(401, "not-signed-in");
    let now = app.clock.now().utc().timestamp();
    let claims = changed(&changed(&good.claims, "exp", json!(now + 60)), "nbf", json!(now + 5));
    person.with_access(&good.sign(&good.header, &claims)).get("/v1/me").await.expect(200);
}

#[actix_web::test]
async fn a_key_is_rotated_without_signing_anybody_out() {
    let app = TestApp::start().await;
    let person = app.client().await;
    let rotated =
        app.another_node_with(&[("auth.secret", "a newer secret of the tests, long enough"), ("auth.previous_secrets", SECRET)]).await;
    let there = person.at(&rotated.base());
    there.get("/v1/me").await.expect(200);
    let renewed = there.with_pair(&there.renew().await.expect(200));
    renewed.get("/v1/me").await.expect(200);
    assert_ne!(Good::of(&person).header["kid"], Good::of(&renewed).header["kid"]);
    let done = app.another_node_with(&[("auth.secret", "a newer secret of the tests, long enough")]).await;
    person.at(&done.base()).get("/v1/me").await.problem(401, "not-signed-in");
    renewed.at(&done.base()).get("/v1/me").await.expect(200);
}
