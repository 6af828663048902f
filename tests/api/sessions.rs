//! Sessions: rotation, re-use, logout, limits (reliability R12–R17, R39).

use std::collections::HashSet;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures_util::future::join_all;
use guildhall::kernel::clock::Clock as _;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::person::Person;

const REUSE: &str = "You were signed out";

#[actix_web::test]
async fn a_refresh_token_works_once() {
    let app = TestApp::start().await;
    let first = app.client().await;
    let second = first.with_pair(&first.renew().await.expect(200));
    assert_ne!((&first.refresh, &first.access), (&second.refresh, &second.access));
    app.advance(TimeDelta::seconds(30)).await;
    let third = second.with_pair(&second.renew().await.expect(200));
    third.get("/v1/me").await.expect(200);
    assert!(app.mails(&first, REUSE).await.is_empty());
    app.advance(TimeDelta::seconds(1)).await;
    first.renew().await.problem(401, "not-signed-in");
    for person in [&first, &second, &third] {
        person.get("/v1/me").await.problem(401, "not-signed-in");
        person.renew().await.problem(401, "not-signed-in");
    }
    assert_eq!(app.mails(&first, REUSE).await.len(), 1);
}

#[actix_web::test]
async fn a_lost_answer_can_be_asked_for_again_within_ten_seconds() {
    let app = TestApp::start().await;
    let first = app.client().await;
    let other_session = first.sign_in().await;
    let second = first.renew().await.expect(200);
    app.advance(TimeDelta::seconds(10)).await;
    let again = first.renew().await.expect(200);
    assert_eq!(again.text_at("/refresh_token"), second.text_at("/refresh_token"));
    app.advance(TimeDelta::milliseconds(1)).await;
    first.renew().await.problem(401, "not-signed-in");
    first.with_pair(&second).get("/v1/me").await.problem(401, "not-signed-in");
    other_session.get("/v1/me").await.expect(200);
    assert_eq!(app.mails(&first, REUSE).await.len(), 1);
}

#[actix_web::test]
async fn the_grace_is_for_the_immediate_predecessor_only() {
    let app = TestApp::start().await;
    let first = app.client().await;
    let second = first.with_pair(&first.renew().await.expect(200));
    let third = second.with_pair(&second.renew().await.expect(200));
    first.renew().await.problem(401, "not-signed-in");
    third.renew().await.problem(401, "not-signed-in");
}

#[actix_web::test]
async fn twenty_refreshes_at_once_leave_one_lineage() {
    let app = TestApp::start().await;
    let person = app.client().await;
    let answers = join_all((0..20).map(|_| person.renew())).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:#?}");
    let tokens: HashSet<String> = answers.iter().map(|answer| answer.text_at("/refresh_token")).collect();
    assert_eq!(tokens.len(), 1);
    person.with_pair(&answers[0]).renew().await.expect(200);
    assert!(app.mails(&person, REUSE).await.is_empty());
}

#[actix_web::test]
async fn a_wrong_generation_or_a_changed_token_is_no_token() {
    let app = TestApp::start().await;
    let person = app.client().await;
    let parts: Vec<&str> = person.refresh.split('.').collect();
    let [session, generation, seal] = parts[..] else { panic!("{parts:?}") };
    for wrong in [
        format!("{session}.2.{seal}"),
        format!("{session}.{generation}"),
        format!("{session}.{generation}."),
        format!("{session}.{generation}.{seal}="),
        format!("{session}.{generation}.{}", seal.to_lowercase()),
        format!(" {session}.{generation}.{seal}"),
        "x".repeat(300),
        "..".to_owned(),
    ] {
        person.post("/v1/auth/refresh", json!({ "refresh_token": wrong })).await.problem(401, "not-signed-in");
    }
    person.renew().await.expect(200);
    person.post("/v1/auth/refresh", json!({ "refresh_token": "x".repeat(301) })).await.faults(&["/refresh_token"]);
}

#[actix_web::test]
async fn logout_ends_access_and_refresh_at_once() {
    let app = TestApp::start().await;
    let here = app.client().await;
    let there = here.sign_in().await;
    here.post("/v1/auth/logout", json!({})).await.expect(204);
    here.get("/v1/me").await.problem(401, "not-signed-in");
    here.renew().await.problem(401, "not-signed-in");
    here.post("/v1/auth/logout", json!({})).await.problem(401, "not-signed-in");
    there.get("/v1/me").await.expect(200);
    assert!(app.mails(&here, REUSE).await.is_empty(), "a signed-out token is no theft");
}

#[actix_web::test]
async fn an_access_token_lives_fifteen_minutes() {
    let app = TestApp::start().await;
    let person = app.client().await;
    app.advance(TimeDelta::minutes(15)).await;
    person.get("/v1/me").await.expect(200);
    app.advance(TimeDelta::seconds(10)).await;
    person.get("/v1/me").await.problem(401, "not-signed-in");
    person.with_pair(&person.renew().await.expect(200)).get("/v1/me").await.expect(200);
}

#[actix_web::test]
async fn a_session_ends_when_unused_and_after_ninety_days_at_the_latest() {
    let app = TestApp::start().await;
    let idle = app.client().await;
    let mut busy = idle.sign_in().await;
    app.advance(TimeDelta::days(30) + TimeDelta::seconds(1)).await;
    idle.renew().await.problem(401, "not-signed-in");
    busy.renew().await.problem(401, "not-signed-in");
    busy = busy.sign_in().await;
    for day in 1..90 {
        app.advance(TimeDelta::days(1)).await;
        let answer = busy.renew().await;
        assert_eq!(answer.status, 200, "day {day}");
        busy = busy.with_pair(&answer);
    }
    app.advance(TimeDelta::days(1)).await;
    busy.renew().await.problem(401, "not-signed-in");
}

#[actix_web::test]
async fn a_session_that_is_over_is_forgotten_after_thirty_days() {
    let app = TestApp::start().await;
    let person = app.client().await;
    let phones = async || -> i64 {
        use diesel::prelude::*;
        use guildhall::db::schema::sessions::dsl;
        app.read(|conn| dsl::sessions.filter(dsl::client.eq("a phone")).count().get_result(conn)).await
    };
    person.with("user-agent", "a phone").sign_in().await;
    let id = person.get("/v1/me/sessions").await.expect(200).text_at("/data/0/id");
    person.delete(&format!("/v1/me/sessions/{id}")).await.expect(204);
    for (days, left) in [(29, 1), (2, 0)] {
        app.advance(TimeDelta::days(days)).await;
        app.house.accounts.forget_what_is_over().await.expect("a database");
        assert_eq!(phones().await, left);
    }
}

#[actix_web::test]
async fn people_see_and_end_their_own_sessions() {
    let app = TestApp::start().await;
    let person = app.client().await;
    app.advance(TimeDelta::minutes(1)).await;
    let phone = person.with("user-agent", "a phone").sign_in().await;
    let list = phone.get("/v1/me/sessions").await.expect(200);
    assert_eq!(list.at("/data").as_array().map(Vec::len), Some(2));
    assert_eq!((list.text_at("/data/0/client"), list.at("/data/0/current")), ("a phone".to_owned(), &json!(true)));
    assert_eq!((list.at("/data/1/current"), list.at("/next_cursor")), (&json!(false), &json!(null)));
    let id = list.text_at("/data/1/id");
    let stranger = app.client().await;
    let foreign = stranger.delete(&format!("/v1/me/sessions/{id}")).await.problem(404, "not-found");
    let missing = stranger.delete("/v1/me/sessions/sess_01h455vb4pex5vsknk084sn02q").await.problem(404, "not-found");
    assert_eq!(foreign.lasting(), missing.lasting());
    phone.delete(&format!("/v1/me/sessions/{id}")).await.expect(204);
    person.get("/v1/me").await.problem(401, "not-signed-in");
    phone.delete(&format!("/v1/me/sessions/{id}")).await.problem(404, "not-found");
    assert_eq!(phone.get("/v1/me/sessions").await.expect(200).at("/data").as_array().map(Vec::len), Some(1));
}

#[actix_web::test]
async fn a_list_of_sessions_is_read_page_by_page() {
    let app = TestApp::start().await;
    let person = app.client().await;
    for _ in 0..4 {
        app.advance(TimeDelta::seconds(1)).await;
        person.sign_in().await;
    }
    let mut seen = Vec::new();
    let mut path = "/v1/me/sessions?limit=2".to_owned();
    loop {
        let page = person.get(&path).await.expect(200);
        let data = page.at("/data").as_array().cloned().unwrap_or_default();
        assert!(data.len() <= 2);
        seen.extend(data.iter().map(|session| session["id"].to_string()));
        let Some(cursor) = page.at("/next_cursor").as_str() else { break };
        path = format!("/v1/me/sessions?limit=2&cursor={cursor}");
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "{seen:?}");
}

#[actix_web::test]
async fn rights_are_read_with_every_request() {
    let app = TestApp::start().await;
    let person = app.client().await;
    app.suspend(&person).await;
    ended(&person).await;
    person.login(&person.password).await.problem(401, "not-signed-in");
    let other = app.client().await;
    app.sql(format!("UPDATE users SET status = 'suspended' WHERE email = '{}'", other.email)).await;
    ended(&other).await;
    let gone = app.developer().await;
    app.sql(format!("DELETE FROM users WHERE email = '{}'", gone.email)).await;
    ended(&gone).await;
}

async fn ended(person: &Person) {
    person.get("/v1/me").await.problem(401, "not-signed-in");
    person.renew().await.problem(401, "not-signed-in");
}

/// What ends other sessions of a person.
#[derive(Debug, Clone, Copy)]
enum Ending {
    PasswordChanged,
    PasswordReset,
    SecondFactorOn,
    Suspended,
    EndedByAdmin,
    NoLongerMember,
    TokenReused,
}

impl Ending {
    const ALL: [Self; 7] = [
        Self::PasswordChanged,
        Self::PasswordReset,
        Self::SecondFactorOn,
        Self::Suspended,
        Self::EndedByAdmin,
        Self::NoLongerMember,
        Self::TokenReused,
    ];

    /// Does it; `there` is the session that must be over then, `here` another one of the same person.
    async fn happen(self, app: &TestApp, admin: &Person, owner: &Person, [here, there]: [&Person; 2]) {
        let id = here.get("/v1/me").await.expect(200).text_at("/id");
        let reason = json!({ "message": "For a reason." });
        match self {
            Self::PasswordChanged => {
                let body = json!({ "current_password": here.password, "new_password": "nine purple umbrellas" });
                here.post("/v1/auth/password/change", body).await.expect(204);
            }
            Self::PasswordReset => {
                here.post("/v1/auth/password/forgot", json!({ "email": here.email })).await.expect(202);
                let token = app.newest_mail(here, "Reset your password").await.token();
                let body = json!({ "token": token, "password": "nine purple umbrellas" });
                here.post("/v1/auth/password/reset", body).await.expect(200);
            }
            Self::SecondFactorOn => {
                let uri = here.post("/v1/me/totp", json!({})).await.expect(200).text_at("/otpauth_uri");
                let now = u64::try_from(app.clock.now().utc().timestamp()).expect("a time after 1970");
                let code = totp_rs::Totp::from_url(uri).expect("a URI").generate(now).to_string();
                here.post("/v1/me/totp/confirm", json!({ "totp": code })).await.expect(200);
            }
            Self::Suspended => {
                admin.post(&format!("/v1/admin/users/{id}/suspend"), reason).await.expect(200);
            }
            Self::EndedByAdmin => {
                admin.post(&format!("/v1/admin/users/{id}/end-sessions"), reason).await.expect(200);
            }
            Self::NoLongerMember => {
                owner.delete(&format!("/v1/organization/members/{id}")).await.expect(204);
            }
            Self::TokenReused => {
                let next = there.with_pair(&there.renew().await.expect(200));
                next.renew().await.expect(200);
                there.renew().await.problem(401, "not-signed-in");
            }
        }
    }
}

/// Somebody whom the owner has invited to the organisation.
async fn member(app: &TestApp, owner: &Person) -> Person {
    let guest = app.somebody("member");
    owner.post("/v1/organization/members", json!({ "email": guest.email })).await.expect(202);
    let token = app.mail(&guest, "Invitation").await.token();
    let body = json!({ "token": token, "name": "A member", "password": guest.password });
    guest.post("/v1/auth/redeem-invitation", body).await.expect(200);
    guest.sign_in().await
}

#[actix_web::test]
async fn whatever_ends_a_session_ends_access_and_refresh_with_the_next_request() {
    let app = TestApp::start().await;
    let (admin, owner) = (app.admin().await, app.client().await);
    for ending in Ending::ALL {
        let here = member(&app, &owner).await;
        let there = here.sign_in().await;
        there.get("/v1/organization").await.expect(200);
        ending.happen(&app, &admin, &owner, [&here, &there]).await;
        println!("{ending:?}");
        ended(&there).await;
    }
    let log = admin.get("/v1/admin/audit?limit=100").await.expect(200).text;
    for word in ["auth.change_password", "auth.reset_password", "auth.second_factor_on", "user.end_sessions", "auth.refresh_reused"] {
        assert!(log.contains(word), "{word}: {log}");
    }
}

#[actix_web::test]
async fn no_session_begins_with_a_password_that_was_replaced_meanwhile() {
    let app = TestApp::start().await;
    for _ in 0..4 {
        let person = app.client().await;
        person.post("/v1/auth/password/forgot", json!({ "email": person.email })).await.expect(202);
        let token = app.newest_mail(&person, "Reset your password").await.token();
        let body = json!({ "token": token, "password": "nine purple umbrellas" });
        let sign_ins = join_all((0..12).map(|_| person.login(&person.password)));
        let (signed, reset) = futures_util::future::join(sign_ins, person.post("/v1/auth/password/reset", body)).await;
        reset.expect(200);
        for answer in signed.iter().filter(|answer| answer.status == 200) {
            ended(&person.with_pair(answer)).await;
        }
    }
}

#[actix_web::test]
async fn a_session_holds_on_every_node() {
    let app = TestApp::start().await;
    let other = app.another_node().await;
    let here = app.client().await;
    let there = here.at(&other.base());
    there.get("/v1/me").await.expect(200);
    let renewed = there.renew().await.expect(200);
    here.with_pair(&renewed).get("/v1/me").await.expect(200);
    here.with_pair(&renewed).post("/v1/auth/logout", json!({})).await.expect(204);
    here.get("/v1/me").await.problem(401, "not-signed-in");
    // What another node holds in memory may be half a second old.
    let over = Instant::now();
    while there.get("/v1/me").await.status != 401 {
        assert!(over.elapsed() < Duration::from_secs(1));
    }
}
