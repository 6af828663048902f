//! Hours by the week: written down, handed in, doubted, decided, and what they cost.

use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::person::Person;
use crate::support::seeds::{Scene, act, offer_body, open_job, terms, vetted, with};

/// A day with hours.
fn day(date: &str, hours: f64) -> Value {
    json!({ "date": date, "hours": hours })
}

/// Eight hours on each of these days.
fn full(dates: &[&str]) -> Value {
    json!({ "days": dates.iter().map(|date| day(date, 8.0)).collect::<Vec<_>>() })
}

/// Tuesday to Friday of the first week.
const FIRST: [&str; 4] = ["2026-12-01", "2026-12-02", "2026-12-03", "2026-12-04"];

fn path(trial: &str, week: &str) -> String {
    format!("/v1/trials/{trial}/timesheets/{week}")
}

/// Takes a step with the first week's timesheet.
async fn step(who: &Person, trial: &str, action: &str, body: Value) -> Answer {
    who.post(&format!("{}/{action}", path(trial, "2026-W49")), body).await
}

/// The first week filled with four full days and handed in on Friday evening.
async fn handed_in(scene: &mut Scene, trial: &str) {
    scene.until("2026-12-04T18:00:00Z").await;
    scene.developer.put(&path(trial, "2026-W49"), full(&FIRST)).await.expect(200);
    step(&scene.developer, trial, "submit", json!({})).await.expect(200);
}

/// How many mails somebody got whose subject begins like this.
async fn count(scene: &Scene, person: &Person, subject: &str) -> usize {
    scene.app.mails(person, subject).await.len()
}

/// Due, owed, paid by the platform in the only currency: in cents.
async fn totals(scene: &Scene, trial: &str) -> [i64; 3] {
    let billing = scene.client.get(&format!("/v1/trials/{trial}/billing")).await.expect(200);
    ["developer_due", "client_owes", "platform_pays"].map(|name| billing.at(&format!("/totals/0/{name}/amount")).as_i64().expect("cents"))
}

#[actix_web::test]
pub async fn a_week_is_written_down_handed_in_doubted_answered_and_decided() {
    let mut scene = Scene::start().await;
    let id = scene.active().await;
    let sheet = path(&id, "2026-W49");
    let empty = scene.developer.get(&sheet).await.expect(200);
    assert_eq!(
        (empty.at("/version"), empty.at("/state"), empty.at("/days"), empty.at("/allowed_actions"), empty.header("etag")),
        (&json!(0), &json!("draft"), &json!([]), &json!(["fill", "submit"]), "\"0\"")
    );
    assert_eq!(scene.client.get(&sheet).await.expect(200).at("/allowed_actions"), &json!([]));
    scene.developer.get(&path(&id, "2026-W48")).await.problem(404, "not-found");
    scene.developer.get(&path(&id, "2026-49")).await.problem(404, "not-found");
    scene.until("2026-12-04T18:00:00Z").await;
    scene.developer.put(&sheet, full(&FIRST[..3])).await.expect(200);
    assert_eq!(count(&scene, &scene.client, "80 %").await, 0);
    let filled = scene.developer.with("if-match", "\"1\"").put(&sheet, full(&FIRST)).await.expect(200);
    assert_eq!((filled.at("/hours"), filled.at("/cap"), filled.at("/agreed_hours")), (&json!(32.0), &json!(80), &json!(40)));
    scene.developer.with("if-match", "\"1\"").put(&sheet, full(&FIRST)).await.problem(412, "stale-version");
    assert_eq!((count(&scene, &scene.client, "80 %").await, count(&scene, &scene.developer, "80 %").await), (1, 1));
    let submitted = step(&scene.developer, &id, "submit", json!({})).await.expect(200);
    assert_eq!(
        ["state", "submit_by", "submitted_at", "due_at", "late"].map(|name| submitted.at(&format!("/{name}")).clone()),
        [json!("submitted"), json!("2026-12-07T12:00:00Z"), json!("2026-12-04T18:00:00Z"), json!("2026-12-10T23:59:00Z"), json!(false)]
    );
    assert_eq!(count(&scene, &scene.client, "Hours from").await, 1);
    scene.developer.put(&sheet, full(&FIRST)).await.problem(409, "invalid-transition");
    assert_eq!(scene.client.get(&sheet).await.expect(200).at("/allowed_actions"), &json!(["approve", "query"]));
    step(&scene.client, &id, "query", json!({})).await.faults(&["/message"]);
    let queried = step(&scene.client, &id, "query", json!({ "message": "Was Friday a full day?" })).await.expect(200);
    assert_eq!((queried.at("/state"), queried.at("/due_at")), (&json!("queried"), &json!("2026-12-07T18:00:00Z")));
    let mail = scene.app.newest_mail(&scene.developer, "A client has a question about your hours").await;
    assert!(mail.text().contains("Was Friday a full day?"), "{}", mail.text());
    step(&scene.admin, &id, "decide", json!({ "message": "At once." })).await.problem(409, "conflict");
    let corrected = json!({ "days": [day("2026-12-04", 6.25), day("2026-12-01", 8.0)], "message": "Six and a quarter." });
    step(&scene.developer, &id, "answer", corrected).await.expect(200);
    assert_eq!((count(&scene, &scene.client, "Queried hours").await, count(&scene, &scene.admin, "Queried hours").await), (1, 1));
    assert!(totals_are_empty(&scene, &id).await, "nothing counts yet");
    let decided = step(&scene.admin, &id, "decide", json!({ "message": "As corrected." })).await.expect(200);
    assert_eq!((decided.at("/state"), decided.at("/hours"), decided.at("/due_at")), (&json!("decided"), &json!(14.25), &Value::Null));
    let said: Vec<_> = decided.at("/history").as_array().expect("steps").iter().map(|each| (&each["action"], &each["message"])).collect();
    let expected = [
        ("submit", Value::Null),
        ("query", json!("Was Friday a full day?")),
        ("answer", json!("Six and a quarter.")),
        ("decide", json!("As corrected.")),
    ];
    let expected = expected.map(|(action, message)| (json!(action), message));
    let said: Vec<_> = said.into_iter().map(|(action, message)| (action.clone(), message.clone())).collect();
    assert_eq!(said, expected);
    assert_eq!((count(&scene, &scene.client, "Decided").await, count(&scene, &scene.developer, "Decided").await), (1, 1));
    assert_eq!(totals(&scene, &id).await, [114_000, 114_000, 0]);
    let audit = scene.admin.get(&format!("/v1/admin/audit?subject={id}/2026-W49")).await.expect(200);
    assert_eq!((audit.at("/data/0/action"), audit.at("/data/0/reason")), (&json!("timesheet.decide"), &json!("As corrected.")));
}

async fn totals_are_empty(scene: &Scene, trial: &str) -> bool {
    scene.client.get(&format!("/v1/trials/{trial}/billing")).await.expect(200).at("/totals") == &json!([])
}

#[actix_web::test]
async fn hours_that_nobody_doubts_count_on_thursday_at_midnight_by_the_contracts_clock() {
    let mut scene = Scene::start().await;
    let id = scene.active().await;
    handed_in(&mut scene, &id).await;
    scene.until("2026-12-10T23:58:59Z").await;
    assert_eq!(scene.client.get(&path(&id, "2026-W49")).await.expect(200).at("/state"), "submitted");
    // Nothing runs for a day: the time that is noted is the time it was due.
    scene.until("2026-12-12T09:00:00Z").await;
    let sheet = scene.client.get(&path(&id, "2026-W49")).await.expect(200);
    assert_eq!(
        (sheet.at("/state"), sheet.at("/history/1/actor"), sheet.at("/history/1/at")),
        (&json!("approved"), &json!("system"), &json!("2026-12-10T23:59:00Z"))
    );
    assert_eq!((count(&scene, &scene.client, "Hours approved").await, count(&scene, &scene.developer, "Hours approved").await), (1, 1));
    step(&scene.client, &id, "query", json!({ "message": "Late." })).await.problem(409, "invalid-transition");
    assert_eq!(totals(&scene, &id).await, [256_000, 256_000, 0]);
    // A week that comes late gives the client as many days as always.
    scene.until("2026-12-15T12:00:00Z").await;
    scene.developer.put(&path(&id, "2026-W50"), full(&["2026-12-07"])).await.expect(200);
    let late = scene.developer.post(&format!("{}/submit", path(&id, "2026-W50")), json!({})).await.expect(200);
    assert_eq!((late.at("/late"), late.at("/due_at")), (&json!(true), &json!("2026-12-18T23:59:00Z")));
    scene.client.post(&format!("{}/approve", path(&id, "2026-W50")), json!({})).await.expect(200);
    assert_eq!(count(&scene, &scene.developer, "Hours approved").await, 2);
    assert_eq!(count(&scene, &scene.client, "Hours approved").await, 1, "whoever approves knows");
}

#[actix_web::test]
async fn a_query_without_an_answer_goes_to_the_admins() {
    let mut scene = Scene::start().await;
    let id = scene.active().await;
    handed_in(&mut scene, &id).await;
    step(&scene.client, &id, "query", json!({ "message": "Friday?" })).await.expect(200);
    scene.until("2026-12-07T17:59:00Z").await;
    assert_eq!(count(&scene, &scene.admin, "Hours to decide").await, 0);
    scene.until("2026-12-07T18:00:10Z").await;
    scene.app.advance(chrono::TimeDelta::seconds(20)).await;
    assert_eq!(count(&scene, &scene.admin, "Hours to decide").await, 1);
    let decided = step(&scene.admin, &id, "decide", json!({ "days": [day("2026-12-01", 8.0)], "message": "One day is shown." })).await;
    assert_eq!(decided.expect(200).at("/hours"), &json!(8.0));
}

#[actix_web::test]
async fn hours_outside_the_trial_while_it_rests_and_by_others_are_refused_and_change_nothing() {
    let mut scene = Scene::start().await;
    let scheduled = scene.scheduled().await;
    let sheet = path(&scheduled, "2026-W49");
    scene.developer.put(&sheet, full(&["2026-12-01"])).await.problem(409, "conflict");
    scene.until("2026-12-02T10:00:00Z").await;
    act(&scene.client, &scheduled, "pause", json!({ "message": "The office moves." })).await.expect(200);
    scene.until("2026-12-04T10:00:00Z").await;
    act(&scene.client, &scheduled, "resume", json!({})).await.expect(200);
    let wrong = json!({ "days": [day("2026-11-30", 1.0), day("2026-12-03", 2.0), day("2026-12-05", 1.0), day("2026-12-07", 1.0), day("2026-12-02", 4.0), day("2026-12-02", 1.0)] });
    scene.developer.put(&sheet, wrong).await.faults(&["/days/0/date", "/days/1/date", "/days/2/date", "/days/3/date", "/days/5/date"]);
    scene
        .developer
        .put(&sheet, json!({ "days": [day("2026-12-01", 24.25), day("2026-12-02", 0.3)] }))
        .await
        .faults(&["/days/0/hours", "/days/1/hours"]);
    scene.client.put(&sheet, full(&["2026-12-01"])).await.problem(403, "not-allowed");
    scene.developer.post(&format!("{sheet}/approve"), json!({})).await.problem(403, "not-allowed");
    let stranger = scene.app.client().await;
    stranger.get(&sheet).await.problem(404, "not-found");
    stranger.post(&format!("{sheet}/approve"), json!({})).await.problem(404, "not-found");
    assert_eq!(scene.developer.get(&sheet).await.expect(200).at("/version"), 0, "nothing was kept");
    scene.developer.put(&sheet, full(&["2026-12-01", "2026-12-02"])).await.expect(200);
}

#[actix_web::test]
async fn the_last_week_ends_the_reminders_and_three_weeks_later_it_is_too_late() {
    let mut scene = Scene::start().await;
    let id = scene.active().await;
    // The last day is Friday the 4th.
    act(&scene.developer, &id, "end", json!({ "message": "I have moved." })).await.expect(200);
    scene.until("2026-12-11T10:00:00Z").await;
    assert_eq!(count(&scene, &scene.developer, "Your last timesheet").await, 1);
    scene.developer.put(&path(&id, "2026-W49"), json!({ "days": [day("2026-12-05", 1.0)] })).await.faults(&["/days/0/date"]);
    scene.developer.put(&path(&id, "2026-W49"), full(&FIRST)).await.expect(200);
    step(&scene.developer, &id, "submit", json!({})).await.expect(200);
    scene.developer.get(&path(&id, "2026-W50")).await.problem(404, "not-found");
    scene.until("2026-12-24T10:00:00Z").await;
    assert_eq!(count(&scene, &scene.developer, "Your last timesheet").await, 1, "it is handed in");
    assert_eq!(totals(&scene, &id).await, [256_000, 256_000, 0]);
    let another = another_trial(&scene, json!({ "rule": "client_pays_all" }), "2026-12-28").await;
    scene.until("2026-12-29T10:00:00Z").await;
    act(&scene.developer, &another, "end", json!({ "message": "I have moved." })).await.expect(200);
    scene.until("2027-01-23T10:00:00Z").await;
    scene.developer.put(&path(&another, "2026-W53"), full(&["2026-12-28"])).await.problem(409, "conflict");
}

/// Another trial of the same two that both have signed.
async fn another_trial(scene: &Scene, billing: Value, starts_on: &str) -> String {
    let job = open_job(&scene.client, json!({ "starts_on": starts_on })).await;
    let body = with(
        offer_body(&job, &scene.developer_id),
        json!({ "starts_on": starts_on, "terms": with(terms(), json!({ "billing": billing })) }),
    );
    let id = scene.client.post("/v1/trials", body).await.expect(201).text_at("/id");
    act(&scene.developer, &id, "accept", json!({})).await.expect(200);
    id
}

#[actix_web::test]
pub async fn a_trial_ended_on_day_n_is_free_until_then_and_on_the_next_day_it_is_not() {
    for (ended_at, expected) in [("2026-12-07T23:30:00Z", [64_000, 0, 64_000]), ("2026-12-08T00:30:00Z", [64_000, 64_000, 0])] {
        let mut scene = Scene::start().await;
        let id = another_trial(&scene, json!({ "rule": "free_if_ended_within", "days": 7 }), "2026-12-01").await;
        scene.until("2026-12-01T20:00:00Z").await;
        scene.developer.put(&path(&id, "2026-W49"), full(&["2026-12-01"])).await.expect(200);
        step(&scene.developer, &id, "submit", json!({})).await.expect(200);
        step(&scene.client, &id, "approve", json!({})).await.expect(200);
        assert_eq!(totals(&scene, &id).await, [64_000, 64_000, 0], "while it runs, what is owed is what going on costs");
        let billing = scene.developer.get(&format!("/v1/trials/{id}/billing")).await.expect(200);
        assert_eq!((billing.at("/settled"), billing.at("/weeks/0/counts")), (&json!(false), &json!(true)));
        scene.until(ended_at).await;
        act(&scene.client, &id, "end", json!({ "reason_code": "not_the_right_fit", "message": "Sorry." })).await.expect(200);
        assert_eq!(totals(&scene, &id).await, expected, "{ended_at}");
        // What comes after the end does not make it a later one.
        let (_, other) = vetted(&scene.app, json!({})).await;
        scene.later(chrono::TimeDelta::days(2)).await;
        act(&scene.client, &id, "replace", json!({ "developer_id": other, "starts_on": "2026-12-14" })).await.expect(201);
        assert_eq!(totals(&scene, &id).await, expected);
    }
}

#[actix_web::test]
async fn the_contract_is_a_page_that_says_what_both_have_signed_and_what_it_costs() {
    let mut scene = Scene::start().await;
    let hostile = json!({ "billing": { "rule": "platform_covers_first", "days": 7 }, "scope": "<script>alert(1)</script>" });
    let body = with(offer_body(&scene.job, &scene.developer_id), json!({ "terms": with(terms(), hostile) }));
    let id = scene.client.post("/v1/trials", body).await.expect(201).text_at("/id");
    let page = scene.client.get(&format!("/v1/trials/{id}/contract")).await;
    assert!(!page.text.contains("A developer"), "the name is told with the signature");
    act(&scene.developer, &id, "accept", json!({})).await.expect(200);
    scene.until("2026-12-01T10:00:00Z").await;
    let page = scene.client.get(&format!("/v1/trials/{id}/contract")).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    let text = page.text.clone();
    let hash = scene.trial(&id).await.text_at("/sha256");
    // Four days in the first week are the platform's, the fifth day and the second week's the client's: day 7 is Monday the 7th.
    for said in [
        "A developer signed version 1 on",
        "80.00 USD per hour",
        &hash,
        "&#60;script&#62;",
        "<td>2026-W49</td><td>32:00</td><td>2560.00 USD</td><td>0.00 USD</td><td>2560.00 USD</td>",
        "<td>2026-W50</td><td>40:00</td><td>3200.00 USD</td><td>2560.00 USD</td><td>640.00 USD</td>",
        "<td>accept</td>",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
    assert!(!text.contains("<script>"));
}
