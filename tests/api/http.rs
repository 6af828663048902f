//! The HTTP surface: methods, headers, conditions, CORS, addresses (reliability R24, R28, R29, R52–R55, R74, R75).

use reqwest::Method;
use serde_json::json;

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::person::Person;
use crate::support::raw;

fn method(name: &str) -> Method {
    Method::from_bytes(name.as_bytes()).expect("a method")
}

#[actix_web::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let app = TestApp::start().await;
    let person = app.client().await;
    for (path, allowed) in [
        ("/v1/me", "GET, PATCH, DELETE, HEAD"),
        ("/v1/auth/login", "POST"),
        ("/v1/me/sessions", "GET, HEAD"),
        ("/v1/me/sessions/anything", "DELETE"),
        ("/v1/organization/members", "GET, POST, HEAD"),
        ("/healthz", "GET, HEAD"),
        ("/openapi.json", "GET, HEAD"),
        ("/docs", "GET, HEAD"),
        ("/verify-email", "GET, POST, HEAD"),
    ] {
        for name in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "OPTIONS", "PROPFIND"] {
            if allowed.contains(name) || name == "CONNECT" {
                continue;
            }
            let answer = person.send(method(name), path, None).await;
            assert_eq!(answer.status, 405, "{name} {path} answered {}", answer.text);
            let answer = answer.problem(405, "method-not-allowed");
            let (mut given, mut right): (Vec<_>, Vec<_>) = (answer.header("allow").split(", ").collect(), allowed.split(", ").collect());
            given.sort_unstable();
            right.sort_unstable();
            assert_eq!(given, right, "{name} {path}");
        }
    }
    person.put("/v1/me", json!({ "name": "A client" })).await.problem(405, "method-not-allowed");
    let override_it = person.with("x-http-method-override", "DELETE").get("/v1/me").await;
    override_it.expect(200);
}

#[actix_web::test]
async fn head_is_get_without_the_body() {
    let app = TestApp::start().await;
    let person = app.client().await;
    for path in ["/v1/me", "/healthz", "/openapi.json", "/verify-email?token=x", "/v1/nothing"] {
        let (get, head) = (person.get(path).await, person.send(Method::HEAD, path, None).await);
        assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        assert_eq!(head.header("etag"), get.header("etag"), "{path}");
    }
    person.anonymous().send(Method::HEAD, "/v1/me", None).await.expect(401);
}

/// An answer of every status that can be had.
async fn one_of_each(app: &TestApp, person: &Person) -> Vec<Answer> {
    let stale = person.with("if-match", "\"99\"").patch("/v1/me", json!({ "name": "A client" })).await;
    let large = vec![b'x'; 70_000];
    let reader = person.with("content-type", "application/json");
    vec![
        person.get("/v1/me").await.expect(200),
        app.anonymous().register("client").await.expect(202),
        person.sign_in().await.post("/v1/auth/logout", json!({})).await.expect(204),
        reader.send_bytes(Method::PATCH, "/v1/me", b"{".to_vec()).await.expect(400),
        person.anonymous().get("/v1/me").await.expect(401),
        app.developer().await.get("/v1/organization").await.expect(403),
        person.get("/v1/nothing").await.expect(404),
        person.put("/v1/me", json!({})).await.expect(405),
        person.delete(&format!("/v1/organization/members/{}", person.get("/v1/me").await.text_at("/id"))).await.expect(409),
        stale.expect(412),
        reader.send_bytes(Method::PATCH, "/v1/me", large).await.expect(413),
        person.with("content-type", "text/plain").send_bytes(Method::PATCH, "/v1/me", b"x".to_vec()).await.expect(415),
        person.patch("/v1/me", json!({ "name": 7 })).await.expect(422),
        person.get("/verify-email?token=x").await.expect(200),
        person.get("/docs").await.expect(200),
        person.get("/openapi.json").await.expect(200),
    ]
}

#[actix_web::test]
async fn every_answer_is_armoured() {
    let app = TestApp::start().await;
    let person = app.client().await;
    for answer in one_of_each(&app, &person).await {
        answer.armoured();
    }
}

#[actix_web::test]
async fn a_harmless_request_id_is_echoed_and_no_other() {
    let app = TestApp::start().await;
    let nobody = app.anonymous();
    for id in ["abc-123_x.y", &"x".repeat(64)] {
        let answer = nobody.with("x-request-id", id).get("/v1/me").await.problem(401, "not-signed-in");
        assert_eq!(answer.header("x-request-id"), id);
    }
    for id in ["", "a b", "a\"b", "<script>", "a/b", "a;b", &"x".repeat(65)] {
        let answer = nobody.with("x-request-id", id).get("/v1/me").await.problem(401, "not-signed-in");
        assert_ne!(answer.header("x-request-id"), id);
        assert_eq!(answer.header("x-request-id").len(), 36);
    }
}

#[actix_web::test]
async fn a_stale_version_changes_nothing() {
    let app = TestApp::start().await;
    let person = app.client().await;
    let tag = person.get("/v1/me").await.header("etag").to_owned();
    let rename = |tag: &str, name: &str| {
        let (person, body) = (person.with("if-match", tag), json!({ "name": name }));
        async move { person.patch("/v1/me", body).await }
    };
    let first = rename(&tag, "First").await.expect(200);
    assert_eq!((first.header("etag"), first.at("/version")), ("\"2\"", &json!(2)));
    rename(&tag, "Second").await.problem(412, "stale-version");
    for wrong in ["2", "\"x\"", "W/\"2\"", "\"-1\"", "\"2\", \"3\"", "\"99999999999999999999\""] {
        rename(wrong, "Third").await.problem(412, "stale-version");
    }
    // What is no tag at all is said to be none, also where nothing is compared with it.
    let long = "x".repeat(65);
    for nonsense in ["", long.as_str(), "\t"] {
        rename(nonsense, "Third").await.problem(400, "malformed-request");
        person.with("if-match", nonsense).post("/v1/auth/logout", json!({})).await.problem(400, "malformed-request");
    }
    assert_eq!(person.get("/v1/me").await.text_at("/name"), "First");
    rename("*", "Fourth").await.expect(200);
    person.patch("/v1/me", json!({ "name": "Fifth" })).await.expect(200);
}

#[actix_web::test]
async fn of_two_changes_at_once_one_is_refused() {
    let app = TestApp::start().await;
    let person = app.client().await.with("if-match", "\"1\"");
    let changes = (0..10).map(|number| person.patch("/v1/organization", json!({ "name": format!("Name {number}") })));
    let changes: Vec<_> = changes.collect();
    let answers = futures_util::future::join_all(changes).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(200), count(412)), (1, 9), "{answers:#?}");
    assert_eq!(person.get("/v1/organization").await.at("/version"), &json!(2));
}

#[actix_web::test]
async fn a_key_makes_a_post_happen_once() {
    let app = TestApp::start().await;
    let client = app.client().await;
    let (guest, other) = (app.somebody("guest"), app.somebody("guest"));
    let owner = client.with("idempotency-key", "invite-1");
    let body = json!({ "email": guest.email });
    let answers = futures_util::future::join_all((0..10).map(|_| owner.post("/v1/organization/members", body.clone()))).await;
    let first = answers[0].lasting();
    for answer in &answers {
        assert_eq!((answer.status, answer.lasting()), (202, first.clone()));
    }
    app.advance(chrono::TimeDelta::hours(23)).await;
    let owner = client.sign_in().await.with("idempotency-key", "invite-1");
    owner.post("/v1/organization/members", body.clone()).await.expect(202);
    assert_eq!(app.mails(&guest, "Invitation").await.len(), 1);
    owner.post("/v1/organization/members", json!({ "email": other.email })).await.problem(422, "idempotency-key-reused");
    assert!(app.mails(&other, "Invitation").await.is_empty());
    let stranger = app.client().await.with("idempotency-key", "invite-1");
    stranger.post("/v1/organization/members", json!({ "email": other.email })).await.expect(202);
    app.advance(chrono::TimeDelta::hours(1)).await;
    let owner = client.sign_in().await.with("idempotency-key", "invite-1");
    owner.post("/v1/organization/members", body).await.expect(202);
    assert_eq!(app.mails(&guest, "Invitation").await.len(), 2);
}

#[actix_web::test]
async fn a_refused_post_leaves_its_key_free_and_a_broken_key_is_refused() {
    let app = TestApp::start().await;
    let client = app.client().await;
    let guest = app.somebody("guest");
    let keyed = client.with("idempotency-key", "k1");
    keyed.post("/v1/organization/members", json!({ "email": "nonsense" })).await.faults(&["/email"]);
    keyed.post("/v1/organization/members", json!({ "email": guest.email })).await.expect(202);
    for key in ["", "a b", &"x".repeat(256)] {
        let answer = client.with("idempotency-key", key).post("/v1/organization/members", json!({ "email": guest.email })).await;
        answer.problem(400, "malformed-request");
    }
}

#[actix_web::test]
async fn only_listed_origins_are_let_in() {
    let app = TestApp::with(&[("server.cors_origins", "https://app.example.com,https://admin.example.com")]).await;
    let nobody = app.anonymous();
    for origin in ["https://app.example.com", "https://admin.example.com"] {
        let answer = nobody.with("origin", origin).get("/healthz").await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), origin);
        assert!(answer.header("vary").to_lowercase().contains("origin"), "{:?}", answer.headers);
        assert!(!answer.headers.contains_key("access-control-allow-credentials"));
        let asked = nobody.with("origin", origin).with("access-control-request-method", "PATCH");
        let preflight = asked.with("access-control-request-headers", "authorization,if-match").send(Method::OPTIONS, "/v1/me", None).await;
        assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (200, origin));
    }
    for origin in [
        "https://evil.example",
        "null",
        "http://app.example.com",
        "https://app.example.com.evil.example",
        "https://evilapp.example.com",
        "https://app.example.com:8443",
        "https://APP.example.com.",
        "*",
    ] {
        let answer = nobody.with("origin", origin).get("/healthz").await;
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{origin}: {:?}", answer.headers);
        let asked = nobody.with("origin", origin).with("access-control-request-method", "PATCH");
        let preflight = asked.send(Method::OPTIONS, "/v1/me", None).await;
        assert!(!preflight.headers.contains_key("access-control-allow-origin"), "{origin}: {:?}", preflight.headers);
        assert!(preflight.status >= 400, "{origin}");
        assert_eq!(preflight.header("content-type"), "application/problem+json", "{origin}: {}", preflight.text);
    }
}

#[actix_web::test]
async fn an_address_has_its_allowance_whatever_it_claims_to_be() {
    let limits = [
        ("limits.enabled", "true"),
        ("limits.requests_per_second", "1"),
        ("limits.burst", "20"),
        ("server.cors_origins", "https://app.example.com"),
    ];
    let app = TestApp::with(&limits).await;
    let nobody = app.anonymous();
    let first = nobody.get("/healthz").await.expect(200);
    assert_eq!(first.header("ratelimit-policy"), "\"address\";q=20;w=20");
    assert!(first.header("ratelimit").starts_with("\"address\";r="), "{:?}", first.headers);
    let mut refused = Vec::new();
    for number in 0..40 {
        let address = format!("198.51.100.{number}");
        let person = nobody.with("x-forwarded-for", &address).with("forwarded", &format!("for={address}")).with("x-real-ip", &address);
        let answer = person.with("origin", "https://app.example.com").get("/healthz").await;
        if answer.status == 429 {
            refused.push(answer.problem(429, "too-many-requests"));
        }
    }
    assert!(refused.len() >= 15, "{}", refused.len());
    for answer in refused {
        let seconds: u64 = answer.header("retry-after").parse().unwrap_or_default();
        assert!((1..=60).contains(&seconds), "{:?}", answer.headers);
        assert_eq!(answer.header("access-control-allow-origin"), "https://app.example.com");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}

#[actix_web::test]
async fn behind_a_trusted_proxy_each_client_has_an_allowance_of_its_own() {
    let limits =
        [("limits.enabled", "true"), ("limits.requests_per_second", "1"), ("limits.burst", "5"), ("server.trusted_proxies", "127.0.0.0/8")];
    let app = TestApp::with(&limits).await;
    let nobody = app.anonymous();
    let exhaust = |forwarded: &'static str| {
        let person = nobody.with("x-forwarded-for", forwarded);
        async move {
            let mut last = 0;
            for _ in 0..8 {
                last = person.get("/healthz").await.status;
            }
            last
        }
    };
    assert_eq!(exhaust("198.51.100.1").await, 429);
    assert_eq!(nobody.with("x-forwarded-for", "198.51.100.2").get("/healthz").await.status, 200);
    assert_eq!(nobody.with("x-forwarded-for", "203.0.113.9, 198.51.100.1").get("/healthz").await.status, 429);
    assert_eq!(exhaust("2001:db8:1:2::1").await, 429);
    assert_eq!(nobody.with("x-forwarded-for", "2001:db8:1:2:ffff::9").get("/healthz").await.status, 429);
    assert_eq!(nobody.with("x-forwarded-for", "2001:db8:1:3::1").get("/healthz").await.status, 200);
}

#[actix_web::test]
async fn links_never_come_from_the_request() {
    let app = TestApp::with(&[("server.public_url", "https://guildhall.example")]).await;
    for header in [
        "Host: evil.example",
        "Host: x\r\nX-Forwarded-Host: evil.example",
        "Host: x\r\nForwarded: host=evil.example;proto=https",
        "Host: x\r\nX-Forwarded-Proto: ftp\r\nX-Forwarded-Server: evil.example",
    ] {
        let person = app.somebody("client");
        let body = json!({ "email": person.email, "password": person.password, "role": "client", "name": "A client" }).to_string();
        let length = body.len();
        let request = format!(
            "POST /v1/auth/register HTTP/1.1\r\n{header}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        assert_eq!(raw::ask(app.address, request.as_bytes()).await.map(|answer| answer.status), Some(202), "{header}");
        let mail = app.mail(&person, "Verify your e-mail").await;
        assert!(mail.text().contains("https://guildhall.example/verify-email?token="), "{}", mail.text());
        assert!(!String::from_utf8_lossy(&mail.raw).contains("evil"), "{header}");
    }
}

#[actix_web::test]
async fn the_house_says_whether_it_lives_and_can_work() {
    let app = TestApp::start().await;
    assert_eq!(app.anonymous().get("/healthz").await.expect(200).text_at("/status"), "alive");
    assert_eq!(app.anonymous().get("/readyz").await.expect(200).text_at("/status"), "ready");
    app.anonymous().get("/metrics").await.problem(404, "not-found");
}

#[actix_web::test]
async fn large_answers_are_compressed_where_wanted() {
    let app = TestApp::start().await;
    let nobody = app.anonymous();
    assert_ne!(nobody.get("/openapi.json").await.expect(200).header("content-encoding"), "gzip");
    let answer = nobody.with("accept-encoding", "gzip").send(Method::HEAD, "/openapi.json", None).await.expect(200);
    assert_eq!(answer.header("content-encoding"), "gzip");
    let tag = answer.header("etag").to_owned();
    nobody.with("if-none-match", &tag).get("/openapi.json").await.expect(304);
}
