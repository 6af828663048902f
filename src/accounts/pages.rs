//! Minimal pages behind the links in mails, so that no link is dead without a frontend. They hold one form that posts, need no
//! script, and change nothing when they are merely opened (mail scanners open links).

use actix_web::http::{Method, StatusCode};
use actix_web::web::{Data, Form, Query, ReqData, ServiceConfig};
use actix_web::{HttpResponse, get, post};
use serde::Deserialize;

use crate::accounts::service::Accounts;
use crate::kernel::error::{Code, Error, Result};
use crate::kernel::text::is_line;
use crate::web::middleware::ClientAddress;
use crate::web::page::{Fields, Link, Page, render};
use crate::web::problem;

#[derive(Deserialize)]
struct Filled {
    token: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: secrecy::SecretString,
}

fn done(text: &str) -> Result<HttpResponse> {
    render(StatusCode::OK, &Page { title: "Done", text, form: None })
}

/// The form again, with what is wrong in words.
fn again(error: &Error, form: Fields<'_>) -> Result<HttpResponse> {
    let (status, title) = problem::status(error.code);
    let text = error.faults.first().map_or_else(
        || error.detail.clone(),
        |fault| format!("The {} {}.", fault.pointer.trim_start_matches('/').replace('_', " "), fault.detail),
    );
    render(status, &Page { title, text: &text, form: Some(form) })
}

fn verify_form(token: &str) -> Fields<'_> {
    Fields { action: "/verify-email", token, name: false, password: false, button: "Verify my address" }
}

fn reset_form(token: &str) -> Fields<'_> {
    Fields { action: "/reset-password", token, name: false, password: true, button: "Set my password" }
}

fn invitation_form(token: &str) -> Fields<'_> {
    Fields { action: "/invitation", token, name: true, password: true, button: "Join" }
}

#[get("/verify-email")]
async fn verify_page(link: Query<Link>) -> Result<HttpResponse> {
    render(
        StatusCode::OK,
        &Page { title: "Verify your e-mail", text: "One click, and you can sign in.", form: Some(verify_form(&link.token)) },
    )
}

#[post("/verify-email")]
async fn verify_posted(form: Form<Filled>, from: ReqData<ClientAddress>, accounts: Data<Accounts>) -> Result<HttpResponse> {
    match accounts.verify_email(form.token.clone(), **from).await {
        Ok(()) => done("Your address is verified. You can sign in now."),
        Err(error) => again(&error, verify_form(&form.token)),
    }
}

#[get("/reset-password")]
async fn reset_page(link: Query<Link>) -> Result<HttpResponse> {
    render(
        StatusCode::OK,
        &Page {
            title: "Choose a password",
            text: "8 to 128 characters; several unrelated words are best.",
            form: Some(reset_form(&link.token)),
        },
    )
}

#[post("/reset-password")]
async fn reset_posted(form: Form<Filled>, from: ReqData<ClientAddress>, accounts: Data<Accounts>) -> Result<HttpResponse> {
    match accounts.reset_password(form.token.clone(), form.password.clone(), **from).await {
        Ok(()) => done("Your password is set. You can sign in with it now."),
        Err(error) => again(&error, reset_form(&form.token)),
    }
}

#[get("/invitation")]
async fn invitation_page(link: Query<Link>) -> Result<HttpResponse> {
    render(
        StatusCode::OK,
        &Page {
            title: "Join your organisation",
            text: "Tell us your name and choose a password.",
            form: Some(invitation_form(&link.token)),
        },
    )
}

#[post("/invitation")]
async fn invitation_posted(form: Form<Filled>, from: ReqData<ClientAddress>, accounts: Data<Accounts>) -> Result<HttpResponse> {
    let name_fits = is_line(&form.name) && form.name.chars().count() <= 120;
    let redeemed = if name_fits {
        accounts.redeem_invitation(form.token.clone(), form.name.clone(), form.password.clone(), **from).await
    } else {
        Err(Error::new(Code::ValidationFailed, "Please tell us your name, in at most 120 characters."))
    };
    match redeemed {
        Ok(()) => done("Welcome. You can sign in now."),
        Err(error) => again(&error, invitation_form(&form.token)),
    }
}

/// What [`routes`] mounts, to tell a wrong method from a wrong path.
pub const PATHS: &[(&str, &[Method])] = &[("/verify-email", FORM), ("/reset-password", FORM), ("/invitation", FORM)];
const FORM: &[Method] = &[Method::GET, Method::POST];

/// Mounts the pages.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(verify_page)
        .service(verify_posted)
        .service(reset_page)
        .service(reset_posted)
        .service(invitation_page)
        .service(invitation_posted);
}
