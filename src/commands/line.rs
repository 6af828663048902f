//! What can be typed.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use guildhall::audit::chain::Anchor;
use guildhall::kernel::email::Email;

/// Guildhall: hire vetted Go developers on a 30-day trial.
#[derive(Parser)]
#[command(version, about)]
pub struct CommandLine {
    /// A settings file over the defaults.
    #[arg(long, global = true)]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Subcommand)]
pub enum Command {
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
    /// Look at settings, database, mail, clock and disk; says what to do, and fails when something must be done.
    Doctor,
    /// Print every setting with where it comes from; secrets are masked.
    Config {
        #[command(subcommand)]
        command: Option<ConfigCommand>,
    },
    /// Copy the SQLite database to a new file, while a server uses it.
    Backup {
        /// The new file.
        file: PathBuf,
    },
    /// Put a copy in the place of the SQLite database, which no server may be using; what was there is kept beside it.
    Restore {
        /// The copy.
        file: PathBuf,
    },
    /// The catalogue of skills.
    Skills {
        #[command(subcommand)]
        command: SkillsCommand,
    },
    /// Developers.
    Developers {
        #[command(subcommand)]
        command: DevelopersCommand,
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

/// Settings.
#[derive(Subcommand)]
pub enum ConfigCommand {
    /// Only say whether they are good.
    Check,
}

/// The catalogue of skills.
#[derive(Subcommand)]
pub enum SkillsCommand {
    /// Add skills, or change those that are there, from a file.
    Import {
        /// JSON Lines: `slug`, `name`, `category`, `aliases`, as in POST /v1/skills.
        file: PathBuf,
    },
}

/// Developers.
#[derive(Subcommand)]
pub enum DevelopersCommand {
    /// Invite developers from a file: each gets a draft of a profile, and a mail to choose a password. Nobody is vetted by it.
    Import {
        /// JSON Lines: `email`, `name` and `profile`, as in PUT /v1/developers/me.
        file: PathBuf,
    },
}

/// The audit log.
#[derive(Subcommand)]
pub enum AuditCommand {
    /// Check that no entry was changed, taken out, exchanged or cut off; names the first broken one and fails.
    Verify {
        /// An anchor that an earlier verification or the log has named: the log must still come past it.
        #[arg(long, value_name = "POSITION:HASH")]
        expect: Option<Anchor>,
    },
}

/// Mails.
#[derive(Subcommand)]
pub enum MailCommand {
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

/// Admins' accounts.
#[derive(Subcommand)]
pub enum AdminCommand {
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
    /// List the admins: who they are, whether they may sign in, and since when.
    List,
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

/// Webhooks.
#[derive(Subcommand)]
pub enum WebhookCommand {
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
