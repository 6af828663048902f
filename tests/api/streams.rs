//! Server-sent events: what concerns somebody arrives while it happens, and what was missed when they come back.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::seeds::{Scene, act, draft, open_job};
use crate::support::sse::{Listener, Seen};

async fn open(scene: &Scene, person: &crate::support::person::Person, last: &str) -> Listener {
    Listener::open(person, &scene.app.base(), last).await.expect("a stream")
}

/// The next so many events, each once.
async fn next(listener: &mut Listener, count: usize) -> Vec<Seen> {
    let mut seen: Vec<Seen> = Vec::new();
    while seen.len() < count {
        let event = listener.next().await.expect("an event");
        if !seen.contains(&event) {
            seen.push(event);
        }
    }
    seen
}

fn kinds(seen: &[Seen]) -> BTreeSet<&str> {
    seen.iter().map(|each| each.event.as_str()).collect()
}

#[actix_web::test]
async fn a_page_hears_that_an_offer_is_accepted_while_it_happens() {
    let scene = Scene::start().await;
    let stranger = scene.app.client().await;
    let (mut client, mut developer) = (open(&scene, &scene.client, "").await, open(&scene, &scene.developer, "").await);
    let mut other = open(&scene, &stranger, "").await;
    let trial = scene.offered().await;
    assert_eq!(kinds(&next(&mut client, 1).await), ["trial.offer"].into());
    let offered = next(&mut developer, 1).await;
    assert_eq!((offered[0].event.as_str(), &offered[0].data["data"]["trial_id"]), ("trial.offer", &json!(trial)));
    act(&scene.developer, &trial, "accept", json!({})).await.expect(200);
    let both = next(&mut client, 2).await;
    assert_eq!(kinds(&both), ["job_request.fill", "trial.accept"].into(), "the last seat is taken, too");
    let accepted = both.iter().find(|each| each.event == "trial.accept").expect("it");
    assert_eq!(next(&mut developer, 1).await, std::slice::from_ref(accepted), "both hear the same, the developer nothing of the request");
    let view = scene.client.get(&format!("/v1/trials/{trial}")).await.expect(200).json;
    assert!(accepted.id.starts_with("evt_"));
    assert_eq!(
        (&accepted.data["type"], &accepted.data["data"]["state"], &accepted.data["data"]["version"]),
        (&json!("trial.accept"), &view["state"], &view["version"])
    );
    // A stranger's stream has nothing before what is the stranger's own.
    draft(&stranger, json!({})).await;
    assert_eq!(kinds(&next(&mut other, 1).await), ["job_request.create"].into());
}

#[actix_web::test]
async fn whoever_comes_back_is_told_what_was_missed() {
    let scene = Scene::start().await;
    // What happened within ten seconds before the last event may come again: the scene was set before that.
    scene.app.advance(TimeDelta::minutes(1)).await;
    let mut listener = open(&scene, &scene.client, "").await;
    let trial = scene.offered().await;
    let last = listener.next().await.expect("an event");
    drop(listener);
    scene.app.advance(TimeDelta::hours(1)).await;
    let client = scene.client.sign_in().await;
    let developer = scene.developer.sign_in().await;
    act(&developer, &trial, "decline", json!({})).await.expect(200);
    open_job(&client, json!({})).await;
    let mut listener = open(&scene, &client, &last.id).await;
    let missed = next(&mut listener, 3).await;
    assert_eq!(kinds(&missed), ["trial.decline", "job_request.create", "job_request.open"].into());
    act(&client, &trial, "replace", json!({ "developer_id": scene.developer_id, "starts_on": "2026-12-02" })).await.expect(201);
    assert_eq!(listener.next().await.expect("an event").event, "trial.offer", "then what comes");
    let all = client.with("last-event-id", &last.id).get("/v1/events?wait=false").await.expect(200);
    assert!(all.text.starts_with("retry: ") && all.text.matches("event: trial.decline").count() == 1, "{}", all.text);
    assert_eq!((all.header("content-type"), all.header("cache-control")), ("text/event-stream", "no-store"));
    scene.app.advance(TimeDelta::days(8)).await;
    let client = client.sign_in().await;
    let mut listener = open(&scene, &client, &last.id).await;
    assert_eq!(listener.next().await.expect("an event").event, "reset");
    client.with("last-event-id", "yesterday").get("/v1/events").await.problem(400, "malformed-request");
}

#[actix_web::test]
async fn a_stream_ends_with_its_session_and_with_its_node() {
    let scene = Scene::start().await;
    let other = scene.client.sign_in().await;
    let (mut ended, mut kept) = (open(&scene, &scene.client, "").await, open(&scene, &other, "").await);
    scene.client.post("/v1/auth/logout", json!({})).await.expect(204);
    assert_eq!(ended.next().await, None);
    draft(&other, json!({})).await;
    assert_eq!(kept.next().await.expect("an event").event, "job_request.create");
    scene.app.house.streams.close();
    assert_eq!(kept.next().await, None);
    assert_eq!(Listener::open(&scene.client, &scene.app.base(), "").await.err(), Some(401));
}

#[actix_web::test]
async fn what_happens_at_one_node_is_heard_at_another() {
    let scene = Scene::start().await;
    let node = scene.app.another_node().await;
    let mut listener = Listener::open(&scene.client, &node.base(), "").await.expect("a stream");
    scene.offered().await;
    assert_eq!(listener.next().await.expect("an event").event, "trial.offer");
}

#[actix_web::test]
async fn a_quiet_stream_shows_that_it_lives_and_an_account_has_five() {
    let app = TestApp::with(&[("events.heartbeat", "1")]).await;
    let client = app.client().await;
    let mut listeners = Vec::new();
    for _ in 0..5 {
        listeners.push(Listener::open(&client, &app.base(), "").await.expect("a stream"));
    }
    assert_eq!(Listener::open(&client, &app.base(), "").await.err(), Some(429));
    let first = listeners[0].block().await.expect("a greeting");
    let alive = listeners[0].block().await.expect("a sign of life");
    assert_eq!((first.event.as_str(), alive.event.as_str(), alive.id.as_str()), ("", "", ""));
    drop(listeners);
    // The next sign of life finds nobody.
    let begun = std::time::Instant::now();
    while Listener::open(&client, &app.base(), "").await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "a place becomes free again");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    app.developer().await.get("/v1/events").await.problem(404, "not-found");
    app.admin().await.get("/v1/events").await.problem(403, "not-allowed");
}

#[actix_web::test]
async fn only_the_headers_of_a_stream_take_no_place() {
    let app = TestApp::with(&[("events.streams_per_account", "1")]).await;
    let client = app.client().await;
    for _ in 0..3 {
        let head = client.send(Method::HEAD, "/v1/events", None).await.expect(200);
        assert_eq!((head.header("content-type"), head.text.as_str()), ("text/event-stream", ""));
    }
    let mut listener = Listener::open(&client, &app.base(), "").await.expect("the one place");
    draft(&client, json!({})).await;
    assert_eq!(listener.next().await.expect("an event").event, "job_request.create");
    let refused = client.send(Method::HEAD, "/v1/events", None).await;
    assert_eq!(refused.status, 429, "as the stream itself would be");
}

#[actix_web::test]
async fn a_developer_hears_of_the_own_vetting() {
    let app = TestApp::start().await;
    let developer = app.profiled_developer().await;
    let mut listener = Listener::open(&developer.person, &app.base(), "").await.expect("a stream");
    let (reviewer, approver) = (app.admin().await, app.admin().await);
    crate::support::stories::vet(&developer.person, &reviewer, &approver, &[("go", 5)]).await;
    let mut heard = Vec::new();
    while heard.last().is_none_or(|last: &Seen| last.event != "vetted_status.approve") {
        heard.push(listener.next().await.expect("an event"));
    }
    let told = kinds(&heard);
    assert!(
        ["vetting.apply", "vetting.submit", "vetting.claim", "vetting.advance", "vetting.approve"].iter().all(|kind| told.contains(kind)),
        "{told:?}"
    );
}
