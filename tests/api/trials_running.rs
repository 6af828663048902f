//! What the parties of a running trial do: pause, extend, amend, go on for good, begin anew with somebody else, appeal.

use serde_json::{Value, json};

use crate::support::seeds::{Scene, act, offer_body, subjects, vetted, with};
use crate::support::smtp::Received;

#[actix_web::test]
pub async fn a_pause_moves_the_end_and_only_who_paused_resumes() {
    let mut scene = Scene::start().await;
    let id = scene.active().await;
    let before = scene.footprint(&id).await;
    act(&scene.developer, &id, "pause", json!({})).await.faults(&["/reason_code"]);
    assert_eq!(scene.footprint(&id).await, before);
    let paused = act(&scene.developer, &id, "pause", json!({ "message": "A week off." })).await.expect(200);
    assert_eq!((paused.text_at("/state").as_str(), paused.at("/paused_by")), ("paused", &json!("developer")));
    assert_eq!(paused.at("/next/0/at"), "2026-12-15T00:00:00Z", "fourteen midnights");
    act(&scene.client, &id, "resume", json!({})).await.problem(409, "conflict");
    scene.until("2026-12-04T10:00:00Z").await;
    let resumed = act(&scene.developer, &id, "resume", json!({})).await.expect(200);
    assert_eq!((resumed.at("/paused_days"), resumed.text_at("/ends_at").as_str()), (&json!(3), "2027-01-03T00:00:00Z"));
    act(&scene.client, &id, "pause", json!({ "reason_code": "holidays" })).await.expect(200);
    scene.until("2026-12-20T10:00:00Z").await;
    // Eleven days were left; the clock has resumed it.
    let trial = scene.trial(&id).await;
    assert_eq!(
        (trial.text_at("/state").as_str(), trial.at("/paused_days"), trial.text_at("/ends_at").as_str()),
        ("active", &json!(14), "2027-01-14T00:00:00Z")
    );
    assert_eq!(scene.events(&id).await.last().map(String::as_str), Some("resume system active 2026-12-15T00:00:00Z"));
    act(&scene.client, &id, "pause", json!({ "message": "Again." })).await.problem(409, "conflict");
    assert!(!scene.is_free_on("2027-01-18").await && scene.is_free_on("2027-01-20").await, "the hours are held as long as the grace");
}

#[actix_web::test]
pub async fn an_extension_is_agreed_once_and_within_its_cap() {
    let mut scene = Scene::start().await;
    let id = scene.active().await;
    let before = scene.footprint(&id).await;
    for days in [0, 15, -3] {
        act(&scene.client, &id, "extend", json!({ "days": days })).await.faults(&["/days"]);
    }
    act(&scene.client, &id, "extend", json!({})).await.faults(&["/days"]);
    assert_eq!(scene.footprint(&id).await, before);
    let proposed = act(&scene.client, &id, "extend", json!({ "days": 14 })).await.expect(200);
    assert_eq!((proposed.at("/proposal/action"), proposed.at("/proposal/days")), (&json!("extend"), &json!(14)));
    assert_eq!(proposed.at("/ends_at"), "2026-12-31T00:00:00Z", "nothing changes before both agree");
    act(&scene.developer, &id, "amend", json!({ "terms": { "hours_per_week": 20 } })).await.problem(409, "conflict");
    act(&scene.client, &id, "agree", json!({})).await.problem(409, "conflict");
    let agreed = act(&scene.developer, &id, "agree", json!({})).await.expect(200);
    assert_eq!((agreed.text_at("/ends_at").as_str(), agreed.at("/extension_days")), ("2027-01-14T00:00:00Z", &json!(14)));
    act(&scene.developer, &id, "extend", json!({ "days": 1 })).await.problem(409, "conflict");
    assert_eq!(subjects(&scene.app, &scene.client).await.last().map(String::as_str), Some("Your trial with A developer is extended"));
}

#[actix_web::test]
async fn an_extension_reopens_a_trial_whose_days_are_over() {
    let mut scene = Scene::start().await;
    let id = scene.active().await;
    scene.until("2027-01-03T10:00:00Z").await;
    assert_eq!(scene.stand(&id).await, "decision_due");
    act(&scene.client, &id, "extend", json!({ "days": 3 })).await.faults(&["/days"]);
    act(&scene.client, &id, "extend", json!({ "days": 7 })).await.expect(200);
    let agreed = act(&scene.developer, &id, "agree", json!({})).await.expect(200);
    assert_eq!((agreed.text_at("/state").as_str(), agreed.text_at("/ends_at").as_str()), ("active", "2027-01-07T00:00:00Z"));
    scene.until("2027-01-07T00:00:00Z").await;
    assert_eq!(scene.stand(&id).await, "decision_due");
}

#[actix_web::test]
pub async fn amended_terms_are_the_next_version_with_both_signatures() {
    let mut scene = Scene::start().await;
    let id = scene.active().await;
    let before = scene.footprint(&id).await;
    let rate = json!({ "amount": -5, "currency": "USD" });
    act(&scene.client, &id, "amend", json!({ "terms": { "hourly_rate": rate, "hours_per_week": 169 } }))
        .await
        .faults(&["/terms/hourly_rate/amount", "/terms/hours_per_week"]);
    act(&scene.client, &id, "amend", json!({ "terms": { "hours_per_week": 40 } })).await.faults(&["/terms"]);
    assert_eq!(scene.footprint(&id).await, before);
    act(&scene.client, &id, "amend", json!({ "terms": { "hours_per_week": 20 } })).await.expect(200);
    let mail = scene.app.newest_mail(&scene.developer, "A client proposes other terms").await;
    assert!(mail.text().contains("Would change: the hours: 20 instead of 40 per week"), "{}", mail.text());
    let agreed = act(&scene.developer, &id, "agree", json!({})).await.expect(200);
    assert_eq!((agreed.at("/terms_version"), agreed.at("/terms/hours_per_week")), (&json!(2), &json!(20)));
    let signed = agreed.at("/signatures").as_array().expect("signatures").clone();
    assert!(signed.len() == 2 && signed.iter().all(|each| each["terms_version"] == 2 && each["sha256"] == agreed.text_at("/sha256")));
    // Half of the hours are free again, until somebody else takes them: then they cannot be taken back.
    let second = scene.client.post("/v1/job-requests", with(crate::support::seeds::job_body(), json!({ "hours_per_week": 20 }))).await;
    let second = second.expect(201).text_at("/id");
    scene.client.post(&format!("/v1/job-requests/{second}/open"), json!({})).await.expect(200);
    let other = offer_body(&second, &scene.developer_id);
    let terms = with(other["terms"].clone(), json!({ "hours_per_week": 20 }));
    let other = scene.client.post("/v1/trials", with(other, json!({ "terms": terms }))).await.expect(201).text_at("/id");
    act(&scene.developer, &other, "accept", json!({})).await.expect(200);
    act(&scene.developer, &id, "amend", json!({ "terms": { "hours_per_week": 21 } })).await.expect(200);
    scene.app.settle().await;
    let before = scene.footprint(&id).await;
    act(&scene.client, &id, "agree", json!({})).await.problem(409, "conflict");
    assert_eq!(scene.footprint(&id).await, before);
}

#[actix_web::test]
pub async fn a_conversion_needs_the_developer_and_holds_the_hours_until_they_are_released() {
    let mut scene = Scene::start().await;
    let id = scene.active().await;
    let before = scene.footprint(&id).await;
    act(&scene.client, &id, "offer-conversion", json!({ "starts_on": "2026-11-30" })).await.faults(&["/starts_on"]);
    assert_eq!(scene.footprint(&id).await, before);
    let offer = json!({ "terms": { "hourly_rate": { "amount": 9000, "currency": "USD" }, "hours_per_week": 32 }, "message": "Stay!" });
    let offered = act(&scene.client, &id, "offer-conversion", offer.clone()).await.expect(200);
    assert_eq!(
        offered.at("/conversion"),
        &json!({
            "hourly_rate": { "amount": 9000, "currency": "USD" }, "hours_per_week": 32, "starts_on": "2026-12-31", "message": "Stay!",
            "offered_at": "2026-12-01T10:00:00Z", "lapses_at": "2026-12-06T10:00:00Z",
        })
    );
    act(&scene.client, &id, "accept-conversion", json!({})).await.problem(403, "not-allowed");
    act(&scene.developer, &id, "decline-conversion", json!({ "message": "Too early." })).await.expect(200);
    assert_eq!((scene.stand(&id).await.as_str(), scene.trial(&id).await.at("/conversion")), ("active", &Value::Null));
    act(&scene.client, &id, "offer-conversion", offer).await.expect(200);
    act(&scene.developer, &id, "accept-conversion", json!({})).await.expect(200);
    assert_eq!((scene.stand(&id).await.as_str(), scene.job_state().await.as_str()), ("ended/converted", "filled"));
    act(&scene.client, &id, "replace", json!({ "developer_id": scene.developer_id, "starts_on": "2027-01-12" }))
        .await
        .problem(409, "conflict");
    assert!(!scene.is_free_on("2027-06-01").await, "held until released");
    scene.developer.delete(&format!("/v1/developers/me/commitments/{id}")).await.expect(204);
    assert!(scene.is_free_on("2027-06-01").await);
    let mail = scene.app.newest_mail(&scene.client, "You go on for good with A developer").await;
    assert!(mail.text().contains("Afterwards: 90.00 USD per hour, 32 hours per week, from Thu 31 Dec 2026"), "{}", mail.text());
}

#[actix_web::test]
pub async fn somebody_else_begins_anew_within_the_rematch_clock() {
    let mut scene = Scene::start().await;
    let (mut id, mut replaced) = (scene.active().await, Vec::new());
    act(&scene.client, &id, "end", json!({ "reason_code": "not_the_right_fit" })).await.expect(200);
    for party in [&scene.client, &scene.developer] {
        let trial = party.get(&format!("/v1/trials/{id}")).await.expect(200);
        assert_eq!(trial.at("/replacement"), &json!({ "rematch_until": "2026-12-15T10:00:00Z", "days_left": 14 }));
    }
    for _ in 0..3 {
        let (developer, developer_id) = vetted(&scene.app, json!({})).await;
        let body = json!({ "developer_id": developer_id, "starts_on": "2026-12-08", "terms": { "scope": "The rest of the ledger." } });
        let offered = act(&scene.client, &id, "replace", body).await.expect(201);
        assert_eq!((offered.text_at("/replaces"), offered.text_at("/terms/scope")), (id.clone(), "The rest of the ledger.".to_owned()));
        assert_eq!(subjects(&scene.app, &developer).await, ["Trial offer from A client"]);
        replaced.push(id);
        id = offered.text_at("/id");
        act(&developer, &id, "decline", json!({})).await.expect(200);
    }
    let (_, developer_id) = vetted(&scene.app, json!({})).await;
    let refused = act(&scene.client, &id, "replace", json!({ "developer_id": developer_id, "starts_on": "2026-12-08" })).await;
    refused.problem(409, "conflict");
    act(&scene.client, &replaced[0], "replace", json!({ "developer_id": developer_id, "starts_on": "2025-12-08" }))
        .await
        .problem(409, "conflict");
    assert_eq!(scene.job_state().await, "open");
}

#[actix_web::test]
pub async fn a_termination_is_contested_once_and_answered_by_another_admin() {
    let mut scene = Scene::start().await;
    let id = scene.active().await;
    act(&scene.admin, &id, "terminate", json!({ "message": "The work was somebody else's." })).await.expect(200);
    act(&scene.developer, &id, "appeal", json!({})).await.faults(&["/message"]);
    let appealed = act(&scene.developer, &id, "appeal", json!({ "message": "It was mine." })).await.expect(200);
    assert_eq!((appealed.text_at("/state").as_str(), appealed.at("/proposal/action")), ("ended", &json!("appeal")));
    assert_eq!(
        subjects(&scene.app, &scene.admin).await.last().map(String::as_str),
        Some("An appeal waits for an answer: A client and A developer")
    );
    act(&scene.client, &id, "appeal", json!({ "message": "It was." })).await.problem(409, "conflict");
    act(&scene.admin, &id, "decide-appeal", json!({ "message": "No." })).await.problem(409, "conflict");
    let other = scene.app.admin().await;
    act(&other, &id, "decide-appeal", json!({ "message": "It was, and we are sorry." })).await.expect(200);
    for party in [&scene.client, &scene.developer] {
        let seen = party.get(&format!("/v1/trials/{id}")).await.expect(200);
        let actions = seen.at("/allowed_actions").as_array().expect("actions").clone();
        assert!(seen.at("/proposal").is_null() && !actions.contains(&json!("appeal")), "{actions:?}");
        let mail = scene.app.newest_mail(party, "The appeal is answered").await;
        assert!(mail.text().contains("It was, and we are sorry."), "{}", mail.text());
    }
    let log = other.get(&format!("/v1/admin/audit?subject={id}")).await.expect(200);
    let entries = log.at("/data").as_array().expect("entries").iter().filter(|entry| entry["role"] == "admin");
    let told: Vec<_> = entries.map(|entry| (entry["action"].clone(), entry["reason"].clone())).collect();
    assert_eq!(
        told,
        [
            (json!("trial.decide-appeal"), json!("It was, and we are sorry.")),
            (json!("trial.terminate"), json!("The work was somebody else's.")),
        ]
    );
}

/// The calendar that a mail carries, unfolded.
fn attached(mail: &Received) -> Option<String> {
    let parsed = mail.parsed();
    let part = parsed.subparts.iter().find(|part| part.ctype.mimetype == "text/calendar")?;
    Some(part.get_body().expect("a calendar").replace("\r\n ", ""))
}

/// The values of a property, in the order of the calendar.
fn values<'a>(calendar: &'a str, property: &str) -> Vec<&'a str> {
    calendar.lines().filter_map(|line| line.strip_prefix(property)?.strip_prefix(':')).collect()
}

#[actix_web::test]
async fn key_dates_come_as_a_calendar_that_changes_with_the_trial() {
    let mut scene = Scene::start().await;
    let id = scene.offered().await;
    let path = format!("/v1/trials/{id}/calendar.ics");
    scene.client.get(&path).await.problem(409, "conflict");
    act(&scene.developer, &id, "accept", json!({})).await.expect(200);
    let mail = scene.app.newest_mail(&scene.developer, "Your trial with A client is scheduled").await;
    let first = attached(&mail).expect("a calendar");
    let starts = [
        "20261201T000000Z",
        "20261204T090000Z",
        "20261208T090000Z",
        "20261215T090000Z",
        "20261222T090000Z",
        "20261224T000000Z",
        "20261231T000000Z",
    ];
    assert_eq!(values(&first, "DTSTART"), starts);
    assert_eq!((values(&first, "METHOD"), values(&first, "SEQUENCE")), (vec!["PUBLISH"], vec!["2"; 7]));
    let got = scene.developer.get(&path).await.expect(200);
    assert_eq!((got.header("content-type"), got.text.replace("\r\n ", "")), ("text/calendar; charset=utf-8", first.clone()));
    scene.until("2026-12-01T10:00:00Z").await;
    act(&scene.client, &id, "extend", json!({ "days": 7 })).await.expect(200);
    act(&scene.developer, &id, "agree", json!({})).await.expect(200);
    let longer = attached(&scene.app.newest_mail(&scene.client, "Your trial with A developer is extended").await).expect("a calendar");
    assert_eq!(values(&longer, "DTSTART").last(), Some(&"20270107T000000Z"));
    assert_eq!((values(&longer, "UID"), values(&longer, "SEQUENCE")), (values(&first, "UID"), vec!["5"; 7]));
    act(&scene.developer, &id, "end", json!({ "message": "I have moved." })).await.expect(200);
    let ended = attached(&scene.app.newest_mail(&scene.client, "Your trial with A developer has ended").await).expect("a calendar");
    assert_eq!((values(&ended, "METHOD"), values(&ended, "STATUS")), (vec!["CANCEL"], vec!["CANCELLED"; 6]));
    assert_eq!(values(&ended, "UID"), values(&first, "UID")[1..], "what has been is not called off");
}
