//! Reminders that were planned weeks ahead, and what happens before their hour: a step, a move, somebody who joins or leaves,
//! and those who want none.

use chrono::TimeDelta;
use diesel::prelude::*;
use guildhall::db::schema::outbox::dsl;
use serde_json::{Value, json};

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
