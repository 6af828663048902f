//! Traces over OTLP (HTTP, protobuf), in builds with the feature `otel`. Spans of the target [`TRACES`] leave the house, with their own
//! fields; what the log says stays in the log, which has the same ids. The standard variables of the environment are obeyed.

use std::cell::Cell;
use std::io::IsTerminal as _;
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry::trace::{SpanContext, SpanId, Status, TraceContextExt as _, TraceFlags, TraceId, TraceState, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchSpanProcessor, IdGenerator, RandomIdGenerator, SdkTracerProvider, Span as StartedSpan, SpanData, SpanProcessor,
};
use secrecy::ExposeSecret as _;
use tokio::runtime::{Builder, Runtime};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, Registry};

use crate::config::told::Telemetry;
use crate::kernel::error::{Error, Result};
use crate::kernel::traces::TRACES;
use crate::telemetry::chosen;

/// A task looks again and again; a look that took no longer, and failed at nothing, has found nothing, and nobody wants to read of it.
const WORTH_TELLING: Duration = Duration::from_millis(10);
/// The most of a collector's answer that is read, in bytes.
const ANSWER: usize = 64 * 1024;

/// What sends traces; sends what is left, for five seconds at the most, when it is dropped.
pub struct Traces(Option<SdkTracerProvider>);

impl Drop for Traces {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.0.take().map(|provider| provider.shutdown()) {
            tracing::warn!(%error, "not all traces could be sent");
        }
    }
}

/// Starts logging as a build without the feature does, and sends traces where the environment or else the settings say to where.
///
/// # Errors
/// When the environment or the settings make no sense.
pub fn start(settings: &Telemetry) -> Result<Traces> {
    let provider = if is_wanted(settings) { Some(provider(settings)?) } else { None };
    let logs = tracing_subscriber::fmt::layer::<Registry>().with_writer(std::io::stderr);
    let logs: Box<dyn Layer<Registry> + Send + Sync> =
        if std::io::stderr().is_terminal() { logs.boxed() } else { logs.json().flatten_event(true).boxed() };
    let mut layers: Vec<Box<dyn Layer<Registry> + Send + Sync>> = vec![logs.with_filter(chosen()).boxed()];
    if let Some(provider) = &provider {
        let traces = tracing_opentelemetry::layer::<Registry>()
            .with_tracer(provider.tracer("guildhall"))
            .with_context_activation(false)
            .with_location(false)
            .with_target(false)
            .with_threads(false)
            .with_tracked_inactivity(false);
        layers.push(traces.with_filter(filter_fn(|metadata| metadata.is_span() && metadata.target() == TRACES)).boxed());
    }
    tracing_subscriber::registry().with(layers).try_init().map_err(Error::internal)?;
    Ok(Traces(provider))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// Whether the environment says where traces go.
fn environment_says_where() -> bool {
    ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"].into_iter().any(|name| variable(name).is_some())
}

fn is_wanted(settings: &Telemetry) -> bool {
    let off = variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
        || variable("OTEL_TRACES_EXPORTER").is_some_and(|value| value == "none");
    !off && (environment_says_where() || !settings.otlp_endpoint.expose_secret().is_empty())
}

fn provider(settings: &Telemetry) -> Result<SdkTracerProvider> {
    let exporter = SpanExporter::builder().with_http().with_http_client(Collector::new()?);
    let exporter = if environment_says_where() {
        exporter
    } else {
        exporter.with_endpoint(format!("{}/v1/traces", settings.otlp_endpoint.expose_secret().trim_end_matches('/')))
    };
    let exporter = exporter.build().map_err(|error| Error::internal(format!("traces cannot be sent: {error}")))?;
    let batches = BatchSpanProcessor::builder(exporter).build();
    Ok(SdkTracerProvider::builder()
        .with_id_generator(GivenIds::default())
        .with_resource(resource())
        .with_span_processor(WorthTelling(batches))
        .build())
}

/// Who we are: as the environment says, or else by our own name.
fn resource() -> Resource {
    let resource = Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    let named = variable("OTEL_SERVICE_NAME").is_some()
        || variable("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|attributes| attributes.contains("service.name="));
    if named { resource.build() } else { resource.with_service_name("guildhall").build() }
}

/// Where a request stands in its trace: ids in hexadecimal digits, as the log shows them.
#[derive(Debug, Clone, Copy)]
pub struct Position<'a> {
    /// Of the whole.
    pub trace_id: &'a str,
    /// Of this program's part.
    pub span_id: &'a str,
    /// Of the caller's part, and whether the caller has it sent to a collector.
    pub parent: Option<(&'a str, bool)>,
}

/// Begins the span of a request.
pub fn request(request_id: &str, position: Position<'_>) -> Span {
    let span = tracing::trace_span!(target: TRACES, "request", otel.kind = "server", request_id);
    if let Err(error) = place(&span, position) {
        tracing::debug!(error, "this trace is not exported");
    }
    span
}

/// Ends the span of a request with what is known when it is answered: names of ours, nothing that the caller wrote.
pub fn answered(span: &Span, method: &str, route: &str, status: u16) {
    if span.is_disabled() {
        return;
    }
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].into_iter().find(|known| *known == method);
    let method = known.unwrap_or("_OTHER");
    span.set_attribute("http.request.method", method);
    span.set_attribute("http.route", route.to_owned());
    span.set_attribute("http.response.status_code", i64::from(status));
    if status >= 500 {
        span.set_status(Status::error(""));
    }
    span.context().span().update_name(format!("{method} {route}"));
}

/// Begins the span where it stands, with the ids that the log has.
fn place(span: &Span, position: Position<'_>) -> std::result::Result<(), &'static str> {
    if span.is_disabled() {
        return Ok(());
    }
    let trace = TraceId::from_hex(position.trace_id).map_err(|_| "no id of a trace")?;
    let own = SpanId::from_hex(position.span_id).map_err(|_| "no id of a span")?;
    if let Some((parent, sampled)) = position.parent {
        let parent = SpanId::from_hex(parent).map_err(|_| "no id of a parent")?;
        let parent = SpanContext::new(trace, parent, TraceFlags::default().with_sampled(sampled), true, TraceState::default());
        span.set_parent(Context::new().with_remote_span_context(parent)).map_err(|_| "nobody takes it, or it has begun")?;
    }
    GIVEN.set(Some((trace, own)));
    // To ask begins it, on this thread.
    drop(span.context());
    GIVEN.set(None);
    Ok(())
}

thread_local! {
    /// The ids of the span that begins now.
    static GIVEN: Cell<Option<(TraceId, SpanId)>> = const { Cell::new(None) };
}

/// Gives a span the ids that it is to have, where somebody says so.
#[derive(Debug, Default)]
struct GivenIds(RandomIdGenerator);

impl IdGenerator for GivenIds {
    fn new_trace_id(&self) -> TraceId {
        GIVEN.get().map_or_else(|| self.0.new_trace_id(), |(trace, _)| trace)
    }

    fn new_span_id(&self) -> SpanId {
        GIVEN.get().map_or_else(|| self.0.new_span_id(), |(_, span)| span)
    }
}

/// Leaves out the runs of tasks that have found nothing to do.
#[derive(Debug)]
struct WorthTelling(BatchSpanProcessor);

impl SpanProcessor for WorthTelling {
    fn on_start(&self, span: &mut StartedSpan, context: &Context) {
        self.0.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        let is_task = span.attributes.iter().any(|attribute| attribute.key.as_str() == "task");
        let took = span.end_time.duration_since(span.start_time).unwrap_or_default();
        if !is_task || took >= WORTH_TELLING || matches!(span.status, Status::Error { .. }) {
            self.0.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

/// The way to the collector. Has a runtime of its own: it is used by a thread of the library's, also when ours has ended.
#[derive(Debug)]
struct Collector {
    runtime: Runtime,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    deadline: Duration,
}

impl Collector {
    fn new() -> Result<Self> {
        let https = HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().build();
        let millis = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"].into_iter().find_map(variable);
        let millis = millis.and_then(|millis| millis.parse().ok()).unwrap_or(10_000);
        Ok(Self {
            runtime: Builder::new_current_thread().enable_all().build().map_err(Error::internal)?,
            // No connection is kept: between two batches nobody would see that the other side has closed it.
            client: Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(https),
            deadline: Duration::from_millis(millis),
        })
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> std::result::Result<Response<Bytes>, HttpError> {
        let (head, body) = self.client.request(request).await?.into_parts();
        Ok(Response::from_parts(head, Limited::new(body, ANSWER).collect().await?.to_bytes()))
    }
}

#[async_trait]
impl HttpClient for Collector {
    /// Polled by the thread that sends batches, which has nothing else to do.
    async fn send_bytes(&self, request: Request<Bytes>) -> std::result::Result<Response<Bytes>, HttpError> {
        let request = request.map(Full::from);
        self.runtime.block_on(async { tokio::time::timeout(self.deadline, self.send(request)).await })?
    }
}
