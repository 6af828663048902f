//! The whole main job on sample data: `guildhall demo`. Loads once, resumes afterwards.

pub mod load;
pub mod mailbox;
pub mod requests;
pub mod sample;
pub mod sign_ins;
pub mod zones;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::accounts::sign_in::SignIn;
use crate::app::App;
use crate::config::{Environment, Settings};
use crate::demo::load::Demo;
use crate::demo::sign_ins::SIGN_INS;
use crate::kernel::clock::{Clock as _, SystemClock};
use crate::kernel::error::{Error, Result};
use crate::kernel::principal::Role;
use crate::{server, telemetry};

const FOLDER: &str = "var/demo";
const MAIL: &str = "var/mail";

/// Serves the demo until it is stopped.
///
/// # Errors
/// When it cannot start, or where it must not: in production.
pub async fn run(settings: Settings, reset: bool, developers: usize) -> Result<()> {
    if settings.environment == Environment::Production {
        return Err(Error::internal("the demo does not run in production: unset GUILDHALL_ENV"));
    }
    if reset {
        remove(Path::new(FOLDER))?;
        remove(Path::new(MAIL))?;
    }
    let settings = for_demo(settings);
    let metrics = telemetry::start_metrics()?;
    let listener = server::listen(settings.server.listen)?;
    let address = listener.local_addr().map_err(Error::internal)?;
    let mut settings = settings;
    settings.server.public_url = format!("http://localhost:{}", address.port());
    let mut app = App::build(settings, Arc::new(SystemClock))?;
    app.mailbox = Some(PathBuf::from(MAIL));
    app.prepare(true).await?;
    let password = sign_ins::password(&Path::new(FOLDER).join("password"))?;
    let demo = load::load(&app, developers, password.clone().into(), SystemClock.now()).await?;
    announce(&app, &demo, address, &password).await?;
    app.run_on(Some(listener), true, Some(metrics)).await
}

/// Its own database, secret and mails, beside those of a real installation.
fn for_demo(mut settings: Settings) -> Settings {
    settings.database.url = format!("sqlite:{FOLDER}/guildhall.db").into();
    settings.auth.secret_file = format!("{FOLDER}/secret");
    settings.mail.url = format!("file:{MAIL}").into();
    settings
}

fn remove(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::internal(format!("{}: {error}", folder.display()))),
        _ => Ok(()),
    }
}

/// Says where it is, who can sign in, and one call to try.
async fn announce(app: &App, demo: &Demo, address: SocketAddr, password: &str) -> Result<()> {
    let client = SIGN_INS.iter().find(|sign_in| sign_in.role == Role::Client).ok_or_else(Error::not_found)?;
    let email = client.email.parse().map_err(Error::internal)?;
    let attempt = SignIn {
        email,
        password: password.to_owned().into(),
        totp: None,
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        client: "demo".to_owned(),
    };
    let token = app.accounts.sign_in(attempt).await?.access_token;
    println!("\nGuildhall demo:");
    // Whole, so that a terminal makes links of them; nothing answers at `/`.
    for (path, what) in [("/docs", "the API"), ("/openapi.json", "its document"), ("/dev/mail", "the mails")] {
        println!("  http://{address}{path:<14} {what}");
    }
    println!("\nSign in with POST /v1/auth/login; the password of all four is {password}");
    for sign_in in &SIGN_INS {
        println!("  {:<10} {}", sign_in.role, sign_in.email);
    }
    let job = demo.job_request;
    println!("\nFive explained matches, as the client (the token is good for 15 minutes):\n");
    println!("  curl -s -H 'Authorization: Bearer {token}' 'http://{address}/v1/job-requests/{job}/matches?limit=5'\n");
    Ok(())
}
