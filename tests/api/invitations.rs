//! Invitations to talk before an offer: answers, messages, lapses, mails, and what matching makes of them. Shortlists too.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::person::Person;
use crate::support::seeds::{Scene, open_job, subjects, unvetted, vetted};

async fn invite(client: &Person, job: &str, developer: &str) -> Answer {
    let body = json!({ "developer_id": developer, "message": "Your streaming work fits. May we talk?" });
    client.post(&format!("/v1/job-requests/{job}/invitations"), body).await
}

async fn invited(scene: &Scene) -> String {
    format!("/v1/invitations/{}", invite(&scene.client, &scene.job, &scene.developer_id).await.expect(201).text_at("/id"))
}

async fn write(who: &Person, path: &str, text: &str) -> Answer {
    who.post(&format!("{path}/messages"), json!({ "message": text })).await
}

/// What the client is told of the developer's interest, and the points for it.
async fn interest(client: &Person, job: &str) -> (Value, Value) {
    let found = client.get(&format!("/v1/job-requests/{job}/matches")).await.expect(200);
    let factors = found.at("/data/0/factors").as_array().cloned().unwrap_or_default();
    let factor = factors.into_iter().find(|factor| factor["factor"] == "developer_interest").unwrap_or_default();
    (factor["points"].clone(), factor["detail"][0]["fact"].clone())
}

#[actix_web::test]
pub async fn a_yes_counts_in_every_match_and_the_two_can_talk() {
    let scene = Scene::start().await;
    let node = scene.app.another_node().await;
    let before = interest(&scene.client, &scene.job).await;
    assert_ne!(before.1, "accepted_invitation");
    let path = invited(&scene).await;
    let seen = scene.developer.get(&path).await.expect(200);
    assert_eq!((seen.text_at("/state"), seen.at("/allowed_actions")), ("invited".to_owned(), &json!(["accept", "decline", "message"])));
    assert_eq!(
        (seen.text_at("/answer_expected_by"), seen.text_at("/lapses_at")),
        ("2026-11-25T10:00:00Z".to_owned(), "2026-12-07T10:00:00Z".to_owned())
    );
    assert!(!seen.text.contains("A client") && !seen.text.contains("org_"), "who asks is told with an offer: {}", seen.text);
    let own = scene.client.get(&path).await.expect(200);
    assert_eq!(own.at("/allowed_actions"), &json!(["message"]));
    assert!(!own.text.contains("A developer") && !own.text.contains("@"), "only the public card: {}", own.text);
    let accept = format!("{path}/accept");
    let past = json!({ "call_times": ["2026-11-24T09:00:00Z", "2026-11-23T10:00:00Z"] });
    scene.developer.post(&accept, past).await.faults(&["/call_times/1"]);
    let yes = json!({ "message": "Gladly.", "call_times": ["2026-11-24T09:00:00Z"] });
    let once = scene.developer.with("idempotency-key", "yes");
    let accepted = once.post(&accept, yes.clone()).await.expect(200);
    assert_eq!(once.post(&accept, yes.clone()).await.expect(200).json, accepted.json);
    assert_eq!((accepted.text_at("/state").as_str(), accepted.at("/version")), ("accepted", &json!(2)));
    let again = scene.developer.post(&accept, yes).await.problem(409, "invalid-transition");
    assert_eq!((again.at("/state"), again.at("/allowed_actions")), (&json!("accepted"), &json!(["message"])));
    scene.developer.post(&format!("{path}/decline"), json!({})).await.problem(409, "invalid-transition");
    let full = (json!(12.0), json!("accepted_invitation"));
    assert_eq!(interest(&scene.client, &scene.job).await, full);
    assert_eq!(interest(&scene.client.at(&node.base()), &scene.job).await, full, "on another node too");
    let other = open_job(&scene.client, json!({ "title": "Another" })).await;
    assert_eq!(interest(&scene.client, &other).await, before, "only for this request");
    let why = scene.developer.get(&format!("/v1/developers/me/job-requests/{}", scene.job)).await.expect(200);
    assert!(why.text.contains("accepted_invitation"), "{}", why.text);
    let fresh = scene.app.another_node().await;
    assert_eq!(interest(&scene.client.at(&fresh.base()), &scene.job).await, full, "read at the start as well");
    write(&scene.client, &path, "Ten o'clock?").await.expect(201);
    let talk = scene.developer.get(&format!("{path}/messages")).await.expect(200);
    let said: Vec<_> = (0..2).map(|n| (talk.text_at(&format!("/data/{n}/from")), talk.text_at(&format!("/data/{n}/message")))).collect();
    assert_eq!(said, [("developer", "Gladly."), ("client", "Ten o'clock?")].map(|(from, text)| (from.to_owned(), text.to_owned())));
    assert_eq!(talk.at("/data/0/call_times"), &json!(["2026-11-24T09:00:00Z"]));
    assert_eq!(subjects(&scene.app, &scene.client).await, ["Go backend engineer would like to talk"]);
    let mail = scene.app.newest_mail(&scene.client, "Go backend engineer").await;
    assert!(mail.text().contains("Gladly.") && mail.text().contains("24 Nov 2026"), "{}", mail.text());
    let stranger = scene.app.client().await;
    for path in [path.clone(), format!("{path}/messages")] {
        stranger.get(&path).await.expect(404);
        vetted(&scene.app, json!({})).await.0.get(&path).await.expect(404);
    }
}

#[actix_web::test]
pub async fn who_can_be_invited_and_how_often() {
    let scene = Scene::start().await;
    let unavailable = |answer: Answer| answer.problem(409, "conflict").text_at("/detail");
    let (_, nobody) = unvetted(&scene.app, json!({})).await;
    let told = unavailable(invite(&scene.client, &scene.job, &nobody).await);
    let gone = "dev_01h455vb4pex5vsknk084sn02q";
    assert_eq!(unavailable(invite(&scene.client, &scene.job, gone).await), told);
    let organization = scene.client.get("/v1/organization").await.expect(200).text_at("/id");
    scene.developer.put(&format!("/v1/blocks/{organization}"), json!({})).await.expect(204);
    assert_eq!(unavailable(invite(&scene.client, &scene.job, &scene.developer_id).await), told);
    scene.developer.delete(&format!("/v1/blocks/{organization}")).await.expect(204);
    let path = invited(&scene).await;
    assert!(unavailable(invite(&scene.client, &scene.job, &scene.developer_id).await).contains("before"));
    scene.developer.put(&format!("/v1/blocks/{organization}"), json!({})).await.expect(204);
    assert_eq!(unavailable(write(&scene.client, &path, "Hello?").await), told);
    scene.developer.post(&format!("{path}/decline"), json!({ "message": "Not now." })).await.expect(200);
    write(&scene.client, &path, "Why?").await.problem(409, "invalid-transition");
    let paused = open_job(&scene.client, json!({})).await;
    scene.client.post(&format!("/v1/job-requests/{paused}/pause"), json!({})).await.expect(200);
    assert!(unavailable(invite(&scene.client, &paused, &scene.developer_id).await).contains("open"));
    let page = scene.client.get(&format!("/v1/job-requests/{}/invitations?state=declined&limit=1", scene.job)).await.expect(200);
    assert_eq!((page.text_at("/data/0/state"), page.at("/next_cursor")), ("declined".to_owned(), &Value::Null));
    let mine = scene.developer.get("/v1/developers/me/invitations").await.expect(200);
    assert_eq!(mine.at("/data/0/id"), page.at("/data/0/id"));
    let limited = TestApp::with(&[("limits.enabled", "true"), ("limits.invitations_per_day", "1")]).await;
    let (client, (_, developer)) = (limited.client().await, vetted(&limited, json!({})).await);
    invite(&client, &open_job(&client, json!({})).await, &developer).await.expect(201);
    invite(&client, &open_job(&client, json!({})).await, &developer).await.problem(429, "too-many-requests");
}

#[actix_web::test]
async fn an_invitation_reminds_once_and_lapses_by_the_clock() {
    let mut scene = Scene::start().await;
    let path = invited(&scene).await;
    let title = "Go engineer for a payments ledger";
    let [asked, waits, lapsed] = [
        format!("Invitation to talk: {title}"),
        format!("An invitation waits for your answer: {title}"),
        format!("The invitation has lapsed: {title}"),
    ];
    // Without the digests of matching.
    let about = async |scene: &Scene, person: &Person| {
        let mut told = subjects(&scene.app, person).await;
        told.retain(|subject| subject.contains(title));
        told
    };
    scene.until("2026-11-25T09:59:59Z").await;
    assert_eq!(about(&scene, &scene.developer).await, std::slice::from_ref(&asked));
    scene.until("2026-11-25T10:00:00Z").await;
    assert_eq!(about(&scene, &scene.developer).await, [asked.clone(), waits.clone()]);
    scene.until("2026-12-07T09:59:59Z").await;
    assert_eq!(scene.developer.get(&path).await.expect(200).text_at("/state"), "invited");
    // Before the clock has rung it is as good as lapsed.
    scene.app.clock.advance(TimeDelta::seconds(1));
    assert_eq!(scene.developer.get(&path).await.expect(200).text_at("/state"), "lapsed");
    scene.developer.post(&format!("{path}/accept"), json!({})).await.problem(409, "invalid-transition");
    scene.until("2026-12-08T10:00:00Z").await;
    assert_eq!(about(&scene, &scene.developer).await, [asked, waits, lapsed.clone()]);
    assert_eq!(about(&scene, &scene.client).await, [lapsed]);
    assert_eq!(scene.client.get(&path).await.expect(200).at("/version"), 2);
    write(&scene.client, &path, "Too late?").await.problem(409, "invalid-transition");
}

#[actix_web::test]
async fn messages_are_mailed_at_most_once_an_hour_until_they_are_read() {
    let mut scene = Scene::start().await;
    let path = invited(&scene).await;
    let count = async |scene: &Scene| scene.app.mails(&scene.developer, "New message").await.len();
    for text in ["One", "Two", "Three"] {
        write(&scene.client, &path, text).await.expect(201);
    }
    assert_eq!(count(&scene).await, 1);
    scene.later(TimeDelta::minutes(59)).await;
    assert_eq!(count(&scene).await, 1);
    scene.later(TimeDelta::minutes(1)).await;
    assert_eq!(count(&scene).await, 2, "the second and third are told together");
    write(&scene.client, &path, "Four").await.expect(201);
    scene.developer.get(&format!("{path}/messages")).await.expect(200);
    scene.later(TimeDelta::hours(2)).await;
    assert_eq!(count(&scene).await, 2, "what was read meanwhile is no news");
    write(&scene.client, &path, "Five").await.expect(201);
    assert_eq!(count(&scene).await, 3, "and what comes then is, at once");
    assert_eq!(scene.app.mails(&scene.client, "New message").await.len(), 0);
    let off = json!({ "preferences": [{ "kind": "invitation_messages", "enabled": false }] });
    scene.client.put("/v1/me/notification-preferences", off).await.expect(200);
    write(&scene.developer, &path, "Yes?").await.expect(201);
    assert_eq!(scene.app.mails(&scene.client, "New message").await.len(), 0);
}

#[actix_web::test]
async fn a_shortlist_and_its_notes_stay_in_the_organisation() {
    let scene = Scene::start().await;
    let (_, hidden) = unvetted(&scene.app, json!({})).await;
    let list = format!("/v1/job-requests/{}/shortlist", scene.job);
    let entry = format!("{list}/{}", scene.developer_id);
    scene.client.put(&format!("{list}/{hidden}"), json!({})).await.expect(404);
    assert_eq!(scene.client.put(&entry, json!({})).await.expect(200).at("/notes"), &Value::Null);
    let noted = scene.client.put(&entry, json!({ "notes": "canary-note" })).await.expect(200);
    assert_eq!((noted.text_at("/notes").as_str(), noted.text_at("/developer/id")), ("canary-note", scene.developer_id.clone()));
    let page = scene.client.get(&list).await.expect(200);
    assert_eq!(page.at("/data"), &json!([noted.json]));
    let stranger = scene.app.client().await;
    stranger.get(&list).await.expect(404);
    stranger.put(&entry, json!({})).await.expect(404);
    stranger.delete(&entry).await.expect(404);
    for path in ["/v1/developers/me", "/v1/developers/me/public", "/v1/developers/me/job-requests", "/v1/developers/me/invitations"] {
        assert!(!scene.developer.get(path).await.expect(200).text.contains("canary-note"), "{path}");
    }
    scene.client.delete(&entry).await.expect(204);
    scene.client.delete(&entry).await.expect(204);
    assert_eq!(scene.client.get(&list).await.expect(200).at("/data"), &json!([]));
}
