//! The real binary at its most talkative: whatever happens, no secret is in what it says, in the list of processes, or in an
//! answer, and each event stays one line (reliability R49, R59).

use std::sync::Arc;

use guildhall::kernel::clock::{Clock as _, ManualClock, SystemClock};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::database::TestDatabase;
use crate::support::person::Person;
use crate::support::process::{Launch, Process};
use crate::support::provider::{CLIENT_ID, CLIENT_SECRET, IdentityProvider, Somebody};
use crate::support::raw;
use crate::support::seeds;
use crate::support::smtp::{Mode, SmtpServer};
use crate::support::stories;

const KEY: &str = "canary-key-that-signs-each-of-our-tokens";
const OLD_KEY: &str = "canary-key-that-signed-tokens-before-it";
const MAIL_PASSWORD: &str = "canary-of-the-mail-server";
const DATABASE_PASSWORD: &str = "canary-of-the-database";
const PASSWORD: &str = "canary of a password";
const NOTES: &str = "canary of a private note";
const ADMINS: [&str; 2] = ["reviewer@canary.example", "approver@canary.example"];

/// The binary with secrets of ours, and what the command line said when it made the admins.
async fn start(database: &TestDatabase, smtp: &SmtpServer, provider: &IdentityProvider) -> (Process, String) {
    // Whom the cluster trusts may name any password.
    let database = database.url().replacen("postgres://guildhall@", &format!("postgres://guildhall:{DATABASE_PASSWORD}@"), 1);
    let mail = smtp.url().replacen("smtp://", &format!("smtp://house:{MAIL_PASSWORD}@"), 1);
    let launch = Launch::new(&database, &mail).with("RUST_LOG", "trace").with("RUST_BACKTRACE", "full");
    let launch = launch.with("GUILDHALL_AUTH__SECRET", KEY).with("GUILDHALL_AUTH__PREVIOUS_SECRETS", OLD_KEY);
    let launch = ["own", "hub"].iter().fold(launch.with("GUILDHALL_SERVER__FRONTEND_URL", "https://app.example"), |launch, name| {
        let (kind, issuer) = if *name == "hub" { ("github", provider.hub()) } else { ("oidc", provider.issuer()) };
        let own = [("KIND", kind), ("ISSUER", &issuer), ("CLIENT_ID", CLIENT_ID), ("CLIENT_SECRET", CLIENT_SECRET)];
        let variable = |key: &str| format!("GUILDHALL_AUTH__PROVIDERS__{}__{key}", name.to_uppercase());
        own.into_iter().fold(launch, |launch, (key, value)| launch.with(&variable(key), value))
    });
    let said = ADMINS.map(|email| launch.make_admin(email, PASSWORD)).concat();
    (launch.start_ready().await, said)
}

fn somebody(process: &Process, word: &str) -> Person {
    process.somebody(word).with_password(PASSWORD)
}

/// What must be nowhere, with its name; tokens and codes by the part that seals them.
struct Secrets(Vec<(String, String)>);

impl Secrets {
    fn keep(&mut self, name: &str, secret: &str) {
        let sealed = secret.rsplit('.').next().unwrap_or(secret).to_owned();
        self.0.push((name.to_owned(), sealed));
    }

    fn keep_all_of(&mut self, name: &str, person: &Person) {
        self.keep(&format!("the access token of {name}"), &person.access);
        self.keep(&format!("the refresh token of {name}"), &person.refresh);
    }

    fn insist_on_absence(&self, place: &str, text: &str) {
        for (name, secret) in &self.0 {
            let encoded = [
                secret.clone(),
                base64(secret),
                base64(&format!("\0house\0{secret}")),
                url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
                secret.replace(' ', "%20"),
            ];
            for form in encoded {
                assert!(!text.contains(&form), "{name} is in {place}: {form}");
            }
        }
    }
}

fn base64(text: &str) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text)
}

/// Signs up, verifies and signs in; keeps whatever that needed.
async fn join(process: &Process, smtp: &SmtpServer, secrets: &mut Secrets, role: &str) -> Person {
    let person = somebody(process, role);
    person.register(role).await.expect(202);
    let code = smtp.wait_for(&person.email, |mail| mail.subject().starts_with("Verify")).await.token();
    secrets.keep(&format!("the verification code of a {role}"), &code);
    person.get(&format!("/verify-email?token={code}")).await.expect(200);
    person.post("/v1/auth/verify-email", json!({ "token": code })).await.expect(200);
    let person = person.sign_in().await;
    secrets.keep_all_of(role, &person);
    person
}

/// From the first application to an agreed trial, with notes that nobody else may read.
async fn main_job(process: &Process, client: &Person, developer: &Person) {
    let [reviewer, approver] = ADMINS.map(|email| somebody(process, "admin").with_email(email));
    let (reviewer, approver) = (reviewer.sign_in().await, approver.sign_in().await);
    let profile = developer.put("/v1/developers/me", stories::profile_body()).await.expect(200).text_at("/id");
    let application = stories::in_review(developer, &reviewer).await;
    for stage in ["profile_review", "screening_call", "technical_assessment", "technical_interview"] {
        let card = json!({ "criteria": [{ "criterion": "overall", "score": "strong_yes", "evidence": "Clear." }], "recommendation": "strong_yes",
            "verified_skills": [{ "slug": "go", "level": 5 }], "feedback": "Well done.", "private_notes": NOTES });
        reviewer.put(&format!("/v1/vetting/applications/{application}/scorecards/{stage}"), card).await.expect(200);
        stories::step(&reviewer, &application, "advance", json!({ "from_stage": stage })).await.expect(200);
    }
    stories::step(&approver, &application, "approve", json!({ "skills": [{ "slug": "go", "level": 5 }] })).await.expect(200);
    let starts_on = (chrono::Utc::now() + chrono::TimeDelta::days(7)).date_naive();
    let body = seeds::with(seeds::job_body(), json!({ "starts_on": starts_on }));
    let job = stories::open_job(client, body).await;
    client.get(&format!("/v1/job-requests/{job}/matches")).await.expect(200);
    client.put(&format!("/v1/job-requests/{job}/shortlist/{profile}"), json!({ "notes": NOTES })).await;
    let offer = seeds::with(seeds::offer_body(&job, &profile), json!({ "starts_on": starts_on }));
    let trial = client.post("/v1/trials", offer).await.expect(201).text_at("/id");
    developer.post(&format!("/v1/trials/{trial}/accept"), json!({})).await.expect(200);
}

/// Resets, wrong passwords, broken tokens, a mail server that refuses, a body and headers that are meant to confuse a log.
async fn faults(process: &Process, smtp: &SmtpServer, secrets: &mut Secrets, person: &Person) {
    person.post("/v1/auth/password/forgot", json!({ "email": person.email })).await.expect(202);
    let code = smtp.wait_for(&person.email, |mail| mail.subject().starts_with("Reset")).await.token();
    person.get(&format!("/reset-password?token={code}")).await.expect(200);
    person.post("/v1/auth/password/reset", json!({ "token": code, "password": "canary of a new password" })).await.expect(200);
    person.post("/v1/auth/password/reset", json!({ "token": code, "password": "canary of one more password" })).await.expect(422);
    person.login("canary of a wrong password").await.expect(401);
    for (name, secret) in [("the reset code", code.as_str()), ("a new password", "canary of a new password")] {
        secrets.keep(name, secret);
    }
    secrets.keep("a refused password", "canary of one more password");
    secrets.keep("a wrong password", "canary of a wrong password");
    person.with_access(&format!("{}x", person.access)).get("/v1/me").await.expect(401);
    let body = format!("{{\"email\":\"{}\",\"password\":\"canary of a torn password", person.email);
    secrets.keep("a torn password", "canary of a torn password");
    person.with("content-type", "application/json").send_bytes(Method::POST, "/v1/auth/login", body.into_bytes()).await.expect(400);
    smtp.set_mode(Mode::RefuseData(550));
    let again = person.with_password("canary of a new password").sign_in().await;
    secrets.keep_all_of("somebody who came back", &again);
    again.post("/v1/auth/password/forgot", json!({ "email": person.email })).await.expect(202);
    let forged = "%0d%0a%7b%22level%22:%22ERROR%22,%22forged%22:1%7d";
    for mark in ["", "\u{1b}[31m"] {
        let word = format!("{mark}{{\"forged\":1}}");
        let request = format!(
            "GET /v1/skills/{forged}?q={forged}&{forged}=1 HTTP/1.1\r\nHost: x\r\nUser-Agent: a\tb{word}\r\nReferer: {word}\r\n\
             X-Request-Id: {word}\r\nX-Forwarded-For: {word}\r\nIdempotency-Key: {word}\r\nIf-Match: {word}\r\nContent-Type: {word}\r\n\r\n"
        );
        raw::ask(process.address, request.as_bytes()).await;
    }
    again.patch("/v1/me", json!({ "name": "{\"forged\":1}" })).await.expect(200);
}

/// Somebody registers with each provider of identities, and comes back with what was used before.
async fn sign_ins(process: &Process, provider: &IdentityProvider, secrets: &mut Secrets) {
    provider.keep_time(Arc::new(ManualClock::new(SystemClock.now())));
    for (name, subject) in [("own", "1001"), ("hub", "1002")] {
        let person = process.somebody("stranger");
        let begun = person.post(&format!("/v1/auth/providers/{name}/start"), json!({})).await.expect(200);
        let (_, code, state) =
            provider.visit(&begun.text_at("/authorization_url"), &Somebody::new(subject, &format!("{name}@canary.example"))).await;
        let kept = begun.text_at("/browser_token");
        for (what, secret) in [("code", &code), ("state", &state), ("browser's token", &kept)] {
            secrets.keep(&format!("the {what} of {name}"), secret);
        }
        let body = json!({ "code": code, "state": state, "browser_token": kept, "role": "developer", "name": "A developer" });
        let finish = format!("/v1/auth/providers/{name}/finish");
        let pair = person.post(&finish, body.clone()).await.expect(200);
        secrets.keep_all_of(&format!("whoever came from {name}"), &person.with_pair(&pair));
        person.post(&finish, body).await.faults(&["/state"]);
    }
    let issued = provider.issued();
    assert_eq!(issued.len(), 3, "two access tokens and an ID token");
    issued.iter().for_each(|token| secrets.keep("a provider's token", token));
}

#[actix_web::test]
async fn the_binary_keeps_every_secret_and_one_event_is_one_line() {
    let (database, smtp, provider) = (TestDatabase::prepared().await, SmtpServer::start().await, IdentityProvider::start());
    let mut secrets = Secrets(Vec::new());
    for (name, secret) in [
        ("the signing key", KEY),
        ("the signing key of before", OLD_KEY),
        ("the mail server's password", MAIL_PASSWORD),
        ("the database's password", DATABASE_PASSWORD),
        ("what proves us to a provider", CLIENT_SECRET),
        ("a password", PASSWORD),
        ("a private note", NOTES),
    ] {
        secrets.keep(name, secret);
    }
    let (process, made) = start(&database, &smtp, &provider).await;
    let client = join(&process, &smtp, &mut secrets, "client").await;
    let developer = join(&process, &smtp, &mut secrets, "developer").await;
    let renewed = client.with_pair(&client.renew().await.expect(200));
    secrets.keep_all_of("the client, renewed", &renewed);
    main_job(&process, &renewed, &developer).await;
    faults(&process, &smtp, &mut secrets, &renewed).await;
    sign_ins(&process, &provider, &mut secrets).await;

    let said = process.said();
    assert!(secrets.0.len() > 15 && said.contains("\"TRACE\"") && said.contains("mail sent"), "the test looks where things are");
    secrets.insist_on_absence("the log", &said);
    secrets.insist_on_absence("what it prints", &process.printed());
    secrets.insist_on_absence("what the command line says", &made);
    secrets.insist_on_absence("the list of processes", &process.command_line());
    for line in said.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(event.get("forged").is_none() && event["timestamp"].is_string(), "{line}");
    }
}
