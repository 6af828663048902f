//! What developers ask of matching: which open requests fit, and why one does or does not.

use std::sync::Arc;

use crate::db::pool::Db;
use crate::developers::{access_store, card_store, store as developers};
use crate::jobs::domain::JobRequest;
use crate::jobs::process::JobRequestState;
use crate::jobs::store as jobs;
use crate::kernel::clock::SharedClock;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{DeveloperId, JobRequestId, UserId};
use crate::kernel::page::{Page, PageQuery};
use crate::kernel::principal::Principal;
use crate::matching::domain::Candidate;
use crate::matching::fitness::{Fitness, asked};
use crate::matching::offered::{FittingRequests, WhyMatched, fitting, not_matchable, why, why_not};
use crate::matching::rules::Question;

const NO_PROFILE: &str = "You have no profile yet: write it and apply for vetting, and the open requests that fit you stand here.";

/// Matching as seen from a developer.
pub struct OwnMatches {
    db: Db,
    clock: SharedClock,
    fitness: Arc<Fitness>,
}

impl OwnMatches {
    /// Of the people and requests of `db`.
    pub fn new(db: Db, clock: SharedClock, fitness: Arc<Fitness>) -> Self {
        Self { db, clock, fitness }
    }

    /// The open requests that fit the developer, newest first.
    ///
    /// # Errors
    /// 403 for others than developers; 400 for a cursor that is not one of ours.
    pub async fn list(&self, principal: &Principal, page: PageQuery) -> Result<FittingRequests> {
        let before: Option<JobRequestId> = page.after_as()?;
        let (developer, candidate) = match self.developer(principal.developer()?).await? {
            Ok(found) => found,
            Err(reason) => return Ok(FittingRequests { data: Vec::new(), next_cursor: None, reason: Some(reason.to_owned()) }),
        };
        let mut ids = self.fitness.requests(developer).await?;
        ids.retain(|id| before.is_none_or(|before| *id < before));
        ids.truncate(usize::try_from(page.rows_to_read()).unwrap_or_default());
        let page = Page::cut(ids, page.limit, ToString::to_string);
        let (ids, next_cursor) = (page.data, page.next_cursor);
        let open = self.db.read(move |conn| ids.into_iter().map(|id| jobs::get(conn, id)).collect::<Result<Vec<_>>>()).await?;
        let (rules, today) = (self.fitness.rules(), self.clock.now().date());
        let open = open.into_iter().filter(|job| job.state == JobRequestState::Open);
        let data = open.map(|job| fitting(&Question::new(&asked(&job), &rules, today), &candidate, job)).collect();
        Ok(FittingRequests { data, next_cursor, reason: None })
    }

    /// Why an open request fits the developer, or does not.
    ///
    /// # Errors
    /// 403 for others than developers; 404 for a request that is not open, and where one side blocks the other.
    pub async fn why(&self, principal: &Principal, id: JobRequestId) -> Result<WhyMatched> {
        let user = principal.developer()?;
        let job = self.db.read(move |conn| jobs::get(conn, id)).await?;
        if job.state != JobRequestState::Open || self.is_blocked(user, &job).await? {
            return Err(Error::not_found());
        }
        let (_, candidate) = match self.developer(user).await? {
            Ok(found) => found,
            Err(reason) => return Ok(why_not(reason.to_owned(), job)),
        };
        let rules = self.fitness.rules();
        Ok(why(&Question::new(&asked(&job), &rules, self.clock.now().date()), &candidate, job))
    }

    async fn is_blocked(&self, user: UserId, job: &JobRequest) -> Result<bool> {
        let organization = job.organization;
        self.db
            .read(move |conn| match developers::find_by_user(conn, user)? {
                Some(developer) => access_store::is_blocked(conn, developer, organization),
                None => Ok(false),
            })
            .await
    }

    /// The developer that a person is, or why nobody finds that developer.
    async fn developer(&self, user: UserId) -> Result<std::result::Result<(DeveloperId, Candidate), &'static str>> {
        let now = self.clock.now();
        let Some(developer) = self.db.read(move |conn| developers::find_by_user(conn, user)).await? else { return Ok(Err(NO_PROFILE)) };
        if let Some(candidate) = self.fitness.candidate(developer).await? {
            return Ok(Ok((developer, candidate)));
        }
        let standing = self.db.read(move |conn| card_store::standing(conn, developer)).await?;
        Ok(Err(not_matchable(standing, now)))
    }
}
