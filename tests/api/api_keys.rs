//! API keys: an organisation's own programs do what the scopes say, and never what only a person does.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use guildhall::kernel::principal::Role;
use guildhall::kernel::scope::Scope;
use guildhall::kernel::words::Word as _;
use guildhall::rights::{RIGHTS, SCOPES};
use guildhall::web::rights::{ANYBODY, Access};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::person::Person;
use crate::support::seeds::{Scene, act, job_body};
use crate::support::sse::Listener;

/// A key of somebody's organisation: its path, and a program that uses it.
async fn key(client: &Person, scopes: &[&str]) -> (String, Person) {
    let made = client.post("/v1/api-keys", json!({ "name": "Our board", "scopes": scopes })).await.expect(201);
    assert!(made.text_at("/key").starts_with("ghk_"), "{}", made.text);
    (format!("/v1/api-keys/{}", made.text_at("/id")), client.with_access(&made.text_at("/key")))
}

#[test]
fn every_scope_opens_something_and_only_what_a_client_may_do() {
    let used: BTreeSet<Scope> = SCOPES.iter().map(|row| row.1).collect();
    assert!(Scope::ALL.iter().all(|scope| used.contains(scope)));
    for (operation, scope) in SCOPES {
        let (_, rule) = RIGHTS.iter().find(|row| row.0 == *operation).unwrap_or_else(|| panic!("{operation} is no operation"));
        assert_eq!(rule.columns[3], Access::Allowed, "{operation} is not for a {}", Role::Client);
        let reads = operation.starts_with("GET ") || *operation == "POST /v1/matches/search";
        assert_eq!(scope.as_str().ends_with(":read"), reads, "{operation} with {scope}");
    }
}

/// What a client reads, a program of the client's may read; but for what is the person's own, or would make a key into more keys.
#[test]
fn every_reading_has_a_scope_that_is_not_the_persons_own() {
    let own = |operation: &str| operation == "GET /v1/me" || operation.starts_with("GET /v1/me/") || operation == "GET /v1/api-keys";
    let readings = RIGHTS.iter().filter(|(operation, rule)| operation.starts_with("GET ") && rule.columns[3] == Access::Allowed);
    // What is for anybody looks at no key.
    let looked_at = readings.filter(|(_, rule)| *rule != ANYBODY).map(|(operation, _)| *operation);
    let wrong: Vec<&str> = looked_at.filter(|operation| own(operation) == SCOPES.iter().any(|row| row.0 == *operation)).collect();
    assert!(wrong.is_empty(), "src/rights.rs gives no scope, or one too many: {wrong:?}");
}

#[actix_web::test]
async fn a_program_reads_of_developers_what_its_client_does() {
    let scene = Scene::start().await;
    let asked = json!({ "developer_id": scene.developer_id, "message": "May we talk?" });
    let invitation = scene.client.post(&format!("/v1/job-requests/{}/invitations", scene.job), asked).await.expect(201).text_at("/id");
    let (_, jobs) = key(&scene.client, &["job_requests:read"]).await;
    let (_, matches) = key(&scene.client, &["matches:read"]).await;
    let resume = format!("/v1/developers/{}/resume", scene.developer_id);
    matches.get(&resume).await.problem(404, "not-found");
    scene.developer.post(&format!("/v1/invitations/{invitation}/accept"), json!({})).await.expect(200);
    scene.scheduled().await;
    let invitation = format!("/v1/invitations/{invitation}");
    let messages = format!("{invitation}/messages");
    for (program, lacking, path) in [(&jobs, &matches, &invitation), (&jobs, &matches, &messages), (&matches, &jobs, &resume)] {
        assert_eq!(program.get(path).await.expect(200).json, scene.client.get(path).await.expect(200).json, "{path}");
        lacking.get(path).await.problem(403, "not-allowed");
    }
}

#[actix_web::test]
async fn a_program_does_what_its_scopes_say_and_nothing_that_only_a_person_does() {
    let scene = Scene::start().await;
    let trial = scene.offered().await;
    let (_, program) = key(&scene.client, &["job_requests:read", "job_requests:write", "trials:read"]).await;
    let job = program.post("/v1/job-requests", job_body()).await.expect(201).text_at("/id");
    program.post(&format!("/v1/job-requests/{job}/open"), json!({})).await.expect(200);
    let requests = program.get("/v1/job-requests").await.expect(200);
    assert_eq!(requests.json["data"].as_array().map(Vec::len), Some(2));
    assert_eq!(program.get(&format!("/v1/trials/{trial}")).await.expect(200).text_at("/id"), trial);
    let lacking = program.get(&format!("/v1/job-requests/{job}/matches")).await.problem(403, "not-allowed");
    assert!(lacking.text_at("/detail").contains("`matches:read`"), "{}", lacking.text);
    act(&program, &trial, "withdraw", json!({})).await.problem(403, "not-allowed");
    for refused in [
        program.get("/v1/me").await,
        program.get("/v1/me/totp").await,
        program.get("/v1/api-keys").await,
        program.post("/v1/api-keys", json!({ "name": "Another", "scopes": ["trials:read"] })).await,
        program.post("/v1/organization/members", json!({ "email": "guest@example.com" })).await,
    ] {
        assert!(refused.problem(403, "not-allowed").text_at("/detail").contains("needs a person"));
    }
    let entries = scene.admin.get(&format!("/v1/admin/audit?subject={job}")).await.expect(200);
    let maker = scene.client.get("/v1/me").await.expect(200).text_at("/id");
    assert_eq!(entries.text_at("/data/0/actor"), maker, "it acts for whoever made it");
    let (_, listening) = key(&scene.client, &["events:read"]).await;
    let mut listener = Listener::open(&listening, &scene.app.base(), "").await.expect("a stream");
    act(&scene.client, &trial, "withdraw", json!({})).await.expect(200);
    assert_eq!(listener.next().await.expect("an event").event, "trial.withdraw");
}

#[actix_web::test]
async fn a_key_is_shown_once_and_ends_when_it_is_taken_away() {
    let app = TestApp::start().await;
    let (client, stranger) = (app.client().await, app.client().await);
    let (path, program) = key(&client, &["trials:read", "trials:read"]).await;
    program.get("/v1/trials").await.expect(200);
    let list = client.get("/v1/api-keys").await.expect(200);
    let row = &list.json["data"][0];
    assert_eq!(
        (&row["name"], &row["scopes"], &row["last_used_at"]),
        (&json!("Our board"), &json!(["trials:read"]), &json!("2026-11-23T10:00:00Z"))
    );
    assert!(!list.text.contains("ghk_") && !app.dump().contains(&program.access), "nobody reads it again");
    stranger.delete(&path).await.problem(404, "not-found");
    assert_eq!(stranger.get("/v1/api-keys").await.expect(200).json["data"], json!([]));
    client.delete(&path).await.expect(204);
    program.get("/v1/trials").await.problem(401, "not-signed-in");
    client.delete(&path).await.problem(404, "not-found");
    for wrong in ["ghk_", "ghk_nonsense", "ghk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        client.with_access(wrong).get("/v1/trials").await.problem(401, "not-signed-in");
    }
}

#[actix_web::test]
async fn a_key_ends_at_its_time_and_with_its_makers_membership() {
    let app = TestApp::start().await;
    let client = app.client().await;
    let body = |expires_at: Value| json!({ "name": "Short", "scopes": ["trials:read"], "expires_at": expires_at });
    let made = client.post("/v1/api-keys", body(json!("2026-11-23T11:00:00Z"))).await.expect(201);
    let program = client.with_access(&made.text_at("/key"));
    for wrong in ["2026-11-23T10:00:00Z", "2027-12-23T10:00:00Z"] {
        client.post("/v1/api-keys", body(json!(wrong))).await.faults(&["/expires_at"]);
    }
    client.post("/v1/api-keys", json!({ "name": "Own", "scopes": ["all"] })).await.faults(&["/scopes/0"]);
    let (_, lasting) = key(&client, &["trials:read"]).await;
    program.get("/v1/trials").await.expect(200);
    app.clock.advance(TimeDelta::minutes(60));
    program.get("/v1/trials").await.problem(401, "not-signed-in");
    lasting.get("/v1/trials").await.expect(200);
    app.suspend(&client).await;
    lasting.get("/v1/trials").await.problem(401, "not-signed-in");
}
