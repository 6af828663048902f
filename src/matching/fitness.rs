//! Who fits what, as of now: the questions of digests, of saved answers and of developers.

use std::sync::Arc;

use crate::db::Conn;
use crate::db::pool::Db;
use crate::jobs::domain::JobRequest;
use crate::jobs::process::JobRequestState;
use crate::jobs::store as job_store;
use crate::jobs::store::Filter;
use crate::kernel::clock::SharedClock;
use crate::kernel::error::Result;
use crate::kernel::ids::{DeveloperId, JobRequestId, OrganizationId};
use crate::matching::domain::{Candidate, Request};
use crate::matching::ranking::rank;
use crate::matching::rules::Rules;
use crate::matching::service::{request, substitutes};
use crate::matching::store;
use crate::skills::service::Skills;

/// Answers who fits what.
pub struct Fitness {
    db: Db,
    clock: SharedClock,
    skills: Arc<Skills>,
    configured: Rules,
}

impl Fitness {
    /// Of the people and requests of `db`.
    pub fn new(db: Db, clock: SharedClock, skills: Arc<Skills>, configured: Rules) -> Self {
        Self { db, clock, skills, configured }
    }

    /// The rules as they are now.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn rules(&self) -> Result<Arc<Rules>> {
        Ok(Arc::new(Rules { substitutes: substitutes(&*self.skills.catalogue().await?), ..self.configured.clone() }))
    }

    /// The best for a request, at most `limit`.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn best(&self, job: &JobRequest, limit: usize) -> Result<Vec<DeveloperId>> {
        let mut best: Vec<DeveloperId> = self.ranked(job).await?.into_iter().map(|each| each.developer_id).collect();
        best.truncate(limit);
        Ok(best)
    }

    /// Those of `ids` who fit a request, the best first.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn among(&self, job: &JobRequest, ids: &[DeveloperId]) -> Result<Vec<Candidate>> {
        let mut ranked = self.ranked(job).await?;
        ranked.retain(|each| ids.contains(&each.developer_id));
        Ok(ranked)
    }

    async fn ranked(&self, job: &JobRequest) -> Result<Vec<Candidate>> {
        let (organization, request, now) = (job.organization, asked(job), self.clock.now());
        let rules = self.rules().await?;
        let pool = self.db.read(move |conn| store::pool(conn, Some(organization), now)).await?;
        Ok(rank(&request, &pool, &rules, now.date()).passing.into_iter().map(|ranked| ranked.candidate.clone()).collect())
    }

    /// The open requests that a developer fits, newest first.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn requests(&self, developer: DeveloperId) -> Result<Vec<JobRequestId>> {
        let filter = Filter { state: Some(JobRequestState::Open), ..Filter::default() };
        let open = self.db.read(move |conn| job_store::list(conn, filter, 1000)).await?;
        let mut fitting = Vec::new();
        for job in open {
            if !self.among(&job, &[developer]).await?.is_empty() {
                fitting.push(job.id);
            }
        }
        Ok(fitting)
    }

    /// A developer as the matcher sees one; nothing for somebody who cannot be matched.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn candidate(&self, developer: DeveloperId) -> Result<Option<Candidate>> {
        let now = self.clock.now();
        let pool = self.db.read(move |conn: &mut Conn| store::pool(conn, None::<OrganizationId>, now)).await?;
        Ok(pool.into_iter().find(|each| each.developer_id == developer))
    }
}

/// What a job request asks of developers.
pub fn asked(job: &JobRequest) -> Request {
    request(Some(job.id), job.fields.clone())
}
