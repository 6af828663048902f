//! Sixteen at once, round after round (reliability R72–R76, R86): however they meet, one outcome, and nobody hears of a conflict of
//! the database's own.

use chrono::TimeDelta;
use diesel::prelude::*;
use futures_util::future::{join, join_all};
use guildhall::db::schema::{commitments, job_requests, trials};
use guildhall::kernel::clock::{Clock as _, Instant};
use serde_json::json;

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::person::Person;
use crate::support::seeds::{Scene, act, job_body, offer, offer_body, open_job, subjects, vetted, with};

const MANY: usize = 16;
/// How often in a run that everybody waits for.
const FEW: usize = 3;

mod long {
    use super::*;

    const OFTEN: usize = 100;

    #[actix_web::test]
    async fn contests_over_an_offer() {
        over_an_offer(OFTEN).await;
    }

    #[actix_web::test]
    async fn contests_at_the_due_instant() {
        at_the_due_instant(OFTEN).await;
    }

    #[actix_web::test]
    async fn contests_over_hours() {
        over_hours(OFTEN).await;
    }

    #[actix_web::test]
    async fn contests_over_seats() {
        over_seats(OFTEN).await;
    }

    #[actix_web::test]
    async fn contests_over_a_version() {
        over_a_version(OFTEN).await;
    }

    #[actix_web::test]
    async fn contests_under_one_key() {
        under_one_key(OFTEN).await;
    }
}

/// How many succeeded; whoever did not was refused with this status, and nobody with another.
#[track_caller]
fn winners(answers: &[Answer], refusal: u16) -> usize {
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| matches!(answer.status, 200 | 201));
    for answer in lost {
        assert_eq!(answer.status, refusal, "{}: {}", answer.request, answer.text);
    }
    won.len()
}

/// Accept, decline, counter, withdraw and revise at the same time: after each round the trial's history is that of the answers.
async fn over_an_offer(rounds: usize) {
    let scene = Scene::start().await;
    for round in 0..rounds {
        let trial = scene.offered().await;
        let other = |days: usize| json!({ "terms": { "notice_days": days } });
        let ends = ["accept", "decline", "withdraw"].map(|action| (action, json!({})));
        let steps: Vec<_> = ends.into_iter().chain([("counter", other(4)), ("revise", other(5))]).collect();
        let asked = (0..MANY).map(|number| {
            let (action, body) = &steps[(number + round) % steps.len()];
            let who = if matches!(*action, "accept" | "decline" | "counter") { &scene.developer } else { &scene.client };
            act(who, &trial, action, body.clone())
        });
        let answers = join_all(asked).await;
        winners(&answers, 409);
        let won = |action: &str| answers.iter().filter(|answer| answer.status == 200 && answer.request.ends_with(action)).count();
        let ends = [won("accept"), won("decline"), won("withdraw")];
        assert_eq!(ends.iter().sum::<usize>(), 1, "one end: {ends:?}");
        let events = scene.events(&trial).await;
        assert_eq!(events.len(), 2 + won("counter") + won("revise"), "{events:?}");
        let stand = scene.stand(&trial).await;
        let expected = ["scheduled", "void/declined", "void/withdrawn"];
        let place = ends.iter().position(|won| *won == 1).expect("a winner");
        assert_eq!(stand, expected[place], "{events:?}");
        if place == 0 {
            act(&scene.client, &trial, "cancel", json!({ "reason_code": "other" })).await.expect(200);
        }
    }
    let accepted = subjects(&scene.app, &scene.client).await.iter().filter(|subject| subject.contains("accepted your trial offer")).count();
    let scheduled =
        scene.app.read(|conn| trials::table.filter(trials::outcome.eq("cancelled_before_start")).count().get_result::<i64>(conn)).await;
    assert_eq!(i64::try_from(accepted).ok(), Some(scheduled), "a mail for each agreement, and for nothing else");
}

/// Answers at the very instant at which the offer ends, and a clock that rings it on two nodes: it has expired, once, whoever comes
/// first; an instant earlier somebody wins.
async fn at_the_due_instant(rounds: usize) {
    let mut scene = Scene::start().await;
    let other = scene.app.another_node().await;
    for round in 0..rounds {
        let today = scene.app.clock.now().utc().date_naive();
        let start = today + chrono::Days::new(2);
        let body = with(offer_body(&scene.job, &scene.developer_id), json!({ "starts_on": start.to_string() }));
        let trial = scene.client.post("/v1/trials", body).await.expect(201);
        let due: Instant = serde_json::from_value(trial.at("/answer_by").clone()).expect("an instant");
        let trial = trial.text_at("/id");
        let early = round % 2 == 1;
        scene.app.settle().await;
        scene.app.clock.set(due.plus(TimeDelta::minutes(-1)));
        scene.client = scene.client.sign_in().await;
        scene.developer = scene.developer.sign_in().await;
        scene.app.settle().await;
        scene.app.clock.set(if early { due.plus(TimeDelta::microseconds(-1)) } else { due });
        let asked = join_all((0..MANY).map(|number| {
            let (who, action) = if number % 2 == 0 { (&scene.developer, "accept") } else { (&scene.client, "withdraw") };
            let who = if number % 4 < 2 { who.clone() } else { who.at(&other.base()) };
            let trial = trial.clone();
            async move { act(&who, &trial, action, json!({})).await }
        }));
        let (answers, _) = join(asked, join(scene.app.settle(), other.settle())).await;
        assert_eq!(winners(&answers, 409), usize::from(early), "round {round}");
        scene.app.settle().await;
        let events = scene.events(&trial).await;
        assert_eq!(events.len(), 2, "{events:?}");
        if early {
            if scene.stand(&trial).await == "scheduled" {
                act(&scene.client, &trial, "cancel", json!({ "reason_code": "other" })).await.expect(200);
            }
        } else {
            assert_eq!(scene.stand(&trial).await, "void/offer_expired");
            assert!(events[1].starts_with("expire system void") && events[1].ends_with(&due.to_string()), "{events:?}");
        }
    }
    let expired = |subjects: Vec<String>| subjects.iter().filter(|subject| subject.starts_with("The trial offer has expired")).count();
    assert_eq!(expired(subjects(&scene.app, &scene.developer).await), rounds.div_ceil(2));
}

/// Sixteen offers of twenty hours to somebody with forty: two can be accepted.
async fn over_hours(rounds: usize) {
    let app = TestApp::start().await;
    let (client, (developer, id)) = (app.client().await, vetted(&app, json!({})).await);
    let half = json!({ "hours_per_week": 20 });
    let jobs = join_all((0..MANY).map(|_| open_job(&client, half.clone()))).await;
    let body = |job: &str| {
        let mut body = offer_body(job, &id);
        body["terms"]["hours_per_week"] = json!(20);
        body
    };
    let mut offers: Vec<Option<String>> = vec![None; MANY];
    for _ in 0..rounds {
        for (place, job) in offers.iter_mut().zip(&jobs) {
            if place.is_none() {
                *place = Some(client.post("/v1/trials", body(job)).await.expect(201).text_at("/id"));
            }
        }
        let answers = join_all(offers.iter().flatten().map(|trial| act(&developer, trial, "accept", json!({})))).await;
        assert_eq!(winners(&answers, 409), 2);
        let held = app.read(|conn| commitments::table.select(commitments::hours_per_week).load::<i64>(conn)).await;
        assert_eq!(held, [20, 20]);
        for (place, answer) in offers.iter_mut().zip(&answers) {
            if answer.status == 200 {
                let trial = place.take().expect("an offer");
                act(&client, &trial, "cancel", json!({ "reason_code": "other" })).await.expect(200);
            }
        }
    }
}

/// Sixteen developers with an offer for one of two seats: two get one.
async fn over_seats(rounds: usize) {
    let app = TestApp::start().await;
    let client = app.client().await;
    let developers = join_all((0..MANY).map(|_| vetted(&app, json!({})))).await;
    let job = open_job(&client, json!({ "seats": 2 })).await;
    let mut offers: Vec<Option<String>> = vec![None; MANY];
    for _ in 0..rounds {
        for (place, (_, id)) in offers.iter_mut().zip(&developers) {
            if place.is_none() {
                *place = Some(offer(&client, &job, id).await);
            }
        }
        let asked = offers.iter().flatten().zip(&developers).map(|(trial, (person, _))| act(person, trial, "accept", json!({})));
        let answers = join_all(asked).await;
        assert_eq!(winners(&answers, 409), 2);
        let seated = app.read(|conn| trials::table.filter(trials::state.eq("scheduled")).count().get_result::<i64>(conn)).await;
        assert_eq!(seated, 2);
        for (place, answer) in offers.iter_mut().zip(&answers) {
            if answer.status == 200 {
                let trial = place.take().expect("an offer");
                act(&client, &trial, "cancel", json!({ "reason_code": "other" })).await.expect(200);
            }
        }
        assert_eq!(client.get(&format!("/v1/job-requests/{job}")).await.expect(200).text_at("/state"), "open");
    }
}

/// Sixteen edits of the same version: one is made, the others are told that they have seen an old one.
async fn over_a_version(rounds: usize) {
    let app = TestApp::start().await;
    let client = app.client().await;
    let path = format!("/v1/job-requests/{}", open_job(&client, json!({})).await);
    for round in 0..rounds {
        let tag = client.get(&path).await.expect(200).header("etag").to_owned();
        let seen = client.with("if-match", &tag);
        let edits = (0..MANY).map(|number| seen.patch(&path, json!({ "title": format!("Edit {round}-{number}") })));
        let answers = join_all(edits).await;
        assert_eq!(winners(&answers, 412), 1);
        let won = answers.iter().find(|answer| answer.status == 200).expect("a winner");
        let now = client.get(&path).await.expect(200);
        assert_eq!((now.text_at("/title"), now.header("etag")), (won.text_at("/title"), won.header("etag")));
    }
}

/// Sixteen times the same request under one key, on two nodes: one effect, one answer, to the byte.
async fn under_one_key(rounds: usize) {
    let app = TestApp::start().await;
    let other = app.another_node().await;
    let client = app.client().await;
    for round in 0..rounds {
        let keyed = client.with("idempotency-key", &format!("round-{round}"));
        let people: Vec<Person> = vec![keyed.clone(), keyed.at(&other.base())];
        let answers = join_all((0..MANY).map(|number| people[number % 2].post("/v1/job-requests", job_body()))).await;
        assert_eq!(winners(&answers, 409), MANY);
        assert!(answers.iter().all(|answer| answer.text == answers[0].text && answer.header("etag") == answers[0].header("etag")));
        let made = app.read(|conn| job_requests::table.count().get_result::<i64>(conn)).await;
        assert_eq!(usize::try_from(made).ok(), Some(round + 1));
    }
}

#[actix_web::test]
async fn an_offer_has_one_end() {
    over_an_offer(FEW).await;
}

#[actix_web::test]
async fn at_the_due_instant_an_offer_has_expired() {
    at_the_due_instant(FEW + 1).await;
}

#[actix_web::test]
async fn hours_are_never_promised_twice() {
    over_hours(FEW).await;
}

#[actix_web::test]
async fn seats_are_never_given_twice() {
    over_seats(FEW).await;
}

#[actix_web::test]
async fn of_many_edits_of_one_version_one_is_made() {
    over_a_version(FEW).await;
}

#[actix_web::test]
async fn one_key_has_one_effect_on_all_nodes() {
    under_one_key(FEW).await;
}
