//! `?expand=`: what a list names, read along with it, as far as whoever asks may see it.

use serde_json::{Value, json};

use crate::support::seeds::{Scene, act, offer, open_job, unvetted};
use crate::support::stories::submitted;

const BOTH: &str = "/v1/trials?expand=developer,job_request";

fn looks(log: &Value, role: &str) -> usize {
    let entries = log["data"].as_array().expect("a list").iter();
    entries.filter(|entry| entry["action"] == "developer.look" && entry["role"] == role).count()
}

#[actix_web::test]
async fn trials_come_with_what_they_name_as_each_side_may_see_it() {
    let scene = Scene::start().await;
    let telling =
        json!({ "summary": "canary summary", "experience": [{ "title": "Engineer", "employer": "A bank", "from": "2019-01-01" }] });
    scene.developer.patch("/v1/developers/me", telling).await.expect(200);
    let trial = scene.offered().await;
    let second = open_job(&scene.client, json!({ "title": "Another one" })).await;
    offer(&scene.client, &second, &scene.developer_id).await;
    let developer = format!("/included/developers/{}", scene.developer_id);
    let plain = scene.client.get("/v1/trials").await.expect(200);
    assert!(plain.json.get("included").is_none());

    // Before anything is signed a client sees the public card, and the developer the whole of both requests.
    let theirs = scene.client.get(BOTH).await.expect(200);
    assert_eq!(theirs.at("/data"), plain.at("/data"));
    assert_eq!(theirs.at("/included/developers").as_object().map(serde_json::Map::len), Some(1), "each once");
    assert_eq!(theirs.at(&format!("{developer}/headline")), "Go backend engineer");
    assert!(!theirs.text.contains("canary summary") && theirs.at(&developer).get("email").is_none(), "{}", theirs.text);
    let requests = theirs.at("/included/job_requests");
    assert_eq!((&requests[&scene.job]["state"], &requests[&second]["title"]), (&json!("open"), &json!("Another one")));
    let own = scene.developer.get(BOTH).await.expect(200);
    assert_eq!(own.at("/included/job_requests"), requests);
    assert_eq!(own.at(&format!("{developer}/email")), &json!(scene.developer.email));
    let only = scene.client.get("/v1/trials?expand=job_request").await.expect(200);
    assert!(only.at("/included").get("developers").is_none() && only.at("/included/job_requests").is_object());

    act(&scene.developer, &trial, "accept", json!({})).await.expect(200);
    let disclosed = scene.client.get("/v1/trials?expand=developer").await.expect(200);
    let card = scene.client.get(&format!("/v1/developers/{}", scene.developer_id)).await.expect(200);
    assert_eq!(disclosed.at(&developer), &card.json, "the same as one by one");
    let seen = scene.admin.get("/v1/trials?expand=developer").await.expect(200);
    assert_eq!(seen.at(&developer), &card.json);
    let log = scene.admin.get(&format!("/v1/admin/audit?subject={}", scene.developer_id)).await.expect(200);
    assert_eq!((looks(&log.json, "client"), looks(&log.json, "admin"), looks(&log.json, "developer")), (2, 1, 0));
    // Others have no trials, and so nothing beside them.
    let (stranger, _) = scene.app.client_with_job().await;
    let nothing = stranger.get(BOTH).await.expect(200);
    assert_eq!(nothing.json, json!({ "data": [], "next_cursor": null, "included": { "developers": {}, "job_requests": {} } }));
    for wrong in ["organization", "developer,developer,developer", ",", "developer,%20job_request"] {
        scene.client.get(&format!("/v1/trials?expand={wrong}")).await.faults(&["?expand"]);
    }
}

#[actix_web::test]
async fn a_developer_whom_the_client_may_no_longer_see_is_left_out() {
    let scene = Scene::start().await;
    let trial = scene.offered().await;
    act(&scene.client, &trial, "withdraw", json!({})).await.expect(200);
    scene.app.suspend(&scene.developer).await;
    let list = scene.client.get(BOTH).await.expect(200);
    assert_eq!((list.at("/data/0/id"), list.at("/included/developers")), (&json!(trial), &json!({})));
}

#[actix_web::test]
async fn applications_come_with_who_applies() {
    let scene = Scene::start().await;
    let (applicant, id) = unvetted(&scene.app, json!({})).await;
    submitted(&applicant).await;
    let list = scene.admin.get("/v1/vetting/applications?expand=developer").await.expect(200);
    assert_eq!(list.at(&format!("/included/developers/{id}/email")), &json!(applicant.email));
    assert!(scene.admin.get("/v1/vetting/applications").await.expect(200).json.get("included").is_none());
    let log = scene.admin.get(&format!("/v1/admin/audit?subject={id}")).await.expect(200);
    assert_eq!(looks(&log.json, "admin"), 1);
}
