//! The bare handler: actix-web with the server's own settings, and nothing around routes that return given bytes. One route has the
//! server's database layer behind it, and nothing else: what a durable write costs at the least.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use actix_web::error::ErrorServiceUnavailable;
use actix_web::web::{Bytes, Data, get, post};
use actix_web::{App, HttpResponse, HttpServer};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use guildhall::db::Conn;
use guildhall::db::pool::Db;
use guildhall::db::url::DatabaseUrl;

use guildhall_benches::client::Outcome;

/// What stands before the address in the log, of the server as well.
pub const LISTENING: &str = "listening on http://";
/// The folder's files with answers are named for the request and end so.
pub const ANSWER: &str = "answer";

/// What is written through the database layer alone.
pub const ROWS: &str = "/v1/rows";

diesel::table! {
    /// One index, no rules.
    rows (id) {
        /// Counts.
        id -> BigInt,
        /// What was sent.
        body -> Text,
    }
}

/// Serves the answers in `folder` until it is ended.
pub fn serve(folder: &Path) -> Outcome<()> {
    let answers = Data::new(answers(folder)?);
    let db = Data::new(table(folder)?);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(answers.clone())
            .app_data(db.clone())
            .route("/v1/job-requests/{id}/matches", get().to(answer))
            .route("/v1/developers/{id}", get().to(answer))
            .route("/v1/job-requests", post().to(|body: Bytes, answers: Data<Answers>| written("job-requests", body, answers)))
            .route("/v1/auth/login", post().to(|body: Bytes, answers: Data<Answers>| written("login", body, answers)))
            .route(ROWS, post().to(kept))
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

/// The same, and answers when it is on disk.
async fn kept(body: String, answers: Data<Answers>, db: Data<Db>) -> actix_web::Result<HttpResponse> {
    let insert = move |conn: &mut Conn| {
        guildhall::each!(conn, conn => diesel::insert_into(rows::table).values(rows::body.eq(&body)).execute(conn))?;
        Ok(())
    };
    db.write(insert).await.map_err(|error| ErrorServiceUnavailable(error.to_string()))?;
    Ok(found("job-requests", &answers))
}

/// A database of one table, as the server opens it.
fn table(folder: &Path) -> Outcome<Db> {
    let db = Db::open(DatabaseUrl::Sqlite(folder.join("rows.db")), 1)?;
    let make = |conn: &mut Conn| Ok(conn.batch_execute("CREATE TABLE rows (id INTEGER PRIMARY KEY NOT NULL, body TEXT NOT NULL)")?);
    actix_web::rt::System::new().block_on(db.write(make))?;
    Ok(db)
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
