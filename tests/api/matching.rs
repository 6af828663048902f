//! Matches: the pool, the gates and their counts, the order, and what a search may ask.

use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::seeds::{Scene, act, approve, job_body, open_job, unvetted, vetted, with};

const SEARCH: &str = "/v1/matches/search";
const GATES: [&str; 8] = ["must_skills", "seniority", "hours", "start", "overlap", "rate", "languages", "country"];

fn developers(answer: &Answer) -> Vec<String> {
    let data = answer.at("/data").as_array().cloned().unwrap_or_default();
    data.iter().filter_map(|each| each["developer"]["id"].as_str().map(ToOwned::to_owned)).collect()
}

/// The counts as `gate removed only_this`.
fn gates(answer: &Answer) -> Vec<String> {
    let rows = answer.at("/gates").as_array().cloned().unwrap_or_default();
    rows.iter().map(|row| format!("{} {} {}", row["gate"].as_str().unwrap_or_default(), row["removed"], row["only_this"])).collect()
}

fn strict() -> Value {
    let skills = ["go", "postgresql", "kubernetes"].map(|slug| json!({ "slug": slug, "min_level": 3, "must": true }));
    let law = json!({ "countries": ["DE"], "reason": "The data may not leave the country." });
    with(job_body(), json!({ "skills": skills, "seniority": ["senior"], "legal_country_limit": law }))
}

#[actix_web::test]
async fn every_gate_removes_whom_it_should_and_the_counts_add_up() {
    let app = TestApp::start().await;
    let client = app.client().await;
    let (_, fits) = vetted(&app, json!({})).await;
    let no_kubernetes = json!([{ "slug": "go", "level": 5, "years": 8 }, { "slug": "postgresql", "level": 4, "years": 6 }]);
    for change in [
        json!({ "skills": no_kubernetes }),
        json!({ "seniority": "junior" }),
        json!({ "hours_per_week": 20 }),
        json!({ "available_from": "2027-03-01" }),
        json!({ "time_zone": "Pacific/Auckland" }),
        json!({ "hourly_rate": { "amount": 10_001, "currency": "USD" } }),
        json!({ "languages": ["de"] }),
        json!({ "country": "US" }),
        // Fails two gates: the first of them counts it, neither is the only one.
        json!({ "country": "US", "seniority": "junior" }),
    ] {
        vetted(&app, change).await;
    }
    unvetted(&app, json!({})).await;
    let job = open_job(&client, with(strict(), json!({}))).await;
    let found = client.get(&format!("/v1/job-requests/{job}/matches")).await.expect(200);
    assert_eq!(developers(&found), [fits]);
    assert_eq!((found.at("/pool"), found.at("/total")), (&json!(10), &json!(1)));
    let counts = GATES.map(|gate| match gate {
        "must_skills" => format!("{gate} 1 null"),
        "seniority" => format!("{gate} 2 1"),
        gate => format!("{gate} 1 1"),
    });
    assert_eq!(gates(&found), counts);
    let removed: i64 = found.at("/gates").as_array().into_iter().flatten().filter_map(|row| row["removed"].as_i64()).sum();
    assert_eq!(removed, 9, "what the gates removed is the pool without the total");
}

#[actix_web::test]
async fn the_factors_add_up_to_the_score() {
    let scene = Scene::start().await;
    let found = scene.client.get(&format!("/v1/job-requests/{}/matches", scene.job)).await.expect(200);
    let factors = found.at("/data/0/factors").as_array().cloned().unwrap_or_default();
    let names: Vec<_> = factors.iter().filter_map(|factor| factor["factor"].as_str()).collect();
    assert_eq!(
        names,
        [
            "must_have_skills",
            "nice_to_have_skills",
            "evidence",
            "developer_interest",
            "domain",
            "logistics",
            "track_record",
            "responsiveness"
        ]
    );
    let hundredths = |value: &Value| (value.as_f64().unwrap_or(-1.0) * 100.0).round();
    let sum: f64 = factors.iter().map(|factor| hundredths(&factor["points"])).sum();
    assert!((sum - hundredths(found.at("/data/0/score"))).abs() < f64::EPSILON, "{}", found.text);
    assert!(found.text_at("/data/0/missing/0").starts_with("kafka"), "{}", found.text);
    let card = found.at("/data/0/developer").to_string();
    assert!(!card.contains("A developer") && !card.contains(&scene.developer.email), "{card}");
}

#[actix_web::test]
async fn only_vetted_developers_whom_nothing_blocks_are_in_the_pool() {
    let app = TestApp::start().await;
    let client = app.client().await;
    let (developer, id) = unvetted(&app, json!({})).await;
    let path = format!("/v1/job-requests/{}/matches", open_job(&client, json!({})).await);
    let pool = async || client.get(&path).await.expect(200).at("/pool").clone();
    assert_eq!(pool().await, 0);
    approve(&app, &id).await;
    assert_eq!(pool().await, 1);
    let organization = client.get("/v1/organization").await.text_at("/id");
    for (who, whom) in [(&client, &id), (&developer, &organization)] {
        who.put(&format!("/v1/blocks/{whom}"), json!({})).await.expect(204);
        assert_eq!(pool().await, 0);
        who.delete(&format!("/v1/blocks/{whom}")).await.expect(204);
        assert_eq!(pool().await, 1);
    }
}

#[actix_web::test]
async fn what_a_query_may_say() {
    let scene = Scene::start().await;
    let path = format!("/v1/job-requests/{}/matches", scene.job);
    for (query, pointer) in [("limit=51", "?limit"), ("limit=0", "?limit"), ("min_score=101", "?min_score"), ("include=names", "?include")]
    {
        scene.client.get(&format!("{path}?{query}")).await.faults(&[pointer]);
        scene.client.post(&format!("{SEARCH}?{query}"), job_body()).await.faults(&[pointer]);
    }
    let unknown = scene.client.get(&format!("{path}?sort=rate")).await;
    assert!(matches!(unknown.status, 400 | 422), "{}", unknown.text);
    let all = scene.client.get(&format!("{path}?limit=50&min_score=0&include=gates")).await.expect(200);
    assert_eq!((developers(&all).len(), gates(&all).len()), (1, 8));
    let bare = scene.client.get(&format!("{path}?include=")).await.expect(200);
    assert_eq!((bare.json.get("gates"), bare.at("/data")), (None, all.at("/data")));
    let score = all.at("/data/0/score").as_f64().unwrap_or_default();
    let above = scene.client.get(&format!("{path}?min_score={}", score + 0.01)).await.expect(200);
    assert_eq!((developers(&above).len(), above.at("/total")), (0, &json!(1)));
    assert_eq!(developers(&scene.client.get(&format!("{path}?min_score={score}")).await.expect(200)).len(), 1);
}

#[actix_web::test]
async fn the_order_is_the_same_everywhere_and_for_everybody() {
    let scene = Scene::start().await;
    for change in [json!({ "domains": ["payments"] }), json!({}), json!({ "time_zone": "Europe/London" }), json!({ "hours_per_week": 60 })]
    {
        vetted(&scene.app, change).await;
    }
    let path = format!("/v1/job-requests/{}/matches", scene.job);
    let here = scene.client.get(&path).await.expect(200);
    let scores: Vec<f64> = here.at("/data").as_array().into_iter().flatten().filter_map(|each| each["score"].as_f64()).collect();
    assert!(scores.len() == 5 && scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    let node = scene.app.another_node().await;
    assert_eq!(scene.client.at(&node.base()).get(&path).await.expect(200).json, here.json);
    assert_eq!(scene.client.get(&path).await.json, here.json);
    // Nobody in particular finds the same with the same words, in the order of an unsaved request where scores are equal.
    let found = scene.app.anonymous().post(SEARCH, job_body()).await.expect(200);
    let by_id = |answer: &Answer| {
        let mut rows = answer.at("/data").as_array().cloned().unwrap_or_default();
        rows.sort_by_key(|row| row["developer"]["id"].to_string());
        rows
    };
    assert_eq!(by_id(&found), by_id(&here));
    assert_eq!((found.at("/pool"), found.at("/total"), found.at("/gates")), (here.at("/pool"), here.at("/total"), here.at("/gates")));
    let two = scene.client.get(&format!("{path}?limit=2")).await.expect(200);
    assert_eq!((developers(&two), two.at("/total")), (developers(&here)[..2].to_vec(), &json!(5)));
}

#[actix_web::test]
async fn a_search_is_held_to_the_rules_of_a_request() {
    let app = TestApp::start().await;
    let somebody = app.anonymous();
    let unknown = json!({ "skills": [{ "slug": "postgresq", "min_level": 3, "must": true }] });
    let refused = somebody.post(SEARCH, with(job_body(), unknown)).await.faults(&["/skills/0/slug"]);
    assert!(refused.text_at("/errors/0/detail").contains("postgresql"), "{}", refused.text);
    somebody.post(SEARCH, with(job_body(), json!({ "hours_per_week": 0, "vip": 1 }))).await.faults(&["/hours_per_week", "/vip"]);
    somebody.post(SEARCH, with(job_body(), json!({ "title": null, "description": null, "seats": null }))).await.expect(200);
}

#[actix_web::test]
async fn an_agreed_trial_takes_the_developer_out_at_the_hours_gate() {
    let scene = Scene::start().await;
    let (id, other) = (scene.offered().await, scene.app.client().await);
    let path = format!("/v1/job-requests/{}/matches", open_job(&other, json!({})).await);
    assert_eq!(other.get(&path).await.expect(200).at("/total"), 1);
    act(&scene.developer, &id, "accept", json!({})).await.expect(200);
    let busy = other.get(&path).await.expect(200);
    assert_eq!((busy.at("/pool"), busy.at("/total")), (&json!(1), &json!(0)));
    assert!(gates(&busy).contains(&"hours 1 1".to_owned()), "{}", busy.text);
    act(&scene.client, &id, "cancel", json!({ "reason_code": "other" })).await.expect(200);
    assert_eq!(other.get(&path).await.expect(200).at("/total"), 1);
}
