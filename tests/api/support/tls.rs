//! TLS in front of a server, with a certificate of an authority that nobody else trusts. All of it is valid until 2120; the
//! authority's key is not kept.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
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
    serve(behind, certificate, false).await
}

/// The same in front of a mail server, where a connection begins in the clear and TLS is asked for (RFC 3207).
pub async fn starttls_in_front_of(behind: SocketAddr, certificate: &[u8]) -> String {
    serve(behind, certificate, true).await
}

async fn serve(behind: SocketAddr, certificate: &[u8], starttls: bool) -> String {
    let certificates = vec![CertificateDer::from_pem_slice(certificate).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_slice(KEY).expect("a key");
    let config = ServerConfig::builder_with_provider(default_provider().into()).with_safe_default_protocol_versions();
    let config = config.expect("versions").with_no_client_auth().with_single_cert(certificates, key).expect("a pair");
    let (acceptor, listener) = (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.expect("a free port"));
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(hand_over(connection, acceptor.clone(), behind, starttls));
        }
    });
    format!("localhost:{port}")
}

async fn hand_over(mut connection: TcpStream, acceptor: TlsAcceptor, behind: SocketAddr, starttls: bool) {
    if starttls && greet(&mut connection).await.is_err() {
        return;
    }
    // Whoever does not like the certificate hangs up.
    let Ok(mut outside) = acceptor.accept(connection).await else { return };
    let mut inside = BufReader::new(TcpStream::connect(behind).await.expect("whoever is behind"));
    if starttls {
        inside.read_line(&mut String::new()).await.expect("the greeting, which has been said");
    }
    drop(tokio::io::copy_bidirectional(&mut outside, &mut inside).await);
}

/// What a mail server says until TLS begins: its greeting, that it offers TLS, that it is ready for it.
async fn greet(connection: &mut TcpStream) -> std::io::Result<()> {
    let mut connection = BufReader::new(connection);
    connection.write_all(b"220 tests ESMTP\r\n").await?;
    for answer in [b"250-tests\r\n250 STARTTLS\r\n".as_slice(), b"220 go on\r\n"] {
        connection.read_line(&mut String::new()).await?;
        connection.write_all(answer).await?;
    }
    Ok(())
}
