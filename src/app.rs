//! The composition root: the one place that constructs services, and the life of a process from start to stop.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::join_all;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::accounts::service::{Accounts, Secrets};
use crate::accounts::session_cache::{LiveSessions, SessionCache};
use crate::accounts::tasks::Housekeeping;
use crate::audit::service::Audit;
use crate::audit::tasks::Sealer;
use crate::auth::password::Passwords;
use crate::auth::provider::Providers;
use crate::auth::seal::Seals;
use crate::auth::token::Tokens;
use crate::calendar_feeds::service::CalendarFeeds;
use crate::check_ins::service::CheckInRoom;
use crate::config::Settings;
use crate::config::secret::secret;
use crate::db::durability;
use crate::db::feed::{Feed, FeedTask, Follower};
use crate::db::gauges::Gauges;
use crate::db::migrate;
use crate::db::pool::Db;
use crate::db::url::DatabaseUrl;
use crate::developers::card_cache::CardCache;
use crate::developers::service::{Developers, LiveCards};
use crate::hand_overs::service::HandOvers;
use crate::invitations::service::Invitations;
use crate::invitations::tasks::InvitationClock;
use crate::jobs::service::Jobs;
use crate::kernel::clock::SharedClock;
use crate::kernel::error::{Error, Result};
use crate::kernel::money::{Currency, Rates};
use crate::kernel::words::Word as _;
use crate::matching::fitness::Fitness;
use crate::matching::fits::Fits;
use crate::matching::index::MatchIndex;
use crate::matching::own::OwnMatches;
use crate::matching::rules::{Rules, Weights};
use crate::matching::runs::MatchRuns;
use crate::matching::service::Matching;
use crate::matching::tasks::{MatchNews, RunKeeper};
use crate::notifications::letters::{Links, TokenMaker};
use crate::notifications::mailer::MailSettings;
use crate::notifications::service::{Notifications, OneClick};
use crate::notifications::tasks::{Mailroom, OutboxGauges};
use crate::privacy::service::PrivacyRoom;
use crate::privacy::tasks::Keeper;
use crate::reports::service::Reports;
use crate::reviews::service::Reviews;
use crate::reviews::tasks::ReviewClock;
use crate::scheduler::{Nudge, Task, driver};
use crate::server::{self, Readiness};
use crate::skills::service::Skills;
use crate::statistics::service::StatisticsRoom;
use crate::statistics::tasks::RollUp;
use crate::streams::listeners::Listeners;
use crate::streams::service::Streams;
use crate::suspensions::service::Suspensions;
use crate::timesheets::service::Timesheets;
use crate::timesheets::tasks::TimesheetClock;
use crate::trials::service::Trials;
use crate::trials::tasks::{TrialClock, UndeliveredOffers};
use crate::vetting::service::Vetting;
use crate::vetting::tasks::{IdleDigest, VettingClock};
use crate::webhooks::service::Webhooks;
use crate::webhooks::tasks::Courier;

/// How many people's sessions are held in memory.
const PEOPLE_HELD: usize = 100_000;

/// How long `/readyz` says no before a process that stops refuses connections: time for a proxy to see it.
const NOTICE: Duration = Duration::from_secs(1);
/// How long background work may take to finish its piece after the last request is answered.
const LAST_WORK: Duration = Duration::from_millis(500);

/// Everything a process is made of.
pub struct App {
    /// As configured.
    pub settings: Settings,
    /// The time.
    pub clock: SharedClock,
    /// The database.
    pub db: Db,
    /// Keeps what is in memory true to the database.
    pub feed: Feed,
    /// The audit log.
    pub audit: Audit,
    /// Mails.
    pub notifications: Notifications,
    /// People and organisations.
    pub accounts: Accounts,
    /// The catalogue of skills.
    pub skills: Arc<Skills>,
    /// Profiles.
    pub developers: Arc<Developers>,
    /// Vetting.
    pub vetting: Vetting,
    /// Job requests.
    pub jobs: Jobs,
    /// Invitations to talk.
    pub invitations: Invitations,
    /// Trials.
    pub trials: Trials,
    /// Matches.
    pub matching: Arc<Matching>,
    /// Matches as developers see them.
    pub own_matches: Arc<OwnMatches>,
    /// Saved answers.
    pub match_runs: Arc<MatchRuns>,
    /// Key dates, for calendars that follow them.
    pub calendar_feeds: CalendarFeeds,
    /// How trials go.
    pub check_ins: CheckInRoom,
    /// What is passed on after trials.
    pub hand_overs: HandOvers,
    /// What the parties say of each other.
    pub reviews: Reviews,
    /// Hours, and what they cost.
    pub timesheets: Timesheets,
    /// Reports of abuse.
    pub reports: Reports,
    /// Figures.
    pub statistics: StatisticsRoom,
    /// Who is kept out.
    pub suspensions: Suspensions,
    /// What programs of organisations, and of the house, are told.
    pub webhooks: Webhooks,
    /// What pages are told while it happens.
    pub streams: Streams,
    /// What is kept of people.
    pub privacy: PrivacyRoom,
    /// What currencies are worth.
    pub rates: Arc<Rates>,
    /// The folder that `/dev/mail` shows; only a demo has one.
    pub mailbox: Option<PathBuf>,
    /// What every process does for itself: what it holds in memory, and what it has to hand on.
    own_tasks: Vec<Arc<dyn Task>>,
    tasks: Vec<Arc<dyn Task>>,
}

/// Which parts of the work this process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duties {
    /// Answers HTTP.
    pub api: bool,
    /// Does background work.
    pub worker: bool,
}

impl App {
    /// Constructs everything; touches the database file but no server.
    ///
    /// # Errors
    /// One line that says what is wrong with the settings or the machine.
    pub fn build(settings: Settings, clock: SharedClock) -> Result<Self> {
        let url = DatabaseUrl::parse(&settings.database.url).map_err(|error| Error::internal(format!("database.url: {error}")))?;
        let secret = secret(&settings)?;
        let db = Db::open(url, settings.database.connections)?.with_patience(Duration::from_millis(settings.database.patience));
        let passwords = Passwords::new(&settings.auth)?;
        let tokens = Arc::new(Tokens::new(&secret, &settings.auth.previous_secrets, settings.auth.access_minutes)?);
        let audit = Audit::new(db.clone(), clock.clone());
        let notifications = notifications(&settings, &db, &clock, &tokens)?;
        let mail = notifications.nudge();
        let sessions = Arc::new(SessionCache::new(PEOPLE_HELD));
        let rates = Arc::new(rates(&settings));
        let index = Arc::new(MatchIndex::new(rules(&settings, &rates)?));
        let cards = Arc::new(CardCache::default());
        let listeners = Arc::new(Listeners::default());
        let followers: Vec<Arc<dyn Follower>> = vec![sessions.clone(), index.clone(), cards.clone(), listeners.clone()];
        let feed = Feed::new(db.clone(), clock.clone(), followers, TimeDelta::minutes(settings.database.changes_kept_minutes));
        let live = LiveSessions { cache: sessions, feed: feed.clone() };
        let seals = Arc::new(Seals::new("second factor", &secret, &settings.auth.previous_secrets)?);
        let secrets = Secrets { passwords, tokens: tokens.clone(), seals, providers: Arc::new(Providers::new(&settings)?) };
        let accounts = Accounts::new(db.clone(), clock.clone(), secrets, &settings, live, mail);
        let skills = Arc::new(Skills::new(db.clone(), clock.clone()));
        let cards = LiveCards { cache: cards, feed: feed.clone() };
        let developers = Arc::new(Developers::new(db.clone(), clock.clone(), skills.clone(), rates.clone(), cards));
        // Wakes whoever follows what can be matched; the database's rows say what has changed.
        let changed = Nudge::default();
        let vetting = Vetting::new(db.clone(), clock.clone(), settings.vetting.clone(), notifications.nudge(), changed.clone());
        let jobs = Jobs::new(db.clone(), clock.clone(), skills.clone(), rates.clone(), settings.limits.clone(), changed.clone());
        let invitations = Invitations::new(db.clone(), clock.clone(), &settings.invitations, &settings.limits, notifications.nudge());
        let match_runs = Arc::new(MatchRuns::new(db.clone(), clock.clone()));
        let matching = Arc::new(Matching::new(db.clone(), clock.clone(), skills.clone(), feed.clone(), index.clone(), match_runs.clone()));
        let fitness = Arc::new(Fitness::new(db.clone(), clock.clone(), feed.clone(), index.clone()));
        let own_matches = Arc::new(OwnMatches::new(db.clone(), clock.clone(), fitness.clone()));
        let fits = Fits::new(db.clone(), clock.clone(), fitness, index, notifications.nudge());
        let mail = notifications.nudge();
        let trials = Trials::new(db.clone(), clock.clone(), &settings.trials, (*rates).clone(), &settings.limits, mail, changed.clone());
        let days = settings.trials.reminders.check_in.clone();
        let check_ins = CheckInRoom::new(db.clone(), clock.clone(), trials.clone(), days, notifications.nudge());
        let reviews = Reviews::new(db.clone(), clock.clone(), trials.clone(), settings.trials.review_blind_days, changed);
        let answer_days = settings.trials.timesheet_answer_days;
        let timesheets = Timesheets::new(db.clone(), clock.clone(), trials.clone(), answer_days, notifications.nudge());
        let suspensions = Suspensions::new(db.clone(), clock.clone(), trials.clone());
        let (people, rules, mail) = (accounts.clone(), settings.privacy.clone(), notifications.nudge());
        let privacy = PrivacyRoom::new(db.clone(), clock.clone(), people, suspensions.clone(), tokens, rules, mail);
        let statistics = StatisticsRoom::new(db.clone(), clock.clone());
        let seals = Seals::new("webhook", &secret, &settings.auth.previous_secrets)?;
        let (hooks, limits, mail) = (&settings.webhooks, &settings.limits, notifications.nudge());
        let webhooks = Webhooks::new(db.clone(), clock.clone(), seals, hooks, limits, mail)?;
        let (follow, keep) = (FeedTask(feed.clone()), RunKeeper(match_runs.clone()));
        let (gauges, outbox) = (Gauges::new(db.clone(), clock.clone()), OutboxGauges::new(notifications.clone()));
        let own_tasks: Vec<Arc<dyn Task>> = vec![Arc::new(follow), Arc::new(keep), Arc::new(gauges), Arc::new(outbox)];
        let tasks: Vec<Arc<dyn Task>> = vec![
            Arc::new(Sealer::new(audit.clone(), clock.clone())),
            Arc::new(MatchNews::new(fits, match_runs.clone(), clock.clone())),
            Arc::new(InvitationClock(invitations.clone())),
            Arc::new(VettingClock(vetting.clone())),
            Arc::new(IdleDigest::new(vetting.clone())),
            Arc::new(TrialClock(trials.clone())),
            Arc::new(UndeliveredOffers(trials.clone())),
            Arc::new(ReviewClock(reviews.clone())),
            Arc::new(TimesheetClock(timesheets.clone())),
            Arc::new(Courier::new(webhooks.clone(), clock.clone())),
            Arc::new(Mailroom::new(notifications.clone(), clock.clone())),
            Arc::new(Housekeeping::new(accounts.clone())),
            Arc::new(Keeper::new(privacy.clone(), clock.clone())),
            Arc::new(RollUp::new(statistics.clone())),
        ];
        Ok(Self {
            audit,
            calendar_feeds: CalendarFeeds::new(db.clone(), clock.clone(), trials.clone(), &settings.server.public_url),
            check_ins,
            hand_overs: HandOvers::new(db.clone(), clock.clone(), trials.clone()),
            reviews,
            timesheets,
            reports: Reports::new(db.clone(), clock.clone(), &settings.limits),
            statistics,
            suspensions,
            webhooks,
            streams: Streams::new(db.clone(), clock.clone(), listeners, &settings.events),
            privacy,
            clock,
            settings,
            db,
            feed,
            notifications,
            accounts,
            skills,
            developers,
            vetting,
            jobs,
            invitations,
            trials,
            matching,
            own_matches,
            match_runs,
            rates,
            mailbox: None,
            own_tasks,
            tasks,
        })
    }

    /// The background work of a process that does all of it.
    pub fn tasks(&self) -> Vec<Arc<dyn Task>> {
        self.duties(true)
    }

    /// What a process does for itself, and for a worker the work of the house as well.
    fn duties(&self, worker: bool) -> Vec<Arc<dyn Task>> {
        self.own_tasks.iter().chain(self.tasks.iter().filter(|_| worker)).cloned().collect()
    }

    /// Brings the schema up to date where this process may: always on SQLite, on PostgreSQL only when `migrate` says so.
    ///
    /// # Errors
    /// When the database may lose what it has acknowledged, the schema is behind and may not be changed, or a migration fails.
    pub async fn prepare(&self, migrate: bool) -> Result<()> {
        self.db.read(durability::check).await?;
        let may = migrate || self.db.url().is_sqlite();
        let behind = self.db.read(move |conn| if may { migrate::run(conn).map(|_| Vec::new()) } else { migrate::pending(conn) }).await?;
        if behind.is_empty() {
            self.skills.install().await?;
            return Ok(());
        }
        Err(Error::internal(format!("the schema is behind by {}: run `guildhall migrate`, or start with --migrate", behind.join(", "))))
    }

    /// Serves and works until SIGTERM or SIGINT; then says no to `/readyz`, stops accepting, finishes what is in flight, and returns.
    ///
    /// # Errors
    /// When it cannot start.
    pub async fn run_until_stopped(self, duties: Duties, metrics: Option<PrometheusHandle>) -> Result<()> {
        let listener = if duties.api { Some(server::listen(self.settings.server.listen)?) } else { None };
        self.run_on(listener, duties.worker, metrics).await
    }

    /// The same on a socket that listens already; without one there is no API.
    ///
    /// # Errors
    /// When it cannot start.
    pub async fn run_on(self, listener: Option<TcpListener>, worker: bool, metrics: Option<PrometheusHandle>) -> Result<()> {
        let (stop, stopping) = watch::channel(false);
        let readiness = Readiness::new(self.db.clone(), self.feed.clone());
        let mut servers = Vec::new();
        if let Some(listener) = listener {
            servers.push(server::start(&self, listener, readiness.clone(), metrics.clone())?);
        }
        if let Some(handle) = metrics.filter(|_| !self.settings.server.metrics_listen.is_empty()) {
            servers.push(server::start_metrics(&self.settings.server.metrics_listen, handle)?);
        }
        let handles: Vec<_> = servers.iter().map(actix_web::dev::Server::handle).collect();
        for server in servers {
            tokio::spawn(server);
        }
        let work = tokio::spawn(driver::run(self.duties(worker), stopping));
        asked_to_stop().await?;
        tracing::info!("stopping: requests in flight are finished first");
        readiness.drain();
        let streams = self.streams.clone();
        stop.send_replace(true);
        tokio::time::sleep(NOTICE).await;
        streams.close();
        join_all(handles.iter().map(|handle| handle.stop(true))).await;
        // What is left then, such as a mail server that stalls, is taken over when its lease ends.
        match tokio::time::timeout(LAST_WORK, work).await {
            Ok(done) => done.map_err(Error::internal)?,
            Err(_) => tracing::warn!("background work was not finished in time; its leases will end"),
        }
        tracing::info!("stopped");
        Ok(())
    }
}

/// The configured rates, in millionths of a US dollar.
fn rates(settings: &Settings) -> Rates {
    #[expect(clippy::cast_possible_truncation, reason = "the settings' check keeps rates below a million")]
    let micros = |rate: f64| (rate * 1_000_000.0).round() as i64;
    Rates::new(settings.money.rates.iter().filter_map(|(code, rate)| Some((Currency::parse(&code.to_uppercase())?, micros(*rate)))))
}

/// The score's weights and numbers as configured.
fn rules(settings: &Settings, rates: &Rates) -> Result<Rules> {
    let weights = settings.matching.weights.iter().map(|(name, weight)| (name.as_str(), *weight));
    let days = |days: i64| u32::try_from(days).unwrap_or_default();
    Ok(Rules {
        weights: Weights::new(weights)?,
        neutral: settings.matching.neutral,
        trial_days: days(settings.trials.trial_days),
        grace_days: days(settings.trials.grace_days),
        rates: rates.clone(),
        scoring_version: settings.matching.scoring_version.clone(),
        ..Rules::default()
    })
}

fn notifications(settings: &Settings, db: &Db, clock: &SharedClock, tokens: &Arc<Tokens>) -> Result<Notifications> {
    let mail = MailSettings::from(&settings.mail);
    let server = &settings.server;
    let base = if server.frontend_url.is_empty() { &server.public_url } else { &server.frontend_url };
    let links = Links { base: base.trim_end_matches('/').to_owned() };
    let (for_codes, for_links, for_reading) = (tokens.clone(), tokens.clone(), tokens.clone());
    let codes: TokenMaker = Arc::new(move |id| for_codes.mail_code(*id));
    let own = server.public_url.trim_end_matches('/').to_owned();
    let one_click = OneClick {
        address: Arc::new(move |user, kind| format!("{own}/unsubscribe?token={}", for_links.unsubscribe(user, kind.as_str()))),
        read: Arc::new(move |code| for_reading.unsubscribed(code)),
    };
    Notifications::new(db.clone(), clock.clone(), &mail, links, codes, one_click).map_err(|error| Error::internal(format!("mail: {error}")))
}

async fn asked_to_stop() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::internal)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::internal)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
