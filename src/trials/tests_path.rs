//! Trials from the offer to their end, on a fresh SQLite file under a clock that the test moves.

use crate::db::schema::{commitments, timers, trials};
use crate::jobs::process::JobRequestState;
use crate::kernel::answer::{Call, Expected};
use crate::kernel::clock::Instant;
use crate::kernel::error::Code;
use crate::kernel::ids::{DeveloperId, JobRequestId};
use crate::kernel::page::PageQuery;
use crate::kernel::principal::Role;
use crate::trials::model::StepBody;
use crate::trials::process::Action;
use crate::trials::tests_stage::{ADMIN, CLIENT, Fresh, at, client, developer, principal, reason};
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value, json};

#[tokio::test]
async fn from_the_offer_to_the_end_of_the_grace_with_every_due_time() {
    let mut fresh = Fresh::new();
    let (id, job) = (fresh.developer(2), fresh.job_request(1));
    let trial = fresh.offer(job, id, "2026-12-01").await.unwrap();
    let offered = fresh.show(client(), trial).await;
    assert_eq!(offered["developer"], json!({"id": id, "headline": "Go engineer", "name": null}));
    assert_eq!((&offered["state"], &offered["allowed_actions"]), (&json!("offered"), &json!(["withdraw"])));
    assert_eq!(fresh.show(developer(2), trial).await["organization"]["name"], "Ledger Works");
    let waiting = ["trial_offer", "trial_offer_waiting", "trial_offer_waiting"];
    assert_eq!(fresh.mails(trial, 2), waiting);

    let accepted = fresh.step(developer(2), trial, Action::Accept, StepBody::default()).await.unwrap();
    assert_eq!((&accepted["state"], accepted["signatures"].as_array().unwrap().len()), (&json!("scheduled"), 2));
    assert_eq!(accepted["signatures"][0]["sha256"], accepted["signatures"][1]["sha256"]);
    assert_eq!(fresh.job_state(job), JobRequestState::Filled);
    assert_eq!(fresh.show(client(), trial).await["developer"]["name"], "The developer");
    // The whole calendar is planned: the start will change nothing of it.
    let calendar =
        [("trial_starts_soon", 3), ("trial_check_in", 4), ("trial_decision_opens", 1), ("trial_undecided", 1), ("trial_ends_soon", 1)];
    let planned = calendar.into_iter().flat_map(|(kind, times)| std::iter::repeat_n(kind, times));
    assert_eq!(fresh.mails(trial, CLIENT), std::iter::once("trial_accepted").chain(planned).collect::<Vec<_>>());

    // Nothing runs for three months; then everything happens once, in order, at its own time.
    fresh.clock.set(at("2027-02-20T12:00:00Z"));
    fresh.work().await;
    fresh.work().await;
    let expected = [
        "offer offered 2026-11-20T10:00:00Z",
        "accept scheduled 2026-11-20T10:00:00Z",
        "start active 2026-12-01T00:00:00Z",
        "trial-over decision_due 2026-12-31T00:00:00Z",
        "grace-over ended 2027-01-05T00:00:00Z",
    ];
    assert_eq!(fresh.events(trial).await, expected);
    let ended = fresh.show(developer(2), trial).await;
    assert_eq!(
        (&ended["outcome"], &ended["last_day"], &ended["allowed_actions"]),
        (&json!("no_decision"), &json!("2027-01-04"), &json!([]))
    );
    assert_eq!((&ended["ends_at"], &ended["decision_opens_at"]), (&json!("2026-12-31T00:00:00Z"), &json!("2026-12-24T00:00:00Z")));
    assert_eq!(fresh.job_state(job), JobRequestState::Open);
    // That it started, or waits for a decision, is no news any more.
    assert_eq!(fresh.mails(trial, ADMIN), [""; 0]);
    assert_eq!(fresh.mails(trial, CLIENT), ["trial_accepted", "trial_grace_over"]);
    let left: i64 = timers::table.count().get_result(&mut fresh.conn).unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_read_does_not_wait_for_the_clock() {
    let mut fresh = Fresh::new();
    let (id, job) = (fresh.developer(2), fresh.job_request(1));
    let trial = fresh.offer(job, id, "2026-12-20").await.unwrap();
    fresh.clock.set(at("2026-11-27T10:00:00Z"));
    assert_eq!(fresh.show(client(), trial).await["outcome"], "offer_expired");
    assert_eq!(fresh.step(developer(2), trial, Action::Accept, StepBody::default()).await.unwrap_err().code, Code::InvalidTransition);
    assert_eq!(fresh.mails(trial, CLIENT), ["trial_expired"]);
    assert!(fresh.offer(job, id, "2026-12-20").await.is_ok());
}

#[tokio::test]
async fn a_timer_that_is_out_of_date_takes_no_step_and_plans_anew() {
    let mut fresh = Fresh::new();
    let (id, job, start) = (fresh.developer(2), fresh.job_request(1), at("2026-12-01T00:00:00Z"));
    let trial = fresh.offer(job, id, "2026-12-01").await.unwrap();
    fresh.step(developer(2), trial, Action::Accept, StepBody::default()).await.unwrap();
    // As other settings would have planned it.
    diesel::update(timers::table).set(timers::due_at.eq(start.plus(TimeDelta::days(-1)))).execute(&mut fresh.conn).unwrap();
    fresh.clock.set(start);
    assert_eq!(fresh.trials.ring_timers(10).await.unwrap(), 1);
    assert_eq!(fresh.events(trial).await.len(), 2);
    let planned: Vec<(String, Instant)> = timers::table.select((timers::step, timers::due_at)).load(&mut fresh.conn).unwrap();
    assert_eq!(planned, [("start".to_owned(), start)]);
    assert_eq!(fresh.trials.ring_timers(10).await.unwrap(), 1);
    assert_eq!(fresh.events(trial).await[2..], ["start active 2026-12-01T00:00:00Z"]);
}

#[tokio::test]
async fn a_timer_of_a_trial_that_cannot_be_read_has_not_rung() {
    let mut fresh = Fresh::new();
    let (one, other, job) = (fresh.developer(2), fresh.developer(3), fresh.job_request(2));
    let (spoilt, sound) = (fresh.offer(job, one, "2026-12-01").await.unwrap(), fresh.offer(job, other, "2026-12-01").await.unwrap());
    fresh.step(developer(2), spoilt, Action::Accept, StepBody::default()).await.unwrap();
    fresh.step(developer(3), sound, Action::Accept, StepBody::default()).await.unwrap();
    fresh.clock.set(at("2026-12-01T00:00:00Z"));
    let mut terms_of_spoilt = |version: i64| {
        let row = diesel::update(trials::table.filter(trials::id.eq(spoilt)));
        row.set(trials::terms_version.eq(version)).execute(&mut fresh.conn).unwrap()
    };
    terms_of_spoilt(9);
    assert_eq!(fresh.trials.ring_timers(10).await.unwrap(), 1);
    terms_of_spoilt(1);
    assert_eq!((fresh.events(spoilt).await.len(), fresh.events(sound).await.len()), (2, 3));
    // It is tried again.
    fresh.clock.advance(TimeDelta::minutes(1));
    assert_eq!(fresh.trials.ring_timers(10).await.unwrap(), 1);
    assert_eq!(fresh.events(spoilt).await[2..], ["start active 2026-12-01T00:00:00Z"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_accepts_one_is_taken() {
    let mut fresh = Fresh::new();
    let (id, job) = (fresh.developer(2), fresh.job_request(2));
    let trial = fresh.offer(job, id, "2026-12-01").await.unwrap();
    let accept = |expected: Option<i64>| {
        let trials = fresh.trials.clone();
        let call = Call { expected: Expected(expected), ..developer(2) };
        tokio::spawn(async move { trials.step(call, trial, Action::Accept, StepBody::default()).await.map_err(|error| error.code) })
    };
    let asked: Vec<_> = (0..16).map(|number| accept((number % 2 == 0).then_some(1))).collect();
    let mut answers = Vec::new();
    for (number, each) in asked.into_iter().enumerate() {
        answers.push((number % 2 == 0, each.await.unwrap()));
    }
    assert_eq!(answers.iter().filter(|(_, answer)| answer.is_ok()).count(), 1);
    for (conditional, refusal) in answers.into_iter().filter_map(|(conditional, answer)| answer.err().map(|code| (conditional, code))) {
        assert_eq!(refusal, if conditional { Code::StaleVersion } else { Code::InvalidTransition });
    }
    assert_eq!(fresh.events(trial).await.len(), 2);
    assert_eq!(fresh.mails(trial, CLIENT).iter().filter(|kind| *kind == "trial_accepted").count(), 1);
    let held: i64 = commitments::table.count().get_result(&mut fresh.conn).unwrap();
    assert_eq!(held, 1);
}

#[tokio::test]
async fn hours_are_promised_once_and_come_back() {
    let mut fresh = Fresh::new();
    let (id, one, other) = (fresh.developer(2), fresh.job_request(1), fresh.job_request(1));
    let first = fresh.offer(one, id, "2026-12-01").await.unwrap();
    let second = fresh.offer(other, id, "2026-12-08").await.unwrap();
    fresh.step(developer(2), first, Action::Accept, StepBody::default()).await.unwrap();
    let refusal = fresh.step(developer(2), second, Action::Accept, StepBody::default()).await.unwrap_err();
    assert!(refusal.code == Code::Conflict && refusal.detail.contains("hours"), "{refusal}");
    assert_eq!(fresh.show(developer(2), second).await["allowed_actions"], json!(["counter", "decline"]));
    assert_eq!(fresh.mails(second, CLIENT), ["trial_no_longer_possible"]);
    assert_eq!(fresh.mails(second, 2), ["trial_offer"]);
    assert_eq!(fresh.offer(other, id, "2026-12-08").await.unwrap_err().code, Code::Conflict);

    let refusal = fresh.step(client(), first, Action::Cancel, StepBody::default()).await.unwrap_err();
    assert_eq!(refusal.code, Code::ValidationFailed);
    let cancelled = fresh.step(client(), first, Action::Cancel, reason()).await.unwrap();
    assert_eq!((&cancelled["outcome"], &cancelled["message"]), (&json!("cancelled_before_start"), &json!("Sorry.")));
    assert_eq!(fresh.show(developer(2), second).await["allowed_actions"], json!(["counter", "accept", "decline"]));
    fresh.step(developer(2), second, Action::Accept, StepBody::default()).await.unwrap();
}

#[tokio::test]
async fn seats_are_taken_once() {
    let mut fresh = Fresh::new();
    let (one, other, job) = (fresh.developer(2), fresh.developer(3), fresh.job_request(1));
    let (first, second) = (fresh.offer(job, one, "2026-12-01").await.unwrap(), fresh.offer(job, other, "2026-12-01").await.unwrap());
    fresh.step(developer(2), first, Action::Accept, StepBody::default()).await.unwrap();
    let refusal = fresh.step(developer(3), second, Action::Accept, StepBody::default()).await.unwrap_err();
    assert!(refusal.code == Code::Conflict && refusal.detail.contains("seats"), "{refusal}");
    assert_eq!(fresh.mails(second, CLIENT), ["trial_no_longer_possible"]);
    let third = fresh.developer(4);
    let refusal = fresh.offer(job, third, "2026-12-01").await.unwrap_err();
    assert!(refusal.detail.contains("not open"), "{refusal}");
}

#[tokio::test]
async fn terms_go_back_and_forth_and_both_sign_the_last() {
    let mut fresh = Fresh::new();
    let (id, job) = (fresh.developer(2), fresh.job_request(1));
    let trial = fresh.offer(job, id, "2026-12-01").await.unwrap();
    let terms = |text: &str| StepBody { terms: serde_json::from_str(text).unwrap(), ..StepBody::default() };
    let nothing = fresh.step(developer(2), trial, Action::Counter, terms(r#"{"notice_days": 3}"#)).await.unwrap_err();
    assert_eq!(nothing.faults[0].pointer, "/terms");
    let foreign = terms(r#"{"hourly_rate": {"amount": 9000, "currency": "CHF"}}"#);
    let foreign = fresh.step(developer(2), trial, Action::Counter, foreign).await.unwrap_err();
    assert_eq!(foreign.faults[0].pointer, "/terms/hourly_rate/currency");
    fresh.step(developer(2), trial, Action::Counter, terms(r#"{"notice_days": 5}"#)).await.unwrap();
    let later = StepBody { starts_on: Some("2026-12-08".parse().unwrap()), ..StepBody::default() };
    fresh.step(client(), trial, Action::Revise, later).await.unwrap();
    let refusal = fresh.step(client(), trial, Action::Accept, StepBody::default()).await.unwrap_err();
    assert_eq!(refusal.code, Code::InvalidTransition);
    let accepted = fresh.step(developer(2), trial, Action::Accept, StepBody::default()).await.unwrap();
    assert_eq!(
        (&accepted["terms_version"], &accepted["terms"]["notice_days"], &accepted["starts_on"]),
        (&json!(3), &json!(5), &json!("2026-12-08"))
    );
    assert_eq!(accepted["ends_at"], "2027-01-07T00:00:00Z");
    let signatures = accepted["signatures"].as_array().unwrap();
    assert!(signatures.len() == 2 && signatures.iter().all(|each| each["sha256"] == accepted["sha256"] && each["terms_version"] == 3));
    let history: Vec<_> = accepted["terms_history"].as_array().unwrap().iter().map(|each| each["proposed_by"].clone()).collect();
    assert_eq!(history, ["client", "developer", "client"]);
}

#[tokio::test]
async fn ends_leave_the_notice_or_are_agreed() {
    let mut fresh = Fresh::new();
    let (one, other, job) = (fresh.developer(2), fresh.developer(3), fresh.job_request(2));
    let (first, second) = (fresh.offer(job, one, "2026-12-01").await.unwrap(), fresh.offer(job, other, "2026-12-01").await.unwrap());
    fresh.step(developer(2), first, Action::Accept, StepBody::default()).await.unwrap();
    fresh.step(developer(3), second, Action::Accept, StepBody::default()).await.unwrap();
    fresh.clock.set(at("2026-12-10T10:00:00Z"));
    fresh.work().await;
    let early = StepBody { last_day: Some("2026-12-11".parse().unwrap()), ..reason() };
    assert_eq!(fresh.step(client(), first, Action::End, early).await.unwrap_err().faults[0].pointer, "/last_day");
    let ended = fresh.step(client(), first, Action::End, reason()).await.unwrap();
    assert_eq!((&ended["outcome"], &ended["last_day"]), (&json!("ended_by_client"), &json!("2026-12-13")));
    let until: Vec<Instant> = commitments::table.order(commitments::ends_at).select(commitments::ends_at).load(&mut fresh.conn).unwrap();
    assert_eq!(until[0], at("2026-12-14T00:00:00Z"));

    fresh.step(developer(3), second, Action::EndTogether, reason()).await.unwrap();
    assert_eq!(fresh.step(client(), second, Action::EndTogether, reason()).await.unwrap_err().code, Code::Conflict);
    assert_eq!(fresh.step(developer(3), second, Action::Agree, StepBody::default()).await.unwrap_err().code, Code::Conflict);
    let refused = fresh.step(client(), second, Action::Refuse, StepBody::default()).await.unwrap();
    assert_eq!((&refused["state"], &refused["proposal"]), (&json!("active"), &Value::Null));
    fresh.step(developer(3), second, Action::EndTogether, reason()).await.unwrap();
    // Unanswered for five days it lapses.
    fresh.clock.advance(TimeDelta::days(5));
    fresh.work().await;
    let lapsed = fresh.show(client(), second).await;
    assert_eq!(
        (&lapsed["proposal"], &lapsed["allowed_actions"]),
        (&Value::Null, &json!(["pause", "amend", "extend", "offer-conversion", "end", "end-together"]))
    );
    fresh.step(client(), second, Action::EndTogether, StepBody::default()).await.unwrap();
    let ended = fresh.step(developer(3), second, Action::Agree, StepBody::default()).await.unwrap();
    assert_eq!((&ended["outcome"], &ended["last_day"]), (&json!("ended_mutually"), &json!("2026-12-15")));
    assert_eq!(fresh.job_state(job), JobRequestState::Open);
}

#[tokio::test]
async fn who_is_no_party_sees_nothing_and_offers_are_checked() {
    let mut fresh = Fresh::new();
    fresh.organization(5);
    let (id, job) = (fresh.developer(2), fresh.job_request(1));
    let trial = fresh.offer(job, id, "2026-12-01").await.unwrap();
    let stranger = principal(Role::Client, 5);
    assert_eq!(fresh.trials.get(stranger.clone(), trial).await.unwrap_err().code, Code::NotFound);
    let step = fresh.step(Call::by(stranger.clone()), trial, Action::Withdraw, StepBody::default()).await;
    assert_eq!(step.unwrap_err().code, Code::NotFound);
    assert!(fresh.trials.list(stranger, None, PageQuery::default()).await.unwrap().data.is_empty());
    assert_eq!(fresh.trials.list(client().principal, None, PageQuery::default()).await.unwrap().data.len(), 1);
    assert_eq!(fresh.step(client(), trial, Action::Terminate, reason()).await.unwrap_err().code, Code::NotAllowed);

    let nobody = DeveloperId::from_u128(77);
    assert_eq!(fresh.offer(job, nobody, "2026-12-01").await.unwrap_err().code, Code::Conflict);
    assert_eq!(fresh.offer(JobRequestId::from_u128(7), id, "2026-12-01").await.unwrap_err().code, Code::NotFound);
    assert_eq!(fresh.offer(job, id, "2026-11-19").await.unwrap_err().faults[0].pointer, "/starts_on");
    assert_eq!(fresh.offer(job, id, "2026-12-01").await.unwrap_err().code, Code::Conflict);
    for number in 20..23 {
        let id = fresh.developer(number);
        fresh.offer(job, id, "2026-12-01").await.unwrap();
    }
    assert_eq!(fresh.offer(job, id, "2026-12-01").await.unwrap_err().code, Code::TooManyRequests);
}

#[test]
fn lists_are_asked_for_by_state() {
    let ask =
        |state: &str| crate::kernel::schema::read_query::<crate::trials::http::TrialQuery>(vec![("state".to_owned(), state.to_owned())]);
    assert_eq!(ask("scheduled").unwrap().state, Some(crate::trials::process::TrialState::Scheduled));
    assert_eq!(ask("over").err().unwrap().code, Code::ValidationFailed);
}
