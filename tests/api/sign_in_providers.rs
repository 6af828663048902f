//! Signing in with a provider of identities: OpenID Connect and GitHub, against a provider of the tests' own.

use std::collections::HashMap;

use chrono::TimeDelta;
use futures_util::future::join_all;
use guildhall::kernel::clock::Clock as _;
use serde_json::{Value, json};
use totp_rs::Totp;

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::person::Person;
use crate::support::provider::{CLIENT_ID, CLIENT_SECRET, IdentityProvider, Lie, Somebody};
use crate::support::smtp::Received;

const START: &str = "/v1/auth/providers/own/start";
const FINISH: &str = "/v1/auth/providers/own/finish";
const LINK: &str = "/v1/auth/providers/own/link";
const IDENTITIES: &str = "/v1/me/identities";

/// A provider, and a house that knows it as `own` and, as it has what GitHub has, as `hub`.
async fn start() -> (TestApp, IdentityProvider) {
    start_with(&[]).await
}

async fn start_with(more: &[(&str, &str)]) -> (TestApp, IdentityProvider) {
    let provider = IdentityProvider::start();
    let (issuer, hub) = (provider.issuer(), provider.hub());
    let settings = [
        ("server.frontend_url", "https://app.example"),
        ("auth.providers.own.issuer", issuer.as_str()),
        ("auth.providers.own.client_id", CLIENT_ID),
        ("auth.providers.own.client_secret", CLIENT_SECRET),
        ("auth.providers.hub.kind", "github"),
        ("auth.providers.hub.issuer", hub.as_str()),
        ("auth.providers.hub.client_id", CLIENT_ID),
        ("auth.providers.hub.client_secret", CLIENT_SECRET),
    ];
    let app = TestApp::with(&[settings.as_slice(), more].concat()).await;
    provider.keep_time(app.clock.clone());
    (app, provider)
}

async fn begin(app: &TestApp, name: &str) -> Answer {
    app.anonymous().post(&format!("/v1/auth/providers/{name}/start"), json!({})).await.expect(200)
}

/// Somebody's browser goes there and comes back: what to finish with.
async fn visit(app: &TestApp, provider: &IdentityProvider, name: &str, somebody: &Somebody) -> Value {
    let begun = begin(app, name).await;
    let (page, code, state) = provider.visit(&begun.text_at("/authorization_url"), somebody).await;
    assert_eq!(page, format!("https://app.example/sign-in/{name}"));
    json!({ "code": code, "state": state, "browser_token": begun.text_at("/browser_token") })
}

/// The same with more members.
fn with(body: &Value, more: Value) -> Value {
    let mut body = body.clone();
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

fn client_details() -> Value {
    json!({ "role": "client", "name": "A client", "organization_name": "A payments company" })
}

/// Somebody who has registered with the provider, signed in.
async fn registered(app: &TestApp, provider: &IdentityProvider, somebody: &Somebody) -> Person {
    let body = with(&visit(app, provider, "own", somebody).await, client_details());
    let person = app.anonymous().with_email(&somebody.email);
    let pair = person.post(FINISH, body).await.expect(200);
    person.with_pair(&pair)
}

/// Who signs in with the provider from now on, of somebody who has an account.
async fn linked(app: &TestApp, provider: &IdentityProvider, person: &Person, subject: &str) -> Somebody {
    let somebody = Somebody::new(subject, &person.email);
    person.post(LINK, visit(app, provider, "own", &somebody).await).await.expect(200);
    somebody
}

async fn finish(app: &TestApp, provider: &IdentityProvider, somebody: &Somebody) -> Answer {
    app.anonymous().post(FINISH, visit(app, provider, "own", somebody).await).await
}

async fn audited(app: &TestApp, word: &'static str) -> Vec<String> {
    use diesel::prelude::*;
    use guildhall::db::schema::audit_entries::dsl;
    let entries = dsl::audit_entries.filter(dsl::action.eq(word)).order(dsl::id).select(dsl::details_json);
    app.read(move |conn| entries.load(conn)).await
}

#[actix_web::test]
async fn who_is_new_registers_and_signs_in_from_then_on() {
    let (app, provider) = start().await;
    let jo = Somebody::new("jo-1", "Jo@Example.com");
    let shown = app.anonymous().get("/v1/auth/providers").await.expect(200);
    assert_eq!(
        shown.json,
        json!({ "data": [{ "name": "hub", "kind": "github" }, { "name": "own", "kind": "oidc" }], "next_cursor": null })
    );
    let body = visit(&app, &provider, "own", &jo).await;
    let asked = app.anonymous().post(FINISH, body.clone()).await.problem(409, "registration-required");
    assert_eq!(asked.text_at("/email"), "Jo@example.com");
    app.anonymous().post(FINISH, with(&body, json!({ "role": "client" }))).await.problem(409, "registration-required");
    app.anonymous().post(FINISH, with(&body, json!({ "role": "admin", "name": "Jo" }))).await.faults(&["/role"]);
    let pair = app.anonymous().post(FINISH, with(&body, client_details())).await.expect(200);
    let person = app.anonymous().with_pair(&pair);
    let me = person.get("/v1/me").await.expect(200);
    assert_eq!((me.text_at("/email"), me.text_at("/organization/name")), ("Jo@example.com".into(), "A payments company".into()));
    person.renew().await.expect(200);
    app.anonymous().post(FINISH, with(&body, client_details())).await.faults(&["/state"]);
    app.advance(TimeDelta::hours(1)).await;
    let again = person.with_pair(&finish(&app, &provider, &jo).await.expect(200));
    assert_eq!(again.get("/v1/me").await.expect(200).text_at("/id"), me.text_at("/id"));
    let own = again.get(IDENTITIES).await.expect(200);
    let (id, one) = (own.text_at("/data/0/id"), own.at("/data/0"));
    let expected = json!({ "id": id, "provider": "own", "issuer": provider.issuer(),
        "created_at": "2026-11-23T10:00:00Z", "last_used_at": "2026-11-23T11:00:00Z" });
    assert_eq!((one, own.at("/data").as_array().map(Vec::len)), (&expected, Some(1)));
    assert_eq!(audited(&app, "auth.sign_in").await, [r#"{"provider":"own"}"#, r#"{"provider":"own"}"#]);
    // Nothing is to be verified; whoever owns the address hears of the account.
    let mails: Vec<String> = app.smtp.received_by("Jo@example.com").iter().map(Received::subject).collect();
    assert_eq!(mails, ["You can sign in with own now"]);
    // There is no password; one is chosen by mail.
    person.with_email("jo@example.com").login(&person.password).await.problem(401, "not-signed-in");
}

#[actix_web::test]
async fn what_is_sent_along_is_bound_and_nothing_of_it_is_kept() {
    let (app, provider) = start().await;
    let begun = begin(&app, "own").await;
    let url = url::Url::parse(&begun.text_at("/authorization_url")).expect("a URL");
    let sent: HashMap<String, String> = url.query_pairs().into_owned().collect();
    let fixed = ["response_type", "client_id", "code_challenge_method", "redirect_uri", "scope"].map(|name| sent[name].as_str());
    assert_eq!(fixed, ["code", CLIENT_ID, "S256", "https://app.example/sign-in/own", "openid email"]);
    assert_eq!((sent["code_challenge"].len(), sent["nonce"].len()), (43, 43));
    assert_eq!(begun.text_at("/expires_at"), "2026-11-23T10:10:00Z");
    let other = begin(&app, "own").await;
    assert_ne!(other.text_at("/browser_token"), begun.text_at("/browser_token"));
    let dump = app.dump();
    let (_, seal) = sent["state"].split_once('.').expect("a seal");
    for secret in [seal, sent["nonce"].as_str(), sent["code_challenge"].as_str(), begun.text_at("/browser_token").as_str()] {
        assert!(!dump.contains(secret), "{secret} is in the database");
    }
    app.anonymous().post("/v1/auth/providers/nobody/start", json!({})).await.problem(404, "not-found");
    let jo = visit(&app, &provider, "own", &Somebody::new("jo-1", "jo@example.com")).await;
    app.anonymous().post("/v1/auth/providers/nobody/finish", jo).await.problem(404, "not-found");
    app.advance(TimeDelta::minutes(16)).await;
    app.house.accounts.forget_what_is_over().await.expect("housekeeping");
    use diesel::prelude::*;
    let left = app.read(|conn| guildhall::db::schema::provider_sign_ins::table.count().get_result::<i64>(conn)).await;
    assert_eq!(left, 0, "what was never finished is forgotten");
}

#[actix_web::test]
async fn what_is_not_to_be_believed_signs_nobody_in() {
    let (app, provider) = start().await;
    let jo = Somebody::new("jo-1", "jo@example.com");
    registered(&app, &provider, &jo).await;
    for lie in Lie::ALL {
        provider.lie(Some(lie));
        let body = visit(&app, &provider, "own", &jo).await;
        let refused = app.anonymous().post(FINISH, body.clone()).await;
        assert_eq!((refused.status, refused.pointers()), (422, vec!["/code"]), "{lie:?}: {}", refused.text);
        provider.lie(None);
        app.anonymous().post(FINISH, body).await.faults(&["/state"]);
    }
    finish(&app, &provider, &jo).await.expect(200);
    let body = visit(&app, &provider, "own", &jo).await;
    app.anonymous().post(FINISH, with(&body, json!({ "code": "made up" }))).await.faults(&["/code"]);
}

#[actix_web::test]
async fn the_provider_may_replace_its_keys() {
    let (app, provider) = start().await;
    let jo = Somebody::new("jo-1", "jo@example.com");
    registered(&app, &provider, &jo).await;
    provider.rotate();
    finish(&app, &provider, &jo).await.faults(&["/code"]);
    app.advance(TimeDelta::minutes(1)).await;
    finish(&app, &provider, &jo).await.expect(200);
    provider.sign_with_rsa();
    app.advance(TimeDelta::minutes(1)).await;
    finish(&app, &provider, &jo).await.expect(200);
}

/// Sixteen sign-ins that begin at once: how each was answered.
async fn begin_together(app: &TestApp) -> Vec<u16> {
    let strangers = app.anonymous();
    let answers = join_all((0..16).map(|_| strangers.post(START, json!({})))).await;
    answers.iter().map(|answer| answer.status).collect()
}

#[actix_web::test]
async fn one_asks_the_provider_for_all_and_one_that_is_down_is_left_alone_for_a_while() {
    let (app, provider) = start().await;
    provider.break_down(true);
    assert_eq!((begin_together(&app).await, provider.discoveries()), (vec![503; 16], 1));
    provider.break_down(false);
    let down = app.anonymous().post(START, json!({})).await.problem(503, "unavailable");
    assert!(!down.text.contains("127.0.0.1"), "{}", down.text);
    app.clock.advance(TimeDelta::seconds(15));
    assert_eq!((begin_together(&app).await, provider.discoveries()), (vec![200; 16], 2));
    assert_eq!((begin_together(&app).await, provider.discoveries()), (vec![200; 16], 2), "it is kept for an hour");
    // Then it is asked again; what it said before is good as long as it says nothing.
    provider.break_down(true);
    app.clock.advance(TimeDelta::hours(1));
    assert_eq!((begin_together(&app).await, provider.discoveries()), (vec![200; 16], 3));
    provider.break_down(false);
    app.clock.advance(TimeDelta::seconds(15));
    assert_eq!((begin_together(&app).await, provider.discoveries()), (vec![200; 16], 4));
    assert_eq!((begin_together(&app).await, provider.discoveries()), (vec![200; 16], 4));
}

#[actix_web::test]
async fn who_has_begun_too_often_is_refused_before_the_provider_is_asked() {
    let limits = [("limits.enabled", "true"), ("limits.sign_in_failures_per_address", "2")];
    let (app, provider) = start_with(&limits).await;
    provider.break_down(true);
    for (status, discoveries) in [(503, 1), (503, 2), (429, 2)] {
        let refused = app.anonymous().post(START, json!({})).await;
        assert_eq!((refused.status, provider.discoveries()), (status, discoveries));
        app.clock.advance(TimeDelta::seconds(15));
    }
}

#[actix_web::test]
async fn a_proof_is_good_once_for_ten_minutes_and_for_the_browser_that_began() {
    let (app, provider) = start().await;
    let jo = Somebody::new("jo-1", "jo@example.com");
    registered(&app, &provider, &jo).await;
    let (mine, theirs) = (visit(&app, &provider, "own", &jo).await, visit(&app, &provider, "own", &jo).await);
    let crossed = with(&mine, json!({ "browser_token": theirs["browser_token"] }));
    app.anonymous().post(FINISH, crossed).await.faults(&["/state"]);
    app.anonymous().post(FINISH, with(&mine, json!({ "state": "nonsense" }))).await.faults(&["/state"]);
    let state = mine["state"].as_str().expect("a text");
    app.anonymous().post(FINISH, with(&mine, json!({ "state": format!("{state}x") }))).await.faults(&["/state"]);
    app.anonymous().post("/v1/auth/providers/hub/finish", mine.clone()).await.faults(&["/state"]);
    let person = app.anonymous();
    let answers = join_all((0..16).map(|_| person.post(FINISH, mine.clone()))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:#?}");
    app.clock.advance(TimeDelta::minutes(10));
    app.anonymous().post(FINISH, theirs).await.faults(&["/state"]);
}

#[actix_web::test]
async fn only_an_address_that_the_provider_vouches_for_counts() {
    let (app, provider) = start().await;
    for verified in [json!(false), json!("true"), json!(null)] {
        let doubtful = Somebody { verified, ..Somebody::new("jo-1", "jo@example.com") };
        let body = with(&visit(&app, &provider, "own", &doubtful).await, client_details());
        app.anonymous().post(FINISH, body).await.problem(403, "address-not-verified");
    }
    // Nor does it name an account that has it.
    let person = app.client().await;
    let doubtful = Somebody { verified: json!(false), ..Somebody::new("jo-1", &person.email) };
    finish(&app, &provider, &doubtful).await.problem(403, "address-not-verified");
    // Whoever is linked is known by more than an address.
    let jo = linked(&app, &provider, &person, "jo-2").await;
    let moved = Somebody { verified: json!(false), email: "elsewhere@example.com".to_owned(), ..jo };
    finish(&app, &provider, &moved).await.expect(200);
}

#[actix_web::test]
async fn an_account_with_the_address_opens_by_its_password_alone() {
    let (app, provider) = start().await;
    let person = app.client().await;
    let jo = Somebody::new("jo-1", &person.email.to_uppercase());
    let body = visit(&app, &provider, "own", &jo).await;
    let refused = app.anonymous().post(FINISH, with(&body, client_details())).await.problem(409, "account-exists");
    assert!(refused.text_at("/detail").contains("`password`"), "{}", refused.text);
    app.anonymous().post(FINISH, with(&body, json!({ "password": "not the password" }))).await.problem(401, "not-signed-in");
    assert_eq!(person.get(IDENTITIES).await.expect(200).at("/data"), &json!([]));
    let pair = app.anonymous().post(FINISH, with(&body, json!({ "password": person.password }))).await.expect(200);
    let id = person.get("/v1/me").await.expect(200).text_at("/id");
    assert_eq!(person.with_pair(&pair).get("/v1/me").await.expect(200).text_at("/id"), id);
    assert_eq!(app.mails(&person, "You can sign in with own now").await.len(), 1);
    finish(&app, &provider, &jo).await.expect(200);
    // Another identity with the same address is not linked beside it.
    let twin = with(&visit(&app, &provider, "own", &Somebody::new("jo-2", &person.email)).await, json!({ "password": person.password }));
    app.anonymous().post(FINISH, twin).await.problem(409, "conflict");
}

#[actix_web::test]
async fn guesses_at_the_password_are_counted_as_at_a_sign_in() {
    let limits = [("limits.enabled", "true"), ("limits.requests_per_second", "10000"), ("limits.burst", "10000")];
    let (app, provider) = start_with(&limits).await;
    let (person, strangers) = (app.verified("client").await, app.anonymous());
    let body = visit(&app, &provider, "own", &Somebody::new("jo-1", &person.email)).await;
    for _ in 0..10 {
        strangers.post(FINISH, with(&body, json!({ "password": "not the password" }))).await.problem(401, "not-signed-in");
    }
    strangers.post(FINISH, with(&body, json!({ "password": person.password }))).await.problem(429, "too-many-requests");
    person.login(&person.password).await.problem(429, "too-many-requests");
    let begun = join_all((0..120).map(|_| strangers.post(START, json!({})))).await;
    assert_eq!(begun.iter().filter(|answer| answer.status == 200).count(), 99, "one was begun before");
}

#[actix_web::test]
async fn a_registration_that_nobody_has_verified_is_no_account() {
    let (app, provider) = start().await;
    let squatter = app.registered("developer").await;
    let token = app.mail(&squatter, "Verify your e-mail").await.token();
    let owner = registered(&app, &provider, &Somebody::new("jo-1", &squatter.email)).await;
    assert_eq!(owner.get("/v1/me").await.expect(200).text_at("/role"), "client");
    squatter.login(&squatter.password).await.problem(401, "not-signed-in");
    squatter.post("/v1/auth/verify-email", json!({ "token": token })).await.faults(&["/token"]);
}

/// Switches a second factor on; its app.
async fn enrol(app: &TestApp, person: &Person) -> Totp {
    let begun = person.post("/v1/me/totp", json!({})).await.expect(200);
    let totp = Totp::from_url(begun.text_at("/otpauth_uri")).expect("a URI that apps read");
    person.post("/v1/me/totp/confirm", json!({ "totp": code(app, &totp) })).await.expect(200);
    app.advance(TimeDelta::seconds(30)).await;
    totp
}

fn code(app: &TestApp, totp: &Totp) -> String {
    totp.generate(u64::try_from(app.clock.now().utc().timestamp()).expect("a time after 1970")).to_string()
}

#[actix_web::test]
async fn a_second_factor_is_asked_for_here_too() {
    let (app, provider) = start().await;
    let person = app.client().await;
    let jo = linked(&app, &provider, &person, "jo-1").await;
    let totp = enrol(&app, &person).await;
    let body = visit(&app, &provider, "own", &jo).await;
    app.anonymous().post(FINISH, body.clone()).await.problem(401, "second-factor-required");
    app.anonymous().post(FINISH, with(&body, json!({ "totp": "abcdef" }))).await.problem(401, "second-factor-wrong");
    let code = code(&app, &totp);
    app.anonymous().post(FINISH, with(&body, json!({ "totp": code }))).await.expect(200);
    app.anonymous().post(FINISH, with(&body, json!({ "totp": code }))).await.faults(&["/state"]);
    let again = visit(&app, &provider, "own", &jo).await;
    app.anonymous().post(FINISH, with(&again, json!({ "totp": code }))).await.problem(401, "second-factor-wrong");
}

#[actix_web::test]
async fn a_link_is_of_one_account_and_is_taken_off_unless_it_is_the_last_way_in() {
    let (app, provider) = start().await;
    let (person, stranger) = (app.client().await, app.client().await);
    let jo = linked(&app, &provider, &person, "jo-1").await;
    app.advance(TimeDelta::seconds(1)).await;
    let theirs = visit(&app, &provider, "own", &jo).await;
    stranger.post(LINK, theirs).await.problem(409, "conflict");
    person.post(LINK, visit(&app, &provider, "own", &jo).await).await.expect(200);
    person.post(LINK, visit(&app, &provider, "own", &Somebody::new("jo-2", "x@example.com")).await).await.problem(409, "conflict");
    person.anonymous().post(LINK, visit(&app, &provider, "own", &jo).await).await.problem(401, "not-signed-in");
    let path = format!("{IDENTITIES}/{}", person.get(IDENTITIES).await.expect(200).text_at("/data/0/id"));
    stranger.delete(&path).await.problem(404, "not-found");
    person.delete(&path).await.expect(204);
    finish(&app, &provider, &jo).await.problem(409, "account-exists");
    assert_eq!(app.mails(&person, "You can sign in with own now").await.len(), 1);
    assert_eq!(app.mails(&person, "You no longer sign in with own").await.len(), 1);
    assert_eq!(audited(&app, "auth.identity_unlinked").await.len(), 1);
    // Who has nothing else keeps it, until there is a password.
    let new = registered(&app, &provider, &Somebody::new("sam-1", "sam@example.com")).await;
    let only = format!("{IDENTITIES}/{}", new.get(IDENTITIES).await.expect(200).text_at("/data/0/id"));
    let refused = new.delete(&only).await.problem(409, "conflict");
    assert!(refused.text_at("/detail").contains("last way in"), "{}", refused.text);
    new.post("/v1/auth/password/forgot", json!({ "email": new.email })).await.expect(202);
    let token = app.newest_mail(&new, "Reset your password").await.token();
    new.post("/v1/auth/password/reset", json!({ "token": token, "password": "nine purple umbrellas" })).await.expect(200);
    // A link from a mail takes off whatever else opens the account: it is linked anew.
    let new = new.with_pair(&new.login("nine purple umbrellas").await.expect(200));
    linked(&app, &provider, &new, "sam-1").await;
    let only = format!("{IDENTITIES}/{}", new.get(IDENTITIES).await.expect(200).text_at("/data/0/id"));
    app.advance(TimeDelta::minutes(16)).await;
    let late = new.with_pair(&new.renew().await.expect(200));
    late.delete(&only).await.problem(403, "sign-in-too-old");
    let body = visit(&app, &provider, "own", &Somebody::new("sam-2", "sam@example.com")).await;
    late.post(LINK, body).await.problem(403, "sign-in-too-old");
    new.with_pair(&new.login("nine purple umbrellas").await.expect(200)).delete(&only).await.expect(204);
}

#[actix_web::test]
async fn whoever_shows_by_mail_that_an_account_is_theirs_is_alone_in_it() {
    let (app, provider) = start().await;
    // Somebody whose provider still vouches for an address that is another's by now.
    let former = Somebody::new("jo-1", "jo@example.com");
    let former_session = registered(&app, &provider, &former).await;
    let owner = app.anonymous().with_email("jo@example.com");
    owner.post("/v1/auth/password/forgot", json!({ "email": owner.email })).await.expect(202);
    let token = app.newest_mail(&owner, "Reset your password").await.token();
    owner.post("/v1/auth/password/reset", json!({ "token": token, "password": "nine purple umbrellas" })).await.expect(200);
    former_session.get("/v1/me").await.problem(401, "not-signed-in");
    finish(&app, &provider, &former).await.problem(409, "account-exists");
    let owner = owner.with_pair(&owner.login("nine purple umbrellas").await.expect(200));
    assert_eq!(owner.get(IDENTITIES).await.expect(200).at("/data"), &json!([]));
    assert_eq!(app.mails(&owner, "You no longer sign in with own").await.len(), 1);
    // Nor is whoever came in with what is taken off.
    let identity = linked(&app, &provider, &owner, "jo-2").await;
    let thief = app.anonymous().with_pair(&finish(&app, &provider, &identity).await.expect(200));
    let path = format!("{IDENTITIES}/{}", owner.get(IDENTITIES).await.expect(200).text_at("/data/0/id"));
    owner.delete(&path).await.expect(204);
    thief.get("/v1/me").await.problem(401, "not-signed-in");
    owner.get("/v1/me").await.expect(200);
}

#[actix_web::test]
async fn an_account_that_was_made_for_somebody_opens_by_its_mail_alone() {
    let (app, provider) = start().await;
    let row = json!({ "email": "invited@example.com", "name": "A developer", "profile": crate::support::seeds::profile() });
    app.house.developers.import(vec![row], 7).await.expect("an import");
    let jo = Somebody::new("jo-1", "invited@example.com");
    let refused = finish(&app, &provider, &jo).await.problem(409, "account-exists");
    assert!(refused.text_at("/detail").contains("mail with an invitation"), "{}", refused.text);
    // The mail is lost or too old: another one does.
    let invited = app.anonymous().with_email("invited@example.com");
    invited.post("/v1/auth/password/forgot", json!({ "email": invited.email })).await.expect(202);
    let token = app.newest_mail(&invited, "Reset your password").await.token();
    invited.post("/v1/auth/password/reset", json!({ "token": token, "password": invited.password })).await.expect(200);
    linked(&app, &provider, &invited.sign_in().await, "jo-1").await;
    finish(&app, &provider, &jo).await.expect(200);
}

#[actix_web::test]
async fn who_is_kept_out_or_has_left_does_not_come_in_this_way() {
    let (app, provider) = start().await;
    let (kept_out, leaving) = (app.client().await, app.client().await);
    let (jo, sam) = (linked(&app, &provider, &kept_out, "jo-1").await, linked(&app, &provider, &leaving, "canary-of-sam").await);
    let export = leaving.get("/v1/me/export").await.expect(200);
    assert_eq!(export.text_at("/data/identities/0/subject"), "canary-of-sam");
    assert!(!export.text.contains("jo-1"), "nothing of others");
    app.suspend(&kept_out).await;
    let refused = finish(&app, &provider, &jo).await.problem(401, "not-signed-in");
    let usual = kept_out.login(&kept_out.password).await.problem(401, "not-signed-in");
    assert_eq!(refused.text_at("/detail"), usual.text_at("/detail"));
    // Each refusal costs a sign-in anew, of which there are so many: what is noted of them has its end.
    let body = visit(&app, &provider, "own", &jo).await;
    app.anonymous().post(FINISH, body.clone()).await.problem(401, "not-signed-in");
    app.anonymous().post(FINISH, body).await.faults(&["/state"]);
    // Whom an admin keeps out, unverified, is not made anew by whoever comes with the address.
    let unverified = app.registered("developer").await;
    app.suspend(&unverified).await;
    let body = with(&visit(&app, &provider, "own", &Somebody::new("jo-9", &unverified.email)).await, client_details());
    app.anonymous().post(FINISH, body).await.problem(409, "account-exists");
    leaving.send(reqwest::Method::DELETE, "/v1/me", Some(json!({ "password": leaving.password }))).await.expect(202);
    finish(&app, &provider, &sam).await.problem(401, "not-signed-in");
    app.advance(TimeDelta::days(3)).await;
    app.settle().await;
    let dump = app.dump();
    assert!(!dump.contains("canary-of-sam") && !dump.contains(&leaving.email), "everything is erased");
    finish(&app, &provider, &sam).await.problem(409, "registration-required");
}

#[actix_web::test]
async fn github_says_who_it_is_by_its_api() {
    let (app, provider) = start().await;
    let jo = Somebody::new("583231", "jo@example.com");
    let finish = "/v1/auth/providers/hub/finish";
    let body = visit(&app, &provider, "hub", &jo).await;
    app.anonymous().post(finish, with(&body, json!({ "code": "made up" }))).await.faults(&["/code"]);
    let body = visit(&app, &provider, "hub", &jo).await;
    let pair = app.anonymous().post(finish, with(&body, json!({ "role": "developer", "name": "Jo" }))).await.expect(200);
    let me = app.anonymous().with_pair(&pair).get("/v1/me").await.expect(200);
    assert_eq!((me.text_at("/email"), me.text_at("/role")), ("jo@example.com".to_owned(), "developer".to_owned()));
    let renamed = Somebody { email: "new@example.com".to_owned(), ..jo };
    let again = app.anonymous().post(finish, visit(&app, &provider, "hub", &renamed).await).await.expect(200);
    let found = app.anonymous().with_pair(&again).get("/v1/me").await.expect(200);
    assert_eq!(found.text_at("/id"), me.text_at("/id"), "the number is the person, not the address");
    let doubtful = Somebody { verified: json!(false), ..Somebody::new("7", "sam@example.com") };
    app.anonymous().post(finish, visit(&app, &provider, "hub", &doubtful).await).await.problem(403, "address-not-verified");
}
