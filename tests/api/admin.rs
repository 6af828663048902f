//! What admins do with people: lists, invitations of other admins, suspensions and what follows from them, reports of abuse.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::person::Person;
use crate::support::seeds::{Scene, act, offer_body, open_job, with};

const USERS: &str = "/v1/admin/users";

async fn id(person: &Person) -> String {
    person.get("/v1/me").await.expect(200).text_at("/id")
}

async fn set(admin: &Person, user: &str, action: &str) -> Answer {
    admin.post(&format!("{USERS}/{user}/{action}"), json!({ "message": "For a reason." })).await
}

#[actix_web::test]
pub async fn an_admin_invites_another() {
    let app = TestApp::start().await;
    let (admin, guest) = (app.admin().await, app.somebody("guest"));
    admin.post("/v1/admin/invitations", json!({ "email": guest.email, "message": "Reviews from May on." })).await.expect(202);
    let mail = app.mail(&guest, "Invitation from Guildhall").await;
    let redeem = json!({ "token": mail.token(), "name": "Another admin", "password": guest.password });
    guest.post("/v1/auth/redeem-invitation", redeem.clone()).await.expect(200);
    guest.post("/v1/auth/redeem-invitation", redeem).await.expect(422);
    let guest = guest.sign_in().await;
    assert_eq!(guest.get("/v1/me").await.expect(200).text_at("/role"), "admin");
    let told = guest.get("/v1/admin/audit").await.expect(200);
    let steps = told.at("/data").as_array().into_iter().flatten().map(|row| (row["action"].to_string(), row["reason"].clone()));
    let steps: Vec<_> = steps.filter(|(action, _)| action.starts_with("\"admin.")).collect();
    let named = |action: &str, reason: Value| (format!("\"admin.{action}\""), reason);
    assert_eq!(steps, [named("join", Value::Null), named("invite", json!("Reviews from May on.")), named("create", Value::Null)]);
    // Whoever is kept out invites nobody any more.
    let late = app.somebody("guest");
    guest.post("/v1/admin/invitations", json!({ "email": late.email })).await.expect(202);
    let token = app.mail(&late, "Invitation from Guildhall").await.token();
    set(&admin, &id(&guest).await, "suspend").await.expect(200);
    late.post("/v1/auth/redeem-invitation", json!({ "token": token, "name": "Late", "password": late.password })).await.expect(422);
}

#[actix_web::test]
async fn people_are_listed_by_role_status_and_address() {
    let app = TestApp::start().await;
    let (admin, client, developer) = (app.admin().await, app.client().await, app.profiled_developer().await);
    let all = admin.get(USERS).await.expect(200);
    let roles: Vec<_> = (0..3).map(|n| all.text_at(&format!("/data/{n}/role"))).collect();
    assert_eq!(roles, ["developer", "client", "admin"]);
    assert_eq!(all.text_at("/data/0/developer_id"), developer.id);
    assert_eq!(all.at("/data/1/organization_id"), client.get("/v1/organization").await.at("/id"));
    assert!(!all.text.contains("password") && !all.text.contains("argon2"), "{}", all.text);
    let first = admin.get(&format!("{USERS}?limit=2")).await.expect(200);
    let rest = admin.get(&format!("{USERS}?limit=2&cursor={}", first.text_at("/next_cursor"))).await.expect(200);
    assert_eq!((rest.at("/data/0/id"), rest.json.pointer("/data/1")), (all.at("/data/2/id"), None));
    set(&admin, &id(&client).await, "suspend").await.expect(200);
    for (query, expected) in [("role=admin", all.at("/data/2/id")), ("status=suspended", all.at("/data/1/id"))] {
        let found = admin.get(&format!("{USERS}?{query}")).await.expect(200);
        assert_eq!((found.at("/data/0/id"), found.json.pointer("/data/1")), (expected, None), "{query}");
    }
    let found = admin.get(&format!("{USERS}?email={}", developer.person.email.to_uppercase())).await.expect(200);
    assert_eq!((found.at("/data/0/id"), found.json.pointer("/data/1")), (all.at("/data/0/id"), None));
}

#[actix_web::test]
pub async fn a_suspended_client_gives_up_what_nobody_has_signed() {
    let scene = Scene::start().await;
    let signed = scene.scheduled().await;
    let job = open_job(&scene.client, json!({})).await;
    let body = with(offer_body(&job, &scene.developer_id), json!({ "starts_on": "2027-03-01" }));
    let open = scene.client.post("/v1/trials", body).await.expect(201).text_at("/id");
    let user = id(&scene.client).await;
    let other = scene.app.somebody("member");
    scene.client.post("/v1/organization/members", json!({ "email": other.email })).await.expect(202);
    let token = scene.app.mail(&other, "Invitation from").await.token();
    other.post("/v1/auth/redeem-invitation", json!({ "token": token, "name": "A member", "password": other.password })).await.expect(200);
    let other = other.sign_in().await;
    set(&scene.admin, &user, "suspend").await.expect(200);
    scene.client.get("/v1/me").await.expect(401);
    scene.client.login(&scene.client.password).await.expect(401);
    set(&scene.admin, &user, "suspend").await.problem(409, "conflict");
    let state = async |trial: &str| scene.developer.get(&format!("/v1/trials/{trial}")).await.expect(200).text_at("/state");
    assert_eq!(state(&open).await, "offered", "somebody else acts for the organisation");
    set(&scene.admin, &id(&other).await, "suspend").await.expect(200);
    assert_eq!((state(&open).await, state(&signed).await), ("void".to_owned(), "scheduled".to_owned()));
    assert_eq!(scene.admin.get(&format!("/v1/job-requests/{job}")).await.expect(200).text_at("/state"), "paused");
    act(&scene.developer, &open, "accept", json!({})).await.problem(409, "invalid-transition");
    assert_eq!(scene.app.mails(&scene.developer, "A client withdrew").await.len(), 1);
    set(&scene.admin, &user, "reinstate").await.expect(200);
    let back = scene.client.sign_in().await;
    assert_eq!(back.get(&format!("/v1/job-requests/{job}")).await.expect(200).text_at("/state"), "paused");
}

#[actix_web::test]
async fn a_suspended_developer_leaves_matching_and_open_offers() {
    let scene = Scene::start().await;
    let trial = scene.offered().await;
    assert!(scene.is_free_on("2026-12-01").await);
    let user = id(&scene.developer).await;
    set(&scene.admin, &user, "suspend").await.expect(200);
    assert_eq!(scene.stand(&trial).await, "void/declined");
    assert!(!scene.is_free_on("2026-12-01").await);
    assert_eq!(scene.events(&trial).await[1..], ["decline admin void 2026-11-23T10:00:00Z"]);
    set(&scene.admin, &user, "reinstate").await.expect(200);
    assert!(scene.is_free_on("2026-12-01").await);
    let me = id(&scene.admin).await;
    set(&scene.admin, &me, "suspend").await.problem(409, "conflict");
    scene.admin.post(&format!("{USERS}/{user}/suspend"), json!({})).await.faults(&["/message"]);
    let told = scene.admin.get(&format!("/v1/admin/audit?subject={user}")).await.expect(200);
    assert_eq!((told.text_at("/data/0/action"), told.text_at("/data/1/action")), ("user.reinstate".to_owned(), "user.suspend".to_owned()));
    assert_eq!(told.text_at("/data/1/reason"), "For a reason.");
    let stopped = scene.admin.get(&format!("/v1/admin/audit?subject={trial}")).await.expect(200);
    assert_eq!(stopped.text_at("/data/0/action"), "trial.decline");
}

#[actix_web::test]
pub async fn a_report_of_abuse_is_handled_with_a_note() {
    let scene = Scene::start().await;
    let body = json!({ "subject": scene.developer_id, "category": "off_platform", "message": "Asked for money past the house." });
    let made = scene.client.post("/v1/reports", body.clone()).await.expect(201);
    assert_eq!(made.json.get("note"), None);
    scene.app.clock.advance(TimeDelta::seconds(1));
    scene.developer.post("/v1/reports", json!({ "subject": scene.job, "category": "spam", "message": "Twice." })).await.expect(201);
    scene.client.post("/v1/reports", json!({ "subject": "user_x", "category": "rude", "message": " " })).await.faults(&[
        "/category",
        "/message",
        "/subject",
    ]);
    let page = scene.admin.get("/v1/admin/reports?state=open&limit=1").await.expect(200);
    let next = scene.admin.get(&format!("/v1/admin/reports?limit=1&cursor={}", page.text_at("/next_cursor"))).await.expect(200);
    assert_eq!((page.text_at("/data/0/category").as_str(), next.at("/data/0/id")), ("spam", made.at("/id")));
    let handle = format!("/v1/admin/reports/{}/handle", made.text_at("/id"));
    let note = json!({ "state": "resolved", "note": "Spoke with both.", "reason_code": "settled", "message": "By phone." });
    let done = scene.admin.post(&handle, note.clone()).await.expect(200);
    assert_eq!(
        (done.text_at("/state").as_str(), done.text_at("/note").as_str(), done.header("etag")),
        ("resolved", "Spoke with both.", "\"2\"")
    );
    scene.admin.with("if-match", "\"1\"").post(&handle, note).await.expect(412);
    let told = scene.admin.get(&format!("/v1/admin/audit?subject={}", made.text_at("/id"))).await.expect(200);
    assert_eq!(
        (told.text_at("/data/0/reason").as_str(), told.at("/data/0/details")),
        ("Spoke with both.\n\nBy phone.", &json!({ "state": "resolved", "reason_code": "settled" }))
    );
}
