//! The one door to providers of identities: whole answers of a bounded length within a bounded time, and no redirect is followed. They
//! are the operator's choice, so that they may be anywhere, also in a private network; webhooks, which clients choose, have a door of
//! their own.

use std::error::Error as StdError;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, HeaderValue, USER_AGENT};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use oauth2::{HttpRequest, HttpResponse};
use serde::de::DeserializeOwned;

use crate::kernel::error::Result;
use crate::net::names::Names;

/// How long a provider has to answer.
const DEADLINE: Duration = Duration::from_secs(5);
/// The longest answer that is read, in bytes.
const LONGEST: usize = 256 * 1024;

/// Why there is no answer that is good for anything.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// It took too long.
    #[error("no answer within {} s", DEADLINE.as_secs())]
    Late,
    /// Nothing came back, or not all of it.
    #[error("no answer: {0}")]
    Silent(String),
    /// A status that says that it did not work.
    #[error("it answered {0}")]
    Status(u16),
    /// Not what was awaited.
    #[error("its answer is not what was awaited (line {}, column {})", .0.line(), .0.column())]
    Unreadable(serde_json::Error),
    /// Its address is none.
    #[error("it cannot be asked: {0}")]
    Unaskable(hyper::http::Error),
}

/// Asks providers.
pub struct Fetcher {
    client: Client<HttpsConnector<HttpConnector<Names>>, Full<Bytes>>,
}

impl Fetcher {
    /// One that asks anywhere.
    ///
    /// # Errors
    /// When there can be no threads to look names up on.
    pub fn new() -> Result<Self> {
        let mut http = HttpConnector::new_with_resolver(Names::new(|_| true)?);
        http.enforce_http(false);
        let https = HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().wrap_connector(http);
        // No connection is kept: it would belong to the thread that made it.
        Ok(Self { client: Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(https) })
    }

    /// Sends a request; the answer may have any status below 500.
    ///
    /// # Errors
    /// When there is no whole answer in time, or the provider is out of order.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let answer = tokio::time::timeout(DEADLINE, self.exchange(request)).await.map_err(|_| FetchError::Late)??;
        if answer.status().is_server_error() { Err(FetchError::Status(answer.status().as_u16())) } else { Ok(answer) }
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let (mut head, body) = request.into_parts();
        head.headers.insert(USER_AGENT, HeaderValue::from_static(concat!("Guildhall/", env!("CARGO_PKG_VERSION"))));
        let request = Request::from_parts(head, Full::from(body));
        let answer = self.client.request(request).await.map_err(|error| FetchError::Silent(root(&error)))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, LONGEST).collect().await.map_err(|error| FetchError::Silent(error.to_string()))?;
        Ok(HttpResponse::from_parts(head, body.to_bytes().to_vec()))
    }

    /// Whether anybody answers there, whatever they say.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn knock(&self, url: &str) -> Result<(), FetchError> {
        self.send(Request::get(url).body(Vec::new()).map_err(FetchError::Unaskable)?).await.map(drop)
    }

    /// Reads a JSON document, with a token where one is needed.
    ///
    /// # Errors
    /// When it is not there, or is something else.
    pub async fn json<T: DeserializeOwned>(&self, url: &str, token: Option<&str>) -> Result<T, FetchError> {
        let request = Request::get(url).header(ACCEPT, "application/json");
        let request = match token {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        };
        let answer = self.send(request.body(Vec::new()).map_err(FetchError::Unaskable)?).await?;
        match answer.status().as_u16() {
            200 => serde_json::from_slice(answer.body()).map_err(FetchError::Unreadable),
            status => Err(FetchError::Status(status)),
        }
    }
}

/// The first cause of an error, in words.
fn root(error: &dyn StdError) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}
