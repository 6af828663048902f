//! Settings: `config/default.toml` (the manual, embedded) < `config/<GUILDHALL_ENV>.toml` < `--config FILE` < the environment.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod authorities;
pub mod bounds;
pub mod check;
pub mod layers;
pub mod load;
pub mod matching;
pub mod providers;
pub mod secret;
pub mod shown;
pub mod told;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use ipnet::IpNet;
use secrecy::SecretString;
use serde::Deserialize;

/// Everything that can be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The HTTP server.
    pub server: Server,
    /// Where data is kept.
    pub database: Database,
    /// How mail is sent.
    pub mail: Mail,
    /// Passwords, tokens, sessions.
    pub auth: Auth,
    /// Currencies.
    pub money: Money,
    /// How often anybody may do anything.
    pub limits: Limits,
    /// The vetting process.
    pub vetting: Vetting,
    /// Invitations to talk before an offer.
    pub invitations: Invitations,
    /// The trial.
    pub trials: Trials,
    /// What organisations' own programs are told.
    pub webhooks: told::Webhooks,
    /// What pages are told while it happens.
    pub events: told::Events,
    /// Where traces go.
    pub telemetry: told::Telemetry,
    /// What is kept for how long.
    pub privacy: Privacy,
    /// The score.
    pub matching: matching::Matching,
    /// Development or production; from `GUILDHALL_ENV`, not from a file.
    #[serde(skip)]
    pub environment: Environment,
}

impl Settings {
    /// Whether an admin can do nothing before a second factor is set up.
    pub fn admins_need_second_factor(&self) -> bool {
        match self.auth.admin_totp {
            AdminTotp::Always => true,
            AdminTotp::Production => self.environment == Environment::Production,
            AdminTotp::Never => false,
        }
    }
}

/// Where the process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Environment {
    /// One's own machine.
    #[default]
    Development,
    /// For real people.
    Production,
}

impl fmt::Display for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Development => "development",
            Self::Production => "production",
        })
    }
}

/// `[server]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port.
    pub listen: SocketAddr,
    /// What the links in mails begin with.
    pub public_url: String,
    /// Where mail links point instead.
    pub frontend_url: String,
    /// Networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// A listener of its own for `/metrics`.
    pub metrics_listen: String,
    /// Seconds.
    pub shutdown_grace: u64,
    /// Threads; 0: one per core.
    pub workers: usize,
    /// Allowed browser origins.
    pub cors_origins: Vec<String>,
    /// Bytes.
    pub body_limit: usize,
    /// Bytes, for `/v1/auth/*`.
    pub auth_body_limit: usize,
    /// Seconds.
    pub header_deadline: u64,
    /// Seconds.
    pub body_deadline: u64,
    /// At most.
    pub connections: usize,
}

/// `[database]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// May carry a password.
    pub url: SecretString,
    /// At most.
    pub connections: u32,
    /// Milliseconds that a request waits for it in all.
    pub patience: u64,
    /// Minutes.
    pub changes_kept_minutes: i64,
}

/// `[mail]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// May carry a password.
    pub url: SecretString,
    /// The sender.
    pub from: String,
    /// Seconds.
    pub deadline: u64,
    /// A PEM file.
    pub extra_ca: String,
}

/// `[auth]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// Signs tokens.
    pub secret: SecretString,
    /// Where a made secret is kept.
    pub secret_file: String,
    /// Still verify.
    pub previous_secrets: Vec<SecretString>,
    /// Minutes.
    pub access_minutes: i64,
    /// Days.
    pub refresh_days: i64,
    /// Days.
    pub session_days: i64,
    /// Hours.
    pub verify_hours: i64,
    /// Minutes.
    pub reset_minutes: i64,
    /// `always`, `production`, `never`.
    pub admin_totp: AdminTotp,
    /// KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// At once; 0: one per core.
    pub hashing_permits: usize,
    /// Whom one can sign in with, by name.
    #[serde(default)]
    pub providers: BTreeMap<String, providers::Provider>,
}

/// When admins must have a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdminTotp {
    /// Everywhere.
    #[serde(alias = "required")]
    Always,
    /// In production.
    Production,
    /// Nowhere.
    Never,
}

/// `[money]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// The date of the rates.
    pub as_of: chrono::NaiveDate,
    /// US dollars per unit.
    pub rates: BTreeMap<String, f64>,
}

/// `[limits]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Off for load tests.
    pub enabled: bool,
    /// Per client address.
    pub requests_per_second: u32,
    /// Per client address.
    pub burst: u32,
    /// Public search, per client address.
    pub search_per_second: u32,
    /// Public search, per client address.
    pub search_burst: u32,
    /// Per account and window.
    pub sign_in_failures: i64,
    /// Per client address and window.
    pub sign_in_failures_per_address: i64,
    /// Per window, of everybody.
    pub sign_in_failures_in_all: i64,
    /// Minutes.
    pub sign_in_window_minutes: i64,
    /// Per address and purpose.
    pub account_mails_per_hour: i64,
    /// Per organisation.
    pub offers_per_day: i64,
    /// Per organisation.
    pub job_requests_per_day: i64,
    /// Per organisation.
    pub invitations_per_day: i64,
    /// Per person.
    pub messages_per_day: i64,
    /// Per person.
    pub reports_per_day: i64,
    /// Per organisation.
    pub webhook_repeats_per_day: i64,
    /// Per organisation.
    pub webhook_urls_per_day: i64,
}

/// `[vetting]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vetting {
    /// One of these at least.
    pub core_skills: Vec<String>,
    /// Before a submission.
    pub minimum_skills: usize,
    /// Days.
    pub retry_after_days: i64,
    /// Months.
    pub valid_months: u32,
    /// Whoever wrote the interview's scorecard may not approve.
    pub four_eyes: bool,
    /// Months.
    pub kept_months: u32,
    /// Days to answer a reviewer's questions.
    pub answer_days: i64,
    /// Days after the questions.
    pub answer_reminders_after_days: Vec<i64>,
    /// Days before the last day of the answer.
    pub answer_reminder_before_days: i64,
    /// Days before the end of an approval.
    pub expiring_days: i64,
    /// Days before the end of an approval.
    pub expiry_reminders_before_days: Vec<i64>,
    /// Days.
    pub appeal_days: i64,
    /// Working days: Monday to Friday.
    pub idle_working_days: i64,
}

/// `[privacy]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Privacy {
    /// Days from the wish to the end.
    pub erasure_days: i64,
    /// Per person.
    pub exports_per_day: i64,
    /// Months.
    pub idle_months: u32,
    /// Days from the mail to the end.
    pub idle_notice_days: i64,
    /// Days.
    pub unverified_days: i64,
    /// Days.
    pub mail_content_days: i64,
    /// Days.
    pub mail_code_days: i64,
    /// Days.
    pub failed_application_days: i64,
    /// Days.
    pub unanswered_invitation_days: i64,
    /// Days.
    pub closed_report_days: i64,
    /// Days.
    pub audit_reason_days: i64,
}

/// `[invitations]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitations {
    /// Hours.
    pub answer_hours: i64,
    /// Days.
    pub lapse_days: i64,
    /// Minutes.
    pub mail_minutes: i64,
}

/// `[trials]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trials {
    /// Calendar days.
    pub trial_days: i64,
    /// Calendar days.
    pub decision_days: i64,
    /// Calendar days.
    pub grace_days: i64,
    /// Days.
    pub offer_days: i64,
    /// Days.
    pub proposal_days: i64,
    /// Calendar days.
    pub pause_days: i64,
    /// Calendar days.
    pub extension_days: i64,
    /// Days.
    pub conversion_days: i64,
    /// Days.
    pub appeal_days: i64,
    /// Calendar days.
    pub rematch_days: i64,
    /// For each job request.
    pub replacements: i64,
    /// Calendar days.
    pub start_within_days: i64,
    /// Days.
    pub review_blind_days: i64,
    /// Days; how long a query about hours waits for its answer.
    pub timesheet_answer_days: i64,
    /// When people are reminded.
    pub reminders: TrialReminders,
}

/// `[trials.reminders]`: calendar days from the date that each kind counts from, rising.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialReminders {
    /// From the start.
    pub starts_soon: Vec<i64>,
    /// From the start.
    pub check_in: Vec<i64>,
    /// From the start.
    pub check_in_silent: Vec<i64>,
    /// From the end.
    pub decision_opens: Vec<i64>,
    /// From the end.
    pub undecided: Vec<i64>,
    /// From the end.
    pub ends_soon: Vec<i64>,
    /// From the end of the grace.
    pub grace_ends: Vec<i64>,
    /// From the last day of work.
    pub review_due: Vec<i64>,
    /// From the last day of work.
    pub hand_over: Vec<i64>,
    /// From the last day of work.
    pub final_timesheet: Vec<i64>,
    /// Calendar days after the last day of work in which hand-over, timesheet and reviews are asked for.
    pub after_days: i64,
}

impl TrialReminders {
    /// Each list with its key.
    pub fn lists(&self) -> [(&'static str, &[i64]); 10] {
        [
            ("starts_soon", &self.starts_soon),
            ("check_in", &self.check_in),
            ("check_in_silent", &self.check_in_silent),
            ("decision_opens", &self.decision_opens),
            ("undecided", &self.undecided),
            ("ends_soon", &self.ends_soon),
            ("grace_ends", &self.grace_ends),
            ("review_due", &self.review_due),
            ("hand_over", &self.hand_over),
            ("final_timesheet", &self.final_timesheet),
        ]
    }
}
