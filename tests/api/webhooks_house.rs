//! Webhooks of the house itself: admins make them, and they hear of everybody's vetting and trials; clients know nothing of them.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use guildhall::kernel::answer::Call;
use guildhall::kernel::error::Code;
use guildhall::kernel::principal::{Principal, Role};
use guildhall::webhooks::event_types::all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::endpoint::{Endpoint, Mode};
use crate::support::person::Person;
use crate::support::seeds::{Scene, draft};
use crate::support::stories::vet;
use crate::webhooks::{Hook, is_signed};

const VETTING: [&str; 6] =
    ["vetted_status.approve", "vetting.advance", "vetting.apply", "vetting.approve", "vetting.claim", "vetting.submit"];

#[actix_web::test]
async fn a_program_of_admins_is_told_of_each_step_of_everybodys_vetting() {
    let app = TestApp::start().await;
    let (reviewer, approver, client) = (app.admin().await, app.admin().await, app.client().await);
    let (endpoint, theirs) = (Endpoint::start(), Endpoint::start());
    let hook = Hook::make(&reviewer, &endpoint.url(), json!(VETTING)).await;
    Hook::make(&client, &theirs.url(), Value::Null).await;
    let mut told = BTreeSet::new();
    for _ in 0..2 {
        let developer = app.profiled_developer().await;
        let application = vet(&developer.person, &reviewer, &approver, &[("go", 5)]).await;
        let version = reviewer.get(&format!("/v1/vetting/applications/{application}")).await.expect(200).json["version"].clone();
        let data = json!({ "application_id": application, "developer_id": developer.id, "state": "approved", "version": version });
        told.insert(json!({ "type": "vetting.approve", "timestamp": "2026-11-23T10:00:00Z", "data": data }).to_string());
    }
    app.settle().await;
    let hits = endpoint.hits();
    let kinds: BTreeSet<String> = endpoint.kinds().into_iter().collect();
    assert_eq!(kinds.iter().map(String::as_str).collect::<Vec<_>>(), VETTING);
    assert!(kinds.iter().all(|kind| all().contains(kind)));
    // Each stage is a step of its own.
    assert_eq!((hits.len(), theirs.hits().len()), (18, 0));
    assert!(hits.iter().all(|hit| is_signed(hit, &hook.secret)), "{hits:?}");
    // Ids, the state and the version: nothing that a reviewer wrote.
    for hit in &hits {
        let members: BTreeSet<String> = hit.json()["data"].as_object().expect("an object").keys().cloned().collect();
        assert!(members.iter().all(|name| ["application_id", "developer_id", "state", "version"].contains(&name.as_str())), "{hit:?}");
    }
    let approved = hits.iter().filter(|hit| hit.kind() == "vetting.approve").map(|hit| hit.json().to_string());
    assert_eq!(approved.collect::<BTreeSet<_>>(), told);
    let log = hook.deliveries(&approver).await;
    assert!(log.len() == 18 && log.iter().all(|each| each["state"] == "delivered"), "{log:?}");
}

#[actix_web::test]
async fn whoever_asks_for_what_is_told_to_others_is_told_why_not() {
    let app = TestApp::start().await;
    let (client, admin, endpoint) = (app.client().await, app.admin().await, Endpoint::start());
    let asked = |types: Value| json!({ "url": endpoint.url(), "event_types": types });
    let refused = client.post("/v1/webhooks", asked(json!(["trial.offer", "vetting.approve", "vetted_status.expire"]))).await;
    let refused = refused.faults(&["/event_types/1", "/event_types/2"]);
    assert!(refused.text_at("/errors/0/detail").contains("webhooks of admins alone"), "{}", refused.text);
    let both = json!({ "url": "ftp://1.1.1.1/", "event_types": ["vetting.approve"] });
    client.post("/v1/webhooks", both).await.faults(&["/event_types/0", "/url"]);
    let hook = Hook::make(&client, &endpoint.url(), json!(["trial.offer"])).await;
    client.patch(&hook.path, json!({ "event_types": ["vetting.approve"] })).await.faults(&["/event_types/0"]);
    assert_eq!(client.get(&hook.path).await.expect(200).json["event_types"], json!(["trial.offer"]));
    let refused = admin.post("/v1/webhooks", asked(json!(["invitation.accept"]))).await.faults(&["/event_types/0"]);
    assert!(refused.text_at("/errors/0/detail").contains("webhooks of organisations alone"), "{}", refused.text);
    app.developer().await.post("/v1/webhooks", asked(Value::Null)).await.problem(403, "not-allowed");
}

async fn urls(person: &Person) -> Vec<Value> {
    let list = person.get("/v1/webhooks").await.expect(200);
    assert!(!list.text.contains("whsec_"), "{}", list.text);
    list.json["data"].as_array().expect("a list").iter().map(|each| each["url"].clone()).collect()
}

#[actix_web::test]
async fn clients_and_admins_see_nothing_of_each_others_webhooks() {
    let app = TestApp::start().await;
    let (client, admin, colleague) = (app.client().await, app.admin().await, app.admin().await);
    let (endpoint, theirs) = (Endpoint::start(), Endpoint::start());
    let hook = Hook::make(&admin, &endpoint.url(), json!(["vetting.approve"])).await;
    let others = Hook::make(&client, &theirs.url(), json!(["trial.offer"])).await;
    for (person, hook) in [(&client, &hook), (&admin, &others)] {
        for path in [hook.path.clone(), format!("{}/deliveries", hook.path)] {
            person.get(&path).await.problem(404, "not-found");
        }
        for step in ["test", "rotate-secret"] {
            person.post(&format!("{}/{step}", hook.path), json!({})).await.problem(404, "not-found");
        }
        person.patch(&hook.path, json!({ "description": "Mine" })).await.problem(404, "not-found");
        person.delete(&hook.path).await.problem(404, "not-found");
    }
    // Admins share those of the house; the secret was shown to one of them.
    assert_eq!(urls(&client).await, [json!(theirs.url())]);
    for person in [&admin, &colleague] {
        assert_eq!(urls(person).await, [json!(endpoint.url())]);
    }
    assert!(!colleague.get(&hook.path).await.expect(200).text.contains("whsec_"));
    hook.test(&colleague).await.expect(202);
    app.settle().await;
    assert_eq!((endpoint.kinds(), theirs.hits().len()), (vec!["webhook.test".to_owned()], 0));
    let id = hook.path.replace("/v1/webhooks/", "");
    let log = admin.get(&format!("/v1/admin/audit?subject={id}")).await.expect(200);
    assert_eq!((&log.json["data"][0]["action"], &log.json["data"][0]["role"]), (&json!("webhook.create"), &json!("admin")));
    colleague.delete(&hook.path).await.expect(204);
    assert!(urls(&admin).await.is_empty());
}

#[actix_web::test]
async fn the_house_hears_what_admins_may_read_of_everybody() {
    let scene = Scene::start().await;
    let endpoint = Endpoint::start();
    Hook::make(&scene.admin, &endpoint.url(), Value::Null).await;
    let stranger = scene.app.client().await;
    let job = draft(&stranger, json!({})).await;
    let asked = json!({ "developer_id": scene.developer_id, "message": "May we talk?" });
    scene.client.post(&format!("/v1/job-requests/{}/invitations", scene.job), asked).await.expect(201);
    scene.scheduled().await;
    scene.app.settle().await;
    let kinds: BTreeSet<String> = endpoint.kinds().into_iter().collect();
    assert!(["job_request.create", "trial.offer", "trial.accept"].iter().all(|kind| kinds.contains(*kind)), "{kinds:?}");
    assert!(!kinds.iter().any(|kind| kind.starts_with("invitation.")), "{kinds:?}");
    let created = endpoint.hits().into_iter().find(|hit| hit.kind() == "job_request.create" && hit.body.contains(&job));
    assert!(created.is_some(), "a request of somebody else's");
}

#[actix_web::test]
async fn what_an_admin_made_tells_them_nothing_once_they_are_none_and_the_others_hear_of_it() {
    let app = TestApp::start().await;
    let (keeper, client, ours) = (app.admin().await, app.client().await, Endpoint::start());
    let kept = Hook::make(&keeper, &ours.url(), json!(["job_request.create"])).await;
    for (out, way) in ["suspended", "left", "disabled"].into_iter().enumerate() {
        let (admin, theirs) = (app.admin().await, Endpoint::start());
        let hook = Hook::make(&admin, &theirs.url(), json!(["job_request.create"])).await;
        theirs.answer(Mode::With(503));
        draft(&client, json!({})).await;
        app.settle().await;
        let me = admin.get("/v1/me").await.expect(200).text_at("/id");
        let sessions = admin.get("/v1/me/sessions").await.expect(200);
        match way {
            "suspended" => drop(keeper.post(&format!("/v1/admin/users/{me}/suspend"), json!({ "message": "Because." })).await.expect(200)),
            "left" => drop(admin.send(Method::DELETE, "/v1/me", Some(json!({ "password": admin.password }))).await.expect(202)),
            _ => app.house.suspensions.disable(admin.email.parse().expect("an address")).await.expect("as the command line does"),
        }
        theirs.answer(Mode::With(204));
        draft(&client, json!({})).await;
        app.advance(TimeDelta::seconds(10)).await;
        assert_eq!((theirs.hits().len(), ours.hits().len()), (1, 2 * out + 2), "{way}: neither what waited nor what came");
        let off = keeper.get(&hook.path).await.expect(200);
        assert_eq!((&off.json["enabled"], &off.json["disabled_because"]), (&json!(false), &json!("maker_left")), "{way}");
        assert_eq!(hook.deliveries(&keeper).await.iter().map(|each| &each["state"]).collect::<Vec<_>>(), ["failed"], "{way}");
        assert_eq!(keeper.get(&kept.path).await.expect(200).json["enabled"], json!(true), "{way}");
        let mails = app.mails(&keeper, "A webhook was switched off: 127.0.0.1").await;
        let text = mails.last().expect("a mail").text();
        assert!(mails.len() == out + 1 && text.contains("to 127.0.0.1 for the house is no longer an admin"), "{way}: {text}");
        assert!(app.mails(&admin, "A webhook was switched off").await.is_empty(), "{way}");
        // Behind the gate, which may know of it half a second later than the database.
        let call = Call::by(Principal {
            user: me.parse().expect("an id"),
            session: sessions.text_at("/data/0/id").parse().expect("an id"),
            role: Role::Admin,
            organization: None,
        });
        let body = serde_json::from_value(json!({ "url": theirs.url() })).expect("a draft");
        let made = app.house.webhooks.create(call, body).await.expect_err("no webhook");
        assert_eq!(made.code, Code::NotSignedIn, "{way}");
    }
    assert_eq!(urls(&keeper).await.len(), 4, "those that ended are there to be looked at");
}
