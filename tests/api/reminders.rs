//! Reminders that were planned weeks ahead, and what happens before their hour: a step, a move, somebody who joins or leaves,
//! and those who want none.

use chrono::TimeDelta;
use diesel::prelude::*;
use guildhall::accounts::domain::AccountStatus;
use guildhall::db::schema::outbox::dsl;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::person::Person;
use crate::support::seeds::{Scene, act};
use crate::support::smtp::Mode;

const PREFERENCES: &str = "/v1/me/notification-preferences";
const HOW: &str = "How is your trial with";
const FIRST: &str = "Has your trial with";

/// How many mails somebody got whose subject begins like this.
async fn count(scene: &Scene, person: &Person, subject: &str) -> usize {
    scene.app.mails(person, subject).await.len()
}

/// What waits about a trial once everything is sent that is due: the ids, by when they are due.
async fn pending(scene: &Scene, trial: &str) -> Vec<(String, String)> {
    scene.app.settle().await;
    let trial = trial.to_owned();
    let rows = move |conn: &mut guildhall::db::Conn| {
        let rows = dsl::outbox.filter(dsl::subject.eq(trial)).filter(dsl::state.eq("pending")).order((dsl::due_at, dsl::id));
        rows.select((dsl::id, dsl::kind)).load(conn)
    };
    scene.app.read(rows).await
}

#[actix_web::test]
async fn what_is_planned_stays_as_it_is_until_something_changes_it() {
    let mut scene = Scene::start().await;
    let id = scene.scheduled().await;
    scene.until("2026-11-30T10:00:00Z").await;
    let before = pending(&scene, &id).await;
    scene.until("2026-12-01T10:00:00Z").await;
    assert_eq!(pending(&scene, &id).await, before, "the start was foreseen");
    act(&scene.client, &id, "pause", json!({ "message": "The office moves." })).await.expect(200);
    assert!(pending(&scene, &id).await.is_empty());
    act(&scene.client, &id, "resume", json!({})).await.expect(200);
    assert_eq!(pending(&scene, &id).await, before, "no midnight has passed");
    act(&scene.client, &id, "pause", json!({ "message": "Again." })).await.expect(200);
    scene.until("2026-12-02T10:00:00Z").await;
    act(&scene.client, &id, "resume", json!({})).await.expect(200);
    let moved = pending(&scene, &id).await;
    assert_eq!(moved.len(), before.len());
    assert!(moved.iter().all(|row| !before.contains(row)), "what is planned for a longer trial says so");
}

#[actix_web::test]
async fn a_reminder_that_could_not_be_sent_yet_survives_a_step() {
    let mut scene = Scene::start().await;
    let id = scene.active().await;
    scene.app.smtp.set_mode_for(&scene.client.email, Mode::RefuseRecipient(451));
    scene.until("2026-12-04T09:00:00Z").await;
    scene.until("2026-12-08T09:00:00Z").await;
    act(&scene.client, &id, "amend", json!({ "terms": { "hours_per_week": 20 } })).await.expect(200);
    act(&scene.developer, &id, "agree", json!({})).await.expect(200);
    scene.app.smtp.set_mode_for(&scene.client.email, Mode::Accept);
    scene.later(TimeDelta::hours(2)).await;
    // Day 3 is out of date by now; day 7 was due, and tells the new terms.
    assert_eq!((count(&scene, &scene.client, FIRST).await, count(&scene, &scene.client, HOW).await), (0, 1));
    assert!(scene.app.newest_mail(&scene.client, HOW).await.text().contains("20 hours per week"));
    assert_eq!((count(&scene, &scene.developer, FIRST).await, count(&scene, &scene.developer, HOW).await), (1, 1), "once");
}

#[actix_web::test]
async fn check_ins_are_asked_of_those_who_want_it_when_their_hour_comes() {
    let mut scene = Scene::start().await;
    let off = json!({ "preferences": [{ "kind": "trial_check_ins", "enabled": false }] });
    scene.developer.put(PREFERENCES, off).await.expect(200);
    scene.active().await;
    scene.until("2026-12-04T09:00:00Z").await;
    assert_eq!((count(&scene, &scene.client, FIRST).await, count(&scene, &scene.developer, FIRST).await), (1, 0));
    let mail = scene.app.newest_mail(&scene.client, FIRST).await;
    assert_eq!(mail.header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    let link = mail.header("List-Unsubscribe");
    let path = link.trim_start_matches('<').trim_end_matches('>').strip_prefix(&scene.app.house.settings.server.public_url);
    scene.app.anonymous().submit(path.expect("our own address"), &[("List-Unsubscribe", "One-Click")]).await.expect(200);
    scene.developer.put(PREFERENCES, json!({ "preferences": [] })).await.expect(200);
    scene.until("2026-12-08T09:00:00Z").await;
    assert_eq!((count(&scene, &scene.client, HOW).await, count(&scene, &scene.developer, HOW).await), (0, 1));
    // What is about the contract cannot be switched off.
    scene.until("2026-12-31T00:00:00Z").await;
    for person in [&scene.client, &scene.developer] {
        assert_eq!(count(&scene, person, "The trial with").await, 1);
    }
}

#[actix_web::test]
async fn reminders_move_with_their_recipient_to_nine_of_the_new_zone() {
    let mut scene = Scene::start().await;
    scene.active().await;
    let me: Value = json!({ "time_zone": "America/New_York" });
    assert_eq!(scene.developer.patch("/v1/me", me).await.expect(200).at("/time_zone"), "America/New_York");
    scene.until("2026-12-04T09:00:00Z").await;
    assert_eq!((count(&scene, &scene.client, FIRST).await, count(&scene, &scene.developer, FIRST).await), (1, 0));
    scene.until("2026-12-04T13:59:59Z").await;
    assert_eq!(count(&scene, &scene.developer, FIRST).await, 0);
    scene.until("2026-12-04T14:00:00Z").await;
    let text = scene.app.newest_mail(&scene.developer, FIRST).await.text();
    assert!(text.contains("Wed 30 Dec 2026, 19:00 (America/New_York) / Thu 31 Dec 2026, 00:00 (Europe/London)"), "{text}");
}

#[actix_web::test]
async fn who_joins_is_reminded_and_who_has_left_is_not() {
    let mut scene = Scene::start().await;
    scene.active().await;
    let guest = scene.app.somebody("member");
    scene.client.post("/v1/organization/members", json!({ "email": guest.email })).await.expect(202);
    let token = scene.app.mail(&guest, "Invitation from").await.token();
    guest.post("/v1/auth/redeem-invitation", json!({ "token": token, "name": "A member", "password": guest.password })).await.expect(200);
    scene.until("2026-12-04T09:00:00Z").await;
    assert_eq!((count(&scene, &scene.client, FIRST).await, count(&scene, &guest, FIRST).await), (1, 1));
    let member = guest.sign_in().await.get("/v1/me").await.expect(200).text_at("/id");
    scene.client.delete(&format!("/v1/organization/members/{member}")).await.expect(204);
    let before = scene.app.mails(&guest, "").await.len();
    scene.until("2026-12-23T10:00:00Z").await;
    assert_eq!(scene.app.mails(&guest, "").await.len(), before, "what a trial has to say is no business of theirs any more");
    assert_eq!(count(&scene, &scene.client, HOW).await, 1, "what was missed became one");
}

#[actix_web::test]
async fn admins_are_reminded_of_the_same_and_not_while_they_are_kept_out() {
    let mut scene = Scene::start().await;
    let (gone, back) = (scene.app.admin().await, scene.app.admin().await);
    scene.active().await;
    let late = scene.app.admin().await;
    for person in [&gone, &back] {
        scene.app.suspend(person).await;
    }
    let let_in = async |app: &TestApp, person: &Person| {
        let email = person.email.parse().expect("an address");
        app.house.accounts.set_status(email, AccountStatus::Active).await.expect("a way in");
    };
    let_in(&scene.app, &back).await;
    scene.until("2026-12-05T09:00:00Z").await;
    let silent = "Nobody has answered the first check-in";
    for (person, expected) in [(&scene.admin, 1), (&late, 1), (&back, 1), (&gone, 0)] {
        assert_eq!(count(&scene, person, silent).await, expected);
    }
    scene.until("2027-01-01T10:00:00Z").await;
    scene.app.suspend(&back).await;
    let_in(&scene.app, &gone).await;
    scene.until("2027-01-04T09:00:00Z").await;
    let ending = "The time to decide about the trial with";
    for (person, expected) in [(&scene.admin, 1), (&late, 1), (&back, 0), (&gone, 1)] {
        assert_eq!(count(&scene, person, ending).await, expected);
    }
}

#[actix_web::test]
async fn ones_own_mails_are_listed_as_they_came() {
    let mut scene = Scene::start().await;
    scene.active().await;
    // Planned with all the others on the day of the signature, and refused at nine.
    scene.app.smtp.set_mode_for(&scene.developer.email, Mode::RefuseRecipient(451));
    scene.until("2026-12-04T09:00:00Z").await;
    let list = async |scene: &Scene, query: &str| scene.developer.get(&format!("/v1/me/notifications?{query}")).await.expect(200);
    let waiting = list(&scene, "limit=1").await;
    assert_eq!((waiting.text_at("/data/0/kind"), waiting.text_at("/data/0/state")), ("trial_check_in".into(), "pending".into()));
    assert!(waiting.text_at("/data/0/at").starts_with("2026-12-04T09:00:0"), "when it is tried again: {}", waiting.json);
    scene.app.smtp.set_mode_for(&scene.developer.email, Mode::Accept);
    scene.later(TimeDelta::minutes(5)).await;
    let whole = list(&scene, "limit=100").await.at("/data").as_array().expect("mails").clone();
    let shown: Vec<String> = whole
        .iter()
        .map(|mail| format!("{} {}", mail["at"].as_str().expect("an instant"), mail["kind"].as_str().expect("a kind")))
        .collect();
    let expected = [
        "2026-12-04T09:05:00Z trial_check_in",
        "2026-12-01T10:00:00Z trial_started",
        "2026-11-23T10:00:00Z trial_scheduled",
        "2026-11-23T10:00:00Z trial_offer",
        "2026-11-23T10:00:00Z verify_email",
    ];
    assert_eq!(shown, expected);
    let (mut pages, mut query) = (Vec::new(), "limit=2".to_owned());
    loop {
        let page = list(&scene, &query).await;
        pages.extend(page.at("/data").as_array().expect("mails").iter().cloned());
        let Some(cursor) = page.at("/next_cursor").as_str() else { break };
        query = format!("limit=2&cursor={cursor}");
    }
    assert_eq!(pages, whole);
}
