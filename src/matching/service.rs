//! Matches for a saved request or a search, each with its whole reason, and the public search for developers.

use std::sync::Arc;

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::db::feed::Feed;
use crate::db::pool::Db;
use crate::jobs::draft::{JobRequestDraft, Rules as DraftRules};
use crate::jobs::store as job_store;
use crate::kernel::clock::SharedClock;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{DeveloperId, JobRequestId, OrganizationId};
use crate::kernel::page::cursor;
use crate::kernel::principal::Principal;
use crate::matching::cards::{Shown, ShownCard};
use crate::matching::domain::Request;
use crate::matching::engine_ask::{Ask, Found};
use crate::matching::explanation::Matches;
use crate::matching::facets::Facets;
use crate::matching::filters::Filters;
use crate::matching::index::{Live, MatchIndex};
use crate::matching::ratio::Points;
use crate::matching::requests::request;
use crate::matching::rules::Rules;
use crate::matching::runs::{MatchRuns, RunHead, RunOf};
use crate::matching::search;
use crate::matching::search::{Search, SearchPage};
use crate::matching::told::{Asked, Matched, Told};
use crate::skills::service::Skills;

/// How often an answer is made anew because a developer in it has changed meanwhile.
const ATTEMPTS: usize = 3;

/// Which part of the answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wanted {
    /// So many matches at most, 1 to 50.
    pub limit: usize,
    /// None below this score.
    pub min_score: Points,
    /// Whether the gates are counted.
    pub gates: bool,
    /// Whether facets are counted.
    pub facets: bool,
}

/// One page of the developers who fit a search, and facets of all of them. `Card` is what the reader may see of a developer.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundDevelopers<Card: ToSchema> {
    /// The newest profile first.
    pub data: Vec<Card>,
    /// Pass it as `cursor` to read on; null on the last page.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
    /// How many fit, on all pages.
    pub total: u64,
    /// What they have, to narrow the search by.
    pub facets: Facets,
}

/// The matching room.
pub struct Matching {
    db: Db,
    clock: SharedClock,
    skills: Arc<Skills>,
    feed: Feed,
    index: Arc<MatchIndex>,
    runs: Arc<MatchRuns>,
    matched: Matched,
}

/// What an answer is made from: all of one moment.
struct Moment<T> {
    found: T,
    rules: Arc<Rules>,
    shown: Vec<Arc<Shown>>,
    today: NaiveDate,
}

/// Developers of whom the database says by now something else than the index.
struct Stale(Vec<DeveloperId>);

impl Matching {
    /// Over the index, which `feed` keeps true; answers for saved requests are saved by `runs`.
    pub fn new(db: Db, clock: SharedClock, skills: Arc<Skills>, feed: Feed, index: Arc<MatchIndex>, runs: Arc<MatchRuns>) -> Self {
        Self { db, clock, skills, feed, index, runs, matched: Matched::default() }
    }

    /// The developers who fit a saved request of the client's organisation, best first.
    ///
    /// # Errors
    /// 403 for everybody but clients, 404 for another's request.
    pub async fn matches(&self, principal: Principal, id: JobRequestId, wanted: Wanted) -> Result<Matches<Told>> {
        let organization = principal.client()?;
        // No wait for the feed: whoever is signed in was looked up when it was fresh, since this request came in.
        let (request, request_version) = match self.index.open_request(id) {
            Some((owner, request, version)) if owner == organization => (request, version),
            Some(_) => return Err(Error::not_found()),
            None => {
                let saved = self.db.read(move |conn| job_store::find_for(conn, organization, id)).await?;
                (request(Some(id), saved.fields).into(), saved.version)
            }
        };
        let matches = self.answer(&request, Some(organization), wanted).await?;
        self.keep(RunOf { job_request: id, request_version, organization, asked_by: principal.user }, &matches);
        Ok(matches)
    }

    /// Hands an answer to whoever saves it, off the path of the request.
    fn keep(&self, of: RunOf, matches: &Matches<Told>) {
        let Matches { data, pool, gates, total, scoring_version, .. } = matches;
        let scored: Vec<_> = data.iter().map(|each| (each.developer(), each.score())).collect();
        let head = RunHead {
            of,
            scoring_version: scoring_version.clone(),
            day: self.clock.now().date(),
            index_version: self.index.live().version,
            pool: *pool,
            total: *total,
            gates: gates.clone(),
        };
        self.runs.record(head, &scored, || data.iter().map(|each| each.factors()).collect());
    }

    /// The same for a request that is not saved. A client's blocks hold here too.
    ///
    /// # Errors
    /// 422 with every fault of the request.
    pub async fn search(&self, viewer: Option<Principal>, body: Value, wanted: Wanted) -> Result<Matches<Told>> {
        let catalogue = self.skills.catalogue().await?;
        self.feed.fresh().await?;
        let rules = self.index.live().rules.clone();
        let rules = DraftRules { rates: &rules.rates, catalogue: &catalogue, now: self.clock.now(), current: None };
        let fields = JobRequestDraft(titled(body)).check(&rules)?;
        self.answer(&request(None, fields).into(), viewer.and_then(|viewer| viewer.organization), wanted).await
    }

    /// The developers who pass the filters that are set, newest profile first.
    ///
    /// # Errors
    /// 400 for a foreign cursor, 422 with every fault of the filters.
    pub async fn developers(&self, filters: Filters) -> Result<FoundDevelopers<ShownCard>> {
        let catalogue = self.skills.catalogue().await?;
        self.feed.fresh().await?;
        let rules = self.index.live().rules.clone();
        let search = filters.search(&catalogue, &rules.rates, self.clock.now())?;
        let find = |live: &Live, _| live.engine.search(&search);
        self.settled(find, |page| page.developers.clone(), |moment| page(&search, moment)).await
    }

    async fn answer(&self, request: &Arc<Request>, organization: Option<OrganizationId>, wanted: Wanted) -> Result<Matches<Told>> {
        let Wanted { limit, min_score, gates, facets } = wanted;
        let find = |live: &Live, today| {
            let invited = &live.invited.to(request.id);
            live.engine.answer(&Ask { request, organization, invited, today, limit, min_score, gates, facets })
        };
        let ids = |found: &Found| found.best.iter().map(|best| best.developer).collect();
        self.settled(find, ids, |moment| self.told(request, gates, moment)).await
    }

    /// Asks the index, looks at those it found, and makes the answer; where the database says by now something else of one
    /// of them (the log has not told yet), they are read again and everything is asked anew.
    async fn settled<T, A>(
        &self,
        find: impl Fn(&Live, NaiveDate) -> T,
        ids: impl Fn(&T) -> Vec<DeveloperId>,
        make: impl Fn(Moment<T>) -> Result<A, Stale>,
    ) -> Result<A> {
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let today = now.date();
            let (rules, found) = {
                let live = self.index.live();
                (live.rules.clone(), find(&live, today))
            };
            let shown = self.index.shown(&self.db, &ids(&found), now).await?;
            match make(Moment { found, rules, shown, today }) {
                Ok(answer) => return Ok(answer),
                Err(Stale(ids)) => {
                    let index = self.index.clone();
                    self.db.read(move |conn| index.read_again(conn, &ids, now)).await?;
                }
            }
        }
        Err(Error::unavailable("the developers found kept changing while the answer was made"))
    }

    /// The answer, or those whose score or gates are not any more what the index says.
    fn told(&self, request: &Arc<Request>, gates: bool, moment: Moment<Found>) -> Result<Matches<Told>, Stale> {
        let Moment { found, rules, shown, today } = moment;
        let scoring_version = rules.scoring_version.clone();
        let told = self.matched.of(&Asked { request: request.clone(), rules, today }, shown);
        let (mut data, mut stale, mut told) = (Vec::with_capacity(found.best.len()), Vec::new(), told.into_iter().flatten().peekable());
        for best in &found.best {
            match told.next_if(|each| each.developer() == best.developer).filter(|told| told.score() == best.score) {
                Some(told) => data.push(told),
                None => stale.push(best.developer),
            }
        }
        if !stale.is_empty() {
            return Err(Stale(stale));
        }
        let Found { tally, facets, .. } = found;
        Ok(Matches { data, pool: tally.pool, gates: gates.then(|| tally.gates()), total: tally.total, facets, scoring_version })
    }
}

/// The page, or those who do not pass any more.
fn page(search: &Search, moment: Moment<SearchPage>) -> Result<FoundDevelopers<ShownCard>, Stale> {
    let Moment { found, rules, shown, today } = moment;
    let still = search::search(search, shown.iter().map(|each| &each.candidate), &rules, today).developers;
    let SearchPage { developers, more, total, facets } = found;
    if still != developers {
        return Err(Stale(developers.into_iter().filter(|id| !still.contains(id)).collect()));
    }
    let next_cursor = developers.last().filter(|_| more).map(|id| cursor(&id.to_string()));
    Ok(FoundDevelopers { data: shown.into_iter().map(ShownCard).collect(), next_cursor, total, facets })
}

/// A search needs no title and no description; the rules for the rest are those of a saved request.
fn titled(mut body: Value) -> Value {
    if let Value::Object(fields) = &mut body {
        for name in ["title", "description"] {
            fields.entry(name).or_insert_with(|| json!("search"));
        }
    }
    body
}
