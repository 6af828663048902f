//! A trial lives its days: the steps of both parties and of the clock, and every mail at its hour, compared whole. The clock goes
//! by the hour, and now and then the process stops for a while and starts again.

use chrono::TimeDelta;
use guildhall::kernel::clock::Clock as _;
use serde_json::{Value, json};

use crate::support::seeds::{Scene, act};

/// What somebody does, and when.
type Deed = (&'static str, Who, &'static str, Value);

#[derive(Clone, Copy)]
enum Who {
    Client,
    Developer,
}
use Who::{Client, Developer};

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

/// Lets a trial that was offered and accepted on 23 November live until `end`, and tells what happened.
async fn life(deeds: &[Deed], end: &str) -> String {
    let mut scene = Scene::start().await;
    let (id, mut boxes) = (scene.scheduled().await, Mailboxes([0; 3]));
    scene.app.settle().await;
    let mut told = boxes.news(&scene);
    let mut deeds = deeds.iter().peekable();
    let end = instant(end);
    for hour in 1.. {
        let now = scene.app.clock.now().utc();
        if now >= end {
            break;
        }
        // On some days nobody runs the process for five hours; none of the calendar's hours is in them.
        let pause = hour % 61 == 0 && (13..19).contains(&chrono::Timelike::hour(&now));
        if pause {
            scene.app = scene.app.restart().await;
        }
        scene.app.clock.advance(TimeDelta::hours(if pause { 5 } else { 1 }));
        scene.app.settle().await;
        while let Some((_, who, action, body)) = deeds.next_if(|deed| instant(deed.0) <= scene.app.clock.now().utc()) {
            scene.later(TimeDelta::zero()).await;
            let person = if matches!(who, Client) { &scene.client } else { &scene.developer };
            act(person, &id, action, body.clone()).await.expect(200);
            scene.app.settle().await;
        }
        told.extend(boxes.news(&scene));
    }
    assert!(deeds.peek().is_none(), "everything was done");
    scene.later(TimeDelta::zero()).await;
    let events = scene.events(&id).await;
    format!("{}\n\n{}\n\n{}\n", scene.stand(&id).await, events.join("\n"), told.join("\n"))
}

fn instant(text: &str) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::parse_from_rfc3339(text).expect("an instant").to_utc()
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
