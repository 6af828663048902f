//! What must not be put into a trial: each answer says what to do, and leaves nothing behind.

use chrono::DateTime;
use diesel::prelude::*;
use guildhall::db::schema::outbox;
use guildhall::kernel::clock::Instant;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::seeds::{Scene, act, offer_body, open_job, rows, terms, vetted, with};

/// Status, where it is wrong, and what is said about it.
fn said(answer: &Answer) -> (u16, String, String) {
    let fault = |name: &str| answer.json.pointer(&format!("/errors/0/{name}")).and_then(Value::as_str).unwrap_or_default().to_owned();
    (answer.status, fault("pointer"), if fault("detail").is_empty() { answer.text_at("/detail") } else { fault("detail") })
}

/// Everything that has been mailed, and everything that is going to be.
async fn mails(app: &TestApp) -> (usize, Vec<(String, String, String, Instant)>) {
    app.settle().await;
    let outbox = outbox::table.order(outbox::id).select((outbox::id, outbox::kind, outbox::state, outbox::due_at));
    (app.smtp.received().len(), app.read(move |conn| outbox.load(conn)).await)
}

#[actix_web::test]
async fn an_offer_with_wrong_terms_says_what_to_do_and_leaves_nothing() {
    let scene = Scene::start().await;
    let waiting = offer_body(&open_job(&scene.client, json!({})).await, &scene.developer_id);
    let waiting = scene.client.post("/v1/trials", waiting).await.expect(201).text_at("/id");
    let fine = offer_body(&scene.job, &scene.developer_id);
    let reach = "must be a date from today to a year ahead";
    let cases = [
        (json!({ "starts_on": "2026-11-22" }), "/starts_on", reach),
        (json!({ "starts_on": "2027-11-24" }), "/starts_on", reach),
        (json!({ "terms": { "hours_per_week": 169 } }), "/terms/hours_per_week", "168"),
        (json!({ "terms": { "hourly_rate": { "amount": -1, "currency": "USD" } } }), "/terms/hourly_rate/amount", "at least"),
    ];
    let before = (scene.footprint(&waiting).await, mails(&scene.app).await);
    for (change, pointer, detail) in cases {
        let whole =
            with(fine.clone(), with(change.clone(), json!({ "terms": with(terms(), change.get("terms").cloned().unwrap_or(json!({}))) })));
        let answers = [scene.client.post("/v1/trials", whole).await, act(&scene.developer, &waiting, "counter", change).await];
        for answer in answers {
            let (status, at, says) = said(&answer);
            assert_eq!((status, at.as_str()), (422, pointer), "{}", answer.text);
            assert!(says.contains(detail), "{says}");
        }
    }
    assert_eq!((scene.footprint(&waiting).await, mails(&scene.app).await), before);
}

#[actix_web::test]
async fn a_counter_offer_that_changes_nothing_an_extension_beyond_the_cap_and_a_foreign_review() {
    let mut scene = Scene::start().await;
    let id = scene.offered().await;
    let before = (scene.footprint(&id).await, mails(&scene.app).await);
    for same in [json!({}), json!({ "starts_on": "2026-12-01" }), json!({ "terms": { "hours_per_week": 40 } })] {
        let answer = act(&scene.developer, &id, "counter", same).await;
        assert_eq!(said(&answer), (422, "/terms".to_owned(), "must change at least one term".to_owned()));
        assert!(answer.text_at("/detail").contains("to agree to them as they are, accept"), "{}", answer.text);
    }
    assert_eq!((scene.footprint(&id).await, mails(&scene.app).await), before);

    act(&scene.developer, &id, "accept", json!({})).await.expect(200);
    scene.until("2026-12-02T10:00:00Z").await;
    let stranger = scene.app.client().await;
    let before = (scene.footprint(&id).await, mails(&scene.app).await);
    let answer = act(&scene.client, &id, "extend", json!({ "days": 15 })).await;
    assert_eq!(said(&answer), (422, "/days".to_owned(), "must be from 1 to 14".to_owned()));
    let review = json!({ "rating": 1, "message": "I have heard that it was not good." });
    // Somebody else's trial is not there, whatever one does with it; one's own can be reviewed when it has ended.
    act(&stranger, &id, "reviews", review.clone()).await.problem(404, "not-found");
    let early = act(&scene.client, &id, "reviews", review).await.problem(409, "conflict");
    assert_eq!(early.text_at("/detail"), "This is for a trial that has ended; this one is active.");
    assert_eq!((scene.footprint(&id).await, mails(&scene.app).await), before);
}

#[actix_web::test]
async fn no_trial_starts_on_a_day_that_its_zone_has_left_out() {
    let app = TestApp::start().await;
    // Ten days before Samoa went from Thursday to Saturday.
    app.clock.set(Instant::new(DateTime::parse_from_rfc3339("2011-12-20T10:00:00Z").expect("an instant").to_utc()));
    let (client, (_, developer)) = (app.client().await, vetted(&app, json!({ "available_from": "2011-01-01" })).await);
    let job = open_job(&client, json!({ "starts_on": "2011-12-29" })).await;
    let offer = |day: &str| {
        let terms = with(terms(), json!({ "time_zone": "Pacific/Apia" }));
        client.post("/v1/trials", with(offer_body(&job, &developer), json!({ "starts_on": day, "terms": terms })))
    };
    let before = (rows(&app).await, mails(&app).await);
    let says = "must be a date from today to a year ahead, by the contract's calendar";
    assert_eq!(said(&offer("2011-12-30").await), (422, "/starts_on".to_owned(), says.to_owned()));
    assert_eq!((rows(&app).await, mails(&app).await), before);
    // The day after it begins when the 29th has ended.
    assert_eq!(offer("2011-12-31").await.expect(201).text_at("/starts_at"), "2011-12-30T10:00:00Z");
}
