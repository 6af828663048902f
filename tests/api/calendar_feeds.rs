//! Calendar feeds: one secret address for the key dates of all one's trials.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::json;

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::person::Person;
use crate::support::seeds::{Scene, act, offer, open_job, vetted};

const FEED: &str = "/v1/me/calendar-feed";

/// Makes a feed; the path of its address.
async fn subscribed(person: &Person) -> String {
    let made = person.post(FEED, json!({})).await.expect(201);
    let url = made.text_at("/url");
    let (_, path) = url.split_once("/v1/calendar/").expect("an address");
    assert!(url.starts_with("http") && path.len() == 43 + "/trials.ics".len(), "{url}");
    format!("/v1/calendar/{path}")
}

/// The events of a calendar by their UID: their content lines, unfolded, without those that say when each was asked for.
fn events(answer: &Answer) -> BTreeMap<String, Vec<String>> {
    let text = answer.text.replace("\r\n ", "");
    let events = text.split("BEGIN:VEVENT\r\n").skip(1).map(|event| event.split("END:VEVENT").next().expect("an event"));
    let lines = events.map(|event| event.lines().map(str::to_owned).collect::<Vec<_>>());
    lines.map(|lines| (lines.iter().find(|line| line.starts_with("UID:")).expect("a UID").clone(), lines)).collect()
}

fn statuses(answer: &Answer) -> Vec<(String, String)> {
    let of = |lines: &[String]| lines.iter().find_map(|line| line.strip_prefix("STATUS:")).expect("a status").to_owned();
    let kind = |uid: &str| uid.rsplit_once("@").expect("a UID").0.split('-').skip(1).collect::<Vec<_>>().join("-");
    events(answer).iter().map(|(uid, lines)| (kind(uid), of(lines))).collect()
}

#[actix_web::test]
async fn a_feed_has_the_dates_of_all_trials_as_the_single_files_have_them() {
    let mut scene = Scene::start().await;
    let (own, theirs) = (subscribed(&scene.developer).await, subscribed(&scene.client).await);
    let anybody = scene.app.anonymous();
    let empty = anybody.get(&own).await.expect(200);
    assert_eq!(empty.header("content-type"), "text/calendar; charset=utf-8");
    assert!(
        events(&empty).is_empty() && empty.text.starts_with("BEGIN:VCALENDAR") && empty.text.contains("METHOD:PUBLISH"),
        "{}",
        empty.text
    );
    let trial = scene.offered().await;
    assert_eq!(anybody.get(&own).await.text, empty.text, "an offer is no date yet");
    act(&scene.developer, &trial, "accept", json!({})).await.expect(200);
    for (person, feed) in [(&scene.developer, &own), (&scene.client, &theirs)] {
        let single = person.get(&format!("/v1/trials/{trial}/calendar.ics")).await.expect(200);
        let feed = anybody.get(feed).await.expect(200);
        assert_eq!(events(&feed), events(&single));
        assert!(events(&feed).len() >= 5);
    }
    // Another trial, of the same developer with another client, is in the developer's feed only.
    let (other, job) = scene.app.client_with_job().await;
    let before = events(&anybody.get(&theirs).await);
    scene.developer.patch("/v1/developers/me", json!({ "hours_per_week": 80 })).await.expect(200);
    let second = offer(&other, &job, &scene.developer_id).await;
    act(&scene.developer, &second, "accept", json!({})).await.expect(200);
    assert_eq!(events(&anybody.get(&own).await).len(), 2 * before.len());
    assert_eq!(events(&anybody.get(&theirs).await), before);

    // What ends keeps what took place, and calls off what was ahead.
    scene.until("2026-12-05T10:00:00Z").await;
    let reason = json!({ "reason_code": "scope_changed", "message": "The work is done." });
    act(&scene.client, &trial, "end", reason).await.expect(200);
    scene.later(TimeDelta::days(10)).await;
    let after = anybody.get(&theirs).await.expect(200);
    let expected = [
        ("check-in-14", "CANCELLED"),
        ("check-in-3", "CONFIRMED"),
        ("decision-0", "CANCELLED"),
        ("end-0", "CANCELLED"),
        ("start-0", "CONFIRMED"),
    ];
    let statuses = statuses(&after);
    for (kind, status) in expected {
        assert!(statuses.contains(&(kind.to_owned(), status.to_owned())), "{kind}: {statuses:?}");
    }
    let called_off = events(&scene.client.get(&format!("/v1/trials/{trial}/calendar.ics")).await.expect(200));
    let feed = events(&after);
    assert!(called_off.iter().all(|(uid, lines)| feed.get(uid) == Some(lines)), "{called_off:?} {feed:?}");
}

#[actix_web::test]
async fn a_calendar_asks_again_without_reading_again() {
    let scene = Scene::start().await;
    scene.scheduled().await;
    let feed = subscribed(&scene.client).await;
    let first = scene.app.anonymous().get(&feed).await.expect(200);
    assert_eq!(first.header("cache-control"), "private, no-cache");
    for known in [first.header("etag").to_owned(), format!("\"x\", W/{}", first.header("etag"))] {
        let again = scene.app.anonymous().with("if-none-match", &known).get(&feed).await.expect(304);
        assert_eq!((again.text.as_str(), again.header("etag")), ("", first.header("etag")));
    }
    scene.app.anonymous().with("if-none-match", "\"x\"").get(&feed).await.expect(200);
}

#[actix_web::test]
async fn a_secret_opens_the_feed_until_it_is_revoked_and_nothing_else() {
    let app = TestApp::start().await;
    let (client, developer, anybody) = (app.client().await, app.developer().await, app.anonymous());
    client.get(FEED).await.problem(404, "not-found");
    let missing = anybody.get(&format!("/v1/calendar/{}/trials.ics", "a".repeat(43))).await.problem(404, "not-found");
    let first = subscribed(&client).await;
    assert_eq!(client.get(FEED).await.expect(200).json, json!({ "created_at": "2026-11-23T10:00:00Z" }));
    let second = subscribed(&client).await;
    assert_eq!(anybody.get(&first).await.lasting(), missing.lasting(), "another one ends the one before");
    anybody.get(&second).await.expect(200);
    for wrong in
        ["/v1/calendar/x/trials.ics", "/v1/calendar/trials.ics", &second.replace("/trials.ics", ""), &second.replace(".ics", ".txt")]
    {
        anybody.get(wrong).await.problem(404, "not-found");
    }
    let secret = second.trim_start_matches("/v1/calendar/").trim_end_matches("/trials.ics").to_owned();
    assert!(!app.dump().contains(&secret), "the database holds a hash alone");
    anybody.with_access(&secret).get("/v1/me").await.problem(401, "not-signed-in");
    developer.delete(FEED).await.expect(204);
    anybody.get(&second).await.expect(200);
    for _ in 0..2 {
        client.delete(FEED).await.expect(204);
    }
    assert_eq!(anybody.get(&second).await.lasting(), missing.lasting());

    let kept_out = subscribed(&developer).await;
    app.suspend(&developer).await;
    assert_eq!(anybody.get(&kept_out).await.lasting(), missing.lasting(), "who is kept out is told nothing");
    let admin = app.admin().await;
    admin.post(FEED, json!({})).await.problem(403, "not-allowed");
    let log = admin.get("/v1/admin/audit?limit=100").await.expect(200);
    let actions: Vec<&str> = log.at("/data").as_array().expect("a list").iter().filter_map(|entry| entry["action"].as_str()).collect();
    assert_eq!(actions.iter().filter(|action| action.starts_with("calendar_feed.")).count(), 4, "{actions:?}");
}

#[actix_web::test]
async fn of_many_feeds_made_at_once_one_is_good() {
    let app = TestApp::start().await;
    let (client, anybody) = (app.client().await, app.anonymous());
    let made = join_all((0..8).map(|_| client.post(FEED, json!({})))).await;
    let mut good = 0;
    for answer in made {
        let url = answer.expect(201).text_at("/url");
        let path = url.split_once("/v1/").expect("an address").1;
        good += i32::from(anybody.get(&format!("/v1/{path}")).await.status == 200);
    }
    assert_eq!(good, 1);
}

#[actix_web::test]
async fn who_leaves_an_organisation_follows_its_dates_no_longer() {
    let scene = Scene::start().await;
    scene.scheduled().await;
    let feed = subscribed(&scene.client).await;
    let anybody = scene.app.anonymous();
    assert!(!events(&anybody.get(&feed).await).is_empty());
    let id = scene.client.get("/v1/me").await.expect(200).text_at("/id");
    scene.app.sql(format!("DELETE FROM members WHERE user_id = '{id}'")).await;
    assert!(events(&anybody.get(&feed).await.expect(200)).is_empty());
}

#[actix_web::test]
async fn a_trial_that_nobody_signed_is_in_no_feed() {
    let app = TestApp::start().await;
    let (client, (developer, id)) = (app.client().await, vetted(&app, json!({})).await);
    let job = open_job(&client, json!({ "seats": 3 })).await;
    let feed = subscribed(&developer).await;
    for (who, action) in [(&developer, "decline"), (&client, "withdraw")] {
        let trial = offer(&client, &job, &id).await;
        act(who, &trial, action, json!({})).await.expect(200);
    }
    offer(&client, &job, &id).await;
    app.advance(TimeDelta::days(9)).await;
    assert!(events(&app.anonymous().get(&feed).await.expect(200)).is_empty());
}
