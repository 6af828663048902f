//! API keys: an organisation's own programs do what the scopes say, and never what only a person does.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use guildhall::kernel::principal::Role;
use guildhall::kernel::scope::Scope;
use guildhall::kernel::words::Word as _;
use guildhall::rights::{RIGHTS, SCOPES};
use guildhall::web::rights::{ANYBODY, Access};
use serde_json::{Value, json};

use crate::organizations::member;
use crate::support::app::TestApp;
use crate::support::endpoint::Endpoint;
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
    let used: BTreeSet<Scope> = SCOPES.iter().flat_map(|row| row.1).copied().collect();
    assert!(Scope::ALL.iter().all(|scope| used.contains(scope)));
    for (operation, scopes) in SCOPES {
        let (_, rule) = RIGHTS.iter().find(|row| row.0 == *operation).unwrap_or_else(|| panic!("{operation} is no operation"));
        assert_eq!(rule.columns[3], Access::Allowed, "{operation} is not for a {}", Role::Client);
        let reads = operation.starts_with("GET ") || *operation == "POST /v1/matches/search";
        // The first says what the operation does; a further one what comes of it.
        let (first, further) = scopes.split_first().unwrap_or_else(|| panic!("{operation} takes no scope"));
        assert_eq!(first.as_str().ends_with(":read"), reads, "{operation} with {first}");
        assert!(further.iter().all(|scope| !reads && *scope == Scope::EventsRead), "{operation} with {further:?}");
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

#[actix_web::test]
async fn a_key_is_made_only_soon_after_a_sign_in_and_the_owners_hear_of_it() {
    let app = TestApp::start().await;
    let owner = app.client().await;
    let guest = member(&app, &owner).await;
    app.advance(TimeDelta::minutes(15) + TimeDelta::seconds(1)).await;
    let late = guest.with_pair(&guest.renew().await.expect(200));
    let body = json!({ "name": "Our board", "scopes": ["events:read", "job_requests:read"], "expires_at": "2026-12-24T10:00:00Z" });
    late.post("/v1/api-keys", body.clone()).await.problem(403, "sign-in-too-old");
    assert_eq!(late.get("/v1/api-keys").await.expect(200).json["data"], json!([]));
    assert!(app.mails(&owner, "A new API key").await.is_empty());
    guest.sign_in().await.post("/v1/api-keys", body).await.expect(201);
    let said = "Your organisation has a new API key. Programs that have it act for A guest, who made it, as far as this goes:\n\n\
        \u{2013} Read job requests, their shortlists, and invitations with their messages.\n\u{2013} Listen to events.\n\n\
        If none of you wanted it, take it away: it opens nothing from then on. Whoever made it should then choose a new password.\n\n\
        For: Our board\nMade by: A guest\nGood until: Thu 24 Dec 2026, 10:00 (UTC)\n\n\
        See your API keys:\nhttp://localhost:8080/api-keys\n";
    for (person, name) in [(&owner, "A client"), (&guest, "A guest")] {
        let mails = app.mails(person, "A new API key: Our board").await;
        assert_eq!(mails.len(), 1, "to {name}");
        assert!(mails[0].text().contains(&format!("Hello {name},\n\n{said}")), "{}", mails[0].text());
        assert!(!mails[0].text().contains("ghk_") && !mails[0].html().contains("ghk_"), "never what signs in");
    }
    key(&owner.sign_in().await, &["trials:read"]).await;
    assert_eq!(app.mails(&owner, "A new API key: Our board").await.len(), 2, "an owner who makes one is told once");
    assert_eq!(app.mails(&guest, "A new API key: Our board").await.len(), 1, "a member hears of their own alone");
}

#[actix_web::test]
async fn what_a_key_is_refused_is_written_down() {
    let app = TestApp::start().await;
    let (client, admin) = (app.client().await, app.admin().await);
    let maker = client.get("/v1/me").await.expect(200).text_at("/id");
    let (_, program) = key(&client, &["trials:read"]).await;
    program.get("/v1/trials").await.expect(200);
    let tried =
        [("GET", "/v1/job-requests"), ("DELETE", "/v1/organization/members/user_01h455vb4pex5vsknk084sn02q"), ("GET", "/v1/me/totp")];
    for (method, path) in tried {
        program.send(method.parse().expect("a method"), path, None).await.problem(403, "not-allowed");
    }
    let log = admin.get(&format!("/v1/admin/audit?actor={maker}&limit=100")).await.expect(200);
    let refusals = log.json["data"].as_array().expect("entries").iter().rev().filter(|entry| entry["action"] == "access.refused");
    let told: Vec<Value> = refusals.map(|entry| json!([entry["role"], entry["details"], entry["subject"]])).collect();
    assert_eq!(told, tried.map(|(method, path)| json!(["client", { "method": method }, path])));
}

#[actix_web::test]
async fn a_key_leads_a_webhook_somewhere_only_where_it_may_hear_events() {
    let app = TestApp::start().await;
    let (client, endpoint, elsewhere) = (app.client().await, Endpoint::start(), Endpoint::start());
    let (_, writing) = key(&client, &["webhooks:write"]).await;
    let (_, hearing) = key(&client, &["webhooks:write", "events:read"]).await;
    let body = json!({ "url": endpoint.url() });
    let made = hearing.post("/v1/webhooks", body.clone()).await.expect(201);
    let path = format!("/v1/webhooks/{}", made.text_at("/id"));
    let there = json!({ "url": elsewhere.url() });
    for refused in [writing.post("/v1/webhooks", body).await, writing.patch(&path, there.clone()).await] {
        assert_eq!(refused.problem(403, "not-allowed").text_at("/detail"), "This API key lacks the scope `events:read`.");
    }
    assert_eq!(client.get("/v1/webhooks").await.expect(200).json["data"][0]["url"], json!(endpoint.url()));
    assert_eq!(hearing.patch(&path, there).await.expect(200).text_at("/url"), elsewhere.url());
    writing.post(&format!("{path}/test"), json!({})).await.expect(202);
    writing.delete(&path).await.expect(204);
    assert_eq!(client.get("/v1/webhooks").await.expect(200).json["data"], json!([]));
}
