//! Sign-up, verification and passwords (reliability R1–R6, R19–R27).

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::json;

use crate::support::answer::Answer;
use crate::support::app::{DEAR_HASHES, TestApp};
use crate::support::person::Person;

const VERIFY: &str = "Verify your e-mail";
const RESET: &str = "Reset your password";
const OTHER_PASSWORD: &str = "nine purple umbrellas";

async fn register(person: &Person, password: &str) -> Answer {
    let body = json!({ "email": person.email, "password": password, "role": "client", "name": "A client" });
    person.post("/v1/auth/register", body).await
}

async fn verify(person: &Person, token: &str) -> Answer {
    person.post("/v1/auth/verify-email", json!({ "token": token })).await
}

async fn resend(person: &Person) -> Answer {
    person.post("/v1/auth/verify-email/resend", json!({ "email": person.email })).await
}

async fn forgot(person: &Person) -> Answer {
    person.post("/v1/auth/password/forgot", json!({ "email": person.email })).await
}

async fn reset(person: &Person, token: &str, password: &str) -> Answer {
    person.post("/v1/auth/password/reset", json!({ "token": token, "password": password })).await
}

async fn reset_token(app: &TestApp, person: &Person) -> String {
    forgot(person).await.expect(202);
    app.newest_mail(person, RESET).await.token()
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[actix_web::test]
async fn sign_up_verify_sign_in() {
    let app = TestApp::start().await;
    let person = app.registered("client").await;
    let early = person.login(&person.password).await.problem(401, "not-signed-in");
    assert_eq!(early.header("www-authenticate"), "Bearer");
    let mail = app.mail(&person, VERIFY).await;
    assert!(mail.text().contains("http://localhost:8080/verify-email?token="), "{}", mail.text());
    verify(&person, &mail.token()).await.expect(200);
    let pair = person.login(&person.password).await.expect(200);
    assert_eq!((pair.text_at("/token_type").as_str(), pair.at("/expires_in")), ("Bearer", &json!(900)));
    let me = person.with_pair(&pair).get("/v1/me").await.expect(200);
    assert_eq!(me.text_at("/email"), person.email);
    assert_eq!((me.text_at("/role"), me.text_at("/organization/role")), ("client".to_owned(), "owner".to_owned()));
    assert_eq!(me.text_at("/organization/name"), "A client");
    assert_eq!(me.header("etag"), "\"1\"");
    let developer = app.developer().await.get("/v1/me").await.expect(200);
    assert_eq!((developer.text_at("/role"), developer.at("/organization")), ("developer".to_owned(), &json!(null)));
}

#[actix_web::test]
async fn nobody_signs_up_as_more_than_they_may() {
    let app = TestApp::start().await;
    let person = app.anonymous();
    let fine = json!({ "email": person.email, "password": person.password, "role": "client", "name": "A client" });
    for (field, value) in [
        ("role", json!("admin")),
        ("status", json!("active")),
        ("verified_at", json!("2026-11-23T10:00:00Z")),
        ("id", json!("user_01h455vb4pex5vsknk084sn02q")),
        ("organization_id", json!("org_01h455vb4pex5vsknk084sn02q")),
    ] {
        let mut body = fine.clone();
        body[field] = value;
        person.post("/v1/auth/register", body).await.faults(&[&format!("/{field}")]);
    }
    assert_eq!(users(&app).await.len(), 0);
}

#[actix_web::test]
async fn every_fault_of_a_sign_up_is_named_at_once() {
    let app = TestApp::start().await;
    let person = app.anonymous();
    let body = json!({ "email": "nobody", "password": "short", "role": "owner", "name": " ", "organization_name": 7, "vip": true });
    let answer = person.post("/v1/auth/register", body).await;
    answer.faults(&["/email", "/name", "/organization_name", "/password", "/role", "/vip"]);
    person.post("/v1/auth/register", json!({})).await.faults(&["/email", "/name", "/password", "/role"]);
    for name in ["a\nb", "a\u{202e}b", "a\u{200b}b", "\u{feff}a", &"x".repeat(121), "a\r\nBcc: somebody@example.com"] {
        let body = json!({ "email": person.email, "password": person.password, "role": "client", "name": name });
        person.post("/v1/auth/register", body).await.faults(&["/name"]);
    }
    for email in [
        "a@b",
        "a@[127.0.0.1]",
        "\"a b\"@example.com",
        "a@example.com,b@example.com",
        "a@example.com\r\nBcc: b@example.com",
        "<a@example.com>",
    ] {
        let body = json!({ "email": email, "password": person.password, "role": "client", "name": "A client" });
        person.post("/v1/auth/register", body).await.faults(&["/email"]);
    }
}

#[actix_web::test]
async fn passwords_are_kept_as_argon2id_and_taken_as_they_are() {
    let app = TestApp::with(&[DEAR_HASHES]).await;
    for bad in ["short77", &"x".repeat(129), "password", "12345678", "iloveyou"] {
        register(&app.anonymous(), bad).await.faults(&["/password"]);
    }
    // Easy to guess, and little more than a name: both are said.
    register(&app.anonymous(), "guildhall").await.faults(&["/password", "/password"]);
    let own = app.somebody("a-long-local-part");
    let named = register(&own, own.email.split('@').next().unwrap_or_default()).await.problem(422, "validation-failed");
    assert!(named.text.contains("is little more than your name, your address or ours"), "{}", named.text);
    let long = format!("{}A", "f7 q".repeat(31)) + "xyz";
    for good in [" pw12345 zebra ", "\u{1f600}\u{1f680}\u{1f9e9}\u{1f40c}\u{1f40b}\u{1f40f}\u{1f422}\u{1f99c}", &long] {
        let person = app.anonymous();
        register(&person, good).await.expect(202);
        verify(&person, &app.mail(&person, VERIFY).await.token()).await.expect(200);
        person.login(good).await.expect(200);
        person.login(good.trim_end_matches([' ', 'z', '\u{1f99c}'])).await.problem(401, "not-signed-in");
        person.login(&good.to_uppercase()).await.status.to_string();
    }
    let hashes: Vec<Option<String>> = app
        .read(|conn| {
            use diesel::prelude::*;
            guildhall::db::schema::users::table.select(guildhall::db::schema::users::password_hash).load(conn)
        })
        .await;
    assert_eq!(hashes.len(), 3);
    for hash in hashes {
        assert!(hash.unwrap_or_default().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    }
}

#[actix_web::test]
async fn a_weak_hash_is_made_stronger_and_a_foreign_one_refused() {
    let app = TestApp::with(&[DEAR_HASHES]).await;
    let person = app.verified("client").await;
    // argon2id, m=64, t=1 of the same password.
    let weak = weak_hash(&person.password);
    app.sql(format!("UPDATE users SET password_hash = '{weak}'")).await;
    person.login(&person.password).await.expect(200);
    let dump = app.read(|conn| {
        use diesel::prelude::*;
        guildhall::db::schema::users::table.select(guildhall::db::schema::users::password_hash).first::<Option<String>>(conn)
    });
    assert!(dump.await.unwrap_or_default().contains("m=19456,t=2"));
    app.sql(format!("UPDATE users SET password_hash = '{}'", weak.replace("argon2id", "argon2d"))).await;
    person.login(&person.password).await.problem(401, "not-signed-in");
    app.sql("UPDATE users SET password_hash = 'nonsense'").await;
    person.login(&person.password).await.problem(401, "not-signed-in");
}

fn weak_hash(password: &str) -> String {
    use argon2::password_hash::PasswordHasher as _;
    let parameters = argon2::Params::new(64, 1, 1, None).expect("parameters");
    let hasher = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, parameters);
    hasher.hash_password(password.as_bytes()).expect("a hash").to_string()
}

#[actix_web::test]
async fn answers_do_not_tell_which_addresses_are_known() {
    let app = TestApp::start().await;
    let (unknown, unverified) = (app.anonymous(), app.registered("client").await);
    let (known, suspended) = (app.verified("client").await, app.verified("developer").await);
    app.suspend(&suspended).await;
    let all = [unknown, unverified, known, suspended];
    for attempt in ["login", "resend", "forgot", "register"] {
        let mut answers = Vec::new();
        for person in &all {
            let began = Instant::now();
            answers.push(match attempt {
                "login" => person.login("not the password").await.expect(401),
                "resend" => resend(person).await.expect(202),
                "forgot" => forgot(person).await.expect(202),
                _ => register(person, &person.password).await.expect(202),
            });
            // Answers leave at whole steps: nobody's comes before the first.
            assert!(began.elapsed() >= Duration::from_millis(100), "{attempt}: {:?}", began.elapsed());
        }
        let first = answers[0].lasting();
        assert!(answers.iter().all(|answer| answer.lasting() == first), "{attempt}: {answers:#?}");
    }
    let right: Vec<_> = [&all[1], &all[3]].into_iter().map(|person| person.login(&person.password)).collect();
    let wrong = all[0].login("not the password").await;
    for right in join_all(right).await {
        assert_eq!(right.lasting(), wrong.lasting());
    }
}

#[actix_web::test]
async fn registering_a_known_address_tells_its_owner_and_changes_nothing() {
    let app = TestApp::start().await;
    let person = app.verified("client").await;
    let before = users(&app).await;
    register(&person, OTHER_PASSWORD).await.expect(202);
    let capitals = person.with_email(&person.email.to_uppercase());
    app.advance(TimeDelta::minutes(1)).await;
    register(&capitals, OTHER_PASSWORD).await.expect(202);
    assert_eq!(app.mails(&person, "You already have an account").await.len(), 2);
    assert_eq!(users(&app).await, before);
    person.login(OTHER_PASSWORD).await.expect(401);
    person.login(&person.password).await.expect(200);
}

#[actix_web::test]
async fn one_account_comes_of_twenty_sign_ups_at_once() {
    let app = TestApp::start().await;
    let person = app.anonymous();
    let answers = join_all((0..20).map(|_| register(&person, &person.password))).await;
    assert_eq!(count(&answers, 202), 20, "{answers:#?}");
    assert_eq!(users(&app).await.len(), 1);
}

#[actix_web::test]
async fn mails_about_an_account_are_few() {
    let app = TestApp::start().await;
    let (unverified, known) = (app.registered("client").await, app.verified("client").await);
    for _ in 0..6 {
        resend(&unverified).await.expect(202);
        forgot(&known).await.expect(202);
        register(&known, &known.password).await.expect(202);
        app.advance(TimeDelta::seconds(1)).await;
    }
    assert_eq!(app.mails(&unverified, VERIFY).await.len(), 3);
    assert_eq!(app.mails(&known, RESET).await.len(), 3);
    assert_eq!(app.mails(&known, "You already have an account").await.len(), 3);
    app.advance(TimeDelta::hours(1)).await;
    forgot(&known).await.expect(202);
    assert_eq!(app.mails(&known, RESET).await.len(), 4);
}

#[actix_web::test]
async fn a_verification_link_works_once_for_a_day_and_dies_with_a_newer_one() {
    let app = TestApp::start().await;
    let person = app.registered("client").await;
    let older = app.mail(&person, VERIFY).await.token();
    app.advance(TimeDelta::minutes(1)).await;
    resend(&person).await.expect(202);
    let newer = app.newest_mail(&person, VERIFY).await.token();
    assert_ne!(older, newer);
    verify(&person, &older).await.faults(&["/token"]);
    app.advance(TimeDelta::hours(24)).await;
    verify(&person, &newer).await.faults(&["/token"]);
    resend(&person).await.expect(202);
    let last = app.newest_mail(&person, VERIFY).await.token();
    app.advance(TimeDelta::hours(24) - TimeDelta::seconds(1)).await;
    let answers = join_all((0..20).map(|_| verify(&person, &last))).await;
    assert_eq!((count(&answers, 200), count(&answers, 422)), (1, 19), "{answers:#?}");
    person.login(&person.password).await.expect(200);
    resend(&person).await.expect(202);
    assert_eq!(app.mails(&person, VERIFY).await.len(), 3, "the verified need no more links");
}

#[actix_web::test]
async fn who_was_first_with_an_address_does_not_wait_in_it_for_its_owner() {
    let app = TestApp::start().await;
    let stranger = app.registered("developer").await;
    let first = app.mail(&stranger, VERIFY).await.token();
    app.advance(TimeDelta::minutes(1)).await;
    let owner = stranger.with_email(&stranger.email);
    register(&owner, OTHER_PASSWORD).await.expect(202);
    let link = app.newest_mail(&owner, VERIFY).await.token();
    verify(&owner, &first).await.faults(&["/token"]);
    verify(&owner, &link).await.expect(200);
    stranger.login(&stranger.password).await.expect(401);
    let pair = owner.login(OTHER_PASSWORD).await.expect(200);
    let me = owner.with_pair(&pair).get("/v1/me").await.expect(200);
    assert_eq!((me.text_at("/role"), me.text_at("/organization/name")), ("client".to_owned(), "A client".to_owned()));
    assert_eq!(users(&app).await.len(), 1);
    // Without another link there is no other password, either.
    let person = app.registered("client").await;
    for _ in 0..20 {
        app.advance(TimeDelta::seconds(1)).await;
        register(&person, OTHER_PASSWORD).await.expect(202);
    }
    let sent = app.mails(&person, VERIFY).await;
    register(&person, "four green wheelbarrows").await.expect(202);
    assert_eq!(app.mails(&person, VERIFY).await.len(), sent.len(), "so many mails an hour and no more");
    verify(&person, &sent.last().expect("a mail").token()).await.expect(200);
    person.login(OTHER_PASSWORD).await.expect(200);
}

#[actix_web::test]
async fn a_reset_link_works_once_within_half_an_hour() {
    let app = TestApp::start().await;
    let person = app.verified("client").await;
    let first = reset_token(&app, &person).await;
    app.advance(TimeDelta::minutes(30)).await;
    reset(&person, &first, OTHER_PASSWORD).await.faults(&["/token"]);
    let second = reset_token(&app, &person).await;
    app.advance(TimeDelta::minutes(1)).await;
    let third = reset_token(&app, &person).await;
    reset(&person, &second, OTHER_PASSWORD).await.faults(&["/token"]);
    reset(&person, &third, "telechargement").await.faults(&["/password"]);
    app.advance(TimeDelta::minutes(30) - TimeDelta::seconds(1)).await;
    let answers = join_all((0..20).map(|_| reset(&person, &third, OTHER_PASSWORD))).await;
    assert_eq!((count(&answers, 200), count(&answers, 422)), (1, 19), "{answers:#?}");
    assert_eq!(app.mails(&person, "Your password was changed").await.len(), 1);
}

#[actix_web::test]
async fn a_reset_ends_every_session_and_signs_nobody_in() {
    let app = TestApp::start().await;
    let (here, there) = {
        let person = app.client().await;
        (person.clone(), person.sign_in().await)
    };
    let token = reset_token(&app, &here).await;
    here.get("/v1/me").await.expect(200);
    let done = reset(&here.anonymous(), &token, OTHER_PASSWORD).await.expect(200);
    assert!(!done.text.contains("token"), "{}", done.text);
    for person in [&here, &there] {
        person.get("/v1/me").await.problem(401, "not-signed-in");
        person.renew().await.problem(401, "not-signed-in");
    }
    here.login(&here.password).await.problem(401, "not-signed-in");
    here.login(OTHER_PASSWORD).await.expect(200);
    assert_eq!(app.mails(&here, "Your password was changed").await.len(), 1);
}

#[actix_web::test]
async fn a_change_needs_the_password_and_ends_the_other_sessions() {
    let app = TestApp::start().await;
    let here = app.client().await;
    let there = here.sign_in().await;
    let link = reset_token(&app, &here).await;
    let change = |current: &str, new: &str| {
        let body = json!({ "current_password": current, "new_password": new });
        let here = here.clone();
        async move { here.post("/v1/auth/password/change", body).await }
    };
    change("not the password", OTHER_PASSWORD).await.faults(&["/current_password"]);
    change(&here.password, "Telechargement").await.faults(&["/new_password"]);
    change(&here.password, OTHER_PASSWORD).await.expect(204);
    here.get("/v1/me").await.expect(200);
    there.get("/v1/me").await.problem(401, "not-signed-in");
    there.renew().await.problem(401, "not-signed-in");
    reset(&here, &link, "eleven orange kettles").await.faults(&["/token"]);
    assert_eq!(app.mails(&here, "Your password was changed").await.len(), 1);
    here.anonymous().post("/v1/auth/password/change", json!({})).await.problem(401, "not-signed-in");
}

#[actix_web::test]
async fn a_code_proves_only_what_it_was_made_for() {
    let app = TestApp::start().await;
    let unverified = app.registered("client").await;
    let verification = app.mail(&unverified, VERIFY).await.token();
    let client = app.client().await;
    let resetting = reset_token(&app, &client).await;
    let guest = app.somebody("guest");
    client.post("/v1/organization/members", json!({ "email": guest.email })).await.expect(202);
    let invitation = app.mail(&guest, "Invitation").await.token();
    let redeem = |token: String| {
        let body = json!({ "token": token, "name": "A guest", "password": guest.password });
        let guest = guest.clone();
        async move { guest.post("/v1/auth/redeem-invitation", body).await }
    };
    for wrong in [&resetting, &invitation, &client.refresh, &client.access] {
        verify(&unverified, wrong).await.faults(&["/token"]);
    }
    for wrong in [&verification, &invitation, &client.refresh, &client.access] {
        reset(&client, wrong, OTHER_PASSWORD).await.faults(&["/token"]);
    }
    for wrong in [&verification, &resetting, &client.refresh, &client.access] {
        redeem(wrong.clone()).await.faults(&["/token"]);
    }
    for wrong in [&verification, &resetting, &invitation, &client.refresh] {
        client.with_access(wrong).get("/v1/me").await.problem(401, "not-signed-in");
    }
    for wrong in [&verification, &resetting, &invitation] {
        client.post("/v1/auth/refresh", json!({ "refresh_token": wrong })).await.problem(401, "not-signed-in");
    }
    client.post("/v1/auth/refresh", json!({ "refresh_token": client.access })).await.faults(&["/refresh_token"]);
    redeem(invitation).await.expect(200);
    verify(&unverified, &verification).await.expect(200);
    reset(&client, &resetting, OTHER_PASSWORD).await.expect(200);
}

#[actix_web::test]
async fn guessing_is_throttled_across_a_restart() {
    let app = TestApp::with(&[("limits.enabled", "true"), ("limits.requests_per_second", "1000"), ("limits.burst", "1000")]).await;
    let person = app.verified("client").await;
    let stranger = app.anonymous();
    for _ in 0..10 {
        person.login("not the password").await.expect(401);
        stranger.login("not the password").await.expect(401);
    }
    let refused = person.login(&person.password).await.problem(429, "too-many-requests");
    assert_eq!(refused.header("retry-after"), "901");
    assert_eq!(stranger.login("x").await.problem(429, "too-many-requests").lasting(), refused.lasting());
    let app = app.restart().await;
    let person = person.at(&app.base());
    person.login(&person.password).await.problem(429, "too-many-requests");
    app.advance(TimeDelta::minutes(15)).await;
    person.login(&person.password).await.expect(200);
    app.verified("developer").await.sign_in().await;
}

#[actix_web::test]
async fn a_right_password_starts_the_count_anew() {
    let app = TestApp::with(&[("limits.enabled", "true"), ("limits.requests_per_second", "1000"), ("limits.burst", "1000")]).await;
    let person = app.verified("client").await;
    for _ in 0..3 {
        for _ in 0..9 {
            person.login("not the password").await.expect(401);
        }
        person.login(&person.password).await.expect(200);
    }
}

#[actix_web::test]
async fn there_is_no_default_account() {
    let app = TestApp::start().await;
    for (email, password) in
        [("admin@example.com", "admin"), ("admin@guildhall.example", "guildhall"), ("root@localhost.localdomain", "root")]
    {
        app.anonymous().post("/v1/auth/login", json!({ "email": email, "password": password })).await.problem(401, "not-signed-in");
    }
}

async fn users(app: &TestApp) -> Vec<(String, Option<String>, i64)> {
    use diesel::prelude::*;
    use guildhall::db::schema::users::dsl;
    app.read(|conn| dsl::users.select((dsl::email, dsl::password_hash, dsl::version)).order(dsl::id).load(conn)).await
}
