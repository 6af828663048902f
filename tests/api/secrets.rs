//! No secret is ever kept or logged (reliability R11, R49, R59).

use serde_json::{Value, json};

use crate::support::app::{SECRET, TestApp};
use crate::support::{logs, raw};

/// Uses every secret there is; returns them.
async fn use_all(app: &TestApp) -> Vec<(&'static str, String)> {
    let person = app.somebody("client").with_password("a canary of a password");
    person.register("client").await.expect(202);
    let verification = app.mail(&person, "Verify your e-mail").await.token();
    person.get(&format!("/verify-email?token={verification}")).await.expect(200);
    person.post("/v1/auth/verify-email", json!({ "token": verification })).await.expect(200);
    let signed = person.sign_in().await;
    let renewed = signed.with_pair(&signed.renew().await.expect(200));
    let guest = app.somebody("guest");
    renewed.post("/v1/organization/members", json!({ "email": guest.email })).await.expect(202);
    let invitation = app.mail(&guest, "Invitation").await.token();
    person.post("/v1/auth/password/forgot", json!({ "email": person.email })).await.expect(202);
    let reset = app.mail(&person, "Reset your password").await.token();
    let chosen = "another canary of a password";
    person.login("a canary of a wrong password").await.expect(401);
    let body = json!({ "current_password": person.password, "new_password": chosen });
    renewed.post("/v1/auth/password/change", body).await.expect(204);
    renewed.with_access(&format!("{}x", renewed.access)).get("/v1/me").await.expect(401);
    vec![
        ("the verification code", verification),
        ("the reset code", reset),
        ("the invitation code", invitation),
        ("an access token", signed.access),
        ("a refresh token", signed.refresh),
        ("the renewed access token", renewed.access),
        ("the renewed refresh token", renewed.refresh),
        ("a password", person.password),
        ("the new password", chosen.to_owned()),
        ("a wrong password", "a canary of a wrong password".to_owned()),
        ("the house's secret", SECRET.to_owned()),
    ]
}

#[actix_web::test]
async fn no_secret_is_in_the_database_or_the_log() {
    logs::keep();
    let app = TestApp::start().await;
    let secrets = use_all(&app).await;
    let (kept, logged) = (app.dump(), logs::text());
    assert!(kept.contains("$argon2id$") && logged.contains("answered"), "the test looks where things are");
    for (name, secret) in &secrets {
        // What seals a code is its last part; the rest is an id.
        let seal = secret.rsplit('.').next().unwrap_or(secret);
        assert!(!kept.contains(seal), "{name} is in the database");
        assert!(!logged.contains(seal), "{name} is in the log");
    }
}

#[actix_web::test]
async fn an_event_is_one_line_of_json_and_names_nobody() {
    logs::keep();
    let app = TestApp::start().await;
    let person = app.client().await;
    let request = "GET /v1/me?%0d%0a%7b%22level%22:%22ERROR%22%7d HTTP/1.1\r\nHost: x\r\nUser-Agent: a\tb\u{1b}[31m\r\n\r\n";
    raw::ask(app.address, request.as_bytes()).await;
    person.patch("/v1/me", json!({ "name": "{\"level\":\"ERROR\"}" })).await.expect(200);
    person.get("/%0d%0aINFO").await.expect(404);
    app.settle().await;
    let logged = logs::text();
    let mut ours = 0;
    for line in logged.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        if event["target"].as_str().is_some_and(|target| target.starts_with("guildhall")) {
            ours += 1;
            assert!(!line.contains(&person.email), "{line}");
        }
    }
    assert!(ours > 5, "{ours}");
}
