//! No way around (reliability R33, R37): whom the matrix does not let in gets in by no spelling of the path, no other method, no
//! header that claims something, and no second `Authorization`.

use guildhall::rights::RIGHTS;
use guildhall::web::rights::Access;
use serde_json::Value;

use crate::support::app::TestApp;
use crate::support::contents::assert_same;
use crate::support::operations::{ROWS, World, rule};
use crate::support::person::Person;
use crate::support::raw::{Raw, RawAnswer};

/// A request, to be spelled in many ways.
struct Spelled<'a> {
    method: &'a str,
    path: &'a str,
    body: String,
}

impl Spelled<'_> {
    fn text(&self, method: &str, path: &str, headers: &str) -> String {
        let kind = if self.body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        let length = self.body.len();
        format!("{method} {path} HTTP/1.1\r\nHost: x\r\n{headers}{kind}Content-Length: {length}\r\n\r\n{}", self.body)
    }

    /// Every spelling with these headers, which say who asks; `others` are those of somebody who may.
    fn spellings(&self, who: &str, others: &str, may: impl Fn(&str) -> bool) -> Vec<String> {
        let (method, path) = (self.method, self.path);
        let (begin, rest) = path.split_at(path.find("/v1/").map_or(0, |start| start + 3));
        let (front, last) = rest.split_at(rest.len().saturating_sub(1));
        let encoded = format!("{front}%{:02x}", last.bytes().next().unwrap_or_default());
        let paths = [
            format!("/{path}"),
            format!("{path}/"),
            format!("{path}/."),
            format!("{path}/.."),
            format!("{path}%20"),
            format!("{path}%00"),
            format!("{path};x=1"),
            format!("{path}.json"),
            format!("{path}?access_token=x"),
            format!("{path}#x"),
            path.to_uppercase(),
            format!("{begin}/{rest}"),
            format!("{begin}/.{rest}"),
            format!("{begin}/x/..{rest}"),
            format!("{begin}/%2e%2e/v1{rest}"),
            format!("{begin}{encoded}"),
            format!("/%76%31{rest}"),
            format!("\\v1{rest}"),
            format!("http://127.0.0.1{path}"),
        ];
        let mut all: Vec<String> = paths.iter().map(|path| self.text(method, path, who)).collect();
        let claims = [
            "X-Original-URL: /healthz",
            "X-Rewrite-URL: /healthz",
            "X-Forwarded-For: 127.0.0.1",
            "X-Forwarded-User: admin",
            "X-Role: admin",
            "Cookie: access_token=x",
        ];
        all.extend(claims.iter().map(|claim| self.text(method, path, &format!("{who}{claim}\r\n"))));
        for header in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"] {
            for other in ["GET", "POST"].into_iter().filter(|other| !may(other)) {
                all.push(self.text(other, path, &format!("{who}{header}: {method}\r\n")));
            }
        }
        let others_than = ["HEAD", "OPTIONS", "TRACE", "PROPFIND"].into_iter().filter(|other| *other != "HEAD" || !may("GET"));
        all.extend(others_than.map(|other| self.text(other, path, who)));
        all.push(self.text(&method.to_lowercase(), path, who));
        // Two people at once are nobody.
        all.push(self.text(method, path, &format!("{who}{others}")));
        all.push(self.text(method, path, &format!("{others}{who}{others}")));
        all
    }
}

fn bearer(person: &Person) -> String {
    if person.access.is_empty() { String::new() } else { format!("Authorization: Bearer {}\r\n", person.access) }
}

/// Asks; on a new connection where the server has closed the one before, as after what is no HTTP.
async fn ask(app: &TestApp, connection: &mut Raw, text: &str) -> Option<RawAnswer> {
    for _ in 0..2 {
        connection.send(text.as_bytes()).await;
        let answer = if text.starts_with("HEAD") { connection.head().await } else { connection.answer().await };
        if answer.as_ref().is_none_or(|answer| answer.head.contains("connection: close")) {
            *connection = Raw::connect(app.address).await;
        }
        if answer.is_some() {
            return answer;
        }
    }
    None
}

#[actix_web::test]
async fn whom_the_matrix_keeps_out_finds_no_other_way_in() {
    let app = TestApp::start().await;
    let world = World::new(&app).await;
    let before = app.contents().await;
    let mut connection = Raw::connect(app.address).await;
    for (operation, body, _) in ROWS {
        let (method, template) = operation.split_once(' ').expect("a method and a path");
        let (path, _) = world.paths(template);
        let body = world.body(body).map(|body: Value| body.to_string()).unwrap_or_default();
        let spelled = Spelled { method, path: &path, body };
        let columns = rule(operation).columns;
        // Nobody, another client, another developer; the second header is of whoever may.
        for column in [0, 4, 6].into_iter().filter(|column| columns[*column] != Access::Allowed) {
            let allowed = columns.iter().rposition(|access| *access == Access::Allowed).expect("somebody");
            let (who, other) = (bearer(&world.people[column]), bearer(&world.people[allowed]));
            // Without anybody's own header there is nothing to double.
            let doubled = if who.is_empty() { format!("{other}{other}") } else { other };
            let may = |method: &str| {
                let row = RIGHTS.iter().find(|(name, _)| *name == format!("{method} {template}"));
                row.is_some_and(|(_, rule)| rule.columns[column] == Access::Allowed)
            };
            for text in spelled.spellings(&who, &doubled, may) {
                let preflight = text.starts_with("OPTIONS");
                let answer = ask(&app, &mut connection, &text).await.unwrap_or_else(|| panic!("no answer to {text}"));
                let kept_out = (400..500).contains(&answer.status) || (preflight && answer.status == 204);
                assert!(kept_out, "{text}\nanswered {} {}", answer.status, answer.body);
            }
        }
    }
    assert_same(&before, &app.contents().await);
}
