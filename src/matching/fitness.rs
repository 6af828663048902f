//! Who fits what, as of now: the questions of digests and of developers to the index.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::db::feed::Feed;
use crate::db::pool::Db;
use crate::jobs::domain::JobRequest;
use crate::kernel::clock::SharedClock;
use crate::kernel::error::Result;
use crate::kernel::ids::{DeveloperId, JobRequestId};
use crate::matching::domain::{Candidate, Request};
use crate::matching::engine_ask::Ask;
use crate::matching::index::MatchIndex;
use crate::matching::ranking::lot;
use crate::matching::ratio::Points;
use crate::matching::requests::request;
use crate::matching::rules::{Question, Rules};
use crate::matching::score::Score;

/// Answers who fits what.
pub struct Fitness {
    db: Db,
    clock: SharedClock,
    feed: Feed,
    index: Arc<MatchIndex>,
}

impl Fitness {
    /// Over the index, which `feed` keeps true.
    pub fn new(db: Db, clock: SharedClock, feed: Feed, index: Arc<MatchIndex>) -> Self {
        Self { db, clock, feed, index }
    }

    /// Waits until the index is as the database is.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn up_to_date(&self) -> Result<()> {
        self.feed.fresh().await
    }

    /// The rules as they are now.
    pub fn rules(&self) -> Arc<Rules> {
        self.index.live().rules.clone()
    }

    /// The best for a request, at most `limit`.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn best(&self, job: &JobRequest, limit: usize) -> Result<Vec<DeveloperId>> {
        self.up_to_date().await?;
        let (request, today) = (asked(job), self.clock.now().date());
        let live = self.index.live();
        let ask = Ask {
            request: &request,
            organization: Some(job.organization),
            invited: &live.invited.to(request.id),
            today,
            limit,
            min_score: Points::default(),
            gates: false,
            facets: false,
        };
        Ok(live.engine.find(&ask).best.into_iter().map(|best| best.developer).collect())
    }

    /// Those of `ids` who fit a request, the best first.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn among(&self, job: &JobRequest, ids: &[DeveloperId]) -> Result<Vec<Candidate>> {
        self.up_to_date().await?;
        let (request, now) = (asked(job), self.clock.now());
        let fitting: Vec<DeveloperId> = {
            let live = self.index.live();
            let plan = live.engine.plan(&request);
            let fits = |id: &&DeveloperId| live.engine.member(**id).is_some_and(|member| member.passes(&plan, Some(job.organization)));
            ids.iter().filter(fits).copied().collect()
        };
        let rules = self.rules();
        let question = Question::new(&request, &rules, now.date());
        let shown = self.index.shown(&self.db, &fitting, now).await?;
        let mut candidates: Vec<Candidate> = shown.iter().map(|each| each.candidate.clone()).collect();
        candidates.sort_by_cached_key(|each| (Reverse(Score::of(&question, each).total()), lot(request.id, each.developer_id)));
        Ok(candidates)
    }

    /// The open requests that a developer fits, newest first.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn requests(&self, developer: DeveloperId) -> Result<Vec<JobRequestId>> {
        self.up_to_date().await?;
        Ok(self.index.fits(developer))
    }

    /// A developer as the matcher sees one; nothing for somebody who cannot be matched.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn candidate(&self, developer: DeveloperId) -> Result<Option<Candidate>> {
        self.up_to_date().await?;
        let shown = self.index.shown(&self.db, &[developer], self.clock.now()).await?;
        Ok(shown.first().map(|shown| shown.candidate.clone()))
    }
}

/// What a job request asks of developers.
pub fn asked(job: &JobRequest) -> Request {
    request(Some(job.id), job.fields.clone())
}
