//! A POST can be sent again (reliability R74): the same key and body get the same answer to the byte and do nothing twice; another
//! body is refused; what was refused keeps no key. Shown for every POST that has an effect, by letting whole stories of other tests
//! send everything twice: what they count, they count as before.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use guildhall::server::openapi_json;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::person;
use crate::support::seeds::{job_body, with};
use crate::{
    admin, afterwards, invitations, jobs, main_job, organizations, resumes, skills, timesheets, trials, trials_running, vetting,
    vetting_standing, webhooks,
};

/// Between them they send every POST.
const STORIES: &[fn()] = &[
    main_job::from_sign_up_to_a_scheduled_trial,
    admin::an_admin_invites_another,
    admin::a_suspended_client_gives_up_what_nobody_has_signed,
    admin::a_report_of_abuse_is_handled_with_a_note,
    afterwards::a_check_in_is_answered_once_from_its_day_on_and_a_no_reaches_the_admins,
    afterwards::reviews_are_blind_until_both_are_in,
    invitations::a_yes_counts_in_every_match_and_the_two_can_talk,
    invitations::who_can_be_invited_and_how_often,
    jobs::steps_follow_the_states,
    resumes::a_resume_is_shown_first_then_fills_what_is_empty_and_never_overwrites_by_itself,
    organizations::an_invited_person_joins_and_acts_as_a_member,
    skills::a_merge_takes_along_whoever_uses_the_skill,
    timesheets::a_trial_ended_on_day_n_is_free_until_then_and_on_the_next_day_it_is_not,
    timesheets::a_week_is_written_down_handed_in_doubted_answered_and_decided,
    trials::terms_go_back_and_forth_until_both_have_signed_the_same,
    trials::an_offer_is_declined_or_withdrawn_by_whoever_may,
    trials::a_scheduled_trial_is_called_off_with_a_reason,
    trials::an_end_leaves_the_notice,
    trials::both_end_together_or_go_on,
    trials_running::a_pause_moves_the_end_and_only_who_paused_resumes,
    trials_running::an_extension_is_agreed_once_and_within_its_cap,
    trials_running::amended_terms_are_the_next_version_with_both_signatures,
    trials_running::a_conversion_needs_the_developer_and_holds_the_hours_until_they_are_released,
    trials_running::somebody_else_begins_anew_within_the_rematch_clock,
    trials_running::a_termination_is_contested_once_and_answered_by_another_admin,
    vetting::questions_wait_for_an_answer,
    vetting::an_application_rests_and_goes_on,
    vetting::a_developer_withdraws_and_waives,
    vetting_standing::a_rejection_is_appealed_and_decided_anew,
    vetting_standing::a_suspension_and_a_revocation_are_appealed,
    vetting_standing::whoever_is_suspended_leaves_matching_at_once_and_trials_go_on,
    webhooks::a_test_event_and_a_repeat_are_sent_on_request,
    an_admin_handles_a_mail,
    an_admin_ends_sessions,
    an_invitation_is_accepted,
];

/// What a key means nothing to: signing in and its like, whose answers must not be stored, and what has no effect.
fn is_without_key(path: &str) -> bool {
    let secret = ["/v1/api-keys", "/v1/me/calendar-feed", "/v1/webhooks", "/v1/webhooks/{id}/rotate-secret"];
    path.starts_with("/v1/auth/") || path.starts_with("/v1/me/totp") || path == "/v1/matches/search" || secret.contains(&path)
}

/// The paths of the document that know POST.
fn posts() -> BTreeSet<String> {
    let document: Value = serde_json::from_str(&openapi_json().expect("a document")).expect("JSON");
    let paths = document["paths"].as_object().cloned().unwrap_or_default();
    paths.into_iter().filter(|(path, item)| item.get("post").is_some() && !is_without_key(path)).map(|(path, _)| path).collect()
}

/// The pattern that a path fits.
fn pattern(path: &str, patterns: &BTreeSet<String>) -> Option<String> {
    let fits = |pattern: &&String| {
        let (left, right): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
        left.len() == right.len() && left.iter().zip(&right).all(|(one, other)| one == other || one.starts_with('{'))
    };
    let fixed = patterns.iter().find(|pattern| pattern.as_str() == path);
    fixed.or_else(|| patterns.iter().find(fits)).cloned()
}

#[test]
fn every_post_with_an_effect_can_be_sent_again() {
    person::send_everything_twice();
    STORIES.iter().for_each(|story| story());
    let posts = posts();
    let sent: BTreeSet<String> = person::sent_twice().iter().filter_map(|path| pattern(path, &posts)).collect();
    let missing: Vec<_> = posts.difference(&sent).collect();
    assert!(missing.is_empty(), "no story sends these: {missing:#?}");
}

#[actix_web::test]
async fn an_admin_handles_a_mail() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for action in ["cancel", "retry"] {
        app.smtp.set_mode(crate::support::smtp::Mode::RefuseRecipient(451));
        app.registered("client").await;
        app.settle().await;
        let mail = admin.get("/v1/admin/outbox?state=pending").await.expect(200).text_at("/data/0/id");
        admin.post(&format!("/v1/admin/outbox/{mail}/{action}"), json!({})).await.expect(200);
    }
}

#[actix_web::test]
async fn an_admin_ends_sessions() {
    let app = TestApp::start().await;
    let (admin, client) = (app.admin().await, app.client().await);
    let id = client.get("/v1/me").await.expect(200).text_at("/id");
    admin.post(&format!("/v1/admin/users/{id}/end-sessions"), json!({ "message": "A laptop is lost." })).await.expect(200);
    client.get("/v1/me").await.problem(401, "not-signed-in");
}

#[actix_web::test]
async fn an_invitation_is_accepted() {
    let app = TestApp::start().await;
    let ((client, job), developer) = (app.client_with_job().await, app.vetted_developer(&[("go", 5)]).await);
    let invitation = json!({ "developer_id": developer.id, "message": "Shall we talk?" });
    let id = client.post(&format!("/v1/job-requests/{job}/invitations"), invitation).await.expect(201).text_at("/id");
    developer.person.post(&format!("/v1/invitations/{id}/accept"), json!({})).await.expect(200);
}

#[actix_web::test]
async fn a_key_is_one_persons_for_one_path_and_a_day() {
    let app = TestApp::start().await;
    let (client, other) = (app.client().await.with("idempotency-key", "mine"), app.client().await.with("idempotency-key", "mine"));
    let first = client.post("/v1/job-requests", job_body()).await.expect(201).text_at("/id");
    assert_ne!(other.post("/v1/job-requests", job_body()).await.expect(201).text_at("/id"), first);
    // The same word on another path is another key.
    client.post(&format!("/v1/job-requests/{first}/open"), json!({})).await.expect(200);
    app.advance(TimeDelta::hours(24) - TimeDelta::seconds(1)).await;
    let client = client.sign_in().await;
    assert_eq!(client.post("/v1/job-requests", job_body()).await.expect(201).text_at("/id"), first);
    app.advance(TimeDelta::seconds(1)).await;
    assert_ne!(client.post("/v1/job-requests", job_body()).await.expect(201).text_at("/id"), first);
}

#[actix_web::test]
async fn what_was_refused_keeps_no_key() {
    let app = TestApp::start().await;
    let client = app.client().await.with("idempotency-key", "mine");
    client.post("/v1/job-requests", with(job_body(), json!({ "hours_per_week": 0 }))).await.problem(422, "validation-failed");
    client.post("/v1/job-requests", with(job_body(), json!({ "languages": ["nonsense"] }))).await.problem(422, "validation-failed");
    let made = client.post("/v1/job-requests", job_body()).await.expect(201).text_at("/id");
    client.post("/v1/job-requests", with(job_body(), json!({ "seats": 2 }))).await.problem(422, "idempotency-key-reused");
    // A state that refuses is no answer to keep either.
    let (open, pause) = (format!("/v1/job-requests/{made}/open"), format!("/v1/job-requests/{made}/pause"));
    client.post(&pause, json!({})).await.problem(409, "invalid-transition");
    client.post(&open, json!({})).await.expect(200);
    client.post(&pause, json!({})).await.expect(200);
    // Nor is a version that has passed.
    let stale = client.with("if-match", "\"1\"");
    stale.send(Method::POST, &format!("/v1/job-requests/{made}/close"), Some(json!({}))).await.problem(412, "stale-version");
}

#[actix_web::test]
async fn a_key_that_is_still_at_work_is_waited_for_and_then_refused() {
    use diesel::prelude::*;
    use guildhall::db::Conn;
    let app = TestApp::with(&[("database.patience", "2500")]).await;
    let client = app.client().await;
    let Conn::Postgres(mut other) = app.connect() else { return };
    let user = client.get("/v1/me").await.expect(200).text_at("/id");
    // A request that has taken the key and does not come to an end.
    diesel::sql_query("BEGIN").execute(&mut other).expect("a transaction");
    let claim = "INSERT INTO idempotency_keys (user_id, route, idempotency_key, fingerprint, answer_body, created_at) \
                 VALUES ($1, 'POST /v1/job-requests', 'mine', 'x', '', '2026-11-23T10:00:00Z')";
    diesel::sql_query(claim).bind::<diesel::sql_types::Text, _>(user.as_str()).execute(&mut other).expect("a claim");
    let keyed = client.with("idempotency-key", "mine");
    let refused = keyed.post("/v1/job-requests", job_body()).await.problem(409, "conflict");
    assert!(!refused.header("retry-after").is_empty() && refused.text_at("/detail").contains("still being worked on"));
    diesel::sql_query("ROLLBACK").execute(&mut other).expect("to give up");
    keyed.post("/v1/job-requests", job_body()).await.expect(201);
}
