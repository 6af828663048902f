//! Matches as developers see them, and what is saved of the answers that clients get.

use chrono::TimeDelta;
use diesel::prelude::*;
use guildhall::db::schema::{match_fits, match_run_results, match_runs};
use guildhall::kernel::ids::DeveloperId;
use guildhall::matching::fits_store;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::person::Person;
use crate::support::seeds::{Scene, approve, open_job, unvetted, vetted};

const MINE: &str = "/v1/developers/me/job-requests";
const OWN_RUNS: &str = "/v1/developers/me/match-runs";
const RUNS: &str = "/v1/admin/match-runs";

fn ids(answer: &Answer, pointer: &str) -> Vec<String> {
    let data = answer.at("/data").as_array().cloned().unwrap_or_default();
    data.iter().filter_map(|each| each.pointer(pointer)?.as_str().map(ToOwned::to_owned)).collect()
}

/// The gates that are closed, with what they say.
async fn closed(developer: &Person, job: &str) -> Vec<(String, String)> {
    let answer = developer.get(&format!("{MINE}/{job}")).await.expect(200);
    let gates = answer.at("/gates").as_array().cloned().unwrap_or_default();
    assert_eq!(gates.len(), 8, "{}", answer.text);
    let closed: Vec<_> = gates.iter().filter(|gate| gate["passes"] == false).collect();
    assert_eq!(answer.at("/fits"), &json!(closed.is_empty()));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    closed.iter().map(|gate| (text(&gate["gate"]), text(&gate["reason"]))).collect()
}

#[actix_web::test]
async fn a_developer_sees_what_fits_with_the_clients_own_reasons() {
    let Scene { app, client, developer, job, developer_id, .. } = Scene::start().await;
    client.patch("/v1/organization", json!({ "name": "Secret Ledgers" })).await.expect(200);
    let newer = open_job(&client, json!({ "title": "Another" })).await;
    open_job(&client, json!({ "hours_per_week": 80 })).await;
    let mine = developer.get(MINE).await.expect(200);
    assert_eq!(ids(&mine, "/job_request/id"), [newer.as_str(), job.as_str()], "newest first");
    assert_eq!((mine.at("/reason"), mine.at("/next_cursor")), (&Value::Null, &Value::Null));
    let organization = client.get("/v1/organization").await.text_at("/id");
    assert!(!mine.text.contains("Secret Ledgers") && !mine.text.contains(&organization), "{}", mine.text);
    let theirs = client.get(&format!("/v1/job-requests/{job}/matches")).await.expect(200);
    let why = developer.get(&format!("{MINE}/{job}")).await.expect(200);
    for name in ["score", "confidence", "factors", "missing"] {
        assert_eq!(mine.at(&format!("/data/1/{name}")), theirs.at(&format!("/data/0/{name}")), "{name}");
        assert_eq!(why.at(&format!("/{name}")), theirs.at(&format!("/data/0/{name}")), "{name}");
    }
    assert!(closed(&developer, &job).await.is_empty());
    let first = developer.get(&format!("{MINE}?limit=1")).await.expect(200);
    let rest = developer.get(&format!("{MINE}?limit=1&cursor={}", first.text_at("/next_cursor"))).await.expect(200);
    assert_eq!((ids(&first, "/job_request/id"), ids(&rest, "/job_request/id")), (vec![newer.clone()], vec![job.clone()]));
    client.post(&format!("/v1/job-requests/{newer}/pause"), json!({})).await.expect(200);
    assert_eq!(ids(&developer.get(MINE).await, "/job_request/id"), [job.as_str()]);
    developer.get(&format!("{MINE}/{newer}")).await.expect(404);
    client.put(&format!("/v1/blocks/{developer_id}"), json!({})).await.expect(204);
    assert!(ids(&developer.get(MINE).await, "/job_request/id").is_empty());
    developer.get(&format!("{MINE}/{job}")).await.expect(404);
    drop(app);
}

#[actix_web::test]
async fn whoever_cannot_be_found_is_told_why() {
    let app = TestApp::start().await;
    let client = app.client().await;
    let job = open_job(&client, json!({})).await;
    let nobody_yet = app.developer().await;
    assert!(nobody_yet.get(MINE).await.expect(200).text_at("/reason").starts_with("You have no profile yet"));
    let (developer, id) = unvetted(&app, json!({})).await;
    let mine = developer.get(MINE).await.expect(200);
    assert!(mine.at("/data") == &json!([]) && mine.text_at("/reason").starts_with("You are not vetted yet"), "{}", mine.text);
    let why = developer.get(&format!("{MINE}/{job}")).await.expect(200);
    assert_eq!((why.at("/fits"), why.at("/gates"), why.at("/score")), (&json!(false), &json!([]), &Value::Null));
    assert!(why.text_at("/reason").starts_with("You are not vetted yet"));
    approve(&app, &id).await;
    assert_eq!(ids(&developer.get(MINE).await, "/job_request/id"), [job.as_str()]);
    developer.patch("/v1/developers/me", json!({ "hourly_rate": null })).await.expect(200);
    assert!(developer.get(MINE).await.expect(200).text_at("/reason").starts_with("Your profile names no rate"));
}

#[actix_web::test]
async fn every_closed_gate_says_what_would_open_it() {
    let app = TestApp::start().await;
    let client = app.client().await;
    let (developer, _) = vetted(&app, json!({})).await;
    let asks = async |change: Value| open_job(&client, change).await;
    let gate = |name: &str, sentence: &str| (name.to_owned(), sentence.to_owned());
    let job = asks(json!({ "hours_per_week": 60, "seniority": ["staff"] })).await;
    assert_eq!(
        closed(&developer, &job).await,
        [
            gate("seniority", "This request accepts staff; you state senior."),
            gate("hours", "You state 40 hours a week; this request asks 60.")
        ]
    );
    let job = asks(json!({ "max_hourly_rate": { "amount": 7_000, "currency": "USD" }, "languages": ["en", "fr"] })).await;
    assert_eq!(
        closed(&developer, &job).await,
        [
            gate("rate", "Your rate is 80.00 USD an hour; this request pays at most 70.00 USD."),
            gate("languages", "This request asks the languages en, fr; your profile does not name fr.")
        ]
    );
    let job = asks(
        json!({ "skills": [{ "slug": "kubernetes", "min_level": 4, "must": true }, { "slug": "kafka", "min_level": 2, "must": true }] }),
    )
    .await;
    let sentence = "This request asks kubernetes at level 4; you state kubernetes at level 3. \
                    This request asks kafka at level 2; your profile does not name it.";
    assert_eq!(closed(&developer, &job).await, [gate("must_skills", sentence)]);
}

#[actix_web::test]
async fn answers_are_saved_once_and_shown_to_those_who_may_see_them() {
    let scene = Scene::start().await;
    let (other, other_id) = vetted(&scene.app, json!({ "headline": "Another developer" })).await;
    let path = format!("/v1/job-requests/{}/matches", scene.job);
    let runs = async || {
        scene.app.settle().await;
        scene.admin.get(&format!("{RUNS}?job_request_id={}", scene.job)).await.expect(200)
    };
    let matches = scene.client.get(&path).await.expect(200);
    scene.client.get(&path).await.expect(200);
    let saved = runs().await;
    assert_eq!(ids(&saved, "/id").len(), 1, "the same answer is saved once");
    let run = saved.at("/data/0");
    assert_eq!((&run["pool"], &run["total"], &run["request_version"]), (&json!(2), &json!(2), &json!(2)));
    assert_eq!(&run["gates"], matches.at("/gates"));
    let node = scene.app.another_node().await;
    scene.client.at(&node.base()).get(&path).await.expect(200);
    node.settle().await;
    assert_eq!(ids(&runs().await, "/id").len(), 1, "on whichever node");
    scene.client.patch(&format!("/v1/job-requests/{}", scene.job), json!({ "title": "Another title" })).await.expect(200);
    scene.client.get(&path).await.expect(200);
    assert_eq!(ids(&runs().await, "/id").len(), 2, "another version of the request");
    other.patch("/v1/developers/me", json!({ "hours_per_week": 20 })).await.expect(200);
    scene.client.get(&path).await.expect(200);
    let newest_first = ids(&runs().await, "/id");
    assert!(newest_first.len() == 3 && newest_first.is_sorted_by(|a, b| a > b), "{newest_first:?}");
    scene.app.anonymous().post("/v1/matches/search", crate::support::seeds::job_body()).await.expect(200);
    assert_eq!(scene.admin.get(RUNS).await.at("/data").as_array().map(Vec::len), Some(3), "a search is nobody's request");

    let detail = scene.admin.get(&format!("{RUNS}/{}", newest_first[2])).await.expect(200);
    for place in 0..2 {
        let (result, shown) = (detail.at(&format!("/results/{place}")), matches.at(&format!("/data/{place}")));
        assert_eq!(result["rank"], place + 1);
        assert_eq!((&result["developer_id"], &result["score"]), (&shown["developer"]["id"], &shown["score"]));
        assert_eq!(result["factors"], shown["factors"]);
    }
    let theirs = scene.admin.get(&format!("{RUNS}?developer_id={other_id}")).await.expect(200);
    assert_eq!(ids(&theirs, "/id"), newest_first[1..], "those in which the developer appears");
    let first = scene.admin.get(&format!("{RUNS}?limit=2")).await.expect(200);
    let rest = scene.admin.get(&format!("{RUNS}?limit=2&cursor={}", first.text_at("/next_cursor"))).await.expect(200);
    assert_eq!([ids(&first, "/id"), ids(&rest, "/id")].concat(), newest_first);

    let own = other.get(OWN_RUNS).await.expect(200);
    assert_eq!(ids(&own, "/id"), newest_first[1..]);
    assert_eq!(own.at("/data/0/title"), "Another title");
    for secret in
        [&scene.developer_id, &scene.client.get("/v1/me").await.text_at("/id"), &scene.client.get("/v1/organization").await.text_at("/id")]
    {
        assert!(!own.text.contains(secret.as_str()), "{}", own.text);
    }
    assert!(ids(&scene.app.developer().await.get(OWN_RUNS).await.expect(200), "/id").is_empty());
}

#[actix_web::test]
async fn answers_are_kept_six_months_and_people_can_be_erased_from_them() {
    let mut scene = Scene::start().await;
    let (_, other_id) = vetted(&scene.app, json!({})).await;
    scene.client.get(&format!("/v1/job-requests/{}/matches", scene.job)).await.expect(200);
    scene.app.settle().await;
    let rows = async |app: &TestApp| {
        app.read(|conn| {
            Ok([
                match_fits::table.count().get_result::<i64>(conn)?,
                match_runs::table.count().get_result(conn)?,
                match_run_results::table.count().get_result(conn)?,
            ])
        })
        .await
    };
    assert_eq!(rows(&scene.app).await, [2, 1, 2]);
    let id: DeveloperId = other_id.parse().expect("an id");
    let erased = scene.app.house.db.write(move |conn| fits_store::erase(conn, id)).await.expect("an erasure");
    assert_eq!((erased, rows(&scene.app).await), (2, [1, 1, 1]));
    scene.later(TimeDelta::days(180)).await;
    assert_eq!(rows(&scene.app).await[1..], [1, 1], "six months are not over");
    scene.later(TimeDelta::days(2)).await;
    assert_eq!(rows(&scene.app).await[1..], [0, 0]);
}
