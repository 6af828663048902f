//! The collection for HTTP clients (`docs/guildhall.http`): sent from top to bottom, as its reader would.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use guildhall::kernel::clock::Clock as _;
use reqwest::Method;
use serde_json::Value;

use crate::support::app::TestApp;
use crate::support::operations::{openapi, operations};

const COLLECTION: &str = include_str!("../../docs/guildhall.http");

/// A request of the collection.
struct Request<'a> {
    title: &'a str,
    name: Option<&'a str>,
    method: Method,
    url: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    body: String,
}

fn variables() -> BTreeMap<&'static str, String> {
    let head = COLLECTION.split("###").next().expect("a head");
    head.lines().filter_map(|line| line.strip_prefix('@')?.split_once(" = ")).map(|(name, value)| (name, value.to_owned())).collect()
}

fn requests() -> Vec<Request<'static>> {
    let pieces = COLLECTION.split("### ").skip(1);
    let request = |piece: &'static str| {
        let (head, body) = piece.split_once("\n\n").unwrap_or((piece, ""));
        let mut lines = head.lines();
        let title = lines.next().expect("a title");
        let mut lines = lines.peekable();
        let name = lines.next_if(|line| line.starts_with("# @name ")).map(|line| line.trim_start_matches("# @name "));
        let (method, url) = lines.next().and_then(|line| line.split_once(' ')).expect("a method and a URL");
        let headers = lines.filter_map(|line| line.split_once(": ")).collect();
        Request { title, name, method: method.parse().expect("a method"), url, headers, body: body.trim().to_owned() }
    };
    pieces.map(request).collect()
}

/// A text with everything between double braces filled in: by variables, by answers, by the date.
fn filled(text: &str, variables: &BTreeMap<&str, String>, answers: &BTreeMap<&str, Value>, day: &str) -> String {
    let (mut done, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("{{") {
        let (hole, after) = after.split_once("}}").expect("an end of the hole");
        let answer = hole.split_once(".response.body.$.");
        let value = match answer {
            Some((name, path)) => answers[name][path].as_str().unwrap_or_else(|| panic!("{hole}")).to_owned(),
            None if hole.starts_with("$datetime") => day.to_owned(),
            None => variables[hole].clone(),
        };
        done = done + before + &value;
        rest = after;
    }
    done + rest
}

#[actix_web::test]
async fn the_collection_does_the_main_job() {
    let app = TestApp::start().await;
    let (mut variables, mut answers) = (variables(), BTreeMap::new());
    variables.insert("host", app.base());
    for who in ["reviewer", "approver"] {
        let (email, password) = (variables[who].parse().expect("an address"), variables["password"].clone().into());
        app.house.accounts.create_admin(email, format!("The {who}"), Some(password)).await.expect("an admin");
    }
    let day = (app.clock.now().utc() + TimeDelta::days(7)).format("%Y-%m-%d").to_string();
    let mut sent = Vec::new();
    for request in requests() {
        for who in ["developer", "client"] {
            if request.body.contains(&format!("{{{{{who}_code}}}}")) {
                let mail = app.smtp.wait_for(&variables[who], |mail| mail.subject().starts_with("Verify your e-mail")).await;
                variables.insert(if who == "client" { "client_code" } else { "developer_code" }, mail.token());
            }
        }
        let fill = |text: &str| filled(text, &variables, &answers, &day);
        let path = fill(request.url).trim_start_matches(&app.base()).to_owned();
        let headers = request.headers.iter().map(|(name, value)| (*name, fill(value)));
        let person = headers.fold(app.anonymous(), |person, (name, value)| person.with(name, &value));
        let answer = person.send_bytes(request.method.clone(), &path, fill(&request.body).into_bytes()).await;
        assert!((200..300).contains(&answer.status), "{}: {} {}", request.title, answer.status, answer.text);
        sent.push((request.method, path));
        if let Some(name) = request.name {
            answers.insert(name, answer.json);
        }
    }
    assert!(sent.len() > 30, "{}", sent.len());
    let matches = sent.iter().filter(|(_, path)| path.contains("/matches")).count();
    assert_eq!((matches, sent.last().map(|(_, path)| path.as_str())), (1, Some("/v1/admin/stats")));
}

#[test]
fn the_collection_names_operations_of_the_document() {
    let known: Vec<String> = operations(&openapi()).into_iter().map(|(name, _)| name).collect();
    for request in requests() {
        let path = request.url.trim_start_matches("{{host}}").split('?').next().expect("a path");
        let fits = |operation: &String| {
            let (method, pattern) = operation.split_once(' ').expect("a method and a path");
            let (left, right): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
            let same = |(one, other): (&&str, &&str)| one == other || (one.starts_with('{') && !other.is_empty());
            method == request.method.as_str() && left.len() == right.len() && left.iter().zip(&right).all(same)
        };
        assert!(known.iter().any(fits), "{}: {} {path}", request.title, request.method);
    }
}
