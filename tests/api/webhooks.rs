//! Webhooks: an organisation's own programs are told of each step, signed, again and again until they say yes, and led nowhere.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use diesel::prelude::*;
use guildhall::db::Conn;
use guildhall::db::schema::{events, webhook_deliveries};
use guildhall::kernel::answer::Call;
use guildhall::kernel::clock::Clock as _;
use guildhall::kernel::error::Code;
use guildhall::kernel::ids::{DeliveryId, EventId};
use guildhall::kernel::principal::{Principal, Role};
use guildhall::webhooks::event_types::all;
use reqwest::Method;
use ring::hmac;
use serde_json::{Value, json};

use crate::organizations::member;
use crate::support::answer::Answer;
use crate::support::app::{SECRET, TestApp};
use crate::support::endpoint::{Endpoint, Hit, Mode};
use crate::support::person::Person;
use crate::support::seeds::{Scene, act, draft};

/// A webhook, its path, and its secret.
pub struct Hook {
    pub path: String,
    pub secret: String,
}

impl Hook {
    pub async fn make(client: &Person, url: &str, types: Value) -> Self {
        let made = client.post("/v1/webhooks", json!({ "url": url, "event_types": types })).await.expect(201);
        let path = format!("/v1/webhooks/{}", made.text_at("/id"));
        assert_eq!(made.header("location"), path);
        Self { path, secret: made.text_at("/secret") }
    }

    pub async fn deliveries(&self, client: &Person) -> Vec<Value> {
        let list = client.get(&format!("{}/deliveries?limit=100", self.path)).await.expect(200);
        list.json["data"].as_array().expect("a list").clone()
    }

    pub async fn test(&self, client: &Person) -> Answer {
        client.post(&format!("{}/test", self.path), json!({})).await
    }
}

/// Whether a signature is this secret's, as somebody who has read the standard would check it.
pub fn is_signed(hit: &Hit, secret: &str) -> bool {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("a prefix")).expect("Base64");
    let content = format!("{}.{}.{}", hit.id, hit.timestamp, hit.body);
    let good = |signature: &String| {
        let bytes = STANDARD.decode(signature.strip_prefix("v1,").expect("a version")).expect("Base64");
        hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &key), content.as_bytes(), &bytes).is_ok()
    };
    hit.signatures.iter().any(good)
}

#[actix_web::test]
async fn a_program_is_told_of_each_step_and_can_check_who_says_so() {
    let app = TestApp::start().await;
    let (endpoint, others) = (Endpoint::start(), Endpoint::start());
    let (client, stranger) = (app.client().await, app.client().await);
    let hook = Hook::make(&client, &endpoint.url(), Value::Null).await;
    Hook::make(&stranger, &others.url(), Value::Null).await;
    let (developer, id) = crate::support::seeds::vetted(&app, json!({})).await;
    let job = crate::support::seeds::open_job(&client, json!({})).await;
    let trial = crate::support::seeds::offer(&client, &job, &id).await;
    act(&developer, &trial, "accept", json!({})).await.expect(200);
    app.settle().await;
    let told = ["job_request.create", "job_request.fill", "job_request.open", "trial.accept", "trial.offer"];
    let kinds: BTreeSet<String> = endpoint.kinds().into_iter().collect();
    assert_eq!(kinds.iter().map(String::as_str).collect::<Vec<_>>(), told);
    assert_eq!((endpoint.hits().len(), others.hits().len()), (told.len(), 0));
    let seconds = app.clock.now().utc().timestamp().to_string();
    for hit in endpoint.hits() {
        assert!(hit.id.starts_with("evt_") && hit.timestamp == seconds && hit.signatures.len() == 1, "{hit:?}");
        assert!(is_signed(&hit, &hook.secret) && !is_signed(&hit, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "{hit:?}");
    }
    let view = client.get(&format!("/v1/trials/{trial}")).await.expect(200).json;
    let accepted = endpoint.hits().into_iter().find(|hit| hit.kind() == "trial.accept").expect("it").json();
    let data = json!({
        "trial_id": trial, "job_request_id": job, "developer_id": id, "state": view["state"], "outcome": null, "version": view["version"],
    });
    assert_eq!(accepted, json!({ "type": "trial.accept", "timestamp": "2026-11-23T10:00:00Z", "data": data }));
    let log = hook.deliveries(&client).await;
    assert!(log.len() == told.len() && log.iter().all(|each| each["state"] == "delivered" && each["answered"] == 204), "{log:?}");
    assert!(log.iter().any(|each| each["payload"] == accepted && each["type"] == "trial.accept"), "{log:?}");
    let one = log[0]["id"].as_str().expect("an id");
    assert_eq!(client.get(&format!("{}/deliveries/{one}", hook.path)).await.expect(200).json, log[0]);
    assert!(!client.get(&hook.path).await.expect(200).text.contains("whsec_"), "the secret is shown once");
    assert!(!app.dump().contains(&hook.secret[6..]), "nor does the database tell it");
}

#[actix_web::test]
async fn every_event_of_an_organisation_has_a_type_that_the_document_names() {
    let mut scene = Scene::start().await;
    let endpoint = Endpoint::start();
    Hook::make(&scene.client, &endpoint.url(), Value::Null).await;
    let asked = json!({ "developer_id": scene.developer_id, "message": "May we talk?" });
    let invitation = scene.client.post(&format!("/v1/job-requests/{}/invitations", scene.job), asked).await.expect(201).text_at("/id");
    scene.developer.post(&format!("/v1/invitations/{invitation}/accept"), json!({})).await.expect(200);
    scene.client.post(&format!("/v1/invitations/{invitation}/messages"), json!({ "message": "At ten?" })).await.expect(201);
    let trial = scene.active().await;
    act(&scene.client, &trial, "pause", json!({ "reason_code": "other", "message": "A week off." })).await.expect(200);
    act(&scene.client, &trial, "resume", json!({})).await.expect(200);
    scene.until("2026-12-08T10:00:00Z").await;
    let sheet = format!("/v1/trials/{trial}/timesheets/2026-W49");
    let days = json!({ "days": [{ "date": "2026-12-02", "hours": 4.0, "note": "Wrote the ledger." }] });
    scene.developer.put(&sheet, days).await.expect(200);
    scene.developer.post(&format!("{sheet}/submit"), json!({})).await.expect(200);
    scene.until("2027-01-20T10:00:00Z").await;
    scene.app.settle().await;
    let kinds: BTreeSet<String> = endpoint.kinds().into_iter().collect();
    let unknown: Vec<_> = kinds.iter().filter(|kind| !all().contains(kind)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let seen = ["invitation.message", "trial.start", "trial.resume", "trial.trial-over", "trial.grace-over", "timesheet.approve"];
    assert!(seen.iter().all(|kind| kinds.contains(*kind)), "{kinds:?}");
    let document: Value = serde_json::from_str(&guildhall::server::openapi_json().expect("a document")).expect("JSON");
    assert_eq!(document["components"]["schemas"]["EventType"]["enum"], json!(all()), "with those of vetting, which are for admins");
}

#[actix_web::test]
async fn only_what_was_asked_for_is_told_and_nothing_while_it_is_off() {
    let scene = Scene::start().await;
    let endpoint = Endpoint::start();
    let hook = Hook::make(&scene.client, &endpoint.url(), json!(["trial.offer", "trial.accept"])).await;
    let trial = scene.offered().await;
    scene.app.settle().await;
    scene.client.patch(&hook.path, json!({ "enabled": false })).await.expect(200);
    act(&scene.developer, &trial, "accept", json!({})).await.expect(200);
    scene.app.settle().await;
    let off = scene.client.get(&hook.path).await.expect(200);
    assert_eq!((off.json["enabled"].clone(), off.text_at("/disabled_because")), (json!(false), "switched_off".to_owned()));
    let all = scene.client.patch(&hook.path, json!({ "enabled": true, "event_types": null })).await.expect(200);
    assert_eq!((all.json["event_types"].clone(), all.json["disabled_because"].clone()), (Value::Null, Value::Null));
    let reason = json!({ "reason_code": "other", "message": "Not now." });
    act(&scene.client, &trial, "cancel", reason).await.expect(200);
    scene.app.settle().await;
    let kinds: BTreeSet<String> = endpoint.kinds().into_iter().collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["job_request.reopen", "trial.cancel", "trial.offer"]);
    let stale = scene.client.with("if-match", "\"1\"").patch(&hook.path, json!({ "description": "Board" })).await;
    stale.problem(412, "stale-version");
    let wrong = scene.client.patch(&hook.path, json!({ "event_types": ["trial.dance"] })).await;
    wrong.faults(&["/event_types/0"]);
}

#[actix_web::test]
async fn an_endpoint_that_is_down_is_told_when_it_is_up_again() {
    let app = TestApp::start().await;
    let (client, endpoint) = (app.client().await, Endpoint::start());
    let hook = Hook::make(&client, &endpoint.url(), json!(["job_request.create"])).await;
    endpoint.answer(Mode::With(503));
    draft(&client, json!({})).await;
    app.settle().await;
    let waiting = &hook.deliveries(&client).await[0];
    assert_eq!(
        (&waiting["state"], &waiting["answered"], &waiting["last_error"]),
        (&json!("pending"), &json!(503), &json!("answered with 503"))
    );
    assert!(client.get(&hook.path).await.expect(200).json["failing_since"].is_string());
    // Five seconds, five minutes, half an hour, each by a fifth more or less.
    for (wait, hits) in [(3, 1), (4, 2), (200, 2), (200, 3), (1200, 3), (1200, 4)] {
        app.advance(TimeDelta::seconds(wait)).await;
        assert_eq!(endpoint.hits().len(), hits, "after {wait} s more");
    }
    endpoint.answer(Mode::With(200));
    app.advance(TimeDelta::hours(3)).await;
    let hits = endpoint.hits();
    let ids: BTreeSet<&String> = hits.iter().map(|hit| &hit.id).collect();
    assert_eq!((hits.len(), ids.len()), (5, 1), "an event has one name, however often it is told");
    let times: BTreeSet<&String> = hits.iter().map(|hit| &hit.timestamp).collect();
    assert!(times.len() == 5 && hits.iter().all(|hit| is_signed(hit, &hook.secret)), "each attempt is signed for its own time");
    let client = client.with_pair(&client.renew().await.expect(200));
    let delivered = &hook.deliveries(&client).await[0];
    assert_eq!((&delivered["state"], &delivered["attempts"], &delivered["due_at"]), (&json!("delivered"), &json!(5), &Value::Null));
    assert_eq!(client.get(&hook.path).await.expect(200).json["failing_since"], Value::Null);
    app.advance(TimeDelta::days(1)).await;
    assert_eq!(endpoint.hits().len(), 5);
}

#[actix_web::test]
async fn an_endpoint_that_fails_for_days_is_switched_off_and_its_owners_hear_of_it() {
    let app = TestApp::start().await;
    let (client, endpoint) = (app.client().await, Endpoint::start());
    let hook = Hook::make(&client, &endpoint.url(), json!(["job_request.create"])).await;
    endpoint.answer(Mode::With(500));
    draft(&client, json!({})).await;
    for _ in 0..11 {
        app.advance(TimeDelta::hours(6)).await;
    }
    let client = client.sign_in().await;
    draft(&client, json!({})).await;
    app.settle().await;
    assert!(app.mails(&client, "A webhook was switched off").await.is_empty(), "not yet");
    app.advance(TimeDelta::hours(6)).await;
    let mail = app.newest_mail(&client, "A webhook was switched off: 127.0.0.1").await;
    assert!(mail.text().contains(&hook.path.replace("/v1", "")), "{}", mail.text());
    let client = client.sign_in().await;
    let off = client.get(&hook.path).await.expect(200);
    assert_eq!((off.json["enabled"].clone(), off.text_at("/disabled_because")), (json!(false), "failing".to_owned()));
    let log = hook.deliveries(&client).await;
    assert_eq!(log.iter().map(|each| &each["state"]).collect::<Vec<_>>(), ["failed", "failed"], "what waited is given up as well");
    let (told, first) = (endpoint.hits().len(), log[1]["id"].as_str().expect("an id"));
    draft(&client, json!({})).await;
    app.settle().await;
    assert_eq!((endpoint.hits().len(), hook.deliveries(&client).await.len()), (told, 2), "nothing is sent any more");
    let again = format!("{}/deliveries/{first}/redeliver", hook.path);
    client.post(&again, json!({})).await.problem(409, "conflict");
    endpoint.answer(Mode::With(200));
    client.patch(&hook.path, json!({ "enabled": true })).await.expect(200);
    client.post(&again, json!({})).await.expect(202);
    app.settle().await;
    assert_eq!(hook.deliveries(&client).await[1]["state"], "delivered");
    assert_eq!(app.mails(&client, "A webhook was switched off").await.len(), 1);
}

#[actix_web::test]
async fn an_endpoint_that_is_gone_is_switched_off_at_once() {
    let app = TestApp::start().await;
    let (client, endpoint) = (app.client().await, Endpoint::start());
    let hook = Hook::make(&client, &endpoint.url(), Value::Null).await;
    endpoint.answer(Mode::With(410));
    draft(&client, json!({})).await;
    app.settle().await;
    assert_eq!(client.get(&hook.path).await.expect(200).text_at("/disabled_because"), "gone");
    app.advance(TimeDelta::days(1)).await;
    assert_eq!(endpoint.hits().len(), 1);
    assert!(app.newest_mail(&client, "A webhook was switched off").await.text().contains("410"));
}

#[actix_web::test]
async fn what_somebody_made_tells_them_nothing_once_they_are_out_and_the_owners_hear_of_it() {
    let app = TestApp::start().await;
    let (owner, admin, ours) = (app.client().await, app.admin().await, Endpoint::start());
    let kept = Hook::make(&owner, &ours.url(), Value::Null).await;
    for (out, way) in ["removed", "left", "suspended"].into_iter().enumerate() {
        let (guest, theirs) = (member(&app, &owner).await, Endpoint::start());
        let hook = Hook::make(&guest, &theirs.url(), Value::Null).await;
        theirs.answer(Mode::With(503));
        draft(&owner, json!({})).await;
        app.settle().await;
        let id = guest.get("/v1/me").await.expect(200).text_at("/id");
        match way {
            "removed" => owner.delete(&format!("/v1/organization/members/{id}")).await.expect(204),
            "left" => guest.send(Method::DELETE, "/v1/me", Some(json!({ "password": guest.password }))).await.expect(202),
            _ => admin.post(&format!("/v1/admin/users/{id}/suspend"), json!({ "message": "Because." })).await.expect(200),
        };
        theirs.answer(Mode::With(204));
        draft(&owner, json!({})).await;
        app.advance(TimeDelta::seconds(10)).await;
        assert_eq!((theirs.hits().len(), ours.hits().len()), (1, 2 * out + 2), "{way}: neither what waited nor what came");
        let off = owner.get(&hook.path).await.expect(200);
        assert_eq!((&off.json["enabled"], &off.json["disabled_because"]), (&json!(false), &json!("maker_left")), "{way}");
        assert_eq!(hook.deliveries(&owner).await.iter().map(|each| &each["state"]).collect::<Vec<_>>(), ["failed"], "{way}");
        assert_eq!(owner.get(&kept.path).await.expect(200).json["enabled"], json!(true), "{way}");
        let mails = app.mails(&owner, "A webhook was switched off: 127.0.0.1").await;
        let text = mails.last().expect("a mail").text();
        let why = "Whoever set up the webhook to 127.0.0.1 no longer acts for your organisation, so we send it nothing more.\n\n\
            If the endpoint is yours, give the webhook another secret, as whoever left may know this one, and switch it on again. \
            Otherwise take it away.";
        assert!(mails.len() == out + 1 && text.contains(why) && text.contains(&hook.path.replace("/v1", "")), "{way}: {text}");
        assert!(app.mails(&guest, "A webhook was switched off").await.is_empty(), "{way}");
        let subject = hook.path.replace("/v1/webhooks/", "");
        let log = admin.get(&format!("/v1/admin/audit?subject={subject}")).await.expect(200);
        let entry = (&log.json["data"][0]["action"], &log.json["data"][0]["details"]);
        assert_eq!(entry, (&json!("webhook.disable"), &json!({ "because": "maker_left" })), "{way}");
    }
}

#[actix_web::test]
async fn a_webhook_ends_with_whoever_led_it_where_it_leads() {
    let app = TestApp::start().await;
    let (owner, ours, theirs) = (app.client().await, Endpoint::start(), Endpoint::start());
    let (writer, leader) = (member(&app, &owner).await, member(&app, &owner).await);
    let (named, led) = (Hook::make(&owner, &ours.url(), Value::Null).await, Hook::make(&owner, &ours.url(), Value::Null).await);
    writer.patch(&named.path, json!({ "description": "Board" })).await.expect(200);
    leader.patch(&led.path, json!({ "url": theirs.url() })).await.expect(200);
    for person in [&writer, &leader] {
        let id = person.get("/v1/me").await.expect(200).text_at("/id");
        owner.delete(&format!("/v1/organization/members/{id}")).await.expect(204);
    }
    assert_eq!(owner.get(&named.path).await.expect(200).json["enabled"], json!(true));
    assert_eq!(owner.get(&led.path).await.expect(200).text_at("/disabled_because"), "maker_left");
    draft(&owner, json!({})).await;
    app.settle().await;
    assert_eq!((ours.hits().len(), theirs.hits().len()), (1, 0));
    // Whoever wants it still switches it on.
    owner.patch(&led.path, json!({ "enabled": true, "url": ours.url() })).await.expect(200);
    draft(&owner, json!({})).await;
    app.settle().await;
    assert_eq!((ours.hits().len(), theirs.hits().len()), (3, 0));
}

/// Behind the gate, which may know of a removal half a second later than the database.
#[actix_web::test]
async fn whoever_was_let_in_before_the_removal_leads_no_webhook_anywhere_after_it() {
    let app = TestApp::start().await;
    let (owner, theirs) = (app.client().await, Endpoint::start());
    let (guest, kept) = (member(&app, &owner).await, Hook::make(&owner, &theirs.url(), Value::Null).await);
    let (me, sessions) = (guest.get("/v1/me").await.expect(200), guest.get("/v1/me/sessions").await.expect(200));
    let call = Call::by(Principal {
        user: me.text_at("/id").parse().expect("an id"),
        session: sessions.text_at("/data/0/id").parse().expect("an id"),
        role: Role::Client,
        organization: Some(me.text_at("/organization/id").parse().expect("an id")),
    });
    owner.delete(&format!("/v1/organization/members/{}", me.text_at("/id"))).await.expect(204);
    let body = json!({ "url": format!("{}/other", theirs.url()) });
    let draft = serde_json::from_value(body.clone()).expect("a draft");
    let made = app.house.webhooks.create(call.clone(), draft).await.expect_err("no webhook");
    let (id, patch) = (kept.path.replace("/v1/webhooks/", ""), serde_json::from_value(body).expect("a patch"));
    let changed = app.house.webhooks.change(call, id.parse().expect("an id"), patch).await.expect_err("no change");
    assert_eq!([made.code, changed.code], [Code::NotSignedIn; 2]);
    let list = owner.get("/v1/webhooks").await.expect(200);
    assert_eq!(list.json["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(list.json["data"][0]["url"], json!(theirs.url()));
}

#[actix_web::test]
async fn two_secrets_sign_while_one_takes_over_from_the_other() {
    let app = TestApp::start().await;
    let (client, endpoint) = (app.client().await, Endpoint::start());
    let hook = Hook::make(&client, &endpoint.url(), Value::Null).await;
    let rotated = client.post(&format!("{}/rotate-secret", hook.path), json!({})).await.expect(200);
    let secret = rotated.text_at("/secret");
    assert!(secret != hook.secret && rotated.text_at("/former_secret_until") == "2026-11-24T10:00:00Z", "{}", rotated.text);
    hook.test(&client).await.expect(202);
    app.settle().await;
    app.advance(TimeDelta::hours(24)).await;
    let client = client.sign_in().await;
    hook.test(&client).await.expect(202);
    app.settle().await;
    let signed: Vec<_> =
        endpoint.hits().iter().map(|hit| (hit.signatures.len(), is_signed(hit, &secret), is_signed(hit, &hook.secret))).collect();
    assert_eq!(signed, [(2, true, true), (1, true, false)]);
}

#[actix_web::test]
async fn the_houses_own_secret_can_be_replaced() {
    let app = TestApp::start().await;
    let (client, endpoint) = (app.client().await, Endpoint::start());
    let hook = Hook::make(&client, &endpoint.url(), Value::Null).await;
    let rotated = client.post(&format!("{}/rotate-secret", hook.path), json!({})).await.expect(200).text_at("/secret");
    let new = "another secret of the tests, long enough to sign";
    let node = app.another_node_with(&[("auth.secret", new), ("auth.previous_secrets", SECRET)]).await;
    node.house.webhooks.tidy().await.expect("seals");
    drop(node);
    let node = app.another_node_with(&[("auth.secret", new)]).await;
    drop(app);
    let client = client.at(&node.base()).sign_in().await;
    hook.test(&client).await.expect(202);
    node.settle().await;
    let hits = endpoint.hits();
    assert!(hits.len() == 1 && is_signed(&hits[0], &rotated) && is_signed(&hits[0], &hook.secret), "{hits:?}");
}

#[actix_web::test]
pub async fn a_test_event_and_a_repeat_are_sent_on_request() {
    let app = TestApp::start().await;
    let (client, endpoint) = (app.client().await, Endpoint::start());
    let hook = Hook::make(&client, &endpoint.url(), json!(["trial.accept"])).await;
    let test = hook.test(&client).await.expect(202);
    app.settle().await;
    let again = format!("{}/deliveries/{}/redeliver", hook.path, test.text_at("/id"));
    assert_eq!(client.post(&again, json!({})).await.expect(202).text_at("/state"), "pending");
    app.settle().await;
    let hits = endpoint.hits();
    assert_eq!(endpoint.kinds(), ["webhook.test", "webhook.test"]);
    assert_eq!((&hits[0].id, &hits[0].body), (&hits[1].id, &hits[1].body), "a repeat is the same message");
    assert_eq!(hook.deliveries(&client).await.len(), 1);
    let missing = format!("{}/deliveries/delivery_01h455vb4pex5vsknk084sn02q/redeliver", hook.path);
    client.post(&missing, json!({})).await.problem(404, "not-found");
    client.delete(&hook.path).await.expect(204);
    client.get(&hook.path).await.problem(404, "not-found");
}

#[actix_web::test]
async fn tests_and_repeats_have_their_number_a_day_and_an_organisation_ten_webhooks() {
    let few = [
        ("limits.enabled", "true"),
        ("limits.requests_per_second", "1000"),
        ("limits.burst", "1000"),
        ("limits.webhook_repeats_per_day", "2"),
    ];
    let app = TestApp::with(&few).await;
    let (client, endpoint) = (app.client().await, Endpoint::start());
    let hook = Hook::make(&client, &endpoint.url(), json!(["trial.accept"])).await;
    hook.test(&client).await.expect(202);
    hook.test(&client).await.expect(202);
    hook.test(&client).await.problem(429, "too-many-requests");
    for _ in 1..10 {
        Hook::make(&client, &endpoint.url(), json!(["trial.accept"])).await;
    }
    client.post("/v1/webhooks", json!({ "url": endpoint.url() })).await.problem(409, "conflict");
    let page = client.get("/v1/webhooks?limit=4").await.expect(200);
    let next = client.get(&format!("/v1/webhooks?cursor={}", page.text_at("/next_cursor"))).await.expect(200);
    let count = |page: &Answer| page.json["data"].as_array().expect("a list").len();
    assert_eq!((count(&page), count(&next), &next.json["next_cursor"]), (4, 6, &Value::Null));
}

#[actix_web::test]
async fn urls_have_their_number_a_day_and_count_before_anybody_looks_where_they_lead() {
    let few = [
        ("limits.enabled", "true"),
        ("limits.requests_per_second", "1000"),
        ("limits.burst", "1000"),
        ("limits.webhook_urls_per_day", "3"),
    ];
    let app = TestApp::with(&few).await;
    let (client, stranger, endpoint) = (app.client().await, app.client().await, Endpoint::start());
    let hook = Hook::make(&client, &endpoint.url(), Value::Null).await;
    let (other, wrong) = (json!({ "url": format!("{}/other", endpoint.url()) }), json!({ "url": "ftp://1.1.1.1/" }));
    client.patch(&hook.path, other).await.expect(200);
    client.patch(&hook.path, json!({ "description": "The same URL costs nothing" })).await.expect(200);
    client.post("/v1/webhooks", wrong.clone()).await.faults(&["/url"]);
    client.post("/v1/webhooks", wrong.clone()).await.problem(429, "too-many-requests");
    client.patch(&hook.path, wrong.clone()).await.problem(429, "too-many-requests");
    stranger.post("/v1/webhooks", wrong).await.faults(&["/url"]);
    app.advance(TimeDelta::days(1)).await;
    let client = client.with_pair(&client.renew().await.expect(200));
    client.patch(&hook.path, json!({ "url": endpoint.url() })).await.expect(200);
}

#[actix_web::test]
async fn two_nodes_tell_each_event_once() {
    let app = TestApp::start().await;
    let node = app.another_node().await;
    let (client, endpoints) = (app.client().await, [Endpoint::start(), Endpoint::start(), Endpoint::start()]);
    for endpoint in &endpoints {
        Hook::make(&client, &endpoint.url(), json!(["job_request.create"])).await;
    }
    for _ in 0..10 {
        draft(&client, json!({})).await;
    }
    // What one node made of the events the other may claim after it had settled: it settles once more.
    for _ in 0..2 {
        tokio::join!(app.settle(), node.settle());
    }
    for endpoint in &endpoints {
        let ids: BTreeSet<String> = endpoint.hits().into_iter().map(|hit| hit.id).collect();
        assert_eq!((endpoint.hits().len(), ids.len()), (10, 10));
    }
}

#[actix_web::test]
async fn what_a_node_that_died_had_claimed_is_sent_by_another() {
    let app = TestApp::start().await;
    let (client, endpoint) = (app.client().await, Endpoint::start());
    let hook = Hook::make(&client, &endpoint.url(), Value::Null).await;
    endpoint.answer(Mode::With(500));
    hook.test(&client).await.expect(202);
    app.settle().await;
    endpoint.answer(Mode::With(200));
    // As if a node had claimed it half a minute before its lease ends, and died.
    let until = app.clock.now().plus(TimeDelta::minutes(10));
    let lease = move |conn: &mut Conn| {
        Ok(diesel::update(webhook_deliveries::table).set(webhook_deliveries::leased_until.eq(until)).execute(conn)?)
    };
    app.house.db.write(lease).await.expect("a lease");
    app.clock.advance(TimeDelta::minutes(9));
    assert!(app.house.webhooks.claim(10).await.expect("a claim").is_empty(), "the lease holds");
    app.clock.advance(TimeDelta::minutes(1));
    app.settle().await;
    assert_eq!(endpoint.hits().len(), 2);
}

#[actix_web::test]
async fn an_endpoint_that_stalls_holds_up_itself_alone() {
    let app = TestApp::with(&[("webhooks.deadline", "2")]).await;
    let (client, stalled, well) = (app.client().await, Endpoint::start(), Endpoint::start());
    stalled.answer(Mode::After(Duration::from_secs(60)));
    let slow = Hook::make(&client, &stalled.url(), json!(["job_request.create"])).await;
    Hook::make(&client, &well.url(), json!(["job_request.create"])).await;
    for _ in 0..3 {
        draft(&client, json!({})).await;
    }
    let begun = std::time::Instant::now();
    while well.hits().len() < 3 {
        assert!(begun.elapsed() < Duration::from_secs(20), "the other one waits");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    app.settle().await;
    let log = slow.deliveries(&client).await;
    assert!(log.iter().all(|each| each["last_error"] == "no answer within 2 s" && each["state"] == "pending"), "{log:?}");
}

#[actix_web::test]
async fn a_webhook_leads_out_into_the_world_and_stays_where_it_leads() {
    let app = TestApp::start().await;
    let (client, endpoint, elsewhere) = (app.client().await, Endpoint::start(), Endpoint::start());
    endpoint.answer(Mode::Elsewhere(elsewhere.url()));
    let hook = Hook::make(&client, &endpoint.url(), Value::Null).await;
    hook.test(&client).await.expect(202);
    app.settle().await;
    assert_eq!((endpoint.hits().len(), elsewhere.hits().len()), (1, 0), "nobody is followed anywhere");
    assert_eq!(hook.deliveries(&client).await[0]["last_error"], "answered with 307");
    let strict = app.another_node_with(&[("webhooks.anywhere", "false")]).await;
    let client = client.at(&strict.base());
    let private = [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[fd00::1]/",
        "https://0x7f.1/",
        "https://user:secret@1.1.1.1/",
        "https://1.1.1.1/#x",
        "ftp://1.1.1.1/",
        "no URL",
    ];
    for url in private {
        for refused in [client.post("/v1/webhooks", json!({ "url": url })).await, client.patch(&hook.path, json!({ "url": url })).await] {
            assert_eq!(refused.problem(422, "validation-failed").text_at("/errors/0/pointer"), "/url", "{url}");
        }
    }
    client.post("/v1/webhooks", json!({ "url": "https://1.1.1.1/hooks", "event_types": ["trial.accept"] })).await.expect(201);
}

#[actix_web::test]
async fn what_is_private_by_now_is_not_dialled() {
    let app = TestApp::with(&[("webhooks.anywhere", "false")]).await;
    let (client, endpoint) = (app.client().await, Endpoint::start());
    let hook = Hook::make(&client, "https://1.1.1.1/hooks", json!(["job_request.create"])).await;
    app.sql(format!("UPDATE webhooks SET url = '{}'", endpoint.url().replace("http:", "https:"))).await;
    draft(&client, json!({})).await;
    app.settle().await;
    assert_eq!(hook.deliveries(&client).await[0]["last_error"], "its URL must lead to a public address");
    assert!(endpoint.hits().is_empty());
}

#[actix_web::test]
async fn the_log_is_forgotten_after_thirty_days_and_events_after_a_week() {
    let app = TestApp::start().await;
    let (client, endpoint) = (app.client().await, Endpoint::start());
    let hook = Hook::make(&client, &endpoint.url(), Value::Null).await;
    draft(&client, json!({})).await;
    app.settle().await;
    let told = || app.read(|conn| events::table.select(events::id).load::<EventId>(conn));
    let (event, delivery) = (told().await, hook.deliveries(&client).await[0]["id"].clone());
    let delivery: DeliveryId = serde_json::from_value(delivery).expect("an id");
    assert_eq!(event.len(), 1);
    for days in [6, 2, 23] {
        app.advance(TimeDelta::days(days)).await;
        app.house.webhooks.tidy().await.expect("a tidy house");
        // Ids know their time, which in a process of many tests may be another one's.
        let since = |days| app.clock.now().plus(-TimeDelta::days(days));
        assert_eq!(!told().await.is_empty(), event[0] >= EventId::first_at(since(7)), "after {days} days more");
        let listed = hook.deliveries(&client.sign_in().await).await;
        assert_eq!(!listed.is_empty(), delivery >= DeliveryId::first_at(since(30)), "after {days} days more");
    }
}

/// The real binary, with a delivery of the real house and one of somebody else.
#[actix_web::test]
async fn who_builds_upon_webhooks_can_listen_on_ones_own_machine() {
    let app = TestApp::start().await;
    let client = app.client().await;
    let parked = Endpoint::start();
    let hook = Hook::make(&client, &parked.url(), Value::Null).await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_guildhall"));
    command.args(["webhook", "listen", "--port", "0", "--secret", &hook.secret]).stdout(Stdio::piped());
    let mut listener = command.spawn().expect("the binary");
    let mut lines = BufReader::new(listener.stdout.take().expect("its output")).lines().map(|line| line.expect("a line"));
    let (url, mut lines) = tokio::task::spawn_blocking(move || {
        let first = lines.next().expect("a first line");
        (first.strip_prefix("listening on ").expect("where").to_owned(), lines)
    })
    .await
    .expect("a thread");
    let (id, body, now) = ("evt_1", r#"{"type":"webhook.test"}"#, chrono::Utc::now().timestamp());
    let key = STANDARD.decode(&hook.secret[6..]).expect("Base64");
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), format!("{id}.{now}.{body}").as_bytes());
    let post = reqwest::Client::builder().no_proxy().build().expect("a client").post(&url).body(body);
    let post = post.header("webhook-id", id).header("webhook-timestamp", now);
    let answer = post.header("webhook-signature", format!("v1,{}", STANDARD.encode(tag))).send().await.expect("an answer");
    assert_eq!(answer.status(), 204);
    client.patch(&hook.path, json!({ "url": url })).await.expect(200);
    // The listener's clock is the real one, the house's stands still: what it is sent is too old.
    hook.test(&client).await.expect(202);
    app.settle().await;
    let said = move || (lines.next().expect("a line"), lines.next().expect("a line"));
    let (good, line) = tokio::task::spawn_blocking(said).await.expect("a thread");
    listener.kill().expect("an end");
    listener.wait().expect("an end");
    assert_eq!(good, format!("{id} {body}"));
    assert!(line.starts_with("evt_") && line.ends_with("refused: webhook-timestamp is more than five minutes off"), "{line}");
    assert_eq!(hook.deliveries(&client).await[0]["answered"], 401);
}
