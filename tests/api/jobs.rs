//! Job requests: what they must say, how they change, and who may.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::seeds::{Scene, draft, job_body, open_job, vetted, with};

const JOBS: &str = "/v1/job-requests";

#[actix_web::test]
async fn a_job_request_begins_as_a_draft() {
    let app = TestApp::start().await;
    let client = app.client().await;
    let short = with(job_body(), json!({ "overlap_hours": null, "languages": null, "seats": null }));
    let made = client.post(JOBS, short).await.expect(201);
    let id = made.text_at("/id");
    assert_eq!((made.header("location"), made.header("etag")), (format!("{JOBS}/{id}").as_str(), "\"1\""));
    assert_eq!((made.text_at("/state").as_str(), made.at("/seats"), made.at("/seats_taken")), ("draft", &json!(1), &json!(0)));
    assert_eq!(made.at("/allowed_actions"), &json!(["open", "close"]));
    assert_eq!((made.at("/overlap_hours").as_f64(), made.at("/languages")), (Some(0.0), &json!([])));
    assert_eq!(client.get(&format!("{JOBS}/{id}")).await.expect(200).json, made.json);
    let alias = with(job_body(), json!({ "skills": [{ "slug": "golang", "min_level": 4, "must": true }] }));
    assert_eq!(client.post(JOBS, alias).await.expect(201).at("/skills/0/slug"), "go");
}

#[actix_web::test]
async fn every_fault_is_named_at_once() {
    let app = TestApp::start().await;
    let client = app.client().await;
    let cases: [(Value, &[&str]); 9] = [
        (json!({ "title": "x".repeat(161), "hours_per_week": 0, "vip": true }), &["/hours_per_week", "/title", "/vip"]),
        (json!({ "title": "two\nlines", "seats": 101 }), &["/seats", "/title"]),
        (json!({ "starts_on": "2026-11-22" }), &["/starts_on"]),
        (json!({ "starts_on": "2028-11-24" }), &["/starts_on"]),
        (json!({ "max_hourly_rate": { "amount": -5, "currency": "USD" } }), &["/max_hourly_rate/amount"]),
        (json!({ "overlap_hours": 9, "time_zone": "Nowhere/Else" }), &["/overlap_hours", "/time_zone"]),
        (json!({ "skills": [] }), &["/skills"]),
        (
            json!({ "skills": [{ "slug": "go", "min_level": 6, "must": true }, { "slug": "kafka", "min_level": 2 }] }),
            &["/skills/0/min_level", "/skills/1/must"],
        ),
        (json!({ "skills": [{ "slug": "go", "min_level": 3, "must": false }] }), &["/skills"]),
    ];
    for (change, pointers) in cases {
        client.post(JOBS, with(job_body(), change)).await.faults(pointers);
    }
    let unknown =
        json!({ "skills": [{ "slug": "go", "min_level": 3, "must": true }, { "slug": "postgresq", "min_level": 3, "must": true }] });
    let refused = client.post(JOBS, with(job_body(), unknown)).await.faults(&["/skills/1/slug"]);
    assert!(refused.text_at("/errors/0/detail").contains("postgresql"), "{}", refused.text);
    assert_eq!(client.get(JOBS).await.expect(200).at("/data"), &json!([]));
}

#[actix_web::test]
async fn a_list_is_the_organisations_own_newest_first() {
    let app = TestApp::start().await;
    let (client, stranger) = (app.client().await, app.client().await);
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(draft(&client, json!({ "title": format!("Request {number}") })).await);
        draft(&stranger, json!({})).await;
    }
    ids.reverse();
    let (mut seen, mut path) = (Vec::new(), format!("{JOBS}?limit=2"));
    loop {
        let page = client.get(&path).await.expect(200);
        let rows = page.at("/data").as_array().cloned().unwrap_or_default();
        assert!(rows.len() <= 2);
        seen.extend(rows.iter().filter_map(|row| row["id"].as_str().map(ToOwned::to_owned)));
        let Some(cursor) = page.at("/next_cursor").as_str() else { break };
        path = format!("{JOBS}?limit=2&cursor={cursor}");
        // What is written meanwhile stands on no later page.
        draft(&client, json!({})).await;
    }
    assert_eq!(seen, ids);
    client.post(&format!("{JOBS}/{}/open", ids[0]), json!({})).await.expect(200);
    let open = client.get(&format!("{JOBS}?state=open&sort=-created_at")).await.expect(200);
    assert_eq!((open.at("/data/0/id"), open.json.pointer("/data/1")), (&json!(ids[0]), None));
    for bad in ["limit=0", "limit=101", "state=lost", "sort=title", "page=2", "cursor=nonsense"] {
        let refused = client.get(&format!("{JOBS}?{bad}")).await;
        assert!(matches!(refused.status, 400 | 422), "{bad}: {}", refused.text);
    }
}

#[actix_web::test]
async fn a_change_is_a_merge_and_minds_if_match() {
    let app = TestApp::start().await;
    let client = app.client().await;
    let path = format!("{JOBS}/{}", open_job(&client, json!({ "duration_weeks": 12 })).await);
    let before = client.get(&path).await.expect(200);
    assert_eq!(before.header("etag"), "\"2\"");
    let stale = client.with("if-match", "\"1\"");
    stale.patch(&path, json!({ "title": "Other" })).await.problem(412, "stale-version");
    client.patch(&path, json!({ "seats": 0, "state": "filled", "id": "x" })).await.faults(&["/id", "/seats", "/state"]);
    client.patch(&path, json!({ "title": null })).await.faults(&["/title"]);
    assert_eq!(client.get(&path).await.json, before.json);
    let current = client.with("if-match", "\"2\"");
    let changed = current.patch(&path, json!({ "title": "Other", "duration_weeks": null })).await.expect(200);
    assert_eq!(
        (changed.text_at("/title").as_str(), changed.at("/duration_weeks"), changed.header("etag")),
        ("Other", &Value::Null, "\"3\"")
    );
    assert_eq!(changed.at("/skills"), before.at("/skills"));
    let racing = client.with("if-match", "\"3\"");
    let answers = join_all((0..8).map(|number| racing.patch(&path, json!({ "title": format!("Number {number}") })))).await;
    let won = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((won, answers.iter().filter(|answer| answer.status == 412).count()), (1, 7));
}

#[actix_web::test]
pub async fn steps_follow_the_states() {
    let app = TestApp::start().await;
    let client = app.client().await;
    let path = format!("{JOBS}/{}", draft(&client, json!({})).await);
    let allowed = [("draft", json!(["open", "close"])), ("open", json!(["pause", "close"])), ("paused", json!(["open", "close"]))];
    for (index, (state, actions)) in allowed.iter().enumerate() {
        if index > 0 {
            let action = if *state == "open" { "open" } else { "pause" };
            client.post(&format!("{path}/{action}"), json!({ "reason_code": "holiday" })).await.expect(200);
        }
        let before = client.get(&path).await.expect(200);
        assert_eq!((before.text_at("/state").as_str(), before.at("/allowed_actions")), (*state, actions));
        for action in ["open", "pause", "close"].iter().filter(|action| !actions.as_array().is_some_and(|all| all.contains(&json!(action))))
        {
            let refused = client.post(&format!("{path}/{action}"), json!({})).await.problem(409, "invalid-transition");
            assert_eq!((refused.at("/state"), refused.at("/allowed_actions")), (&json!(state), actions));
        }
        assert_eq!(client.get(&path).await.json, before.json);
    }
    client.post(&format!("{path}/open"), json!({})).await.expect(200);
    client.post(&format!("{path}/close"), json!({})).await.expect(200);
    for action in ["open", "pause", "close"] {
        assert_eq!(
            client.post(&format!("{path}/{action}"), json!({})).await.problem(409, "invalid-transition").at("/allowed_actions"),
            &json!([])
        );
    }
    client.patch(&path, json!({ "title": "Too late" })).await.expect(409);
}

#[actix_web::test]
async fn seats_fill_and_open_a_request() {
    let scene = Scene::start().await;
    scene.scheduled().await;
    let path = format!("{JOBS}/{}", scene.job);
    let filled = scene.client.get(&path).await.expect(200);
    assert_eq!((filled.text_at("/state").as_str(), filled.at("/seats_taken")), ("filled", &json!(1)));
    let wider = scene.client.patch(&path, json!({ "seats": 2 })).await.expect(200);
    assert_eq!((wider.text_at("/state").as_str(), wider.at("/seats_taken")), ("open", &json!(1)));
    let again = scene.client.patch(&path, json!({ "seats": 1 })).await.expect(200);
    assert_eq!(again.text_at("/state"), "filled");
}

#[actix_web::test]
async fn others_see_and_change_nothing() {
    let app = TestApp::start().await;
    let (client, stranger, admin) = (app.client().await, app.client().await, app.admin().await);
    let (developer, _) = vetted(&app, json!({})).await;
    let path = format!("{JOBS}/{}", draft(&client, json!({})).await);
    let missing = stranger.get(&format!("{JOBS}/job_01h455vb4pex5vsknk084sn02q")).await.problem(404, "not-found").lasting();
    assert_eq!(stranger.get(&path).await.lasting(), missing);
    assert_eq!(stranger.patch(&path, json!({ "title": "Mine" })).await.lasting(), missing);
    for action in ["open", "pause", "close"] {
        assert_eq!(stranger.post(&format!("{path}/{action}"), json!({})).await.lasting(), missing);
        developer.post(&format!("{path}/{action}"), json!({})).await.problem(403, "not-allowed");
    }
    assert_eq!(stranger.get(&format!("{path}/matches")).await.lasting(), missing);
    developer.get(&path).await.problem(403, "not-allowed");
    developer.get(JOBS).await.problem(403, "not-allowed");
    developer.post(JOBS, job_body()).await.problem(403, "not-allowed");
    developer.patch(&path, json!({ "title": "Mine" })).await.problem(403, "not-allowed");
    admin.get(&path).await.expect(200);
    admin.post(JOBS, job_body()).await.problem(403, "not-allowed");
    client.anonymous().get(&path).await.problem(401, "not-signed-in");
    assert_eq!(client.get(&path).await.expect(200).text_at("/state"), "draft");
}

#[actix_web::test]
async fn a_published_request_is_a_posting_while_it_is_open() {
    let app = TestApp::start().await;
    let (client, anybody) = (app.client().await, app.anonymous());
    client.patch("/v1/organization", json!({ "name": "Ledgers & Co" })).await.expect(200);
    let change = json!({
        "title": "Go engineer </script>", "description": "Build <b>a ledger</b>.\n\nThen run it.", "seats": 2, "domains": ["payments"],
        "legal_country_limit": { "countries": ["DE"], "reason": "The law." }, "max_hourly_rate": { "amount": 9950, "currency": "USD" },
        "skills": [{ "slug": "go", "min_level": 4, "must": true }, { "slug": "kafka", "min_level": 2, "must": false }],
    });
    let id = draft(&client, change).await;
    let (job, path) = (format!("{JOBS}/{id}"), format!("{JOBS}/{id}/job-posting"));
    let missing = anybody.get(&format!("{JOBS}/job_01h455vb4pex5vsknk084sn02q/job-posting")).await.problem(404, "not-found");
    client.post(&format!("{job}/open"), json!({})).await.expect(200);
    assert_eq!(anybody.get(&path).await.lasting(), missing.lasting(), "nobody has published it");
    assert_eq!(client.patch(&job, json!({ "published": true })).await.expect(200).at("/published"), &json!(true));
    let posting = anybody.get(&path).await.expect(200);
    assert_eq!(posting.header("content-type"), "application/ld+json");
    assert!(!posting.text.contains('<'), "{}", posting.text);
    let expected = json!({
        "@context": "https://schema.org/", "@type": "JobPosting",
        "identifier": { "@type": "PropertyValue", "name": "Ledgers & Co", "value": id },
        "title": "Go engineer </script>",
        "description": "<p>Build &lt;b&gt;a ledger&lt;/b&gt;.</p><p>Then run it.</p>",
        "datePosted": "2026-11-23",
        "hiringOrganization": { "@type": "Organization", "name": "Ledgers & Co" },
        "employmentType": ["CONTRACTOR", "FULL_TIME"], "jobLocationType": "TELECOMMUTE",
        "applicantLocationRequirements": [{ "@type": "Country", "name": "DE" }],
        "jobStartDate": "2026-12-01",
        "workHours": "40 hours a week, 4 hours a day of them within 09:00 to 17:00 (Europe/London)",
        "baseSalary": {
            "@type": "MonetaryAmount", "currency": "USD",
            "value": { "@type": "QuantitativeValue", "maxValue": 99.5, "unitText": "HOUR" },
        },
        "skills": ["Go (expert or better)", "Apache Kafka (working or better, a plus)"],
        "qualifications": ["Language: en"], "industry": ["payments"], "totalJobOpenings": 2, "directApply": false,
    });
    assert_eq!(posting.json, expected);
    client.post(&format!("{job}/pause"), json!({})).await.expect(200);
    assert_eq!(anybody.get(&path).await.lasting(), missing.lasting(), "it rests");
    client.post(&format!("{job}/open"), json!({})).await.expect(200);
    client.patch(&job, json!({ "published": false })).await.expect(200);
    assert_eq!(anybody.get(&path).await.lasting(), missing.lasting(), "it is taken back");
}
