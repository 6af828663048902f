//! Minimal pages behind the links in mails, so that no link is dead without a frontend, and the one that
//! switches mails off: opened it changes nothing (mail scanners open links), one POST does it (RFC 8058).

use actix_web::http::{Method, StatusCode};
use actix_web::web::{Data, Query, ServiceConfig, get};
use actix_web::{HttpResponse, post};

use crate::kernel::error::Result;
use crate::notifications::service::Notifications;
use crate::web::page::{Fields, Link, Page, render};
use crate::web::problem;

#[actix_web::get("/unsubscribe")]
async fn unsubscribe_page(link: Query<Link>) -> Result<HttpResponse> {
    // A token of ours needs no escaping in a URL; what is not ours does no harm there, the template escapes it.
    let action = format!("/unsubscribe?token={}", link.token);
    let form = Fields { action: &action, token: &link.token, name: false, password: false, button: "Stop these mails" };
    render(
        StatusCode::OK,
        &Page { title: "Stop these mails", text: "One click, and no more mails of this kind are sent.", form: Some(form) },
    )
}

/// Whatever the body is: mail programs post `List-Unsubscribe=One-Click`, as a form or in parts.
#[post("/unsubscribe")]
async fn unsubscribe_posted(link: Query<Link>, notifications: Data<Notifications>) -> Result<HttpResponse> {
    match notifications.unsubscribe(&link.token).await {
        Ok(()) => {
            let text = "No more mails of this kind are sent to you. Your notification preferences switch them on again.";
            render(StatusCode::OK, &Page { title: "Done", text, form: None })
        }
        Err(error) => {
            let (status, title) = problem::status(error.code);
            render(status, &Page { title, text: &error.detail, form: None })
        }
    }
}

/// Where other mails lead without a frontend: the path, a title, and where the thing itself is.
const SIGNPOSTS: &[(&str, &str, &str)] = &[
    (
        "/job-requests/{id}",
        "Your job request",
        "Who fits it is for signed-in members of your organisation: GET /v1/job-requests/{id}/matches, described in /docs.",
    ),
    (
        "/developers/me/job-requests",
        "Requests that fit you",
        "They are for you alone, signed in: GET /v1/developers/me/job-requests, described in /docs.",
    ),
    (
        "/developers/me/vetting",
        "Your vetting",
        "It is for you alone, signed in: GET /v1/developers/me/vetting says where you stand and what you can do, described in /docs.",
    ),
    ("/trials/{id}", "Your trial", "It is for its two parties, signed in: GET /v1/trials/{id}, described in /docs."),
    ("/invitations/{id}", "Your invitation", "It is for the two who talk, signed in: GET /v1/invitations/{id}, described in /docs."),
    (
        "/webhooks/{id}",
        "Your webhook",
        "It is for signed-in members of your organisation, or for admins where it is the house's: GET /v1/webhooks/{id}/deliveries, described in /docs.",
    ),
    (
        "/api-keys",
        "Your API keys",
        "They are for signed-in members of your organisation: GET /v1/api-keys, and DELETE /v1/api-keys/{id}, described in /docs.",
    ),
    ("/vetting/applications", "Applications", "They are for admins, signed in: GET /v1/vetting/applications, described in /docs."),
    (
        "/appeals/{id}",
        "An appeal",
        "An admin answers it: POST /v1/vetting/applications/{id}/decide-appeal or /v1/developers/{id}/decide-appeal, described in /docs.",
    ),
];

const LOOK: &[Method] = &[Method::GET];

/// What [`routes`] mounts, to tell a wrong method from a wrong path.
pub const PATHS: &[(&str, &[Method])] = &[
    ("/unsubscribe", &[Method::GET, Method::POST]),
    ("/job-requests/{id}", LOOK),
    ("/developers/me/job-requests", LOOK),
    ("/developers/me/vetting", LOOK),
    ("/trials/{id}", LOOK),
    ("/invitations/{id}", LOOK),
    ("/webhooks/{id}", LOOK),
    ("/api-keys", LOOK),
    ("/vetting/applications", LOOK),
    ("/appeals/{id}", LOOK),
];

/// Mounts the pages.
pub fn routes(config: &mut ServiceConfig) {
    config.service(unsubscribe_page).service(unsubscribe_posted);
    for &(path, title, text) in SIGNPOSTS {
        config.route(path, get().to(move || async move { render(StatusCode::OK, &Page { title, text, form: None }) }));
    }
}
