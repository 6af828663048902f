//! The demo's town in a database of its own, SQLite or PostgreSQL: 2,000 developers, a third of them vetted, open requests, and
//! people who can sign in.

use std::net::SocketAddr;
use std::sync::Arc;

use guildhall::app::App;
use guildhall::config::load::load_from;
use guildhall::demo::load as demo;
use guildhall::kernel::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::database::SECRET;
use crate::processes::Folder;
use guildhall_benches::client::{Connection, Outcome};

/// Of everybody.
const PASSWORD: &str = "the password of a load test";
const DEVELOPERS: usize = 2000;

/// What the questions need.
pub struct Town {
    /// The client's access token.
    pub client: String,
    /// The bodies of a sign-in and of a job request.
    pub sign_in: Value,
    pub job_request: Value,
    /// A job request with matches, and developers among them.
    pub request: String,
    pub developers: Vec<String>,
}

/// The URL of a new database, with everybody in it.
pub fn build(folder: &Folder) -> Outcome<String> {
    // The cluster is our own: its first database will do.
    let postgres = std::env::var("GUILDHALL_TEST_DATABASE").ok().map(|cluster| format!("{cluster}/postgres"));
    let url = postgres.unwrap_or_else(|| format!("sqlite:{}", folder.path().join("load.db").display()));
    let mails = format!("file:{}", folder.path().join("mails").display());
    let settings = [("AUTH__SECRET", SECRET), ("DATABASE__URL", &url), ("MAIL__URL", &mails)];
    let variables = settings.into_iter().map(|(key, value)| (format!("GUILDHALL_{key}"), value.to_owned()));
    let settings = load_from(None, variables.collect())?;
    actix_web::rt::System::new().block_on(async {
        let app = App::build(settings, Arc::new(SystemClock))?;
        app.prepare(true).await?;
        demo::load(&app, DEVELOPERS, PASSWORD.to_owned().into(), SystemClock.now()).await
    })?;
    Ok(url)
}

/// Signs the client in and looks around.
pub fn visit(address: SocketAddr) -> Outcome<Town> {
    let mut connection = Connection::open(address)?;
    let sign_in = json!({ "email": "client@demo.example", "password": PASSWORD });
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned).ok_or("a text is missing");
    let client = text(&connection.ask("POST", "/v1/auth/login", "", Some(&sign_in))?["access_token"])?;
    let requests = connection.ask("GET", "/v1/job-requests?state=open", &client, None)?;
    let mut best = (0, String::new(), Vec::new());
    for request in requests["data"].as_array().into_iter().flatten() {
        let id = text(&request["id"])?;
        let matches = connection.ask("GET", &format!("/v1/job-requests/{id}/matches?limit=20"), &client, None)?;
        let found = matches["data"].as_array().ok_or("no matches")?;
        if found.len() > best.0 {
            let developers = found.iter().map(|each| text(&each["developer"]["id"])).collect::<Result<Vec<_>, _>>()?;
            best = (found.len(), id, developers);
        }
    }
    let (_, request, developers) = best;
    let mut job_request = connection.ask("GET", &format!("/v1/job-requests/{request}"), &client, None)?;
    let fields =
        ["title", "description", "skills", "max_hourly_rate", "hours_per_week", "starts_on", "time_zone", "overlap_hours", "seats"];
    if let Some(members) = job_request.as_object_mut() {
        members.retain(|name, _| fields.contains(&name.as_str()));
    }
    Ok(Town { client, sign_in, job_request, request, developers })
}
