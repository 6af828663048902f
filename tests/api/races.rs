//! Many at once: one wins, and whoever loses is told so and has changed nothing.

use diesel::prelude::*;
use futures_util::future::{join, join_all};
use guildhall::trials::clock;
use guildhall::trials::model::Viewer;
use serde_json::json;

use crate::support::answer::Answer;
use crate::support::database::cluster;
use crate::support::person::Person;
use crate::support::seeds::{Scene, act, offer, offer_body, open_job, rows, subjects, vetted, with};

const MANY: usize = 16;
const IMPOSSIBLE: &str = "Your trial offer can no longer be accepted: Go backend engineer";

fn statuses(answers: &[Answer]) -> Vec<u16> {
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    statuses
}

/// Insists that a loser's offer cannot be accepted any more and says why.
async fn insist_on_blocked(developer: &Person, trial: &str, why: &str) {
    let lost = developer.get(&format!("/v1/trials/{trial}")).await.expect(200);
    assert_eq!(lost.at("/allowed_actions"), &json!(["counter", "decline"]));
    assert!(lost.text_at("/accept_blocked").contains(why), "{}", lost.text);
    let again = act(developer, trial, "accept", json!({})).await.problem(409, "conflict");
    assert!(again.text_at("/detail").contains(why), "{}", again.text);
}

#[actix_web::test]
async fn of_many_accepts_one_signs() {
    let scene = Scene::start().await;
    let trial = scene.offered().await;
    let answers = join_all((0..MANY).map(|_| act(&scene.developer, &trial, "accept", json!({})))).await;
    let expected: Vec<u16> = std::iter::once(200).chain(std::iter::repeat_n(409, MANY - 1)).collect();
    assert_eq!(statuses(&answers), expected);
    assert_eq!(
        scene.events(&trial).await,
        ["offer client offered 2026-11-23T10:00:00Z", "accept developer scheduled 2026-11-23T10:00:00Z"]
    );
    assert_eq!(subjects(&scene.app, &scene.client).await, ["A developer accepted your trial offer"]);
    assert_eq!(rows(&scene.app).await[2], 1, "one commitment");
}

#[actix_web::test]
async fn an_accept_and_a_withdrawal_do_not_both_win() {
    let scene = Scene::start().await;
    for _ in 0..5 {
        let trial = scene.offered().await;
        let (accept, withdraw) =
            join(act(&scene.developer, &trial, "accept", json!({})), act(&scene.client, &trial, "withdraw", json!({}))).await;
        let stand = scene.stand(&trial).await;
        match (accept.status, withdraw.status) {
            (200, 409) => {
                assert_eq!(stand, "scheduled");
                act(&scene.client, &trial, "cancel", json!({ "reason_code": "other" })).await.expect(200);
            }
            (409, 200) => assert_eq!(stand, "void/withdrawn"),
            both => panic!("{both:?}: {} {}", accept.text, withdraw.text),
        }
    }
    assert_eq!(scene.job_state().await, "open");
}

#[actix_web::test]
async fn hours_are_promised_once() {
    let scene = Scene::start().await;
    let other_client = scene.app.client().await;
    let other_job = open_job(&other_client, json!({})).await;
    let trials = [scene.offered().await, offer(&other_client, &other_job, &scene.developer_id).await];
    let answers = join_all(trials.iter().map(|trial| act(&scene.developer, trial, "accept", json!({})))).await;
    assert_eq!(statuses(&answers), [200, 409]);
    let first_won = answers[0].status == 200;
    let (lost, winner, loser) =
        if first_won { (&trials[1], &scene.client, &other_client) } else { (&trials[0], &other_client, &scene.client) };
    insist_on_blocked(&scene.developer, lost, "promised elsewhere").await;
    assert_eq!(subjects(&scene.app, loser).await, [IMPOSSIBLE]);
    assert_eq!(subjects(&scene.app, winner).await, ["A developer accepted your trial offer"]);
    // What took the hours goes away: the offer can be accepted again.
    let won = if first_won { &trials[0] } else { &trials[1] };
    act(winner, won, "cancel", json!({ "reason_code": "other" })).await.expect(200);
    act(&scene.developer, lost, "accept", json!({})).await.expect(200);
}

#[actix_web::test]
async fn a_seat_is_taken_once() {
    let scene = Scene::start().await;
    let (second, second_id) = vetted(&scene.app, json!({})).await;
    let trials = [scene.offered().await, offer(&scene.client, &scene.job, &second_id).await];
    let developers = [&scene.developer, &second];
    let answers = join_all(developers.iter().zip(&trials).map(|(who, trial)| act(who, trial, "accept", json!({})))).await;
    assert_eq!(statuses(&answers), [200, 409]);
    let lost = usize::from(answers[0].status == 200);
    insist_on_blocked(developers[lost], &trials[lost], "seats").await;
    assert_eq!(scene.job_state().await, "filled");
    let mut told = subjects(&scene.app, &scene.client).await;
    told.sort();
    assert_eq!(told, ["A developer accepted your trial offer", IMPOSSIBLE]);
}

async fn offers(client: &Person, job: &str, developer: &str) -> Vec<Answer> {
    join_all((0..MANY).map(|_| client.post("/v1/trials", offer_body(job, developer)))).await
}

#[actix_web::test]
async fn an_idempotency_key_makes_one_trial_of_many_requests() {
    let scene = Scene::start().await;
    let keyed = scene.client.with("idempotency-key", "the-offer-of-today");
    let answers = offers(&keyed, &scene.job, &scene.developer_id).await;
    assert_eq!(statuses(&answers), [201; MANY]);
    assert!(answers.iter().all(|answer| answer.json == answers[0].json && answer.header("etag") == "\"1\""), "{answers:#?}");
    assert_eq!(rows(&scene.app).await[..2], [1, 1]);
    assert_eq!(subjects(&scene.app, &scene.developer).await, ["Trial offer from A client"]);
    let other = with(offer_body(&scene.job, &scene.developer_id), json!({ "starts_on": "2026-12-02" }));
    keyed.post("/v1/trials", other).await.problem(422, "idempotency-key-reused");
    assert_eq!(rows(&scene.app).await[..2], [1, 1]);
    // Another person's key of the same name is another key.
    let stranger = scene.app.client().await;
    let job = open_job(&stranger, json!({})).await;
    let theirs = stranger.with("idempotency-key", "the-offer-of-today");
    theirs.post("/v1/trials", offer_body(&job, &scene.developer_id)).await.expect(201);
}

#[actix_web::test]
async fn without_a_key_one_of_many_offers_stands() {
    let scene = Scene::start().await;
    let answers = offers(&scene.client, &scene.job, &scene.developer_id).await;
    let expected: Vec<u16> = std::iter::once(201).chain(std::iter::repeat_n(409, MANY - 1)).collect();
    assert_eq!(statuses(&answers), expected);
    assert_eq!(rows(&scene.app).await[..2], [1, 1]);
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

/// SQLite's writer is alone anyway.
#[actix_web::test]
async fn whoever_is_going_to_change_a_trial_has_locked_it_with_its_roots() {
    if cluster().is_none() {
        return;
    }
    let mut scene = Scene::start().await;
    let trial = scene.offered().await.parse().expect("an id");
    scene.app.settle().await;
    scene.app.die().await;
    let (mut holder, mut other) = (scene.app.connect(), scene.app.connect());
    let mut free = || {
        ["developers", "job_requests", "trials"].map(|table| {
            let query = format!("SELECT count(*) AS count FROM (SELECT id FROM {table} FOR UPDATE SKIP LOCKED) AS free");
            diesel::sql_query(query).get_result::<Count>(&mut other).expect("a count").count
        })
    };
    assert_eq!(free(), [1, 1, 1]);
    diesel::sql_query("BEGIN").execute(&mut holder).expect("a transaction");
    clock::locked(&mut holder, trial, Viewer::Admin).expect("the trial");
    assert_eq!(free(), [0, 0, 0]);
    diesel::sql_query("COMMIT").execute(&mut holder).expect("to let go");
    assert_eq!(free(), [1, 1, 1]);
}
