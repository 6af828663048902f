//! Who may do what: every operation of the document, tried by everybody on real things of somebody else's (reliability R26, R32, R33).

use std::collections::BTreeSet;

use guildhall::rights::{RIGHTS, SCOPES};
use guildhall::web::rights::{Access, ITS_SIDE, OWNER, Rule, document};
use reqwest::Method;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::operations::{ROWS, World, openapi, operations, rule};
use crate::support::seeds::{offer_body, open_job, unvetted, vetted};

#[test]
fn every_operation_is_in_the_matrix() {
    let document: BTreeSet<String> = operations(&openapi()).into_iter().map(|(name, _)| name).collect();
    let names = |rows: Vec<&str>| -> BTreeSet<String> {
        assert_eq!(rows.iter().collect::<BTreeSet<_>>().len(), rows.len(), "a row stands there twice");
        rows.into_iter().map(ToOwned::to_owned).collect()
    };
    for table in [names(RIGHTS.iter().map(|row| row.0).collect()), names(ROWS.iter().map(|row| row.0).collect())] {
        let missing: Vec<_> = document.difference(&table).collect();
        let gone: Vec<_> = table.difference(&document).collect();
        assert!(missing.is_empty() && gone.is_empty(), "say who may do {missing:#?}; {gone:#?} are gone");
    }
}

#[test]
fn the_committed_matrix_is_current() {
    let committed = include_str!("../../docs/authorization.md");
    assert!(
        committed.trim_end() == document(RIGHTS, SCOPES).trim_end(),
        "docs/authorization.md is out of date: cargo run -- rights > docs/authorization.md"
    );
}

/// What the matrix and the row say that each column gets.
fn expected(rule: &Rule, allowed: &[u16]) -> [u16; 8] {
    let mut allowed = allowed.iter().cycle();
    rule.columns.map(|access| match access {
        Access::Allowed => *allowed.next().expect("a status"),
        Access::SignIn => 401,
        Access::Forbidden => 403,
        Access::NotFound => 404,
    })
}

#[actix_web::test]
async fn everybody_gets_what_the_matrix_says() {
    let app = TestApp::start().await;
    let world = World::new(&app).await;
    let mut wrong = Vec::new();
    for (operation, body, allowed) in ROWS {
        let (method, template) = operation.split_once(' ').expect("a method and a path");
        let method: Method = method.parse().expect("a method");
        let (path, missing) = world.paths(template);
        let rule = rule(operation);
        let columns = rule.columns.iter().filter(|access| **access == Access::Allowed).count();
        assert!([1, columns].contains(&allowed.len()), "{operation} has {} statuses for {columns} columns", allowed.len());
        let mut statuses = [0; 8];
        for (status, person) in statuses.iter_mut().zip(&world.people) {
            let answer = person.send(method.clone(), &path, world.body(body)).await;
            *status = answer.status;
            if let Some(missing) = missing.as_ref().filter(|_| answer.status == 404) {
                let nothing = person.send(method.clone(), missing, world.body(body)).await;
                assert_eq!(answer.lasting(), nothing.lasting(), "{operation} tells that there is something");
            }
        }
        let expected = expected(rule, allowed);
        if statuses != expected {
            wrong.push(format!("{operation}: {statuses:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the document says of an operation, and what the matrix says, is the same.
#[test]
fn the_document_lets_in_whom_the_matrix_does() {
    let document = openapi();
    let mut wrong = Vec::new();
    for (operation, rule) in RIGHTS {
        let columns = &rule.columns;
        let (method, path) = operation.split_once(' ').expect("a method and a path");
        let described = &document["paths"][path][method.to_lowercase()];
        let security = &described["security"];
        let open = security.as_array().is_some_and(|all| all.is_empty() || all.contains(&json!({})));
        let text = |name: &str| described[name].as_str().unwrap_or_default().to_lowercase().replace('\n', " ");
        let words = format!("{} {}", text("summary"), text("description"));
        let (_, roles) = words.split_once("role").expect("a sentence about roles");
        let roles = roles.split(". ").next().unwrap_or_default();
        let named = |names: &[&str]| names.iter().any(|name| roles.contains(name));
        let says = [
            open,
            named(&["anybody", "client", "the two parties"]),
            named(&["anybody", "developer", "the two parties"]),
            named(&["anybody", "admin"]),
        ];
        let yes = |columns: &[Access]| columns.contains(&Access::Allowed);
        // The matrix tries what is a client's: what is the house's is an admin's.
        let admins = yes(&columns[7..]) || *rule == ITS_SIDE;
        let means = [yes(&columns[..1]), yes(&columns[3..5]), yes(&columns[5..7]), admins];
        if says != means && *rule != OWNER {
            wrong.push(format!("{operation} says {says:?}, the matrix {means:?} of nobody, client, developer, admin: role{roles}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is somebody else's, or hidden, is not there: in a body as well as in a path.
#[actix_web::test]
async fn an_id_in_a_body_tells_nothing_of_what_it_names() {
    let app = TestApp::start().await;
    let (client, stranger) = (app.client().await, app.client().await);
    let (theirs, own) = (open_job(&client, json!({})).await, open_job(&stranger, json!({})).await);
    let (_, vetted) = vetted(&app, json!({})).await;
    let (_, hidden) = unvetted(&app, json!({})).await;
    let missing = |id: &str| format!("{}_01h455vb4pex5vsknk084sn02q", id.split('_').next().unwrap_or_default());
    let offer = |job: &str, developer: &str| ("/v1/trials".to_owned(), offer_body(job, developer));
    let invite =
        |developer: &str| (format!("/v1/job-requests/{own}/invitations"), json!({ "developer_id": developer, "message": "May we talk?" }));
    for (there, not_there) in [
        (offer(&theirs, &vetted), offer(&missing(&theirs), &vetted)),
        (offer(&own, &hidden), offer(&own, &missing(&hidden))),
        (invite(&hidden), invite(&missing(&hidden))),
    ] {
        let answer = stranger.post(&there.0, there.1).await;
        assert_eq!(answer.lasting(), stranger.post(&not_there.0, not_there.1).await.lasting(), "{}: {}", answer.request, answer.text);
        assert!((400..500).contains(&answer.status), "{}", answer.text);
    }
    let shortlisted = |developer: &str| format!("/v1/job-requests/{own}/shortlist/{developer}");
    let note = json!({ "notes": "Good." });
    let answer = stranger.put(&shortlisted(&hidden), note.clone()).await;
    assert_eq!(answer.lasting(), stranger.put(&shortlisted(&missing(&hidden)), note).await.lasting(), "{}", answer.text);
}
