//! The vetted status after the approval: its end and renewal, suspension and revocation, and appeals.

use chrono::{DateTime, TimeDelta};
use futures_util::future::join_all;
use guildhall::kernel::clock::Clock as _;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::person::Person;
use crate::support::seeds::{Scene, act, offer_body, open_job, subjects};
use crate::support::stories::{Developer, STAGES, in_review, levels_body, pass, step};

const GO: &[(&str, u8)] = &[("go", 5)];
const SOON: &str = "Your approval expires soon";

async fn mine(app: &TestApp, developer: &Person) -> Value {
    developer.at(&app.base()).sign_in().await.get("/v1/developers/me/vetting").await.expect(200).json
}

async fn until(app: &TestApp, moment: &str) {
    let moment = DateTime::parse_from_rfc3339(moment).expect("an instant").to_utc();
    app.advance(moment - app.clock.now().utc()).await;
}

async fn set(admin: &Person, developer: &str, action: &str, message: &str) -> Answer {
    admin.post(&format!("/v1/developers/{developer}/{action}"), json!({ "message": message })).await
}

async fn decide(admin: &Person, path: &str, outcome: &str) -> Answer {
    admin.post(&format!("{path}/decide-appeal"), json!({ "outcome": outcome, "message": "We have read it all." })).await
}

fn actions(answer: &Value) -> Vec<&str> {
    answer["allowed_actions"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Takes a developer through vetting whose earlier stages may be kept.
async fn renew(app: &TestApp, developer: &Person, reviewer: &Person, approver: &Person) -> String {
    let (reviewer, approver) = (reviewer.sign_in().await, approver.sign_in().await);
    let developer = developer.at(&app.base()).sign_in().await;
    let id = in_review(&developer, &reviewer).await;
    for stage in STAGES {
        pass(&reviewer, &id, stage, GO).await;
    }
    step(&approver, &id, "approve", json!({ "skills": levels_body(GO) })).await.expect(200);
    id
}

#[actix_web::test]
async fn an_approval_is_announced_to_end_and_ends() {
    let app = TestApp::start().await;
    // Approved on 23 November 2026, 10:00 UTC.
    let Developer { person, id } = app.vetted_developer(GO).await;
    assert!(actions(&mine(&app, &person).await).is_empty());
    for (moment, status, mails) in [
        ("2028-03-24T08:59:59Z", "approved", 0),
        ("2028-03-24T09:00:00Z", "approved", 1),
        ("2028-04-23T09:59:59Z", "approved", 2),
        ("2028-04-23T10:00:00Z", "expiring", 2),
        ("2028-05-16T09:00:00Z", "expiring", 3),
        ("2028-05-23T09:59:59Z", "expiring", 3),
    ] {
        until(&app, moment).await;
        let own = mine(&app, &person).await;
        assert_eq!((own["vetted_status"].as_str(), app.mails(&person, SOON).await.len()), (Some(status), mails), "{moment}");
        assert_eq!(actions(&own), if status == "expiring" { vec!["renew"] } else { vec![] }, "{moment}");
        app.anonymous().get(&format!("/v1/developers/{id}")).await.expect(200);
    }
    // Nobody works when it ends; it has ended all the same, at its own time.
    app.clock.advance(TimeDelta::days(3));
    app.anonymous().get(&format!("/v1/developers/{id}")).await.problem(404, "not-found");
    let own = mine(&app, &person).await;
    assert_eq!((&own["vetted"]["status"], &own["vetted"]["changed_at"]), (&json!("expired"), &json!("2028-05-23T10:00:00Z")));
    assert_eq!(subjects(&app, &person).await.last().map(String::as_str), Some("Your approval has expired"));
    let person = person.sign_in().await;
    person.post("/v1/vetting/applications", json!({})).await.expect(201);
    assert_eq!(actions(&mine(&app, &person).await), ["submit", "withdraw"]);
}

#[actix_web::test]
async fn a_renewal_begins_while_the_old_approval_holds() {
    let app = TestApp::start().await;
    let (reviewer, approver) = (app.admin().await, app.admin().await);
    let Developer { person, id } = app.vetted_developer(GO).await;
    until(&app, "2028-04-23T09:59:59Z").await;
    let early = person.sign_in().await.post("/v1/vetting/applications", json!({})).await.problem(409, "conflict");
    assert_eq!(early.text_at("/renew_from"), "2028-04-23T10:00:00Z");
    until(&app, "2028-05-01T12:00:00Z").await;
    let application = renew(&app, &person, &reviewer, &approver).await;
    app.anonymous().get(&format!("/v1/developers/{id}")).await.expect(200);
    let own = mine(&app, &person).await;
    assert_eq!((&own["vetted_status"], &own["valid_until"]), (&json!("approved"), &json!("2029-11-01T12:00:00Z")));
    let seen = approver.sign_in().await.get(&format!("/v1/vetting/applications/{application}")).await.expect(200);
    let history: Vec<String> = seen.at("/vetted/events").as_array().expect("events").iter().map(told).collect();
    assert_eq!(history, ["approve admin approved 1", "expire system expiring 2", "approve admin approved 3"]);
    assert_eq!(seen.at("/events/0/action"), "renew");
    // The announcements of the old end are taken back, those of the new one are planned.
    until(&app, "2028-05-30T00:00:00Z").await;
    assert_eq!((mine(&app, &person).await["vetted_status"].clone(), app.mails(&person, SOON).await.len()), (json!("approved"), 1));
    until(&app, "2029-09-02T09:00:00Z").await;
    assert_eq!(app.mails(&person, SOON).await.len(), 2);
}

fn told(event: &Value) -> String {
    let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
    format!("{} {} {} {}", text("action"), text("actor"), text("to"), event["version"])
}

#[actix_web::test]
async fn after_years_without_anybody_at_work_each_step_has_its_own_time() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let Developer { person, id } = app.vetted_developer(GO).await;
    app.settle().await;
    app.clock.advance(TimeDelta::days(800));
    app.settle().await;
    let application = mine(&app, &person).await["application"]["id"].as_str().expect("an id").to_owned();
    let admin = admin.sign_in().await;
    set(&admin, &id, "suspend", "Too late.").await.problem(409, "invalid-transition");
    let seen = admin.get(&format!("/v1/vetting/applications/{application}")).await.expect(200);
    let times: Vec<&Value> = seen.at("/vetted/events").as_array().expect("events").iter().map(|event| &event["at"]).collect();
    assert_eq!(times, ["2026-11-23T10:00:00Z", "2028-04-23T10:00:00Z", "2028-05-23T10:00:00Z"]);
    assert_eq!((app.mails(&person, SOON).await.len(), app.mails(&person, "Your approval has expired").await.len()), (0, 1));
}

#[actix_web::test]
async fn nobody_is_approved_anew_while_suspended() {
    let app = TestApp::start().await;
    let (reviewer, approver) = (app.admin().await, app.admin().await);
    let Developer { person, id } = app.vetted_developer(GO).await;
    until(&app, "2028-04-24T00:00:00Z").await;
    let (reviewer, approver, person) = (reviewer.sign_in().await, approver.sign_in().await, person.sign_in().await);
    let application = in_review(&person, &reviewer).await;
    for stage in STAGES {
        pass(&reviewer, &application, stage, GO).await;
    }
    set(&reviewer, &id, "suspend", "A complaint.").await.expect(200);
    let body = json!({ "skills": levels_body(GO) });
    let refused = step(&approver, &application, "approve", body.clone()).await.problem(409, "invalid-transition");
    assert_eq!((refused.text_at("/state"), &mine(&app, &person).await["state"]), ("suspended".to_owned(), &json!("decision")));
    set(&reviewer, &id, "reinstate", "Nothing found.").await.expect(200);
    step(&approver, &application, "approve", body).await.expect(200);
    assert_eq!(mine(&app, &person).await["valid_until"], "2029-10-24T00:00:00Z");
}

#[actix_web::test]
pub async fn whoever_is_suspended_leaves_matching_at_once_and_trials_go_on() {
    let mut scene = Scene::start().await;
    let running = scene.active().await;
    let hours = json!({ "hours_per_week": 60 });
    scene.developer.patch("/v1/developers/me", hours).await.expect(200);
    let other = scene.app.client().await;
    let job = open_job(&other, json!({ "starts_on": "2027-02-01" })).await;
    let mut body = offer_body(&job, &scene.developer_id);
    body["starts_on"] = json!("2027-02-01");
    let offered = other.post("/v1/trials", body).await.expect(201).text_at("/id");
    let found = async |scene: &Scene| scene.app.anonymous().get("/v1/developers?skill=go:3").await.expect(200).at("/total").clone();
    assert_eq!(found(&scene).await, 1);

    set(&scene.developer, &scene.developer_id, "suspend", "I.").await.problem(403, "not-allowed");
    set(&scene.admin, &scene.developer_id, "suspend", " ").await.faults(&["/message"]);
    set(&scene.admin, &scene.developer_id, "reinstate", "So.").await.problem(409, "invalid-transition");
    let suspended = set(&scene.admin, &scene.developer_id, "suspend", "A complaint.").await.expect(200);
    assert_eq!((suspended.text_at("/status"), suspended.header("etag")), ("suspended".to_owned(), "\"2\""));
    assert_eq!(actions(&suspended.json), ["reinstate", "revoke"]);
    assert_eq!(found(&scene).await, 0);
    scene.app.anonymous().get(&format!("/v1/developers/{}", scene.developer_id)).await.problem(404, "not-found");
    assert!(act(&scene.developer, &offered, "accept", json!({})).await.status >= 400);
    assert_eq!(scene.stand(&running).await, "active");
    let own = mine(&scene.app, &scene.developer).await;
    assert_eq!((&own["vetted"]["reason"], actions(&own["vetted"])), (&json!("A complaint."), vec!["appeal"]));
    let refused = scene.developer.post("/v1/vetting/applications", json!({})).await.problem(409, "conflict");
    assert!(refused.text.contains("appeal"), "{}", refused.text);

    scene
        .admin
        .with("if-match", "\"1\"")
        .post(&format!("/v1/developers/{}/revoke", scene.developer_id), json!({ "message": "So." }))
        .await
        .problem(412, "stale-version");
    set(&scene.admin, &scene.developer_id, "reinstate", "It was a mistake.").await.expect(200);
    assert_eq!(found(&scene).await, 1);
    act(&scene.developer, &offered, "accept", json!({})).await.expect(200);
    set(&scene.admin, &scene.developer_id, "revoke", "Forged papers.").await.expect(200);
    assert_eq!((found(&scene).await, scene.stand(&running).await), (json!(0), "active".to_owned()));
    set(&scene.admin, &scene.developer_id, "reinstate", "So.").await.problem(409, "invalid-transition");
    let mails: Vec<String> =
        subjects(&scene.app, &scene.developer).await.into_iter().filter(|each| each.starts_with("Your approval")).collect();
    assert_eq!(mails, ["Your approval is suspended", "Your approval is reinstated", "Your approval is revoked"]);
    let audit = scene.admin.get(&format!("/v1/admin/audit?subject={}", scene.developer_id)).await.expect(200);
    assert_eq!((audit.text_at("/data/0/action"), audit.text_at("/data/0/reason")), ("vetting.revoke".into(), "Forged papers.".into()));
}

#[actix_web::test]
async fn a_suspension_beyond_the_end_expires_only_after_the_reinstatement() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let Developer { person, id } = app.vetted_developer(GO).await;
    until(&app, "2028-04-01T00:00:00Z").await;
    set(&admin.sign_in().await, &id, "suspend", "Under review.").await.expect(200);
    until(&app, "2028-06-01T00:00:00Z").await;
    assert_eq!(mine(&app, &person).await["vetted_status"], "suspended");
    assert_eq!(app.mails(&person, SOON).await.len(), 1, "none while suspended");
    set(&admin.sign_in().await, &id, "reinstate", "Nothing found.").await.expect(200);
    app.settle().await;
    let own = mine(&app, &person).await;
    assert_eq!((&own["vetted_status"], &own["vetted"]["changed_at"]), (&json!("expired"), &json!("2028-06-01T00:00:00Z")));
    assert_eq!(actions(&own), ["renew"]);
}

#[actix_web::test]
async fn sixteen_suspensions_make_one() {
    let app = TestApp::start().await;
    let (one, node) = (app.admin().await, app.another_node().await);
    let admins = [one.clone(), app.admin().await.at(&node.base())];
    let Developer { person, id } = app.vetted_developer(GO).await;
    let answers = join_all((0..16).map(|index| set(&admins[index % 2], &id, "suspend", "A complaint."))).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(200), count(409)), (1, 15), "{answers:#?}");
    assert_eq!(app.mails(&person, "Your approval is suspended").await.len(), 1);
}

#[actix_web::test]
pub async fn a_rejection_is_appealed_and_decided_anew() {
    let app = TestApp::start().await;
    let (reviewer, judge) = (app.admin().await, app.admin().await);
    let Developer { person, .. } = app.profiled_developer().await;
    let id = in_review(&person, &reviewer).await;
    let path = format!("/v1/vetting/applications/{id}");
    step(&person, &id, "appeal", json!({ "message": "Why?" })).await.problem(409, "invalid-transition");
    step(&reviewer, &id, "reject", json!({ "reason_code": "skills_below_bar", "message": "Not yet." })).await.expect(200);
    let own = mine(&app, &person).await;
    assert_eq!((actions(&own), &own["application"]["appeal_by"]), (vec!["appeal"], &json!("2026-12-23T10:00:00Z")));
    decide(&judge, &path, "upheld").await.problem(409, "conflict");
    step(&person, &id, "appeal", json!({})).await.faults(&["/message"]);
    step(&person, &id, "appeal", json!({ "message": "You mixed me up." })).await.expect(200);
    step(&person, &id, "appeal", json!({ "message": "Again." })).await.problem(409, "conflict");
    for admin in [&reviewer, &judge] {
        assert!(app.newest_mail(admin, "An appeal against a rejection").await.text().contains("You mixed me up."));
    }
    decide(&reviewer, &path, "overturned").await.problem(403, "not-allowed");
    judge.post(&format!("{path}/decide-appeal"), json!({ "outcome": "maybe", "message": " " })).await.faults(&["/message", "/outcome"]);
    let seen = judge.get(&path).await.expect(200);
    assert_eq!((actions(&seen.json), seen.at("/appeal/outcome")), (vec!["decide-appeal"], &Value::Null));
    let decided = decide(&judge, &path, "overturned").await.expect(200);
    assert_eq!((decided.text_at("/state"), decided.at("/retry_after")), ("decision".to_owned(), &Value::Null));
    decide(&judge, &path, "overturned").await.problem(409, "invalid-transition");
    assert!(app.newest_mail(&person, "Your appeal was successful").await.text().contains("We have read it all."));
    // A second rejection is another decision: it can be appealed again, and this time it stays.
    step(&reviewer, &id, "reject", json!({ "reason_code": "skills_below_bar", "message": "Still not." })).await.expect(200);
    step(&person, &id, "appeal", json!({ "message": "Please." })).await.expect(200);
    let third = app.admin().await;
    assert_eq!(decide(&judge, &path, "upheld").await.status, 403, "who decided an appeal is involved from then on");
    assert_eq!(decide(&third, &path, "upheld").await.expect(200).text_at("/state"), "rejected");
    let own = mine(&app, &person).await;
    assert_eq!((&own["application"]["appeal"]["outcome"], actions(&own)), (&json!("upheld"), vec![]));
    assert_eq!(app.mails(&person, "Your appeal was not successful").await.len(), 1);
}

#[actix_web::test]
async fn an_appeal_comes_in_time_and_holds_up_the_next_application() {
    let app = TestApp::with(&[("vetting.retry_after_days", "10")]).await;
    let (reviewer, judge) = (app.admin().await, app.admin().await);
    let mut rejected = Vec::new();
    for _ in 0..2 {
        let Developer { person, .. } = app.profiled_developer().await;
        let id = in_review(&person, &reviewer).await;
        step(&reviewer, &id, "reject", json!({ "reason_code": "other", "message": "Not yet." })).await.expect(200);
        rejected.push((person, id));
    }
    let (early, late) = (&rejected[0], &rejected[1]);
    app.advance(TimeDelta::days(30) - TimeDelta::seconds(1)).await;
    let person = early.0.sign_in().await;
    assert_eq!(actions(&mine(&app, &person).await), ["reapply", "appeal"]);
    step(&person, &early.1, "appeal", json!({ "message": "Please." })).await.expect(200);
    person.post("/v1/vetting/applications", json!({})).await.problem(409, "conflict");
    app.advance(TimeDelta::seconds(1)).await;
    assert_eq!(actions(&mine(&app, &late.0).await), ["reapply"]);
    step(&late.0.sign_in().await, &late.1, "appeal", json!({ "message": "Please." })).await.problem(409, "conflict");
    decide(&judge.sign_in().await, &format!("/v1/vetting/applications/{}", early.1), "upheld").await.expect(200);
    let next = person.post("/v1/vetting/applications", json!({})).await.expect(201);
    assert_eq!(next.text_at("/state"), "draft");
}

#[actix_web::test]
pub async fn a_suspension_and_a_revocation_are_appealed() {
    let app = TestApp::start().await;
    let (admin, judge) = (app.admin().await, app.admin().await);
    let Developer { person, id } = app.vetted_developer(GO).await;
    let other = app.profiled_developer().await.person;
    let path = format!("/v1/developers/{id}");
    set(&person, &id, "appeal", "Why?").await.problem(409, "invalid-transition");
    set(&admin, &id, "suspend", "A complaint.").await.expect(200);
    set(&other, &id, "appeal", "Why?").await.problem(404, "not-found");
    let appealed = set(&person, &id, "appeal", "It was not me.").await.expect(200);
    assert_eq!((appealed.text_at("/status"), appealed.text_at("/appeal/message")), ("suspended".into(), "It was not me.".into()));
    decide(&admin, &path, "upheld").await.problem(403, "not-allowed");
    assert_eq!(decide(&judge, &path, "upheld").await.expect(200).text_at("/status"), "suspended");
    set(&admin, &id, "revoke", "It was.").await.expect(200);
    set(&person, &id, "appeal", "No.").await.expect(200);
    let back = decide(&judge, &path, "overturned").await.expect(200);
    assert_eq!((back.text_at("/status"), actions(&back.json)), ("approved".to_owned(), vec!["suspend", "revoke"]));
    app.anonymous().get(&path).await.expect(200);
    let told: Vec<String> = subjects(&app, &person).await.into_iter().filter(|each| each.contains("appeal")).collect();
    assert_eq!(told, ["Your appeal was not successful", "Your appeal was successful"]);
    assert_eq!(app.mails(&judge, "An appeal against a").await.len(), 2);
    let person = mine(&app, &person).await.to_string();
    assert!(!person.contains(&judge.get("/v1/me").await.text_at("/id")), "{person}");
}
