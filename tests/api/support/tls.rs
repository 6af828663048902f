//! TLS in front of a server, with a certificate of an authority that nobody else trusts. All of it is valid until 2120; the
//! authority's key is not kept.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// The authority, as `webhooks.extra_ca` and `mail.extra_ca` name it.
pub const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/support/tls/authority.pem");
/// A certificate of the name that the tests dial.
pub const LOCALHOST: &[u8] = include_bytes!("tls/localhost.pem");
/// A certificate of another name.
pub const ELSEWHERE: &[u8] = include_bytes!("tls/elsewhere.pem");
/// The key of both.
const KEY: &[u8] = include_bytes!("tls/key.pem");

/// Takes connections to `localhost` with a certificate, and hands what comes to whoever is behind; ends with the test's runtime.
pub async fn in_front_of(behind: SocketAddr, certificate: &[u8]) -> String {
    let certificates = vec![CertificateDer::from_pem_slice(certificate).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_slice(KEY).expect("a key");
    let config = ServerConfig::builder_with_provider(default_provider().into()).with_safe_default_protocol_versions();
    let config = config.expect("versions").with_no_client_auth().with_single_cert(certificates, key).expect("a pair");
    let (acceptor, listener) = (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.expect("a free port"));
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // Whoever does not like the certificate hangs up.
                let Ok(mut outside) = acceptor.accept(connection).await else { return };
                let mut inside = TcpStream::connect(behind).await.expect("whoever is behind");
                drop(tokio::io::copy_bidirectional(&mut outside, &mut inside).await);
            });
        }
    });
    format!("localhost:{port}")
}
