//! The lifecycles: the committed document is current, and what is served says the same.

use guildhall::meta::markdown::document;
use guildhall::meta::processes::Processes;
use serde_json::{Value, json};

use crate::support::app::TestApp;

#[test]
fn the_committed_lifecycles_are_current() {
    let committed = include_str!("../../docs/lifecycles.md");
    let current = document(&Processes::all());
    assert!(committed.trim_end() == current.trim_end(), "docs/lifecycles.md is out of date: cargo run -- processes > docs/lifecycles.md");
}

#[actix_web::test]
async fn anybody_reads_the_lifecycles() {
    let app = TestApp::start().await;
    let answer = app.anonymous().get("/v1/meta/processes").await.expect(200);
    let processes = answer.at("/processes").as_array().expect("a list");
    let names: Vec<&Value> = processes.iter().map(|each| &each["name"]).collect();
    assert_eq!(names, ["vetting_application", "vetted_status", "job_request", "invitation", "trial", "timesheet"]);
    let step = |process: usize, action: &str| {
        let steps = processes[process]["steps"].as_array().expect("steps");
        steps.iter().find(|step| step["action"] == action).unwrap_or_else(|| panic!("no {action}")).clone()
    };
    let lapse = step(0, "lapse");
    assert_eq!((&lapse["from"], &lapse["by"], &lapse["to"]), (&json!(["needs_info"]), &json!(["system"]), &json!("lapsed")));
    assert_eq!(lapse["guards"], json!([{ "word": "due", "about": "The time has come." }]));
    assert_eq!(lapse["mails"][0]["word"], "vetting_lapsed");
    let back: Vec<&Value> = processes[0]["steps"].as_array().expect("steps").iter().filter(|step| step["action"] == "release").collect();
    let stages = ["profile_review", "screening_call", "technical_assessment", "technical_interview"];
    assert_eq!(back[0]["moves"], json!(stages.map(|stage| json!({ "from": "on_hold", "to": stage }))));
    let finals = |process: usize| {
        let states = processes[process]["states"].as_array().expect("states").iter();
        states.filter(|state| state["final"] == true).map(|state| state["state"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        (finals(0), finals(1)),
        (vec![json!("approved"), json!("rejected"), json!("withdrawn"), json!("lapsed")], vec![json!("revoked")])
    );
    assert_eq!((finals(2), finals(4)), (vec![json!("closed")], vec![json!("ended"), json!("void")]));
    assert_eq!(finals(3), [json!("accepted"), json!("declined"), json!("lapsed")]);
    assert_eq!(step(4, "offer")["mails"][0], json!({ "word": "trial_offer", "about": "To others: A client offers a trial." }));
}
