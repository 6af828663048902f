//! Organisations: invitations, members, roles (reliability R26, R32, R33, R39).

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::person::Person;

const MEMBERS: &str = "/v1/organization/members";

async fn invite(owner: &Person, guest: &Person) -> Answer {
    owner.post(MEMBERS, json!({ "email": guest.email })).await
}

async fn redeem(guest: &Person, token: &str) -> Answer {
    let body = json!({ "token": token, "name": "A guest", "password": guest.password });
    guest.post("/v1/auth/redeem-invitation", body).await
}

/// Somebody who has joined the owner's organisation, signed in.
pub async fn member(app: &TestApp, owner: &Person) -> Person {
    let guest = app.somebody("member");
    invite(owner, &guest).await.expect(202);
    redeem(&guest, &app.mail(&guest, "Invitation").await.token()).await.expect(200);
    guest.sign_in().await
}

async fn id(person: &Person) -> String {
    person.get("/v1/me").await.expect(200).text_at("/id")
}

#[actix_web::test]
pub async fn an_invited_person_joins_and_acts_as_a_member() {
    let app = TestApp::start().await;
    let owner = app.client().await;
    let guest = member(&app, &owner).await;
    let me = guest.get("/v1/me").await.expect(200);
    assert_eq!((me.text_at("/role"), me.text_at("/organization/role")), ("client".to_owned(), "member".to_owned()));
    assert_eq!(me.at("/organization/id"), owner.get("/v1/me").await.at("/organization/id"));
    let list = guest.get(MEMBERS).await.expect(200);
    let roles: Vec<&Value> = list.at("/data").as_array().into_iter().flatten().map(|member| &member["role"]).collect();
    assert_eq!(roles, ["owner", "member"]);
    guest.patch("/v1/organization", json!({ "name": "Ours" })).await.problem(403, "not-allowed");
    invite(&guest, &app.somebody("guest")).await.problem(403, "not-allowed");
    guest.delete(&format!("{MEMBERS}/{}", id(&owner).await)).await.problem(403, "not-allowed");
}

#[actix_web::test]
async fn an_invitation_works_once_for_a_week() {
    let app = TestApp::start().await;
    let owner = app.client().await;
    let guest = app.somebody("guest");
    invite(&owner, &guest).await.expect(202);
    let first = app.mail(&guest, "Invitation from A client").await.token();
    app.advance(TimeDelta::minutes(1)).await;
    invite(&owner, &guest).await.expect(202);
    let second = app.newest_mail(&guest, "Invitation").await.token();
    redeem(&guest, &first).await.faults(&["/token"]);
    app.advance(TimeDelta::days(7)).await;
    redeem(&guest, &second).await.faults(&["/token"]);
    let owner = owner.sign_in().await;
    invite(&owner, &guest).await.expect(202);
    let third = app.newest_mail(&guest, "Invitation").await.token();
    let weak = json!({ "token": third, "name": " ", "password": "password" });
    guest.post("/v1/auth/redeem-invitation", weak).await.faults(&["/name"]);
    let answers = join_all((0..20).map(|_| redeem(&guest, &third))).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(200), count(422)), (1, 19), "{answers:#?}");
    guest.sign_in().await;
}

#[actix_web::test]
async fn inviting_a_known_address_looks_the_same_and_does_no_harm() {
    let app = TestApp::start().await;
    let (owner, developer, stranger) = (app.client().await, app.developer().await, app.somebody("guest"));
    let (known, unknown) = (invite(&owner, &developer).await.expect(202), invite(&owner, &stranger).await.expect(202));
    assert_eq!(known.lasting(), unknown.lasting());
    redeem(&developer, &app.mail(&developer, "Invitation").await.token()).await.problem(409, "conflict");
    assert_eq!(developer.get("/v1/me").await.text_at("/role"), "developer");
}

#[actix_web::test]
async fn a_removed_member_is_out_at_once() {
    let app = TestApp::start().await;
    let owner = app.client().await;
    let guest = member(&app, &owner).await;
    let (own_id, guest_id) = (id(&owner).await, id(&guest).await);
    owner.delete(&format!("{MEMBERS}/{own_id}")).await.problem(409, "conflict");
    owner.delete(&format!("{MEMBERS}/{guest_id}")).await.expect(204);
    guest.get("/v1/organization").await.problem(401, "not-signed-in");
    let back = guest.sign_in().await;
    back.get("/v1/organization").await.problem(403, "not-allowed");
    back.get(MEMBERS).await.problem(403, "not-allowed");
    assert_eq!(back.get("/v1/me").await.expect(200).at("/organization"), &Value::Null);
    owner.delete(&format!("{MEMBERS}/{guest_id}")).await.problem(404, "not-found");
}

#[actix_web::test]
async fn an_organisation_is_closed_to_everybody_else() {
    let app = TestApp::start().await;
    let (owner, other) = (app.client().await, app.client().await);
    let (owner_id, missing) = (id(&owner).await, "user_01h455vb4pex5vsknk084sn02q");
    let foreign = other.delete(&format!("{MEMBERS}/{owner_id}")).await.problem(404, "not-found");
    let absent = other.delete(&format!("{MEMBERS}/{missing}")).await.problem(404, "not-found");
    assert_eq!(foreign.lasting(), absent.lasting());
    assert!(!other.get(MEMBERS).await.expect(200).text.contains(&owner.email));
    for person in [app.developer().await, app.admin().await] {
        person.get("/v1/organization").await.problem(403, "not-allowed");
        person.patch("/v1/organization", json!({ "name": "Mine" })).await.problem(403, "not-allowed");
        person.get(MEMBERS).await.problem(403, "not-allowed");
        invite(&person, &other).await.problem(403, "not-allowed");
        person.delete(&format!("{MEMBERS}/{owner_id}")).await.problem(403, "not-allowed");
    }
}

#[actix_web::test]
async fn every_signed_operation_refuses_who_is_not_signed_in() {
    let app = TestApp::start().await;
    let nobody = app.anonymous();
    let document: Value = serde_json::from_str(&guildhall::server::openapi_json().expect("a document")).expect("JSON");
    let mut checked = 0;
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        let names = path.split('/').map(|part| if part.starts_with('{') { "user_01h455vb4pex5vsknk084sn02q" } else { part });
        let path = names.collect::<Vec<_>>().join("/");
        for (method, operation) in item.as_object().into_iter().flatten() {
            let needs = operation["security"].as_array().map(Vec::as_slice).unwrap_or_default();
            if needs.is_empty() || needs.iter().any(|each| each == &json!({})) {
                continue;
            }
            let method = reqwest::Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let body = operation.get("requestBody").map(|_| json!({}));
            let answer = nobody.send(method, &path, body).await;
            // An id of the wrong kind may be refused first: it says nothing about anybody.
            assert!(
                answer.status == 401 || (answer.status == 404 && path.contains("user_")),
                "{} answered {}",
                answer.request,
                answer.text
            );
            checked += 1;
        }
    }
    assert!(checked >= 10, "{checked}");
}

#[actix_web::test]
async fn the_last_admin_stays() {
    let app = TestApp::start().await;
    let (first, second) = (app.admin().await, app.admin().await);
    app.suspend(&second).await;
    second.get("/v1/me").await.problem(401, "not-signed-in");
    let email = first.email.parse().expect("an address");
    let status = guildhall::accounts::domain::AccountStatus::Suspended;
    app.house.accounts.set_status(email, status).await.expect_err("the last admin cannot be suspended");
    first.get("/v1/me").await.expect(200);
}
