//! Profiles, the cards that others see of them, and blocks.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::person::Person;
use crate::support::stories::{Developer, job_body, offer_body, open_job, profile_body};

const ME: &str = "/v1/developers/me";
/// What of a profile is nobody's business before a trial is scheduled.
const CANARIES: [&str; 5] = ["canary summary", "Canary Bank", "canary story", "canary.example.com", "Canary link"];

fn telling_profile() -> Value {
    let mut profile = profile_body();
    profile["summary"] = json!("canary summary");
    profile["country"] = json!("AQ");
    profile["experience"] = json!([{ "title": "Engineer", "employer": "Canary Bank", "from": "2019-01-01", "summary": "canary story" }]);
    profile["links"] = json!([{ "label": "Canary link", "url": "https://canary.example.com/me" }]);
    profile["preferences"] = json!({ "domains": ["canary-wish"], "lengths": ["long"], "min_hours": 11, "max_hours": 39 });
    profile
}

#[track_caller]
fn hides(answer: &Answer, developer: &Person) {
    for canary in CANARIES.into_iter().chain(["AQ", "canary-wish", "A developer", "@", developer.email.as_str()]) {
        assert!(!answer.text.contains(canary), "{} tells {canary}: {}", answer.request, answer.text);
    }
}

async fn matched(client: &Person, job: &str) -> Vec<String> {
    let answer = client.get(&format!("/v1/job-requests/{job}/matches")).await.expect(200);
    let rows = answer.at("/data").as_array().expect("a list");
    rows.iter().map(|each| each["developer"]["id"].as_str().expect("an id").to_owned()).collect()
}

async fn organization(client: &Person) -> String {
    client.get("/v1/me").await.expect(200).text_at("/organization/id")
}

#[actix_web::test]
async fn put_creates_and_replaces_and_patch_merges() {
    let app = TestApp::start().await;
    let person = app.developer().await;
    for path in [ME, "/v1/developers/me/public"] {
        person.get(path).await.problem(404, "not-found");
    }
    person.patch(ME, json!({ "headline": "Early" })).await.problem(404, "not-found");
    let made = person.put(ME, profile_body()).await.expect(200);
    assert_eq!((made.at("/version"), made.header("etag")), (&json!(1), "\"1\""));
    let read = person.get(ME).await.expect(200);
    assert_eq!((&read.json, read.header("etag")), (&made.json, "\"1\""));

    let merged = person.patch(ME, json!({ "headline": "Changed", "country": null, "languages": ["de"] })).await.expect(200);
    assert_eq!(
        (merged.text_at("/headline"), merged.at("/country"), merged.at("/languages")),
        ("Changed".into(), &Value::Null, &json!(["de"]))
    );
    assert_eq!((merged.at("/skills"), merged.at("/hourly_rate")), (made.at("/skills"), made.at("/hourly_rate")));
    let deep = person.patch(ME, json!({ "hourly_rate": { "amount": 9000 }, "preferences": { "min_hours": 10 } })).await.expect(200);
    assert_eq!(deep.at("/hourly_rate"), &json!({ "amount": 9000, "currency": "USD" }));
    assert_eq!(deep.at("/preferences/min_hours"), &json!(10));

    let replaced = person.put(ME, json!({ "headline": "Only this" })).await.expect(200);
    assert_eq!((replaced.text_at("/id"), replaced.at("/version")), (made.text_at("/id"), &json!(4)));
    assert_eq!((replaced.at("/skills"), replaced.at("/hourly_rate"), replaced.at("/summary")), (&json!([]), &Value::Null, &Value::Null));
}

#[actix_web::test]
async fn a_stale_writer_changes_nothing() {
    let app = TestApp::start().await;
    let person = app.developer().await;
    person.with("if-match", "\"1\"").put(ME, profile_body()).await.problem(412, "stale-version");
    person.put(ME, profile_body()).await.expect(200);
    person.with("if-match", "\"1\"").patch(ME, json!({ "headline": "Second" })).await.expect(200);
    for stale in ["\"1\"", "\"3\""] {
        let late = person.with("if-match", stale);
        late.patch(ME, json!({ "headline": "Third" })).await.problem(412, "stale-version");
        late.put(ME, profile_body()).await.problem(412, "stale-version");
    }
    assert_eq!(person.get(ME).await.text_at("/headline"), "Second");
    let current = person.with("if-match", "\"2\"");
    let answers = join_all((0..8).map(|index| current.patch(ME, json!({ "headline": format!("Race {index}") })))).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(200), count(412)), (1, 7), "{answers:#?}");
}

#[actix_web::test]
async fn first_writes_at_once_make_one_profile() {
    let app = TestApp::start().await;
    let person = app.developer().await;
    let answers = join_all((0..8).map(|_| person.put(ME, profile_body()))).await;
    let mut ids: Vec<String> = answers.into_iter().map(|answer| answer.expect(200).text_at("/id")).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(person.get(ME).await.at("/version"), &json!(8));
}

#[actix_web::test]
async fn every_fault_of_a_profile_is_named_at_once() {
    let app = TestApp::start().await;
    let person = app.developer().await;
    let wrong = json!({
        "headline": "two\nlines", "seniority": "wizard", "hourly_rate": { "amount": 0, "currency": "XXX" }, "hours_per_week": 81,
        "available_from": "soon", "time_zone": "Mars/Base", "working_hours": { "from": "09:00", "to": "09:00" }, "country": "XX",
        "languages": ["en", "EN"], "domains": ["Payments"], "shoe_size": 43,
        "skills": [{ "slug": "go", "level": 6, "years": 1 }, { "slug": "golnag", "level": 1, "years": -1 }],
        "experience": [{ "title": "", "employer": "A bank", "from": "2020-03-01", "until": "2019-01-01" }],
        "links": [{ "label": "Code", "url": "javascript:alert(1)" }],
        "preferences": { "min_hours": 30, "max_hours": 20 },
    });
    let answer = person.put(ME, wrong).await.problem(422, "validation-failed");
    let expected = [
        "/available_from",
        "/country",
        "/domains/0",
        "/experience/0/title",
        "/experience/0/until",
        "/headline",
        "/hourly_rate/amount",
        "/hourly_rate/currency",
        "/hours_per_week",
        "/languages/1",
        "/links/0/url",
        "/preferences/max_hours",
        "/seniority",
        "/shoe_size",
        "/skills/0/level",
        "/skills/1/slug",
        "/skills/1/years",
        "/time_zone",
        "/working_hours/to",
    ];
    let mut pointers = answer.pointers();
    pointers.dedup();
    assert_eq!(pointers, expected, "{}", answer.text);
    assert!(answer.text.contains("did you mean go"), "{}", answer.text);
    person.get(ME).await.problem(404, "not-found");

    // A patch is held to the same rules, over the whole that it would make.
    person.put(ME, profile_body()).await.expect(200);
    let patch = json!({ "hourly_rate": { "currency": "ZZZ" }, "skills": [{ "slug": "go", "level": 0, "years": 1 }], "id": "dev_1" });
    let answer = person.patch(ME, patch).await.problem(422, "validation-failed");
    let mut pointers = answer.pointers();
    pointers.dedup();
    assert_eq!(pointers, ["/hourly_rate/currency", "/id", "/skills/0/level"]);
    assert_eq!(person.get(ME).await.at("/version"), &json!(1));
}

#[actix_web::test]
async fn skills_are_kept_under_their_slugs_once_each() {
    let app = TestApp::start().await;
    let person = app.developer().await;
    let skills =
        |slugs: &[&str]| json!({ "skills": slugs.iter().map(|slug| json!({ "slug": slug, "level": 3, "years": 1.5 })).collect::<Value>() });
    let stored = person.put(ME, skills(&["Golang", "k8s", "PostgreSQL"])).await.expect(200);
    let slugs: Vec<&str> = stored.at("/skills").as_array().into_iter().flatten().filter_map(|each| each["slug"].as_str()).collect();
    assert_eq!(slugs, ["go", "kubernetes", "postgresql"]);
    let twice = person.put(ME, skills(&["go", "rust", "golang"])).await.faults(&["/skills/2/slug"]);
    assert!(twice.text.contains("/skills/0"), "{}", twice.text);
    let unknown = person.put(ME, skills(&["qqqqqqqqqq"])).await.faults(&["/skills/0/slug"]);
    assert!(unknown.text.contains("GET /v1/skills?q="), "{}", unknown.text);
}

#[actix_web::test]
async fn only_developers_have_profiles() {
    let app = TestApp::start().await;
    for person in [app.client().await, app.admin().await] {
        person.get(ME).await.problem(403, "not-allowed");
        person.put(ME, profile_body()).await.problem(403, "not-allowed");
        person.patch(ME, json!({ "headline": "Mine" })).await.problem(403, "not-allowed");
        person.get("/v1/developers/me/public").await.problem(403, "not-allowed");
    }
    let nobody = app.anonymous();
    nobody.get(ME).await.problem(401, "not-signed-in");
    nobody.put(ME, profile_body()).await.problem(401, "not-signed-in");
}

#[actix_web::test]
async fn cards_tell_the_public_nothing_about_who_it_is() {
    let app = TestApp::start().await;
    let unvetted = app.developer_with(telling_profile()).await;
    let vetted = app.vetted_with(telling_profile(), &[("go", 5)]).await;
    let (client, other, admin, anybody) = (app.client().await, app.developer().await, app.admin().await, app.anonymous());
    let missing = anybody.get("/v1/developers/dev_01h455vb4pex5vsknk084sn02q").await.problem(404, "not-found");
    for person in [&client, &other, &anybody] {
        let hidden = person.get(&format!("/v1/developers/{}", unvetted.id)).await.problem(404, "not-found");
        assert_eq!(hidden.json["detail"], missing.json["detail"]);
        let card = person.get(&format!("/v1/developers/{}", vetted.id)).await.expect(200);
        hides(&card, &vetted.person);
        assert_eq!((card.text_at("/headline"), card.at("/verified_skills/0/level")), ("Go backend engineer".into(), &json!(5)));
        let fields: Vec<&String> = card.json.as_object().expect("a card").keys().collect();
        assert_eq!(fields.len(), 12, "{fields:?}");
    }
    for Developer { person, id } in [&unvetted, &vetted] {
        hides(&person.get("/v1/developers/me/public").await.expect(200), person);
        for viewer in [person, &admin] {
            let card = viewer.get(&format!("/v1/developers/{id}")).await.expect(200);
            assert_eq!((card.text_at("/email"), card.text_at("/name")), (person.email.clone(), "A developer".into()));
            assert!(CANARIES.iter().all(|canary| card.text.contains(canary)), "{}", card.text);
        }
    }
    let search = anybody.post("/v1/matches/search", job_body()).await.expect(200);
    assert_eq!(search.at("/data/0/developer/id"), &json!(vetted.id));
    hides(&search, &vetted.person);
    app.suspend(&vetted.person).await;
    anybody.get(&format!("/v1/developers/{}", vetted.id)).await.problem(404, "not-found");
}

#[actix_web::test]
async fn blocks_of_either_side_keep_them_apart() {
    let app = TestApp::start().await;
    let developer = app.vetted_developer(&[("go", 5), ("postgresql", 4)]).await;
    let ((client, job), (other, other_job)) = (app.client_with_job().await, app.client_with_job().await);
    let (block_developer, block_client) = (format!("/v1/blocks/{}", developer.id), format!("/v1/blocks/{}", organization(&client).await));
    let both = [(&client, &block_developer), (&developer.person, &block_client)];
    for (side, path) in both {
        assert_eq!(matched(&client, &job).await, std::slice::from_ref(&developer.id));
        for _ in 0..2 {
            side.put(path, json!({})).await.expect(204);
        }
        assert_eq!(matched(&client, &job).await, Vec::<String>::new());
        let search = client.post("/v1/matches/search", job_body()).await.expect(200);
        assert_eq!(search.at("/pool"), &json!(0));
        client.post("/v1/trials", offer_body(&job, &developer.id)).await.problem(409, "conflict");
        assert_eq!(matched(&other, &other_job).await, std::slice::from_ref(&developer.id), "others are not concerned");
        side.delete(path).await.expect(204);
    }
    // One side cannot take back the other's.
    for (side, path) in both {
        side.put(path, json!({})).await.expect(204);
    }
    client.delete(&block_developer).await.expect(204);
    assert_eq!(matched(&client, &job).await, Vec::<String>::new());
    developer.person.delete(&block_client).await.expect(204);
    assert_eq!(matched(&client, &job).await, std::slice::from_ref(&developer.id));
}

#[actix_web::test]
async fn only_the_other_side_can_be_blocked() {
    let app = TestApp::start().await;
    let developer = app.profiled_developer().await;
    let (client, admin) = (app.client().await, app.admin().await);
    let (to_developer, to_client) = (format!("/v1/blocks/{}", developer.id), format!("/v1/blocks/{}", organization(&client).await));
    admin.put(&to_developer, json!({})).await.problem(403, "not-allowed");
    app.anonymous().put(&to_developer, json!({})).await.problem(401, "not-signed-in");
    client.put(&to_client, json!({})).await.problem(404, "not-found");
    developer.person.put(&to_developer, json!({})).await.problem(404, "not-found");
    client.put("/v1/blocks/dev_01h455vb4pex5vsknk084sn02q", json!({})).await.problem(404, "not-found");
    developer.person.put("/v1/blocks/org_01h455vb4pex5vsknk084sn02q", json!({})).await.problem(404, "not-found");
    client.put("/v1/blocks/nonsense", json!({})).await.problem(404, "not-found");
}

#[actix_web::test]
async fn what_a_developer_changes_counts_in_the_next_match() {
    let app = TestApp::start().await;
    let developer = app.vetted_developer(&[("go", 5), ("postgresql", 4)]).await;
    let client = app.client().await;
    let job = open_job(&client, job_body()).await;
    for change in [
        json!({ "hourly_rate": { "amount": 10001, "currency": "USD" } }),
        json!({ "hours_per_week": 39 }),
        json!({ "available_from": "2026-12-02" }),
        json!({ "time_zone": "Asia/Tokyo" }),
        json!({ "languages": ["de"] }),
        json!({ "hourly_rate": null }),
    ] {
        assert_eq!(matched(&client, &job).await.len(), 1);
        developer.person.patch(ME, change.clone()).await.expect(200);
        assert_eq!(matched(&client, &job).await.len(), 0, "{change}");
        developer.person.put(ME, profile_body()).await.expect(200);
    }
}
