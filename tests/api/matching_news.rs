//! News of matching: digests of who has come to fit, at most one a day, and how they are switched off.

use chrono::{DateTime, TimeDelta};
use guildhall::kernel::clock::Clock as _;
use reqwest::Method;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::person::Person;
use crate::support::seeds::{approve, open_job, unvetted, vetted};
use crate::support::smtp::Received;

const PREFERENCES: &str = "/v1/me/notification-preferences";

/// The digests that somebody got, oldest first.
async fn digests(app: &TestApp, person: &Person) -> Vec<Received> {
    let all = app.mails(person, "").await;
    all.into_iter().filter(|mail| mail.subject().contains(" fit")).collect()
}

async fn subjects(app: &TestApp, person: &Person) -> Vec<String> {
    digests(app, person).await.iter().map(Received::subject).collect()
}

async fn until(app: &TestApp, moment: &str) {
    let moment = DateTime::parse_from_rfc3339(moment).expect("an instant").to_utc();
    app.advance(moment - app.clock.now().utc()).await;
}

/// A developer who has this headline and is vetted from now on.
async fn arrives(app: &TestApp, headline: &str) -> (Person, String) {
    let found = vetted(app, json!({ "headline": headline })).await;
    app.settle().await;
    found
}

#[actix_web::test]
async fn who_comes_to_fit_is_told_once_a_day_at_nine_of_the_client() {
    let app = TestApp::start().await;
    let client = app.client().await;
    client.patch("/v1/me", json!({ "time_zone": "America/New_York" })).await.expect(200);
    let (early, _) = arrives(&app, "Early bird").await;
    open_job(&client, json!({})).await;
    app.settle().await;
    let other = app.another_node().await;
    let (second, _) = arrives(&app, "Second engineer").await;
    arrives(&app, "Third engineer").await;
    until(&app, "2026-11-23T13:59:59Z").await;
    assert!(digests(&app, &client).await.is_empty(), "it is not nine in New York");
    app.clock.advance(TimeDelta::seconds(1));
    tokio::join!(app.settle(), other.settle());
    other.settle().await;
    let mails = digests(&app, &client).await;
    assert_eq!(mails.iter().map(Received::subject).collect::<Vec<_>>(), ["2 new developers fit Go engineer for a payments ledger"]);
    for text in [mails[0].text(), mails[0].html()] {
        assert!(text.contains("Second engineer (senior)") && text.contains("Third engineer (senior)"), "{text}");
        assert!(!text.contains("Early bird") && !text.contains("80.00") && !text.contains("A developer"), "{text}");
    }
    // The request is news to all three, each at nine of their own (UTC).
    assert!(digests(&app, &early).await.is_empty());
    arrives(&app, "Fourth engineer").await;
    until(&app, "2026-11-24T13:00:00Z").await;
    assert_eq!(subjects(&app, &early).await, ["1 open request fits you"]);
    assert_eq!(subjects(&app, &second).await, ["1 open request fits you"]);
    assert_eq!(digests(&app, &client).await.len(), 1, "at most one a day");
    until(&app, "2026-11-24T14:00:00Z").await;
    other.settle().await;
    let mails = digests(&app, &client).await;
    assert_eq!(mails.len(), 2);
    assert!(mails[1].text().contains("Fourth engineer") && !mails[1].text().contains("Second engineer"), "{}", mails[1].text());
    until(&app, "2026-11-28T14:00:00Z").await;
    assert_eq!((digests(&app, &client).await.len(), digests(&app, &early).await.len()), (2, 1), "nothing is told twice");
}

#[actix_web::test]
async fn only_coming_to_fit_is_news() {
    let app = TestApp::start().await;
    let client = app.client().await;
    let (there, _) = arrives(&app, "There from the beginning").await;
    let (dear, _) = vetted(&app, json!({ "headline": "Too dear", "hourly_rate": { "amount": 12_000, "currency": "USD" } })).await;
    open_job(&client, json!({})).await;
    app.settle().await;
    there.patch("/v1/developers/me", json!({ "headline": "Another headline" })).await.expect(200);
    until(&app, "2026-11-24T09:00:00Z").await;
    assert!(digests(&app, &client).await.is_empty(), "an edit of the headline is no news");
    let dear = dear.sign_in().await;
    dear.patch("/v1/developers/me", json!({ "hourly_rate": { "amount": 9_000, "currency": "USD" } })).await.expect(200);
    until(&app, "2026-11-25T09:00:00Z").await;
    let mails = digests(&app, &client).await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].text().contains("Too dear"), "{}", mails[0].text());
}

#[actix_web::test]
async fn what_no_longer_holds_at_nine_is_not_told() {
    let app = TestApp::start().await;
    let client = app.client().await;
    let job = open_job(&client, json!({})).await;
    app.settle().await;
    let (developer, blocked) = arrives(&app, "Blocked").await;
    let (busy, _) = arrives(&app, "Busy").await;
    client.put(&format!("/v1/blocks/{blocked}"), json!({})).await.expect(204);
    busy.patch("/v1/developers/me", json!({ "hours_per_week": 10 })).await.expect(200);
    until(&app, "2026-11-24T09:00:00Z").await;
    for person in [&client, &developer, &busy] {
        assert!(digests(&app, person).await.is_empty());
    }
    let client = client.sign_in().await;
    arrives(&app, "Late").await;
    client.post(&format!("/v1/job-requests/{job}/pause"), json!({})).await.expect(200);
    until(&app, "2026-11-25T09:00:00Z").await;
    assert!(digests(&app, &client).await.is_empty(), "a request that rests has no news");
    let client = client.sign_in().await;
    client.post(&format!("/v1/job-requests/{job}/open"), json!({})).await.expect(200);
    until(&app, "2026-11-26T09:00:00Z").await;
    assert!(digests(&app, &client).await.is_empty(), "who fits when it opens again stands on the page");
}

#[actix_web::test]
async fn what_is_switched_off_is_not_sent() {
    let app = TestApp::start().await;
    let client = app.client().await;
    let digests_are = |enabled: bool| {
        json!({ "preferences": [
            { "kind": "new_matches_digest", "enabled": enabled }, { "kind": "trial_check_ins", "enabled": true },
            { "kind": "invitation_messages", "enabled": true },
        ] })
    };
    let (on, off) = (digests_are(true), digests_are(false));
    assert_eq!(client.get(PREFERENCES).await.expect(200).json, on);
    assert_eq!(client.put(PREFERENCES, off.clone()).await.expect(200).json, off);
    let foreign = json!({ "preferences": [{ "kind": "fitting_requests_digest", "enabled": false }] });
    client.put(PREFERENCES, foreign).await.faults(&["/preferences/0/kind"]);
    let unknown = json!({ "preferences": [{ "kind": "trial_offer", "enabled": false }] });
    client.put(PREFERENCES, unknown).await.expect(422);
    open_job(&client, json!({})).await;
    app.settle().await;
    let (developer, _) = arrives(&app, "First").await;
    until(&app, "2026-11-24T09:00:00Z").await;
    assert!(digests(&app, &client).await.is_empty());
    assert_eq!(digests(&app, &developer).await.len(), 1, "others' mails are theirs");
    let client = client.sign_in().await;
    assert_eq!(client.put(PREFERENCES, json!({ "preferences": [] })).await.expect(200).json, on, "what is left out is on");
    arrives(&app, "Second").await;
    until(&app, "2026-11-25T09:00:00Z").await;
    let mails = digests(&app, &client).await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].text().contains("Second") && !mails[0].text().contains("First"), "{}", mails[0].text());
}

#[actix_web::test]
async fn one_click_switches_off_and_a_look_does_not() {
    let app = TestApp::with(&[("server.frontend_url", "https://frontend.example")]).await;
    let client = app.client().await;
    open_job(&client, json!({})).await;
    app.settle().await;
    arrives(&app, "First").await;
    until(&app, "2026-11-24T09:00:00Z").await;
    let mail = digests(&app, &client).await.pop().expect("a digest");
    assert_eq!(mail.header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    let link = mail.header("List-Unsubscribe");
    let link = link.trim_start_matches('<').trim_end_matches('>');
    assert!(mail.text().contains(link) && mail.text().contains("https://frontend.example/job-requests/job_"), "{}", mail.text());
    let verify = app.mail(&client, "Verify your e-mail").await;
    assert_eq!(verify.header("List-Unsubscribe"), "", "what cannot be switched off does not say so");
    let path = link.strip_prefix(&app.house.settings.server.public_url).expect("this server's own address");
    let nobody = app.anonymous();
    let enabled = async |client: &Person| client.get(PREFERENCES).await.expect(200).at("/preferences/0/enabled").clone();
    let client = client.sign_in().await;
    assert!(nobody.get(path).await.expect(200).text.contains("Stop these mails"));
    nobody.submit(&path.replace("new_matches", "old_matches"), &[]).await.expect(422);
    nobody.submit("/unsubscribe", &[]).await.expect(422);
    assert_eq!(enabled(&client).await, true);
    // As mail programs do it, in either of the two forms.
    nobody.submit(path, &[("List-Unsubscribe", "One-Click")]).await.expect(200);
    assert_eq!(enabled(&client).await, false);
    client.put(PREFERENCES, json!({ "preferences": [] })).await.expect(200);
    nobody.send_bytes(Method::POST, path, b"--x\r\n".to_vec()).await.expect(200);
    assert_eq!(enabled(&client).await, false);
    arrives(&app, "Second").await;
    until(&app, "2026-11-25T09:00:00Z").await;
    assert_eq!(digests(&app, &client).await.len(), 1);
    for page in ["/job-requests/job_1", "/developers/me/job-requests"] {
        nobody.get(page).await.expect(200);
    }
}

#[actix_web::test]
async fn a_request_that_demands_something_else_finds_its_first_fits_anew() {
    let app = TestApp::start().await;
    let client = app.client().await;
    let (cheap, _) = arrives(&app, "Cheap").await;
    let (dear, _) = vetted(&app, json!({ "headline": "Dear", "hourly_rate": { "amount": 12_000, "currency": "USD" } })).await;
    let job = open_job(&client, json!({})).await;
    until(&app, "2026-11-24T09:00:00Z").await;
    assert_eq!((digests(&app, &cheap).await.len(), digests(&app, &dear).await.len()), (1, 0));
    let client = client.sign_in().await;
    let more = json!({ "max_hourly_rate": { "amount": 13_000, "currency": "USD" } });
    client.patch(&format!("/v1/job-requests/{job}"), more).await.expect(200);
    until(&app, "2026-11-25T09:00:00Z").await;
    assert_eq!((digests(&app, &cheap).await.len(), digests(&app, &dear).await.len()), (1, 1));
    assert!(digests(&app, &client).await.is_empty(), "the client changed it and sees who fits");
    let (_, unvetted) = unvetted(&app, json!({ "headline": "Approved later" })).await;
    app.settle().await;
    approve(&app, &unvetted).await;
    until(&app, "2026-11-26T09:00:00Z").await;
    assert_eq!(subjects(&app, &client).await, ["1 new developer fits Go engineer for a payments ledger"]);
}
