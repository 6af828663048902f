//! What time does in vetting: questions that stay without an answer, and approvals that end.

use chrono::{DateTime, TimeDelta};
use futures_util::future::join_all;
use guildhall::kernel::clock::Clock as _;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::person::Person;
use crate::support::seeds::subjects;
use crate::support::stories::{Developer, in_review, pass, step};

const GO: &[(&str, u8)] = &[("go", 5)];
const WAITING: &str = "Your application waits for your answer";

async fn mine(developer: &Person) -> Value {
    developer.sign_in().await.get("/v1/developers/me/vetting").await.expect(200).json
}

async fn until(app: &TestApp, moment: &str) {
    let moment = DateTime::parse_from_rfc3339(moment).expect("an instant").to_utc();
    app.advance(moment - app.clock.now().utc()).await;
}

/// An application whose third stage waits for an answer since 23 November, 10:00 UTC; with its id and its reviewer.
async fn asked(app: &TestApp) -> (Person, Person, String) {
    let reviewer = app.admin().await;
    let Developer { person, .. } = app.profiled_developer().await;
    let id = in_review(&person, &reviewer).await;
    pass(&reviewer, &id, "profile_review", GO).await;
    pass(&reviewer, &id, "screening_call", GO).await;
    step(&reviewer, &id, "ask", json!({ "questions": "Which bank?" })).await.expect(200);
    (person, reviewer, id)
}

#[actix_web::test]
async fn questions_without_an_answer_lapse_after_reminders() {
    let app = TestApp::start().await;
    let (person, _, id) = asked(&app).await;
    let seen = async |moment: &str| {
        until(&app, moment).await;
        app.mails(&person, WAITING).await.len()
    };
    for (moment, reminders) in [
        ("2026-11-28T08:59:59Z", 0),
        ("2026-11-28T09:00:00Z", 1),
        ("2026-12-03T09:00:00Z", 2),
        ("2026-12-06T08:59:59Z", 2),
        ("2026-12-06T09:00:00Z", 3),
        ("2026-12-07T09:59:59Z", 3),
    ] {
        assert_eq!(seen(moment).await, reminders, "{moment}");
    }
    assert_eq!(mine(&person).await["state"], "needs_info");
    // Nobody works when it is due; whoever reads it finds it done, at its own time.
    app.clock.advance(TimeDelta::hours(30));
    let own = mine(&person).await;
    assert_eq!((&own["state"], &own["application"]["changed_at"]), (&json!("lapsed"), &json!("2026-12-07T10:00:00Z")));
    assert_eq!((&own["retry_after"], &own["allowed_actions"]), (&Value::Null, &json!(["reapply"])));
    assert_eq!(subjects(&app, &person).await.last().map(String::as_str), Some("Your application has lapsed"));
    // No cool-down, and what was passed is kept.
    let person = person.sign_in().await;
    let next = person.post("/v1/vetting/applications", json!({})).await.expect(201);
    assert_ne!(next.text_at("/id"), id);
    assert_eq!(next.at("/skipped_stages"), &json!(["screening_call"]), "the profile is read anew");
    until(&app, "2027-02-01T00:00:00Z").await;
    assert_eq!((app.mails(&person, WAITING).await.len(), app.mails(&person, "Your application has lapsed").await.len()), (3, 1));
}

#[actix_web::test]
async fn an_answer_ends_the_reminders_and_the_lapse() {
    let app = TestApp::start().await;
    let (person, reviewer, id) = asked(&app).await;
    until(&app, "2026-11-29T00:00:00Z").await;
    step(&person.sign_in().await, &id, "answer", json!({ "answers": "A small one." })).await.expect(200);
    step(&reviewer.sign_in().await, &id, "ask", json!({ "questions": "Which one?" })).await.expect(200);
    until(&app, "2026-12-08T00:00:00Z").await;
    assert_eq!((mine(&person).await["state"].clone(), app.mails(&person, WAITING).await.len()), (json!("needs_info"), 2));
    step(&person.sign_in().await, &id, "answer", json!({ "answers": "The old one." })).await.expect(200);
    until(&app, "2027-01-30T00:00:00Z").await;
    assert_eq!((mine(&person).await["state"].clone(), app.mails(&person, WAITING).await.len()), (json!("technical_assessment"), 2));
}

#[actix_web::test]
async fn of_the_clock_and_the_developer_one_wins() {
    let app = TestApp::start().await;
    let (person, reviewer, id) = asked(&app).await;
    let node = app.another_node().await;
    app.clock.advance(TimeDelta::days(14) - TimeDelta::seconds(1));
    let (person, reviewer) = (person.sign_in().await, reviewer.sign_in().await);
    app.clock.advance(TimeDelta::seconds(1));
    let there = person.at(&node.base());
    let answers = join_all([&person, &there].map(|who| step(who, &id, "answer", json!({ "answers": "This." })))).await;
    for answer in answers {
        answer.problem(409, "invalid-transition");
    }
    app.settle().await;
    let application = reviewer.get(&format!("/v1/vetting/applications/{id}")).await.expect(200);
    let events: Vec<&Value> = application.at("/events").as_array().expect("events").iter().map(|event| &event["action"]).collect();
    assert_eq!(events.iter().filter(|action| **action == "lapse").count(), 1, "{events:?}");
    assert_eq!(application.at("/events/6/actor"), "system");
    assert_eq!(app.mails(&person, "Your application has lapsed").await.len(), 1);
}

#[actix_web::test]
async fn admins_hear_daily_of_applications_in_which_nothing_happens() {
    let app = TestApp::start().await;
    let (admin, early, quiet) = (app.admin().await, app.admin().await, app.admin().await);
    early.patch("/v1/me", json!({ "time_zone": "Asia/Tokyo" })).await.expect(200);
    let off = json!({ "preferences": [{ "kind": "vetting_digest", "enabled": false }] });
    quiet.put("/v1/me/notification-preferences", off).await.expect(200);
    let (one, two) = (app.profiled_developer().await.person, app.profiled_developer().await.person);
    let id = in_review(&one, &admin).await;
    // Waits for the developer, not for a reviewer.
    two.post("/v1/vetting/applications", json!({})).await.expect(201);
    let digests = async |moment: &str| {
        until(&app, moment).await;
        let mut counts = [0; 3];
        for (count, who) in counts.iter_mut().zip([&admin, &early, &quiet]) {
            *count = app.mails(who, "1 application waits").await.len();
        }
        counts
    };
    // Since Monday 10:00; Friday is the fourth working day.
    assert_eq!(digests("2026-11-26T23:59:59Z").await, [0, 0, 0]);
    assert_eq!(digests("2026-11-27T00:00:00Z").await, [0, 1, 0]);
    assert_eq!(digests("2026-11-27T08:59:59Z").await, [0, 1, 0]);
    assert_eq!(digests("2026-11-27T09:00:00Z").await, [1, 1, 0]);
    assert_eq!(digests("2026-11-27T23:00:00Z").await, [1, 1, 0]);
    let mail = app.newest_mail(&admin, "1 application waits").await;
    assert!(mail.text().contains(&format!("{id}: profile review, 4 working days")), "{}", mail.text());
    // Whatever was missed is one digest.
    assert_eq!(digests("2026-11-30T12:00:00Z").await, [2, 2, 0]);
    let reviewer = admin.sign_in().await;
    let listed = reviewer.get("/v1/vetting/applications?idle_days=7").await.expect(200);
    assert_eq!((listed.at("/data/0/id"), listed.at("/data/0/idle_days")), (&json!(id), &json!(7)));
    step(&reviewer, &id, "ask", json!({ "questions": "Which bank?" })).await.expect(200);
    let own = mine(&one).await;
    assert_eq!(
        (&own["waits_for"], &own["why"], &own["due_by"]),
        (&json!("developer"), &json!("Which bank?"), &json!("2026-12-14T12:00:00Z"))
    );
    assert_eq!(digests("2026-12-08T12:00:00Z").await, [2, 2, 0], "nothing waits for a reviewer");
}
