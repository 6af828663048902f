//! The bare handler: actix-web with the server's own settings, and nothing around routes that return given bytes.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use actix_web::web::{Bytes, Data, get, post};
use actix_web::{App, HttpResponse, HttpServer};

use guildhall_benches::client::Outcome;

/// What stands before the address in the log, of the server as well.
pub const LISTENING: &str = "listening on http://";
/// The folder's files with answers are named for the request and end so.
pub const ANSWER: &str = "answer";

/// Serves the answers in `folder` until it is ended.
pub fn serve(folder: &Path) -> Outcome<()> {
    let answers = Data::new(answers(folder)?);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(answers.clone())
            .route("/v1/job-requests/{id}/matches", get().to(answer))
            .route("/v1/developers/{id}", get().to(answer))
            .route("/v1/job-requests", post().to(|body: Bytes, answers: Data<Answers>| written("job-requests", body, answers)))
            .route("/v1/auth/login", post().to(|body: Bytes, answers: Data<Answers>| written("login", body, answers)))
    });
    let server = server
        .workers(std::thread::available_parallelism().map_or(1, usize::from))
        .keep_alive(Duration::from_secs(75))
        .client_request_timeout(Duration::from_secs(5))
        .bind("127.0.0.1:0")?;
    for address in server.addrs() {
        println!("{LISTENING}{address}");
    }
    Ok(actix_web::rt::System::new().block_on(server.run())?)
}

type Answers = HashMap<String, Bytes>;

async fn answer(id: actix_web::web::Path<String>, answers: Data<Answers>) -> HttpResponse {
    found(&id, &answers)
}

/// Takes the whole body in, as whoever writes something must.
async fn written(name: &str, _body: Bytes, answers: Data<Answers>) -> HttpResponse {
    found(name, &answers)
}

fn found(name: &str, answers: &Answers) -> HttpResponse {
    match answers.get(name) {
        Some(bytes) => HttpResponse::Ok().content_type("application/json").body(bytes.clone()),
        None => HttpResponse::NotFound().finish(),
    }
}

fn answers(folder: &Path) -> Outcome<Answers> {
    let mut answers = HashMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == ANSWER) {
            let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            answers.insert(id, std::fs::read(&path)?.into());
        }
    }
    Ok(answers)
}
