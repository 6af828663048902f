//! What nobody sends by mistake, to every operation of the document (reliability R31, R34, R36, R40, R41, R44, R45, R50, R54): always
//! a 4xx problem of our own words under the headers of every answer, and nothing changes.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::schema;
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::contents::assert_same;
use crate::support::operations::{ROWS, World, openapi, operations, rule};
use crate::support::person::Person;
use crate::support::schemas::{leaves, resolve, with_at, wrong};

/// Names that are no column, but would be tried.
const TRIED: [&str; 8] = ["owner_id", "verified", "is_admin", "trial_ends_at", "permissions", "__proto__", "constructor", "$where"];

/// An operation, tried by somebody whom the matrix lets in.
struct Trial<'a> {
    name: String,
    person: &'a Person,
    method: Method,
    path: String,
    body: Option<Value>,
    described: Value,
}

impl Trial<'_> {
    async fn send(&self, path: &str, body: &[u8]) -> Answer {
        let json = if body.is_empty() { self.person.clone() } else { self.person.with("content-type", "application/json") };
        json.send_bytes(self.method.clone(), path, body.to_vec()).await
    }

    /// What the document says of the body.
    fn schema(&self) -> &Value {
        &self.described["requestBody"]["content"]["application/json"]["schema"]
    }

    fn bytes(&self) -> Vec<u8> {
        self.body.as_ref().map(|body| body.to_string().into_bytes()).unwrap_or_default()
    }
}

/// Every operation that is there, as the last of those whom the matrix lets in.
fn trials(world: &World) -> Vec<Trial<'_>> {
    let described = operations(&openapi());
    let all = ROWS.iter().map(|(name, body, _)| {
        let (method, template) = name.split_once(' ').expect("a method and a path");
        let allowed = rule(name).columns.iter().rposition(|access| *access == guildhall::web::rights::Access::Allowed);
        let (_, described) = described.iter().find(|(each, _)| each == name).expect("an operation of the document");
        Trial {
            name: (*name).to_owned(),
            person: &world.people[allowed.expect("somebody")],
            method: method.parse().expect("a method"),
            path: world.paths(template).0,
            body: world.body(body),
            described: described.clone(),
        }
    });
    all.collect()
}

/// Insists that `answer` refuses in our own words.
#[track_caller]
fn refused(answer: &Answer, statuses: &[u16], what: &str) {
    let shown: String = what.chars().take(200).collect();
    let place = format!("{} with {shown} answered {} {}", answer.request, answer.status, answer.text);
    assert!(statuses.contains(&answer.status), "{place}");
    assert_eq!(answer.header("content-type"), "application/problem+json", "{place}");
    assert_eq!(answer.json["status"], answer.status, "{place}");
    assert!(answer.text_at("/type").starts_with("/problems/") && !answer.text_at("/detail").is_empty(), "{place}");
    for leak in ["serde", "expected value", "EOF", "src/", "Deserialize", "line 1 column", "SELECT", "panicked", "unknown field"] {
        assert!(!answer.text.contains(leak), "{place}");
    }
    answer.armoured();
}

fn malformed() -> Vec<Vec<u8>> {
    let nested = |open: &str, close: &str, times: usize| format!("{}1{}", open.repeat(times), close.repeat(times)).into_bytes();
    let texts: [&[u8]; 30] = [
        b"{",
        b"}",
        b"{\"a\":}",
        b"{\"a\":1,}",
        b"{} x",
        b"{}{}",
        b"{'a':1}",
        b"{a:1}",
        b"// a comment\n{}",
        b"\xef\xbb\xbf{}",
        b"{\"a\":\"\xff\"}",
        b"{\"a\":\"\xc0\x80\"}",
        b"{\"a\":\"\xed\xa0\x80\"}",
        b"{\"a\":\"\\ud800\"}",
        b"{\"a\":\"\\udc00\\ud800\"}",
        b"{\"a\":\"a\x00b\"}",
        b"{\"a\":\"a\nb\"}",
        b"{\"a\":1e400}",
        b"{\"a\":-1e400}",
        b"{\"a\":NaN}",
        b"{\"a\":01}",
        b"{\"a\":+1}",
        b"{\"a\":0x10}",
        b"{\"a\":True}",
        b"{\"a\":1,\"a\":2}",
        b"{\"a\":1,\"\\u0061\":2}",
        b"\x00",
        b"a=b",
        b"<a>b</a>",
        b"{\x00}",
    ];
    let mut all: Vec<Vec<u8>> = texts.iter().map(|text| text.to_vec()).collect();
    all.extend([nested("[", "]", 33), nested("{\"a\":", "}", 33), nested("[", "]", 1500)]);
    all.extend(["[".repeat(3000).into_bytes(), "{\"a\":".repeat(700).into_bytes()]);
    all.push("{}".encode_utf16().flat_map(u16::to_le_bytes).collect());
    all
}

#[actix_web::test]
async fn what_is_not_json_is_refused_everywhere() {
    let app = TestApp::start().await;
    let world = World::new(&app).await;
    let before = app.contents().await;
    let corpus = malformed();
    for trial in trials(&world).iter().filter(|trial| trial.schema().is_object()) {
        for body in &corpus {
            refused(&trial.send(&trial.path, body).await, &[400], &String::from_utf8_lossy(body));
        }
        let limit = if trial.path.starts_with("/v1/auth/") { 4096 } else { 65_536 };
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(limit));
        refused(&trial.send(&trial.path, large.as_bytes()).await, &[413], "a large body");
    }
    assert_same(&before, &app.contents().await);
}

#[actix_web::test]
async fn a_value_that_does_not_fit_is_refused_wherever_it_stands() {
    let app = TestApp::start().await;
    let world = World::new(&app).await;
    let before = app.contents().await;
    let (document, mut tried) = (openapi(), 0);
    for trial in trials(&world).iter().filter(|trial| trial.schema().is_object()) {
        let body = trial.body.clone().unwrap_or_else(|| json!({}));
        for leaf in leaves(&document, trial.schema()).iter().filter(|leaf| !leaf.path.is_empty()) {
            for value in wrong(&leaf.schema) {
                let answer = trial.send(&trial.path, with_at(&body, &leaf.path, &value).as_bytes()).await;
                refused(&answer, &[400, 422], &format!("{} = {value}", leaf.path.join("/")));
                let place = format!("/{}", leaf.path[0]);
                let named = answer.status == 400 || answer.pointers().iter().any(|pointer| pointer.starts_with(&place));
                assert!(named, "{} {place} = {value} answered {}", answer.request, answer.text);
                tried += 1;
            }
        }
    }
    assert!(tried > 2000, "{tried}");
    assert_same(&before, &app.contents().await);
}

/// Mass assignment: nothing that the database knows can be set by naming it.
#[actix_web::test]
async fn no_column_can_be_written_that_is_not_in_the_document() {
    let app = TestApp::start().await;
    let world = World::new(&app).await;
    let before = app.contents().await;
    let columns = schema::tables().into_iter().flat_map(|(_, columns)| columns);
    let names: BTreeSet<String> = columns.chain(TRIED.map(ToOwned::to_owned)).collect();
    let document = openapi();
    for trial in trials(&world).iter().filter(|trial| trial.schema().is_object()) {
        // A résumé may hold anything: what of it is not understood is left out.
        if resolve(&document, trial.schema())["additionalProperties"] == json!(true) {
            continue;
        }
        let known = resolve(&document, trial.schema())["properties"].as_object().cloned().unwrap_or_default();
        let unknown: Vec<&String> = names.iter().filter(|name| !known.contains_key(*name)).collect();
        // In parts, as a body of sign-in is short.
        for part in unknown.chunks(50) {
            let mut body = trial.body.clone().unwrap_or_else(|| json!({}));
            part.iter().for_each(|name| body[name.as_str()] = json!("x"));
            let answer = trial.send(&trial.path, body.to_string().as_bytes()).await;
            refused(&answer, &[422], "columns");
            let mut pointers: Vec<String> = part.iter().map(|name| format!("/{name}")).collect();
            pointers.sort();
            assert_eq!(answer.pointers(), pointers, "{}", answer.request);
        }
        for leaf in
            leaves(&document, trial.schema()).iter().filter(|leaf| leaf.path.len() > 1 && leaf.path.last().is_some_and(|name| name != "0"))
        {
            let (_, parent) = leaf.path.split_last().expect("a parent");
            let body = trial.body.clone().unwrap_or_else(|| json!({}));
            let path: Vec<String> = parent.iter().cloned().chain(["owner_id".to_owned()]).collect();
            refused(&trial.send(&trial.path, with_at(&body, &path, "\"x\"").as_bytes()).await, &[422], &path.join("/"));
        }
    }
    assert_same(&before, &app.contents().await);
}

#[actix_web::test]
async fn a_path_with_no_id_in_it_leads_nowhere() {
    let app = TestApp::start().await;
    let world = World::new(&app).await;
    let before = app.contents().await;
    let long = "x".repeat(3000);
    let ids = [
        "%00",
        "%ff",
        "%2F",
        "..%2f..",
        "%2e%2e",
        "-1",
        "1e9",
        "%F0%9F%98%80",
        "'%20OR%201=1",
        "user_01h455vb4pex5vsknk084sn0",
        "%0d%0a",
        &long,
    ];
    for trial in &trials(&world) {
        let (_, template) = trial.name.split_once(' ').expect("a path");
        let places: Vec<usize> = (0..template.split('/').count())
            .filter(|place| template.split('/').nth(*place).is_some_and(|each| each.starts_with('{')))
            .collect();
        for place in places {
            for id in ids {
                let segments = trial.path.split('/').enumerate().map(|(number, segment)| if number == place { id } else { segment });
                let path = segments.collect::<Vec<_>>().join("/");
                // Two dots lead an admin from a trial's events to one's own, which admins have none of.
                refused(&trial.send(&path, &trial.bytes()).await, &[400, 403, 404, 405, 422], "that path");
            }
        }
    }
    assert_same(&before, &app.contents().await);
}

#[actix_web::test]
async fn a_parameter_that_does_not_fit_is_refused_wherever_it_stands() {
    let app = TestApp::start().await;
    let world = World::new(&app).await;
    let before = app.contents().await;
    let long = "x".repeat(5000);
    let mut tried = 0;
    for trial in &trials(&world) {
        let parameters = trial.described["parameters"].as_array().cloned().unwrap_or_default();
        let parameters: Vec<&Value> = parameters.iter().filter(|each| each["in"] == "query").collect();
        let mut queries: Vec<String> = Vec::new();
        for parameter in &parameters {
            let name = parameter["name"].as_str().expect("a name");
            queries.extend(["%00", "%ff", "a%00b", "a%1bb", &long].map(|value| format!("{name}={value}")));
            let several = parameter["schema"]["type"].to_string().contains("array");
            queries.extend((!several).then(|| format!("{name}=1&{name}=1")));
        }
        if !parameters.is_empty() {
            queries.extend(
                [
                    "nonsense=1",
                    "%ff=1",
                    "limit=0",
                    "limit=-1",
                    "limit=1000000000",
                    "limit=99999999999999999999",
                    "limit=1e400",
                    "limit=NaN",
                    "sort=password_hash",
                ]
                .map(str::to_owned),
            );
        }
        for query in &queries {
            refused(&trial.send(&format!("{}?{query}", trial.path), &trial.bytes()).await, &[400, 422], query);
            tried += 1;
        }
    }
    assert!(tried > 400, "{tried}");
    assert_same(&before, &app.contents().await);
}

#[actix_web::test]
async fn only_plain_json_is_taken_anywhere() {
    let app = TestApp::start().await;
    let world = World::new(&app).await;
    let before = app.contents().await;
    for trial in trials(&world).iter().filter(|trial| trial.schema().is_object()) {
        let body = trial.bytes();
        let send = |header: &'static str, value: &'static str| {
            let person = trial.person.with(header, value);
            let person = if header == "content-type" { person } else { person.with("content-type", "application/json") };
            let (method, path, body) = (trial.method.clone(), trial.path.clone(), body.clone());
            async move { person.send_bytes(method, &path, body).await }
        };
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", "*/*", "json"]
        {
            refused(&send("content-type", kind).await, &[415], kind);
        }
        for encoding in ["gzip", "br", "deflate", "zstd", "identity, gzip", "nonsense"] {
            refused(&send("content-encoding", encoding).await, &[415], encoding);
        }
    }
    assert_same(&before, &app.contents().await);
}
