//! How a trial goes and what is left to do after it: check-ins, reviews, the hand-over.

use serde_json::{Value, json};

use crate::support::person::Person;
use crate::support::seeds::{Scene, act, subjects};

/// How many mails somebody got whose subject begins like this.
async fn count(scene: &Scene, person: &Person, subject: &str) -> usize {
    scene.app.mails(person, subject).await.len()
}

#[actix_web::test]
pub async fn a_check_in_is_answered_once_from_its_day_on_and_a_no_reaches_the_admins() {
    let mut scene = Scene::start().await;
    let id = scene.active().await;
    let path = |day: &str| format!("/v1/trials/{id}/check-ins/{day}");
    let well = json!({ "going_well": true });
    scene.client.post(&path("3"), well.clone()).await.problem(409, "conflict");
    scene.client.post(&path("4"), well.clone()).await.problem(404, "not-found");
    scene.client.post(&path("three"), well.clone()).await.problem(404, "not-found");
    scene.until("2026-12-04T10:00:00Z").await;
    scene.client.post(&path("3"), json!({})).await.faults(&["/going_well"]);
    let said = scene.client.post(&path("3"), well.clone()).await.expect(200);
    assert_eq!(
        said.json,
        json!({ "day": 3, "party": "client", "going_well": true, "message": null, "answered_at": "2026-12-04T10:00:00Z" })
    );
    scene.client.post(&path("3"), well.clone()).await.problem(409, "conflict");
    assert_eq!(count(&scene, &scene.admin, "").await, 0, "all is well");
    // What one side says the other does not read; admins do.
    assert_eq!(scene.developer.get(&format!("/v1/trials/{id}/check-ins")).await.expect(200).at("/data"), &json!([]));
    assert_eq!(scene.admin.get(&format!("/v1/trials/{id}/check-ins")).await.expect(200).at("/data/0/party"), "client");
    scene.until("2026-12-05T10:00:00Z").await;
    assert_eq!(count(&scene, &scene.admin, "Nobody has answered").await, 0, "somebody has");
    scene.until("2026-12-08T00:30:00Z").await;
    scene.developer.post(&path("7"), json!({ "going_well": false, "message": "No access yet." })).await.expect(200);
    let mail = scene.app.newest_mail(&scene.admin, "A trial does not go well: A client and A developer").await;
    assert!(
        mail.text().contains("The developer says at the check-in of day 7") && mail.text().contains("No access yet."),
        "{}",
        mail.text()
    );
    // Whoever has answered is not asked at nine, also when everything is planned anew.
    scene.until("2026-12-08T10:00:00Z").await;
    let asked = "How is your trial with";
    assert_eq!((count(&scene, &scene.client, asked).await, count(&scene, &scene.developer, asked).await), (1, 0));
    scene.until("2026-12-15T00:30:00Z").await;
    scene.client.post(&path("14"), well).await.expect(200);
    act(&scene.client, &id, "amend", json!({ "terms": { "hours_per_week": 20 } })).await.expect(200);
    scene.until("2026-12-15T10:00:00Z").await;
    assert_eq!((count(&scene, &scene.client, asked).await, count(&scene, &scene.developer, asked).await), (1, 1));
}

#[actix_web::test]
pub async fn reviews_are_blind_until_both_are_in() {
    let mut scene = Scene::start().await;
    let id = scene.active().await;
    let path = format!("/v1/trials/{id}/reviews");
    let (good, fair) = (json!({ "rating": 5, "message": "Excellent work." }), json!({ "rating": 3, "message": "Slow answers." }));
    scene.client.post(&path, good.clone()).await.problem(409, "conflict");
    act(&scene.developer, &id, "end", json!({ "message": "I have moved." })).await.expect(200);
    scene.client.post(&path, json!({ "rating": 6, "praise": 1 })).await.faults(&["/message", "/praise", "/rating"]);
    scene.admin.post(&path, good.clone()).await.problem(403, "not-allowed");
    let stranger = scene.app.client().await;
    stranger.post(&path, good.clone()).await.problem(404, "not-found");
    let before = points(&scene).await;
    let written = scene.client.post(&path, good.clone()).await.expect(200);
    assert_eq!((written.at("/rating"), written.at("/visible_at")), (&json!(5), &Value::Null));
    scene.client.post(&path, good).await.problem(409, "conflict");
    assert_eq!(scene.developer.get(&path).await.expect(200).at("/data"), &json!([]), "blind");
    assert_eq!(points(&scene).await, before, "and counts for nothing yet");
    scene.developer.post(&path, fair).await.expect(200);
    for reader in [&scene.client, &scene.developer, &scene.admin] {
        let seen = reader.get(&path).await.expect(200);
        assert_eq!((seen.at("/data/0/rating"), seen.at("/data/1/message")), (&json!(5), &json!("Slow answers.")));
    }
    assert!(points(&scene).await > before, "a good review counts");
    // Both have written: nobody is reminded.
    scene.until("2026-12-20T10:00:00Z").await;
    assert_eq!(count(&scene, &scene.client, "How was your trial").await + count(&scene, &scene.developer, "How was your trial").await, 0);
}

/// The points that the developer has for the track record.
async fn points(scene: &Scene) -> f64 {
    let matches = scene
        .client
        .post("/v1/matches/search", crate::support::seeds::with(crate::support::seeds::job_body(), json!({ "starts_on": "2027-03-01" })))
        .await
        .expect(200);
    let factors = matches.at("/data/0/factors").as_array().expect("factors").clone();
    factors.iter().find(|factor| factor["factor"] == "track_record").expect("the factor")["points"].as_f64().expect("points")
}

#[actix_web::test]
async fn a_lonely_review_is_seen_after_a_week_and_none_can_be_written_after_three() {
    let mut scene = Scene::start().await;
    let id = scene.active().await;
    let path = format!("/v1/trials/{id}/reviews");
    act(&scene.developer, &id, "end", json!({ "message": "I have moved." })).await.expect(200);
    scene.client.post(&path, json!({ "rating": 4, "message": "Good." })).await.expect(200);
    let before = points(&scene).await;
    scene.until("2026-12-08T09:59:00Z").await;
    assert_eq!(scene.developer.get(&path).await.expect(200).at("/data"), &json!([]));
    scene.until("2026-12-08T10:00:00Z").await;
    assert_eq!(scene.developer.get(&path).await.expect(200).at("/data/0/visible_at"), "2026-12-08T10:00:00Z");
    assert!(points(&scene).await > before);
    // The last day was 4 December; the two reminders of the one who has not written became one while nothing ran.
    assert_eq!(count(&scene, &scene.developer, "How was your trial").await, 1);
    scene.until("2026-12-26T10:00:00Z").await;
    scene.developer.post(&path, json!({ "rating": 4, "message": "Good." })).await.problem(409, "conflict");
}

#[actix_web::test]
async fn the_hand_over_is_one_list_for_both_and_ends_the_reminders() {
    let mut scene = Scene::start().await;
    let id = scene.active().await;
    let path = format!("/v1/trials/{id}/hand-over");
    let list = json!({ "items": [{ "what": "Give the laptop back", "who": "developer", "done": true }] });
    scene.client.put(&path, list.clone()).await.problem(409, "conflict");
    act(&scene.developer, &id, "end", json!({ "message": "I have moved." })).await.expect(200);
    let first = scene.client.get(&path).await.expect(200);
    assert_eq!((first.at("/version"), first.at("/items").as_array().map(Vec::len)), (&json!(0), Some(4)));
    scene.client.put(&path, json!({ "items": [] })).await.faults(&["/items"]);
    let mut items = first.at("/items").clone();
    items[0]["done"] = json!(true);
    let second = scene.developer.with("if-match", "\"0\"").put(&path, json!({ "items": items })).await.expect(200);
    assert_eq!((second.at("/version"), second.at("/finished"), second.header("etag")), (&json!(1), &json!(false), "\"1\""));
    scene.client.with("if-match", "\"0\"").put(&path, list.clone()).await.problem(412, "stale-version");
    scene.until("2026-12-11T10:00:00Z").await;
    assert_eq!(count(&scene, &scene.client, "The hand-over of your trial").await, 1);
    scene.client.put(&path, list.clone()).await.expect(200);
    assert_eq!(scene.developer.get(&path).await.expect(200).json, json!({ "items": list["items"], "finished": true, "version": 2 }));
    scene.until("2026-12-25T10:00:00Z").await;
    assert_eq!(count(&scene, &scene.client, "The hand-over of your trial").await, 1, "it is done");
    assert!(!subjects(&scene.app, &scene.developer).await.is_empty());
    scene.until("2026-12-26T10:00:00Z").await;
    scene.client.put(&path, list).await.problem(409, "conflict");
}

#[actix_web::test]
async fn admins_see_which_trials_may_go_wrong_and_why() {
    let mut scene = Scene::start().await;
    let id = scene.active().await;
    let risks = async |scene: &Scene| {
        let page = scene.admin.get("/v1/admin/trials?at_risk=true").await.expect(200);
        let rows = page.at("/data").as_array().expect("trials").clone();
        rows.into_iter().map(|row| (row["id"].as_str().expect("an id").to_owned(), row["risks"].clone())).collect::<Vec<_>>()
    };
    assert!(risks(&scene).await.is_empty());
    assert_eq!(scene.admin.get("/v1/admin/trials?state=active").await.expect(200).at("/data/0/risks"), &json!([]));
    scene.until("2026-12-05T10:00:00Z").await;
    assert_eq!(risks(&scene).await, [(id.clone(), json!(["silent"]))]);
    scene.client.post(&format!("/v1/trials/{id}/check-ins/3"), json!({ "going_well": true })).await.expect(200);
    assert!(risks(&scene).await.is_empty());
    scene.developer.post(&format!("/v1/trials/{id}/check-ins/3"), json!({ "going_well": false })).await.expect(200);
    assert_eq!(risks(&scene).await, [(id.clone(), json!(["check_in_no"]))]);
    scene.until("2026-12-28T10:00:00Z").await;
    assert_eq!(risks(&scene).await, [(id.clone(), json!(["undecided", "check_in_no"]))]);
    act(&scene.developer, &id, "end", json!({ "message": "I have moved." })).await.expect(200);
    assert!(risks(&scene).await.is_empty());
}
