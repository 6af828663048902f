//! Vetting: the whole path, its side ways, who may take which step, and what stays hidden from whom.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::person::Person;
use crate::support::stories::{Developer, STAGES, in_review, levels_body, pass, profile_body, score, scorecard_body, step, submitted, vet};

const GO: &[(&str, u8)] = &[("go", 5)];

async fn read(person: &Person, id: &str) -> Answer {
    person.get(&format!("/v1/vetting/applications/{id}")).await.expect(200)
}

async fn mine(developer: &Person) -> Answer {
    developer.get("/v1/developers/me/vetting").await.expect(200)
}

fn actions(answer: &Answer) -> Vec<&str> {
    answer.at("/allowed_actions").as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn events(answer: &Answer) -> Vec<&str> {
    answer.at("/events").as_array().into_iter().flatten().filter_map(|event| event["action"].as_str()).collect()
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

/// An application in the state `decision`, all of whose cards the reviewer wrote.
async fn to_decide(developer: &Person, reviewer: &Person) -> String {
    let id = in_review(developer, reviewer).await;
    for stage in STAGES {
        pass(reviewer, &id, stage, GO).await;
    }
    id
}

#[actix_web::test]
async fn the_whole_path() {
    let app = TestApp::start().await;
    let (reviewer, approver) = (app.admin().await, app.admin().await);
    let Developer { person, .. } = app.profiled_developer().await;
    let before = mine(&person).await;
    assert_eq!((before.at("/state"), before.at("/vetted_status"), actions(&before)), (&Value::Null, &Value::Null, vec!["apply"]));
    let begun = person.post("/v1/vetting/applications", json!({})).await.expect(201);
    let id = begun.text_at("/id");
    assert_eq!((begun.text_at("/state"), begun.header("etag")), ("draft".to_owned(), "\"1\""));
    assert_eq!(begun.header("location"), format!("/v1/vetting/applications/{id}"));
    let again = person.post("/v1/vetting/applications", json!({})).await.problem(409, "conflict");
    assert_eq!(again.text_at("/application_id"), id);
    let handed_in = step(&person, &id, "submit", json!({})).await.expect(200);
    assert_eq!((handed_in.text_at("/state"), handed_in.text_at("/waits_for")), ("submitted".to_owned(), "reviewer".to_owned()));
    let taken = step(&reviewer, &id, "claim", json!({})).await.expect(200);
    assert_eq!(taken.text_at("/reviewer_id"), reviewer.get("/v1/me").await.text_at("/id"));
    for (index, stage) in STAGES.into_iter().enumerate() {
        assert_eq!(read(&person, &id).await.text_at("/state"), stage);
        pass(&reviewer, &id, stage, GO).await;
        let own = mine(&person).await;
        assert_eq!(own.at("/application/passed_stages").as_array().map(Vec::len), Some(index + 1));
        assert_eq!(own.at(&format!("/application/passed_stages/{index}/feedback")), "Well done.");
    }
    let decision = read(&approver, &id).await;
    assert_eq!((decision.text_at("/state"), actions(&decision)), ("decision".to_owned(), vec!["approve", "reject"]));
    assert_eq!(decision.at("/vetting_score"), &json!(100));
    let approved = step(&approver, &id, "approve", json!({ "skills": [{ "slug": "golang", "level": 4 }] })).await.expect(200);
    assert_eq!((approved.text_at("/state"), actions(&approved)), ("approved".to_owned(), Vec::new()));
    let expected = ["apply", "submit", "claim", "advance", "advance", "advance", "advance", "approve"];
    assert_eq!(events(&approved), expected);
    assert_eq!(approved.at("/version"), &json!(expected.len()));
    let own = mine(&person).await;
    assert_eq!((own.text_at("/vetted_status"), own.text_at("/valid_until")), ("approved".to_owned(), "2028-05-23T10:00:00Z".to_owned()));
    assert_eq!((own.at("/verified_skills/0/slug"), own.at("/verified_skills/0/level")), (&json!("go"), &json!(4)));
    let mail = app.newest_mail(&person, "You are approved").await;
    assert!(mail.text().contains("go 4"), "{}", mail.text());
    // Who is approved for long need not apply again.
    person.post("/v1/vetting/applications", json!({})).await.problem(409, "conflict");
}

#[actix_web::test]
async fn a_profile_must_be_complete() {
    let app = TestApp::start().await;
    let person = app.developer().await;
    person.post("/v1/vetting/applications", json!({})).await.problem(409, "conflict");
    person.put("/v1/developers/me", json!({ "skills": [{ "slug": "rust", "level": 3, "years": 1 }] })).await.expect(200);
    let id = person.post("/v1/vetting/applications", json!({})).await.expect(201).text_at("/id");
    let answer = step(&person, &id, "submit", json!({})).await.problem(422, "validation-failed");
    let mut pointers = answer.pointers();
    pointers.dedup();
    assert_eq!(pointers, ["/headline", "/hourly_rate", "/hours_per_week", "/skills", "/summary", "/time_zone"]);
    assert!(answer.text.contains("core skill go") && answer.text.contains("at least 3"), "{}", answer.text);
    person.put("/v1/developers/me", profile_body()).await.expect(200);
    step(&person, &id, "submit", json!({})).await.expect(200);
    assert_eq!(app.mails(&person, "We have your application").await.len(), 1);
}

#[actix_web::test]
pub async fn questions_wait_for_an_answer() {
    let app = TestApp::start().await;
    let reviewer = app.admin().await;
    let Developer { person, .. } = app.profiled_developer().await;
    let id = in_review(&person, &reviewer).await;
    pass(&reviewer, &id, "profile_review", GO).await;
    step(&reviewer, &id, "ask", json!({})).await.faults(&["/questions"]);
    step(&reviewer, &id, "ask", json!({ "questions": " " })).await.faults(&["/questions"]);
    step(&reviewer, &id, "ask", json!({ "questions": "Which bank?" })).await.expect(200);
    let asked = read(&person, &id).await;
    assert_eq!((asked.text_at("/state"), asked.text_at("/stage")), ("needs_info".to_owned(), "screening_call".to_owned()));
    assert_eq!((asked.text_at("/questions"), asked.text_at("/waits_for")), ("Which bank?".to_owned(), "developer".to_owned()));
    assert_eq!(actions(&asked), ["answer", "withdraw"]);
    assert!(app.newest_mail(&person, "A question about your application").await.text().contains("Which bank?"));
    let refused = step(&reviewer, &id, "advance", json!({ "from_stage": "screening_call" })).await.problem(409, "invalid-transition");
    assert_eq!((refused.text_at("/state"), refused.at("/allowed_actions")), ("needs_info".to_owned(), &json!([])));
    step(&person, &id, "answer", json!({})).await.faults(&["/answers"]);
    let answered = step(&person, &id, "answer", json!({ "answers": "A small one." })).await.expect(200);
    assert_eq!(answered.text_at("/state"), "screening_call");
    assert_eq!(read(&reviewer, &id).await.text_at("/answers"), "A small one.");
    step(&person, &id, "answer", json!({ "answers": "Again." })).await.problem(409, "invalid-transition");
}

#[actix_web::test]
pub async fn an_application_rests_and_goes_on() {
    let app = TestApp::start().await;
    let reviewer = app.admin().await;
    let Developer { person, .. } = app.profiled_developer().await;
    let id = in_review(&person, &reviewer).await;
    pass(&reviewer, &id, "profile_review", GO).await;
    step(&reviewer, &id, "hold", json!({})).await.faults(&["/message"]);
    step(&reviewer, &id, "hold", json!({ "message": "canary reason" })).await.expect(200);
    let own = read(&person, &id).await;
    assert_eq!((own.text_at("/state"), own.text_at("/stage")), ("on_hold".to_owned(), "screening_call".to_owned()));
    assert!(!own.text.contains("canary"), "{}", own.text);
    step(&reviewer, &id, "release", json!({})).await.faults(&["/message"]);
    let on = step(&reviewer, &id, "release", json!({ "message": "Back." })).await.expect(200);
    assert_eq!(on.text_at("/state"), "screening_call");
    for subject in ["Your application is on hold", "Your application goes on"] {
        let mail = app.newest_mail(&person, subject).await;
        assert!(!mail.text().contains("canary"), "{}", mail.text());
    }
}

#[actix_web::test]
async fn after_a_rejection_the_clock_says_when_to_try_again() {
    let app = TestApp::start().await;
    let (reviewer, approver) = (app.admin().await, app.admin().await);
    let Developer { person, id: developer } = app.profiled_developer().await;
    let id = in_review(&person, &reviewer).await;
    pass(&reviewer, &id, "profile_review", GO).await;
    pass(&reviewer, &id, "screening_call", GO).await;
    step(&reviewer, &id, "reject", json!({})).await.faults(&["/message", "/reason_code"]);
    let verdict = json!({ "reason_code": "skills_below_bar", "message": "More depth, please." });
    step(&reviewer, &id, "reject", verdict).await.expect(200);
    let own = mine(&person).await;
    assert_eq!((own.text_at("/state"), own.text_at("/retry_after")), ("rejected".to_owned(), "2027-02-21T10:00:00Z".to_owned()));
    assert_eq!(
        (own.text_at("/application/message"), own.text_at("/application/reason_code")),
        ("More depth, please.".into(), "skills_below_bar".into())
    );
    assert_eq!(actions(&own), ["appeal"]);
    assert!(app.newest_mail(&person, "Your application was not accepted").await.text().contains("More depth, please."));
    app.anonymous().get(&format!("/v1/developers/{developer}")).await.problem(404, "not-found");

    app.advance(TimeDelta::days(90) - TimeDelta::seconds(1)).await;
    let person = person.sign_in().await;
    let early = person.post("/v1/vetting/applications", json!({})).await.problem(409, "conflict");
    assert_eq!(early.text_at("/retry_after"), "2027-02-21T10:00:00Z");
    app.advance(TimeDelta::seconds(1)).await;
    assert_eq!(actions(&mine(&person).await), ["reapply"]);
    let next = submitted(&person).await;
    assert_ne!(next, id);
    // What was passed lately is kept, but the profile is read anew.
    let (reviewer, approver) = (reviewer.sign_in().await, approver.sign_in().await);
    step(&reviewer, &next, "claim", json!({})).await.expect(200);
    pass(&reviewer, &next, "profile_review", GO).await;
    let kept = read(&reviewer, &next).await;
    assert_eq!((kept.text_at("/state"), kept.at("/skipped_stages")), ("technical_assessment".to_owned(), &json!(["screening_call"])));
    pass(&reviewer, &next, "technical_assessment", GO).await;
    pass(&reviewer, &next, "technical_interview", GO).await;
    step(&approver, &next, "approve", json!({ "skills": levels_body(GO) })).await.expect(200);
    app.anonymous().get(&format!("/v1/developers/{developer}")).await.expect(200);
}

#[actix_web::test]
pub async fn a_developer_withdraws_and_waives() {
    let app = TestApp::start().await;
    let reviewer = app.admin().await;
    let Developer { person, .. } = app.profiled_developer().await;
    let id = in_review(&person, &reviewer).await;
    step(&person, &id, "waive", json!({})).await.problem(409, "invalid-transition");
    let gone = step(&person, &id, "withdraw", json!({})).await.expect(200);
    assert_eq!((gone.text_at("/state"), actions(&gone)), ("withdrawn".to_owned(), vec!["reapply"]));
    step(&person, &id, "withdraw", json!({})).await.problem(409, "invalid-transition");
    assert_eq!(app.mails(&person, "Your application is withdrawn").await.len(), 1);

    let id = in_review(&person, &reviewer).await;
    pass(&reviewer, &id, "profile_review", GO).await;
    pass(&reviewer, &id, "screening_call", GO).await;
    let waived = step(&person, &id, "waive", json!({})).await.expect(200);
    assert_eq!(waived.text_at("/state"), "technical_interview");
    step(&person, &id, "withdraw", json!({})).await.expect(200);

    let id = submitted(&person).await;
    step(&reviewer, &id, "claim", json!({})).await.expect(200);
    for stage in ["profile_review", "screening_call"] {
        let state = read(&reviewer, &id).await.text_at("/state");
        if state == stage {
            pass(&reviewer, &id, stage, GO).await;
        }
    }
    step(&reviewer, &id, "waive", json!({})).await.faults(&["/message"]);
    let waived = step(&reviewer, &id, "waive", json!({ "message": "Known from elsewhere." })).await.expect(200);
    assert_eq!(waived.text_at("/state"), "technical_interview");
}

#[actix_web::test]
async fn nothing_passes_without_its_scorecard_and_its_name() {
    let app = TestApp::start().await;
    let reviewer = app.admin().await;
    let Developer { person, .. } = app.profiled_developer().await;
    let id = in_review(&person, &reviewer).await;
    assert!(!actions(&read(&reviewer, &id).await).contains(&"advance"));
    step(&reviewer, &id, "advance", json!({ "from_stage": "profile_review" })).await.problem(409, "conflict");
    score(&reviewer, &id, "screening_call", GO).await.problem(409, "invalid-transition");
    score(&reviewer, &id, "no_stage", GO).await.problem(404, "not-found");
    let path = format!("/v1/vetting/applications/{id}/scorecards/profile_review");
    let wrong = json!({
        "criteria": [{ "criterion": "depth", "score": "maybe", "evidence": " " }], "recommendation": "hm", "vip": 1,
        "verified_skills": [{ "slug": "go", "level": 9 }],
    });
    let faults = ["/criteria/0/evidence", "/criteria/0/score", "/recommendation", "/verified_skills/0/level", "/vip"];
    reviewer.put(&path, wrong).await.faults(&faults);
    let mut twice = scorecard_body(&[("go", 5), ("golang", 4), ("no-such-skill", 1)]);
    twice["criteria"] = json!([twice["criteria"][0], twice["criteria"][0]]);
    reviewer.put(&path, twice).await.faults(&["/criteria/1/criterion", "/verified_skills/1/slug", "/verified_skills/2/slug"]);
    let card = score(&reviewer, &id, "profile_review", GO).await.expect(200);
    assert_eq!((card.header("etag"), card.at("/version")), ("\"1\"", &json!(1)));
    assert_eq!(score(&reviewer, &id, "profile_review", GO).await.expect(200).header("etag"), "\"2\"");
    reviewer.with("if-match", "\"1\"").put(&path, scorecard_body(GO)).await.problem(412, "stale-version");
    step(&reviewer, &id, "advance", json!({})).await.faults(&["/from_stage"]);
    let wrong = step(&reviewer, &id, "advance", json!({ "from_stage": "screening_call" })).await.problem(409, "invalid-transition");
    assert_eq!(wrong.text_at("/state"), "profile_review");
    step(&reviewer, &id, "advance", json!({ "from_stage": "profile_review" })).await.expect(200);
    step(&reviewer, &id, "advance", json!({ "from_stage": "profile_review" })).await.problem(409, "invalid-transition");
}

#[actix_web::test]
async fn two_people_and_a_core_skill_make_an_approval() {
    let app = TestApp::start().await;
    let (reviewer, approver) = (app.admin().await, app.admin().await);
    let Developer { person, .. } = app.profiled_developer().await;
    let id = to_decide(&person, &reviewer).await;
    let body = json!({ "skills": levels_body(GO) });
    assert_eq!(actions(&read(&reviewer, &id).await), ["reject"]);
    let own = step(&reviewer, &id, "approve", body.clone()).await;
    assert!([403, 409].contains(&own.status), "{}", own.text);
    step(&approver, &id, "approve", json!({ "skills": [] })).await.faults(&["/skills"]);
    step(&approver, &id, "approve", json!({ "skills": [{ "slug": "postgresql", "level": 4 }] })).await.faults(&["/skills"]);
    let unknown =
        json!({ "skills": [{ "slug": "no-such-skill", "level": 4 }, { "slug": "go", "level": 5 }, { "slug": "golang", "level": 5 }] });
    step(&approver, &id, "approve", unknown).await.faults(&["/skills/0/slug", "/skills/2/slug"]);
    assert_eq!(mine(&person).await.at("/vetted_status"), &Value::Null);
    step(&approver, &id, "approve", body).await.expect(200);
}

#[actix_web::test]
async fn every_role_has_its_steps_and_its_own_applications() {
    let app = TestApp::start().await;
    let (reviewer, client, nobody) = (app.admin().await, app.client().await, app.anonymous());
    let Developer { person, .. } = app.profiled_developer().await;
    let other = app.profiled_developer().await.person;
    let id = in_review(&person, &reviewer).await;
    let path = format!("/v1/vetting/applications/{id}");
    client.get(&path).await.problem(403, "not-allowed");
    nobody.get(&path).await.problem(401, "not-signed-in");
    other.get(&path).await.problem(404, "not-found");
    other.get("/v1/vetting/applications/app_01h455vb4pex5vsknk084sn02q").await.problem(404, "not-found");
    for list in [&client, &person] {
        list.get("/v1/vetting/applications").await.problem(403, "not-allowed");
    }
    for action in ["claim", "ask", "advance", "hold", "release", "approve", "reject"] {
        for somebody in [&person, &other, &client] {
            step(somebody, &id, action, json!({})).await.problem(403, "not-allowed");
        }
    }
    for action in ["submit", "answer", "withdraw"] {
        step(&reviewer, &id, action, json!({})).await.problem(403, "not-allowed");
        step(&other, &id, action, json!({})).await.problem(404, "not-found");
    }
    score(&person, &id, "profile_review", GO).await.problem(403, "not-allowed");
    for somebody in [&client, &reviewer] {
        somebody.post("/v1/vetting/applications", json!({})).await.problem(403, "not-allowed");
        somebody.get("/v1/developers/me/vetting").await.problem(403, "not-allowed");
    }
    assert_eq!(read(&reviewer, &id).await.at("/version"), &json!(3));
}

#[actix_web::test]
async fn cards_of_others_are_hidden_until_ones_own_is_in() {
    let app = TestApp::start().await;
    let (first, second) = (app.admin().await, app.admin().await);
    let Developer { person, .. } = app.profiled_developer().await;
    let id = in_review(&person, &first).await;
    let mut card = scorecard_body(GO);
    card["private_notes"] = json!("canary notes");
    card["criteria"][0]["evidence"] = json!("canary evidence");
    let path = format!("/v1/vetting/applications/{id}/scorecards/profile_review");
    first.put(&path, card).await.expect(200);
    let blind = read(&second, &id).await;
    assert_eq!((blind.at("/scorecards"), blind.at("/hidden_scorecards")), (&json!([]), &json!(1)));
    assert!(!blind.text.contains("canary"), "{}", blind.text);
    score(&second, &id, "profile_review", GO).await.expect(200);
    let open = read(&second, &id).await;
    assert_eq!((open.at("/scorecards").as_array().map(Vec::len), open.at("/hidden_scorecards")), (Some(2), &json!(0)));
    assert!(open.text.contains("canary notes"));
    step(&first, &id, "advance", json!({ "from_stage": "profile_review" })).await.expect(200);
    let third = app.admin().await;
    assert!(read(&third, &id).await.text.contains("canary notes"), "a stage that is passed sways nobody any more");
}

#[actix_web::test]
async fn the_developer_never_learns_notes_scores_or_names() {
    let app = TestApp::start().await;
    let (reviewer, approver) = (app.admin().await, app.admin().await);
    let Developer { person, .. } = app.profiled_developer().await;
    let id = in_review(&person, &reviewer).await;
    for stage in STAGES {
        let mut card = scorecard_body(GO);
        card["private_notes"] = json!("canary notes");
        card["criteria"][0]["evidence"] = json!("canary evidence");
        card["criteria"][0]["criterion"] = json!("canary criterion");
        reviewer.put(&format!("/v1/vetting/applications/{id}/scorecards/{stage}"), card).await.expect(200);
        step(&reviewer, &id, "advance", json!({ "from_stage": stage, "message": "canary message" })).await.expect(200);
    }
    step(&approver, &id, "approve", json!({ "skills": levels_body(GO), "message": "canary message" })).await.expect(200);
    let ids = [reviewer.get("/v1/me").await.text_at("/id"), approver.get("/v1/me").await.text_at("/id")];
    let mut seen = vec![read(&person, &id).await.text, mine(&person).await.text, person.get("/v1/developers/me").await.text];
    seen.extend(app.mails(&person, "").await.iter().map(|mail| String::from_utf8_lossy(&mail.raw).into_owned() + &mail.text()));
    for text in seen {
        let secrets = ["canary", "strong_yes", "An admin", "vetting_score", &reviewer.email, &approver.email, &ids[0], &ids[1]];
        for secret in secrets {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

#[actix_web::test]
async fn sixteen_claims_make_one() {
    let app = TestApp::start().await;
    let (one, two, node) = (app.admin().await, app.admin().await, app.another_node().await);
    let Developer { person, .. } = app.profiled_developer().await;
    let id = submitted(&person).await;
    let admins = [one.clone(), two.at(&node.base())];
    let answers = join_all((0..16).map(|index| step(&admins[index % 2], &id, "claim", json!({})))).await;
    assert_eq!((count(&answers, 200), count(&answers, 409)), (1, 15), "{answers:#?}");
    assert_eq!(events(&read(&one, &id).await), ["apply", "submit", "claim"]);
    assert_eq!(app.mails(&person, "Your application is being reviewed").await.len(), 1);
}

#[actix_web::test]
async fn sixteen_approvals_make_one_event_and_one_mail() {
    let app = TestApp::start().await;
    let (reviewer, approver, node) = (app.admin().await, app.admin().await, app.another_node().await);
    let Developer { person, .. } = app.profiled_developer().await;
    let id = to_decide(&person, &reviewer).await;
    let approvers = [approver.clone(), approver.at(&node.base())];
    let body = json!({ "skills": levels_body(GO) });
    let answers = join_all((0..16).map(|index| step(&approvers[index % 2], &id, "approve", body.clone()))).await;
    assert_eq!((count(&answers, 200), count(&answers, 409)), (1, 15), "{answers:#?}");
    let approvals = events(&read(&approver, &id).await).into_iter().filter(|action| *action == "approve").count();
    assert_eq!((approvals, app.mails(&person, "You are approved").await.len()), (1, 1));
}

#[actix_web::test]
async fn a_repeat_under_the_same_key_is_answered_alike() {
    let app = TestApp::start().await;
    let (reviewer, approver) = (app.admin().await, app.admin().await);
    let Developer { person, .. } = app.profiled_developer().await;
    let id = to_decide(&person, &reviewer).await;
    let keyed = approver.with("idempotency-key", "approval-1");
    let body = json!({ "skills": levels_body(GO) });
    let answers = join_all((0..4).map(|_| step(&keyed, &id, "approve", body.clone()))).await;
    let first = answers[0].clone().expect(200);
    for answer in &answers {
        assert_eq!((answer.status, &answer.text, answer.header("etag")), (200, &first.text, first.header("etag")));
    }
    app.advance(TimeDelta::minutes(10)).await;
    let later = step(&keyed, &id, "approve", body.clone()).await.expect(200);
    assert_eq!(later.text, first.text);
    step(&keyed, &id, "approve", json!({ "skills": [{ "slug": "go", "level": 1 }] })).await.problem(422, "idempotency-key-reused");
    step(&approver, &id, "approve", body).await.problem(409, "invalid-transition");
    assert_eq!(app.mails(&person, "You are approved").await.len(), 1);
}

#[actix_web::test]
async fn a_stale_step_changes_nothing() {
    let app = TestApp::start().await;
    let reviewer = app.admin().await;
    let Developer { person, .. } = app.profiled_developer().await;
    let id = submitted(&person).await;
    assert_eq!(read(&reviewer, &id).await.header("etag"), "\"2\"");
    step(&reviewer.with("if-match", "\"1\""), &id, "claim", json!({})).await.problem(412, "stale-version");
    step(&person.with("if-match", "\"1\""), &id, "withdraw", json!({})).await.problem(412, "stale-version");
    let taken = step(&reviewer.with("if-match", "\"2\""), &id, "claim", json!({})).await.expect(200);
    assert_eq!((taken.header("etag"), events(&taken)), ("\"3\"", vec!["apply", "submit", "claim"]));
}

#[actix_web::test]
async fn admins_find_applications() {
    let app = TestApp::start().await;
    let (reviewer, approver) = (app.admin().await, app.admin().await);
    let (first, second) = (app.profiled_developer().await.person, app.profiled_developer().await.person);
    let approved = vet(&first, &reviewer, &approver, GO).await;
    let waiting = submitted(&second).await;
    let me = reviewer.get("/v1/me").await.text_at("/id");
    let listed = async |query: &str| {
        let answer = reviewer.get(&format!("/v1/vetting/applications{query}")).await.expect(200);
        let rows = answer.at("/data").as_array().expect("a list").clone();
        rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed("").await, [approved.clone(), waiting.clone()]);
    assert_eq!(listed("?state=submitted").await, std::slice::from_ref(&waiting));
    assert_eq!(listed(&format!("?assigned_to={me}")).await, [approved]);
    assert_eq!(listed("?idle_days=3").await, Vec::<String>::new());
    step(&reviewer, &waiting, "claim", json!({})).await.expect(200);
    assert_eq!(listed("?stage=profile_review").await, [waiting]);
    reviewer.get("/v1/vetting/applications?state=nonsense").await.expect(422);
}
