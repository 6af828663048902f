//! The command line.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use guildhall::accounts::domain::AccountStatus;
use guildhall::app::{App, Duties};
use guildhall::audit::chain::{Anchor, Verified};
use guildhall::config::{Settings, load};
use guildhall::db::migrate;
use guildhall::kernel::clock::SystemClock;
use guildhall::kernel::email::Email;
use guildhall::kernel::error::Error;
use guildhall::kernel::words::Word as _;
use guildhall::meta::markdown;
use guildhall::meta::processes::Processes;
use guildhall::notifications::domain::LetterKind;
use guildhall::notifications::previews;
use guildhall::rights::{RIGHTS, SCOPES};
use guildhall::web::rights;
use guildhall::webhooks::listen::listen;
use guildhall::webhooks::signature::SigningSecret;
use guildhall::{demo, server, telemetry};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Guildhall: hire vetted Go developers on a 30-day trial.
#[derive(Parser)]
#[command(version, about)]
struct CommandLine {
    /// A settings file over the defaults.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The whole main job on an embedded database with sample data; nothing to install.
    Demo {
        /// Begin anew instead of resuming.
        #[arg(long)]
        reset: bool,
        /// How many developers of the sample to load.
        #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(30..=2000))]
        developers: u32,
    },
    /// Serve the API and do the background work.
    Serve {
        /// Serve only; `guildhall worker` does the work elsewhere.
        #[arg(long)]
        no_worker: bool,
        /// Apply pending migrations first, also on PostgreSQL.
        #[arg(long)]
        migrate: bool,
    },
    /// Do the background work only.
    Worker,
    /// Apply pending migrations.
    Migrate {
        /// Only say what is applied and what is pending.
        #[arg(long)]
        status: bool,
    },
    /// Admins' accounts.
    Admin {
        #[command(subcommand)]
        command: AdminCommand,
    },
    /// The audit log.
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Mails.
    Mail {
        #[command(subcommand)]
        command: MailCommand,
    },
    /// Webhooks.
    Webhook {
        #[command(subcommand)]
        command: WebhookCommand,
    },
    /// Print the OpenAPI document.
    Openapi,
    /// Print the lifecycles as a Markdown document.
    Processes,
    /// Print who may do what as a Markdown document.
    Rights,
    /// Print what is kept of people, for how long and why, as a Markdown document.
    Privacy,
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Check that no entry was changed, taken out, exchanged or cut off; names the first broken one and fails.
    Verify {
        /// An anchor that an earlier verification or the log has named: the log must still come past it.
        #[arg(long, value_name = "POSITION:HASH")]
        expect: Option<Anchor>,
    },
}

#[derive(Subcommand)]
enum WebhookCommand {
    /// Listen on this machine, check the signatures of what comes, and print it: for who builds upon webhooks.
    Listen {
        /// The port; 0 picks a free one.
        #[arg(long, default_value_t = 8090)]
        port: u16,
        /// The webhook's secret, as it was shown: `whsec_…`.
        #[arg(long, env = "GUILDHALL_WEBHOOK_SECRET", hide_env_values = true)]
        secret: String,
    },
}

#[derive(Subcommand)]
enum MailCommand {
    /// Render a mail with made-up content: to look at it before anybody gets it.
    Preview {
        /// Which mail, such as `trial_offer`; all of them when left out.
        kind: Option<String>,
        /// As plain text instead of HTML.
        #[arg(long)]
        text: bool,
        /// The folder for `KIND.html` or `KIND.txt`; for one kind, standard output when left out.
        #[arg(long)]
        to: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
enum AdminCommand {
    /// Make an admin; without a password, a mail lets them choose one.
    Create {
        /// Where mail goes.
        #[arg(long)]
        email: Email,
        /// How the admin is called.
        #[arg(long)]
        name: String,
        /// Read the password from standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Keep an account out.
    Disable {
        /// Whose.
        email: Email,
    },
    /// Take the second factor off an account whose owner has lost it; ends its sessions.
    ResetMfa {
        /// Whose.
        email: Email,
    },
    /// Let an account in again.
    Enable {
        /// Whose.
        email: Email,
    },
}

fn main() -> ExitCode {
    let line = CommandLine::parse();
    match run(line) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("guildhall: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(line: CommandLine) -> anyhow::Result<()> {
    if let Command::Mail { command: MailCommand::Preview { kind, text, to } } = &line.command {
        return preview(kind.as_deref(), *text, to.as_deref());
    }
    if let Command::Webhook { command: WebhookCommand::Listen { port, secret } } = &line.command {
        let secret = SigningSecret::parse(secret).ok_or_else(|| anyhow::anyhow!("--secret must be a webhook's, such as whsec_…"))?;
        return tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(listen(*port, secret)).map_err(plain);
    }
    if let Command::Openapi = line.command {
        println!("{}", server::openapi_json().map_err(plain)?);
        return Ok(());
    }
    if let Command::Processes = line.command {
        print!("{}", markdown::document(&Processes::all()));
        return Ok(());
    }
    if let Command::Rights = line.command {
        print!("{}", rights::document(RIGHTS, SCOPES));
        return Ok(());
    }
    if let Command::Privacy = line.command {
        print!("{}", guildhall::privacy::markdown::document());
        return Ok(());
    }
    let settings = load::load(line.config.as_deref()).map_err(anyhow::Error::msg)?;
    telemetry::start_logs();
    // Not actix's own: a thread of its workers that ends late wakes what is left here when it can no longer, which aborts.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(execute(line.command, settings));
    // To end it would wait for threads that wait for a database, which may be for ever; what is committed is committed.
    runtime.shutdown_background();
    done
}

async fn execute(command: Command, settings: Settings) -> anyhow::Result<()> {
    if let Command::Demo { reset, developers } = command {
        return demo::run(settings, reset, usize::try_from(developers)?).await.map_err(plain);
    }
    let app = App::build(settings, Arc::new(SystemClock)).map_err(plain)?;
    match command {
        Command::Serve { no_worker, migrate } => serve(app, Duties { api: true, worker: !no_worker }, migrate).await,
        Command::Worker => serve(app, Duties { api: false, worker: true }, false).await,
        Command::Migrate { status } => migrations(&app, status).await,
        Command::Admin { command } => admin(&app, command).await,
        Command::Audit { command: AuditCommand::Verify { expect } } => verify(&app, expect).await,
        _ => Ok(()),
    }
}

/// Renders mails of one kind, or of all, to a folder or to standard output.
fn preview(kind: Option<&str>, text: bool, to: Option<&Path>) -> anyhow::Result<()> {
    let kinds = match kind {
        Some(kind) => {
            vec![LetterKind::parse(kind).ok_or_else(|| anyhow::anyhow!("there is no mail `{kind}`; leave it out to render all"))?]
        }
        None => LetterKind::ALL.to_vec(),
    };
    anyhow::ensure!(kind.is_some() || to.is_some(), "name the folder for all mails: --to FOLDER");
    for kind in kinds {
        for (number, letter) in previews::preview(kind, "https://guildhall.example").map_err(plain)?.into_iter().enumerate() {
            let (content, suffix) = if text { (letter.text, "txt") } else { (letter.html, "html") };
            let Some(folder) = to else {
                std::io::stdout().write_all(content.as_bytes())?;
                continue;
            };
            std::fs::create_dir_all(folder)?;
            let name = if number == 0 { kind.to_string() } else { format!("{kind}-{}", number + 1) };
            std::fs::write(folder.join(format!("{name}.{suffix}")), content)?;
        }
    }
    Ok(())
}

async fn serve(app: App, duties: Duties, migrate: bool) -> anyhow::Result<()> {
    let metrics = telemetry::start_metrics().map_err(plain)?;
    app.prepare(migrate).await.map_err(plain)?;
    app.run_until_stopped(duties, Some(metrics)).await.map_err(plain)
}

async fn migrations(app: &App, status: bool) -> anyhow::Result<()> {
    if !status {
        let names = app.db.read(migrate::run).await.map_err(plain)?;
        println!("applied: {}", if names.is_empty() { "nothing was pending".to_owned() } else { names.join(", ") });
        return Ok(());
    }
    let (applied, pending) = app.db.read(|conn| Ok((migrate::applied(conn)?, migrate::pending(conn)?))).await.map_err(plain)?;
    println!("applied: {}\npending: {}", applied.join(", "), if pending.is_empty() { "none".to_owned() } else { pending.join(", ") });
    Ok(())
}

async fn admin(app: &App, command: AdminCommand) -> anyhow::Result<()> {
    app.prepare(false).await.map_err(plain)?;
    match command {
        AdminCommand::Create { email, name, password_stdin } => {
            anyhow::ensure!(guildhall::kernel::text::is_line(&name), "--name must be one visible line");
            let password = if password_stdin { Some(read_password()?.into()) } else { None };
            let id = app.accounts.create_admin(email, name, password).await.map_err(plain)?;
            println!("{id}");
        }
        AdminCommand::Disable { email } => app.accounts.set_status(email, AccountStatus::Suspended).await.map_err(plain)?,
        AdminCommand::ResetMfa { email } => app.accounts.reset_second_factor(email).await.map_err(plain)?,
        AdminCommand::Enable { email } => app.accounts.set_status(email, AccountStatus::Active).await.map_err(plain)?,
    }
    Ok(())
}

/// Reads only: what is not sealed yet is the worker's, a second later.
async fn verify(app: &App, expect: Option<Anchor>) -> anyhow::Result<()> {
    let Verified { head, erased_reasons } = app.audit.verify(expect).await.map_err(plain)??;
    let Anchor { position: entries, .. } = head;
    println!("the audit log is whole: {entries} entries, {erased_reasons} of their reasons erased\nanchor {head}");
    Ok(())
}

fn read_password() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin().read_line(&mut text)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// An error in one line, with its cause: the operator is the one who can do something about it.
fn plain(error: Error) -> anyhow::Error {
    let faults: Vec<String> =
        error.faults.iter().map(|fault| format!("{} {}", fault.pointer.trim_start_matches('/'), fault.detail)).collect();
    match (error.cause, faults.is_empty()) {
        (Some(cause), _) => anyhow::anyhow!(cause),
        (None, false) => anyhow::anyhow!(faults.join("; ")),
        (None, true) => anyhow::anyhow!(error.detail),
    }
}
