//! The page behind the mail that asks a person who was long gone whether to keep the data.

use actix_web::http::{Method, StatusCode};
use actix_web::web::{Data, Form, Query, ServiceConfig};
use actix_web::{HttpResponse, get, post};

use crate::kernel::error::Result;
use crate::privacy::service::PrivacyRoom;
use crate::web::page::{Fields, Link, Page, render};
use crate::web::problem;

#[get("/keep-my-data")]
async fn keep_page(link: Query<Link>) -> Result<HttpResponse> {
    let form = Fields { action: "/keep-my-data", token: &link.token, name: false, password: false, button: "Keep my data" };
    render(StatusCode::OK, &Page { title: "Keep my data", text: "One click, and everything stays as it is.", form: Some(form) })
}

#[post("/keep-my-data")]
async fn keep_posted(form: Form<Link>, privacy: Data<PrivacyRoom>) -> Result<HttpResponse> {
    match privacy.keep(&form.token).await {
        Ok(()) => render(StatusCode::OK, &Page { title: "Done", text: "Your data is kept. You can sign in at any time.", form: None }),
        Err(error) => {
            let (status, title) = problem::status(error.code);
            render(status, &Page { title, text: "This link is not good any more. Sign in, if you would like to stay.", form: None })
        }
    }
}

/// What [`routes`] mounts, to tell a wrong method from a wrong path.
pub const PATHS: &[(&str, &[Method])] = &[("/keep-my-data", &[Method::GET, Method::POST])];

/// Mounts the page.
pub fn routes(config: &mut ServiceConfig) {
    config.service(keep_page).service(keep_posted);
}
