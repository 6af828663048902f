//! The one door to endpoints of others: looks a name up once, refuses what is no public address, connects to the very addresses that
//! it has looked at, follows nobody anywhere, and reads no more of an answer than its status.

use std::error::Error as StdError;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, RootCertStore};
use tower_service::Service;
use url::{Host, Url};
use webpki_roots::TLS_SERVER_ROOTS;

use crate::config::authorities;
use crate::webhooks::addresses::{is_public, read_url};
use crate::webhooks::delivery::Outcome;

/// Finds the addresses of a name.
pub type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// A name that leads where no webhook may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its name does not lead to public addresses alone")]
struct NotPublic;

/// Finds addresses, all of which may be dialled.
#[derive(Clone)]
struct Resolver {
    lookup: Lookup,
    anywhere: bool,
}

impl Resolver {
    /// One that is not public spoils them all: nobody mixes those by mistake.
    async fn find(self, name: String) -> Result<Vec<SocketAddr>, Box<dyn StdError + Send + Sync>> {
        let found = (self.lookup)(name).await?;
        if self.anywhere || found.iter().all(|address| is_public(address.ip())) { Ok(found) } else { Err(NotPublic.into()) }
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Box<dyn StdError + Send + Sync>;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { this.find(name.as_str().to_owned()).await.map(Vec::into_iter) })
    }
}

/// Posts to endpoints of others.
pub struct Dialer {
    client: Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>,
    resolver: Resolver,
    deadline: Duration,
}

/// A message on its way.
pub struct Message {
    /// The header `webhook-id`.
    pub id: String,
    /// The header `webhook-timestamp`: seconds since 1970.
    pub timestamp: i64,
    /// The header `webhook-signature`.
    pub signatures: String,
    /// The body.
    pub body: String,
}

impl Dialer {
    /// A dialer that gives up after `deadline`; `anywhere`, for development, also over plain HTTP and to private addresses.
    /// Trusts the public authorities, and those of the PEM file `extra_ca` where one is named.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn new(deadline: Duration, anywhere: bool, extra_ca: &str) -> Result<Self, String> {
        let system: Lookup = Arc::new(|name| Box::pin(async move { Ok(tokio::net::lookup_host((name.as_str(), 0)).await?.collect()) }));
        Self::with(system, deadline, anywhere, extra_ca)
    }

    fn with(lookup: Lookup, deadline: Duration, anywhere: bool, extra_ca: &str) -> Result<Self, String> {
        let resolver = Resolver { lookup, anywhere };
        let mut http = HttpConnector::new_with_resolver(resolver.clone());
        http.enforce_http(false);
        let https = HttpsConnectorBuilder::new().with_tls_config(trusting(extra_ca)?).https_or_http().enable_http1().wrap_connector(http);
        // No connection is kept: the next one asks anew where the name leads.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(https);
        Ok(Self { client, resolver, deadline })
    }

    /// Whether an endpoint may be dialled, as things are now.
    ///
    /// # Errors
    /// What is wrong with its URL.
    pub async fn check(&self, text: &str) -> Result<(), &'static str> {
        let url = read_url(text, self.resolver.anywhere)?;
        let Some(Host::Domain(name)) = url.host() else { return Ok(()) };
        if self.resolver.anywhere {
            return Ok(());
        }
        let found = tokio::time::timeout(self.deadline, self.resolver.clone().find(name.to_owned())).await;
        match found {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.is::<NotPublic>() => Err("must lead to public addresses alone"),
            _ => Err("names a host that cannot be found"),
        }
    }

    /// Posts a message; reads the status alone.
    pub async fn post(&self, url: &str, message: Message) -> Outcome {
        // What was fine when the webhook was made may be so no more: settings change.
        let url = match read_url(url, self.resolver.anywhere) {
            Ok(url) => url,
            Err(wrong) => return Outcome::Silent(format!("its URL {wrong}")),
        };
        let request = match request(&url, message) {
            Ok(request) => request,
            Err(error) => return Outcome::Silent(format!("no request can be made of it: {error}")),
        };
        match tokio::time::timeout(self.deadline, self.client.request(request)).await {
            Ok(Ok(response)) => Outcome::Answered(response.status().as_u16()),
            Ok(Err(error)) => Outcome::Silent(format!("no answer: {}", root(&error))),
            Err(_) => Outcome::Silent(format!("no answer within {} s", self.deadline.as_secs_f32())),
        }
    }
}

/// TLS with whoever proves the name by a public authority, or by one of a PEM file where one is named.
fn trusting(extra_ca: &str) -> Result<ClientConfig, String> {
    let mut roots: RootCertStore = TLS_SERVER_ROOTS.iter().cloned().collect();
    for authority in authorities::read(extra_ca)? {
        roots.add(authority).map_err(|error| format!("`{extra_ca}` has a certificate that is no authority's: {error}"))?;
    }
    let builder = ClientConfig::builder_with_provider(default_provider().into()).with_safe_default_protocol_versions();
    Ok(builder.map_err(|error| error.to_string())?.with_root_certificates(roots).with_no_client_auth())
}

fn request(url: &Url, message: Message) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    Request::post(url.as_str())
        .header("content-type", "application/json")
        .header("user-agent", concat!("Guildhall-Webhooks/", env!("CARGO_PKG_VERSION")))
        .header("webhook-id", message.id)
        .header("webhook-timestamp", message.timestamp)
        .header("webhook-signature", message.signatures)
        .body(Full::from(message.body))
}

/// The first cause of an error, in words.
fn root(error: &dyn StdError) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A name server that gives one answer after the other.
    fn lookup(answers: &'static [&'static [&'static str]]) -> Lookup {
        let asked = AtomicUsize::new(0);
        Arc::new(move |_| {
            let answer = answers[asked.fetch_add(1, Ordering::Relaxed)];
            Box::pin(async move { Ok(answer.iter().map(|each| each.parse().unwrap()).collect()) })
        })
    }

    fn dialer(answers: &'static [&'static [&'static str]]) -> Dialer {
        Dialer::with(lookup(answers), Duration::from_secs(2), false, "").unwrap()
    }

    #[test]
    fn a_file_of_authorities_is_one() {
        let wrong = |file: &str| Dialer::new(Duration::from_secs(2), false, file).err().unwrap_or_default();
        assert!(wrong("no/such/file.pem").contains("`no/such/file.pem` cannot be read"));
        assert!(wrong("Cargo.toml").contains("no certificate in it"));
    }

    async fn post(dialer: &Dialer, url: &str) -> Outcome {
        let message = Message { id: "evt_1".to_owned(), timestamp: 1, signatures: "v1,".to_owned(), body: "{}".to_owned() };
        dialer.post(url, message).await
    }

    #[tokio::test]
    async fn a_name_must_lead_to_public_addresses_alone() {
        for private in [&["10.0.0.1:0"] as &[&str], &["1.1.1.1:0", "127.0.0.1:0"], &["[::ffff:169.254.169.254]:0"], &["[fd00::1]:0"]] {
            let answers: &'static [&'static [&'static str]] = Box::leak(vec![private].into_boxed_slice());
            assert_eq!(dialer(answers).check("https://example.com/").await, Err("must lead to public addresses alone"), "{private:?}");
        }
        assert_eq!(dialer(&[&["1.1.1.1:0", "[2606:4700::1111]:0"]]).check("https://example.com/").await, Ok(()));
        assert_eq!(dialer(&[]).check("https://127.0.0.1/").await, Err("must lead to a public address"));
    }

    #[tokio::test]
    async fn a_name_that_leads_elsewhere_when_it_is_dialled_is_not_dialled() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://example.com:{}/", listener.local_addr().unwrap().port());
        let dialer = dialer(&[&["1.1.1.1:0"], &["127.0.0.1:0"]]);
        assert_eq!(dialer.check(&url).await, Ok(()));
        let refused = Outcome::Silent(format!("no answer: {NotPublic}"));
        assert_eq!(post(&dialer, &url).await, refused);
        let literal = format!("https://{}/", listener.local_addr().unwrap());
        assert_eq!(post(&dialer, &literal).await, Outcome::Silent("its URL must lead to a public address".to_owned()));
        let dialled = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(dialled.is_err(), "nobody has knocked");
    }
}
