//! The edge of the house on real sockets (reliability R6, R51, R53–R57, R68): slow and stalled clients, panics, the metrics, every
//! method on every path, and starts that are refused.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use actix_web::middleware::from_fn;
use actix_web::{App, HttpRequest, HttpServer, web};
use guildhall::server::{self, Readiness};
use guildhall::telemetry;
use guildhall::web::middleware::observe;
use metrics_exporter_prometheus::PrometheusHandle;
use reqwest::Method;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::operations::{openapi, operations};
use crate::support::person::Person;
use crate::support::raw::{Raw, ask};

/// Deadlines that a test can wait for.
const SHORT: [(&str, &str); 2] = [("server.header_deadline", "1"), ("server.body_deadline", "1")];
/// How long a connection may stay open after its deadline.
const SOON: Duration = Duration::from_secs(6);

/// What this process counts.
fn metrics() -> PrometheusHandle {
    static HANDLE: LazyLock<PrometheusHandle> = LazyLock::new(|| telemetry::start_metrics().expect("metrics"));
    HANDLE.clone()
}

/// Sends a byte now and then until the server hangs up; gives what it has said. The pace is the subject here, not synchronisation.
async fn drip(app: &TestApp, head: &str, drop: &[u8]) -> (Option<u16>, bool) {
    let (mut connection, mut said, started) = (Raw::connect(app.address).await, Vec::new(), Instant::now());
    connection.send(head.as_bytes()).await;
    let mut ended = false;
    while !ended && started.elapsed() < SOON {
        connection.send(drop).await;
        ended = connection.hangs_up(Duration::from_millis(100), &mut said).await;
    }
    let status = String::from_utf8_lossy(&said).split(' ').nth(1).and_then(|status| status.parse().ok());
    (status, ended)
}

#[actix_web::test]
async fn a_body_that_drips_or_stalls_is_cut_whatever_answers() {
    let app = TestApp::with(&SHORT).await;
    let person = app.client().await;
    let token = format!("Authorization: Bearer {}\r\n", person.access);
    for (request, who, status) in [
        ("PATCH /v1/me", token.as_str(), 408),
        ("POST /v1/auth/login", "", 408),
        // Nothing of these looks at a body.
        ("POST /v1/nothing", "", 404),
        ("GET /healthz", "", 200),
        ("PATCH /v1/me", "", 401),
        ("POST /verify-email", "", 400),
    ] {
        for (length, drop) in [("Content-Length: 1000", &b"x"[..]), ("Transfer-Encoding: chunked", &b"1\r\nx\r\n"[..])] {
            let head = format!("{request} HTTP/1.1\r\nHost: x\r\n{who}Content-Type: application/json\r\n{length}\r\n\r\n");
            for drop in [drop, &b""[..]] {
                let (said, ended) = drip(&app, &head, drop).await;
                assert!(ended, "{request} with {length} is held open");
                assert_eq!(said, Some(status), "{request} with {length}");
            }
        }
    }
    app.anonymous().get("/healthz").await.expect(200);
}

#[actix_web::test]
async fn headers_that_drip_are_cut_and_many_who_do_it_hold_nobody_up() {
    let app = TestApp::with(&SHORT).await;
    let mut slow = Vec::new();
    for _ in 0..300 {
        let mut connection = Raw::connect(app.address).await;
        connection.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ").await;
        slow.push(connection);
    }
    let started = Instant::now();
    app.anonymous().get("/healthz").await.expect(200);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    for mut connection in slow {
        assert!(connection.hangs_up(SOON, &mut Vec::new()).await, "a slow client is held");
    }
}

#[actix_web::test]
async fn a_handler_that_panics_answers_and_is_counted() {
    // The way to panic exists in this test only; what catches it is what wraps the whole house.
    async fn panics(_: HttpRequest) -> &'static str {
        panic!("a secret of the panic")
    }
    let metrics = metrics();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let house =
        || App::new().route("/panic", web::get().to(panics)).route("/fine", web::get().to(|| async { "fine" })).wrap(from_fn(observe));
    let running = HttpServer::new(house).workers(1).disable_signals().listen(listener).expect("a server").run();
    let handle = running.handle();
    tokio::spawn(running);
    let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
    let nobody = Person::new(http, format!("http://{address}"), "nobody@example.com");
    for _ in 0..3 {
        let answer = nobody.get("/panic").await.problem(500, "internal");
        answer.armoured();
        assert!(!answer.text.contains("secret"), "{}", answer.text);
        assert_eq!(nobody.get("/fine").await.expect(200).text, "fine");
    }
    let given = nobody.with("x-request-id", "mine").get("/panic").await.problem(500, "internal");
    assert_eq!(given.text_at("/request_id"), "mine");
    // A method that somebody makes up is no series of its own, however many there are.
    for made_up in 0..20 {
        let request = format!("MADEUP{made_up} /fine HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
        assert!(ask(address, request.as_bytes()).await.is_some());
    }
    let counted = metrics.render();
    assert!(!counted.contains("MADEUP") && counted.contains(r#"method="other""#), "{counted}");
    assert!(counted.contains("guildhall_panics_total 4"), "{counted}");
    assert!(counted.contains(r#"guildhall_http_request_seconds_count{route="none",method="GET",status="500"} 4"#), "{counted}");
    handle.stop(false).await;
}

/// Whether a path is one of a template's.
fn fits(template: &str, path: &str) -> bool {
    let same = |(expected, given): (&str, &str)| expected == given || expected.starts_with('{');
    template.split('/').count() == path.split('/').count() && template.split('/').zip(path.split('/')).all(same)
}

#[actix_web::test]
async fn every_path_knows_its_methods_and_no_other() {
    let app = TestApp::start().await;
    let person = app.client().await;
    let all = operations(&openapi());
    let paths: BTreeSet<&str> = all.iter().filter_map(|(name, _)| name.split_once(' ').map(|(_, path)| path)).collect();
    for template in paths {
        let path: String = template.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect::<Vec<_>>().join("/");
        // `me` may also be an id: then the methods of both paths are known.
        let known = |method: &str| {
            all.iter().any(|(name, _)| name.split_once(' ').is_some_and(|(each, template)| each == method && fits(template, &path)))
        };
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "PROPFIND", "get"] {
            if known(method) {
                continue;
            }
            let answer = person.send(Method::from_bytes(method.as_bytes()).expect("a method"), &path, None).await;
            let answer = answer.problem(405, "method-not-allowed");
            answer.armoured();
            for (name, _) in all.iter().filter(|(name, _)| name.split_once(' ').is_some_and(|(_, each)| each == template)) {
                let (method, _) = name.split_once(' ').expect("a method");
                assert!(answer.header("allow").split(", ").any(|allowed| allowed == method), "{name}: {}", answer.header("allow"));
            }
        }
        if known("GET") {
            // A stream would not end.
            let path = path.replace("/v1/events", "/v1/events?wait=false");
            let (get, head) = (person.get(&path).await, person.send(Method::HEAD, &path, None).await);
            assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}");
        }
    }
}

#[actix_web::test]
async fn metrics_are_for_this_machine_or_for_a_listener_of_their_own() {
    let handle = metrics();
    for (own, shown) in [("", true), ("127.0.0.1:0", false)] {
        let app = TestApp::with(&[("server.metrics_listen", own)]).await;
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let readiness = Readiness::new(app.house.db.clone(), app.house.feed.clone());
        let running = server::start(&app.house, listener, readiness, Some(handle.clone())).expect("a server");
        let stop = running.handle();
        tokio::spawn(running);
        let nobody = app.anonymous().at(&base);
        let answer = nobody.get("/metrics").await;
        assert_eq!(answer.status == 200, shown, "{}", answer.text);
        answer.armoured();
        for proxied in ["x-forwarded-for", "forwarded", "x-real-ip", "via"] {
            nobody.with(proxied, "127.0.0.1").get("/metrics").await.problem(404, "not-found");
        }
        stop.stop(false).await;
    }
}

#[actix_web::test]
async fn what_waits_and_what_fails_is_armoured_too() {
    let limits = [("limits.enabled", "true"), ("limits.requests_per_second", "1"), ("limits.burst", "2")];
    let app = TestApp::with(&limits).await;
    let nobody = app.anonymous();
    let mut last = nobody.get("/healthz").await;
    for _ in 0..3 {
        last = nobody.get("/healthz").await;
    }
    last.problem(429, "too-many-requests").armoured();
    let app = TestApp::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let readiness = Readiness::new(app.house.db.clone(), app.house.feed.clone());
    readiness.drain();
    let running = server::start(&app.house, listener, readiness, None).expect("a server");
    let stop = running.handle();
    tokio::spawn(running);
    let drained = app.anonymous().at(&base).get("/readyz").await.problem(503, "unavailable");
    drained.armoured();
    assert!(!drained.header("retry-after").is_empty(), "{:?}", drained.headers);
    stop.stop(false).await;
    let body = json!({ "x": 1 });
    app.anonymous().put("/healthz", body).await.problem(405, "method-not-allowed").armoured();
}

/// Settings with which production starts.
const GOOD: [(&str, &str); 5] = [
    ("GUILDHALL_ENV", "production"),
    ("GUILDHALL_AUTH__SECRET", "kDk0pMZ3m8vQYb2uT6wX9cR1fH5jL7nA"),
    ("GUILDHALL_SERVER__PUBLIC_URL", "https://guildhall.example"),
    ("GUILDHALL_MAIL__URL", "smtps://u:p@mail.example"),
    ("GUILDHALL_SERVER__LISTEN", "127.0.0.1:0"),
];

/// What a start with these settings instead of the good ones says, and whether it is refused; without a value a setting is left out.
fn start(changes: &[(&str, Option<&str>)]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guildhall"));
    let folder = std::env::temp_dir().join(format!("guildhall-start-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    command.env_clear().envs(GOOD).current_dir(folder).args(["migrate", "--status"]);
    for (name, value) in changes {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let output = command.output().expect("a process");
    (!output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Each with the key that the one line names.
#[test]
fn production_does_not_start_with_what_is_unsafe() {
    const KEY: &str = "GUILDHALL_AUTH__SECRET";
    const URL: &str = "GUILDHALL_SERVER__PUBLIC_URL";
    const FRONT: &str = "GUILDHALL_SERVER__FRONTEND_URL";
    const MAIL: &str = "GUILDHALL_MAIL__URL";
    const DATABASE: &str = "GUILDHALL_DATABASE__URL";
    const ORIGINS: &str = "GUILDHALL_SERVER__CORS_ORIGINS";
    const PROXIES: &str = "GUILDHALL_SERVER__TRUSTED_PROXIES";
    let cases: [(&str, Option<&str>, &str); 29] = [
        (KEY, None, "auth.secret"),
        (KEY, Some(""), "auth.secret"),
        (KEY, Some("short"), "auth.secret"),
        (KEY, Some("0123456789012345678901234567890"), "auth.secret"),
        (KEY, Some("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), "auth.secret"),
        (KEY, Some("please-changeme-before-production-begins"), "auth.secret"),
        ("GUILDHALL_AUTH__PREVIOUS_SECRETS", Some("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), "auth.previous_secrets"),
        (URL, None, "server.public_url"),
        (URL, Some("http://guildhall.example"), "server.public_url"),
        (URL, Some("guildhall.example"), "server.public_url"),
        (FRONT, Some("http://app.example"), "server.frontend_url"),
        (MAIL, None, "mail.url"),
        (MAIL, Some("file:var/mail"), "mail.url"),
        (MAIL, Some("smtp://mail.example:25"), "mail.url"),
        (MAIL, Some("smtp://mail.example:25?tls=opportunistic"), "mail.url"),
        (DATABASE, Some("postgres://u:p@db.example/guildhall"), "database.url"),
        (DATABASE, Some("postgres://u:p@db.example/guildhall?sslmode=disable"), "database.url"),
        (DATABASE, Some("postgres://u:p@db.example/guildhall?sslmode=prefer"), "database.url"),
        (DATABASE, Some("postgres:///guildhall?host=db.example"), "database.url"),
        (DATABASE, Some("mysql://db.example/guildhall"), "database.url"),
        (ORIGINS, Some("*"), "server.cors_origins"),
        (ORIGINS, Some("https://app.example,null"), "server.cors_origins"),
        (ORIGINS, Some("http://app.example"), "server.cors_origins"),
        (PROXIES, Some("0.0.0.0/0"), "server.trusted_proxies"),
        ("GUILDHALL_AUTH__ACCESS_MINUTES", Some("60"), "auth.access_minutes"),
        ("GUILDHALL_AUTH__MEMORY_KIB", Some("8"), "auth.memory_kib"),
        ("GUILDHALL_WEBHOOKS__ANYWHERE", Some("true"), "webhooks.anywhere"),
        ("GUILDHALL_SERVER__DEBUG", Some("true"), "debug"),
        ("GUILDHALL_ENV", Some("staging"), "GUILDHALL_ENV"),
    ];
    let (refused, said) = start(&[]);
    assert!(!refused, "{said}");
    for (name, value, key) in cases {
        let (refused, said) = start(&[(name, value)]);
        assert!(refused && said.contains(key), "{name}={value:?} said {said}");
        assert_eq!(said.trim().lines().count(), 1, "{name}={value:?} said {said}");
        let secret = value.filter(|_| name == KEY).filter(|value| !value.is_empty());
        assert!(secret.is_none_or(|secret| !said.contains(secret)) && !said.contains("u:p@"), "{said}");
    }
}
