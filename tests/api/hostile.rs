//! Bodies, paths and queries that nobody sends by mistake (reliability R40–R51).

use reqwest::Method;
use serde_json::json;

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::person::Person;
use crate::support::raw::{self, Raw};

const LOGIN: &str = "/v1/auth/login";

async fn post_bytes(person: &Person, path: &str, body: &[u8]) -> Answer {
    person.with("content-type", "application/json").send_bytes(Method::POST, path, body.to_vec()).await
}

async fn patch_me(person: &Person, body: &[u8]) -> Answer {
    person.with("content-type", "application/json").send_bytes(Method::PATCH, "/v1/me", body.to_vec()).await
}

#[actix_web::test]
async fn what_is_not_json_is_malformed() {
    let app = TestApp::start().await;
    let person = app.client().await;
    let deep = |open: &str, close: &str, times: usize| format!("{{\"name\":{}1{}}}", open.repeat(times), close.repeat(times));
    let corpus: Vec<Vec<u8>> = vec![
        b"{".to_vec(),
        b"}".to_vec(),
        b"{\"name\":}".to_vec(),
        b"{\"name\":\"a\",}".to_vec(),
        b"{\"name\":\"a\"} x".to_vec(),
        b"{\"name\":\"a\"}{\"name\":\"b\"}".to_vec(),
        b"{'name':'a'}".to_vec(),
        b"{name:\"a\"}".to_vec(),
        b"// a comment\n{}".to_vec(),
        b"{\"name\":\"a\" /* b */}".to_vec(),
        b"\xef\xbb\xbf{\"name\":\"a\"}".to_vec(),
        b"{\"name\":\"\xff\"}".to_vec(),
        b"{\"name\":\"\xc0\x80\"}".to_vec(),
        b"{\"name\":\"\xed\xa0\x80\"}".to_vec(),
        b"{\"name\":\"\\ud800\"}".to_vec(),
        b"{\"name\":\"\\udc00\\ud800\"}".to_vec(),
        b"{\"name\":\"\\x41\"}".to_vec(),
        b"{\"name\":\"a\nb\"}".to_vec(),
        b"{\"name\":\"a\x00b\"}".to_vec(),
        b"{\"name\":1e400}".to_vec(),
        b"{\"name\":-1e400}".to_vec(),
        b"{\"name\":NaN}".to_vec(),
        b"{\"name\":Infinity}".to_vec(),
        b"{\"name\":01}".to_vec(),
        b"{\"name\":+1}".to_vec(),
        b"{\"name\":.5}".to_vec(),
        b"{\"name\":0x10}".to_vec(),
        b"{\"name\":True}".to_vec(),
        b"{\"name\":undefined}".to_vec(),
        b"{\"name\":\"a\",\"name\":\"b\"}".to_vec(),
        b"{\"name\":\"a\",\"n\\u0061me\":\"b\"}".to_vec(),
        b"{\"x\":{\"y\":1,\"y\":2}}".to_vec(),
        deep("[", "]", 32).into_bytes(),
        deep("[", "]", 2000).into_bytes(),
        deep("{\"a\":", "}", 32).into_bytes(),
        "[".repeat(4000).into_bytes(),
        "{\"a\":".repeat(4000).into_bytes(),
        b"\x00".to_vec(),
        "{\"name\":\"a\"}".encode_utf16().flat_map(u16::to_le_bytes).collect(),
        b"name=a".to_vec(),
        b"<name>a</name>".to_vec(),
    ];
    for body in corpus {
        let answer = patch_me(&person, &body).await;
        let shown = String::from_utf8_lossy(&body).chars().take(60).collect::<String>();
        assert_eq!(answer.status, 400, "{shown:?} answered {}", answer.text);
        let answer = answer.problem(400, "malformed-request");
        for leak in ["serde", "expected value", "EOF", "src/", "Deserialize"] {
            assert!(!answer.text.contains(leak), "{shown:?} answered {}", answer.text);
        }
    }
    assert_eq!(person.get("/v1/me").await.expect(200).at("/version"), &json!(1));
}

#[actix_web::test]
async fn well_formed_json_of_the_wrong_kind_names_every_fault() {
    let app = TestApp::start().await;
    let person = app.client().await;
    for (body, pointers) in [
        ("null", vec![""]),
        ("[]", vec![""]),
        ("7", vec![""]),
        ("\"text\"", vec![""]),
        ("{\"name\":7,\"time_zone\":[],\"a\":1,\"b/c\":2,\"d~e\":3}", vec!["/a", "/b~1c", "/d~0e", "/name", "/time_zone"]),
        ("{\"name\":\"x\\u0000y\"}", vec!["/name"]),
        ("{\"name\":\"x\\u0007y\"}", vec!["/name"]),
        ("{\"name\":\"x\\u009fy\"}", vec!["/name"]),
        ("{\"name\":\"x\\u202ey\"}", vec!["/name"]),
        ("{\"name\":\"   \"}", vec!["/name"]),
        ("{\"name\":null}", vec!["/name"]),
        ("{\"name\":99999999999999999999}", vec!["/name"]),
        ("{\"name\":18446744073709551616}", vec!["/name"]),
        ("{\"name\":-9223372036854775809}", vec!["/name"]),
        ("{\"time_zone\":\"Mars/Olympus\"}", vec!["/time_zone"]),
        ("{\"time_zone\":\"../../etc/passwd\"}", vec!["/time_zone"]),
        ("{\"id\":\"user_x\",\"email\":\"a@example.com\",\"role\":\"admin\",\"version\":9}", vec!["/email", "/id", "/role", "/version"]),
    ] {
        let answer = patch_me(&person, body.as_bytes()).await;
        assert_eq!((answer.status, answer.pointers()), (422, pointers), "{body} answered {}", answer.text);
        answer.problem(422, "validation-failed");
    }
    assert_eq!(person.get("/v1/me").await.expect(200).at("/version"), &json!(1));
}

#[actix_web::test]
async fn texts_are_normalised() {
    let app = TestApp::start().await;
    let person = app.client().await;
    let changed = person.patch("/v1/me", json!({ "name": "Zoe\u{308} O'Neil \u{1f600}" })).await.expect(200);
    assert_eq!(changed.text_at("/name"), "Zo\u{eb} O'Neil \u{1f600}");
    let sql = "Robert'); DROP TABLE users; --";
    assert_eq!(person.patch("/v1/me", json!({ "name": sql })).await.expect(200).text_at("/name"), sql);
    assert_eq!(person.get("/v1/me").await.expect(200).text_at("/name"), sql);
}

#[actix_web::test]
async fn address_twins_are_one_address() {
    let app = TestApp::start().await;
    let person = app.verified("client").await;
    let (local, domain) = person.email.split_once('@').unwrap_or_default();
    for twin in [person.email.to_uppercase(), format!("{}@{domain}", local.to_uppercase()), format!("{local}@EXAMPLE.com")] {
        person.post(LOGIN, json!({ "email": twin, "password": person.password })).await.expect(200);
    }
    for other in [format!("{local}\u{200b}@{domain}"), format!("\u{feff}{local}@{domain}"), format!("{local}@{domain}.")] {
        let answer = person.post(LOGIN, json!({ "email": other, "password": person.password })).await;
        assert!(answer.status == 422 || answer.status == 401, "{other:?} answered {}", answer.text);
    }
}

#[actix_web::test]
async fn a_body_has_its_limit_and_the_connection_survives_it() {
    let app = TestApp::start().await;
    let person = app.client().await;
    let body = |size: usize| format!("{{\"name\":\"{}\"}}", "x".repeat(size - 11)).into_bytes();
    patch_me(&person, &body(65_536)).await.faults(&["/name"]);
    patch_me(&person, &body(65_537)).await.problem(413, "too-large");
    post_bytes(&person, LOGIN, &body(4096)).await.problem(422, "validation-failed");
    for way_in in [LOGIN, "/v%31/auth/login", "/v1/%61uth/login"] {
        post_bytes(&person, way_in, &body(4097)).await.problem(413, "too-large");
    }
    let mut connection = Raw::connect(app.address).await;
    let large = "x".repeat(5000);
    let request = format!("POST {LOGIN} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{large}");
    let mut chunked = format!("POST {LOGIN} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
    for _ in 0..5 {
        chunked.push_str(&format!("400\r\n{}\r\n", "x".repeat(1024)));
    }
    chunked.push_str("0\r\n\r\n");
    for request in [&request, &chunked, &request] {
        connection.send(request.as_bytes()).await;
        let answer = connection.answer().await.expect("an answer");
        assert_eq!(answer.status, 413, "{answer:?}");
        assert!(answer.body.contains("/problems/too-large"), "{answer:?}");
    }
    connection.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(connection.answer().await.map(|answer| answer.status), Some(200));
}

#[actix_web::test]
async fn only_plain_json_is_taken() {
    let app = TestApp::start().await;
    let person = app.client().await;
    let body = br#"{"name":"A client"}"#;
    for kind in [
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "json",
        "*/*",
        "application/json, text/plain",
    ] {
        let answer = person.with("content-type", kind).send_bytes(Method::PATCH, "/v1/me", body.to_vec()).await;
        assert_eq!(answer.status, 415, "{kind}");
        answer.problem(415, "unsupported-media-type");
    }
    person.send_bytes(Method::PATCH, "/v1/me", body.to_vec()).await.problem(415, "unsupported-media-type");
    let json = person.with("content-type", "application/json");
    for encoding in ["gzip", "br", "deflate", "zstd", "identity, gzip", "nonsense"] {
        let answer = json.with("content-encoding", encoding).send_bytes(Method::PATCH, "/v1/me", body.to_vec()).await;
        assert_eq!(answer.status, 415, "{encoding}");
        answer.problem(415, "unsupported-media-type");
    }
    for kind in ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "application/merge-patch+json"] {
        person.with("content-type", kind).send_bytes(Method::PATCH, "/v1/me", body.to_vec()).await.expect(200);
    }
    json.with("content-encoding", "identity").send_bytes(Method::PATCH, "/v1/me", body.to_vec()).await.expect(200);
}

#[actix_web::test]
async fn who_is_not_signed_in_learns_nothing_about_the_body() {
    let app = TestApp::start().await;
    let nobody = app.anonymous();
    for body in [&b"{"[..], b"{\"name\":7}", b"{}"] {
        patch_me(&nobody, body).await.problem(401, "not-signed-in");
    }
}

#[actix_web::test]
async fn a_path_that_is_none_is_not_found() {
    let app = TestApp::start().await;
    let person = app.client().await;
    for id in [
        "%00",
        "%ff",
        "%2F",
        "..%2f..",
        "x",
        "user_01h455vb4pex5vsknk084sn02q",
        "sess_",
        "sess_8zzzzzzzzzzzzzzzzzzzzzzzzz",
        "SESS_01h455vb4pex5vsknk084sn02q",
        "1",
        "-1",
        "%F0%9F%98%80",
        "'%20OR%201=1",
        &"x".repeat(3000),
    ] {
        let answer = person.delete(&format!("/v1/me/sessions/{id}")).await;
        assert_eq!(answer.status, 404, "{id} answered {}", answer.text);
        answer.problem(404, "not-found");
    }
    for path in [
        "/",
        "/v1",
        "/v1/",
        "/v1/nothing",
        "/v1/me/",
        "//v1/me",
        "/v1//me",
        "/V1/me",
        "/v1/me;x=1",
        "/v1/ME",
        "/.env",
        "/v1/me.json",
        "/%76%31/nothing",
    ] {
        let answer = person.get(path).await;
        assert_eq!(answer.status, 404, "{path} answered {}", answer.text);
        answer.problem(404, "not-found");
    }
}

#[actix_web::test]
async fn a_query_is_checked_like_a_body() {
    let app = TestApp::start().await;
    let person = app.client().await;
    for (query, pointers) in [
        ("limit=0", vec!["?limit"]),
        ("limit=101", vec!["?limit"]),
        ("limit=1000000000", vec!["?limit"]),
        ("limit=99999999999999999999", vec!["?limit"]),
        ("limit=-1", vec!["?limit"]),
        ("limit=1.5", vec!["?limit"]),
        ("limit=", vec!["?limit"]),
        ("limit=ten", vec!["?limit"]),
        ("limit=1&limit=2", vec!["?limit"]),
        ("offset=3", vec!["?offset"]),
        ("limit=0&sort=x&page=2", vec!["?limit", "?page", "?sort"]),
    ] {
        let answer = person.get(&format!("/v1/me/sessions?{query}")).await;
        assert_eq!((answer.status, answer.pointers()), (422, pointers), "{query} answered {}", answer.text);
        answer.problem(422, "validation-failed");
    }
    for query in ["cursor=%00", "cursor=%ff", "cursor=x%00y", "cursor=!", "cursor=AAAA", "%ff=1", "cursor=Li4vLi4v"] {
        let answer = person.get(&format!("/v1/me/sessions?{query}")).await;
        assert_eq!(answer.status, 400, "{query} answered {}", answer.text);
        answer.problem(400, "malformed-request");
    }
    person.get(&format!("/v1/me/sessions?cursor={}", "A".repeat(401))).await.faults(&["?cursor"]);
    person.get("/v1/me/sessions?limit=1e1").await;
    person.get("/v1/me/sessions?limit=100").await.expect(200);
    person.get("/v1/me/sessions?").await.expect(200);
}

#[actix_web::test]
async fn requests_that_smuggle_are_refused() {
    let app = TestApp::start().await;
    let line = "POST /v1/auth/login HTTP/1.1\r\n";
    for (name, request) in [
        ("both lengths", format!("{line}Host: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")),
        ("two lengths", format!("{line}Host: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}x")),
        ("a signed length", format!("{line}Host: x\r\nContent-Length: +2\r\n\r\n{{}}")),
        ("chunked twice", format!("{line}Host: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n")),
        ("unknown transfer coding", format!("{line}Host: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")),
        ("no host", format!("{line}Content-Length: 2\r\n\r\n{{}}")),
        ("two hosts", format!("{line}Host: x\r\nHost: y\r\nContent-Length: 2\r\n\r\n{{}}")),
        ("a folded header", format!("{line}Host: x\r\nX-A: b\r\n c\r\nContent-Length: 2\r\n\r\n{{}}")),
        ("a space before the colon", format!("{line}Host: x\r\nContent-Length : 2\r\n\r\n{{}}")),
        ("nonsense", "nonsense\r\n\r\n".to_owned()),
        (
            "a bad chunk",
            format!("{line}Host: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{{}}\r\n0\r\n\r\n"),
        ),
    ] {
        let answer = raw::ask(app.address, request.as_bytes()).await;
        let refused = |answer: &raw::RawAnswer| answer.status == 400 && !answer.head.contains("server:");
        assert!(answer.as_ref().is_none_or(refused), "{name}: {answer:?}");
    }
    app.anonymous().get("/healthz").await.expect(200);
}

#[actix_web::test]
async fn headers_beyond_measure_are_refused() {
    let app = TestApp::start().await;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n", "x".repeat(1 << 20));
    let answer = raw::ask(app.address, request.as_bytes()).await;
    assert!(answer.as_ref().is_none_or(|answer| (400..500).contains(&answer.status)), "{answer:?}");
    let request = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(1 << 20));
    let answer = raw::ask(app.address, request.as_bytes()).await;
    assert!(answer.as_ref().is_none_or(|answer| (400..500).contains(&answer.status)), "{answer:?}");
    app.anonymous().get("/healthz").await.expect(200);
}
