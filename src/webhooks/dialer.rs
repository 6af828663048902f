//! The one door to endpoints of others: looks a name up once, refuses what is no public address, connects to the very addresses that
//! it has looked at, follows nobody anywhere, and reads no more of an answer than its status.

use std::error::Error as StdError;
use std::net::IpAddr;
use std::time::Duration;

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, RootCertStore};
use url::{Host, Url};
use webpki_roots::TLS_SERVER_ROOTS;

use crate::config::authorities;
use crate::kernel::error::{Error, Result};
use crate::net::names::{Names, Unresolved};
use crate::webhooks::addresses::{is_public, read_url};
use crate::webhooks::delivery::Outcome;

/// Posts to endpoints of others.
pub struct Dialer {
    client: Client<HttpsConnector<HttpConnector<Names>>, Full<Bytes>>,
    names: Names,
    anywhere: bool,
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
    /// When the file cannot be used, or there can be no threads to look names up on.
    pub fn new(deadline: Duration, anywhere: bool, extra_ca: &str) -> Result<Self> {
        let is_public: fn(IpAddr) -> bool = if anywhere { |_| true } else { is_public };
        Self::with(Names::new(is_public)?, deadline, anywhere, extra_ca)
    }

    fn with(names: Names, deadline: Duration, anywhere: bool, extra_ca: &str) -> Result<Self> {
        let mut http = HttpConnector::new_with_resolver(names.clone());
        http.enforce_http(false);
        let trusting = trusting(extra_ca).map_err(|wrong| Error::internal(format!("webhooks.extra_ca: {wrong}")))?;
        let https = HttpsConnectorBuilder::new().with_tls_config(trusting).https_or_http().enable_http1().wrap_connector(http);
        // No connection is kept: the next one asks anew where the name leads.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(https);
        Ok(Self { client, names, anywhere, deadline })
    }

    /// Whether an endpoint may be dialled, as things are now.
    ///
    /// # Errors
    /// 422 with what is wrong with its URL; 503 when too many names are being looked up.
    pub async fn check(&self, text: &str) -> Result<()> {
        let wrong = |what: &'static str| Error::fault("/url", what);
        let url = read_url(text, self.anywhere).map_err(wrong)?;
        let Some(Host::Domain(name)) = url.host().filter(|_| !self.anywhere) else { return Ok(()) };
        match tokio::time::timeout(self.deadline, self.names.find(name)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(Unresolved::Busy(error))) => Err(error),
            Ok(Err(Unresolved::NotPublic)) => Err(wrong("must lead to public addresses alone")),
            Ok(Err(Unresolved::Unknown(_))) | Err(_) => Err(wrong("names a host that cannot be found")),
        }
    }

    /// Posts a message; reads the status alone.
    pub async fn post(&self, url: &str, message: Message) -> Outcome {
        // What was fine when the webhook was made may be so no more: settings change.
        let url = match read_url(url, self.anywhere) {
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
    use std::io;
    use std::net::SocketAddr;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex, mpsc};

    use futures_util::FutureExt as _;
    use tokio::runtime::Builder;

    use super::*;
    use crate::kernel::error::Code;
    use crate::net::names::Lookup;

    /// How many names are looked up at once here.
    const AT_ONCE: usize = 2;

    fn by(lookup: Lookup, deadline: Duration) -> Dialer {
        Dialer::with(Names::with(lookup, AT_ONCE, is_public).unwrap(), deadline, false, "").unwrap()
    }

    /// Of a name server that gives one answer after the other.
    fn dialer(answers: &'static [&'static [&'static str]]) -> Dialer {
        let asked = AtomicUsize::new(0);
        let lookup = move |_: &str| -> io::Result<Vec<SocketAddr>> {
            let answer = answers[asked.fetch_add(1, Ordering::Relaxed)];
            Ok(answer.iter().map(|each| each.parse().unwrap()).collect())
        };
        by(Arc::new(lookup), Duration::from_secs(2))
    }

    /// What is wrong with a URL.
    async fn wrong(dialer: &Dialer, url: &str) -> Option<String> {
        dialer.check(url).await.err().map(|error| error.faults[0].detail.clone())
    }

    #[test]
    fn a_file_of_authorities_is_one() {
        let wrong = |file: &str| Dialer::new(Duration::from_secs(2), false, file).err().and_then(|error| error.cause).unwrap_or_default();
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
            let wrong = wrong(&dialer(answers), "https://example.com/").await;
            assert_eq!(wrong.as_deref(), Some("must lead to public addresses alone"), "{private:?}");
        }
        assert_eq!(wrong(&dialer(&[&["1.1.1.1:0", "[2606:4700::1111]:0"]]), "https://example.com/").await, None);
        assert_eq!(wrong(&dialer(&[]), "https://127.0.0.1/").await.as_deref(), Some("must lead to a public address"));
    }

    #[tokio::test]
    async fn a_name_that_leads_elsewhere_when_it_is_dialled_is_not_dialled() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://example.com:{}/", listener.local_addr().unwrap().port());
        let dialer = dialer(&[&["1.1.1.1:0"], &["127.0.0.1:0"]]);
        assert_eq!(wrong(&dialer, &url).await, None);
        let refused = Outcome::Silent(format!("no answer: {}", Unresolved::NotPublic));
        assert_eq!(post(&dialer, &url).await, refused);
        let literal = format!("https://{}/", listener.local_addr().unwrap());
        assert_eq!(post(&dialer, &literal).await, Outcome::Silent("its URL must lead to a public address".to_owned()));
        let dialled = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(dialled.is_err(), "nobody has knocked");
    }

    #[test]
    fn name_servers_that_are_silent_take_no_thread_of_the_databases_and_who_asks_meanwhile_is_told() {
        // One thread, as the workers' are few: whoever blocks it holds up the database.
        let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(1).build().unwrap();
        runtime.block_on(async {
            let (answer, silence) = mpsc::channel::<()>();
            let silence = Mutex::new(silence);
            let lookup = move |_: &str| -> io::Result<Vec<SocketAddr>> {
                assert!(silence.lock().unwrap().recv().is_err(), "silent until `answer` is dropped");
                Ok(vec!["1.1.1.1:0".parse().unwrap()])
            };
            let dialer = by(Arc::new(lookup), Duration::from_secs(60));
            for _ in 0..AT_ONCE {
                assert!(dialer.check("https://slow.example/").now_or_never().is_none(), "nobody answers");
            }
            // Long before the deadline.
            let refused = dialer.check("https://example.com/").await.unwrap_err();
            assert_eq!((refused.code, refused.retry_after), (Code::Unavailable, Some(2)));
            let database = tokio::time::timeout(Duration::from_secs(10), tokio::task::spawn_blocking(|| ())).await;
            assert!(database.is_ok(), "the database finds its thread");
            drop(answer);
            assert_eq!(wrong(&dialer, "https://example.com/").await, None);
        });
    }
}
