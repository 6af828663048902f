//! An endpoint of the tests' own for webhooks: keeps what it is sent, and misbehaves on request.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use serde_json::Value;

/// How the endpoint answers.
#[derive(Debug, Clone)]
pub enum Mode {
    /// With this status.
    With(u16),
    /// Sends the caller elsewhere.
    Elsewhere(String),
    /// Not before so long.
    After(Duration),
}

/// What the endpoint was sent.
#[derive(Debug, Clone)]
pub struct Hit {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`.
    pub timestamp: String,
    /// `webhook-signature`.
    pub signatures: Vec<String>,
    /// The body.
    pub body: String,
}

impl Hit {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// The event's type.
    pub fn kind(&self) -> String {
        self.json()["type"].as_str().expect("a type").to_owned()
    }
}

struct State {
    mode: Mode,
    hits: Vec<Hit>,
}

/// The running endpoint; ends with the test's runtime.
#[derive(Clone)]
pub struct Endpoint {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Endpoint {
    /// Starts one on a free port of this host that says yes to everything.
    pub fn start() -> Self {
        let state = Arc::new(Mutex::new(State { mode: Mode::With(204), hits: Vec::new() }));
        let shared = Data::from(state.clone());
        let server = HttpServer::new(move || App::new().app_data(shared.clone()).default_service(web::to(receive)));
        let server = server.workers(1).disable_signals().bind("127.0.0.1:0").expect("a free port");
        let address = server.addrs().first().copied().expect("an address");
        tokio::spawn(server.run());
        Self { address, state }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}/hooks", self.address)
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on it answers so.
    pub fn answer(&self, mode: Mode) {
        self.lock().mode = mode;
    }

    /// What it was sent, in the order in which it came.
    pub fn hits(&self) -> Vec<Hit> {
        self.lock().hits.clone()
    }

    /// The types of what it was sent.
    pub fn kinds(&self) -> Vec<String> {
        self.hits().iter().map(Hit::kind).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn receive(request: HttpRequest, body: String, state: Data<Mutex<State>>) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let signatures = header("webhook-signature").split(' ').map(ToOwned::to_owned).collect();
    let mode = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.hits.push(Hit { id: header("webhook-id"), timestamp: header("webhook-timestamp"), signatures, body });
        state.mode.clone()
    };
    match mode {
        Mode::With(status) => HttpResponse::build(StatusCode::from_u16(status).expect("a status")).finish(),
        Mode::Elsewhere(url) => HttpResponse::TemporaryRedirect().insert_header(("location", url)).finish(),
        Mode::After(time) => {
            tokio::time::sleep(time).await;
            HttpResponse::NoContent().finish()
        }
    }
}
