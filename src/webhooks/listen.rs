//! `guildhall webhook listen`: an endpoint on one's own machine that checks signatures and prints what comes.

use std::io::Write as _;

use actix_web::http::header::HeaderMap;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};

use crate::kernel::clock::{Clock as _, SystemClock};
use crate::kernel::error::{Error, Result};
use crate::webhooks::signature::SigningSecret;

/// Listens on this machine alone until it is stopped; the first line says where, each further one is a delivery: its id, then what
/// was sent, or why it is not to be trusted.
///
/// # Errors
/// When the port cannot be used.
pub async fn listen(port: u16, secret: SigningSecret) -> Result<()> {
    let secret = Data::new(secret);
    let server = HttpServer::new(move || App::new().app_data(secret.clone()).default_service(web::to(receive)));
    let server = server.workers(1).bind(("127.0.0.1", port)).map_err(|error| Error::internal(format!("port {port}: {error}")))?;
    for address in server.addrs() {
        say(&format!("listening on http://{address}/"));
    }
    server.run().await.map_err(Error::internal)
}

async fn receive(request: HttpRequest, body: Bytes, secret: Data<SigningSecret>) -> HttpResponse {
    let headers = request.headers();
    let (id, text) = (header(headers, "webhook-id"), String::from_utf8_lossy(&body));
    let (timestamp, signatures) = (header(headers, "webhook-timestamp"), header(headers, "webhook-signature"));
    match secret.verify(id, timestamp, signatures, &text, SystemClock.now().utc().timestamp()) {
        Ok(()) => {
            say(&format!("{id} {text}"));
            HttpResponse::NoContent().finish()
        }
        Err(wrong) => {
            say(&format!("{id} refused: {wrong}"));
            HttpResponse::Unauthorized().body(wrong)
        }
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// A terminal that is gone is no reason to stop.
fn say(line: &str) {
    drop(writeln!(std::io::stdout(), "{line}"));
}
