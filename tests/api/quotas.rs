//! What people do to others has its number a day, also when all of it comes at once (reliability R30).

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::person::Person;
use crate::support::seeds::{job_body, offer_body, open_job, vetted};

const FEW: [(&str, &str); 7] = [
    ("limits.enabled", "true"),
    ("limits.requests_per_second", "10000"),
    ("limits.burst", "10000"),
    ("limits.offers_per_day", "3"),
    ("limits.job_requests_per_day", "12"),
    ("limits.messages_per_day", "3"),
    ("limits.reports_per_day", "3"),
];

fn statuses(answers: &[Answer]) -> (usize, usize) {
    let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert!(answers.iter().all(|answer| answer.status != 429 || !answer.header("retry-after").is_empty()));
    (count(201), count(429))
}

async fn together(person: &Person, path: &str, bodies: Vec<Value>) -> (usize, usize) {
    statuses(&join_all(bodies.into_iter().map(|body| person.post(path, body))).await)
}

#[actix_web::test]
async fn offers_requests_messages_and_reports_have_their_number_a_day() {
    let app = TestApp::with(&FEW).await;
    let (client, (developer, id)) = (app.client().await, vetted(&app, json!({})).await);
    let mut offers = Vec::new();
    for _ in 0..6 {
        offers.push(offer_body(&open_job(&client, json!({})).await, &id));
    }
    assert_eq!(together(&client, "/v1/trials", offers.clone()).await, (3, 3));
    assert_eq!(together(&client, "/v1/job-requests", vec![job_body(); 12]).await, (6, 6));
    let body = json!({ "developer_id": id, "message": "May we talk?" });
    let job = offers[0]["job_request_id"].as_str().expect("an id").to_owned();
    let invitation = client.post(&format!("/v1/job-requests/{job}/invitations"), body).await.expect(201).text_at("/id");
    let messages = format!("/v1/invitations/{invitation}/messages");
    assert_eq!(together(&developer, &messages, vec![json!({ "message": "Hello." }); 6]).await, (3, 3));
    assert_eq!(together(&client, &messages, vec![json!({ "message": "Hello." }); 6]).await, (3, 3), "each side has its own");
    let report = json!({ "subject": id, "category": "spam", "message": "Again and again." });
    assert_eq!(together(&client, "/v1/reports", vec![report.clone(); 6]).await, (3, 3));
    // What was refused did not count, and another day is another day.
    app.advance(TimeDelta::days(1)).await;
    let client = client.with_pair(&client.renew().await.expect(200));
    client.post("/v1/reports", report).await.expect(201);
    client.post("/v1/job-requests", job_body()).await.expect(201);
}

#[actix_web::test]
async fn an_organisation_invites_fifty_people_a_day() {
    let app = TestApp::start().await;
    let owner = app.client().await;
    let bodies = (0..60).map(|number| json!({ "email": format!("guest{number}@example.com") }));
    let answers = join_all(bodies.map(|body| owner.post("/v1/organization/members", body))).await;
    let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(202), count(429)), (50, 10));
}
