//! Minimal pages behind the links in mails, so that no link is dead without a frontend: at most one form that posts, no script.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use askama::Template;
use serde::Deserialize;

use crate::kernel::error::{Error, Result};

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page: a title, a text, and perhaps a form.
#[derive(Template)]
#[template(path = "page.html")]
pub struct Page<'a> {
    /// What it is about.
    pub title: &'a str,
    /// What it says.
    pub text: &'a str,
    /// What can be done on it.
    pub form: Option<Fields<'a>>,
}

/// The one form of a page.
pub struct Fields<'a> {
    /// Where it posts.
    pub action: &'a str,
    /// The code of the mail's link.
    pub token: &'a str,
    /// Whether it asks for a name.
    pub name: bool,
    /// Whether it asks for a password.
    pub password: bool,
    /// What its button says.
    pub button: &'a str,
}

/// The query of a link in a mail.
#[derive(Deserialize)]
pub struct Link {
    /// The code; empty where the link was cut.
    #[serde(default)]
    pub token: String,
}

/// The page as an answer that may load nothing and be framed by nobody.
///
/// # Errors
/// Only when the template cannot be filled in, which would be our fault.
pub fn render(status: StatusCode, page: &Page<'_>) -> Result<HttpResponse> {
    Ok(html(status, page.render().map_err(Error::internal)?))
}

/// The same for a page that is rendered already.
pub fn html(status: StatusCode, html: String) -> HttpResponse {
    let mut response = HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}
