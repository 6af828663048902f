//! `/dev/mail`: the mails that the demo wrote as files, to read in a browser. Mounted only under `demo`.

use std::path::{Path, PathBuf};

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpResponse, get};

use crate::kernel::error::{Error, Result};

/// The folder of the mails.
pub struct Mailbox(pub PathBuf);

#[get("/dev/mail")]
async fn list_mail(mailbox: Data<Mailbox>) -> Result<HttpResponse> {
    let mut names = off_thread(move || names(&mailbox.0)).await?;
    names.reverse();
    let rows: String = names.iter().map(|name| format!("<li><a href=\"/dev/mail/{name}\">{name}</a></li>")).collect();
    let page = format!("<!doctype html><meta charset=\"utf-8\"><title>Mail</title><h1>Mail, newest first</h1><ul>{rows}</ul>");
    let mut response = HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    Ok(response)
}

#[get("/dev/mail/{name}")]
async fn read_mail(name: web::Path<String>, mailbox: Data<Mailbox>) -> Result<HttpResponse> {
    let name = name.into_inner();
    let text = off_thread(move || {
        // Only a name that the folder itself lists is opened, so no path can lead out of it.
        let known = names(&mailbox.0)?.contains(&name);
        if known { std::fs::read_to_string(mailbox.0.join(&name)).map_err(Error::internal) } else { Err(Error::not_found()) }
    })
    .await?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text))
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    web::block(work).await.map_err(Error::internal)?
}

/// The names of the mails, oldest first; none while there is no folder yet.
fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::internal(error)),
    };
    let plain = |name: &String| name.ends_with(".eml") && name.bytes().all(|each| each.is_ascii_alphanumeric() || b"-_.".contains(&each));
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).filter(plain).collect();
    names.sort();
    Ok(names)
}

/// Mounts the mailbox.
pub fn routes(config: &mut ServiceConfig) {
    config.service(list_mail).service(read_mail);
}
