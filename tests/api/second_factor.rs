//! The second factor: set up, asked for, used once, lost, and insisted on for admins (reliability R7).

use chrono::TimeDelta;
use futures_util::future::join_all;
use guildhall::kernel::clock::Clock as _;
use serde_json::{Value, json};
use totp_rs::Totp;

use crate::support::answer::Answer;
use crate::support::app::{SECRET, TestApp};
use crate::support::person::Person;

const TOTP: &str = "/v1/me/totp";
const OTHER_PASSWORD: &str = "nine purple umbrellas";

/// Somebody's authenticator app.
struct Authenticator(Totp);

impl Authenticator {
    fn of(begun: &Answer) -> Self {
        let app = Totp::from_url(begun.text_at("/otpauth_uri")).expect("a URI that apps read");
        assert_eq!(app.secret().to_base32(), begun.text_at("/secret"));
        Self(app)
    }

    /// The code that it shows so many seconds from now.
    fn code(&self, app: &TestApp, seconds: i64) -> String {
        let now = app.clock.now().utc().timestamp() + seconds;
        self.0.generate(u64::try_from(now).expect("a time after 1970")).to_string()
    }
}

async fn begin(person: &Person) -> Authenticator {
    Authenticator::of(&person.post(TOTP, json!({})).await.expect(200))
}

async fn confirm(person: &Person, code: &str) -> Answer {
    person.post("/v1/me/totp/confirm", json!({ "totp": code })).await
}

fn texts(codes: &Answer) -> Vec<String> {
    let codes = codes.at("/recovery_codes").as_array().cloned().unwrap_or_default();
    codes.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

/// Sets the second factor up; the person's app and recovery codes.
async fn enrol(app: &TestApp, person: &Person) -> (Authenticator, Vec<String>) {
    let authenticator = begin(person).await;
    let codes = texts(&confirm(person, &authenticator.code(app, 0)).await.expect(200));
    assert_eq!(codes.len(), 10);
    app.advance(TimeDelta::seconds(30)).await;
    (authenticator, codes)
}

async fn login(person: &Person, password: &str, totp: &str) -> Answer {
    let body = json!({ "email": person.email, "password": password, "totp": totp });
    person.anonymous().post("/v1/auth/login", body).await
}

async fn state(person: &Person) -> (bool, i64, bool) {
    let state = person.get(TOTP).await.expect(200);
    let (enabled, left, required) = (state.at("/enabled"), state.at("/recovery_codes_left"), state.at("/required"));
    assert_eq!(state.at("/since").is_null(), *enabled == json!(false));
    (enabled.as_bool().expect("yes or no"), left.as_i64().expect("a number"), required.as_bool().expect("yes or no"))
}

async fn audited(app: &TestApp) -> Vec<(String, String)> {
    use diesel::prelude::*;
    use guildhall::db::schema::audit_entries::dsl;
    let steps = dsl::audit_entries.filter(dsl::action.like("auth.second_factor%").or(dsl::action.like("auth.recovery%")));
    app.read(move |conn| steps.select((dsl::action, dsl::role)).order(dsl::id).load(conn)).await
}

#[actix_web::test]
async fn a_second_factor_is_asked_for_once_it_is_confirmed() {
    let app = TestApp::start().await;
    let here = app.client().await;
    let there = here.sign_in().await;
    assert_eq!(state(&here).await, (false, 0, false));
    confirm(&here, "123456").await.problem(409, "conflict");
    let forgotten = begin(&here).await;
    let authenticator = begin(&here).await;
    assert_ne!(forgotten.0, authenticator.0, "beginning again makes another secret");
    here.login(&here.password).await.expect(200);
    for wrong in [forgotten.code(&app, 0), authenticator.code(&app, 90), "abcdef".to_owned()] {
        confirm(&here, &wrong).await.faults(&["/totp"]);
    }
    let codes = confirm(&here, &authenticator.code(&app, 0)).await.expect(200);
    assert_eq!((state(&here).await, texts(&codes).len()), ((true, 10, false), 10));
    there.get("/v1/me").await.problem(401, "not-signed-in");
    confirm(&here, &authenticator.code(&app, 30)).await.problem(409, "conflict");
    here.post(TOTP, json!({})).await.problem(409, "conflict");
    // Nothing tells a stranger which accounts have one.
    here.login("not the password").await.problem(401, "not-signed-in");
    login(&here, "not the password", &authenticator.code(&app, 30)).await.problem(401, "not-signed-in");
    let asked = here.login(&here.password).await.problem(401, "second-factor-required");
    assert!(asked.text_at("/detail").contains("`totp`"), "{}", asked.text);
    login(&here, &here.password, "").await.problem(401, "second-factor-required");
    login(&here, &here.password, &authenticator.code(&app, 0)).await.problem(401, "second-factor-wrong");
    app.advance(TimeDelta::seconds(30)).await;
    let code = authenticator.code(&app, 0);
    let (first, last) = code.split_at(3);
    let signed = login(&here, &here.password, &format!("{first} {last}")).await.expect(200);
    here.with_pair(&signed).get("/v1/organization").await.expect(200);
    assert_eq!(app.mails(&here, "Your second factor is on").await.len(), 1);
    assert_eq!(audited(&app).await, [("auth.second_factor_on".to_owned(), "client".to_owned())]);
}

#[actix_web::test]
async fn a_code_is_good_once_and_only_near_its_time() {
    let app = TestApp::start().await;
    let person = app.developer().await;
    let (authenticator, _) = enrol(&app, &person).await;
    app.advance(TimeDelta::minutes(5)).await;
    for (seconds, status) in [(-60, 401), (60, 401), (-30, 200), (-30, 401), (30, 200), (30, 401), (0, 401)] {
        let answer = login(&person, &person.password, &authenticator.code(&app, seconds)).await;
        assert_eq!(answer.status, status, "{seconds}: {}", answer.text);
    }
    app.advance(TimeDelta::minutes(5)).await;
    let code = authenticator.code(&app, 0);
    let answers = join_all((0..16).map(|_| login(&person, &person.password, &code))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:#?}");
    // Confirming used its code up as well.
    let other = app.developer().await;
    let begun = begin(&other).await;
    confirm(&other, &begun.code(&app, 0)).await.expect(200);
    login(&other, &other.password, &begun.code(&app, 0)).await.problem(401, "second-factor-wrong");
}

#[actix_web::test]
async fn a_recovery_code_stands_in_once_and_its_owner_is_told() {
    let app = TestApp::start().await;
    let (person, stranger) = (app.client().await, app.client().await);
    let (_, codes) = enrol(&app, &person).await;
    let (_, foreign) = enrol(&app, &stranger).await;
    login(&person, &person.password, &foreign[0]).await.problem(401, "second-factor-wrong");
    let answers = join_all((0..16).map(|_| login(&person, &person.password, &codes[0]))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:#?}");
    app.advance(TimeDelta::seconds(1)).await;
    let person = person.with_pair(&login(&person, &person.password, &codes[1].replace('-', "").to_lowercase()).await.expect(200));
    assert_eq!(state(&person).await, (true, 8, false));
    let told = app.mails(&person, "A recovery code was used").await;
    assert!(told.len() == 2 && told[1].text().contains("8 are left."), "{told:#?}");
    let renewed = person.post("/v1/me/totp/recovery-codes", json!({})).await.expect(200);
    assert_eq!(texts(&renewed).len(), 10);
    login(&person, &person.password, &codes[2]).await.problem(401, "second-factor-wrong");
    login(&person, &person.password, &texts(&renewed)[2]).await.expect(200);
    assert_eq!(app.mails(&person, "You have new recovery codes").await.len(), 1);
}

#[actix_web::test]
async fn it_is_changed_only_soon_after_a_sign_in() {
    let app = TestApp::start().await;
    let person = app.client().await;
    person.delete(TOTP).await.problem(409, "conflict");
    person.post("/v1/me/totp/recovery-codes", json!({})).await.problem(409, "conflict");
    let begun = begin(&person).await;
    app.advance(TimeDelta::minutes(15) + TimeDelta::seconds(1)).await;
    let late = person.with_pair(&person.renew().await.expect(200));
    late.post(TOTP, json!({})).await.problem(403, "sign-in-too-old");
    confirm(&late, &begun.code(&app, 0)).await.expect(200);
    late.delete(TOTP).await.problem(403, "sign-in-too-old");
    late.post("/v1/me/totp/recovery-codes", json!({})).await.problem(403, "sign-in-too-old");
    app.advance(TimeDelta::seconds(30)).await;
    let fresh = person.with_pair(&login(&person, &person.password, &begun.code(&app, 0)).await.expect(200));
    fresh.delete(TOTP).await.expect(204);
    assert_eq!(state(&fresh).await, (false, 0, false));
    person.login(&person.password).await.expect(200);
    assert_eq!(app.mails(&person, "Your second factor is off").await.len(), 1);
    person.anonymous().delete(TOTP).await.problem(401, "not-signed-in");
}

#[actix_web::test]
async fn a_new_password_leaves_it_on_and_the_house_can_take_it_off() {
    let app = TestApp::start().await;
    let person = app.client().await;
    enrol(&app, &person).await;
    person.post("/v1/auth/password/forgot", json!({ "email": person.email })).await.expect(202);
    let token = app.newest_mail(&person, "Reset your password").await.token();
    person.post("/v1/auth/password/reset", json!({ "token": token, "password": OTHER_PASSWORD })).await.expect(200);
    person.login(OTHER_PASSWORD).await.problem(401, "second-factor-required");
    let email = || person.email.parse().expect("an address");
    app.house.accounts.reset_second_factor(email()).await.expect("a reset");
    let again = app.house.accounts.reset_second_factor(email()).await.expect_err("nothing left to reset");
    assert_eq!(again.detail, "This account has no second factor.");
    person.login(OTHER_PASSWORD).await.expect(200);
    assert_eq!(app.mails(&person, "Your second factor was removed").await.len(), 1);
    assert_eq!(audited(&app).await.last(), Some(&("auth.second_factor_reset".to_owned(), "system".to_owned())));
}

#[actix_web::test]
async fn an_admin_without_one_may_only_set_it_up_where_the_house_insists() {
    let app = TestApp::with(&[("auth.admin_totp", "always")]).await;
    let (admin, client) = (app.admin().await, app.client().await);
    for path in ["/v1/admin/users", "/v1/me/sessions", "/v1/trials"] {
        admin.get(path).await.problem(403, "second-factor-not-enrolled");
    }
    admin.patch("/v1/me", json!({ "name": "Another name" })).await.problem(403, "second-factor-not-enrolled");
    admin.post("/v1/skills", json!({ "slug": "x" })).await.problem(403, "second-factor-not-enrolled");
    admin.get("/v1/me").await.expect(200);
    assert_eq!(state(&admin).await, (false, 0, true));
    client.get("/v1/me/sessions").await.expect(200);
    let (authenticator, _) = enrol(&app, &admin).await;
    admin.get("/v1/admin/users").await.expect(200);
    let signed = admin.with_pair(&login(&admin, &admin.password, &authenticator.code(&app, 0)).await.expect(200));
    signed.get("/v1/admin/users").await.expect(200);
    signed.delete(TOTP).await.expect(204);
    signed.get("/v1/admin/users").await.problem(403, "second-factor-not-enrolled");
    signed.post("/v1/auth/logout", json!({})).await.expect(204);
    // On one's own machine nobody insists.
    let app = TestApp::start().await;
    app.admin().await.get("/v1/admin/users").await.expect(200);
}

#[actix_web::test]
async fn a_dump_of_the_database_makes_no_codes_and_a_new_secret_of_the_house_loses_none() {
    let app = TestApp::start().await;
    let person = app.client().await.with("idempotency-key", "the-same-key");
    let begun = person.post(TOTP, json!({})).await.expect(200);
    let other = person.post(TOTP, json!({})).await.expect(200);
    assert_ne!(begun.text_at("/secret"), other.text_at("/secret"), "no answer is kept for a repeat");
    let authenticator = Authenticator::of(&other);
    let codes = texts(&confirm(&person, &authenticator.code(&app, 0)).await.expect(200));
    let dump = app.dump();
    for secret in codes.iter().chain([&begun.text_at("/secret"), &other.text_at("/secret")]) {
        assert!(!dump.contains(secret.as_str()) && !dump.contains(&secret.replace('-', "")), "{secret} is in the database");
    }
    let rotated = [("auth.secret", "another secret of the tests that is as long"), ("auth.previous_secrets", SECRET)];
    let node = app.another_node_with(&rotated).await;
    node.house.accounts.forget_what_is_over().await.expect("housekeeping");
    let later = app.another_node_with(&rotated[..1]).await;
    app.advance(TimeDelta::seconds(30)).await;
    login(&person.at(&later.base()), &person.password, &authenticator.code(&app, 0)).await.expect(200);
    login(&person.at(&later.base()), &person.password, &codes[0]).await.expect(200);
}
