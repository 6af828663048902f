//! The command line: reads what was typed, and has it done.

mod commands;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;
use guildhall::app::{App, Duties};
use guildhall::config::{Settings, load};
use guildhall::kernel::clock::SystemClock;
use guildhall::meta::markdown;
use guildhall::meta::processes::Processes;
use guildhall::rights::{RIGHTS, SCOPES};
use guildhall::web::rights;
use guildhall::{demo, privacy, server, telemetry};

use crate::commands::line::{AuditCommand, Command, CommandLine, DevelopersCommand, MailCommand, SkillsCommand, WebhookCommand};
use crate::commands::{admin, audit, config, copies, doctor, import, mail, migrate, plain, serve, webhook};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let line = CommandLine::parse();
    match run(line) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("guildhall: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What needs no settings, or only looks at them; then everything else.
fn run(line: CommandLine) -> anyhow::Result<ExitCode> {
    let file = line.config.as_deref();
    match &line.command {
        Command::Openapi => println!("{}", server::openapi_json().map_err(plain)?),
        Command::Processes => print!("{}", markdown::document(&Processes::all())),
        Command::Rights => print!("{}", rights::document(RIGHTS, SCOPES)),
        Command::Privacy => print!("{}", privacy::markdown::document()),
        Command::Mail { command: MailCommand::Preview { kind, text, to } } => mail::preview(kind.as_deref(), *text, to.as_deref())?,
        Command::Config { command } => config::run(file, command.as_ref())?,
        Command::Webhook { command: WebhookCommand::Listen { port, secret } } => return on_a_runtime(webhook::listen(*port, secret)),
        Command::Doctor => return on_a_runtime(async { Ok(doctor::run(load::load(file)).await) }),
        _ => {
            let settings = load::load(file).map_err(anyhow::Error::msg)?;
            #[cfg(not(feature = "otel"))]
            telemetry::start_logs();
            // Sends what is left when all is done.
            #[cfg(feature = "otel")]
            let _traces = telemetry::traces::start(&settings.telemetry).map_err(plain)?;
            return on_a_runtime(execute(line.command, settings));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn on_a_runtime(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    // Not actix's own: a thread of its workers that ends late wakes what is left here when it can no longer, which aborts.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(work);
    // To end it would wait for threads that wait for a database, which may be for ever; what is committed is committed.
    runtime.shutdown_background();
    done
}

async fn execute(command: Command, settings: Settings) -> anyhow::Result<ExitCode> {
    // Before the house is built, which opens the database.
    let settings = match command {
        Command::Demo { reset, developers } => {
            demo::run(settings, reset, usize::try_from(developers)?).await.map_err(plain)?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Backup { file } => return copies::back_up(&settings, &file),
        Command::Restore { file } => return copies::restore(&settings, &file),
        Command::Skills { .. } | Command::Developers { .. } => import::patient(settings),
        _ => settings,
    };
    let app = App::build(settings, Arc::new(SystemClock)).map_err(plain)?;
    match command {
        Command::Serve { no_worker, migrate } => serve::serve(app, Duties { api: true, worker: !no_worker }, migrate).await?,
        Command::Worker => serve::serve(app, Duties { api: false, worker: true }, false).await?,
        Command::Migrate { status } => migrate::migrations(&app, status).await?,
        Command::Admin { command } => admin::admin(&app, command).await?,
        Command::Audit { command: AuditCommand::Verify { expect } } => audit::verify(&app, expect).await?,
        Command::Skills { command: SkillsCommand::Import { file } } => return import::skills(&app, &file).await,
        Command::Developers { command: DevelopersCommand::Import { file } } => return import::developers(&app, &file).await,
        // Done above.
        _ => {}
    }
    Ok(ExitCode::SUCCESS)
}
