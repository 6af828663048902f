//! A trial lives its days: the steps of both parties and of the clock, and every mail at its hour, compared whole. The clock goes
//! by the hour, and at random the process stops for a while and starts again, which changes nothing of what is told.

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};
use guildhall::kernel::clock::Clock as _;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::support::seeds::{Scene, vetted};

/// What somebody does, and when.
type Deed = (&'static str, Who, &'static str, Value);

#[derive(Clone, Copy)]
enum Who {
    Client,
    Developer,
    Admin,
    /// Somebody who was not involved.
    AnotherAdmin,
}
use Who::{Admin, AnotherAdmin, Client, Developer};

/// Does it; `{other}` stands for another vetted developer.
async fn take(scene: &Scene, id: &str, (_, who, action, body): &Deed) {
    let another = scene.app.admin();
    let another = if matches!(who, AnotherAdmin) { Some(another.await) } else { None };
    let person = match who {
        Client => &scene.client,
        Developer => &scene.developer,
        Admin => &scene.admin,
        AnotherAdmin => another.as_ref().expect("somebody"),
    };
    let mut text = body.to_string();
    if text.contains("{other}") {
        text = text.replace("{other}", &vetted(&scene.app, json!({})).await.1);
    }
    let body: Value = serde_json::from_str(&text).expect("the same");
    let is_week = action.rsplit('/').next().is_some_and(|last| last.contains("-W"));
    let path = format!("/v1/trials/{id}/{action}");
    let answer = if is_week { person.put(&path, body).await } else { person.post(&path, body).await };
    answer.expect(if *action == "replace" { 201 } else { 200 });
}

/// Eight hours on each of these days of December.
fn hours(days: &[u32]) -> Value {
    json!({ "days": days.iter().map(|day| json!({ "date": format!("2026-12-{day:02}"), "hours": 8 })).collect::<Vec<_>>() })
}

/// What has arrived so far, for each of the three.
struct Mailboxes([usize; 3]);

impl Mailboxes {
    /// The new mails, such as `2026-12-04T09:00:00Z client: How is your trial going?`.
    fn news(&mut self, scene: &Scene) -> Vec<String> {
        let mut news = Vec::new();
        let people = [("client", &scene.client), ("developer", &scene.developer), ("admin", &scene.admin)];
        for (seen, (name, person)) in self.0.iter_mut().zip(people) {
            let mails = scene.app.smtp.received_by(&person.email);
            news.extend(mails[*seen..].iter().map(|mail| format!("{} {name}: {}", scene.app.clock.now(), mail.subject())));
            *seen = mails.len();
        }
        news
    }
}

/// How many hours nobody runs the process from `now` on, if it stops. None of the calendar's hours is among them, nor a deed's.
fn stop(stops: &mut StdRng, now: DateTime<Utc>, deed: Option<DateTime<Utc>>) -> Option<i64> {
    let hours = stops.random_range(1..=4);
    let free = (11..19).contains(&now.hour()) && deed.is_none_or(|deed| deed >= now + TimeDelta::hours(hours));
    (free && stops.random_ratio(1, 30)).then_some(hours)
}

/// Lets a trial that was offered and accepted on 23 November live until `end`, and tells what happened.
async fn life(deeds: &[Deed], end: &str) -> String {
    let mut stops = StdRng::seed_from_u64(end.bytes().map(u64::from).sum());
    let mut scene = Scene::start().await;
    let (id, mut boxes) = (scene.scheduled().await, Mailboxes([0; 3]));
    scene.app.settle().await;
    let mut told = boxes.news(&scene);
    let mut deeds = deeds.iter().peekable();
    let end = instant(end);
    while scene.app.clock.now().utc() < end {
        let stop = stop(&mut stops, scene.app.clock.now().utc(), deeds.peek().map(|deed| instant(deed.0)));
        if stop.is_some() {
            scene.app = scene.app.restart().await;
        }
        scene.app.clock.advance(TimeDelta::hours(stop.unwrap_or(1)));
        scene.app.settle().await;
        while let Some(deed) = deeds.next_if(|deed| instant(deed.0) <= scene.app.clock.now().utc()) {
            scene.later(TimeDelta::zero()).await;
            take(&scene, &id, deed).await;
            scene.app.settle().await;
        }
        told.extend(boxes.news(&scene));
    }
    assert!(deeds.peek().is_none(), "everything was done");
    scene.later(TimeDelta::zero()).await;
    let events = scene.events(&id).await;
    format!("{}\n\n{}\n\n{}\n", scene.stand(&id).await, events.join("\n"), told.join("\n"))
}

fn instant(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).expect("an instant").to_utc()
}

#[actix_web::test]
async fn undecided() {
    insta::assert_snapshot!(life(&[], "2027-01-27T12:00:00Z").await);
}

#[actix_web::test]
async fn paused_and_extended_and_converted() {
    let deeds = [
        ("2026-12-05T10:00:00Z", Developer, "pause", json!({ "message": "A week off." })),
        ("2026-12-10T10:00:00Z", Developer, "resume", json!({})),
        ("2026-12-14T10:00:00Z", Client, "extend", json!({ "days": 7 })),
        ("2026-12-15T10:00:00Z", Developer, "agree", json!({})),
        ("2027-01-04T10:00:00Z", Client, "offer-conversion", json!({ "terms": { "hours_per_week": 32 } })),
        ("2027-01-05T10:00:00Z", Developer, "accept-conversion", json!({})),
    ];
    insta::assert_snapshot!(life(&deeds, "2027-02-05T12:00:00Z").await);
}

#[actix_web::test]
async fn a_long_pause_and_unanswered_proposals() {
    let deeds = [
        ("2026-12-03T10:00:00Z", Client, "amend", json!({ "terms": { "hours_per_week": 30 } })),
        ("2026-12-09T10:00:00Z", Client, "pause", json!({ "message": "The office moves." })),
        ("2026-12-28T10:00:00Z", Client, "offer-conversion", json!({})),
        ("2027-01-12T10:00:00Z", Developer, "end", json!({ "reason_code": "other_plans" })),
    ];
    insta::assert_snapshot!(life(&deeds, "2027-02-10T12:00:00Z").await);
}

#[actix_web::test]
async fn ended_early_and_replaced_with_its_hours_paid() {
    let deeds = [
        ("2026-12-04T17:00:00Z", Developer, "timesheets/2026-W49", hours(&[1, 2, 3, 4])),
        ("2026-12-04T17:00:00Z", Developer, "timesheets/2026-W49/submit", json!({})),
        ("2026-12-05T10:00:00Z", Client, "end", json!({ "reason_code": "not_the_right_fit", "message": "Another profile." })),
        ("2026-12-07T10:00:00Z", Client, "timesheets/2026-W49/query", json!({ "message": "Was Friday a full day?" })),
        ("2026-12-08T10:00:00Z", Developer, "timesheets/2026-W49/answer", json!({ "message": "It was, see the log." })),
        ("2026-12-09T10:00:00Z", Client, "timesheets/2026-W49/approve", json!({})),
        ("2026-12-09T10:00:00Z", Client, "replace", json!({ "developer_id": "{other}", "starts_on": "2026-12-14" })),
        ("2026-12-16T10:00:00Z", Developer, "timesheets/2026-W50", hours(&[7, 8])),
        ("2026-12-16T10:00:00Z", Developer, "timesheets/2026-W50/submit", json!({})),
    ];
    insta::assert_snapshot!(life(&deeds, "2027-01-02T12:00:00Z").await);
}

#[actix_web::test]
async fn terminated_and_contested() {
    let deeds = [
        ("2026-12-08T10:00:00Z", Admin, "terminate", json!({ "reason_code": "misconduct", "message": "Keys were shared." })),
        ("2026-12-10T10:00:00Z", Developer, "appeal", json!({ "message": "They were not mine." })),
        ("2026-12-14T10:00:00Z", AnotherAdmin, "decide-appeal", json!({ "message": "The log shows otherwise." })),
    ];
    insta::assert_snapshot!(life(&deeds, "2027-01-05T12:00:00Z").await);
}
