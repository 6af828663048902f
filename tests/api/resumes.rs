//! Résumés: what an import takes over, what it says of the rest, and to whom a profile is given out as JSON Resume.

use futures_util::future::join_all;
use guildhall::developers::profile::Profile;
use guildhall::developers::resume::json_resume;
use guildhall::developers::resume_words::ResumeField;
use guildhall::kernel::words::Word as _;
use jsonschema::Validator;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::bodies::Bodies;
use crate::support::parsers::{Yardstick, published};
use crate::support::person::Person;
use crate::support::seeds::{Scene, act, unvetted};
use crate::support::stories::profile_body;

const ME: &str = "/v1/developers/me";
const IMPORT: &str = "/v1/developers/me/import";

/// The official schema of version 1.0, with its formats.
fn official() -> Validator {
    let schema: Value = serde_json::from_str(include_str!("../jsonresume/schema-1.0.1.json")).expect("JSON");
    jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema")
}

#[track_caller]
fn is_official(resume: &Value) {
    let errors: Vec<String> = official().iter_errors(resume).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:?}: {resume}");
}

fn resume() -> Value {
    json!({
        "$schema": "https://raw.githubusercontent.com/jsonresume/resume-schema/v1.0.0/schema.json",
        "basics": {
            "name": "A developer", "label": "Distributed systems engineer", "email": "somebody@example.com", "phone": "1",
            "summary": "Queues and ledgers.", "location": { "countryCode": "pt", "city": "A town" },
            "profiles": [{ "network": "Code", "username": "x", "url": "https://example.com/code" }],
        },
        "work": [{ "name": "A bank", "position": "Engineer", "startDate": "2019-04", "endDate": "2021", "highlights": ["Made it fast"] }],
        "education": [{ "institution": "A school" }],
        "skills": [
            { "name": "What I do best", "level": "Master", "keywords": ["Golang", "Postgres", "Flux capacitors"] },
            { "name": "k8s", "level": "Beginner" },
        ],
        "languages": [{ "language": "English", "fluency": "Native" }, { "language": "Portuguese" }],
    })
}

fn outcomes(answer: &Answer) -> Vec<(&str, &str)> {
    let fields = answer.at("/fields").as_array().expect("a list").iter();
    fields.map(|each| (each["field"].as_str().expect("a field"), each["outcome"].as_str().expect("a word"))).collect()
}

fn pointers(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|each| each["pointer"].as_str().expect("a pointer")).collect()
}

#[actix_web::test]
pub async fn a_resume_is_shown_first_then_fills_what_is_empty_and_never_overwrites_by_itself() {
    let app = TestApp::start().await;
    let person = app.developer().await;
    let preview = person.post(IMPORT, resume()).await.expect(200);
    assert_eq!((preview.at("/applied"), preview.at("/version"), preview.header("etag")), (&json!(false), &json!(0), "\"0\""));
    assert!(outcomes(&preview).iter().all(|(_, outcome)| *outcome == "filled") && outcomes(&preview).len() == 7);
    let mapped: Vec<(&str, &str)> = preview
        .at("/mapped")
        .as_array()
        .expect("a list")
        .iter()
        .map(|each| (each["pointer"].as_str().expect("a pointer"), each["read_as"].as_str().expect("a text")))
        .collect();
    let expected = [
        ("/basics/location/countryCode", "PT"),
        ("/languages/0/language", "en"),
        ("/languages/1/language", "pt"),
        ("/skills/0/level", "5"),
        ("/skills/0/keywords/0", "go"),
        ("/skills/0/keywords/1", "postgresql"),
        ("/skills/1/level", "1"),
        ("/skills/1/name", "kubernetes"),
        ("/work/0/startDate", "2019-04-01"),
        ("/work/0/endDate", "2021-12-31"),
    ];
    assert_eq!(mapped, expected);
    assert_eq!(pointers(preview.at("/not_understood")), ["/skills/0/keywords/2"]);
    let left_out = json!(["/basics/name", "/basics/email", "/basics/phone", "/basics/location/city", "/education", "/languages/0/fluency"]);
    assert_eq!(preview.at("/left_out"), &left_out);
    person.get(ME).await.problem(404, "not-found");

    let done = person.with("if-match", "\"0\"").post(&format!("{IMPORT}?apply=true"), resume()).await.expect(200);
    assert_eq!((done.at("/applied"), done.header("etag"), done.at("/profile")), (&json!(true), "\"1\"", preview.at("/profile")));
    let profile = person.get(ME).await.expect(200);
    for field in ResumeField::ALL {
        assert_eq!(profile.json[field.as_str()], done.json["profile"][field.as_str()], "{field}");
    }
    assert_eq!(profile.at("/experience/0/summary"), "- Made it fast");

    // Again it finds everything as it is; another one only keeps what is there, and says so.
    let again = person.post(&format!("{IMPORT}?apply=true"), resume()).await.expect(200);
    assert!(outcomes(&again).iter().all(|(_, outcome)| *outcome == "unchanged"), "{:?}", outcomes(&again));
    assert_eq!(again.header("etag"), "\"1\"", "nothing was written");
    let other = json!({ "basics": { "label": "Another line" }, "skills": [{ "name": "rust", "level": "3" }] });
    let kept = person.post(&format!("{IMPORT}?apply=true"), other.clone()).await.expect(200);
    assert_eq!(outcomes(&kept), [("headline", "kept"), ("skills", "kept")]);
    assert_eq!(kept.at("/fields/0/before"), "Distributed systems engineer");
    assert_eq!(kept.at("/fields/0/imported"), "Another line");
    let some = person.post(&format!("{IMPORT}?apply=true&replace=skills&replace=links"), other.clone()).await.expect(200);
    assert_eq!((outcomes(&some), some.header("etag")), (vec![("headline", "kept"), ("skills", "replaced")], "\"2\""));
    let profile = person.get(ME).await.expect(200);
    assert_eq!((profile.text_at("/headline"), profile.at("/skills/0/slug")), ("Distributed systems engineer".into(), &json!("rust")));
    assert_eq!(profile.at("/links/0/label"), "Code", "what the résumé does not speak of stays");
    person.with("if-match", "\"1\"").post(&format!("{IMPORT}?apply=true&replace=headline"), other).await.problem(412, "stale-version");
}

#[actix_web::test]
async fn a_key_tells_a_preview_from_what_is_applied() {
    let app = TestApp::start().await;
    let keyed = app.developer().await.with("idempotency-key", "one");
    keyed.post(IMPORT, resume()).await.expect(200);
    keyed.post(&format!("{IMPORT}?apply=true"), resume()).await.problem(422, "idempotency-key-reused");
    keyed.get(ME).await.problem(404, "not-found");
}

#[actix_web::test]
async fn what_is_no_resume_is_refused_and_a_strange_one_changes_nothing() {
    let app = TestApp::start().await;
    let (developer, _) = unvetted(&app, json!({})).await;
    let before = developer.get(ME).await.expect(200);
    for body in [json!([]), json!("x"), json!(7)] {
        developer.post(IMPORT, body).await.faults(&[""]);
    }
    developer.post(&format!("{IMPORT}?apply=maybe&replace=shoe_size&mood=good"), resume()).await.faults(&["?apply", "?mood", "?replace"]);
    let strange = json!({ "basics": 7, "work": {}, "skills": [[], 7, null], "languages": "en", "shoe/size": 43, "": { "~": [] } });
    let answer = developer.post(&format!("{IMPORT}?apply=true&replace=skills"), strange).await.expect(200);
    assert_eq!(pointers(answer.at("/not_understood")), ["/languages", "/work"]);
    assert_eq!(answer.at("/left_out"), &json!(["/basics", "/skills", "/shoe~1size", "/"]));
    assert_eq!(developer.get(ME).await.json, before.json);
    for person in [app.client().await, app.admin().await] {
        person.post(IMPORT, resume()).await.problem(403, "not-allowed");
    }
    app.anonymous().post(IMPORT, resume()).await.problem(401, "not-signed-in");
}

#[actix_web::test]
async fn two_imports_at_once_create_one_profile() {
    let app = TestApp::start().await;
    let person = app.developer().await;
    let path = format!("{IMPORT}?apply=true");
    let answers = join_all((0..8).map(|_| person.post(&path, resume()))).await;
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.header("etag") == "\"1\""));
}

#[actix_web::test]
async fn a_resume_is_given_to_those_to_whom_the_developer_is_disclosed() {
    let scene = Scene::start().await;
    let telling = json!({
        "experience": [{ "title": "Engineer", "employer": "A bank", "from": "2019-01-01" }],
        "links": [{ "label": "Code", "url": "https://example.com/a b|c" }],
    });
    scene.developer.patch(ME, telling).await.expect(200);
    let path = format!("/v1/developers/{}/resume", scene.developer_id);
    let own = scene.developer.get(&path).await.expect(200);
    is_official(&own.json);
    assert_eq!(own.at("/basics/email"), &json!(scene.developer.email));
    assert_eq!(own.at("/skills/0"), &json!({ "name": "go", "level": "authority", "years": 8.0 }));
    assert_eq!(own.at("/basics/profiles/0/url"), "https://example.com/a%20b%7Cc");
    let missing = scene.client.get("/v1/developers/dev_01h455vb4pex5vsknk084sn02q/resume").await.problem(404, "not-found");
    let trial = scene.offered().await;
    for person in [&scene.client, &scene.app.client().await, &scene.app.developer().await] {
        assert_eq!(person.get(&path).await.lasting(), missing.lasting());
    }
    scene.app.anonymous().get(&path).await.problem(401, "not-signed-in");
    act(&scene.developer, &trial, "accept", json!({})).await.expect(200);
    for person in [&scene.client, &scene.admin] {
        assert_eq!(person.get(&path).await.expect(200).json, own.json);
    }
    let looks = format!("/v1/admin/audit?subject={}", scene.developer_id);
    let looks = scene.admin.get(&looks).await.expect(200);
    let roles: Vec<&str> = looks
        .at("/data")
        .as_array()
        .expect("a list")
        .iter()
        .filter(|entry| entry["action"] == "developer.look")
        .filter_map(|entry| entry["role"].as_str())
        .collect();
    assert_eq!(roles, ["admin", "client"]);
}

#[actix_web::test]
async fn what_is_given_out_can_be_taken_in_elsewhere() {
    let app = TestApp::start().await;
    let (one, other) = (app.developer().await, app.developer().await);
    let telling = crate::support::seeds::with(
        profile_body(),
        json!({
            "experience": [{ "title": "Engineer", "employer": "A bank", "from": "2019-01-01", "until": "2020-02-02", "summary": "It ran." }],
            "links": [{ "label": "Code", "url": "https://example.com/code" }],
        }),
    );
    let profile = one.put(ME, telling).await.expect(200);
    let resume = one.get(&format!("/v1/developers/{}/resume", profile.text_at("/id"))).await.expect(200).json;
    let taken = other.post(&format!("{IMPORT}?apply=true"), resume).await.expect(200);
    for nothing in ["/not_understood", "/to_complete"] {
        assert_eq!(taken.at(nothing), &json!([]));
    }
    let again = other.get(ME).await.expect(200);
    for field in ResumeField::ALL {
        assert_eq!(again.json[field.as_str()], profile.json[field.as_str()], "{field}");
    }
}

/// Whatever passes the rules of a profile makes a résumé that passes the official schema. That it is read as the same, and every other
/// résumé as a good profile, is `fuzz`'s.
fn good_resumes(cases: u32) {
    let (yardstick, official) = (Yardstick::new(), official());
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let done = runner.run(&Bodies::of(published::<Profile>()).values(), |value| {
        let Ok(profile) = yardstick.checked(value) else { return Ok(()) };
        let resume = json_resume("A developer", "somebody@example.com", &profile);
        prop_assert!(official.is_valid(&resume), "{}", resume);
        Ok(())
    });
    done.expect("no counterexample");
}

#[test]
fn every_profile_makes_a_good_resume() {
    good_resumes(300);
}

mod long {
    #[test]
    fn every_profile_makes_a_good_resume() {
        super::good_resumes(100_000);
    }
}

#[actix_web::test]
async fn a_long_resume_is_read_within_bounds() {
    let app = TestApp::start().await;
    let person: Person = app.developer().await;
    let many = |count: usize, of: &dyn Fn(usize) -> Value| (0..count).map(of).collect::<Value>();
    let resume = json!({
        "skills": many(1000, &|index| json!({ "name": format!("skill {index}") })),
        "languages": many(1000, &|_| json!("en")), "work": many(101, &|_| json!({ "name": "A", "position": "B", "startDate": "2019" })),
    });
    let answer = person.post(IMPORT, resume).await.expect(200);
    assert_eq!(answer.at("/profile/experience").as_array().map(Vec::len), Some(30));
    let pointers = pointers(answer.at("/not_understood"));
    for beyond in ["/skills/100", "/languages/100", "/work/100", "/work/30"] {
        assert!(pointers.contains(&beyond), "{beyond}");
    }
}
