//! Trials: offers, counter-offers, signatures, and every way in which people end one (lifecycles, the trial contract).

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::app::TestApp;
use crate::support::seeds::{Scene, act, draft, offer_body, open_job, rows, subjects, terms, unvetted, vetted, with};

const NOBODY: &str = "dev_01h455vb4pex5vsknk084sn02q";
const UNAVAILABLE: &str = "No trial can be agreed with this developer at present.";

/// A state, and what the client, the developer and an admin may do in it.
type Allowed = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

const ALLOWED: [Allowed; 10] = [
    ("offered", &["withdraw"], &["counter", "accept", "decline"], &[]),
    ("countered", &["revise", "accept", "decline"], &["withdraw"], &[]),
    ("scheduled", &["cancel"], &["cancel"], &["cancel", "terminate"]),
    (
        "active",
        &["pause", "amend", "extend", "offer-conversion", "end", "end-together"],
        &["pause", "amend", "extend", "end", "end-together"],
        &["pause", "terminate"],
    ),
    ("proposed", &["pause", "offer-conversion", "end"], &["pause", "end", "agree", "refuse"], &["pause", "terminate"]),
    ("paused", &["end", "end-together"], &["resume", "end", "end-together"], &["resume", "terminate"]),
    ("conversion_offered", &["end", "end-together"], &["accept-conversion", "decline-conversion", "end", "end-together"], &["terminate"]),
    (
        "decision_due",
        &["amend", "extend", "offer-conversion", "end", "end-together"],
        &["amend", "extend", "end", "end-together"],
        &["terminate"],
    ),
    ("ended", &["replace"], &[], &[]),
    ("void", &["replace"], &[], &[]),
];

const ACTIONS: [&str; 21] = [
    "counter",
    "revise",
    "accept",
    "decline",
    "withdraw",
    "cancel",
    "pause",
    "resume",
    "amend",
    "extend",
    "offer-conversion",
    "accept-conversion",
    "decline-conversion",
    "end",
    "end-together",
    "agree",
    "refuse",
    "terminate",
    "replace",
    "appeal",
    "decide-appeal",
];

#[actix_web::test]
async fn an_offer_waits_with_the_clients_signature_and_holds_nothing() {
    let scene = Scene::start().await;
    let made = scene.client.post("/v1/trials", offer_body(&scene.job, &scene.developer_id)).await.expect(201);
    let id = made.text_at("/id");
    assert_eq!((made.header("location"), made.header("etag")), (format!("/v1/trials/{id}").as_str(), "\"1\""));
    assert_eq!((made.text_at("/state").as_str(), made.at("/outcome")), ("offered", &Value::Null));
    assert_eq!(made.at("/terms"), &with(terms(), json!({ "overlap_hours": 4.0 })));
    let dates = ["starts_at", "decision_opens_at", "ends_at", "grace_until", "answer_by"].map(|name| made.text_at(&format!("/{name}")));
    let expected = ["2026-12-01T00:00:00Z", "2026-12-24T00:00:00Z", "2026-12-31T00:00:00Z", "2027-01-05T00:00:00Z", "2026-11-30T10:00:00Z"];
    assert_eq!(dates, expected);
    let signer = scene.client.get("/v1/me").await.text_at("/id");
    let signature = json!({
        "party": "client", "user_id": signer, "at": "2026-11-23T10:00:00Z", "terms_version": 1, "sha256": made.text_at("/sha256"),
    });
    assert_eq!(made.at("/signatures"), &json!([signature]));
    assert_eq!(made.at("/developer"), &json!({ "id": scene.developer_id, "headline": "Go backend engineer", "name": null }));
    assert_eq!(scene.trial(&id).await.json, made.json);
    let seen = scene.developer.get(&format!("/v1/trials/{id}")).await.expect(200);
    assert_eq!((seen.text_at("/organization/name"), seen.text_at("/developer/name")), ("A client".into(), "A developer".into()));
    assert_eq!(scene.events(&id).await, ["offer client offered 2026-11-23T10:00:00Z"]);
    assert_eq!(subjects(&scene.app, &scene.developer).await, ["Trial offer from A client"]);
    assert_eq!(subjects(&scene.app, &scene.client).await, [""; 0]);
    assert!(scene.is_free_on("2026-12-01").await, "an offer holds no hours");
    assert_eq!(scene.job_state().await, "open");
}

/// RFC 8785 by hand: members in order, no blanks, numbers as they are spoken.
fn canonical(scene: &Scene, organization: &str) -> String {
    format!(
        r#"{{"job_request_id":"{}","parties":{{"client":"{organization}","developer":"{}"}},"starts_on":"2026-12-02","#,
        scene.job, scene.developer_id
    ) + concat!(
        r#""terms":{"billing":{"days":7,"rule":"free_if_ended_within"},"hourly_rate":{"amount":8200,"currency":"USD"},"#,
        r#""hours_per_week":30,"notice_days":3,"overlap_hours":4.5,"scope":"Ledger core and its API.","time_zone":"Europe/London"},"#,
        r#""trial_days":30,"version":3}"#
    )
}

#[actix_web::test]
pub async fn terms_go_back_and_forth_until_both_have_signed_the_same() {
    let scene = Scene::start().await;
    let id = scene.offered().await;
    let organization = scene.trial(&id).await.text_at("/organization/id");
    act(&scene.developer, &id, "counter", json!({})).await.faults(&["/terms"]);
    let other =
        json!({ "starts_on": "2026-12-02", "terms": { "hourly_rate": { "amount": 9000, "currency": "USD" }, "overlap_hours": 4.5 } });
    let countered = act(&scene.developer, &id, "counter", other).await.expect(200);
    assert_eq!((countered.text_at("/state").as_str(), countered.at("/terms_version")), ("countered", &json!(2)));
    assert_eq!(countered.at("/signatures/0/party"), "developer");
    let billing = json!({ "rule": "free_if_ended_within", "days": 7 });
    let change = json!({ "terms": { "hourly_rate": { "amount": 8200, "currency": "USD" }, "hours_per_week": 30, "billing": billing } });
    let revised = act(&scene.client, &id, "revise", change).await.expect(200);
    assert_eq!((revised.text_at("/state").as_str(), revised.at("/terms_version")), ("offered", &json!(3)));
    let accepted = act(&scene.developer, &id, "accept", json!({})).await.expect(200);
    let hash: String = Sha256::digest(canonical(&scene, &organization)).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(accepted.text_at("/sha256"), hash);
    let signatures = accepted.at("/signatures").as_array().cloned().unwrap_or_default();
    let told: Vec<_> = signatures.iter().map(|each| (&each["party"], &each["terms_version"], &each["sha256"])).collect();
    let (client, developer, version, hash) = (json!("client"), json!("developer"), json!(3), json!(hash));
    assert_eq!(told, [(&client, &version, &hash), (&developer, &version, &hash)]);
    let history = accepted.at("/terms_history").as_array().cloned().unwrap_or_default();
    let versions: Vec<_> = history.iter().map(|each| (&each["version"], &each["proposed_by"])).collect();
    assert_eq!(versions, [(&json!(1), &client), (&json!(2), &developer), (&json!(3), &client)]);
    assert_eq!(history.iter().map(|each| each["sha256"].as_str()).collect::<std::collections::HashSet<_>>().len(), 3);
    assert_eq!(
        subjects(&scene.app, &scene.client).await,
        ["Go backend engineer answers with other terms", "A developer accepted your trial offer"]
    );
    assert_eq!(
        subjects(&scene.app, &scene.developer).await,
        ["Trial offer from A client", "New trial terms from A client", "Your trial with A client is scheduled"]
    );
}

#[actix_web::test]
async fn accepting_takes_hours_and_the_seat_and_tells_who_it_is() {
    let scene = Scene::start().await;
    let id = scene.offered().await;
    let accepted = act(&scene.developer, &id, "accept", json!({})).await.expect(200);
    assert_eq!((accepted.text_at("/state").as_str(), accepted.header("etag")), ("scheduled", "\"2\""));
    assert!(!scene.is_free_on("2026-12-01").await);
    // The grace time ends on 5 January; a trial after it finds the developer free.
    assert!(!scene.is_free_on("2027-01-04").await && scene.is_free_on("2027-01-05").await);
    assert_eq!(scene.job_state().await, "filled");
    assert_eq!(scene.trial(&id).await.text_at("/developer/name"), "A developer");
    assert_eq!(act(&scene.developer, &id, "accept", json!({})).await.problem(409, "invalid-transition").at("/state"), "scheduled");
}

#[actix_web::test]
async fn a_client_accepts_a_counter_offer() {
    let scene = Scene::start().await;
    let id = scene.offered().await;
    act(&scene.developer, &id, "counter", json!({ "terms": { "hours_per_week": 20 } })).await.expect(200);
    act(&scene.client, &id, "accept", json!({})).await.expect(200);
    assert_eq!(scene.stand(&id).await, "scheduled");
    assert_eq!(subjects(&scene.app, &scene.developer).await, ["Trial offer from A client", "A client accepted your trial offer"]);
    assert_eq!(
        subjects(&scene.app, &scene.client).await,
        ["Go backend engineer answers with other terms", "Your trial with A developer is scheduled"]
    );
}

#[actix_web::test]
pub async fn an_offer_is_declined_or_withdrawn_by_whoever_may() {
    let scene = Scene::start().await;
    let cases: [(&str, &str, &str, Option<&str>, &str); 4] = [
        ("", "decline", "void/declined", Some("Go backend engineer declined the trial offer"), ""),
        ("", "withdraw", "void/withdrawn", None, "A client withdrew the trial offer"),
        ("counter", "decline", "void/declined", None, "A client declined the trial offer"),
        ("counter", "withdraw", "void/withdrawn", Some("Go backend engineer withdrew the trial offer"), ""),
    ];
    for (first, action, stand, to_client, to_developer) in cases {
        let id = scene.offered().await;
        if !first.is_empty() {
            act(&scene.developer, &id, first, json!({ "terms": { "notice_days": 5 } })).await.expect(200);
        }
        let before = (subjects(&scene.app, &scene.client).await.len(), subjects(&scene.app, &scene.developer).await.len());
        let by = if to_client.is_some() { &scene.developer } else { &scene.client };
        let then: &[&str] = if to_client.is_some() { &[] } else { &["replace"] };
        let done = act(by, &id, action, json!({ "message": "Not at this time." })).await.expect(200);
        assert_eq!((done.text_at("/message").as_str(), done.at("/allowed_actions")), ("Not at this time.", &json!(then)));
        assert_eq!(scene.stand(&id).await, stand);
        let news = (subjects(&scene.app, &scene.client).await, subjects(&scene.app, &scene.developer).await);
        let expected = if to_developer.is_empty() { vec![] } else { vec![to_developer.to_owned()] };
        assert_eq!(news.0[before.0..], to_client.map(ToOwned::to_owned).into_iter().collect::<Vec<_>>(), "{first} {action}");
        assert_eq!(news.1[before.1..], expected, "{first} {action}");
    }
    let mail = scene.app.newest_mail(&scene.client, "Go backend engineer declined").await;
    assert!(mail.text().contains("Not at this time."), "{}", mail.text());
    assert_eq!(scene.job_state().await, "open");
}

#[actix_web::test]
pub async fn a_scheduled_trial_is_called_off_with_a_reason() {
    let scene = Scene::start().await;
    let by = [&scene.client, &scene.developer, &scene.admin];
    let mails = [(false, true), (true, false), (true, true)];
    for (who, (client_told, developer_told)) in by.into_iter().zip(mails) {
        let id = scene.scheduled().await;
        assert_eq!(scene.job_state().await, "filled");
        let before = scene.footprint(&id).await;
        act(who, &id, "cancel", json!({})).await.expect(422);
        if who.email == scene.admin.email {
            act(who, &id, "cancel", json!({ "reason_code": "other" })).await.faults(&["/message"]);
        }
        assert_eq!(scene.footprint(&id).await, before);
        let had = (subjects(&scene.app, &scene.client).await.len(), subjects(&scene.app, &scene.developer).await.len());
        act(who, &id, "cancel", json!({ "reason_code": "budget", "message": "The budget is gone." })).await.expect(200);
        assert_eq!(scene.stand(&id).await, "void/cancelled_before_start");
        assert_eq!((scene.job_state().await.as_str(), scene.is_free_on("2026-12-01").await), ("open", true));
        let told = (subjects(&scene.app, &scene.client).await, subjects(&scene.app, &scene.developer).await);
        let expected = |told: bool, other: &str| if told { vec![format!("The trial with {other} is cancelled")] } else { vec![] };
        assert_eq!(told.0[had.0..], expected(client_told, "A developer"));
        assert_eq!(told.1[had.1..], expected(developer_told, "A client"));
    }
    assert_eq!(subjects(&scene.app, &scene.admin).await, [""; 0]);
}

#[actix_web::test]
pub async fn an_end_leaves_the_notice() {
    let mut scene = Scene::start().await;
    let id = scene.active().await;
    let end = json!({ "reason_code": "not_the_right_fit", "message": "We look for something else." });
    let before = scene.footprint(&id).await;
    act(&scene.client, &id, "end", json!({ "last_day": "2026-12-20" })).await.faults(&["/reason_code"]);
    for too_soon_or_late in ["2026-12-03", "2026-11-30", "2027-01-06"] {
        act(&scene.client, &id, "end", with(end.clone(), json!({ "last_day": too_soon_or_late }))).await.faults(&["/last_day"]);
    }
    assert_eq!(scene.footprint(&id).await, before);
    let ended = act(&scene.client, &id, "end", with(end, json!({ "last_day": "2026-12-20" }))).await.expect(200);
    assert_eq!((ended.text_at("/last_day").as_str(), ended.text_at("/reason_code").as_str()), ("2026-12-20", "not_the_right_fit"));
    assert_eq!(scene.stand(&id).await, "ended/ended_by_client");
    assert_eq!(scene.job_state().await, "open");
    assert!(!scene.is_free_on("2026-12-20").await && scene.is_free_on("2026-12-21").await);
    assert_eq!(
        scene.events(&id).await,
        [
            "offer client offered 2026-11-23T10:00:00Z",
            "accept developer scheduled 2026-11-23T10:00:00Z",
            "start system active 2026-12-01T00:00:00Z",
            "end client ended 2026-12-01T10:00:00Z",
        ]
    );
    // Reminders of the start that nobody could send in time are not sent late.
    assert_eq!(
        subjects(&scene.app, &scene.developer).await,
        [
            "Trial offer from A client",
            "Your trial with A client is scheduled",
            "Your trial with A client starts today",
            "Your trial with A client has ended",
        ]
    );
    assert_eq!(
        subjects(&scene.app, &scene.client).await,
        ["A developer accepted your trial offer", "Your trial with A developer starts today"]
    );
}

#[actix_web::test]
async fn a_developer_ends_on_the_earliest_day() {
    let mut scene = Scene::start().await;
    let id = scene.active().await;
    let ended = act(&scene.developer, &id, "end", json!({ "message": "I have moved." })).await.expect(200);
    assert_eq!(ended.text_at("/last_day"), "2026-12-04");
    assert_eq!(scene.stand(&id).await, "ended/ended_by_developer");
    assert_eq!(subjects(&scene.app, &scene.client).await.last().map(String::as_str), Some("Your trial with A developer has ended"));
}

#[actix_web::test]
pub async fn both_end_together_or_go_on() {
    let mut scene = Scene::start().await;
    let id = scene.active().await;
    act(&scene.client, &id, "end-together", json!({ "last_day": "2026-11-30" })).await.faults(&["/last_day"]);
    let proposal = json!({ "last_day": "2026-12-02", "reason_code": "scope_changed", "message": "The work is done." });
    let proposed = act(&scene.client, &id, "end-together", proposal).await.expect(200);
    assert_eq!((proposed.text_at("/state").as_str(), proposed.at("/proposal/party")), ("active", &json!("client")));
    let before = scene.footprint(&id).await;
    for (who, action) in [(&scene.client, "agree"), (&scene.client, "refuse"), (&scene.developer, "end-together")] {
        act(who, &id, action, json!({})).await.problem(409, "conflict");
    }
    assert_eq!(scene.footprint(&id).await, before);
    act(&scene.developer, &id, "refuse", json!({ "message": "Not yet." })).await.expect(200);
    assert_eq!(scene.trial(&id).await.at("/proposal"), &Value::Null);
    act(&scene.developer, &id, "agree", json!({})).await.problem(409, "conflict");
    act(&scene.developer, &id, "end-together", json!({ "message": "Now." })).await.expect(200);
    act(&scene.client, &id, "agree", json!({})).await.expect(200);
    assert_eq!(scene.stand(&id).await, "ended/ended_mutually");
    assert_eq!(scene.trial(&id).await.text_at("/last_day"), "2026-12-01");
    let actions: Vec<String> = scene.events(&id).await.iter().map(|event| event.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    let steps = ["end-together client", "refuse developer", "end-together developer", "agree client"];
    assert_eq!(actions[3..], steps);
    assert_eq!(
        subjects(&scene.app, &scene.client).await[2..],
        ["A developer does not agree to your proposal", "A developer proposes to end the trial"]
    );
    assert_eq!(
        subjects(&scene.app, &scene.developer).await[3..],
        ["A client proposes to end the trial", "Your trial with A client has ended"]
    );
}

#[actix_web::test]
async fn an_admin_terminates_for_cause_in_writing() {
    let mut scene = Scene::start().await;
    let id = scene.active().await;
    act(&scene.admin, &id, "terminate", json!({ "reason_code": "fraud" })).await.faults(&["/message"]);
    act(&scene.client, &id, "terminate", json!({ "message": "Because." })).await.problem(403, "not-allowed");
    act(&scene.admin, &id, "terminate", json!({ "message": "The identity was false." })).await.expect(200);
    assert_eq!(scene.stand(&id).await, "ended/terminated_for_cause");
    assert!(scene.is_free_on("2026-12-02").await, "work stops at once");
    assert_eq!(scene.job_state().await, "open");
    for (who, other) in [(&scene.client, "A developer"), (&scene.developer, "A client")] {
        let mail = scene.app.newest_mail(who, "").await;
        assert_eq!(mail.subject(), format!("The trial with {other} was terminated"));
        assert!(mail.text().contains("The identity was false."), "{}", mail.text());
    }
}

#[actix_web::test]
async fn offers_that_cannot_be_are_refused_and_leave_nothing() {
    let scene = Scene::start().await;
    let fine = offer_body(&scene.job, &scene.developer_id);
    let before = rows(&scene.app).await;
    let other_terms = |change: Value| with(fine.clone(), json!({ "terms": with(terms(), change) }));
    let cases: [(Value, &[&str]); 11] = [
        (with(fine.clone(), json!({ "starts_on": "2026-11-22" })), &["/starts_on"]),
        (with(fine.clone(), json!({ "starts_on": "2027-11-24" })), &["/starts_on"]),
        (with(fine.clone(), json!({ "starts_on": "2026-02-30" })), &["/starts_on"]),
        (with(fine.clone(), json!({ "state": "active", "vip": 1 })), &["/state", "/vip"]),
        (other_terms(json!({ "hourly_rate": { "amount": -1, "currency": "USD" } })), &["/terms/hourly_rate/amount"]),
        (other_terms(json!({ "hourly_rate": { "amount": 8000, "currency": "XXX" } })), &["/terms/hourly_rate/currency"]),
        (
            other_terms(json!({ "hours_per_week": 169, "notice_days": 31, "tip": 3 })),
            &["/terms/hours_per_week", "/terms/notice_days", "/terms/tip"],
        ),
        (other_terms(json!({ "billing": { "rule": "free_if_ended_within" } })), &["/terms/billing/days"]),
        (other_terms(json!({ "scope": " ", "time_zone": "Mars/Olympus" })), &["/terms/scope", "/terms/time_zone"]),
        (other_terms(json!({ "scope": null })), &["/terms/scope"]),
        (json!({}), &["/developer_id", "/job_request_id", "/starts_on", "/terms"]),
    ];
    for (body, pointers) in cases {
        scene.client.post("/v1/trials", body).await.faults(pointers);
    }
    assert_eq!(rows(&scene.app).await, before);
}

#[actix_web::test]
async fn an_offer_needs_an_open_request_and_a_free_vetted_developer() {
    let scene = Scene::start().await;
    let Scene { app, client, .. } = &scene;
    let (unvetted, (half, blocked), foreign) = {
        let (half, blocked) = (vetted(app, json!({ "hours_per_week": 20 })).await.1, vetted(app, json!({})).await);
        (unvetted(app, json!({})).await.1, (half, blocked), open_job(&app.client().await, json!({})).await)
    };
    let organization = client.get("/v1/organization").await.text_at("/id");
    blocked.0.put(&format!("/v1/blocks/{organization}"), json!({})).await.expect(204);
    let paused = open_job(client, json!({})).await;
    client.post(&format!("/v1/job-requests/{paused}/pause"), json!({})).await.expect(200);
    let never_open = draft(client, json!({})).await;
    let before = rows(app).await;
    let offer = |job: &str, developer: &str| client.post("/v1/trials", offer_body(job, developer));
    for developer in [unvetted.as_str(), NOBODY, &blocked.1] {
        let refused = offer(&scene.job, developer).await.problem(409, "conflict");
        assert_eq!(refused.text_at("/detail"), UNAVAILABLE);
    }
    for job in [&paused, &never_open] {
        assert!(offer(job, &scene.developer_id).await.problem(409, "conflict").text_at("/detail").contains("not open"));
    }
    assert!(offer(&scene.job, &half).await.problem(409, "conflict").text_at("/detail").contains("hours"));
    offer(&foreign, &scene.developer_id).await.problem(404, "not-found");
    assert_eq!(rows(app).await, before);
    scene.offered().await;
    let again = rows(app).await;
    assert!(offer(&scene.job, &scene.developer_id).await.problem(409, "conflict").text_at("/detail").contains("already"));
    assert_eq!(rows(app).await, again);
    scene.developer.post("/v1/trials", offer_body(&scene.job, &half)).await.problem(403, "not-allowed");
    scene.admin.post("/v1/trials", offer_body(&scene.job, &half)).await.problem(403, "not-allowed");
}

/// A body that the document allows.
fn body_of(action: &str, developer: &str) -> Value {
    match action {
        "amend" => json!({ "terms": { "hours_per_week": 20 } }),
        "extend" => json!({ "days": 3 }),
        "pause" | "appeal" | "decide-appeal" => json!({ "message": "There is a reason." }),
        "replace" => json!({ "developer_id": developer, "starts_on": "2027-01-12" }),
        _ => json!({}),
    }
}

/// A trial in the state that a row of [`ALLOWED`] begins with.
async fn trial_in(scene: &mut Scene, state: &str) -> String {
    match state {
        "offered" => scene.offered().await,
        "countered" | "void" => {
            let id = scene.offered().await;
            let action = if state == "void" { "decline" } else { "counter" };
            let body = if state == "void" { json!({}) } else { json!({ "terms": { "notice_days": 4 } }) };
            act(&scene.developer, &id, action, body).await.expect(200);
            id
        }
        "scheduled" => scene.scheduled().await,
        _ => {
            let id = scene.active().await;
            match state {
                "proposed" => drop(act(&scene.client, &id, "end-together", json!({})).await.expect(200)),
                "paused" => drop(act(&scene.developer, &id, "pause", json!({ "message": "A week off." })).await.expect(200)),
                "conversion_offered" => drop(act(&scene.client, &id, "offer-conversion", json!({})).await.expect(200)),
                "decision_due" => scene.until("2027-01-01T10:00:00Z").await,
                "ended" => drop(act(&scene.client, &id, "end", json!({ "reason_code": "other" })).await.expect(200)),
                _ => {}
            }
            id
        }
    }
}

#[actix_web::test]
async fn every_step_that_is_not_offered_is_refused_and_changes_nothing() {
    for (state, client, developer, admin) in ALLOWED {
        let mut scene = Scene::start().await;
        let id = trial_in(&mut scene, state).await;
        let before = scene.footprint(&id).await;
        for (who, allowed) in [(&scene.client, client), (&scene.developer, developer), (&scene.admin, admin)] {
            let seen = who.get(&format!("/v1/trials/{id}")).await.expect(200);
            assert_eq!(seen.at("/allowed_actions"), &json!(allowed), "{state}");
            for action in ACTIONS.into_iter().filter(|action| !allowed.contains(action)) {
                let refused = act(who, &id, action, body_of(action, &scene.developer_id)).await;
                assert!(matches!(refused.status, 403 | 409), "{state}: {} {}", refused.request, refused.text);
            }
            let stale = who.with("if-match", "\"99\"");
            for action in allowed {
                act(&stale, &id, action, body_of(action, &scene.developer_id)).await.problem(412, "stale-version");
            }
        }
        assert_eq!(scene.footprint(&id).await, before, "{state}");
    }
}

#[actix_web::test]
async fn one_sees_ones_own_trials_only() {
    let scene = Scene::start().await;
    let id = scene.offered().await;
    let app: &TestApp = &scene.app;
    let (stranger, (other, _)) = (app.client().await, vetted(app, json!({})).await);
    let missing = stranger.get("/v1/trials/trial_01h455vb4pex5vsknk084sn02q").await.problem(404, "not-found").lasting();
    for nosy in [&stranger, &other] {
        assert_eq!(nosy.get(&format!("/v1/trials/{id}")).await.lasting(), missing);
        assert_eq!(nosy.get(&format!("/v1/trials/{id}/events")).await.lasting(), missing);
        assert_eq!(nosy.get("/v1/trials").await.expect(200).at("/data"), &json!([]));
        for action in ACTIONS.into_iter().filter(|action| *action != "replace") {
            assert_eq!(act(nosy, &id, action, body_of(action, NOBODY)).await.lasting(), missing, "{action}");
        }
    }
    for party in [&scene.client, &scene.developer, &scene.admin] {
        assert_eq!(party.get("/v1/trials?state=offered").await.expect(200).at("/data/0/id"), &json!(id));
        assert_eq!(party.get("/v1/trials?state=active").await.expect(200).at("/data"), &json!([]));
    }
}
