//! The audit log: who did and looked at what, written in the transaction of the deed, sealed, and found out when tampered
//! with (reliability R60, R61).

use chrono::TimeDelta;
use diesel::prelude::*;
use futures_util::future::{join, join_all};
use guildhall::audit::chain::{Anchor, Break, Verified};
use guildhall::db::Conn;
use guildhall::db::schema::audit_entries;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::logs;
use crate::support::person::Person;
use crate::support::seeds::{Scene, act, draft, rows};
use crate::support::stories::{in_review, step};

const AUDIT: &str = "/v1/admin/audit";

/// What is written about somebody or something, oldest first: the action and the role.
async fn written(admin: &Person, query: &str) -> Vec<String> {
    let page = admin.get(&format!("{AUDIT}?limit=100&{query}")).await.expect(200);
    let told = |row: &Value| format!("{} {}", row["action"].as_str().unwrap_or_default(), row["role"].as_str().unwrap_or_default());
    page.at("/data").as_array().expect("entries").iter().rev().map(told).collect()
}

async fn verify(app: &TestApp, expected: Option<Anchor>) -> Result<Verified, Break> {
    app.house.audit.verify(expected).await.expect("a database that answers")
}

/// Runs a statement that the database may refuse.
async fn is_refused(app: &TestApp, statement: &'static str) -> bool {
    app.house.db.write(move |conn| Ok(diesel::sql_query(statement).execute(conn)?)).await.is_err()
}

/// Takes away what keeps the log as it is, as somebody may who owns the database.
async fn disarm(app: &TestApp) {
    let on = |table| if app.house.db.url().is_sqlite() { String::new() } else { format!(" ON {table}") };
    for (trigger, table) in [
        ("audit_entries_add", "audit_entries"),
        ("audit_entries_seal", "audit_entries"),
        ("audit_entries_keep", "audit_entries"),
        ("audit_reasons_keep", "audit_reasons"),
        ("audit_head_grow", "audit_head"),
    ] {
        app.sql(format!("DROP TRIGGER {trigger}{}", on(table))).await;
    }
}

#[actix_web::test]
async fn each_step_and_each_look_of_an_admin_is_written_down() {
    let scene = Scene::start().await;
    let (admin, other) = (scene.app.admin().await, scene.app.admin().await);
    let me = admin.get("/v1/me").await.text_at("/id");
    let someone = scene.app.profiled_developer().await;
    let application = in_review(&someone.person, &admin).await;
    let held = json!({ "reason_code": "other", "message": "Waits for a document." });
    step(&admin, &application, "hold", held.clone()).await.expect(200);
    step(&admin, &application, "hold", held).await.expect(409);
    admin.get(&format!("/v1/vetting/applications/{application}")).await.expect(200);
    someone.person.get(&format!("/v1/vetting/applications/{application}")).await.expect(200);
    scene.app.clock.advance(TimeDelta::seconds(1));
    admin.get(&format!("/v1/developers/{}", someone.id)).await.expect(200);
    scene.client.get(&format!("/v1/developers/{}", scene.developer_id)).await.expect(200);
    admin.patch("/v1/skills/go", json!({ "name": "Go!" })).await.expect(200);
    let trial = scene.scheduled().await;
    act(&other, &trial, "cancel", json!({ "reason_code": "other", "message": "Both asked for it." })).await.expect(200);
    other.get(&format!("/v1/trials/{trial}")).await.expect(200);
    let all = admin.get(AUDIT).await.expect(200);
    let mut rows = all.at("/data").as_array().cloned().unwrap_or_default();
    rows.retain(|row| row["role"] == "admin" && !row["action"].as_str().is_some_and(|action| action.starts_with("auth.")));
    let told: Vec<_> = rows.iter().map(|row| (row["action"].as_str().unwrap_or_default(), row["reason"].as_str())).collect();
    assert_eq!(
        told,
        [
            ("trial.look", None),
            ("trial.cancel", Some("Both asked for it.")),
            ("skill.change", None),
            ("developer.look", None),
            ("vetting.look", None),
            ("vetting.hold", Some("Waits for a document.")),
            ("vetting.claim", None),
        ]
    );
    assert_eq!(rows[1]["details"], json!({ "reason_code": "other" }));
    assert!(rows[2..].iter().all(|row| row["actor"] == json!(me) && row["role"] == json!("admin")));
    let page = admin.get(&format!("{AUDIT}?actor={me}&limit=2")).await.expect(200);
    assert_eq!(page.at("/data"), &json!(rows[2..4]));
    let next = admin.get(&format!("{AUDIT}?actor={me}&limit=2&cursor={}", page.text_at("/next_cursor"))).await.expect(200);
    assert_eq!(next.at("/data"), &json!(rows[4..6]));
    let about = admin.get(&format!("{AUDIT}?subject={application}&actor={me}")).await.expect(200);
    assert_eq!(about.at("/data"), &json!(rows[4..]));
    let since = admin.get(&format!("{AUDIT}?since=2026-11-23T10:00:01Z&actor={me}")).await.expect(200);
    assert_eq!(since.at("/data"), &json!(rows[2..4]));
    admin.get(&format!("{AUDIT}?actor=nobody")).await.expect(422);
}

#[actix_web::test]
async fn who_signs_in_and_who_is_refused_is_written_down() {
    let app = TestApp::start().await;
    let (admin, client) = (app.admin().await, app.client().await);
    let me = client.get("/v1/me").await.text_at("/id");
    client.login("a wrong password").await.expect(401);
    app.anonymous().login("a wrong password").await.expect(401);
    client.get(AUDIT).await.problem(403, "not-allowed");
    client.post("/v1/auth/logout", json!({})).await.expect(204);
    assert_eq!(
        written(&admin, &format!("actor={me}")).await,
        ["auth.register client", "auth.verify_email client", "auth.sign_in client", "access.refused client", "auth.sign_out client"]
    );
    let refusal = admin.get(&format!("{AUDIT}?subject={AUDIT}")).await.expect(200);
    assert_eq!((refusal.at("/data/0/details"), refusal.at("/data/0/actor")), (&json!({ "method": "GET" }), &json!(me)));
    assert_eq!(written(&admin, &format!("subject={me}")).await.last().map(String::as_str), Some("auth.sign_in_failed system"));
    assert_eq!(written(&admin, "subject=nobody").await, ["auth.sign_in_failed system"]);
}

#[actix_web::test]
async fn each_step_of_a_lifecycle_is_written_down_with_its_actor() {
    let mut scene = Scene::start().await;
    let trial = scene.active().await;
    scene.client.get(&format!("/v1/developers/{}", scene.developer_id)).await.expect(200);
    let message = "Words between the two of us.";
    act(&scene.client, &trial, "end-together", json!({ "message": message })).await.expect(200);
    act(&scene.developer, &trial, "agree", json!({})).await.expect(200);
    let steps =
        ["trial.offer client", "trial.accept developer", "trial.start system", "trial.end-together client", "trial.agree developer"];
    assert_eq!(written(&scene.admin, &format!("subject={trial}")).await, steps);
    let job = format!("subject={}", scene.job);
    let steps = ["job_request.create client", "job_request.open client", "job_request.fill system", "job_request.reopen system"];
    assert_eq!(written(&scene.admin, &job).await, steps);
    let looks = written(&scene.admin, &format!("subject={}", scene.developer_id)).await;
    assert!(looks.contains(&"developer.look client".to_owned()), "a client reads who the developer is: {looks:?}");
    let log = scene.admin.get(&format!("{AUDIT}?limit=100")).await.expect(200).text;
    assert!(!log.contains(message), "what parties say to each other stays with them");
}

#[actix_web::test]
async fn a_request_is_known_by_one_name_in_log_audit_and_mail() {
    logs::keep();
    let scene = Scene::start().await;
    let trial = scene.offered().await;
    act(&scene.developer.with("x-request-id", "request-of-a-test-7"), &trial, "accept", json!({})).await.expect(200);
    scene.app.settle().await;
    let entry = scene.admin.get(&format!("{AUDIT}?subject={trial}&limit=1")).await.expect(200);
    assert_eq!(
        (entry.text_at("/data/0/action"), entry.text_at("/data/0/request_id")),
        ("trial.accept".into(), "request-of-a-test-7".into())
    );
    let mails = scene.admin.get("/v1/admin/outbox?limit=100").await.expect(200);
    let mails = mails.at("/data").as_array().expect("mails").clone();
    let accepted = mails.iter().find(|mail| mail["kind"] == "trial_accepted").expect("a mail");
    assert_eq!(accepted["request_id"], "request-of-a-test-7");
    let logged = logs::text();
    let about = |word: &str| logged.lines().any(|line| line.contains("request-of-a-test-7") && line.contains(word));
    assert!(about("answered") && about("mail sent"), "the log names the request where it is answered and where its mail goes");
}

#[actix_web::test]
async fn a_change_and_its_entry_stand_or_fall_together() {
    let scene = Scene::start().await;
    let trial = scene.offered().await;
    scene.app.settle().await;
    let (before, entries) = (rows(&scene.app).await, written(&scene.admin, &format!("subject={trial}")).await);
    // Without the table of what follows the entry, the step fails after it; without that of the entries, at it.
    for table in ["outbox", "audit_entries"] {
        scene.app.sql(format!("ALTER TABLE {table} RENAME TO elsewhere")).await;
        let failed = act(&scene.developer, &trial, "accept", json!({})).await;
        scene.app.sql(format!("ALTER TABLE elsewhere RENAME TO {table}")).await;
        assert!(failed.status >= 500, "{}", failed.text);
        assert_eq!(scene.stand(&trial).await, "offered");
        assert_eq!(rows(&scene.app).await, before);
        assert_eq!(written(&scene.admin, &format!("subject={trial}")).await, entries);
    }
    act(&scene.developer, &trial, "accept", json!({})).await.expect(200);
    assert_eq!(written(&scene.admin, &format!("subject={trial}")).await.len(), entries.len() + 1);
}

#[actix_web::test]
async fn entries_are_added_and_never_changed() {
    let app = TestApp::start().await;
    app.client().await;
    app.settle().await;
    for statement in [
        "UPDATE audit_entries SET action = 'nothing'",
        "UPDATE audit_entries SET position = position + 100",
        "DELETE FROM audit_entries",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET position = 1",
        "UPDATE audit_reasons SET reason = 'another'",
    ] {
        // There is a reason to change only once an admin has given one; PostgreSQL refuses without looking.
        let nothing = statement.contains("reasons") && app.house.db.url().is_sqlite();
        assert_eq!(is_refused(&app, statement).await, !nothing, "{statement}");
    }
    if !app.house.db.url().is_sqlite() {
        assert!(is_refused(&app, "TRUNCATE audit_entries CASCADE").await);
    } else {
        let replace = "INSERT OR REPLACE INTO audit_entries (id, at, role, action, subject, details_json) \
             SELECT id, at, role, 'nothing', subject, details_json FROM audit_entries";
        assert!(is_refused(&app, replace).await);
    }
    verify(&app, None).await.expect("a log that is whole");
}

/// A log with a few entries, one of them with a reason, whose guards are gone; and its end.
async fn unguarded() -> (TestApp, Anchor) {
    let app = TestApp::start().await;
    let (admin, client) = (app.admin().await, app.client().await);
    let user = client.get("/v1/me").await.text_at("/id");
    admin.post(&format!("/v1/admin/users/{user}/suspend"), json!({ "message": "Asked for it." })).await.expect(200);
    app.settle().await;
    let whole = verify(&app, None).await.expect("a log that is whole");
    assert!(whole.head.position > 5 && whole.erased_reasons == 0, "{whole:?}");
    verify(&app, Some(whole.head.clone())).await.expect("a log that comes past its own end");
    disarm(&app).await;
    (app, whole.head)
}

/// What is found after these statements, without and with knowing where the log ended before.
async fn after(statements: &'static [&'static str]) -> (Result<i64, String>, Result<i64, String>, i64) {
    let (app, head) = unguarded().await;
    let all = move |conn: &mut Conn| {
        for statement in statements {
            diesel::sql_query(*statement).execute(conn)?;
        }
        Ok(())
    };
    app.house.db.write(all).await.expect("a database without guards");
    app.settle().await;
    let found = |done: Result<Verified, Break>| done.map(|whole| whole.erased_reasons).map_err(|broken| told(&broken));
    (found(verify(&app, None).await), found(verify(&app, Some(head.clone())).await), head.position)
}

/// Where and how, without the id.
fn told(broken: &Break) -> String {
    match broken {
        Break::Changed { position, .. } => format!("changed {position}"),
        Break::ReasonChanged { position, .. } => format!("reason changed {position}"),
        Break::Missing { position } => format!("missing {position}"),
        Break::CutOff { position, .. } => format!("cut off {position}"),
        Break::Rewritten { position } => format!("rewritten {position}"),
        Break::Foreign { position, .. } => format!("foreign {position}"),
    }
}

#[actix_web::test]
async fn an_edit_is_found() {
    let (alone, _, _) = after(&["UPDATE audit_entries SET actor_id = NULL WHERE position = 2"]).await;
    assert_eq!(alone, Err("changed 2".to_owned()));
    let (alone, _, _) = after(&["UPDATE audit_reasons SET reason = 'Did not ask for it.'"]).await;
    assert!(alone.is_err_and(|found| found.starts_with("reason changed")));
}

#[actix_web::test]
async fn a_deletion_is_found() {
    let (alone, _, _) = after(&["DELETE FROM audit_entries WHERE position = 3"]).await;
    assert_eq!(alone, Err("missing 3".to_owned()));
}

#[actix_web::test]
async fn a_swap_is_found() {
    static SWAP: [&str; 3] = [
        "UPDATE audit_entries SET position = -3 WHERE position = 3",
        "UPDATE audit_entries SET position = 3 WHERE position = 4",
        "UPDATE audit_entries SET position = 4 WHERE position = -3",
    ];
    assert_eq!(after(&SWAP).await.0, Err("changed 3".to_owned()));
}

#[actix_web::test]
async fn a_truncation_is_found_with_an_anchor_also_when_the_noted_end_was_moved() {
    static CUT: [&str; 3] = [
        "DELETE FROM audit_reasons",
        "DELETE FROM audit_entries WHERE position > 4",
        "UPDATE audit_head SET position = 4, hash = (SELECT hash FROM audit_entries WHERE position = 4)",
    ];
    let cut_off = || Err("cut off 5".to_owned());
    let (alone, expecting, _) = after(&CUT[..2]).await;
    assert_eq!((alone, expecting), (cut_off(), cut_off()));
    let (alone, expecting, _) = after(&CUT).await;
    assert_eq!((alone, expecting), (Ok(0), cut_off()));
}

#[actix_web::test]
async fn a_log_written_anew_is_found_with_an_anchor() {
    static ANEW: [&str; 3] = [
        "UPDATE audit_head SET position = 1, hash = (SELECT hash FROM audit_entries WHERE position = 1)",
        "UPDATE audit_entries SET action = 'nothing' WHERE position = 2",
        "UPDATE audit_entries SET position = NULL, hash = NULL WHERE position > 1",
    ];
    let (alone, expecting, count) = after(&ANEW).await;
    assert_eq!((alone, expecting), (Ok(0), Err(format!("rewritten {count}"))));
}

#[actix_web::test]
async fn an_entry_put_in_beside_the_chain_is_found() {
    static BESIDE: [&str; 1] = ["INSERT INTO audit_entries (id, at, role, action, subject, details_json, position, hash) \
         SELECT 'audit_01h455vb4pex5vsknk084sn02q', at, role, 'nothing', subject, details_json, -1, hash FROM audit_entries WHERE position = 2"];
    let (alone, expecting, _) = after(&BESIDE).await;
    assert_eq!((alone, expecting), (Err("foreign -1".to_owned()), Err("foreign -1".to_owned())));
}

#[actix_web::test]
async fn an_erased_reason_leaves_the_log_whole() {
    let (alone, expecting, _) = after(&["DELETE FROM audit_reasons"]).await;
    assert_eq!((alone, expecting), (Ok(1), Ok(1)));
}

#[actix_web::test]
async fn many_writers_and_two_sealers_make_one_chain() {
    let app = TestApp::start().await;
    let other = app.another_node().await;
    let (client, there) = (app.client().await, app.client().await.at(&other.base()));
    for _ in 0..4 {
        let here = (0..8).map(|_| draft(&client, json!({})));
        let elsewhere = (0..8).map(|_| draft(&there, json!({})));
        let sealing = [&app, &other, &app, &other].map(|node| async move { drop(node.house.audit.seal().await.expect("a seal")) });
        join(join(join_all(here), join_all(elsewhere)), join_all(sealing)).await;
    }
    app.settle().await;
    let whole = verify(&app, None).await.expect("a log that is whole");
    let written = app.read(|conn| audit_entries::table.count().get_result::<i64>(conn)).await;
    assert_eq!(whole.head.position, written, "each entry is sealed, and once");
    assert!(written >= 64, "{written}");
}
