//! The main job, as its three users do it: a developer is vetted, a client finds, understands and hires, both are told.

use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::person::Person;
use crate::support::stories::{FIRST_DAY, job_body, offer_body, open_job, profile_body, vet};

const FACTORS: [&str; 8] =
    ["must_have_skills", "nice_to_have_skills", "evidence", "developer_interest", "domain", "logistics", "track_record", "responsiveness"];
const GATES: [&str; 8] = ["must_skills", "seniority", "hours", "start", "overlap", "rate", "languages", "country"];

/// The subjects of all mails to somebody so far, in their order.
async fn subjects(app: &TestApp, person: &Person) -> Vec<String> {
    app.mails(person, "").await.iter().map(|mail| mail.subject()).collect()
}

/// A number with two decimals, in hundredths.
#[track_caller]
fn hundredths(number: &Value) -> i64 {
    let hundredths = number.as_f64().expect("a number") * 100.0;
    assert!((hundredths - hundredths.round()).abs() < 1e-6, "{number} has more than two decimals");
    format!("{hundredths:.0}").parse().expect("a whole number")
}

#[track_caller]
fn words<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    list.as_array().expect("a list").iter().map(|each| each[field].as_str().expect("a word")).collect()
}

fn actions(answer: &Answer) -> Vec<&str> {
    answer.at("/allowed_actions").as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[actix_web::test]
pub async fn from_sign_up_to_a_scheduled_trial() {
    let app = TestApp::start().await;
    let (reviewer, approver, client, developer) = (app.admin().await, app.admin().await, app.client().await, app.developer().await);
    let mut profile = profile_body();
    profile["experience"] = json!([{ "title": "Engineer", "employer": "Canary Bank", "from": "2019-01-01" }]);
    profile["links"] = json!([{ "label": "Code", "url": "https://canary.example.com/code" }]);
    let profile = developer.put("/v1/developers/me", profile).await.expect(200);
    let id = profile.text_at("/id");
    assert!(id.starts_with("dev_"));
    let job = open_job(&client, job_body()).await;

    // Who is not vetted is in no pool, and cannot be hired.
    let matches = format!("/v1/job-requests/{job}/matches");
    let before = client.get(&matches).await.expect(200);
    assert_eq!((before.at("/pool"), before.at("/total"), before.at("/data")), (&json!(0), &json!(0), &json!([])));
    client.post("/v1/trials", offer_body(&job, &id)).await.problem(409, "conflict");
    vet(&developer, &reviewer, &approver, &[("go", 5), ("postgresql", 4)]).await;

    let after = client.get(&matches).await.expect(200);
    explained(&after, &id);

    // Before a trial is scheduled nobody outside knows who it is.
    let card = format!("/v1/developers/{id}");
    for viewer in [&client, &app.anonymous()] {
        hides(&viewer.get(&card).await.expect(200), &developer);
    }
    hides(&after, &developer);
    let offer = client.post("/v1/trials", offer_body(&job, &id)).await.expect(201);
    let trial = format!("/v1/trials/{}", offer.text_at("/id"));
    assert_eq!(offer.header("location"), trial);
    offered(&offer, &job, &id);
    hides(&client.get(&card).await.expect(200), &developer);
    hides(&client.get(&trial).await.expect(200), &developer);
    let to_developer = developer.get(&trial).await.expect(200);
    assert_eq!(to_developer.text_at("/organization/name"), "A client");
    assert_eq!(actions(&to_developer), ["counter", "accept", "decline"]);

    // Another client learns as much of it as of one that does not exist.
    let stranger = app.client().await;
    let missing = stranger.get("/v1/trials/trial_01h455vb4pex5vsknk084sn02q").await.problem(404, "not-found");
    let foreign = stranger.get(&trial).await.problem(404, "not-found");
    assert_eq!(foreign.lasting(), missing.lasting());
    stranger.post(&format!("{trial}/withdraw"), json!({})).await.problem(404, "not-found");

    let accepted = developer.post(&format!("{trial}/accept"), json!({})).await.expect(200);
    assert_eq!(accepted.text_at("/state"), "scheduled");
    let scheduled = client.get(&trial).await.expect(200);
    signed_by_both(&scheduled);
    shows(&client.get(&card).await.expect(200), &developer);
    assert_eq!(scheduled.text_at("/developer/name"), "A developer");
    hides(&stranger.get(&card).await.expect(200), &developer);
    hides(&app.anonymous().get(&card).await.expect(200), &developer);
    let filled = client.get(&format!("/v1/job-requests/{job}")).await.expect(200);
    assert_eq!((filled.text_at("/state"), filled.at("/seats_taken")), ("filled".to_owned(), &json!(1)));

    told(&app, &client, &developer).await;
    for nobody in [&reviewer, &approver] {
        assert_eq!(subjects(&app, nobody).await, Vec::<String>::new());
    }
    assert_eq!(subjects(&app, &stranger).await, ["Verify your e-mail"]);
}

async fn told(app: &TestApp, client: &Person, developer: &Person) {
    assert_eq!(subjects(app, client).await, ["Verify your e-mail", "A developer accepted your trial offer"]);
    let expected = [
        "Verify your e-mail",
        "We have your application",
        "Your application is being reviewed",
        "You passed: profile review",
        "You passed: screening call",
        "You passed: technical assessment",
        "You passed: technical interview",
        "You are approved",
        "Trial offer from A client",
        "Your trial with A client is scheduled",
    ];
    let mut got = subjects(app, developer).await;
    // Mails that are put out at the same moment may overtake each other on their way.
    assert_eq!(got.first().map(String::as_str), expected.first().copied());
    got.sort();
    let mut sorted = expected.map(str::to_owned);
    sorted.sort();
    assert_eq!(got, sorted);
}

/// The match of the only developer, with the whole reason.
#[track_caller]
fn explained(answer: &Answer, developer: &str) {
    assert_eq!((answer.at("/pool"), answer.at("/total")), (&json!(1), &json!(1)));
    assert_eq!(words(answer.at("/gates"), "gate"), GATES);
    assert!(answer.at("/gates").as_array().into_iter().flatten().all(|gate| gate["removed"] == 0));
    assert!(!answer.text_at("/scoring_version").is_empty());
    let only = answer.at("/data/0");
    assert_eq!(only["developer"]["id"], developer);
    assert_eq!(words(&only["factors"], "factor"), FACTORS);
    let factors = only["factors"].as_array().expect("factors");
    let (mut points, mut weights) = (0, 0);
    for factor in factors {
        let (got, most) = (hundredths(&factor["points"]), hundredths(&factor["max"]));
        assert!((0..=most).contains(&got), "{factor}");
        (points, weights) = (points + got, weights + most);
    }
    assert_eq!((points, weights), (hundredths(&only["score"]), 10_000), "{only}");
    assert!(["high", "medium", "low"].contains(&answer.text_at("/data/0/confidence").as_str()));
    let go = &factors[0]["detail"][0];
    assert_eq!((&go["slug"], &go["asked"], &go["has"]), (&json!("go"), &json!(4), &json!(5)));
    assert_eq!((&go["via"], &go["verified"]), (&Value::Null, &json!(true)));
    assert_eq!(only["missing"].as_array().map(Vec::len), Some(1), "{only}");
    assert!(only["missing"][0].as_str().is_some_and(|text| text.starts_with("kafka: asked 2")), "{only}");
    assert_eq!(words(&only["developer"]["verified_skills"], "slug"), ["go", "postgresql"]);
}

#[track_caller]
fn offered(offer: &Answer, job: &str, developer: &str) {
    assert_eq!((offer.text_at("/state"), offer.at("/outcome"), offer.at("/version")), ("offered".to_owned(), &Value::Null, &json!(1)));
    assert_eq!(offer.header("etag"), "\"1\"");
    assert_eq!((offer.text_at("/job_request_id"), offer.text_at("/developer_id")), (job.to_owned(), developer.to_owned()));
    // Thirty calendar days from local midnight in London, which keeps UTC in winter.
    assert_eq!((offer.text_at("/starts_on"), offer.text_at("/starts_at")), (FIRST_DAY.to_owned(), "2026-12-01T00:00:00Z".to_owned()));
    let dates = ["/ends_at", "/decision_opens_at", "/grace_until", "/answer_by"].map(|pointer| offer.text_at(pointer));
    assert_eq!(dates, ["2026-12-31T00:00:00Z", "2026-12-24T00:00:00Z", "2027-01-05T00:00:00Z", "2026-11-30T10:00:00Z"]);
    assert_eq!((offer.at("/trial_days"), offer.at("/extension_days"), offer.at("/paused_days")), (&json!(30), &json!(0), &json!(0)));
    assert_eq!((offer.at("/terms_version"), offer.at("/terms/hourly_rate/amount")), (&json!(1), &json!(8000)));
    assert_eq!(words(offer.at("/signatures"), "party"), ["client"]);
    assert_eq!((offer.at("/replaces"), actions(offer)), (&Value::Null, vec!["withdraw"]));
    assert!(!offer.text_at("/billing_explanation").is_empty() && !offer.text_at("/what_is_next").is_empty());
}

#[track_caller]
fn signed_by_both(trial: &Answer) {
    assert_eq!((trial.text_at("/state"), trial.at("/version")), ("scheduled".to_owned(), &json!(2)));
    assert_eq!(words(trial.at("/signatures"), "party"), ["client", "developer"]);
    let hash = trial.text_at("/sha256");
    assert_eq!(hash.len(), 64);
    assert_eq!(words(trial.at("/signatures"), "sha256"), [&hash, &hash]);
    for signature in trial.at("/signatures").as_array().expect("signatures") {
        assert_eq!((&signature["terms_version"], &signature["at"]), (&json!(1), &json!("2026-11-23T10:00:00Z")));
        assert!(signature["user_id"].as_str().is_some_and(|id| id.starts_with("user_")));
    }
    assert_eq!(actions(trial), ["cancel"]);
    assert_eq!(trial.at("/answer_by"), &Value::Null);
}

const CANARIES: [&str; 4] = ["A developer", "Canary Bank", "canary.example.com", "Payments and streaming systems"];

#[track_caller]
fn hides(answer: &Answer, developer: &Person) {
    for canary in CANARIES.into_iter().chain([developer.email.as_str()]) {
        assert!(!answer.text.contains(canary), "{} tells {canary}: {}", answer.request, answer.text);
    }
}

#[track_caller]
fn shows(card: &Answer, developer: &Person) {
    for canary in CANARIES.into_iter().chain([developer.email.as_str()]) {
        assert!(card.text.contains(canary), "{} hides {canary}: {}", card.request, card.text);
    }
}
