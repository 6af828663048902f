//! Traces, in builds with the feature `otel`: a collector of the tests' own is sent what happened, in the caller's trace, and nothing of
//! anybody.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpResponse, HttpServer};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message as _;

use crate::support::database::TestDatabase;
use crate::support::process::Launch;
use crate::support::smtp::SmtpServer;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
const UNWANTED: &str = "0af7651916cd43dd8448eb211c80319c";

type Received = Mutex<Vec<ExportTraceServiceRequest>>;

/// A collector; ends with the test's runtime.
struct Collector {
    address: SocketAddr,
    received: Arc<Received>,
}

impl Collector {
    fn start() -> Self {
        let received = Arc::new(Received::default());
        let shared = Data::from(received.clone());
        let server = HttpServer::new(move || App::new().app_data(shared.clone()).route("/v1/traces", web::post().to(receive)));
        let server = server.workers(1).disable_signals().bind("127.0.0.1:0").expect("a free port");
        let address = server.addrs().first().copied().expect("an address");
        tokio::spawn(server.run());
        Self { address, received }
    }

    /// All spans, after those who sent them have ended, each with what its sender is called.
    fn spans(&self) -> Vec<(String, Span)> {
        let received = self.received.lock().expect("what was received");
        let sent = received.iter().flat_map(|request| &request.resource_spans);
        let named = sent.flat_map(|sent| {
            let service = attributes(&sent.resource.as_ref().expect("a sender").attributes)["service.name"].clone();
            sent.scope_spans.iter().flat_map(|scope| &scope.spans).map(move |span| (service.clone(), span.clone()))
        });
        named.collect()
    }

    fn dump(&self) -> String {
        format!("{:?}", self.received.lock().expect("what was received"))
    }
}

async fn receive(body: Bytes, received: Data<Received>) -> HttpResponse {
    let request = ExportTraceServiceRequest::decode(body).expect("OTLP");
    received.lock().expect("what was received").push(request);
    HttpResponse::Ok().content_type("application/x-protobuf").finish()
}

/// Names and values, each value as a text.
fn attributes(list: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |value: &Option<AnyValue>| match value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    list.iter().map(|each| (each.key.clone(), text(&each.value))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Asks a node that sends its traces as these variables say, and ends it; what its log says of the request.
async fn ask(variables: &[(&str, &str)], collector: &Collector) -> String {
    let (database, smtp) = (TestDatabase::prepared().await, SmtpServer::start().await);
    let launch = Launch::new(&database.url(), &smtp.url());
    let launch = variables.iter().fold(launch, |launch, (name, value)| launch.with(name, value));
    let mut process = launch.start_ready().await;
    let client = process.person(&smtp, "client").await;
    let asked = client.with("traceparent", &format!("00-{TRACE}-{PARENT}-01")).with("x-request-id", "a-request-of-the-test");
    asked.get("/v1/skills/go?q=a-secret-of-the-query").await;
    client.with("traceparent", &format!("00-{UNWANTED}-{PARENT}-00")).get("/v1/skills/go").await.expect(200);
    process.terminate();
    let (status, _) = process.ended().await;
    assert!(status.success(), "{status}: {:#?}", process.log());
    let dump = collector.dump();
    for personal in [&client.email, &client.password, &client.access, "a-secret-of-the-query", "127.0.0.1"] {
        assert!(!dump.contains(personal), "`{personal}` has left the house: {dump}");
    }
    process.said()
}

#[actix_web::test]
async fn a_request_is_a_span_of_its_callers_trace_and_so_is_a_mail_of_one_of_its_own() {
    let said_by = [("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SERVICE_NAME"), ("GUILDHALL_TELEMETRY__OTLP_ENDPOINT", "OTEL_NOTHING")];
    for ((endpoint, name), service) in said_by.into_iter().zip(["a house", "guildhall"]) {
        let collector = Collector::start();
        let url = format!("http://{}", collector.address);
        let log = ask(&[(endpoint, url.as_str()), (name, "a house")], &collector).await;
        let spans = collector.spans();
        let in_trace = |trace: &str| spans.iter().filter(|(_, span)| hex(&span.trace_id) == trace).collect::<Vec<_>>();
        let [(by, span)] = in_trace(TRACE)[..] else { panic!("not one span of the trace: {spans:?}") };
        assert_eq!((by.as_str(), span.name.as_str(), span.kind()), (service, "GET /v1/skills/{slug}", SpanKind::Server));
        assert_eq!(hex(&span.parent_span_id), PARENT);
        assert!(span.start_time_unix_nano < span.end_time_unix_nano);
        let line = log.lines().find(|line| line.contains("answered") && line.contains(TRACE)).expect("a line of the log");
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(line["span"]["span_id"], hex(&span.span_id), "the log has the same id");
        let attributes = attributes(&span.attributes);
        let expected = [
            ("http.request.method", "GET"),
            ("http.response.status_code", line["status"].to_string().as_str()),
            ("http.route", "/v1/skills/{slug}"),
            ("request_id", "a-request-of-the-test"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(attributes, expected.into());
        assert!(in_trace(UNWANTED).is_empty(), "a caller who keeps nothing wants nothing kept");
        let mail = spans.iter().find(|(_, span)| span.name == "mail").unwrap_or_else(|| panic!("no mail in {spans:?}"));
        let told = crate::traces::attributes(&mail.1.attributes);
        assert_eq!((mail.1.kind(), told["attempt"].as_str(), mail.1.parent_span_id.len()), (SpanKind::Client, "1", 0), "{told:?}");
        assert_ne!(mail.1.status.as_ref().map(|status| status.code()), Some(StatusCode::Error));
        let registered = spans.iter().find(|(_, span)| span.name == "POST /v1/auth/register").expect("a registration");
        assert_eq!(told.get("request_id"), crate::traces::attributes(&registered.1.attributes).get("request_id"), "whose mail it is");
    }
}

#[actix_web::test]
async fn a_collector_that_is_not_there_holds_up_nobody() {
    // Where nobody listens any more.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address");
    let url = format!("http://{free}");
    let log = ask(&[("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str())], &Collector::start()).await;
    assert!(log.contains(TRACE) && log.contains("opentelemetry"), "the log says that traces are lost: {log}");
}

#[actix_web::test]
async fn without_an_endpoint_nothing_is_sent_and_the_log_is_as_ever() {
    let log = ask(&[], &Collector::start()).await;
    let line = log.lines().find(|line| line.contains("answered") && line.contains(TRACE)).expect("a line of the log");
    let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
    assert_eq!((line["span"]["name"].as_str(), line["span"]["parent_id"].as_str()), (Some("request"), Some(PARENT)));
}
