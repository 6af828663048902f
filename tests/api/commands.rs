//! The operator's commands, by the real binary: what they print, what they change, and how they refuse.

use std::fmt::Write as _;
use std::path::Path;

use chrono::TimeDelta;
use diesel::prelude::*;
use guildhall::db::schema::{outbox, timers, users};
use guildhall::db::{Conn, migrate};
use guildhall::kernel::clock::{Clock as _, Instant, SystemClock};
use guildhall::kernel::words::Word as _;
use guildhall::notifications::domain::LetterKind;
use guildhall::notifications::outbox::MailState;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::database::TestDatabase;
use crate::support::process::Launch;
use crate::support::provider::{CLIENT_ID, CLIENT_SECRET, IdentityProvider};
use crate::support::seeds::{profile, with};
use crate::support::smtp::SmtpServer;

async fn prepared() -> (TestDatabase, SmtpServer, Launch) {
    let (database, smtp) = (TestDatabase::prepared().await, SmtpServer::start().await);
    let launch = Launch::new(&database.url(), &smtp.url());
    (database, smtp, launch)
}

fn write(launch: &Launch, name: &str, text: &str) -> String {
    let path = launch.folder().join(name);
    std::fs::write(&path, text).expect("a file");
    path.to_string_lossy().into_owned()
}

/// The lines of a report, without the spaces that put them under each other.
fn lines(report: &str) -> Vec<String> {
    report.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[actix_web::test]
async fn settings_are_shown_with_where_they_come_from_and_without_secrets() {
    let (database, smtp, launch) = prepared().await;
    let file = write(&launch, "own.toml", "# ours\n[limits]\nburst = 7\n");
    let launch = launch.with("GUILDHALL_MAIL__URL", &smtp.url().replace("smtp://", "smtp://user:hidden@"));
    let shown = launch.command_ends(&["config", "--config", &file]).await.fine();
    let lines = lines(&shown);
    for expected in [
        "auth.secret = \"… 49 bytes\" # GUILDHALL_AUTH__SECRET".to_owned(),
        format!("limits.burst = 7 # {file}, line 3"),
        "server.body_limit = 65536 # default".to_owned(),
        format!("mail.url = \"{}\" # GUILDHALL_MAIL__URL", smtp.url().replace("smtp://", "smtp://…@")),
    ] {
        assert!(lines.contains(&expected), "{expected} is not in {shown}");
    }
    assert!(!shown.contains("hidden") && !shown.contains("a secret of the tests"), "{shown}");
    assert!(shown.contains(database.url().rsplit('/').next().expect("a name")), "{shown}");
    assert_eq!(
        launch.command_ends(&["config", "check", "--config", &file]).await.fine(),
        "the settings are good: development, 10 of them set here\n"
    );
    let file = write(&launch, "wrong.toml", "[limits]\nbrust = 7\n[server]\nbody_limits = 1\n");
    for command in [
        &["config", "--config", &file][..],
        &["config", "check", "--config", &file],
        &["serve", "--config", &file],
        &["doctor", "--config", &file],
    ] {
        let said = launch.command_ends(command).await.refused();
        for fault in [
            format!("`limits.brust` ({file}, line 2) is no setting; did you mean `limits.burst`?"),
            format!("`server.body_limits` ({file}, line 4) is no setting; did you mean `server.body_limit`?"),
        ] {
            assert!(said.contains(&fault), "{said}");
        }
    }
}

#[actix_web::test]
async fn a_doctor_finds_what_is_wrong_and_says_what_to_do() {
    let (database, smtp, launch) = prepared().await;
    let report = launch.command_ends(&["doctor"]).await.fine();
    for expected in [
        "ok settings development",
        "ok database ",
        "ok schema current",
        "ok clock ",
        "look admins none: make one",
        "ok work nothing is late",
        "ok mail the mail server answers",
        "ok secret auth.secret: 49 bytes",
    ] {
        assert!(lines(&report).iter().any(|line| line.starts_with(expected)), "{expected} is not in {report}");
    }
    let admin = ["admin", "create", "--email", "admin@example.com", "--name", "An admin"];
    launch.command_ends(&admin).await.fine();
    let (now, mut conn) = (SystemClock.now(), database.connect());
    let late = now.plus(TimeDelta::minutes(-30));
    diesel::insert_into(timers::table)
        .values((timers::subject.eq("a trial"), timers::step.eq("start"), timers::room.eq("trials"), timers::due_at.eq(late)))
        .execute(&mut conn)
        .expect("a timer");
    diesel::update(outbox::table).set(outbox::state.eq(MailState::Dead)).execute(&mut conn).expect("a mail");
    let report = launch.command_ends(&["doctor"]).await.fine();
    for expected in ["ok admins 1", "look work trials is 30 min behind", "look work 1 mails were given up"] {
        assert!(lines(&report).iter().any(|line| line.starts_with(expected)), "{expected} is not in {report}");
    }
    // A clock that has gone back, and a mail server that is not there.
    let ahead = now.plus(TimeDelta::hours(1)).micros();
    let note = match &conn {
        Conn::Sqlite(_) => format!("INSERT INTO changes (kind, subject, at) VALUES ('user', 'x', {ahead})"),
        Conn::Postgres(_) => "INSERT INTO changes (kind, subject, at) VALUES ('user', 'x', now() + interval '1 hour')".to_owned(),
    };
    diesel::sql_query(note).execute(&mut conn).expect("a change");
    let report = launch.clone().with("GUILDHALL_MAIL__URL", "smtp://127.0.0.1:1").command_ends(&["doctor"]).await.refused();
    for expected in ["WRONG clock the newest change was written 35", "WRONG mail "] {
        assert!(lines(&report).iter().any(|line| line.starts_with(expected)), "{expected} is not in {report}");
    }
    assert!(!report.contains("admin@example.com"));
    drop(smtp);
}

#[actix_web::test]
async fn a_doctor_asks_those_whom_people_sign_in_with() {
    let (_database, _smtp, launch) = prepared().await;
    let provider = IdentityProvider::start();
    let launch = launch.with("GUILDHALL_SERVER__FRONTEND_URL", "https://app.example");
    let own = [("OWN", "oidc", provider.issuer()), ("HUB", "github", provider.hub())];
    let launch = own.iter().fold(launch, |launch, (name, kind, issuer)| {
        let settings = [("KIND", *kind), ("ISSUER", issuer), ("CLIENT_ID", CLIENT_ID), ("CLIENT_SECRET", CLIENT_SECRET)];
        settings.into_iter().fold(launch, |launch, (key, value)| launch.with(&format!("GUILDHALL_AUTH__PROVIDERS__{name}__{key}"), value))
    });
    let said = |report: &str| lines(report).into_iter().filter(|line| line.contains("sign-in")).collect::<Vec<_>>();
    let report = launch.command_ends(&["doctor"]).await.fine();
    assert_eq!(said(&report), ["ok sign-in `hub` answers", "ok sign-in `own` answers"]);
    provider.break_down(true);
    let wrong = "WRONG sign-in the provider `own` of identities: it answered 502; nobody can sign in with it";
    let report = launch.command_ends(&["doctor"]).await.refused();
    assert_eq!(said(&report), ["ok sign-in `hub` answers", wrong]);
    let elsewhere = launch.with("GUILDHALL_AUTH__PROVIDERS__HUB__ISSUER", "http://127.0.0.1:1");
    let report = elsewhere.command_ends(&["doctor"]).await.refused();
    let refused = "WRONG sign-in the provider `hub` of identities: no answer: Connection refused";
    assert!(said(&report).iter().any(|line| line.starts_with(refused)), "{report}");
}

#[actix_web::test]
async fn a_doctor_makes_no_database_and_names_one_that_is_away() {
    let smtp = SmtpServer::start().await;
    let launch = Launch::new("sqlite:own/guildhall.db", &smtp.url());
    let report = launch.command_ends(&["doctor"]).await.fine();
    assert!(report.contains("own/guildhall.db is not there yet"), "{report}");
    assert!(!launch.folder().join("own").exists(), "it only looks");
    let launch = Launch::new("postgres://nobody:hidden@127.0.0.1:1/none", &smtp.url());
    let report = launch.command_ends(&["doctor"]).await.refused();
    assert!(report.contains("WRONG  database") && !report.contains("hidden"), "{report}");
    let behind = TestDatabase::empty();
    drop(behind.connect());
    let report = Launch::new(&behind.url(), &smtp.url()).command_ends(&["doctor"]).await.fine();
    assert!(lines(&report).iter().any(|line| line.starts_with("look schema behind by ")), "{report}");
}

#[actix_web::test]
async fn a_backup_of_a_living_database_comes_back() {
    let (_database, smtp, launch) = prepared().await;
    let mut process = launch.start_ready().await;
    let early = process.person(&smtp, "client").await;
    let copy = launch.folder().join("copy.db").to_string_lossy().into_owned();
    if !launch.uses_sqlite() {
        let said = launch.command_ends(&["backup", &copy]).await.refused();
        assert!(said.contains("pg_dump") && !Path::new(&copy).exists(), "{said}");
        let said = launch.command_ends(&["restore", &copy]).await.refused();
        assert!(said.contains("pg_restore"), "{said}");
        return;
    }
    let made = launch.command_ends(&["backup", &copy]).await.fine();
    assert!(made.contains("whole") && made.contains("keep auth.secret as well"), "{made}");
    let said = launch.command_ends(&["backup", &copy]).await.refused();
    assert!(said.contains("there already"), "{said}");
    let late = process.person(&smtp, "client").await;
    let said = launch.command_ends(&["restore", &copy]).await.refused();
    assert!(said.contains("is in use: stop every `guildhall`"), "{said}");
    late.get("/v1/me").await.expect(200);
    process.terminate();
    assert!(process.ended().await.0.success());
    let restored = launch.command_ends(&["restore", &copy]).await.fine();
    assert!(restored.contains("what was there is in "), "{restored}");
    let process = launch.start_ready().await;
    let (early, late) = (early.at(&process.base()), late.at(&process.base()));
    early.get("/v1/me").await.expect(200);
    late.get("/v1/me").await.expect(401);
    late.login(&late.password).await.expect(401);
}

#[actix_web::test]
async fn skills_are_imported_and_each_bad_row_is_told() {
    let (database, _smtp, launch) = prepared().await;
    let good = json!({ "slug": "zig-build", "name": "Zig Build", "category": "tool", "aliases": ["Zig  Builder"] });
    let bad = [
        "{\"slug\": \"half".to_owned(),
        json!({ "slug": "Not A Slug", "name": "", "category": "tool" }).to_string(),
        json!({ "slug": "new-one", "name": "New", "category": "tool", "aliases": ["golang"] }).to_string(),
        json!({ "slug": "zig-builder", "name": "Other", "category": "tool", "aliases": ["zig builder"] }).to_string(),
        format!("{{\"slug\": \"{}\"}}", "x".repeat(300_000)),
    ];
    let file = write(&launch, "skills.jsonl", &format!("{}\n\n{}\n{}\n{}\n{}\n{}", bad[0], good, bad[1], bad[2], bad[3], bad[4]));
    let report = launch.command_ends(&["skills", "import", &file]).await.refused();
    let lines: Vec<&str> = report.lines().collect();
    let begins = [
        "line 1: is no JSON: ",
        "line 4: /name ",
        "line 5: /aliases/0 already names the skill `go`",
        "line 6: /aliases/0 already names the skill `zig-build`",
        "line 7: is longer than 262144 bytes",
        "1 added, 0 changed, 0 there already, 5 refused",
    ];
    assert_eq!(lines.len(), begins.len(), "{report}");
    assert!(lines.iter().zip(begins).all(|(line, begins)| line.starts_with(begins)), "{report}");
    assert!(lines[1].contains("; /slug "), "every fault of a row is told: {report}");
    // The mended file, twice: what is there stays, what has changed is changed.
    let file = write(
        &launch,
        "skills.jsonl",
        &format!(
            "{}\n{}",
            with(good.clone(), json!({ "name": "Zig Build System" })),
            json!({ "slug": "new-one", "name": "New", "category": "tool" })
        ),
    );
    for expected in ["1 added, 1 changed, 0 there already, 0 refused\n", "0 added, 0 changed, 2 there already, 0 refused\n"] {
        assert_eq!(launch.command_ends(&["skills", "import", &file]).await.fine(), expected);
    }
    let app = TestApp::on(database, &[]).await;
    let skill = app.anonymous().get("/v1/skills/zig%20builder").await.expect(200);
    assert_eq!((skill.text_at("/slug"), skill.text_at("/name")), ("zig-build".to_owned(), "Zig Build System".to_owned()));
    let said = launch.command_ends(&["skills", "import", "nowhere.jsonl"]).await.refused();
    assert!(said.contains("nowhere.jsonl: "), "{said}");
}

/// A row for a developer.
fn row(email: &str) -> serde_json::Value {
    json!({ "email": email, "name": "A developer", "profile": profile() })
}

#[actix_web::test]
async fn invited_developers_choose_a_password_and_apply_like_everybody() {
    let (_database, smtp, launch) = prepared().await;
    let process = launch.start_ready().await;
    let client = process.person(&smtp, "client").await;
    let invited = process.somebody("invited");
    let rows = [
        row(&invited.email).to_string(),
        with(row("x"), json!({ "profile": { "hours_per_week": 400, "skills": [{ "slug": "no such skill", "level": 9, "years": 1 }] } }))
            .to_string(),
        row(&client.email).to_string(),
        row(&invited.email.to_uppercase()).to_string(),
        json!({ "email": "bare@example.com", "name": "Bare" }).to_string(),
    ];
    let file = write(&launch, "developers.jsonl", &rows.join("\n"));
    let report = launch.command_ends(&["developers", "import", &file]).await.refused();
    let lines: Vec<&str> = report.lines().collect();
    assert_eq!(lines.len(), 3, "{report}");
    for pointer in ["line 2: /email ", "; /profile/hours_per_week ", "; /profile/skills/0/level ", "; /profile/skills/0/slug "] {
        assert!(lines[0].contains(pointer), "{pointer} is not in {report}");
    }
    assert_eq!(
        lines[1..],
        ["line 3: /email is the address of an account that is no developer's", "2 added, 0 changed, 1 there already, 2 refused"]
    );
    assert!(![&invited, &client].iter().any(|person| report.contains(&person.email)), "a report names nobody");
    let mail = smtp.wait_for(&invited.email, |mail| mail.subject() == "Choose your password").await;
    invited.login(&invited.password).await.expect(401);
    let choose = json!({ "token": mail.token(), "password": invited.password });
    invited.post("/v1/auth/password/reset", choose).await.expect(200);
    let invited = invited.sign_in().await;
    let mine = invited.get("/v1/developers/me").await.expect(200);
    assert_eq!((mine.at("/headline"), mine.at("/vetting")), (&profile()["headline"], &serde_json::Value::Null), "{}", mine.text);
    invited.post("/v1/vetting/applications", json!({})).await.expect(201);
    // Again: nobody is invited twice, and whoever was changes nothing.
    let report = launch.command_ends(&["developers", "import", &file]).await.refused();
    assert!(report.ends_with("0 added, 0 changed, 3 there already, 2 refused\n"), "{report}");
    invited.get("/v1/me").await.expect(200);
}

#[actix_web::test]
async fn whoever_does_not_follow_an_invitation_is_forgotten() {
    let app = TestApp::start().await;
    let done = app.house.developers.import(vec![row("silent@example.com")], 7).await.expect("an import");
    assert_eq!(done, [guildhall::kernel::imported::Imported::Added]);
    let there = async || app.read(|conn| users::table.filter(users::email.eq("silent@example.com")).count().get_result::<i64>(conn)).await;
    assert_eq!(there().await, 1);
    app.advance(TimeDelta::days(8)).await;
    assert_eq!(there().await, 0, "with the draft of a profile");
}

#[actix_web::test]
async fn an_import_of_many_is_begun_anew_after_a_kill() {
    let (database, _smtp, launch) = prepared().await;
    let mut text = String::new();
    for number in 0..2_500 {
        writeln!(text, "{}", json!({ "email": format!("many{number}@example.com"), "name": "One of many" })).expect("a line");
    }
    let file = write(&launch, "many.jsonl", &text);
    let count = |conn: &mut Conn| users::table.count().get_result::<i64>(conn).expect("a number");
    let mut conn = database.connect();
    let mut import = launch.begin(&["developers", "import", &file]);
    while count(&mut conn) == 0 {
        assert!(import.try_wait().expect("a child").is_none(), "it is under way");
        tokio::task::yield_now().await;
    }
    import.kill().expect("a kill");
    import.wait().expect("an end");
    let before = count(&mut conn);
    assert_eq!(before % 1_000, if before == 2_500 { 500 } else { 0 }, "whole thousands are in");
    let report = launch.command_ends(&["developers", "import", &file]).await.fine();
    assert_eq!(report, format!("{} added, 0 changed, {before} there already, 0 refused\n", 2_500 - before));
    let mails: i64 = outbox::table.count().get_result(&mut conn).expect("a number");
    assert_eq!((count(&mut conn), mails), (2_500, 2_500), "each has one mail");
}

#[actix_web::test]
async fn admins_are_listed() {
    let (_database, _smtp, launch) = prepared().await;
    assert_eq!(launch.command_ends(&["admin", "list"]).await.fine(), "");
    for email in ["first@example.com", "second@example.com"] {
        launch.command_ends(&["admin", "create", "--email", email, "--name", "An admin"]).await.fine();
    }
    launch.command_ends(&["admin", "disable", "first@example.com"]).await.fine();
    let today = Instant::date(SystemClock.now());
    let listed = lines(&launch.command_ends(&["admin", "list"]).await.fine());
    let expected = [("suspended", "first"), ("active", "second")];
    let expected = expected.map(|(status, who)| format!("{status} no second factor since {today} {who}@example.com An admin"));
    assert_eq!(listed, expected);
}

#[actix_web::test]
async fn an_import_brings_a_file_up_to_date_and_no_server() {
    let (database, smtp) = (TestDatabase::empty(), SmtpServer::start().await);
    let launch = Launch::new(&database.url(), &smtp.url());
    let file = write(&launch, "none.jsonl", "");
    let ended = launch.command_ends(&["skills", "import", &file]).await;
    if launch.uses_sqlite() {
        assert_eq!(ended.fine(), "0 added, 0 changed, 0 there already, 0 refused\n");
        assert!(migrate::pending(&mut database.connect()).expect("migrations").is_empty());
    } else {
        assert!(ended.refused().contains("run `guildhall migrate`"));
    }
}

#[actix_web::test]
async fn migrations_are_named_before_and_after_they_are_applied() {
    let (database, smtp) = (TestDatabase::empty(), SmtpServer::start().await);
    let launch = Launch::new(&database.url(), &smtp.url());
    let all = migrate::pending(&mut database.connect()).expect("migrations").join(", ");
    assert_eq!(launch.command_ends(&["migrate", "--status"]).await.fine(), format!("applied: none\npending: {all}\n"));
    assert_eq!(launch.command_ends(&["migrate"]).await.fine(), format!("applied: {all}\n"));
    assert_eq!(launch.command_ends(&["migrate"]).await.fine(), "applied: nothing was pending\n");
    assert_eq!(launch.command_ends(&["migrate", "--status"]).await.fine(), format!("applied: {all}\npending: none\n"));
}

#[actix_web::test]
async fn every_kind_of_mail_can_be_looked_at_without_a_database() {
    let launch = Launch::new("postgres://nobody@127.0.0.1:1/none", "smtp://127.0.0.1:1");
    let folder = launch.folder().join("mails");
    launch.command_ends(&["mail", "preview", "--to", &folder.to_string_lossy()]).await.fine();
    for kind in LetterKind::ALL {
        let page = std::fs::read_to_string(folder.join(format!("{kind}.html"))).expect("a page of each kind");
        assert!(page.starts_with("<!doctype html>") && page.contains("Hello Jo Do,"), "{kind}: {page}");
    }
    let text = launch.command_ends(&["mail", "preview", "verify_email", "--text"]).await.fine();
    assert!(text.contains("https://guildhall.example/verify-email?token=preview") && !text.contains('<'), "{text}");
    let said = launch.command_ends(&["mail", "preview", "no_such_mail"]).await.refused();
    assert!(said.contains("there is no mail `no_such_mail`; leave it out to render all"), "{said}");
    let said = launch.command_ends(&["mail", "preview"]).await.refused();
    assert!(said.contains("--to FOLDER"), "{said}");
}
