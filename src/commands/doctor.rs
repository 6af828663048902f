//! `guildhall doctor`: looks at everything that a node needs, and says what to do. Makes no database; of mails as files it tries to write one.

use std::collections::BTreeMap;
use std::f64::consts::LOG2_10;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use chrono::TimeDelta;
use guildhall::accounts::store::count_admins;
use guildhall::auth::provider::Providers;
use guildhall::config::{Environment, Settings};
use guildhall::db::health::Server;
use guildhall::db::pool::Db;
use guildhall::db::url::DatabaseUrl;
use guildhall::db::{Conn, durability, health, migrate, timers};
use guildhall::kernel::clock::{Clock as _, Instant, SystemClock};
use guildhall::kernel::error::{Error, Result};
use guildhall::notifications::mailer::{MailSettings, Mailer};
use guildhall::notifications::store_standing;
use rustix::process::Resource;
use secrecy::ExposeSecret as _;

use crate::commands::plain;

/// Bits that nobody guesses: as strong as the hash that signs is against a search.
const STRONG: f64 = 128.0;
/// Bits from which on the guesser of words and patterns no longer counts.
const NO_WORDS: f64 = 60.0;
/// How long a database may take to answer at all.
const AWAY: Duration = Duration::from_secs(5);
/// How long it may take to look through a large file.
const PATIENCE: Duration = Duration::from_secs(600);
/// How far two clocks may be apart.
const APART: TimeDelta = TimeDelta::seconds(2);
/// How late work may be before somebody should look.
const LATE: TimeDelta = TimeDelta::minutes(5);
/// Free bytes below which a disk is nearly full.
const NEARLY_FULL: u64 = 1 << 30;
/// Open files that a process needs besides its connections.
const FILES_BESIDE: u64 = 256;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Fine,
    /// Somebody should look.
    Look,
    /// It does not work so.
    Wrong,
}

use Verdict::{Fine, Look, Wrong};

/// A line of the report.
struct Finding(Verdict, &'static str, String);

impl Finding {
    fn print(&self) {
        let Self(verdict, subject, text) = self;
        let word = match verdict {
            Fine => "ok",
            Look => "look",
            Wrong => "WRONG",
        };
        println!("{word:<5}  {subject:<10}  {text}");
    }
}

/// Prints what was found; fails when something does not work.
pub async fn run(settings: std::result::Result<Settings, String>) -> ExitCode {
    let findings = match settings {
        Ok(settings) => examine(&settings).await,
        Err(refusal) => refusal.lines().map(|line| Finding(Wrong, "settings", line.to_owned())).collect(),
    };
    findings.iter().for_each(Finding::print);
    let count = |verdict: Verdict| findings.iter().filter(|finding| finding.0 == verdict).count();
    println!("{} in order, {} to look at, {} wrong", count(Fine), count(Look), count(Wrong));
    if count(Wrong) == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn examine(settings: &Settings) -> Vec<Finding> {
    let mut found = vec![Finding(Fine, "settings", format!("{}; `guildhall config` shows them", settings.environment)), secret(settings)];
    found.extend(database(settings).await);
    found.push(mail(settings).await);
    found.extend(providers(settings).await);
    found.extend(disks(settings));
    found.push(files(settings));
    found
}

fn secret(settings: &Settings) -> Finding {
    let configured = settings.auth.secret.expose_secret();
    if !configured.is_empty() {
        return strength(configured, "auth.secret");
    }
    let path = Path::new(&settings.auth.secret_file);
    match (std::fs::read_to_string(path), std::fs::metadata(path)) {
        (Ok(_), Ok(file)) if file.permissions().mode() & 0o077 != 0 => {
            Finding(Wrong, "secret", format!("others can read {0}: chmod 600 {0}", path.display()))
        }
        (Ok(text), Ok(_)) => strength(text.trim(), &settings.auth.secret_file),
        (Err(error), _) if error.kind() == std::io::ErrorKind::NotFound => {
            Finding(Fine, "secret", format!("none yet: the first start makes one in {}", path.display()))
        }
        (Err(error), _) | (_, Err(error)) => Finding(Wrong, "secret", format!("{}: {error}", path.display())),
    }
}

fn strength(secret: &str, place: &str) -> Finding {
    let guessed = zxcvbn::zxcvbn(secret, &[]).guesses_log10() * LOG2_10;
    let bits = if guessed < NO_WORDS { guessed } else { by_chance(secret) };
    if bits >= STRONG {
        return Finding(Fine, "secret", format!("{place}: {} bytes that nobody guesses", secret.len()));
    }
    let advice = "make one with `openssl rand -base64 48`, and keep this one in auth.previous_secrets until all sessions have ended";
    Finding(Look, "secret", format!("{place} could be guessed, it is worth about {bits:.0} bits: {advice}"))
}

/// What it is worth if chance chose each character as often as it stands there (Shannon's entropy, in bits).
fn by_chance(secret: &str) -> f64 {
    let mut counts: BTreeMap<char, u32> = BTreeMap::new();
    secret.chars().for_each(|each| *counts.entry(each).or_default() += 1);
    let length: f64 = counts.values().copied().map(f64::from).sum();
    counts.values().map(|count| f64::from(*count) * (length / f64::from(*count)).log2()).sum()
}

/// What the database says, or why it says nothing.
async fn database(settings: &Settings) -> Vec<Finding> {
    let url = match DatabaseUrl::parse(&settings.database.url) {
        Ok(url) => url,
        Err(refusal) => return vec![Finding(Wrong, "database", format!("database.url: {refusal}"))],
    };
    if let DatabaseUrl::Sqlite(path) = &url
        && !path.exists()
    {
        return vec![Finding(Look, "database", format!("{} is not there yet: `guildhall serve` makes it", path.display()))];
    }
    let place = url.to_string();
    let production = settings.environment == Environment::Production;
    let asked = async {
        let db = Db::open(url, 1)?;
        // One that is away is told of soon.
        let server = db.clone().with_patience(AWAY).read(health::server).await?;
        db.with_patience(PATIENCE).read(move |conn| ask(conn, server, SystemClock.now(), production)).await
    };
    asked.await.unwrap_or_else(|error: Error| {
        vec![Finding(Wrong, "database", format!("{place}: {}; is it running, and may this machine and user reach it?", plain(error)))]
    })
}

fn ask(conn: &mut Conn, server: Server, now: Instant, production: bool) -> Result<Vec<Finding>> {
    let mut found = vec![Finding(Fine, "database", server.version)];
    if let Err(refusal) = durability::check(conn) {
        found.push(Finding(Wrong, "database", plain(refusal).to_string()));
    }
    for fault in health::faults(conn)? {
        found.push(Finding(Wrong, "database", format!("the file is broken: {fault}; restore a backup")));
    }
    let pending = migrate::pending(conn)?;
    let applied = migrate::applied(conn)?;
    if !pending.is_empty() {
        let advice = "run `guildhall migrate`; an SQLite file is brought up to date by `guildhall serve`";
        found.push(Finding(Look, "schema", format!("behind by {}: {advice}", pending.join(", "))));
        // What follows asks for tables that may not be there.
        return Ok(found);
    }
    found.push(Finding(Fine, "schema", format!("current, {} migrations", applied.len())));
    found.push(clock(now, server.now, health::newest_change(conn)?));
    found.push(admins(count_admins(conn)?, production));
    found.extend(work(conn, now)?);
    Ok(found)
}

/// Two clocks that disagree, or one that has gone back.
fn clock(now: Instant, server: Option<Instant>, newest: Option<Instant>) -> Finding {
    let advice = "have both machines keep time (NTP): due times and expiries follow it";
    if let Some(apart) = server.map(|server| now.since(server)).filter(|apart| apart.abs() > APART) {
        return Finding(Wrong, "clock", format!("{} s from that of the database: {advice}", apart.num_seconds()));
    }
    match newest.map(|newest| newest.since(now)).filter(|ahead| *ahead > APART) {
        Some(ahead) => Finding(Wrong, "clock", format!("the newest change was written {} s in the future: {advice}", ahead.num_seconds())),
        None => Finding(Fine, "clock", format!("{now}")),
    }
}

fn admins(count: i64, production: bool) -> Finding {
    match count {
        0 => Finding(Look, "admins", "none: make one with `guildhall admin create --email … --name …`".to_owned()),
        1 if production => Finding(Look, "admins", "one: whoever interviews may not approve, so that vetting takes two".to_owned()),
        many => Finding(Fine, "admins", many.to_string()),
    }
}

/// Whether anybody does what is due.
fn work(conn: &mut Conn, now: Instant) -> Result<Vec<Finding>> {
    let late = |since: Option<Instant>| since.map(|since| now.since(since)).filter(|late| *late > LATE);
    let mut found = Vec::new();
    let advice = "is a worker running, and what does its log say?";
    for room in timers::rooms(conn, now)? {
        if let Some(late) = late(room.overdue_since) {
            found.push(Finding(Look, "work", format!("{} is {} min behind: {advice}", room.room, late.num_minutes())));
        }
    }
    let outbox = store_standing::standing(conn, now)?;
    if let Some(late) = late(outbox.waiting_since) {
        found.push(Finding(Look, "work", format!("a mail has waited for {} min: {advice}", late.num_minutes())));
    }
    if outbox.dead > 0 {
        let advice = "GET /v1/admin/outbox?state=dead says why; POST …/retry sends again";
        found.push(Finding(Look, "work", format!("{} mails were given up: {advice}", outbox.dead)));
    }
    if found.is_empty() {
        found.push(Finding(Fine, "work", "nothing is late, no mail was given up".to_owned()));
    }
    Ok(found)
}

async fn mail(settings: &Settings) -> Finding {
    let mailer = match Mailer::new(&MailSettings::from(&settings.mail)) {
        Ok(mailer) => mailer,
        Err(refusal) => return Finding(Wrong, "mail", refusal.to_string()),
    };
    match (mailer.reach().await, mail_folder(settings)) {
        (Err(why), _) => Finding(Wrong, "mail", format!("{why}; mails wait in the outbox until it works")),
        (Ok(()), None) => Finding(Fine, "mail", "the mail server answers".to_owned()),
        (Ok(()), Some(folder)) => {
            Finding(Look, "mail", format!("mails become files in {}, and nobody gets them: set mail.url", folder.display()))
        }
    }
}

/// Whether those answer whom people sign in with.
async fn providers(settings: &Settings) -> Vec<Finding> {
    let providers = match Providers::new(settings) {
        Ok(providers) => providers,
        Err(error) => return vec![Finding(Wrong, "sign-in", plain(error).to_string())],
    };
    let mut found = Vec::new();
    for provider in providers.all() {
        found.push(match provider.reach(SystemClock.now()).await {
            Ok(()) => Finding(Fine, "sign-in", format!("`{}` answers", provider.name)),
            Err(error) => Finding(Wrong, "sign-in", format!("{}; nobody can sign in with it", plain(error))),
        });
    }
    found
}

fn mail_folder(settings: &Settings) -> Option<PathBuf> {
    settings.mail.url.expose_secret().strip_prefix("file:").map(|folder| PathBuf::from(folder.strip_prefix("//").unwrap_or(folder)))
}

/// Where this process writes files: the database's folder, and that of mails.
fn disks(settings: &Settings) -> Vec<Finding> {
    let database = match DatabaseUrl::parse(&settings.database.url) {
        Ok(DatabaseUrl::Sqlite(path)) => {
            path.parent().map(|folder| if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() })
        }
        _ => None,
    };
    let folders = database.into_iter().chain(mail_folder(settings));
    folders.filter(|folder| folder.exists()).map(|folder| disk(&folder)).collect()
}

fn disk(folder: &Path) -> Finding {
    match rustix::fs::statvfs(folder) {
        Err(error) => Finding(Wrong, "disk", format!("{}: {error}", folder.display())),
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let (verdict, advice) = if free < NEARLY_FULL { (Look, ": make room, writes are refused when it is full") } else { (Fine, "") };
            Finding(verdict, "disk", format!("{}: {:.1} GiB free{advice}", folder.display(), free as f64 / f64::from(1 << 30)))
        }
    }
}

/// Each connection is an open file.
fn files(settings: &Settings) -> Finding {
    let needed = u64::try_from(settings.server.connections).unwrap_or(u64::MAX).saturating_add(FILES_BESIDE);
    match rustix::process::getrlimit(Resource::Nofile).current {
        Some(limit) if limit < needed => {
            let advice = "raise it (`LimitNOFILE` of the unit, `ulimit -n`), or lower server.connections";
            Finding(Look, "files", format!("{limit} open files, fewer than the {needed} that server.connections may need: {advice}"))
        }
        limit => Finding(Fine, "files", limit.map_or("no limit".to_owned(), |limit| format!("{limit} may be open"))),
    }
}
