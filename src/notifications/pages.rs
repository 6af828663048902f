//! Minimal pages behind the links in mails about matches, so that no link is dead without a frontend, and the one that
//! switches mails off: opened it changes nothing (mail scanners open links), one POST does it (RFC 8058).

use actix_web::http::{Method, StatusCode};
use actix_web::web::{Data, Query, ServiceConfig};
use actix_web::{HttpResponse, get, post};

use crate::kernel::error::Result;
use crate::notifications::service::Notifications;
use crate::web::page::{Fields, Link, Page, render};
use crate::web::problem;

#[get("/unsubscribe")]
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

#[get("/job-requests/{id}")]
async fn job_request_page() -> Result<HttpResponse> {
    let text = "Who fits it is for signed-in members of your organisation: GET /v1/job-requests/{id}/matches, described in /docs.";
    render(StatusCode::OK, &Page { title: "Your job request", text, form: None })
}

#[get("/developers/me/job-requests")]
async fn fitting_requests_page() -> Result<HttpResponse> {
    let text = "They are for you alone, signed in: GET /v1/developers/me/job-requests, described in /docs.";
    render(StatusCode::OK, &Page { title: "Requests that fit you", text, form: None })
}

#[get("/trials/{id}")]
async fn trial_page() -> Result<HttpResponse> {
    let text = "It is for its two parties, signed in: GET /v1/trials/{id}, described in /docs.";
    render(StatusCode::OK, &Page { title: "Your trial", text, form: None })
}

/// What [`routes`] mounts, to tell a wrong method from a wrong path.
pub const PATHS: &[(&str, &[Method])] = &[
    ("/unsubscribe", &[Method::GET, Method::POST]),
    ("/job-requests/{id}", &[Method::GET]),
    ("/developers/me/job-requests", &[Method::GET]),
    ("/trials/{id}", &[Method::GET]),
];

/// Mounts the pages.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(unsubscribe_page)
        .service(unsubscribe_posted)
        .service(job_request_page)
        .service(fitting_requests_page)
        .service(trial_page);
}
