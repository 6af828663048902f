//! The public search for developers, and that the index behind it and behind matches is true at once.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::person::Person;
use crate::support::seeds::{Scene, act, job_body, open_job, unvetted, vetted, with};

const PEOPLE: &str = "/v1/developers";

fn ids(answer: &Answer) -> Vec<String> {
    let data = answer.at("/data").as_array().cloned().unwrap_or_default();
    data.iter().filter_map(|each| each["id"].as_str().map(ToOwned::to_owned)).collect()
}

async fn found(somebody: &Person, query: &str) -> Vec<String> {
    ids(&somebody.get(&format!("{PEOPLE}?{query}")).await.expect(200))
}

fn count(answer: &Answer, facet: &str, value: &str) -> Option<u64> {
    let counts = answer.at(&format!("/facets/{facet}")).as_array().cloned().unwrap_or_default();
    counts.iter().find(|each| each["value"] == value).and_then(|each| each["count"].as_u64())
}

#[actix_web::test]
async fn every_filter_narrows_by_itself_and_with_the_others() {
    let app = TestApp::start().await;
    let (_, plain) = vetted(&app, json!({})).await;
    let skills = json!([{ "slug": "go", "level": 2, "years": 1 }, { "slug": "rust", "level": 4, "years": 2 }]);
    let (_, other) = vetted(
        &app,
        json!({ "skills": skills, "seniority": "junior", "hourly_rate": { "amount": 3000, "currency": "EUR" }, "hours_per_week": 20,
            "time_zone": "Pacific/Auckland", "languages": ["de", "en-GB"], "domains": ["payments"] }),
    )
    .await;
    unvetted(&app, json!({})).await;
    let anybody = app.anonymous();
    assert_eq!(found(&anybody, "").await, [other.clone(), plain.clone()], "the newest first");
    for (query, expected) in [
        ("skill=kubernetes", &plain),
        ("skill=k8s:3", &plain),
        ("skill=rust:4", &other),
        ("skill=go&skill=rust", &other),
        ("max_rate=4000", &other),
        ("max_rate=4000&currency=EUR", &other),
        ("hours_per_week=21", &plain),
        ("time_zone=Europe/London", &plain),
        ("time_zone=Europe/London&overlap_hours=7", &plain),
        ("time_zone=Europe/London&overlap_hours=6.9999999999999995559", &plain),
        ("seniority=junior", &other),
        ("language=de&language=en", &other),
        ("domain=payments&domain=gaming", &other),
        ("skill=go:5&seniority=senior&max_rate=8000&hours_per_week=40&language=en", &plain),
    ] {
        assert_eq!(found(&anybody, query).await, std::slice::from_ref(expected), "{query}");
    }
    assert_eq!(found(&anybody, "seniority=junior&seniority=senior&time_zone=UTC&overlap_hours=0").await.len(), 2);
    assert!(found(&anybody, "skill=kubernetes:4").await.is_empty());
    assert!(found(&anybody, "skill=rust&skill=kubernetes").await.is_empty());
    let all = anybody.get(PEOPLE).await.expect(200);
    assert_eq!((all.at("/total"), all.at("/next_cursor")), (&json!(2), &Value::Null));
    assert_eq!([count(&all, "skills", "go"), count(&all, "skills", "rust"), count(&all, "skills", "kafka")], [Some(2), Some(1), None]);
    assert_eq!([count(&all, "seniority", "senior"), count(&all, "domains", "payments")], [Some(1), Some(1)]);
    assert_eq!(count(&all, "time_zones", "Pacific/Auckland"), Some(1));
    let card = anybody.get(&format!("{PEOPLE}/{plain}")).await.expect(200);
    assert_eq!(all.at("/data/1"), &card.json, "the same card as everywhere");
}

#[actix_web::test]
async fn what_a_search_may_not_say() {
    let app = TestApp::start().await;
    let anybody = app.anonymous();
    let unknown = anybody.get(&format!("{PEOPLE}?skill=postgresq:3&skill=go:9&overlap_hours=3")).await;
    let unknown = unknown.faults(&["?overlap_hours", "?skill", "?skill"]);
    assert!(unknown.text.contains("postgresql"), "{}", unknown.text);
    for (query, pointers) in [
        ("limit=101&vip=1", &["?limit", "?vip"][..]),
        ("seniority=wizard", &["?seniority"]),
        ("language=klingon", &["?language"]),
        ("time_zone=Mars/Base", &["?time_zone"]),
        ("max_rate=100&currency=XTS", &["?currency"]),
        ("limit=1&limit=2", &["?limit"]),
    ] {
        anybody.get(&format!("{PEOPLE}?{query}")).await.faults(pointers);
    }
    anybody.get(&format!("{PEOPLE}?cursor=nonsense")).await.problem(400, "malformed-request");
}

#[actix_web::test]
async fn pages_are_stable_while_developers_come_and_go() {
    let app = TestApp::start().await;
    let anybody = app.anonymous();
    let mut all = Vec::new();
    for _ in 0..5 {
        all.push(vetted(&app, json!({})).await);
    }
    let first = anybody.get(&format!("{PEOPLE}?limit=2")).await.expect(200);
    assert_eq!(ids(&first), [all[4].1.clone(), all[3].1.clone()]);
    assert_eq!(first.at("/total"), 5);
    app.suspend(&all[3].0).await;
    app.suspend(&all[2].0).await;
    vetted(&app, json!({})).await;
    let rest = anybody.get(&format!("{PEOPLE}?limit=2&cursor={}", first.text_at("/next_cursor"))).await.expect(200);
    assert_eq!(ids(&rest), [all[1].1.clone(), all[0].1.clone()]);
    assert_eq!((rest.at("/next_cursor"), rest.at("/total")), (&Value::Null, &json!(4)));
}

#[actix_web::test]
async fn facets_of_matches_are_those_of_all_who_pass() {
    let scene = Scene::start().await;
    vetted(&scene.app, json!({ "domains": ["payments"], "seniority": "staff" })).await;
    vetted(&scene.app, json!({ "time_zone": "Pacific/Auckland" })).await;
    let path = format!("/v1/job-requests/{}/matches", scene.job);
    let both = scene.client.get(&format!("{path}?limit=1&include=gates,facets")).await.expect(200);
    assert_eq!((both.at("/total"), both.at("/gates/4/removed")), (&json!(2), &json!(1)));
    assert_eq!(
        [count(&both, "skills", "go"), count(&both, "skills", "kubernetes"), count(&both, "domains", "payments")].map(Option::unwrap),
        [2, 2, 1]
    );
    assert_eq!([count(&both, "seniority", "staff"), count(&both, "seniority", "senior")], [Some(1), Some(1)]);
    assert_eq!([count(&both, "time_zones", "Europe/Berlin"), count(&both, "time_zones", "Pacific/Auckland")], [Some(2), None]);
    let only = scene.client.get(&format!("{path}?include=facets")).await.expect(200);
    assert_eq!((only.json.get("gates"), only.at("/facets")), (None, both.at("/facets")));
    assert_eq!(scene.client.get(&path).await.expect(200).json.get("facets"), None);
}

#[actix_web::test]
async fn a_change_is_seen_by_the_next_match_here_and_on_another_node() {
    let scene = Scene::start().await;
    let node = scene.app.another_node().await;
    let path = format!("/v1/job-requests/{}/matches", open_job(&scene.client, json!({})).await);
    let there = scene.client.at(&node.base());
    let both = async || {
        let here = scene.client.get(&path).await.expect(200);
        let mut other = there.get(&path).await.expect(200);
        for _ in 0..100 {
            if other.json == here.json {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            other = there.get(&path).await.expect(200);
        }
        assert_eq!(other.json, here.json, "two nodes, one answer");
        here
    };
    assert_eq!(both().await.at("/total"), 1);
    let rate = |amount| json!({ "hourly_rate": { "amount": amount, "currency": "USD" } });
    scene.developer.patch("/v1/developers/me", rate(10_001)).await.expect(200);
    let dear = both().await;
    assert_eq!((dear.at("/total"), dear.at("/gates/5/only_this")), (&json!(0), &json!(1)));
    scene.developer.patch("/v1/developers/me", rate(9_000)).await.expect(200);
    let back = both().await;
    assert_eq!((back.at("/total"), back.at("/data/0/developer/hourly_rate/amount")), (&json!(1), &json!(9_000)));
    scene.client.put(&format!("/v1/blocks/{}", scene.developer_id), json!({})).await.expect(204);
    assert_eq!(both().await.at("/pool"), 0);
    scene.client.delete(&format!("/v1/blocks/{}", scene.developer_id)).await.expect(204);
    let trial = scene.offered().await;
    act(&scene.developer, &trial, "accept", json!({})).await.expect(200);
    assert_eq!(both().await.at("/gates/2/removed"), 1, "the trial holds the hours");
    scene.app.suspend(&scene.developer).await;
    assert_eq!(both().await.at("/pool"), 0);
}

#[actix_web::test]
async fn a_vetting_ends_at_its_instant() {
    let mut scene = Scene::start().await;
    let total = async |scene: &Scene| scene.app.anonymous().get(PEOPLE).await.expect(200).at("/total").clone();
    // Approved for 18 months on 23 November 2026, 10:00.
    scene.until("2028-05-23T09:59:59Z").await;
    assert_eq!(total(&scene).await, 1);
    scene.app.clock.advance(TimeDelta::microseconds(999_999));
    assert_eq!(total(&scene).await, 1);
    scene.app.clock.advance(TimeDelta::microseconds(1));
    assert_eq!(total(&scene).await, 0);
}

#[actix_web::test]
async fn a_request_that_nobody_can_satisfy_says_which_gates_emptied_it() {
    let scene = Scene::start().await;
    let impossible = json!({ "max_hourly_rate": { "amount": 1, "currency": "USD" } });
    let found = scene.client.post("/v1/matches/search", with(job_body(), impossible)).await.expect(200);
    assert_eq!(
        (found.at("/total"), found.at("/data"), found.at("/gates/5")),
        (&json!(0), &json!([]), &json!({ "gate": "rate", "removed": 1, "only_this": 1 }))
    );
    let other = scene.app.client().await;
    other.get(&format!("/v1/job-requests/{}/matches", scene.job)).await.expect(404);
}
