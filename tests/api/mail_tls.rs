//! Mails over TLS: they go to whoever proves the mail server's name, and to nobody else (reliability R56).

use std::net::SocketAddr;

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::smtp::SmtpServer;
use crate::support::tls::{AUTHORITY, ELSEWHERE, LOCALHOST, in_front_of, starttls_in_front_of};

/// TLS in front of a mail server; what goes into `mail.url`.
async fn with_tls(smtp: &SmtpServer, certificate: &[u8]) -> String {
    format!("smtps://{}", in_front_of(address(smtp), certificate).await)
}

/// The same where TLS is asked for.
async fn with_starttls(smtp: &SmtpServer, certificate: &[u8]) -> String {
    format!("smtp://{}?tls=required", starttls_in_front_of(address(smtp), certificate).await)
}

fn address(smtp: &SmtpServer) -> SocketAddr {
    smtp.url().trim_start_matches("smtp://").parse().expect("an address")
}

/// Somebody registers at a house that sends its mails so; what the outbox says of the first one.
async fn sent(settings: &[(&str, &str)]) -> Answer {
    let app = TestApp::with(settings).await;
    // One who needs no mail.
    let admin = app.admin().await;
    app.registered("client").await;
    app.settle().await;
    admin.get("/v1/admin/outbox").await.expect(200)
}

#[track_caller]
fn refused(outbox: &Answer, why: &str) {
    assert_eq!((outbox.text_at("/data/0/state").as_str(), outbox.at("/data/0/attempts").as_i64()), ("pending", Some(1)), "{}", outbox.text);
    let error = outbox.text_at("/data/0/last_error");
    assert!(error.contains(why), "{error}");
}

#[actix_web::test]
async fn mails_go_over_tls_to_whoever_proves_the_name() {
    let smtp = SmtpServer::start().await;
    for (url, received) in [(with_tls(&smtp, LOCALHOST).await, 1), (with_starttls(&smtp, LOCALHOST).await, 2)] {
        let outbox = sent(&[("mail.url", &url), ("mail.extra_ca", AUTHORITY)]).await;
        assert_eq!(outbox.text_at("/data/0/state"), "sent", "{url}: {}", outbox.text);
        assert_eq!(smtp.received().len(), received);
    }
}

#[actix_web::test]
async fn another_name_an_unknown_authority_and_a_server_without_tls_get_no_mail() {
    let smtp = SmtpServer::start().await;
    let elsewhere = with_tls(&smtp, ELSEWHERE).await;
    let asked_elsewhere = with_starttls(&smtp, ELSEWHERE).await;
    for url in [&elsewhere, &asked_elsewhere] {
        refused(&sent(&[("mail.url", url), ("mail.extra_ca", AUTHORITY)]).await, "not valid for name \"localhost\"");
    }
    let unknown = [with_tls(&smtp, LOCALHOST).await, with_starttls(&smtp, LOCALHOST).await];
    for url in &unknown {
        refused(&sent(&[("mail.url", url)]).await, "UnknownIssuer");
    }
    // It does not offer STARTTLS, or somebody on the way has struck it out.
    let plain = format!("{}?tls=required", smtp.url());
    refused(&sent(&[("mail.url", &plain)]).await, "STARTTLS");
    assert_eq!(smtp.received().len(), 0);
}
