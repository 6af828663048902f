//! What time does to a trial: expiry, reminders, start, end and grace, also after a long downtime.

use chrono::TimeDelta;
use diesel::prelude::*;
use guildhall::db::schema::timers::dsl;
use guildhall::db::timers;
use guildhall::kernel::clock::Clock as _;
use serde_json::json;

use crate::support::person::Person;
use crate::support::seeds::{Scene, act, offer, offer_body, open_job, subjects, terms, vetted, with};
use crate::support::smtp::Mode;

async fn count(scene: &Scene, person: &Person, subject: &str) -> usize {
    scene.app.mails(person, subject).await.len()
}

#[actix_web::test]
async fn an_offer_expires_after_a_week_with_two_reminders() {
    let mut scene = Scene::start().await;
    let id = scene.offered().await;
    for (moment, reminders) in [
        ("2026-11-25T09:59:59Z", 0),
        ("2026-11-25T10:00:00Z", 1),
        ("2026-11-29T09:59:59Z", 1),
        ("2026-11-29T10:00:00Z", 2),
        ("2026-11-30T09:59:59Z", 2),
    ] {
        scene.until(moment).await;
        assert_eq!(count(&scene, &scene.developer, "A client waits for your answer").await, reminders, "{moment}");
        assert_eq!(scene.stand(&id).await, "offered", "{moment}");
    }
    scene.until("2026-11-30T10:00:00Z").await;
    assert_eq!(scene.stand(&id).await, "void/offer_expired");
    assert_eq!(scene.events(&id).await[1..], ["expire system void 2026-11-30T10:00:00Z"]);
    let waiting = "A client waits for your answer";
    let expired = "The trial offer has expired: A client";
    assert_eq!(subjects(&scene.app, &scene.developer).await, ["Trial offer from A client", waiting, waiting, expired]);
    assert_eq!(subjects(&scene.app, &scene.client).await, ["The trial offer has expired: Go backend engineer"]);
    act(&scene.developer, &id, "accept", json!({})).await.problem(409, "invalid-transition");
}

#[actix_web::test]
async fn what_a_dead_node_was_going_to_ring_is_rung_within_half_a_minute() {
    let mut scene = Scene::start().await;
    scene.offered().await;
    scene.app.settle().await;
    scene.app.die().await;
    scene.app.clock.advance(TimeDelta::days(7));
    let now = scene.app.clock.now();
    let claimed = scene.app.house.db.write(move |conn| timers::claim(conn, "trials", now, 10)).await.expect("claims");
    assert_eq!(claimed.len(), 1, "{claimed:?}");
    let other = scene.app.another_node().await;
    let waiting = async || {
        other.settle().await;
        other.read(move |conn| dsl::timers.filter(dsl::room.eq("trials")).filter(dsl::due_at.le(now)).count().get_result::<i64>(conn)).await
    };
    scene.app.clock.advance(TimeDelta::seconds(15));
    assert_eq!(waiting().await, 1, "it may still live");
    scene.app.clock.advance(TimeDelta::seconds(15));
    assert_eq!(waiting().await, 0);
}

#[actix_web::test]
async fn a_counter_offer_reminds_the_client_and_an_answer_ends_the_reminders() {
    let mut scene = Scene::start().await;
    let id = scene.offered().await;
    scene.later(TimeDelta::hours(47)).await;
    act(&scene.developer, &id, "counter", json!({ "starts_on": "2026-12-15" })).await.expect(200);
    scene.later(TimeDelta::hours(48)).await;
    assert_eq!(count(&scene, &scene.developer, "A client waits").await, 0);
    assert_eq!(count(&scene, &scene.client, "Go backend engineer waits for your answer").await, 1);
    act(&scene.client, &id, "accept", json!({})).await.expect(200);
    scene.later(TimeDelta::days(6)).await;
    assert_eq!(count(&scene, &scene.client, "Go backend engineer waits for your answer").await, 1);
    assert_eq!(scene.stand(&id).await, "scheduled");
}

#[actix_web::test]
async fn an_offer_cannot_outlast_its_start() {
    let mut scene = Scene::start().await;
    let body = with(offer_body(&scene.job, &scene.developer_id), json!({ "starts_on": "2026-11-25" }));
    let made = scene.client.post("/v1/trials", body).await.expect(201);
    assert_eq!(made.text_at("/answer_by"), "2026-11-25T00:00:00Z");
    let id = made.text_at("/id");
    scene.until("2026-11-25T00:00:00Z").await;
    assert_eq!(scene.stand(&id).await, "void/offer_expired");
}

#[actix_web::test]
async fn the_start_is_announced_and_happens_at_midnight() {
    let mut scene = Scene::start().await;
    let id = scene.scheduled().await;
    for (moment, subject) in [
        ("2026-11-24T09:00:00Z", "starts in 7 days"),
        ("2026-11-28T09:00:00Z", "starts in 3 days"),
        ("2026-11-30T09:00:00Z", "starts tomorrow"),
        ("2026-12-01T00:00:00Z", "starts today"),
    ] {
        let before = [count(&scene, &scene.client, "").await, count(&scene, &scene.developer, "").await];
        scene.until(moment).await;
        let client = subjects(&scene.app, &scene.client).await;
        assert_eq!(client.last(), Some(&format!("Your trial with A developer {subject}")), "{moment}");
        assert_eq!(subjects(&scene.app, &scene.developer).await.last(), Some(&format!("Your trial with A client {subject}")), "{moment}");
        let after = [count(&scene, &scene.client, "").await, count(&scene, &scene.developer, "").await];
        assert_eq!(after, before.map(|count| count + 1), "{moment}");
    }
    assert_eq!(scene.stand(&id).await, "active");
}

#[actix_web::test]
async fn days_begin_in_the_contracts_zone_also_where_midnight_is_missing() {
    let mut scene = Scene::start().await;
    // In Santiago 5 September 2027 begins at 01:00, the first instant after the missing midnight.
    let body = with(
        offer_body(&scene.job, &scene.developer_id),
        json!({
            "starts_on": "2027-08-06", "terms": with(terms(), json!({ "time_zone": "America/Santiago" })),
        }),
    );
    let made = scene.client.post("/v1/trials", body).await.expect(201);
    let id = made.text_at("/id");
    let dates = ["starts_at", "ends_at", "grace_until"].map(|name| made.text_at(&format!("/{name}")));
    assert_eq!(dates, ["2027-08-06T04:00:00Z", "2027-09-05T04:00:00Z", "2027-09-10T03:00:00Z"]);
    act(&scene.developer, &id, "accept", json!({})).await.expect(200);
    for (moment, stand) in [
        ("2027-08-06T03:59:59Z", "scheduled"),
        ("2027-08-06T04:00:00Z", "active"),
        ("2027-09-05T03:59:59Z", "active"),
        ("2027-09-05T04:00:00Z", "decision_due"),
        ("2027-09-10T02:59:59Z", "decision_due"),
        ("2027-09-10T03:00:00Z", "ended/no_decision"),
    ] {
        scene.until(moment).await;
        assert_eq!(scene.stand(&id).await, stand, "{moment}");
    }
    assert_eq!(scene.trial(&id).await.text_at("/last_day"), "2027-09-09");
    assert_eq!(scene.job_state().await, "open");
    assert_eq!(
        subjects(&scene.app, &scene.admin).await,
        [
            "Nobody has answered the first check-in: A client and A developer",
            "The trial with A client and A developer is over: please decide",
            "The time to decide about the trial with A client and A developer is almost over",
        ]
    );
    let (client, developer) = (subjects(&scene.app, &scene.client).await, subjects(&scene.app, &scene.developer).await);
    assert_eq!(
        client[client.len() - 3..],
        [
            "The trial with A developer is over: please decide",
            "The time to decide about the trial with A developer is almost over",
            "The trial with A developer has ended without a decision",
        ]
    );
    assert_eq!(
        developer[developer.len() - 2..],
        ["The trial with A client is over: please decide", "The trial with A client has ended without a decision"]
    );
}

#[actix_web::test]
async fn after_fifty_days_of_downtime_everything_happens_once_and_in_its_own_time() {
    let mut scene = Scene::start().await;
    let id = scene.scheduled().await;
    scene.app.settle().await;
    scene.app.clock.advance(TimeDelta::days(50));
    scene.app = scene.app.restart().await;
    for _ in 0..2 {
        scene.later(TimeDelta::zero()).await;
        assert_eq!(scene.stand(&id).await, "ended/no_decision");
        assert_eq!(
            scene.events(&id).await[2..],
            [
                "start system active 2026-12-01T00:00:00Z",
                "trial-over system decision_due 2026-12-31T00:00:00Z",
                "grace-over system ended 2027-01-05T00:00:00Z",
            ]
        );
        // Nobody is told of a start or a decision whose time has passed for good; what is left to do is said once.
        let left = [
            "The trial with A client has ended without a decision",
            "How was your trial with A client?",
            "The hand-over of your trial with A client is open",
            "Your last timesheet is missing: A client",
        ];
        assert_eq!(subjects(&scene.app, &scene.developer).await[2..], left);
        let left = left.map(|subject| subject.replace("A client", "A developer"));
        assert_eq!(subjects(&scene.app, &scene.client).await[1..], left[..3]);
        assert_eq!(subjects(&scene.app, &scene.admin).await, [""; 0]);
        scene.app = scene.app.restart().await;
    }
    scene.later(TimeDelta::zero()).await;
    assert_eq!((scene.job_state().await.as_str(), scene.is_free_on("2027-01-12").await), ("open", true));
}

#[actix_web::test]
async fn what_follows_from_a_step_that_comes_late_is_said_while_it_is_true() {
    let mut scene = Scene::start().await;
    let id = scene.active().await;
    scene.until("2026-12-30T10:00:00Z").await;
    scene.app.settle().await;
    // Nobody runs the process when the days are over, nor at nine of the last day to decide.
    scene.app.clock.advance(TimeDelta::days(5) + TimeDelta::hours(2));
    scene.app = scene.app.restart().await;
    scene.later(TimeDelta::zero()).await;
    assert_eq!(scene.events(&id).await[3..], ["trial-over system decision_due 2026-12-31T00:00:00Z"]);
    for (person, other) in [(&scene.client, "A developer"), (&scene.admin, "A client and A developer")] {
        let told = subjects(&scene.app, person).await;
        let expected = [
            format!("The trial with {other} is over: please decide"),
            format!("The time to decide about the trial with {other} is almost over"),
        ];
        assert_eq!(told[told.len() - 2..], expected);
    }
    scene.until("2027-01-05T00:00:00Z").await;
    assert_eq!(count(&scene, &scene.client, "The time to decide").await, 1);
    assert_eq!(scene.stand(&id).await, "ended/no_decision");
}

#[actix_web::test]
async fn a_person_may_still_decide_after_the_days_are_over() {
    let mut scene = Scene::start().await;
    let id = scene.active().await;
    scene.until("2026-12-31T00:00:00Z").await;
    assert_eq!(scene.stand(&id).await, "decision_due");
    let ended = act(&scene.client, &id, "end", json!({ "reason_code": "other" })).await.expect(200);
    assert_eq!(ended.text_at("/last_day"), "2027-01-03");
    scene.later(TimeDelta::days(30)).await;
    assert_eq!(scene.stand(&id).await, "ended/ended_by_client");
    assert_eq!(count(&scene, &scene.client, "The trial with A developer has ended without").await, 0);
}

#[actix_web::test]
async fn a_proposal_lapses_after_five_days() {
    let mut scene = Scene::start().await;
    let id = scene.active().await;
    act(&scene.client, &id, "end-together", json!({})).await.expect(200);
    scene.later(TimeDelta::days(5)).await;
    assert_eq!(scene.trial(&id).await.at("/proposal"), &serde_json::Value::Null);
    act(&scene.developer, &id, "agree", json!({})).await.problem(409, "conflict");
    assert_eq!(scene.stand(&id).await, "active");
}

#[actix_web::test]
async fn who_offers_hears_when_the_offer_reaches_nobody() {
    let scene = Scene::start().await;
    scene.app.smtp.set_mode_for(&scene.developer.email, Mode::RefuseRecipient(550));
    scene.offered().await;
    for _ in 0..2 {
        scene.app.settle().await;
        let told = count(&scene, &scene.client, "Your trial offer could not be mailed").await;
        assert_eq!(told, 1, "{:?}", subjects(&scene.app, &scene.client).await);
    }
}

#[actix_web::test]
async fn a_clock_that_jumps_does_nothing_twice_and_nothing_early() {
    let mut scene = Scene::start().await;
    let id = scene.scheduled().await;
    scene.until("2026-11-30T23:30:00Z").await;
    let hour = TimeDelta::hours(1);
    // There and back before the start, over it, back behind it, and over it again.
    for (jump, stand) in [
        (-hour, "scheduled"),
        (hour, "scheduled"),
        (hour, "active"),
        (-hour, "active"),
        (-hour, "active"),
        (hour, "active"),
        (hour, "active"),
    ] {
        scene.later(jump).await;
        assert_eq!(scene.stand(&id).await, stand, "{}", scene.app.clock.now());
    }
    let started: Vec<_> = scene.events(&id).await.into_iter().filter(|event| event.starts_with("start ")).collect();
    assert_eq!(started, ["start system active 2026-12-01T00:00:00Z"]);
    for (person, other) in [(&scene.client, "A developer"), (&scene.developer, "A client")] {
        let announced = count(&scene, person, &format!("Your trial with {other} starts")).await;
        assert_eq!(announced, 2, "before the start, where what was missed collapses into the last, and on the day");
    }
    assert!(!scene.is_free_on("2026-12-02").await);
}

#[actix_web::test]
async fn trials_that_start_together_start_once_each_and_one_that_cannot_holds_up_none() {
    let mut scene = Scene::start().await;
    let job = open_job(&scene.client, json!({ "seats": 6 })).await;
    let mut trials = Vec::new();
    for _ in 0..6 {
        let (developer, developer_id) = vetted(&scene.app, json!({})).await;
        let trial = offer(&scene.client, &job, &developer_id).await;
        act(&developer, &trial, "accept", json!({})).await.expect(200);
        trials.push((trial, developer));
    }
    let _node = scene.app.another_node().await;
    scene.until("2026-11-30T23:59:59Z").await;
    let (cancelled, _) = trials.remove(4);
    act(&scene.client, &cancelled, "cancel", json!({ "reason_code": "not_the_right_fit" })).await.expect(200);
    let (spoilt, _) = trials.remove(2);
    scene.app.sql(format!("UPDATE trials SET terms_version = 9 WHERE id = '{spoilt}'")).await;
    scene.until("2026-12-01T00:00:00Z").await;
    for (trial, _) in &trials {
        assert_eq!(scene.stand(trial).await, "active");
        assert_eq!(scene.events(trial).await[2..], ["start system active 2026-12-01T00:00:00Z"]);
    }
    scene.app.settle().await;
    for (_, developer) in &trials {
        assert_eq!(count(&scene, developer, "Your trial with A client starts today").await, 1);
    }
    assert_eq!(scene.stand(&cancelled).await, "void/cancelled_before_start");
    assert_eq!(scene.events(&spoilt).await.len(), 2);
    assert_eq!(count(&scene, &scene.client, "Your trial with A developer starts today").await, trials.len());
    // What was wrong with it is mended: it is tried again, and has started when it should have.
    scene.app.sql(format!("UPDATE trials SET terms_version = 1 WHERE id = '{spoilt}'")).await;
    scene.later(TimeDelta::minutes(1)).await;
    assert_eq!(scene.events(&spoilt).await[2..], ["start system active 2026-12-01T00:00:00Z"]);
    assert_eq!(count(&scene, &scene.client, "Your trial with A developer starts today").await, trials.len() + 1);
}
