//! The index: the engine and the open requests in memory, kept true by the log of changes.
//!
//! Whoever asks reads under a shared lock; one writer at a time reads what has changed from the database and takes the
//! lock for the changes in memory only. A load and a rebuild make everything beside and swap.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant as Moment;

use chrono::NaiveDate;

use crate::db::Conn;
use crate::db::changes::{Change, ChangeKind};
use crate::db::feed::Follower;
use crate::db::pool::Db;
use crate::jobs::domain::JobRequest;
use crate::jobs::process::JobRequestState;
use crate::jobs::store as job_store;
use crate::jobs::store::Filter;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{DeveloperId, JobRequestId, OrganizationId};
use crate::matching::cards::{Cards, Shown};
use crate::matching::domain::{Candidate, Request};
use crate::matching::engine::Engine;
use crate::matching::invited::Invited;
use crate::matching::percolation::Percolator;
use crate::matching::requests::request;
use crate::matching::rules::{Rules, Substitutes};
use crate::matching::store;
use crate::matching::store::{CHUNK, Scope};
use crate::scheduler::Nudge;
use crate::skills::store as skill_store;

/// How many new fits wait at most; more are dropped, and counted.
const MOST_NEW_FITS: usize = 10_000;
/// How many plans of open requests are made again at a time: some milliseconds.
const RENEWED_AT_ONCE: usize = 500;
/// How many open requests are read at once.
const REQUESTS_AT_ONCE: i64 = 500;

/// A developer who has come to fit an open request: by being vetted, or by a change of the developer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NewFit {
    /// Who.
    pub developer: DeveloperId,
    /// Which request.
    pub job_request: JobRequestId,
}

/// What is in memory at one moment.
pub struct Live {
    /// All vetted developers.
    pub engine: Engine,
    /// All open requests.
    pub percolator: Percolator,
    /// The configured rules, with the catalogue's substitutes.
    pub rules: Arc<Rules>,
    /// Who accepted an invitation to what.
    pub invited: Invited,
    /// Grows whenever any of the above changes; begins anew with the process.
    pub version: u64,
    /// The version of each open request.
    versions: HashMap<JobRequestId, i64>,
}

/// The index, shared by everything that matches.
pub struct MatchIndex {
    configured: Rules,
    live: RwLock<Live>,
    /// Held by whoever loads or applies, from the first read to the last change: what was read first never overwrites
    /// what was read later.
    turn: Mutex<()>,
    new_fits: Mutex<Vec<NewFit>>,
    fitted: Nudge,
    cards: Cards,
}

impl MatchIndex {
    /// An empty index under the configured rules; the substitutes come from the catalogue with every load.
    pub fn new(configured: Rules) -> Self {
        let rules = Arc::new(configured.clone());
        let (engine, percolator, invited) = (Engine::new(rules.clone()), Percolator::default(), Invited::default());
        let live = Live { engine, percolator, rules, invited, version: 0, versions: HashMap::new() };
        Self {
            configured,
            live: RwLock::new(live),
            turn: Mutex::default(),
            new_fits: Mutex::default(),
            fitted: Nudge::default(),
            cards: Cards::default(),
        }
    }

    /// What is in memory, for questions of microseconds: nothing changes while this is held, so never hold it across an
    /// await or a read of the database.
    pub fn live(&self) -> RwLockReadGuard<'_, Live> {
        self.live.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// An open request with its organisation and its version.
    pub fn open_request(&self, id: JobRequestId) -> Option<(OrganizationId, Arc<Request>, i64)> {
        let live = self.live();
        let (organization, request) = live.percolator.get(id)?;
        Some((organization, request.clone(), live.versions.get(&id).copied().unwrap_or_default()))
    }

    /// The open requests that a developer fits, newest first; none for somebody who is not matchable.
    pub fn fits(&self, developer: DeveloperId) -> Vec<JobRequestId> {
        let live = self.live();
        live.percolator.fits(&live.engine, developer)
    }

    /// Takes out the new fits that wait, oldest first. What fitted when the index was loaded is none.
    pub fn take_new_fits(&self) -> Vec<NewFit> {
        std::mem::take(&mut *held(&self.new_fits))
    }

    /// Wakes whoever takes out new fits.
    pub fn fitted(&self) -> Nudge {
        self.fitted.clone()
    }

    /// What is shown of `ids`, in their order, as of `now`; those who are not matchable any more are left out. From memory,
    /// or from one visit to the database.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn shown(&self, db: &Db, ids: &[DeveloperId], now: Instant) -> Result<Vec<Arc<Shown>>> {
        self.cards.of(db, ids, now).await
    }

    /// Reads developers again before the log tells: for whoever has seen that they have changed.
    ///
    /// # Errors
    /// As [`Follower::apply`].
    pub fn read_again(&self, conn: &mut Conn, ids: &[DeveloperId], now: Instant) -> Result<()> {
        let change = |id: &DeveloperId| Change { kind: ChangeKind::Developer, subject: id.to_string() };
        self.apply(conn, &ids.iter().map(change).collect::<Vec<_>>(), now)
    }

    fn change(&self) -> RwLockWriteGuard<'_, Live> {
        self.live.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The configured rules with the catalogue's substitutes.
    fn rules(&self, conn: &mut Conn) -> Result<Arc<Rules>> {
        let substitutes = Substitutes::curated(&skill_store::load_catalogue(conn)?);
        Ok(Arc::new(Rules { substitutes, ..self.configured.clone() }))
    }

    /// What concerns requests, organisations and rules; developers come after it, so that a request that was opened in the
    /// same batch finds nobody new.
    fn apply_asking(&self, asking: Asking) {
        if asking.is_empty() {
            return;
        }
        let mut live = self.change();
        let Live { engine, percolator, rules, version, versions, .. } = &mut *live;
        if let Some(new) = asking.rules {
            engine.set_rules(new.clone());
            percolator.register_anew(engine);
            *rules = new;
        }
        for (organization, blocked) in asking.blocked {
            engine.block(organization, blocked);
        }
        for id in asking.closed {
            percolator.remove(id);
            versions.remove(&id);
        }
        for job in asking.open {
            versions.insert(job.id, job.version);
            register(percolator, engine, job);
        }
        *version += 1;
    }

    /// Puts those who are matchable, removes the others, and notes who fits what they did not fit before.
    fn apply_developers(&self, ids: &BTreeSet<DeveloperId>, candidates: &[Candidate], today: NaiveDate) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let before: HashSet<NewFit> = self.fits_of(candidates).collect();
        {
            let mut live = self.change();
            let found: BTreeSet<DeveloperId> = candidates.iter().map(|candidate| candidate.developer_id).collect();
            for id in ids.difference(&found) {
                live.engine.remove(*id);
                live.invited.set(*id, &[]);
            }
            for candidate in candidates {
                live.invited.set(candidate.developer_id, &candidate.accepted_invitations);
                live.engine.put(candidate, today).map_err(refused)?;
            }
            let Live { engine, percolator, .. } = &mut *live;
            percolator.renew(engine, RENEWED_AT_ONCE);
            live.version += 1;
        }
        self.note(self.fits_of(candidates).filter(|fit| !before.contains(fit)).collect());
        Ok(())
    }

    fn fits_of<'a>(&'a self, candidates: &'a [Candidate]) -> impl Iterator<Item = NewFit> + 'a {
        let ids = candidates.iter().map(|candidate| candidate.developer_id);
        ids.flat_map(move |developer| self.fits(developer).into_iter().map(move |job_request| NewFit { developer, job_request }))
    }

    fn note(&self, fits: Vec<NewFit>) {
        if fits.is_empty() {
            return;
        }
        let mut waiting = held(&self.new_fits);
        let room = MOST_NEW_FITS.saturating_sub(waiting.len());
        let dropped = u64::try_from(fits.len().saturating_sub(room)).unwrap_or(u64::MAX);
        metrics::counter!("guildhall_match_index_new_fits_dropped_total").increment(dropped);
        waiting.extend(fits.into_iter().take(room));
        self.fitted.wake();
    }

    /// Puts a compact copy in the place of an engine in which too much is dead.
    fn rebuild(&self) -> Result<()> {
        let begun = Moment::now();
        let rebuilt = {
            let live = self.live();
            if !live.engine.wants_rebuild() {
                return Ok(());
            }
            live.engine.rebuilt().map_err(refused)?
        };
        // What was there goes after the lock.
        let before = std::mem::replace(&mut self.change().engine, rebuilt);
        drop(before);
        metrics::histogram!("guildhall_match_index_rebuild_seconds").record(begun.elapsed().as_secs_f64());
        Ok(())
    }

    fn measure(&self) {
        let live = self.live();
        #[expect(clippy::cast_precision_loss, reason = "shown to people")]
        let number = |count: usize| count as f64;
        metrics::gauge!("guildhall_match_index_developers").set(number(live.engine.len()));
        metrics::gauge!("guildhall_match_index_dead").set(number(live.engine.dead()));
        metrics::gauge!("guildhall_match_index_bytes").set(number(live.engine.memory_bytes()));
        metrics::gauge!("guildhall_match_index_open_requests").set(number(live.percolator.len()));
    }
}

impl Follower for MatchIndex {
    fn load(&self, conn: &mut Conn, now: Instant) -> Result<()> {
        let (begun, _turn) = (Moment::now(), held(&self.turn));
        let rules = self.rules(conn)?;
        let (mut engine, invited) = everybody(conn, &rules, now)?;
        for (organization, blocked) in store::blocked(conn, None)? {
            engine.block(organization, blocked);
        }
        let (percolator, versions) = open_requests(conn, &engine)?;
        self.cards.clear();
        let before = {
            let mut live = self.change();
            let version = live.version + 1;
            std::mem::replace(&mut *live, Live { engine, percolator, rules, invited, version, versions })
        };
        drop(before);
        metrics::histogram!("guildhall_match_index_load_seconds").record(begun.elapsed().as_secs_f64());
        self.measure();
        Ok(())
    }

    fn apply(&self, conn: &mut Conn, changes: &[Change], now: Instant) -> Result<()> {
        let _turn = held(&self.turn);
        let mut developers: BTreeSet<DeveloperId> = subjects(changes, ChangeKind::Developer);
        developers.extend(self.live().engine.overdue(now));
        let mut asking = Asking::read(conn, changes)?;
        if changes.iter().any(|change| change.kind == ChangeKind::Skills) {
            asking.rules = Some(self.rules(conn)?);
        }
        // Before the engine changes: what is read and kept from here on is as new as what the engine gets.
        self.cards.forget(&developers);
        self.apply_asking(asking);
        let ids: Vec<DeveloperId> = developers.iter().copied().collect();
        let mut candidates = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(CHUNK) {
            candidates.extend(store::candidates(conn, Scope::Ids(chunk), now)?);
        }
        self.apply_developers(&developers, &candidates, now.date())?;
        self.rebuild()?;
        self.measure();
        Ok(())
    }

    fn due(&self) -> Option<Instant> {
        self.live().engine.due()
    }
}

/// What has changed on the side of those who ask.
#[derive(Default)]
struct Asking {
    rules: Option<Arc<Rules>>,
    blocked: Vec<(OrganizationId, Vec<DeveloperId>)>,
    open: Vec<JobRequest>,
    closed: Vec<JobRequestId>,
}

impl Asking {
    fn read(conn: &mut Conn, changes: &[Change]) -> Result<Self> {
        let mut asking = Self::default();
        let organizations: Vec<OrganizationId> = subjects(changes, ChangeKind::Blocks).into_iter().collect();
        for chunk in organizations.chunks(CHUNK) {
            let mut blocked = store::blocked(conn, Some(chunk))?;
            asking.blocked.extend(chunk.iter().map(|id| (*id, blocked.remove(id).unwrap_or_default())));
        }
        let ids: Vec<JobRequestId> = subjects(changes, ChangeKind::JobRequest).into_iter().collect();
        for chunk in ids.chunks(CHUNK) {
            let open = job_store::find(conn, chunk)?.into_iter().filter(|job| job.state == JobRequestState::Open);
            asking.open.extend(open);
        }
        let open: HashSet<JobRequestId> = asking.open.iter().map(|job| job.id).collect();
        asking.closed = ids.into_iter().filter(|id| !open.contains(id)).collect();
        Ok(asking)
    }

    fn is_empty(&self) -> bool {
        self.rules.is_none() && self.blocked.is_empty() && self.open.is_empty() && self.closed.is_empty()
    }
}

/// The changed things of one kind, each once.
fn subjects<Id: FromStr + Ord>(changes: &[Change], kind: ChangeKind) -> BTreeSet<Id> {
    let of_kind = changes.iter().filter(|change| change.kind == kind);
    let parsed = of_kind.filter_map(|change| {
        let id = change.subject.parse().ok();
        if id.is_none() {
            tracing::error!(?change, "the log of changes names something that is no id of its kind");
        }
        id
    });
    parsed.collect()
}

/// All matchable developers, chunk by chunk into the engine.
fn everybody(conn: &mut Conn, rules: &Arc<Rules>, now: Instant) -> Result<(Engine, Invited)> {
    let (mut after, mut failed, mut invited) = (None, None, Invited::default());
    let chunks = std::iter::from_fn(|| {
        let chunk = store::candidates(conn, Scope::After(after), now).map_err(|error| failed = Some(error)).ok()?;
        after = Some(chunk.last()?.developer_id);
        chunk.iter().for_each(|candidate| invited.set(candidate.developer_id, &candidate.accepted_invitations));
        Some(chunk)
    });
    let built = Engine::build(rules.clone(), chunks.flatten(), now.date());
    match failed {
        Some(error) => Err(error),
        None => Ok((built.map_err(refused)?, invited)),
    }
}

fn open_requests(conn: &mut Conn, engine: &Engine) -> Result<(Percolator, HashMap<JobRequestId, i64>)> {
    let (mut percolator, mut versions) = (Percolator::default(), HashMap::new());
    let mut filter = Filter { state: Some(JobRequestState::Open), ..Filter::default() };
    loop {
        let page = job_store::list(conn, filter, REQUESTS_AT_ONCE)?;
        let Some(last) = page.last() else { return Ok((percolator, versions)) };
        filter.before = Some(last.id);
        for job in page {
            versions.insert(job.id, job.version);
            register(&mut percolator, engine, job);
        }
    }
}

fn register(percolator: &mut Percolator, engine: &Engine, job: JobRequest) {
    percolator.put(job.id, job.organization, request(Some(job.id), job.fields), engine);
}

/// A limit of the engine is reached: nobody must overlook that.
fn refused(error: Error) -> Error {
    tracing::error!(%error, "the match index cannot take in all developers");
    metrics::counter!("guildhall_match_index_refused_total").increment(1);
    error
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
