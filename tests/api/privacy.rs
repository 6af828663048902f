//! What is a person's: given out, erased without a trace while the other parties' history stays whole, and kept no longer than
//! the table of rules says (reliability R62, R63).

use chrono::TimeDelta;
use diesel::prelude::*;
use guildhall::db::schema::{organizations, second_factors, users};
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::person::Person;
use crate::support::seeds::{Scene, act, offer, offer_body, terms, with};
use crate::support::stories::{in_review, profile_body, score, scorecard_body, step};

/// Stands in everything that a person writes or is called in these tests, and nowhere else.
const CANARY: &str = "Quetzalcoatlus";

fn canary(what: &str) -> String {
    format!("{what} {CANARY} {what}")
}

async fn leave(person: &Person, password: &str) -> Answer {
    person.send(reqwest::Method::DELETE, "/v1/me", Some(json!({ "password": password }))).await
}

/// Somebody of this name who acts for the client's organisation, too.
async fn member(scene: &Scene, name: &str) -> Person {
    let guest = scene.app.somebody("guest");
    scene.client.post("/v1/organization/members", json!({ "email": guest.email })).await.expect(202);
    let token = scene.app.mail(&guest, "Invitation").await.token();
    let body = json!({ "token": token, "name": name, "password": guest.password });
    guest.post("/v1/auth/redeem-invitation", body).await.expect(200);
    guest.sign_in().await
}

/// Days go by, and everything that is due is done.
async fn pass(app: &TestApp, days: i64) {
    app.advance(TimeDelta::days(days)).await;
    app.settle().await;
}

/// Calls the person by the canary, and writes it into everything that a profile holds.
async fn write_profile(developer: &Person) {
    developer.patch("/v1/me", json!({ "name": canary("Jo") })).await.expect(200);
    let profile = json!({
        "headline": canary("Go"), "summary": canary("Payments"),
        "experience": [{ "title": canary("Engineer"), "employer": canary("Acme"), "from": "2020-01-01", "summary": canary("Did") }],
        "links": [{ "label": "Code", "url": format!("https://example.com/{CANARY}") }],
    });
    developer.patch("/v1/developers/me", profile).await.expect(200);
}

/// Everything that two parties write to and about each other from an invitation to the reviews of a trial; all of it names the
/// developer, and the developer's own words hold the canary. Gives the trial.
async fn live_through(scene: &mut Scene) -> String {
    let name = canary("Jo");
    let invitation = json!({ "developer_id": scene.developer_id, "message": format!("May we talk, {name}?") });
    let invitation = scene.client.post(&format!("/v1/job-requests/{}/invitations", scene.job), invitation).await.expect(201).text_at("/id");
    let yes = json!({ "message": canary("Gladly"), "call_times": [] });
    scene.developer.with("idempotency-key", CANARY).post(&format!("/v1/invitations/{invitation}/accept"), yes).await.expect(200);
    let notes = json!({ "notes": format!("{name} is good.") });
    scene.client.put(&format!("/v1/job-requests/{}/shortlist/{}", scene.job, scene.developer_id), notes).await.expect(200);
    let trial = scene.active().await;
    scene.until("2026-12-04T18:00:00Z").await;
    let week = format!("/v1/trials/{trial}/timesheets/2026-W49");
    let hours =
        json!({ "days": [{ "date": "2026-12-01", "hours": 8.0, "note": canary("Ledger") }, { "date": "2026-12-02", "hours": 4.0 }] });
    scene.developer.put(&week, hours).await.expect(200);
    scene.developer.post(&format!("{week}/submit"), json!({})).await.expect(200);
    scene.client.post(&format!("{week}/query"), json!({ "message": format!("Really, {name}?") })).await.expect(200);
    scene.developer.post(&format!("{week}/answer"), json!({ "message": canary("Really") })).await.expect(200);
    scene.admin.post(&format!("{week}/decide"), json!({ "message": format!("{name} is right.") })).await.expect(200);
    let well = json!({ "going_well": true, "message": canary("Fine") });
    scene.developer.post(&format!("/v1/trials/{trial}/check-ins/3"), well).await.expect(200);
    act(&scene.developer, &trial, "end", json!({ "reason_code": "other", "message": canary("Moved") })).await.expect(200);
    let review = |message: String| json!({ "rating": 4, "message": message });
    scene.client.post(&format!("/v1/trials/{trial}/reviews"), review(format!("{name} was great."))).await.expect(200);
    scene.developer.post(&format!("/v1/trials/{trial}/reviews"), review(canary("Kind people"))).await.expect(200);
    let report = json!({ "subject": scene.developer_id, "category": "spam", "message": format!("{name} was rude.") });
    scene.client.post("/v1/reports", report).await.expect(201);
    trial
}

/// What the client has of a trial, without the words of others.
async fn history(client: &Person, trial: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for path in ["", "/events?limit=100", "/timesheets/2026-W49", "/billing", "/reviews"] {
        let mut answer = client.get(&format!("/v1/trials/{trial}{path}")).await.expect(200).json;
        forget(&mut answer, &["message", "note", "allowed_actions", "next_cursor", "developer", "days_left"]);
        all.push(answer);
    }
    all
}

/// Leaves out the members of these names, however deep.
fn forget(value: &mut Value, names: &[&str]) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| forget(value, names)),
        Value::Object(members) => {
            names.iter().for_each(|name| drop(members.shift_remove(*name)));
            members.values_mut().for_each(|value| forget(value, names));
        }
        _ => {}
    }
}

/// The lines of a dump that hold what must not be there, to be read when a test fails.
fn traces(dump: &str, what: &str) -> Vec<String> {
    let around = |(at, _): (usize, &str)| dump.chars().skip(dump[..at].chars().count().saturating_sub(120)).take(240).collect();
    dump.match_indices(what).map(around).collect()
}

#[actix_web::test]
async fn an_erased_developer_leaves_no_trace_and_the_clients_history_stays_whole() {
    let mut scene = Scene::start().await;
    write_profile(&scene.developer).await;
    let trial = live_through(&mut scene).await;
    pass(&scene.app, 1).await;
    let (developer, email) = (scene.developer.sign_in().await, scene.developer.email.clone());
    let client = scene.client.sign_in().await;
    let before = history(&client, &trial).await;
    developer.post("/v1/me/totp", json!({})).await.expect(200);
    assert!(scene.app.dump().contains(CANARY) && scene.app.dump().contains(&email), "the test looks where things are");
    leave(&developer, &developer.password).await.expect(202);
    pass(&scene.app, 3).await;
    let dump = scene.app.dump();
    assert_eq!(traces(&dump, CANARY), Vec::<String>::new());
    assert_eq!(traces(&dump, &email), Vec::<String>::new());
    assert_eq!(scene.app.read(|conn| second_factors::table.count().get_result::<i64>(conn)).await, 0, "secrets go as well");
    let client = client.sign_in().await;
    assert_eq!(history(&client, &trial).await, before);
    let review = client.get(&format!("/v1/trials/{trial}/reviews")).await.expect(200);
    assert!(review.text.contains("Erased was great."), "what the client wrote stays, without the name: {}", review.text);
    client.get(&format!("/v1/trials/{trial}/contract")).await.expect(200);
    client.get(&format!("/v1/trials/{trial}/calendar.ics")).await.expect(200);
    client.get(&format!("/v1/developers/{}", scene.developer_id)).await.expect(404);
    client.get("/v1/me/notifications?limit=100").await.expect(200);
    let admin = scene.admin.sign_in().await;
    for path in ["/v1/admin/outbox?limit=100", "/v1/admin/trials", "/v1/admin/reports", "/v1/admin/users", "/v1/admin/audit?limit=100"] {
        admin.get(path).await.expect(200);
    }
    let whole = scene.app.house.audit.verify(None).await.expect("a database").expect("a log that is whole");
    assert!(whole.erased_reasons > 0, "what the admin wrote about the developer's hours is gone: {whole:?}");
    // The address is free again.
    let again = developer.anonymous();
    again.register("developer").await.expect(202);
    scene.app.newest_mail(&again, "Verify your e-mail").await;
}

#[actix_web::test]
async fn an_erased_client_leaves_no_trace_and_the_developers_history_stays_whole() {
    let mut scene = Scene::start().await;
    scene.client.patch("/v1/me", json!({ "name": canary("Sam") })).await.expect(200);
    scene.client.patch("/v1/organization", json!({ "name": canary("Acme") })).await.expect(200);
    let words = json!({ "title": canary("Engineer"), "description": canary("Ledger") });
    scene.client.patch(&format!("/v1/job-requests/{}", scene.job), words).await.expect(200);
    let invitation = json!({ "developer_id": scene.developer_id, "message": canary("May we talk?") });
    scene.client.post(&format!("/v1/job-requests/{}/invitations", scene.job), invitation).await.expect(201);
    scene.client.get(&format!("/v1/job-requests/{}/matches", scene.job)).await.expect(200);
    let trial = scene.active().await;
    act(&scene.client, &trial, "end", json!({ "reason_code": "other", "message": canary("Budget") })).await.expect(200);
    scene.client.post(&format!("/v1/trials/{trial}/reviews"), json!({ "rating": 5, "message": canary("Thanks") })).await.expect(200);
    scene.developer.post(&format!("/v1/trials/{trial}/reviews"), json!({ "rating": 5, "message": canary("Sam") })).await.expect(200);
    pass(&scene.app, 1).await;
    let client = scene.client.sign_in().await;
    let seen = scene.developer.sign_in().await.get(&format!("/v1/trials/{trial}/events")).await.expect(200);
    leave(&client, &client.password).await.expect(202);
    pass(&scene.app, 3).await;
    let dump = scene.app.dump();
    assert_eq!(traces(&dump, CANARY), Vec::<String>::new());
    assert_eq!(traces(&dump, &client.email), Vec::<String>::new());
    let developer = scene.developer.sign_in().await;
    let events = |answer: &Answer| {
        let mut events = answer.at("/data").clone();
        forget(&mut events, &["message"]);
        events
    };
    assert_eq!(events(&developer.get(&format!("/v1/trials/{trial}/events")).await.expect(200)), events(&seen));
    developer.get(&format!("/v1/trials/{trial}/contract")).await.expect(200);
    developer.get(&format!("/v1/trials/{trial}")).await.expect(200);
}

#[actix_web::test]
async fn an_application_goes_with_the_developer() {
    let app = TestApp::start().await;
    let (admin, developer) = (app.admin().await, app.profiled_developer().await);
    write_profile(&developer.person).await;
    let application = in_review(&developer.person, &admin).await;
    score(&admin, &application, "profile_review", &[("go", 5)]).await.expect(200);
    let path = format!("/v1/vetting/applications/{application}");
    admin.post(&format!("{path}/ask"), json!({ "questions": format!("{}?", canary("Jo")) })).await.expect(200);
    developer.person.post(&format!("{path}/answer"), json!({ "answers": canary("Yes") })).await.expect(200);
    admin.post(&format!("{path}/hold"), json!({ "reason_code": "other", "message": canary("Jo") })).await.expect(200);
    pass(&app, 1).await;
    let person = developer.person.sign_in().await;
    leave(&person, &person.password).await.expect(202);
    pass(&app, 3).await;
    assert_eq!(traces(&app.dump(), CANARY), Vec::<String>::new());
    admin.sign_in().await.get(&path).await.problem(404, "not-found");
}

#[actix_web::test]
async fn whoever_leaves_is_out_at_once() {
    let scene = Scene::start().await;
    let trial = scene.offered().await;
    leave(&scene.developer, "not the password").await.faults(&["/password"]);
    leave(&scene.developer, &scene.developer.password).await.expect(202);
    scene.developer.get("/v1/me").await.problem(401, "not-signed-in");
    scene.developer.renew().await.problem(401, "not-signed-in");
    scene.developer.login(&scene.developer.password).await.problem(401, "not-signed-in");
    assert_eq!(scene.stand(&trial).await, "void/declined", "what nobody has signed is given up");
    assert!(!scene.is_free_on("2027-01-04").await, "no match any more");
    let mail = scene.app.newest_mail(&scene.developer, "Your account is closed").await;
    assert!(mail.text().contains("Wed 25 Nov 2026"), "{}", mail.text());
    // Nobody lets them in again, nor is there a way back by mail.
    let users = scene.admin.get(&format!("/v1/admin/users?email={}", scene.developer.email)).await.expect(200);
    let path = format!("/v1/admin/users/{}/reinstate", users.text_at("/data/0/id"));
    scene.admin.post(&path, json!({ "message": "Changed their mind." })).await.problem(409, "conflict");
    scene.developer.anonymous().post("/v1/auth/password/forgot", json!({ "email": scene.developer.email })).await.expect(202);
    assert_eq!(scene.app.mails(&scene.developer, "Reset your password").await.len(), 0);
}

#[actix_web::test]
async fn nobody_leaves_a_trial_that_another_counts_on() {
    let scene = Scene::start().await;
    let trial = scene.scheduled().await;
    for person in [&scene.developer, &scene.client] {
        let refused = leave(person, &person.password).await.problem(409, "conflict");
        assert_eq!(refused.at("/trials"), &json!([trial]));
        person.get("/v1/me").await.expect(200);
    }
    act(&scene.client, &trial, "cancel", json!({ "reason_code": "other", "message": "Changed plans." })).await.expect(200);
    leave(&scene.client, &scene.client.password).await.expect(202);
}

#[actix_web::test]
async fn the_last_admin_stays() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    leave(&admin, &admin.password).await.problem(409, "conflict");
    let another = app.admin().await;
    leave(&admin, &admin.password).await.expect(202);
    leave(&another, &another.password).await.problem(409, "conflict");
}

#[actix_web::test]
async fn an_organization_that_others_act_for_has_an_owner_and_its_trials_when_the_owner_leaves() {
    let mut scene = Scene::start().await;
    scene.client.patch("/v1/organization", json!({ "name": "Acme" })).await.expect(200);
    let guest = scene.app.somebody("guest");
    scene.client.post("/v1/organization/members", json!({ "email": guest.email })).await.expect(202);
    let token = scene.app.mail(&guest, "Invitation").await.token();
    let body = json!({ "token": token, "name": "A guest", "password": guest.password });
    guest.post("/v1/auth/redeem-invitation", body).await.expect(200);
    let trial = scene.active().await;
    let guest = guest.sign_in().await;
    leave(&scene.client, &scene.client.password).await.expect(202);
    scene.app.newest_mail(&guest, "You are the owner of Acme now").await;
    assert_eq!(guest.get("/v1/me").await.expect(200).at("/organization/role"), "owner");
    pass(&scene.app, 3).await;
    let guest = guest.sign_in().await;
    assert_eq!(guest.get(&format!("/v1/trials/{trial}")).await.expect(200).text_at("/state"), "active");
    assert_eq!(guest.get("/v1/organization").await.expect(200).text_at("/name"), "Acme");
    assert_eq!(
        guest.get(&format!("/v1/job-requests/{}", scene.job)).await.expect(200).text_at("/title"),
        "Go engineer for a payments ledger"
    );
}

#[actix_web::test]
async fn an_export_holds_all_that_is_ones_own_and_nothing_of_others() {
    let mut scene = Scene::start().await;
    scene.client.patch("/v1/me", json!({ "name": "Sam Archaeopteryx" })).await.expect(200);
    write_profile(&scene.developer).await;
    let trial = live_through(&mut scene).await;
    let export = scene.developer.get("/v1/me/export").await.expect(200);
    let data = export.at("/data");
    assert_eq!(
        (&data["users"][0]["email"], &data["users"][0]["created_at"]),
        (&json!(scene.developer.email), &json!("2026-11-23T10:00:00Z"))
    );
    assert_eq!(data["developers"][0]["headline"], canary("Go"));
    assert_eq!(data["developers"][0]["experience"][0]["employer"], canary("Acme"));
    assert_eq!((&data["trials"][0]["id"], &data["trials"][0]["starts_on"]), (&json!(trial), &json!("2026-12-01")));
    assert_eq!(data["timesheets"][0]["days"][0]["note"], canary("Ledger"));
    assert_eq!(data["check_ins"][0]["going_well"], true);
    let words = |table: &str, member: &str| -> Vec<Value> {
        data[table].as_array().into_iter().flatten().map(|row| row[member].clone()).filter(|text| !text.is_null()).collect()
    };
    assert_eq!(words("trial_events", "message"), [json!(canary("Moved"))]);
    assert_eq!(words("reviews", "message"), [json!(canary("Kind people"))]);
    assert_eq!(words("reviews", "rating").len(), 2, "how one was rated is one's own");
    for mine in ["sessions", "members", "audit_entries", "outbox", "invitations", "invitation_messages", "developer_skills", "commitments"]
    {
        assert_eq!(data[mine].is_array(), mine != "members", "{mine}");
    }
    let resume = export.at("/json_resume");
    assert_eq!(
        (&resume["basics"]["name"], &resume["work"][0]["startDate"], &resume["skills"][0]["name"]),
        (&json!(canary("Jo")), &json!("2020-01-01"), &json!("go"))
    );
    let told = |text: &str| export.text.contains(text);
    for others in
        ["Archaeopteryx", &scene.client.email, &scene.admin.email, "May we talk", "is good", "was great", "argon2", "Really, ", "was rude"]
    {
        assert!(!told(others), "an export holds of another: {others}");
    }
    // The other side's holds as little of this one.
    let export = scene.client.get("/v1/me/export").await.expect(200);
    assert!(export.text.contains("Archaeopteryx") && export.text.contains("is good"));
    for others in [&scene.developer.email, &canary("Moved"), &canary("Ledger"), &canary("Kind people"), &canary("Gladly")] {
        assert!(!export.text.contains(others), "an export holds of another: {others}");
    }
    assert_eq!(export.at("/json_resume"), &Value::Null);
}

#[actix_web::test]
async fn exports_have_a_quota() {
    let app = TestApp::with(&[("privacy.exports_per_day", "2")]).await;
    let client = app.client().await;
    for _ in 0..2 {
        client.get("/v1/me/export").await.expect(200);
    }
    client.get("/v1/me/export").await.problem(429, "too-many-requests");
}

/// How many people and organisations there are.
async fn accounts(app: &TestApp) -> (i64, i64) {
    app.read(|conn| Ok((users::table.count().get_result(conn)?, organizations::table.count().get_result(conn)?))).await
}

#[actix_web::test]
async fn accounts_that_nobody_verified_go_after_a_week() {
    let app = TestApp::start().await;
    let (forgotten, verified) = (app.registered("client").await, app.verified("client").await);
    pass(&app, 6).await;
    assert_eq!(accounts(&app).await, (2, 2));
    pass(&app, 2).await;
    assert_eq!(accounts(&app).await, (1, 1));
    assert_eq!(traces(&app.dump(), &forgotten.email), Vec::<String>::new());
    verified.sign_in().await.get("/v1/organization").await.expect(200);
    forgotten.register("client").await.expect(202);
}

#[actix_web::test]
async fn what_a_mail_said_is_forgotten_after_a_month() {
    let app = TestApp::start().await;
    let client = app.client().await;
    client.post("/v1/organization/members", json!({ "email": "guest@example.com" })).await.expect(202);
    pass(&app, 29).await;
    let kept = "UPDATE outbox SET attempts = attempts WHERE kind = 'invitation' AND letter_json <> 'null'";
    assert_eq!(app.sql(kept).await, 1);
    pass(&app, 9).await;
    assert_eq!(app.sql(kept).await, 0);
    let admin = app.admin().await;
    let mails = admin.get("/v1/admin/outbox?limit=100").await.expect(200);
    assert!(mails.text.contains("\"invitation\""), "that it was sent is not");
}

#[actix_web::test]
async fn whoever_is_long_gone_is_asked_and_kept_by_one_click_or_erased() {
    let app = TestApp::start().await;
    let keeps = app.developer_with(profile_body()).await.person;
    let returns = app.developer_with(profile_body()).await.person;
    let gone = app.developer_with(profile_body()).await.person;
    let client = app.client().await;
    write_profile(&gone).await;
    pass(&app, 720).await;
    assert_eq!(app.mails(&gone, "Shall we keep your data?").await.len(), 0);
    pass(&app, 12).await;
    for person in [&keeps, &returns, &gone] {
        assert_eq!(app.mails(person, "Shall we keep your data?").await.len(), 1);
    }
    assert_eq!(app.mails(&client, "Shall we keep your data?").await.len(), 0, "only a profile is found by others");
    let token = app.newest_mail(&keeps, "Shall we keep your data?").await.token();
    app.anonymous().get(&format!("/keep-my-data?token={token}")).await.expect(200);
    app.anonymous().submit("/keep-my-data", &[("token", &token)]).await.expect(200);
    app.anonymous().submit("/keep-my-data", &[("token", &token)]).await.expect(422);
    app.anonymous().submit("/keep-my-data", &[("token", "made-up")]).await.expect(422);
    returns.sign_in().await;
    pass(&app, 31).await;
    for person in [&keeps, &returns] {
        person.sign_in().await.get("/v1/developers/me").await.expect(200);
    }
    gone.login(&gone.password).await.problem(401, "not-signed-in");
    assert_eq!(traces(&app.dump(), CANARY), Vec::<String>::new());
    assert_eq!(traces(&app.dump(), &gone.email), Vec::<String>::new());
    // Whoever was kept is asked again after as long a time.
    pass(&app, 735).await;
    assert_eq!(app.mails(&keeps, "Shall we keep your data?").await.len(), 2);
}

#[test]
fn the_committed_page_is_current() {
    let current = guildhall::privacy::markdown::document();
    let committed = include_str!("../../docs/privacy.md");
    assert!(committed.trim_end() == current.trim_end(), "docs/privacy.md is out of date: cargo run -- privacy > docs/privacy.md");
}

#[actix_web::test]
async fn a_member_of_an_organization_that_stays_leaves_alone() {
    let scene = Scene::start().await;
    let guest = member(&scene, &canary("Kim")).await;
    let trial = offer(&guest, &scene.job, &scene.developer_id).await;
    leave(&guest, &guest.password).await.expect(202);
    assert_eq!(scene.stand(&trial).await, "offered", "the organisation still answers for it");
    pass(&scene.app, 3).await;
    let dump = scene.app.dump();
    assert_eq!(traces(&dump, CANARY), Vec::<String>::new());
    assert_eq!(traces(&dump, &guest.email), Vec::<String>::new());
    act(&scene.developer.sign_in().await, &trial, "accept", json!({})).await.expect(200);
}

/// A list of what is to be handed over.
fn items(what: &[&str]) -> Value {
    let items: Vec<Value> = what.iter().map(|what| json!({ "what": what, "who": "developer", "done": false })).collect();
    json!({ "items": items })
}

/// An offer with a scope of one's own; the terms are else those of [`offer_body`].
fn offer_of(scene: &Scene, scope: &str) -> Value {
    let terms = with(terms(), json!({ "scope": scope }));
    with(offer_body(&scene.job, &scene.developer_id), json!({ "terms": terms }))
}

#[actix_web::test]
async fn a_member_who_leaves_alone_takes_their_words_along() {
    let mut scene = Scene::start().await;
    let guest = member(&scene, &canary("Kim")).await;
    let declined = guest.post("/v1/trials", offer_of(&scene, &canary("Ledger"))).await.expect(201).text_at("/id");
    act(&scene.developer, &declined, "decline", json!({})).await.expect(200);
    let asked = json!({ "developer_id": scene.developer_id, "message": canary("May we talk?") });
    let asked = guest.post(&format!("/v1/job-requests/{}/invitations", scene.job), asked).await.expect(201).text_at("/id");
    let invitation = format!("/v1/invitations/{asked}");
    scene.developer.post(&format!("{invitation}/accept"), json!({ "message": "Gladly." })).await.expect(200);
    let shortlist = format!("/v1/job-requests/{}/shortlist", scene.job);
    guest.put(&format!("{shortlist}/{}", scene.developer_id), json!({ "notes": canary("Good") })).await.expect(200);
    let trial = scene.active().await;
    let guest = guest.sign_in().await;
    act(&guest, &trial, "end", json!({ "reason_code": "other", "message": canary("Budget") })).await.expect(200);
    let (events, hand_over) = (format!("/v1/trials/{trial}/events?limit=100"), format!("/v1/trials/{trial}/hand-over"));
    let laptop = canary("The laptop");
    guest.put(&hand_over, items(&[laptop.as_str()])).await.expect(200);
    scene.developer.put(&hand_over, items(&[laptop.as_str(), "The keys"])).await.expect(200);
    let mut before = scene.developer.get(&events).await.expect(200).json;
    leave(&guest, &guest.password).await.expect(202);
    pass(&scene.app, 3).await;
    let dump = scene.app.dump();
    assert_eq!(traces(&dump, CANARY), Vec::<String>::new());
    assert_eq!(traces(&dump, &guest.email), Vec::<String>::new());
    // What the others have is there, and reads well.
    let (developer, client) = (scene.developer.sign_in().await, scene.client.sign_in().await);
    let mut after = developer.get(&events).await.expect(200).json;
    [&mut before, &mut after].into_iter().for_each(|events| forget(events, &["message"]));
    assert_eq!(after, before);
    assert_eq!(developer.get(&invitation).await.expect(200).at("/message"), "");
    assert!(client.get(&format!("{invitation}/messages")).await.expect(200).text.contains("Gladly."));
    assert_eq!(client.get(&shortlist).await.expect(200).at("/data/0/notes"), &Value::Null);
    assert_eq!(developer.get(&hand_over).await.expect(200).at("/items"), &items(&["Erased", "The keys"])["items"]);
    for (id, scope) in [(&declined, "Erased"), (&trial, "Ledger core and its API.")] {
        assert_eq!(client.get(&format!("/v1/trials/{id}")).await.expect(200).at("/terms/scope"), scope);
        developer.get(&format!("/v1/trials/{id}/contract")).await.expect(200);
    }
}

#[actix_web::test]
async fn a_scope_that_was_never_agreed_goes_with_whoever_wrote_it() {
    let scene = Scene::start().await;
    let trial = scene.client.post("/v1/trials", offer_of(&scene, "A first draft.")).await.expect(201).text_at("/id");
    let scope = |text: &str| json!({ "terms": { "scope": text } });
    act(&scene.developer, &trial, "counter", scope(&canary("Mine"))).await.expect(200);
    act(&scene.client, &trial, "revise", scope("As agreed.")).await.expect(200);
    act(&scene.developer, &trial, "accept", json!({})).await.expect(200);
    act(&scene.client, &trial, "cancel", json!({ "reason_code": "other", "message": "Changed plans." })).await.expect(200);
    leave(&scene.developer, &scene.developer.password).await.expect(202);
    pass(&scene.app, 3).await;
    assert_eq!(traces(&scene.app.dump(), CANARY), Vec::<String>::new());
    let client = scene.client.sign_in().await;
    let seen = client.get(&format!("/v1/trials/{trial}")).await.expect(200);
    let scopes = [0, 1, 2].map(|version| seen.text_at(&format!("/terms_history/{version}/terms/scope")));
    assert_eq!(scopes, ["A first draft.", "Erased", "As agreed."]);
    client.get(&format!("/v1/trials/{trial}/contract")).await.expect(200);
    leave(&client, &client.password).await.expect(202);
    pass(&scene.app, 3).await;
    let dump = scene.app.dump();
    assert_eq!(traces(&dump, "A first draft."), Vec::<String>::new());
    assert!(dump.contains("As agreed."), "a contract stays as it was signed");
    scene.admin.sign_in().await.get(&format!("/v1/trials/{trial}")).await.expect(200);
}

#[actix_web::test]
async fn notes_are_of_whoever_changed_them_last() {
    let scene = Scene::start().await;
    let guest = member(&scene, "A guest").await;
    let entry = format!("/v1/job-requests/{}/shortlist/{}", scene.job, scene.developer_id);
    let exports = async |notes: &str| {
        let (client, guest) = (scene.client.get("/v1/me/export").await.expect(200), guest.get("/v1/me/export").await.expect(200));
        (client.text.contains(notes), guest.text.contains(notes))
    };
    guest.put(&entry, json!({ "notes": "Knows ledgers." })).await.expect(200);
    assert_eq!(exports("Knows ledgers.").await, (false, true));
    scene.client.put(&entry, json!({ "notes": "Knows ledgers." })).await.expect(200);
    assert_eq!(exports("Knows ledgers.").await, (false, true), "nothing has changed");
    scene.client.put(&entry, json!({ "notes": "Knows queues." })).await.expect(200);
    assert_eq!(exports("Knows queues.").await, (true, false));
}

#[actix_web::test]
async fn an_export_holds_the_feedback_on_stages_that_are_passed() {
    let app = TestApp::start().await;
    let (reviewer, colleague, developer) = (app.admin().await, app.admin().await, app.profiled_developer().await.person);
    let application = in_review(&developer, &reviewer).await;
    let write = async |admin: &Person, stage: &str, feedback: &str| {
        let card = with(scorecard_body(&[("go", 5)]), json!({ "feedback": feedback }));
        admin.put(&format!("/v1/vetting/applications/{application}/scorecards/{stage}"), card).await.expect(200);
    };
    write(&colleague, "profile_review", "An aside.").await;
    write(&reviewer, "profile_review", "Well told.").await;
    step(&reviewer, &application, "advance", json!({ "from_stage": "profile_review" })).await.expect(200);
    write(&reviewer, "screening_call", "Not told yet.").await;
    let export = developer.get("/v1/me/export").await.expect(200);
    let cards = export.at("/data/scorecards");
    assert_eq!(cards.as_array().map(Vec::len), Some(1));
    assert_eq!((&cards[0]["stage"], &cards[0]["feedback"]), (&json!("profile_review"), &json!("Well told.")));
    for others in ["An aside.", "Not told yet.", "Nothing else.", "Clear, correct, tested."] {
        assert!(!export.text.contains(others), "an export holds of another: {others}");
    }
}

/// The client's export and the developer's.
async fn exports(scene: &Scene) -> (Answer, Answer) {
    let export = async |person: &Person| person.get("/v1/me/export").await.expect(200);
    (export(&scene.client).await, export(&scene.developer).await)
}

#[actix_web::test]
async fn an_export_tells_ones_own_words_from_the_other_partys() {
    let mut scene = Scene::start().await;
    let trial = scene.active().await;
    // What stands at a place of the client's export and of the developer's.
    let told = async |pointer: &str| {
        let (client, developer) = exports(&scene).await;
        (client.at(pointer).clone(), developer.at(pointer).clone())
    };
    act(&scene.client, &trial, "offer-conversion", json!({ "message": "Stay!" })).await.expect(200);
    assert_eq!(told("/data/trial_conversions/0/content/message").await, (json!("Stay!"), Value::Null));
    act(&scene.developer, &trial, "decline-conversion", json!({})).await.expect(200);
    let fewer = json!({ "terms": { "hours_per_week": 20 }, "message": "Fewer hours." });
    act(&scene.developer, &trial, "amend", fewer).await.expect(200);
    assert_eq!(told("/data/trial_proposals/0/content/message").await, (Value::Null, json!("Fewer hours.")));
    assert_eq!(told("/data/trial_proposals/0/content/terms/hours_per_week").await, (json!(20), json!(20)));
    act(&scene.client, &trial, "end", json!({ "reason_code": "other", "message": "Budget." })).await.expect(200);
    let hand_over = format!("/v1/trials/{trial}/hand-over");
    scene.client.put(&hand_over, items(&["The laptop"])).await.expect(200);
    scene.developer.put(&hand_over, items(&["The laptop", "The keys"])).await.expect(200);
    assert_eq!(told("/data/hand_overs/0/items/0/what").await, (json!("The laptop"), Value::Null));
    assert_eq!(told("/data/hand_overs/0/items/1/what").await, (Value::Null, json!("The keys")));
    let (client, developer) = exports(&scene).await;
    assert!(!client.text.contains("Fewer hours.") && !developer.text.contains("Stay!") && !developer.text.contains("Budget."));
}

#[actix_web::test]
async fn an_address_that_looks_like_a_pattern_takes_no_invitation_of_others_along() {
    let app = TestApp::start().await;
    let (client, guest) = (app.client().await, app.somebody("guest"));
    client.post("/v1/organization/members", json!({ "email": guest.email })).await.expect(202);
    let token = app.mail(&guest, "Invitation").await.token();
    let pattern = app.anonymous().with_email("%@example.com");
    pattern.register("client").await.expect(202);
    let code = app.mail(&pattern, "Verify your e-mail").await.token();
    pattern.post("/v1/auth/verify-email", json!({ "token": code })).await.expect(200);
    let pattern = pattern.sign_in().await;
    leave(&pattern, &pattern.password).await.expect(202);
    pass(&app, 3).await;
    let body = json!({ "token": token, "name": "A guest", "password": guest.password });
    guest.post("/v1/auth/redeem-invitation", body).await.expect(200);
}
