//! News of matching: who has come to fit which open request is recorded, and told in digests, at most one a day.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;

use crate::accounts::domain::AccountStatus;
use crate::accounts::store as accounts;
use crate::db::Conn;
use crate::db::pool::Db;
use crate::db::timers;
use crate::db::timers::Due;
use crate::developers::store as developers;
use crate::jobs::domain::JobRequest;
use crate::jobs::process::JobRequestState;
use crate::jobs::store as jobs;
use crate::kernel::clock::{Instant, SharedClock};
use crate::kernel::error::{Code, Error, Result};
use crate::kernel::ids::{DeveloperId, JobRequestId};
use crate::kernel::words::Word as _;
use crate::kernel::zone::TimeZone;
use crate::matching::digest::{demands, is_morning, next_morning};
use crate::matching::domain::Candidate;
use crate::matching::fitness::Fitness;
use crate::matching::fits_store as store;
use crate::matching::index::MatchIndex;
use crate::notifications::domain::Letter;
use crate::notifications::outbox::NewMail;
use crate::notifications::preferences_store;
use crate::notifications::recipient::Recipient;
use crate::notifications::store::enqueue;
use crate::notifications::summaries::DeveloperLine;
use crate::scheduler::Nudge;

/// The room of our timers.
const ROOM: &str = "matching";
/// Their only step; the subject is a job request, whose client is told, or a developer, who is.
const STEP: &str = "digest";
/// The most fits of one transaction.
const BATCH: usize = 100;
/// How many of those who fit a request when it opens are recorded, the best.
const AT_OPENING: usize = 200;
/// A change that commits late is still seen: what changed so long before the last look is looked at again.
const OVERLAP: TimeDelta = TimeDelta::minutes(2);
/// How many a digest names.
const NAMED: usize = 10;
/// A digest that could not be sent for so long is not sent: the next one is due soon.
const USEFUL: TimeDelta = TimeDelta::hours(20);

/// A developer and a request that the developer has come to fit.
pub type Fit = (JobRequestId, DeveloperId);

/// Records fits and tells of them.
pub struct Fits {
    db: Db,
    clock: SharedClock,
    fitness: Arc<Fitness>,
    index: Arc<MatchIndex>,
    mail: Nudge,
    waiting: Mutex<Vec<Fit>>,
    looked_at: Mutex<Option<Instant>>,
}

impl Fits {
    /// News of `index`; `mail` wakes the mailer.
    pub fn new(db: Db, clock: SharedClock, fitness: Arc<Fitness>, index: Arc<MatchIndex>, mail: Nudge) -> Self {
        Self { db, clock, fitness, index, mail, waiting: Mutex::default(), looked_at: Mutex::default() }
    }

    /// What wakes whoever records.
    pub fn nudge(&self) -> Nudge {
        self.index.fitted()
    }

    /// Records who has come to fit what; what cannot be recorded waits for the next time.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn record(&self) -> Result<()> {
        self.fitness.up_to_date().await?;
        self.waiting().extend(self.index.take_new_fits().into_iter().map(|fit| (fit.job_request, fit.developer)));
        let now = self.clock.now();
        loop {
            let batch: Vec<Fit> = self.waiting().iter().take(BATCH).copied().collect();
            if batch.is_empty() {
                return Ok(());
            }
            let count = batch.len();
            self.db.write(move |conn| record(conn, &batch, now)).await?;
            self.waiting().drain(..count);
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Fit>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records the first fits of requests that have opened, or that demand something else by now.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn follow_requests(&self) -> Result<()> {
        let now = self.clock.now();
        let looked_at = *self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        let since = looked_at.map_or(Instant::from_micros(0), |at| at.minus(OVERLAP));
        for (id, state, recorded) in self.db.read(move |conn| store::changed_since(conn, since)).await? {
            let open = state == JobRequestState::Open.as_str();
            if open {
                self.follow_open(id, recorded).await?;
            } else if recorded.is_some() {
                self.db.write(move |conn| store::close(conn, id)).await?;
            }
        }
        *self.looked_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        Ok(())
    }

    async fn follow_open(&self, id: JobRequestId, recorded: Option<String>) -> Result<()> {
        let job = self.db.read(move |conn| jobs::get(conn, id)).await?;
        let demanded = demands(&job.fields);
        if recorded.as_ref() == Some(&demanded) {
            return Ok(());
        }
        let (best, now) = (self.fitness.best(&job, AT_OPENING).await?, self.clock.now());
        self.db.write(move |conn| open(conn, id, &demanded, &best, now)).await
    }

    /// Sends the digests that are due, at most `limit`, and says how many timers rang. One that fails is tried again half a
    /// minute later, and holds up no other.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn send_digests(&self, limit: i64) -> Result<usize> {
        let now = self.clock.now();
        let mut rung = 0;
        for timer in self.db.write(move |conn| timers::claim(conn, ROOM, now, limit)).await? {
            match self.ring(timer.clone(), now).await {
                Ok(()) => rung += 1,
                Err(error) => tracing::error!(%error, subject = timer.subject, "a digest failed; it will be tried again"),
            }
        }
        if rung > 0 {
            self.mail.wake();
        }
        Ok(rung)
    }

    async fn ring(&self, timer: Due, now: Instant) -> Result<()> {
        let digest = match (timer.subject.parse(), timer.subject.parse()) {
            (Ok(request), _) => self.for_client(request).await,
            (_, Ok(developer)) => self.for_developer(developer).await,
            _ => return Err(Error::internal(format!("a digest for `{}`", timer.subject))),
        };
        let digest = match digest {
            Err(error) if error.code == Code::NotFound => None,
            other => other?,
        };
        self.db.write(move |conn| send(conn, &timer, digest.as_ref(), now)).await
    }

    /// Who fits a request that its client does not know of; nothing where there is nobody to tell.
    async fn for_client(&self, request: JobRequestId) -> Result<Option<Digest>> {
        let (job, to, untold) = self
            .db
            .read(move |conn| {
                let job = jobs::get(conn, request)?;
                let to = writer(conn, &job)?;
                Ok((job, to, store::untold_to_client(conn, request)?))
            })
            .await?;
        let Some(to) = to.filter(|_| job.state == JobRequestState::Open) else { return Ok(None) };
        let fitting = self.fitness.among(&job, &untold).await?;
        let told = Told::Client(request, fitting.iter().map(|each| each.developer_id).collect());
        let developers = fitting.iter().take(NAMED).map(named).collect();
        let letter = Letter::NewMatches { job_request_id: request, title: job.fields.title, count: fitting.len(), developers };
        Ok(Some(Digest { to, told, letter }))
    }

    /// Which open requests fit a developer who does not know of them; nothing where there is nobody to tell.
    async fn for_developer(&self, developer: DeveloperId) -> Result<Option<Digest>> {
        let mut fitting = self.fitness.requests(developer).await?;
        self.db
            .read(move |conn| {
                let owner = developers::owner(conn, developer)?;
                if !owner.active {
                    return Ok(None);
                }
                let (to, untold) = (accounts::recipient(conn, owner.user_id)?, store::untold_to_developer(conn, developer)?);
                fitting.retain(|request| untold.contains(request));
                let newest = fitting.iter().take(NAMED).map(|request| jobs::get(conn, *request));
                let titles = newest.map(|job| Ok(job?.fields.title)).collect::<Result<_>>()?;
                let letter = Letter::FittingRequests { count: fitting.len(), titles };
                Ok(Some(Digest { to, told: Told::Developer(developer, fitting), letter }))
            })
            .await
    }
}

/// A digest as it would be sent now.
struct Digest {
    to: Recipient,
    told: Told,
    letter: Letter,
}

/// Whom a digest tells of whom or what.
enum Told {
    Client(JobRequestId, Vec<DeveloperId>),
    Developer(DeveloperId, Vec<JobRequestId>),
}

impl Told {
    fn is_nothing(&self) -> bool {
        match self {
            Self::Client(_, developers) => developers.is_empty(),
            Self::Developer(_, requests) => requests.is_empty(),
        }
    }

    fn note(&self, conn: &mut Conn, now: Instant) -> Result<()> {
        match self {
            Self::Client(request, developers) => store::told_client(conn, *request, developers, now),
            Self::Developer(developer, requests) => store::told_developer(conn, *developer, requests, now),
        }
    }
}

fn named(developer: &Candidate) -> DeveloperLine {
    DeveloperLine { headline: developer.headline.clone(), seniority: developer.seniority.map(|seniority| seniority.as_str().to_owned()) }
}

/// Who wrote a request, if that person still acts for its organisation.
fn writer(conn: &mut Conn, job: &JobRequest) -> Result<Option<Recipient>> {
    let acts = accounts::membership(conn, job.created_by)?.is_some_and(|membership| membership.id == job.organization);
    let user = accounts::user(conn, job.created_by)?;
    Ok(Some(accounts::recipient_of(&user)).filter(|_| acts && user.status == AccountStatus::Active))
}

/// What those who have switched digests off do not hear of is told as well: they do not hear of it later either.
fn send(conn: &mut Conn, timer: &Due, digest: Option<&Digest>, now: Instant) -> Result<()> {
    if !timers::take(conn, timer)? {
        return Ok(());
    }
    let Some(Digest { to, told, letter }) = digest.filter(|digest| !digest.told.is_nothing()) else { return Ok(()) };
    if !is_morning(now, to.time_zone) {
        // The person has moved since this was planned.
        return timers::plan(conn, ROOM, &timer.subject, [(STEP, next_morning(now, to.time_zone))]);
    }
    told.note(conn, now)?;
    let on = match letter.optional() {
        Some(kind) => preferences_store::is_on(conn, &to.key, kind)?,
        None => true,
    };
    if on { enqueue(conn, now, &mail(timer, to, letter, now)) } else { Ok(()) }
}

/// The local date makes it one a day.
fn mail(timer: &Due, to: &Recipient, letter: &Letter, now: Instant) -> NewMail {
    NewMail::now(letter.clone(), &timer.subject, to.time_zone.date(now), to.clone()).later(now, now.plus(USEFUL))
}

fn record(conn: &mut Conn, batch: &[Fit], now: Instant) -> Result<()> {
    let fits = store::existing(conn, batch)?;
    for (request, developer) in &fits {
        store::insert(conn, *request, *developer, now, None)?;
    }
    let requests: Vec<JobRequestId> = fits.iter().map(|(request, _)| *request).collect();
    for (request, zone) in store::untold_requests_among(conn, &requests)? {
        plan(conn, &request.to_string(), zone, now)?;
    }
    plan_developers(conn, fits.iter().map(|(_, developer)| *developer).collect(), now)
}

/// The client sees on the page who fits at this moment; only who comes later is news. For the developers the request is.
fn open(conn: &mut Conn, request: JobRequestId, demanded: &str, best: &[DeveloperId], now: Instant) -> Result<()> {
    if !store::open(conn, request, demanded, now)? {
        return Ok(());
    }
    let best: Vec<Fit> = best.iter().map(|developer| (request, *developer)).collect();
    let fits = store::existing(conn, &best)?;
    for (request, developer) in &fits {
        store::insert(conn, *request, *developer, now, Some(now))?;
    }
    store::told_client_of_all(conn, request, now)?;
    plan_developers(conn, fits.iter().map(|(_, developer)| *developer).collect(), now)
}

fn plan_developers(conn: &mut Conn, developers: Vec<DeveloperId>, now: Instant) -> Result<()> {
    for (developer, zone) in store::untold_among(conn, &developers)? {
        plan(conn, &developer.to_string(), zone, now)?;
    }
    Ok(())
}

fn plan(conn: &mut Conn, subject: &str, zone: TimeZone, now: Instant) -> Result<()> {
    timers::plan_unless_planned(conn, ROOM, subject, STEP, next_morning(now, zone))
}
