//! The real binary at its most talkative: whatever happens, no secret is in what it says, in the list of processes, or in an
//! answer, and each event stays one line (reliability R49, R59).

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::database::TestDatabase;
use crate::support::person::Person;
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
/// Where it writes.
const OUT: &str = "out";
const LOG: &str = "log";
const PATIENCE: Duration = Duration::from_secs(60);

/// The binary, in a folder of its own, which goes with it.
struct Binary {
    child: Child,
    folder: PathBuf,
    base: String,
}

impl Binary {
    async fn start(database: &TestDatabase, smtp: &SmtpServer) -> Self {
        let folder = std::env::temp_dir().join(format!("guildhall-leaks-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        // Whom the cluster trusts may name any password.
        let database = database.url().replacen("postgres://guildhall@", &format!("postgres://guildhall:{DATABASE_PASSWORD}@"), 1);
        let variables = [
            ("RUST_LOG", "trace"),
            ("RUST_BACKTRACE", "full"),
            ("GUILDHALL_AUTH__SECRET", KEY),
            ("GUILDHALL_AUTH__PREVIOUS_SECRETS", OLD_KEY),
            ("GUILDHALL_DATABASE__URL", &database),
            ("GUILDHALL_LIMITS__ENABLED", "false"),
            ("GUILDHALL_MAIL__URL", &smtp.url().replacen("smtp://", &format!("smtp://house:{MAIL_PASSWORD}@"), 1)),
            ("GUILDHALL_SERVER__LISTEN", "127.0.0.1:0"),
        ];
        let run = |arguments: &[&str]| {
            let [out, log] = [OUT, LOG].map(|name| File::options().create(true).append(true).open(folder.join(name)).expect("a file"));
            let mut command = Command::new(env!("CARGO_BIN_EXE_guildhall"));
            command.env_clear().envs(variables).args(arguments).current_dir(&folder);
            command.stdin(Stdio::piped()).stdout(out).stderr(log).spawn().expect("the binary")
        };
        for email in ADMINS {
            let mut made = run(&["admin", "create", "--email", email, "--name", "An admin", "--password-stdin"]);
            writeln!(made.stdin.take().expect("its input"), "{PASSWORD}").expect("a line");
            assert!(made.wait().expect("an end").success());
        }
        let child = run(&["serve", "--migrate"]);
        let mut started = Self { child, folder, base: String::new() };
        let listening = async {
            loop {
                if let Some((_, rest)) = started.said().split_once("listening on http://") {
                    return format!("http://{}", rest.split('"').next().unwrap_or_default());
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        started.base = tokio::time::timeout(PATIENCE, listening).await.unwrap_or_else(|_| panic!("it does not start: {}", started.said()));
        while started.somebody("nobody").get("/readyz").await.status != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        started
    }

    /// Everything that it has written there.
    fn said_in(&self, name: &str) -> String {
        String::from_utf8_lossy(&std::fs::read(self.folder.join(name)).expect("a file")).into_owned()
    }

    /// Its log so far.
    fn said(&self) -> String {
        self.said_in(LOG)
    }

    /// How others on this machine see it.
    fn command_line(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(format!("/proc/{}/cmdline", self.child.id())).expect("a process")).into_owned()
    }

    fn somebody(&self, word: &str) -> Person {
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().expect("an HTTP client");
        Person::new(http, self.base.clone(), &format!("{word}@canary.example")).with_password(PASSWORD)
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        drop((self.child.kill(), self.child.wait()));
        drop(std::fs::remove_dir_all(&self.folder));
    }
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
                secret.replace(' ', "+"),
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
async fn join(binary: &Binary, smtp: &SmtpServer, secrets: &mut Secrets, role: &str) -> Person {
    let person = binary.somebody(role);
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
async fn main_job(binary: &Binary, client: &Person, developer: &Person) {
    let [reviewer, approver] = ADMINS.map(|email| binary.somebody("admin").with_email(email));
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
async fn faults(binary: &Binary, smtp: &SmtpServer, secrets: &mut Secrets, person: &Person) {
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
    let address = binary.base.trim_start_matches("http://").parse().expect("an address");
    let forged = "%0d%0a%7b%22level%22:%22ERROR%22,%22forged%22:1%7d";
    for mark in ["", "\u{1b}[31m"] {
        let word = format!("{mark}{{\"forged\":1}}");
        let request = format!(
            "GET /v1/skills/{forged}?q={forged}&{forged}=1 HTTP/1.1\r\nHost: x\r\nUser-Agent: a\tb{word}\r\nReferer: {word}\r\n\
             X-Request-Id: {word}\r\nX-Forwarded-For: {word}\r\nIdempotency-Key: {word}\r\nIf-Match: {word}\r\nContent-Type: {word}\r\n\r\n"
        );
        raw::ask(address, request.as_bytes()).await;
    }
    again.patch("/v1/me", json!({ "name": "{\"forged\":1}" })).await.expect(200);
}

#[actix_web::test]
async fn the_binary_keeps_every_secret_and_one_event_is_one_line() {
    let (database, smtp) = (TestDatabase::prepared().await, SmtpServer::start().await);
    let mut secrets = Secrets(Vec::new());
    for (name, secret) in [
        ("the signing key", KEY),
        ("the signing key of before", OLD_KEY),
        ("the mail server's password", MAIL_PASSWORD),
        ("the database's password", DATABASE_PASSWORD),
        ("a password", PASSWORD),
        ("a private note", NOTES),
    ] {
        secrets.keep(name, secret);
    }
    let binary = Binary::start(&database, &smtp).await;
    let client = join(&binary, &smtp, &mut secrets, "client").await;
    let developer = join(&binary, &smtp, &mut secrets, "developer").await;
    let renewed = client.with_pair(&client.renew().await.expect(200));
    secrets.keep_all_of("the client, renewed", &renewed);
    main_job(&binary, &renewed, &developer).await;
    faults(&binary, &smtp, &mut secrets, &renewed).await;

    let said = binary.said();
    assert!(secrets.0.len() > 15 && said.contains("\"TRACE\"") && said.contains("mail sent"), "the test looks where things are");
    secrets.insist_on_absence("the log", &said);
    secrets.insist_on_absence("what it prints", &binary.said_in(OUT));
    secrets.insist_on_absence("the list of processes", &binary.command_line());
    for line in said.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(event.get("forged").is_none() && event["timestamp"].is_string(), "{line}");
    }
}
