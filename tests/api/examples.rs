//! What the document shows of requests, sent to the house as it stands there, and what it shows of answers (reliability R58).

use guildhall::meta::processes::Processes;
use guildhall::web::rights::Access;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::operations::{ROWS, World, openapi, operations, rule};
use crate::support::person::Person;
use crate::support::seeds::Scene;

/// Bodies that hold what no document can know, each with what that is.
const SECRETS: [(&str, &str); 5] = [
    ("DELETE /v1/me", "one's own password; whoever sends it is gone"),
    ("POST /v1/auth/password/reset", "a token from a mail"),
    ("POST /v1/auth/redeem-invitation", "a token from a mail"),
    ("POST /v1/auth/verify-email", "a token from a mail"),
    ("POST /v1/me/totp/confirm", "a code that an app shows"),
];

/// What the document shows as the body of an operation, if it takes one.
fn shown(document: &Value, operation: &str) -> Option<String> {
    let (method, path) = operation.split_once(' ').expect("a method and a path");
    let content = &document["paths"][path][method.to_lowercase()]["requestBody"]["content"]["application/json"];
    content.get("example").map(ToString::to_string)
}

/// Sends a body; gives the answer, and what is wrong where the body was not taken.
async fn send(who: &Person, operation: &str, path: &str, body: &str) -> (Answer, Option<String>) {
    let (method, _) = operation.split_once(' ').expect("a method and a path");
    let method: Method = method.parse().expect("a method");
    let answer = who.send(method, path, Some(serde_json::from_str(body).expect("JSON"))).await;
    let wrong = [400, 422].contains(&answer.status).then(|| format!("{operation}: {} to {body}", answer.text));
    (answer, wrong)
}

/// Somebody who may do it: whose things the path names, where it matters whose they are.
fn somebody<'a>(world: &'a World, operation: &str) -> &'a Person {
    let columns = &rule(operation).columns;
    let place = (3..8_usize).chain(0..3).find(|place| columns[*place] == Access::Allowed);
    &world.people[place.expect("somebody")]
}

/// The path to things that are there; the skill is the one that the body speaks of.
fn path(world: &World, operation: &str) -> String {
    let (_, template) = operation.split_once(' ').expect("a method and a path");
    let skill = if template.ends_with("/merge") { "tigerbeetle" } else { "postgresql" };
    world.paths(&template.replace("{slug}", skill)).0
}

#[actix_web::test]
async fn every_body_that_the_document_shows_is_taken() {
    let app = TestApp::start().await;
    let world = World::new(&app).await;
    let document = app.anonymous().get("/openapi.json").await.expect(200).json;
    let (mut refused, mut done) = (Vec::new(), 0);
    for (operation, ..) in ROWS {
        let secret = SECRETS.iter().any(|(known, _)| known == operation);
        let Some(body) = shown(&document, operation).filter(|_| !secret) else { continue };
        let body = body
            .replace("job_01j8000000e008000000000001", &world.job)
            .replace("dev_01j8000000e008000000000001", &world.other)
            .replace("msg_01h455vb4pex5vsknk084sn02q", &world.other);
        let (answer, wrong) = send(somebody(&world, operation), operation, &path(&world, operation), &body).await;
        done += usize::from(answer.status < 300);
        refused.extend(wrong);
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    assert!(done > 40, "{done} of them did something: the others were refused for another reason");
}

/// Steps of a trial that runs; the document as it is committed speaks of its first day.
#[actix_web::test]
async fn a_trial_that_runs_takes_what_the_document_shows() {
    let mut scene = Scene::start().await;
    let trial = scene.active().await;
    let (document, Scene { client, developer, admin, .. }) = (openapi(), &scene);
    let hours = "timesheets/{iso_week}";
    let steps = [
        (developer, format!("PUT /v1/trials/{{id}}/{hours}")),
        (developer, format!("POST /v1/trials/{{id}}/{hours}/submit")),
        (client, format!("POST /v1/trials/{{id}}/{hours}/query")),
        (developer, format!("POST /v1/trials/{{id}}/{hours}/answer")),
        (admin, format!("POST /v1/trials/{{id}}/{hours}/decide")),
        (client, "POST /v1/trials/{id}/check-ins/{day}".to_owned()),
        (client, "PUT /v1/trials/{id}/hand-over".to_owned()),
        (client, "POST /v1/trials/{id}/amend".to_owned()),
        (developer, "POST /v1/trials/{id}/agree".to_owned()),
        (client, "POST /v1/trials/{id}/extend".to_owned()),
        (developer, "POST /v1/trials/{id}/agree".to_owned()),
        (client, "POST /v1/trials/{id}/pause".to_owned()),
        (client, "POST /v1/trials/{id}/resume".to_owned()),
        (client, "POST /v1/trials/{id}/end-together".to_owned()),
        (developer, "POST /v1/trials/{id}/refuse".to_owned()),
        (client, "POST /v1/trials/{id}/offer-conversion".to_owned()),
        (developer, "POST /v1/trials/{id}/decline-conversion".to_owned()),
        (client, "POST /v1/trials/{id}/end".to_owned()),
        (client, "POST /v1/trials/{id}/reviews".to_owned()),
    ];
    let (mut refused, mut done) = (Vec::new(), 0);
    for (who, operation) in &steps {
        let body = shown(&document, operation).expect("an example");
        let (_, template) = operation.split_once(' ').expect("a method and a path");
        let path = template.replace("{id}", &trial).replace("{iso_week}", "2026-W49").replace("{day}", "3");
        let (answer, wrong) = send(who, operation, &path, &body).await;
        done += usize::from(answer.status < 300);
        refused.extend(wrong);
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    assert!(done > 8, "{done} steps were taken");
}

/// What shows where a thing stands, and in which lifecycle.
const VIEWS: [(&str, &str); 8] = [
    ("InvitationView", "invitation"),
    ("JobRequestView", "job_request"),
    ("OwnApplication", "vetting_application"),
    ("OwnVetted", "vetted_status"),
    ("ReviewedApplication", "vetting_application"),
    ("ReviewedVetted", "vetted_status"),
    ("SheetView", "timesheet"),
    ("TrialView", "trial"),
];

/// Steps whose answers show another thing than before, or one that stands where it did.
const ELSEWHERE: [&str; 2] = ["decide-appeal", "replace"];

/// The steps of a lifecycle.
fn steps<'a>(lifecycles: &'a Value, name: &str) -> Vec<&'a Value> {
    let all = lifecycles["processes"].as_array().expect("lifecycles");
    let lifecycle = all.iter().find(|lifecycle| lifecycle["name"] == name).expect("a lifecycle");
    lifecycle["steps"].as_array().expect("steps").iter().collect()
}

/// Whether a step can lead from, or into, a state.
fn leads(step: &Value, end: &str, state: &Value) -> bool {
    step["moves"].as_array().is_some_and(|moves| moves.iter().any(|each| each[end] == *state))
}

#[test]
fn what_an_answer_shows_is_possible_where_the_thing_stands() {
    let (document, lifecycles) = (openapi(), json!(Processes::all()));
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for (operation, described) in operations(&document) {
        for answer in described["responses"].as_object().expect("answers").values() {
            let content = &answer["content"]["application/json"];
            let schema = content["schema"]["$ref"].as_str().unwrap_or_default();
            let Some((view, name)) = VIEWS.iter().find(|(view, _)| schema.ends_with(&format!("/{view}"))) else { continue };
            let (shown, steps) = (&content["example"], steps(&lifecycles, name));
            let state = shown.get("state").unwrap_or(&shown["status"]);
            for action in shown["allowed_actions"].as_array().expect("actions") {
                seen += 1;
                if !steps.iter().any(|step| step["action"] == *action && leads(step, "from", state)) {
                    wrong.push(format!("{operation}: {view} shows {action} as possible in {state}"));
                }
            }
            let done = operation.rsplit('/').next().expect("a word");
            let mut taken = steps.iter().filter(|step| step["action"] == done && !ELSEWHERE.contains(&done)).peekable();
            if taken.peek().is_some() && !taken.any(|step| leads(step, "to", state)) {
                wrong.push(format!("{operation}: {view} shows {state}, where the step does not lead"));
            }
        }
    }
    assert!(wrong.is_empty() && seen > 60, "{seen}: {wrong:#?}");
}
