//! The HTTP server: mounts every room's routes, orders the middleware, and makes the OpenAPI document from what is mounted.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_cors::Cors;
use actix_web::dev::Server;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, Data};
use actix_web::{App as HttpApp, HttpRequest, HttpResponse, HttpServer, ResponseError as _, get};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use utoipa::openapi::OpenApi;
use utoipa_actix_web::AppExt as _;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::audit::http::note_refusals;
use crate::auth::gate::Gate;
use crate::config::Server as Settings;
use crate::db::feed::Feed;
use crate::db::migrate;
use crate::db::pool::Db;
use crate::demo::mailbox::{self, Mailbox};
use crate::kernel::error::{Code, Error, Result};
use crate::rights::{RIGHTS, SCOPES};
use crate::web::address::TrustedProxies;
use crate::web::answer;
use crate::web::arrival::{BodyLimits, arrive};
use crate::web::describe::{self, KnownPaths};
use crate::web::docs::{self, Document};
use crate::web::examples::ahead;
use crate::web::limits::AddressLimits;
use crate::web::middleware::{limit, observe};
use crate::web::rights::Rights;

/// Every room's routes; the document is made from this list.
/// The busiest first: routes are tried in this order, one pattern after the other.
fn rooms(config: &mut ServiceConfig<'_>) {
    crate::matching::http::routes(config);
    crate::notifications::http::routes(config);
    crate::accounts::http::routes(config);
    crate::skills::http::routes(config);
    crate::developers::http::routes(config);
    crate::developers::http_resume::routes(config);
    crate::vetting::http::routes(config);
    crate::vetting::http_vetted::routes(config);
    crate::jobs::http::routes(config);
    crate::invitations::http::routes(config);
    crate::trials::http::routes(config);
    crate::trials::http_admin::routes(config);
    crate::matching::http_own::routes(config);
    crate::accounts::http_admin::routes(config);
    crate::accounts::http_factor::routes(config);
    crate::accounts::http_keys::routes(config);
    crate::accounts::http_providers::routes(config);
    crate::suspensions::http::routes(config);
    crate::privacy::http::routes(config);
    crate::calendar_feeds::http::routes(config);
    crate::check_ins::http::routes(config);
    crate::hand_overs::http::routes(config);
    crate::reviews::http::routes(config);
    crate::timesheets::http::routes(config);
    crate::webhooks::http::routes(config);
    crate::streams::http::routes(config);
    crate::reports::http::routes(config);
    crate::audit::http::routes(config);
    crate::statistics::http::routes(config);
    crate::meta::http::routes(config);
    config.service(healthz).service(readyz);
}

/// The OpenAPI document of what is mounted.
pub fn openapi() -> OpenApi {
    let (_, document) = HttpApp::new().into_utoipa_app().configure(rooms).split_for_parts();
    describe::finish(document)
}

/// The document as it is committed; whoever asks for it gets the same with the days of its examples ahead.
///
/// # Errors
/// Never for this document.
pub fn openapi_json() -> Result<String> {
    json(&openapi())
}

fn json(document: &OpenApi) -> Result<String> {
    document.to_pretty_json().map_err(Error::internal)
}

/// Whether this process can do its work; shared by `/readyz` and whoever stops the process.
#[derive(Clone)]
pub struct Readiness {
    db: Db,
    feed: Feed,
    draining: Arc<AtomicBool>,
}

impl Readiness {
    /// Ready as soon as the database is reachable, its migrations are current, and what is held in memory is loaded.
    pub fn new(db: Db, feed: Feed) -> Self {
        Self { db, feed, draining: Arc::default() }
    }

    /// From now on `/readyz` says no, so that proxies stop sending.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    async fn check(&self) -> Result<()> {
        if self.draining.load(Ordering::SeqCst) {
            return Err(Error::not_yet("draining"));
        }
        let behind = self.db.read(migrate::pending).await.map_err(Error::unavailable)?;
        if !behind.is_empty() {
            return Err(Error::unavailable("migrations are pending"));
        }
        if self.feed.is_loaded() { Ok(()) } else { Err(Error::not_yet("loading")) }
    }
}

/// A plain word.
#[derive(Serialize, utoipa::ToSchema)]
struct Health {
    status: &'static str,
}

/// Whether the process lives. Role: anybody.
#[utoipa::path(tag = "system", responses((status = 200, body = Health, description = "It does")))]
#[get("/healthz")]
async fn healthz() -> Result<HttpResponse> {
    answer::json(&Health { status: "alive" })
}

/// Whether the process can do its work: database reachable, migrations current, loaded, not draining. Role: anybody.
#[utoipa::path(tag = "system", responses((status = 200, body = Health, description = "It can")))]
#[get("/readyz")]
async fn readyz(readiness: Data<Readiness>) -> Result<HttpResponse> {
    readiness.check().await?;
    answer::json(&Health { status: "ready" })
}

/// Metrics for Prometheus: for callers on this machine, not through a proxy on it, unless they have a listener of their own.
async fn loopback_metrics(request: HttpRequest, handle: Data<Option<PrometheusHandle>>, settings: Data<Settings>) -> Result<HttpResponse> {
    let forwarded = ["forwarded", "x-forwarded-for", "x-real-ip", "via"].iter().any(|name| request.headers().contains_key(*name));
    let local = !forwarded && request.peer_addr().is_some_and(|peer| peer.ip().to_canonical().is_loopback());
    match handle.as_ref() {
        Some(handle) if local && settings.metrics_listen.is_empty() => Ok(render_metrics(handle)),
        _ => Err(Error::not_found()),
    }
}

fn render_metrics(handle: &PrometheusHandle) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(handle.render())
}

/// What no route took: a known path with another method is 405 with `Allow`, anything else 404.
async fn fallback(request: HttpRequest, known: Data<KnownPaths>) -> HttpResponse {
    let methods = known.methods(request.path());
    if methods.is_empty() {
        return Error::not_found().error_response();
    }
    let names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    let error = Error::new(Code::MethodNotAllowed, format!("This path knows {}.", names.join(", ")));
    let mut response = error.error_response();
    if let Ok(value) = HeaderValue::from_str(&names.join(", ")) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}

fn cors(settings: &Settings) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers([
            "authorization",
            "content-type",
            "idempotency-key",
            "if-match",
            "last-event-id",
            "traceparent",
            "tracestate",
            "x-request-id",
        ])
        .expose_headers(["etag", "location", "ratelimit", "ratelimit-policy", "retry-after", "x-request-id"])
        .max_age(3600);
    settings.cors_origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}

/// The listening socket; the first line of the log names the address in use.
///
/// # Errors
/// When the address cannot be used.
pub fn listen(address: SocketAddr) -> Result<TcpListener> {
    let listener = TcpListener::bind(address).map_err(|error| Error::internal(format!("server.listen {address}: {error}")))?;
    let address = listener.local_addr().map_err(Error::internal)?;
    tracing::info!("listening on http://{address}");
    Ok(listener)
}

/// Starts to serve `app` on `listener`; the handle stops it.
///
/// # Errors
/// When the sockets cannot be used.
pub fn start(app: &App, listener: TcpListener, readiness: Readiness, metrics: Option<PrometheusHandle>) -> Result<Server> {
    let settings = app.settings.server.clone();
    let document = openapi();
    let known = KnownPaths::of(&document)
        .and(docs::PATHS)
        .and(crate::accounts::pages::PATHS)
        .and(crate::notifications::pages::PATHS)
        .and(crate::privacy::pages::PATHS)
        .and(&[("/metrics", &[Method::GET])]);
    let json = ahead(&json(&document)?, app.clock.now().utc().date_naive());
    let (known, json, rights) = (Data::new(known), Data::new(Document::new(json)), Data::new(Rights::new(RIGHTS, SCOPES)));
    let limits = Data::new(AddressLimits::new(&app.settings.limits));
    let body_limits =
        BodyLimits { plain: settings.body_limit, auth: settings.auth_body_limit, deadline: Duration::from_secs(settings.body_deadline) };
    let (proxies, metrics, shared_settings) =
        (TrustedProxies(settings.trusted_proxies.clone()), Data::new(metrics), Data::new(settings.clone()));
    let (gate, readiness, services) = (Arc::new(app.accounts.clone()) as Arc<dyn Gate>, Data::new(readiness), app.services());
    let (for_cors, mailbox) = (settings.clone(), app.mailbox.clone().map(|folder| Data::new(Mailbox(folder))));
    let server = HttpServer::new(move || {
        let (app, _) = HttpApp::new().into_utoipa_app().configure(rooms).split_for_parts();
        app.app_data(gate.clone())
            .app_data(rights.clone())
            .app_data(limits.clone())
            .app_data(proxies.clone())
            .app_data(body_limits)
            .app_data(form_errors())
            .app_data(query_errors())
            .app_data(known.clone())
            .app_data(json.clone())
            .app_data(metrics.clone())
            .app_data(shared_settings.clone())
            .app_data(readiness.clone())
            .configure(|config| services.provide(config))
            .configure(docs::routes)
            .configure(crate::accounts::pages::routes)
            .configure(crate::notifications::pages::routes)
            .configure(crate::privacy::pages::routes)
            .configure(|config| {
                if let Some(mailbox) = &mailbox {
                    config.app_data(mailbox.clone()).configure(mailbox::routes);
                }
            })
            .route("/metrics", web::get().to(loopback_metrics))
            .default_service(web::to(fallback))
            .wrap(from_fn(note_refusals))
            .wrap(Compress::default())
            .wrap(from_fn(limit))
            .wrap(cors(&for_cors))
            .wrap(from_fn(arrive))
            .wrap(from_fn(observe))
    });
    let workers = if settings.workers == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { settings.workers };
    let server = server
        .workers(workers)
        .shutdown_timeout(settings.shutdown_grace)
        .client_request_timeout(Duration::from_secs(settings.header_deadline))
        .max_connections(settings.connections.div_ceil(workers))
        .keep_alive(Duration::from_secs(75))
        .disable_signals()
        .listen(listener)
        .map_err(Error::internal)?;
    Ok(server.run())
}

/// Starts the listener that serves nothing but `/metrics`.
///
/// # Errors
/// When the address cannot be used.
pub fn start_metrics(address: &str, handle: PrometheusHandle) -> Result<Server> {
    let handle = Data::new(handle);
    let server = HttpServer::new(move || {
        HttpApp::new()
            .app_data(handle.clone())
            .route("/metrics", web::get().to(|handle: Data<PrometheusHandle>| async move { render_metrics(&handle) }))
    });
    let server = server
        .workers(1)
        .shutdown_timeout(1)
        .disable_signals()
        .bind(address)
        .map_err(|error| Error::internal(format!("server.metrics_listen {address}: {error}")))?;
    Ok(server.run())
}

fn form_errors() -> web::FormConfig {
    web::FormConfig::default().limit(4096).error_handler(|_, _| Error::new(Code::MalformedRequest, "The form cannot be read.").into())
}

fn query_errors() -> web::QueryConfig {
    web::QueryConfig::default().error_handler(|_, _| Error::new(Code::MalformedRequest, "The link cannot be read.").into())
}
